"""The archive as files for any web server: the same bytes at the same addresses, and tables for what a file cannot do.

`site` in the output folder is what the server shows; `nginx` holds tables for its configuration. A file is written
beside its place and renamed, so that nobody is ever shown half of one, and only where its bytes differ; what the last
build wrote and this one does not is taken away first.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from newsletter.errors import UsageError
from newsletter.pipeline import clicking
from newsletter.pipeline.archiving import Addresses, NotThereError, WithdrawnError
from newsletter.pipeline.context import Context
from newsletter.rendering.published import NAME
from newsletter.web import style
from newsletter.web.archive import sitemap
from newsletter.web.archive.meta import FEEDS
from newsletter.web.archive.site import Answer, Site
from newsletter.web.pages import Pages

SITE: Final = "site"
TABLES: Final = "nginx"
WRITTEN: Final = ".written.json"
"""In the output folder: the names of all files that builds have written there."""

_PICTURE: Final = re.compile(rb"/images/(" + NAME.pattern.encode() + rb")")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_AWKWARD: Final = re.compile(r'[\x00-\x20"$\\;{}\x7f]')
"""Characters that end a word of a table, or mean something in it."""

Progress = Callable[[int, int], None]


@dataclass(kw_only=True)
class Built:
    """How many files were written, were as they should be, and were taken away."""

    written: int = 0
    same: int = 0
    removed: int = 0


def build(context: Context, output: Path, only: str | None = None, *, progress: Progress | None = None) -> Built:
    """Write the archive, or a single newsletter's. Raises UsageError, OSError, and as `create_app` does."""
    if only is not None:
        context = replace(context, newsletters={only: context.newsletter(only)})
    pages = Pages(
        context.settings.templates,
        organisation=context.organisation,
        root=Site.root_of(context.settings.base_url),
    )
    site = Site(context, pages)
    if not site.is_open:
        raise UsageError(
            f'nothing of {only or "any newsletter"} is for the public: set `archive = "public"` in '
            f"{context.settings.content / 'newsletters'}/{only or 'NEWSLETTER'}.toml"
        )
    addresses = site.archive.addresses(site.archive.newsletters)
    sheet = style.whole(pages.style, context.newsletters.values())
    plan = dict(_plan(site, sheet, addresses, clicking.redirects(context, site.archive.newsletters)))
    return _write(output, plan, context.settings.published, progress)


