"""What an editor should look at in a story that was read: nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from newsletter.model import BulletList, Item, Outlet, Paragraph, plain
from newsletter.stories.importing.draft import Doubt, PossibleLink
from newsletter.stories.importing.mojibake import MOJIBAKE
from newsletter.stories.importing.page import Sheet
from newsletter.stories.importing.sentences import ends_sentence, has_inner_stop, is_title_like
from newsletter.stories.importing.split import HEADLINE_WORDS, is_headline

CAPTION_LENGTH, CAPTION_WORDS = 80, 3
BYLINE_LENGTH = 40

_TURNED = "marks that turn the direction of writing were taken out here; look whether the text reads in its order"
_GARBLED = "“{garbled}” was garbled on the way (UTF-8 read as Windows-1252); copy the text again, as UTF-8"
_LINK = "a link was probably here, between “{before}” and “{after}” (a no-break space stood there)"


def note_links(sheet: Sheet) -> Sheet:
    """Notes each no-break space that became a plain one: copied pages have them where a link began or ended."""
    links = tuple(PossibleLink(line.number, *words) for line in sheet.written for words in line.gaps)
    sheet = replace(sheet, possible_links=sheet.possible_links + links)
    return sheet.warn(*(Doubt(link.line, _LINK.format(before=link.before, after=link.after)) for link in links))


def warn_of_mojibake(sheet: Sheet) -> Sheet:
    """Warns where UTF-8 was once read as Windows-1252 and was not mended: whoever has the source copies it again."""
    found = ((line.number, MOJIBAKE.search(line.text)) for line in sheet.written)
    return sheet.warn(*(Doubt(line, _GARBLED.format(garbled=place[0].strip())) for line, place in found if place))


def warn_of_turns(sheet: Sheet) -> Sheet:
    """Warns where marks were taken out that turn the order of letters: a text may read otherwise without them."""
    return sheet.warn(*(Doubt(line.number, _TURNED) for line in sheet.written if line.turned))


def warn_of_quotes(sheet: Sheet) -> Sheet:
    """Warns of each paragraph or item with an opening mark too many or too few. News style leaves a quotation open
    from paragraph to paragraph, so nothing is added.
    """
    found = ((line, unbalanced(text)) for line, text in _texts(sheet))
    return sheet.warn(*(Doubt(line, problem) for line, problem in found if problem is not None))


def unbalanced(text: str) -> str | None:
    """What is wrong with the double quotation marks of a text, with their numbers. „German“ marks are known."""
    low = text.count("„")
    opening, closing = (low, text.count("“") + text.count("”")) if low else (text.count("“"), text.count("”"))
    if opening != closing:
        return f"quotation marks do not pair: {opening} opening, {closing} closing"
    if text.count('"') % 2:
        return f"quotation marks do not pair: {text.count(chr(34))} straight ones"
    return None


def warn_of_headlines(sheet: Sheet) -> Sheet:
    """Warns of lines between paragraphs that are set like headlines: a second story, or a heading inside this one."""
    found = []
    for block, after in pairwise(sheet.blocks[1:]):
        if not isinstance(block, Paragraph) or not isinstance(after, Paragraph) or block.run_in:
            continue
        text, following = plain(block.spans), plain(after.spans)
        if is_headline(text, following) and ":" not in text:
            found.append(Doubt(block.line, _SECOND.format(text=text)))
        elif _is_heading(text, following) and not any(span.strong for span in block.spans):
            found.append(Doubt(block.line, _HEADING.format(text=text)))
    return sheet.warn(*found)


def _is_heading(text: str, following: str) -> bool:
    """Whether a line is like a heading inside a story; one that a format knows is bold, and was told."""
    short = len(text.split()) < HEADLINE_WORDS and len(text) < len(following)
    return short and is_title_like(text) and text[0].isupper() and not has_inner_stop(text)


_SECOND = "possible second headline: {text}; if another story begins there, import the file again with --multi"
_HEADING = "“{text}” stands alone like a heading; make it a run-in head of the paragraph below it, or remove it"


def warn_of_caption(sheet: Sheet) -> Sheet:
    """Warns where the first paragraph may be a picture's caption: one short sentence without a source, over a longer
    paragraph.
    """
    first, second = (*sheet.blocks[:2], None, None)[:2]
    if sheet.headline is None or not isinstance(first, Paragraph) or not isinstance(second, Paragraph) or first.run_in:
        return sheet
    text, following = plain(first.spans), plain(second.spans)
    cited = any(citation.block == 0 for citation in sheet.citations)
    short = (
        len(text.split()) >= CAPTION_WORDS
        and len(text) <= CAPTION_LENGTH
        and len(following) > 2 * len(text)
        and second.run_in is None
    )
    if cited or not short or not ends_sentence(text) or has_inner_stop(text):
        return sheet
    return sheet.warn(Doubt(first.line, f"“{text}” may be the caption of a picture; if it is, take it out of the text"))


def warn_of_byline(sheet: Sheet) -> Sheet:
    """Warns where the first paragraph is a few words that are no sentence: a page's byline or date, which inboxes would
    show after the subject.
    """
    first, second = (*sheet.blocks[:2], None, None)[:2]
    if sheet.headline is None or not isinstance(first, Paragraph) or not isinstance(second, Paragraph) or first.run_in:
        return sheet
    text = plain(first.spans)
    cited = any(citation.block == 0 for citation in sheet.citations)
    # the number of a note stands behind the full stop
    if cited or len(text) > BYLINE_LENGTH or ends_sentence(text.partition("[")[0]):
        return sheet
    return sheet.warn(Doubt(first.line, _BYLINE.format(text=text)))


_BYLINE = "“{text}” may be the page's byline or date; write a name as `byline` in the front matter, or take it out"


def warn_of_sources(sheet: Sheet, outlets: tuple[Outlet, ...]) -> Sheet:
    """Warns of each source that was known by its form alone: without an access note, and not among the outlets."""
    known = {outlet.name for outlet in outlets}
    doubtful: dict[str, int] = {}
    for citation in sheet.citations:
        if citation.access is None and citation.outlet not in known:
            doubtful.setdefault(citation.outlet, sheet.blocks[citation.block].line)
    return sheet.warn(*(Doubt(line, _SOURCE.format(outlet=outlet)) for outlet, line in doubtful.items()))


_SOURCE = "“{outlet}” was taken for a source; if it is one, add it to outlets in content/organisation.toml"


def warn_of_absence(sheet: Sheet) -> Sheet:
    """Warns of a headline with nothing under it."""
    if sheet.headline is not None and not sheet.blocks:
        return sheet.warn(Doubt(0, f"there is no text under the headline “{sheet.headline}”"))
    return sheet


def _texts(sheet: Sheet) -> Iterator[tuple[int, str]]:
    for block in sheet.blocks:
        if isinstance(block, Paragraph):
            yield block.line, plain(block.spans)
        elif isinstance(block, BulletList):
            for item in block.items:
                yield from _item_texts(item)


def _item_texts(item: Item) -> Iterator[tuple[int, str]]:
    yield item.line, plain(item.spans)
    for child in item.children:
        yield from _item_texts(child)
