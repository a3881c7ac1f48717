"""The steps of an import, in their order, and the functions that take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from newsletter.errors import ContentError, Fault
from newsletter.model import Organisation
from newsletter.stories.citations import citations
from newsletter.stories.importing.body import read_body, read_citations
from newsletter.stories.importing.decode import SIZE_LIMIT, encoding_of, read_plain
from newsletter.stories.importing.doubts import (
    note_links,
    warn_of_absence,
    warn_of_byline,
    warn_of_caption,
    warn_of_headlines,
    warn_of_mojibake,
    warn_of_quotes,
    warn_of_sources,
    warn_of_turns,
)
from newsletter.stories.importing.draft import Doubt, Draft, Imported, fingerprint
from newsletter.stories.importing.flat_links import restore_links
from newsletter.stories.importing.formats import Format, format_of
from newsletter.stories.importing.furniture import drop_furniture
from newsletter.stories.importing.heading import read_alt, read_headline, read_labels
from newsletter.stories.importing.html import read_html
from newsletter.stories.importing.mail import read_mail
from newsletter.stories.importing.markdown import Own, read_markdown, read_own
from newsletter.stories.importing.mojibake import mend
from newsletter.stories.importing.page import Page, Sheet, read_lines
from newsletter.stories.importing.release import cut_boilerplate, warn_of_contacts, warn_of_digest, warn_of_release
from newsletter.stories.importing.split import split
from newsletter.stories.importing.word import read_word

Step = Callable[[Sheet, Organisation], Sheet]

PAGE_STEPS: tuple[tuple[str, Step], ...] = (
    ("mojibake", lambda sheet, _: warn_of_mojibake(sheet)),
    ("direction", lambda sheet, _: warn_of_turns(sheet)),
    ("flattened links", lambda sheet, _: restore_links(sheet)),
    ("boilerplate", cut_boilerplate),
    ("furniture", lambda sheet, organisation: drop_furniture(sheet, organisation.furniture)),
)
"""On the page as a whole, whose lines `page.read_lines` has numbered and normalised; `split.split` comes after."""

STORY_STEPS: tuple[tuple[str, Step], ...] = (
    ("labels", read_labels),
    ("links", lambda sheet, _: note_links(sheet)),
    ("headline", lambda sheet, _: read_headline(sheet)),
    ("alt text", lambda sheet, _: read_alt(sheet)),
    ("contacts", lambda sheet, _: warn_of_contacts(sheet)),
    ("body", read_body),
    ("citations", read_citations),
    ("sources", lambda sheet, organisation: warn_of_sources(sheet, organisation.outlets)),
    ("quotes", lambda sheet, _: warn_of_quotes(sheet)),
    ("second headlines", lambda sheet, _: warn_of_headlines(sheet)),
    ("caption", lambda sheet, _: warn_of_caption(sheet)),
    ("byline", lambda sheet, _: warn_of_byline(sheet)),
    ("press release", lambda sheet, _: warn_of_release(sheet)),
    ("digest", lambda sheet, _: warn_of_digest(sheet)),
    ("no text", lambda sheet, _: warn_of_absence(sheet)),
)
"""On each story. A step reads some of the lines that are left, or notes what it sees; the next gets the rest."""


def import_file(raw: bytes, organisation: Organisation, *, shown: str = "the text", multi: bool = False) -> Imported:
    """The stories of a file as drafts, whichever format it is in. `shown` names the file, here and in faults; `multi`:
    see `import_page`.

    Raises ContentError for what cannot be read, is too large, or holds no story.
    """
    kind = format_of(raw, shown=shown)
    if kind in DOCUMENTS:
        return import_page(DOCUMENTS[kind](raw, shown=shown), organisation, shown=shown, multi=multi)
    text = read_plain(raw, shown=shown)
    if kind is not Format.MARKDOWN:
        return _told(import_text(text, organisation, shown=shown, multi=multi), raw)
    if own := read_own(text, organisation, shown=shown):
        return _told(_own(own, organisation), raw)
    return _told(import_page(read_markdown(text, shown=shown), organisation, shown=shown, multi=multi), raw)


DOCUMENTS = {Format.WORD: read_word, Format.HTML: read_html, Format.MAIL: read_mail}
"""The formats whose bytes are read by readers of their own."""


def _told(imported: Imported, raw: bytes) -> Imported:
    if encoding_of(raw) != "cp1252":
        return imported
    warning = Doubt(0, "the file is not UTF-8 and was read as Windows-1252; check quotation marks and accents")
    return replace(imported, warnings=(warning, *imported.warnings))


def import_text(text: str, organisation: Organisation, *, shown: str = "the text", multi: bool = False) -> Imported:
    """The stories of a plain text as drafts: see `import_page`."""
    text, mended = mend(text)
    return import_page(Page(lines=read_lines(text), warnings=mended), organisation, shown=shown, multi=multi)


def import_page(read: Page, organisation: Organisation, *, shown: str = "the text", multi: bool = False) -> Imported:
    """The stories of a page as drafts, with what was dropped and what was guessed. With `multi`, each line that can
    be a headline begins a story.

    Labels, furniture, outlets and voices are the organisation's. Raises ContentError where there is no story.
    """
    page = _run(PAGE_STEPS, Sheet(lines=read.lines, dropped=read.dropped, warnings=read.warnings), organisation)
    if sum(len(line.text) for line in page.lines) > SIZE_LIMIT:
        raise ContentError((Fault(shown, 0, "its text is over 1 MB; import one page or story at a time"),))
    sheets = [_run(STORY_STEPS, sheet, organisation) for sheet in split(page, organisation, multi=multi)]
    stories = tuple(_draft(sheet) for sheet in sheets if sheet.headline is not None or sheet.blocks)
    if not stories:
        raise ContentError((Fault(shown, 0, _nothing(sheets)),))
    dropped = sorted(chain.from_iterable(sheet.dropped for sheet in sheets), key=lambda dropped: dropped.line)
    warnings = sorted(chain.from_iterable(sheet.warnings for sheet in sheets), key=lambda warning: warning.line)
    return Imported(stories=stories, dropped=tuple(dropped), warnings=tuple(warnings), unit=read.unit)


def _own(own: Own, organisation: Organisation) -> Imported:
    """A story file as the draft that it is."""
    draft = Draft(
        headline=own.headline,
        section_label=own.section,
        line=1,
        blocks=own.blocks,
        image=None,
        citations=citations(own.blocks, organisation),
        possible_links=(),
        fingerprint=fingerprint(own.headline, own.blocks),
    )
    return Imported(stories=(draft,), dropped=own.dropped, warnings=())


def _run(steps: tuple[tuple[str, Step], ...], sheet: Sheet, organisation: Organisation) -> Sheet:
    for _, step in steps:
        sheet = step(sheet, organisation)
    return sheet


def _draft(sheet: Sheet) -> Draft:
    return Draft(
        headline=sheet.headline,
        section_label=sheet.section_label,
        line=_line(sheet),
        blocks=sheet.blocks,
        image=sheet.image,
        citations=sheet.citations,
        possible_links=sheet.possible_links,
        fingerprint=fingerprint(sheet.headline, sheet.blocks),
    )


def _line(sheet: Sheet) -> int:
    labels = [
        dropped.line
        for dropped in sheet.dropped
        if sheet.section_label and dropped.text.startswith(sheet.section_label)
    ]
    first = [block.line for block in sheet.blocks[:1]]
    return next((line for line in (*reversed(labels), *first) if line), 0)


def _nothing(sheets: list[Sheet]) -> str:
    if any(sheet.dropped for sheet in sheets):
        return "there is no story in it, only labels and page furniture; copy the page again, with the story's text"
    return "there is no text in it; nothing to import"