def _plan(
    site: Site, sheet: str, addresses: Addresses, redirects: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    """Each file by its name, and what makes it: what pages link to comes before them."""
    yield f"{SITE}/style.css", sheet.encode
    for slug in addresses.stories:
        yield f"{SITE}/archive/stories/{slug}/index.html", _body(partial(site.story, slug))
    for slug, keys in addresses.editions.items():
        for key in keys:
            name = f"{SITE}/archive/{slug}/{key}/index.html"
            yield name, _body(partial(site.edition, slug, key))
        yield from _stream(site, slug)
        for name in FEEDS:
            yield f"{SITE}/archive/{slug}/{name}", _body(partial(site.feed, slug, name))
    yield f"{SITE}/archive/index.html", _body(site.index)
    count = len(sitemap.parts(site.entries(addresses)))
    for number in range(1, count + 1) if count > 1 else ():
        yield f"{SITE}/sitemap-{number}.xml", _body(partial(site.sitemap, number))
    yield f"{SITE}/sitemap.xml", _body(site.sitemap)
    yield f"{SITE}/robots.txt", _body(site.robots)
    yield from _tables(site.root, addresses.withdrawn, redirects)


def _stream(site: Site, slug: str) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    """The pages of the stream, oldest first: each is there before the one that leads to it."""
    before: list[str] = []
    older = site.archive.stream(slug).older
    while older is not None:
        before.append(older)
        older = site.archive.stream(slug, older).older
    for key in reversed(before):
        name = f"{SITE}/archive/{slug}/before/{key}/index.html"
        yield name, _body(partial(site.stream, slug, key))
    yield f"{SITE}/archive/{slug}/index.html", _body(partial(site.stream, slug))


def _tables(
    root: str, withdrawn: Iterable[str], redirects: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Where links of mails lead, as nginx and as hosts of static sites read it; and what answers 410."""
    led = [(f"{root}/r/{code}", _word(url)) for code, url in redirects.items() if _CODE.match(code)]
    gone = [f"{root}/archive/stories/{slug}/" for slug in withdrawn]
    yield f"{SITE}/_redirects", lambda: "".join(f"{path} {url} 302\n" for path, url in led).encode()
    yield f"{TABLES}/redirects.map", lambda: "".join(f'{path} "{url}";\n' for path, url in led).encode()
    yield f"{TABLES}/withdrawn.map", lambda: "".join(f"{path} 1;\n" for path in gone).encode()


def _word(url: str) -> str:
    """The address in one word, of which nothing is taken for a variable or an end."""
    return _AWKWARD.sub(lambda found: f"%{ord(found[0]):02X}", url)


def _body(made: Callable[[], Answer]) -> Callable[[], bytes | None]:
    """The bytes of a page; None where it was withdrawn while the build went on."""

    def body() -> bytes | None:
        try:
            return made().body
        except (NotThereError, WithdrawnError):
            return None

    return body


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(
    output: Path, plan: Mapping[str, Callable[[], bytes | None]], published: Path, progress: Progress | None
) -> Built:
    output.mkdir(parents=True, exist_ok=True)
    known = _known(output)
    strange = next((name for name in plan if name not in known and (output / name).exists()), None)
    if strange is not None:
        raise UsageError(f"{output / strange} is there already, and is none of the archive's: choose another --output")
    _note(output, known | set(plan))  # before there is anything, so that the next build knows it in any case
    built = Built()
    for name in sorted(known - set(plan)):
        built.removed += _remove(output, name)
    names = set(plan)
    for number, (name, made) in enumerate(plan.items(), start=1):
        body = made()
        if body is None:
            names.discard(name)
            built.removed += _remove(output, name)
            continue
        _copy_pictures(body, published, output / SITE / "images")
        if _put(output / name, body):
            built.written += 1
        else:
            built.same += 1
        if progress is not None and (number % 50 == 0 or number == len(plan)):
            progress(number, len(plan))
    _note(output, names)
    return built


def _known(output: Path) -> set[str]:
    """The files that earlier builds wrote here. A damaged note is none: then nothing is taken away or overwritten."""
    try:
        found = json.loads((output / WRITTEN).read_bytes())
    except (OSError, ValueError):
        return set()
    inside = (name for name in found if isinstance(name, str) and ".." not in name.split("/"))
    return {name for name in inside if name.startswith((f"{SITE}/", f"{TABLES}/"))}


def _note(output: Path, names: Collection[str]) -> None:
    _put(output / WRITTEN, json.dumps(sorted(names), indent=0).encode())


def _put(path: Path, body: bytes) -> bool:
    """Whether the file had to be written."""
    with suppress(OSError):
        if path.read_bytes() == body:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(body)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _remove(output: Path, name: str) -> int:
    """Take a file away, and the folders that are empty then; 1 where it was there."""
    path = output / name
    try:
        path.unlink()
    except OSError:
        return 0
    with suppress(OSError):
        for folder in path.relative_to(output).parents[:-1]:
            (output / folder).rmdir()
    return 1


def _copy_pictures(body: bytes, published: Path, into: Path) -> None:
    """The pictures that a page shows, before it does. Their bytes never change, and they are never taken away."""
    for name in {found.decode() for found in _PICTURE.findall(body)}:
        source, place = published / name, into / name
        if place.exists() or not source.is_file():
            continue
        into.mkdir(parents=True, exist_ok=True)
        draft = into / f".{name}.{secrets.token_hex(4)}"
        try:
            shutil.copyfile(source, draft)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
