"""An edition becomes a message: the templates filled, compiled, inlined, its links read, its fingerprint taken."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from newsletter.errors import ContentError, Fault, RenderError
from newsletter.model import Block, Edition, Image, Message, Newsletter, Organisation
from newsletter.rendering import catalogue, links, markup, theme
from newsletter.rendering import templates as folder_of
from newsletter.rendering.blocks import image_path
from newsletter.rendering.grammar import MarkupError
from newsletter.rendering.view import view

FOLDER: Final = "email"
"""Where mail templates stand in the template folder."""

_BLANK_LINES: Final = re.compile(r"\n{4,}")
_LINE_ENDS: Final = re.compile(r"[ \t]+\n")


def render(
    edition: Edition,
    newsletter: Newsletter,
    organisation: Organisation,
    *,
    templates: Path,
    base_url: str,
    images: Path | None,
) -> Message:
    """The message of an edition: the same bytes for every reader, and for every call with the same arguments.

    The look is the pair `<newsletter.template>.mjml.j2` and `.txt.j2` in the `email` folder of `templates`; pictures
    under `images` are checked to be there (not, where it is None) and shown from `base_url`/images/. Raises
    RenderError (template, line, what to do; or the catalogue, and the word that it lacks), ConfigError (a theme that
    cannot be used) and ContentError (a picture that is not there, with its story).
    """
    if images is not None:
        _look_for_pictures(edition, newsletter, images)
    values = {
        "edition": view(edition, newsletter, organisation, base_url=base_url),
        "theme": theme.resolve(newsletter.theme, newsletter=newsletter.slug),
        "language": newsletter.language,
        "direction": newsletter.direction,
        "start": "left" if newsletter.direction == "ltr" else "right",
        "end": "right" if newsletter.direction == "ltr" else "left",
    }
    look = folder_of.load(templates / FOLDER, catalogue.load(newsletter.language, templates))
    compiled = _compiled(look, values, newsletter, title=edition.subject)
    html, found = links.collect(markup.inline(compiled))
    text = _tidy(look.fill(f"{newsletter.template}{folder_of.TEXT_SUFFIX}", values))
    return Message(
        subject=edition.subject,
        preheader=edition.preheader,
        html=html,
        text=text,
        links=found,
        fingerprint=fingerprint(edition.subject, edition.preheader, html, text),
        language=newsletter.language,
    )


def _compiled(look: folder_of.Templates, values: Mapping[str, object], newsletter: Newsletter, *, title: str) -> str:
    """The HTML of the look's MJML, not inlined yet; a fault is told with the template that holds it."""
    name = f"{newsletter.template}.mjml.j2"
    try:
        return markup.compile_mjml(
            look.fill(name, values),
            template=name,
            language=newsletter.language,
            direction=newsletter.direction,
            title=title,
        )
    except MarkupError as error:
        where = look.locate(error.needle)
        if where is None:
            raise
        raise RenderError(f"{where}: {error.problem}") from error


def fingerprint(subject: str, preheader: str, html: str, text: str) -> str:
    """`sha256:<hex>` over the four parts, as a JSON list in UTF-8, so that no two messages share their bytes."""
    parts = json.dumps([subject, preheader, html, text], ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(parts.encode()).hexdigest()}"


def _tidy(text: str) -> str:
    """No spaces at line ends, at most two blank lines together, one line end at the end."""
    return _BLANK_LINES.sub("\n\n\n", _LINE_ENDS.sub("\n", text)).strip("\n") + "\n"


def _look_for_pictures(edition: Edition, newsletter: Newsletter, images: Path) -> None:
    faults = tuple(
        Fault(path, line, f"there is no picture {src}; put it into {images} or mend `src`")
        for path, line, src in _pictures(edition, newsletter)
        if "://" not in src and not (images / image_path(src)).is_file()
    )
    if faults:
        raise ContentError(faults)


def _pictures(edition: Edition, newsletter: Newsletter) -> Iterator[tuple[str, int, str]]:
    """The file and line that names each picture of the edition, and its `src`."""
    extras = edition.extras
    holders: list[tuple[str, Image | None, tuple[Block, ...]]] = [
        *((story.path, story.image, story.blocks) for story in edition.stories),
        *((sponsor.path, sponsor.image, sponsor.blocks) for sponsor in extras.sponsors),
        *((correction.path, None, correction.blocks) for correction in extras.corrections),
    ]
    if extras.note:
        holders.append((extras.note.path, None, extras.note.blocks))
    for path, image, blocks in holders:
        for one in (image, *blocks):
            if isinstance(one, Image):
                yield path, one.line, one.src
    if newsletter.logo:
        yield f"content/newsletters/{newsletter.slug}.toml", 1, newsletter.logo.src
