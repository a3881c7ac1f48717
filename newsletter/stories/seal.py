"""Approval is sealed: who approved which bytes, and the edits of a file that say so.

The seal binds an approval to what readers will see. It protects against accident (an edit after the approval, a
swapped picture), not against forgery: anyone who can write the file can compute it. The history of the files in git
shows who did what.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from newsletter.errors import ContentError, Fault
from newsletter.model import (
    Approval,
    Block,
    BulletList,
    Image,
    Item,
    Newsletter,
    Organisation,
    Paragraph,
    Quote,
    Spans,
    Status,
    Story,
)
from newsletter.stories import frontmatter
from newsletter.stories.nodes import Entry
from newsletter.stories.write import quoted

_FORM = 1
"""Counts the forms of what is hashed; another number breaks every seal."""


def digest(story: Story, pictures: Mapping[str, str]) -> str:
    """`sha256:<hex>` over what an approval covers. `pictures` has the sha256 of each local image file by its `src`.

    Covered: headline, section, blocks, byline, sources, images (bytes, alt, credit), url, corrects, go_live,
    expires; as canonical JSON in UTF-8: sorted keys, NFC, instants in UTC. Not covered: status, approval, priority,
    newsletters, author, and whatever follows from settings (citations, voice).
    """
    covered = {
        "form": _FORM,
        "headline": story.headline,
        "section": story.section,
        "blocks": [_block(block, pictures) for block in story.blocks],
        "byline": story.byline,
        "sources": [[source.outlet, source.access, source.url] for source in story.sources],
        "image": None if story.image is None else _block(story.image, pictures),
        "url": story.url,
        "corrects": story.corrects,
        "go_live": _utc(story.go_live),
        "expires": _utc(story.expires),
    }
    text = json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()


def _block(block: Block, pictures: Mapping[str, str]) -> list[object]:
    match block:
        case Paragraph():
            return ["paragraph", block.run_in, _spans(block.spans)]
        case BulletList():
            return ["list", block.start if block.ordered else None, _items(block.items)]
        case Quote():
            return ["quote", [_spans(spans) for spans in block.paragraphs]]
        case Image():
            return ["image", block.src, block.alt, block.credit, pictures.get(block.src)]


def _items(items: Iterable[Item]) -> list[object]:
    return [[item.run_in, _spans(item.spans), _items(item.children)] for item in items]


def _spans(spans: Spans) -> list[object]:
    return [[span.text, span.strong, span.emphasis, span.href] for span in spans]


def may_approve(story: Story, by: str, organisation: Organisation, newsletters: Iterable[Newsletter]) -> str | None:
    """Why `by` may not approve the story; None where they may.

    `newsletters` are those that the story is for. Each asks for one of its own `approvers`, or else one of the
    organisation's; where both are empty, anybody may. `four_eyes` asks for somebody other than the author.
    """
    targets = tuple(newsletters)
    for named, approvers in [(each.title, each.approvers or organisation.approvers) for each in targets] or [
        (organisation.name, organisation.approvers)
    ]:
        if approvers and by not in approvers:
            return f"{by} is not an approver of {named}: {', '.join(approvers)} may approve (--by NAME)"
    if not any(each.four_eyes for each in targets):
        return None
    if story.author is None:
        return f"{story.path} does not say who wrote it, and four eyes are asked for: add a line `author: …`"
    if story.author == by:
        return f"{by} wrote this story, and four eyes are asked for: somebody else approves it"
    return None


def approve(text: str, approval: Approval) -> str:
    """The file's text with its status `approved` and the seal; everything else stays byte for byte.

    This and the other edits raise `ContentError` where the front matter cannot be read.
    """
    seal = f"{{by: {quoted(approval.by)}, at: {approval.at.isoformat()}, digest: {approval.digest}}}"
    return _put(_put(text, "approved", seal, after="status"), "status", Status.APPROVED.value)


def revoke(text: str) -> str:
    """The file's text with its status back at `ready` and without its seal."""
    return _put(_drop(text, "approved"), "status", Status.READY.value)


def kill(text: str) -> str:
    """The file's text with its status `killed`. A seal stays, as a record."""
    return _put(text, "status", Status.KILLED.value)


def _entry(text: str, key: str) -> tuple[frontmatter.Parts, Entry | None]:
    """The parts of a file and its entry for a key. Raises `ContentError` where the front matter cannot be read."""
    parts = frontmatter.split(text)
    if parts is None:
        raise ContentError((Fault("the story", 1, "it has no front matter between two `---` lines"),))
    front = frontmatter.read(parts.front, path="the story")
    if front.faults:
        raise ContentError(front.faults)
    return parts, front.entries.get(key)


def _put(text: str, key: str, value: str, *, after: str | None = None) -> str:
    """The text with `key: value` in its front matter: in place of the value there, or as a new line (after the entry
    `after`, or at the end).
    """
    parts, entry = _entry(text, key)
    front = parts.front
    if entry is not None:
        edited = f"{front[: entry.key.end]}: {value}{front[max(entry.value.end, entry.key.end + 1) :]}"
    else:
        before = _entry(text, after)[1] if after else None
        at = len(front) if before is None else _line_end(front, before.value.end)
        edited = f"{front[:at]}{key}: {value}{_newline(text)}{front[at:]}"
    return parts.opening + edited + parts.rest


def _drop(text: str, key: str) -> str:
    parts, entry = _entry(text, key)
    if entry is None:
        return text
    end = _line_end(parts.front, entry.value.end)
    return parts.opening + parts.front[: entry.key.start] + parts.front[end:] + parts.rest


def _line_end(front: str, at: int) -> int:
    """The place after the line that holds the character before `at`."""
    return front.find("\n", max(at - 1, 0)) + 1 or len(front)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text.partition("\n")[0] + "\n" else "\n"
