"""An import of a document with styles written as notation (fixtures/README.txt), and what is seen of a draft."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from newsletter.model import Block, BulletList, Image, Item, Paragraph, Quote, Span, Spans
from newsletter.stories.importing import Draft, Imported

SHORTHAND = str.maketrans({"␠": " ", "⇥": "\t", "⍽": "\u00a0"})


def written(text: str) -> str:
    """The text with the shorthand of the fixtures replaced by what it stands for."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text.translate(SHORTHAND))


def cut(line: str, want: str) -> str:
    """The line as far as it is wanted: a warning by its beginning, an error by a part of it."""
    if want.startswith("W ") and line.startswith(want):
        return want
    if want.startswith("ERROR ") and line.startswith("ERROR ") and want.removeprefix("ERROR ") in line:
        return want
    return line


def notation(imported: Imported) -> list[str]:
    """The import, one fact a line."""
    lines = [line for draft in imported.stories for line in _draft(draft)]
    lines += [f"DROP {dropped.line} {dropped.text}" for dropped in imported.dropped]
    return lines + [f"W {doubt.line} {doubt.message}" for doubt in imported.warnings]


def _draft(draft: Draft) -> Iterator[str]:
    yield f"H {draft.headline}" if draft.headline is not None else "H"
    if draft.section_label is not None:
        yield f"LABEL {draft.section_label}"
    if draft.image is not None:
        yield f"ALT {draft.image.alt}"
    for block in draft.blocks:
        yield from _block(block)
    for citation in draft.citations:
        access = f", {citation.access}" if citation.access else ""
        yield f"C {citation.block} {citation.outlet}{access} [{citation.form}]"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield _headed("VOICE" if block.voice else "P", block.run_in, marked(block.spans))
        case BulletList():
            yield f"OL {block.start}" if block.ordered else "UL"
            for item in block.items:
                yield from _item(item, "-")
        case Quote():
            yield from (f"QUOTE {marked(spans)}" for spans in block.paragraphs)
        case Image():
            yield f"IMG {block.src} {block.alt}" + (f" ({block.credit})" if block.credit else "")


def _item(item: Item, mark: str) -> Iterator[str]:
    yield _headed(mark, item.run_in, marked(item.spans))
    for child in item.children:
        yield from _item(child, f"-{mark}")


def _headed(mark: str, run_in: str | None, text: str) -> str:
    head = f"({run_in})" if run_in is not None else ""
    return f"{mark}{head} {text}".rstrip()


def marked(spans: Spans) -> str:
    """The text with its style in the marks of Markdown, nothing escaped."""
    return "".join(_marked(span) for span in spans)


def _marked(span: Span) -> str:
    if span.href == span.text:
        return f"<{span.text}>"
    text = f"_{span.text}_" if span.emphasis else span.text
    text = f"**{text}**" if span.strong else text
    return f"[{text}]({span.href})" if span.href else text


def unlined(block: Block) -> Block:
    """The block as it is wherever it stands."""
    if isinstance(block, BulletList):
        return replace(block, line=0, items=tuple(_unlined_item(item) for item in block.items))
    return replace(block, line=0)


def _unlined_item(item: Item) -> Item:
    return replace(item, line=0, children=tuple(_unlined_item(child) for child in item.children))


def draft_texts(draft: Draft) -> Iterator[str]:
    """All that a reader of the draft sees of its text, numbers of lists and addresses behind words included."""
    yield draft.headline or ""
    for block in draft.blocks:
        match block:
            case Paragraph():
                yield from (block.run_in or "", texted(block.spans))
            case BulletList():
                yield from (str(block.start) if block.ordered else "", *map(_item_text, block.items))
            case Quote():
                yield from map(texted, block.paragraphs)
            case Image():
                pass


def _item_text(item: Item) -> str:
    return " ".join((item.run_in or "", texted(item.spans), *map(_item_text, item.children)))


def texted(spans: Spans) -> str:
    """The text of spans; the address of a link that was flattened in the text was text too."""
    return " ".join(f"{span.text} {span.href}" if span.href and "://" not in span.text else span.text for span in spans)


def visible(texts: Iterable[str]) -> Counter[str]:
    """Letters and digits in their composed form."""
    return Counter(
        char for text in texts for char in unicodedata.normalize("NFC", "".join(filter(_shown, text))) if char.isalnum()
    )


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf")
