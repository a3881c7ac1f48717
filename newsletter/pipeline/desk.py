"""What editors do with story files: make, import, check, approve, revoke, kill. Each move is kept in the log."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from newsletter.errors import ContentError, Fault, UsageError
from newsletter.model import Approval, Finding, Level, Newsletter, Section, Story
from newsletter.pipeline import composing, freezing, gathering
from newsletter.pipeline.context import Context
from newsletter.stories import importing, seal
from newsletter.stories.checks import check_story, check_together, is_for
from newsletter.stories.load import Desk
from newsletter.stories.opened import decode
from newsletter.stories.parse import parse_story
from newsletter.stories.write import new_story_text, slugify, story_text

log = structlog.get_logger()


def find(context: Context, words: str) -> Story:
    """The story that a slug, a file name or a path means; the date may be left out where one story fits.

    Raises ContentError for a file that cannot be read, UsageError where none or several fit.
    """
    desk = gathering.read_desk(context)
    name = Path(words).name.removesuffix(".md")
    broken = [file for file in desk.broken if name in (file.slug, file.slug[11:])]
    if broken:
        raise ContentError(broken[0].faults)
    exact = [story for story in desk.stories if story.slug == name]
    fits = exact or [story for story in desk.stories if story.slug[11:] == name]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(f"{words!r} may be any of {', '.join(story.slug for story in fits)}: write the date too")
    raise UsageError(f"there is no story {words!r}; `newsletter story list` shows them")


def findings(context: Context, stories: Sequence[Story], now: datetime) -> tuple[Finding, ...]:
    """The desk checks of stories, by themselves and together with all others."""
    newsletters = tuple(context.newsletters.values())
    outlets = context.organisation.outlets
    found = [
        finding
        for story in stories
        for finding in check_story(story, newsletters=newsletters, outlets=outlets, now=now)
    ]
    paths = tuple(f"{story.path}:" for story in stories)
    together = check_together(gathering.read_desk(context).stories)
    found += composing.picture_findings(context, stories)
    return (*found, *(finding for finding in together if finding.where.startswith(paths)))


def _for(context: Context, story: Story) -> tuple[Newsletter, ...]:
    return tuple(newsletter for newsletter in context.newsletters.values() if is_for(story, newsletter))


def approve(context: Context, words: str, *, by: str) -> Story:
    """Seal a story as it is now. Raises ContentError for what the desk checks stop, UsageError for who may not."""
    now = context.clock()
    story = find(context, words)
    against = seal.may_approve(story, by, context.organisation, _for(context, story))
    if against is not None:
        raise UsageError(f"{story.slug}: {against}")
    stops = [finding for finding in findings(context, [story], now) if finding.level is Level.STOP]
    if stops:
        raise ContentError(tuple(_fault(finding) for finding in stops))
    approval = Approval(by=by, at=now.astimezone(context.organisation.zone).replace(microsecond=0), digest=story.digest)
    return _edit(context, story, lambda text: seal.approve(text, approval), by)


def _fault(finding: Finding) -> Fault:
    path, _, line = finding.where.rpartition(":")
    return Fault(path, int(line), finding.problem) if line.isdigit() else Fault(finding.where, 0, finding.problem)


def revoke(context: Context, words: str, *, by: str) -> Story:
    """Take an approval back: the story is `ready` again and does not go out."""
    return _edit(context, find(context, words), seal.revoke, by)


def kill(context: Context, words: str, *, by: str) -> Story:
    """Mark a story as killed: it never goes out, and a frozen edition that holds it is held."""
    return _edit(context, find(context, words), seal.kill, by)


def _edit(context: Context, story: Story, edit: Callable[[str], str], by: str) -> Story:
    path = context.settings.content / "stories" / f"{story.slug}.md"
    raw = path.read_bytes()
    text = decode(raw, story.path)
    mark = "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""
    new = (mark + edit(text.removeprefix("\ufeff"))).encode()
    _replace(path, new)
    after = parse_story(
        path,
        new,
        organisation=context.organisation,
        images=context.settings.content / "images",
        shown=story.path,
    )
    with context.store.write() as tx:
        freezing.note_standings(tx, [after], context.clock(), by=by)
    log.info("story " + after.standing.value, story=after.slug, by=by, digest=after.digest)
    return after


def _replace(path: Path, raw: bytes) -> None:
    """Write a file whole or not at all. Raises ContentError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(raw)
        draft.chmod(path.stat().st_mode)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ContentError((Fault(str(path), 0, f"cannot be written: {error.strerror}; it is as it was"),)) from error


