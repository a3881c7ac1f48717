"""Blocks and fields → the text of a story file. What is written here reads back as the same blocks (`parse`)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from newsletter.model import Block, BulletList, Image, Item, Paragraph, Quote, Spans, Status
from newsletter.stories.inline import destination, escape, inline, line_start
from newsletter.stories.spans import squash, tidy

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _./+’“”–—-]|:(?=[^\s,]))*(?<! )\Z")
_NUMBER = re.compile(r"[\d.+_:eExXoO-]+\Z")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_NOTHING: Mapping[str, object] = MappingProxyType({})

_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}")


def story_text(
    *,
    headline: str,
    section: str,
    blocks: tuple[Block, ...],
    status: Status = Status.DRAFT,
    extra: Mapping[str, object] = _NOTHING,
) -> str:
    """A whole story file. `extra` holds further front matter in its order: text, whole numbers, dates, aware
    datetimes, lists and mappings of these; None leaves a key out.
    """
    fields: dict[str, object] = {"headline": squash(headline), "section": section, "status": status.value, **extra}
    front = "".join(f"{key}: {_value(value)}\n" for key, value in fields.items() if value is not None)
    body = markdown(blocks)
    return f"---\n{front}---\n" + (f"{body}\n" if body else "")


def new_story_text(*, headline: str, section: str, author: str | None = None) -> str:
    """The file that `story new` makes: a draft that says in placeholder words what goes where. The desk checks stop
    it until they are replaced.
    """
    words = (
        "TK: what happened, and who says so (Outlet, subscription).",
        "**Why it matters:** TK.",
        "- TK: a fact or a quotation that backs it.",
    )
    front = story_text(headline=headline, section=section, blocks=(), extra={"author": author})
    return front + "\n\n".join(words) + "\n"


def slugify(headline: str) -> str:
    """A name for the file: lower-case ASCII words joined by hyphens, 60 characters at most, cut at a word.

    A headline without any Latin letter or digit gives `story`.
    """
    whole = _INITIALS.sub(lambda match: match[0].replace(".", ""), headline)  # U.S. is one word
    plain = unicodedata.normalize("NFKD", whole.replace("’", "").replace("'", "")).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))
    if len(slug) > 60:
        slug = slug[:61].rpartition("-")[0] or slug[:60]
    return slug or "story"


def quoted(text: str) -> str:
    """A YAML scalar for the text, in quotes where it needs them."""
    plain = _PLAIN.match(text) and not _NUMBER.match(text) and text.lower() not in _WORDS_OF_YAML
    if plain:
        return text
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _value(value: object) -> str:
    match value:
        case datetime() | date():
            return value.isoformat()
        case bool() | int():
            return str(value).lower()
        case str():
            return quoted(value)
        case Mapping():
            pairs = (f"{key}: {_value(item)}" for key, item in value.items() if item is not None)
            return "{" + ", ".join(pairs) + "}"
        case Sequence():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            raise TypeError(f"front matter does not hold {type(value).__name__}: {value!r}")


def markdown(blocks: tuple[Block, ...]) -> str:
    """The body alone, one line a paragraph or item, without an end of line at its end."""
    parts: list[str] = []
    bullets = "*"
    for block in blocks:
        if isinstance(block, BulletList):
            # Two lists in a row are one list to Markdown unless their marks differ.
            bullets = "*" if bullets == "-" else "-"
            parts.append("\n".join(_items(block, "-*".index(bullets))))
        else:
            bullets = "*"
            parts.append(_block(block))
    return "\n\n".join(part for part in parts if part)


def _block(block: Paragraph | Quote | Image) -> str:
    match block:
        case Paragraph():
            return _text(block.spans, block.run_in)
        case Quote():
            return "\n>\n".join(f"> {_text(spans, None)}" for spans in block.paragraphs)
        case Image():
            credit = f' "{_title(block.credit)}"' if block.credit else ""
            return f"![{escape(squash(block.alt))}]({destination(block.src)}{credit})"


def _text(spans: Spans, run_in: str | None) -> str:
    body = inline(tidy(spans))
    if run_in is None:
        return line_start(body)
    head = f"**{escape(squash(run_in))}{'' if run_in.endswith('…') else ':'}**"
    return f"{head} {body}" if body else head


def _items(block: BulletList, kind: int) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(block.items, start=block.start):
        mark = f"{number}{'.)'[kind]} " if block.ordered else f"{'-*'[kind]} "
        lines.append(mark + _text(item.spans, item.run_in))
        lines += _children(item, " " * len(mark))
    return lines


def _children(item: Item, indent: str) -> list[str]:
    return [f"{indent}- {_text(child.spans, child.run_in)}" for child in item.children]


def _title(text: str) -> str:
    return escape(squash(text)).replace('"', '\\"')
