"""What an editor should look at in a story that was read: nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from newsletter.model import BulletList, Item, Paragraph, plain
from newsletter.stories.importing.draft import Doubt, PossibleLink
from newsletter.stories.importing.page import Sheet
from newsletter.stories.importing.sentences import TITLE_LENGTH, ends_sentence, is_title_like
from newsletter.stories.importing.split import HEADLINE_WORDS

MOJIBAKE = re.compile(r"(?:â€.?|Ã[\u0080-\u00bf€-™]|Â[\u00a1-\u00bf])+")

_LINK = "a link was probably here, between “{before}” and “{after}” (a no-break space stood there)"
_TURNED = "marks that turn the direction of writing were taken out here; look whether the text reads in its order"
_GARBLED = "“{garbled}” was garbled on the way (UTF-8 read as Windows-1252); copy the text again, as UTF-8"


def note_links(sheet: Sheet) -> Sheet:
    """Notes each no-break space that became a plain one: copied pages have them where a link began or ended."""
    links = tuple(PossibleLink(line.number, *words) for line in sheet.written for words in line.gaps)
    sheet = replace(sheet, possible_links=sheet.possible_links + links)
    return sheet.warn(*(Doubt(link.line, _LINK.format(before=link.before, after=link.after)) for link in links))


def warn_of_mojibake(sheet: Sheet) -> Sheet:
    """Warns where UTF-8 was once read as Windows-1252. Nothing is mended: whoever has the source copies it again."""
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
    """Warns where a page may hold a second story: a line like a headline between paragraphs of text."""
    found = []
    for block, after in pairwise(sheet.blocks[1:]):
        if not isinstance(block, Paragraph) or not isinstance(after, Paragraph) or block.run_in:
            continue
        text, following = plain(block.spans), plain(after.spans)
        if _is_headline(text) and (ends_sentence(following) or len(following) > TITLE_LENGTH):
            found.append(Doubt(block.line, f"possible second headline: {text}"))
    return sheet.warn(*found)


def _is_headline(text: str) -> bool:
    return is_title_like(text) and len(text.split()) >= HEADLINE_WORDS and not text[0].islower() and ":" not in text


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