# --- new files ----------------------------------------------------------------------------------------------------


def new(context: Context, headline: str, section: str, *, author: str | None) -> Path:
    """Make a draft with the form of a story. Raises UsageError for a section that no newsletter has."""
    _require_section(context, section)
    text = new_story_text(headline=headline, section=section, author=author)
    return _create(context, headline, text)


def _require_section(context: Context, section: str) -> None:
    known = {part.slug for newsletter in context.newsletters.values() for part in newsletter.sections}
    if section not in known:
        raise UsageError(f"no newsletter has a section {section!r}; there are: {', '.join(sorted(known))}")


def _create(context: Context, headline: str, text: str) -> Path:
    """A new file under a name that is free: never over another one. Raises ContentError."""
    folder = context.settings.content / "stories"
    day = context.clock().astimezone(context.organisation.zone).date()
    stem = f"{day.isoformat()}-{slugify(headline)}"
    for number in range(1, 1000):
        path = folder / (f"{stem}.md" if number == 1 else f"{stem}-{number}.md")
        try:
            with path.open("x", encoding="utf-8", newline="\n") as out:
                out.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            path.unlink(missing_ok=True)
            raise ContentError((Fault(str(path), 0, f"cannot be written: {error.strerror}"),)) from error
        log.info("story made", story=path.stem)
        return path
    raise UsageError(f"{folder} holds a thousand stories of that name on one day; choose another headline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One file's import: what was read, the path of each story (None where it was there already), and in words why."""

    imported: importing.Imported
    paths: tuple[str | None, ...]
    known: tuple[str, ...]


def import_file(context: Context, file: Path, *, section: str | None, again: bool, multi: bool = False) -> Import:
    """Write drafts from a text that somebody has, with `multi` one for each line that can be a headline. Never
    overwrites, never approves.

    A story that was imported before is not written again unless `again` asks for it. Raises ContentError.
    """
    if section is not None:
        _require_section(context, section)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ContentError((Fault(str(file), 0, f"cannot be read: {error.strerror}"),)) from error
    imported = importing.import_file(raw, context.organisation, shown=str(file), multi=multi)
    guesses: list[importing.Doubt] = []
    before = _fingerprints(gathering.read_desk(context))
    paths: list[str | None] = []
    known: list[str] = []
    for number, draft in enumerate(imported.stories, start=1):
        earlier = before.get(draft.fingerprint)
        if earlier is not None and not again:
            known.append(f"already imported as {earlier}; --again writes it once more")
            paths.append(None)
            continue
        headline = draft.headline or f"{file.stem} {number}"
        chosen = section or _labelled(context, draft.section_label)
        if chosen is None:
            chosen = _sections(context)[0].slug
            guesses.append(importing.Doubt(draft.line, _unlabelled(headline, draft.section_label, chosen)))
        text = story_text(headline=headline, section=chosen, blocks=draft.blocks)
        path = _shown(_create(context, headline, text))
        before[draft.fingerprint] = path
        paths.append(path)
    warnings = sorted((*guesses, *imported.warnings), key=lambda warning: warning.line)
    imported = replace(imported, warnings=tuple(warnings))
    return Import(imported=imported, paths=tuple(paths), known=tuple(known))


def _unlabelled(headline: str, label: str | None, section: str) -> str:
    has = f"“{headline}” has the label “{label}”, which names no section" if label else f"“{headline}” names no section"
    return f"{has}; it was put under `{section}`: change that in the file, or import with --section"


def _fingerprints(desk: Desk) -> dict[str, str]:
    return {importing.fingerprint(story.headline, story.blocks): story.path for story in desk.stories}


def _sections(context: Context) -> list[Section]:
    return [part for newsletter in context.newsletters.values() for part in newsletter.sections]


def _labelled(context: Context, label: str | None) -> str | None:
    """The section whose title or slug a label is."""
    wanted = slugify(label) if label else None
    return next((part.slug for part in _sections(context) if wanted in (part.slug, slugify(part.title))), None)


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)
