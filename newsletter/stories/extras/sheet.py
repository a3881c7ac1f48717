"""The sheet of an edition: its note is the body, its one-liners, subject and preheader are front matter."""

from __future__ import annotations

from newsletter.model import Block, Brief, Note
from newsletter.stories.extras.supply import Known, Sheet
from newsletter.stories.fields import Fields
from newsletter.stories.figures import Figures
from newsletter.stories.frontmatter import line_of
from newsletter.stories.markdown import spans_of
from newsletter.stories.nodes import Node
from newsletter.stories.opened import opened
from newsletter.stories.spans import squash

KEYS = ("by", "briefs", "subject", "preheader")
"""What front matter may hold."""


def parse_sheet(raw: bytes, *, known: Known, shown: str) -> Sheet:
    """The sheet of a file's bytes. Raises `ContentError` with every fault, in the order of their lines."""
    file = opened(raw, what="the sheet of an edition", organisation=known.organisation, shown=shown)
    fields = file.fields
    fields.known(KEYS)
    lines = {key: line_of(entry.key) for key, entry in fields.entries.items()}
    sheet = Sheet(
        path=shown,
        note=_note(fields, Figures(fields, known.images).seen_in(file.blocks), lines.get("by", 0)),
        briefs=_briefs(fields, known),
        subject=fields.text("subject"),
        preheader=fields.text("preheader"),
        lines=lines,
    )
    file.require()
    return sheet


def _note(fields: Fields, blocks: tuple[Block, ...], line: int) -> Note | None:
    by = fields.text("by")
    if blocks:
        return Note(blocks=blocks, by=by, path=fields.path, line=line)
    if by is not None:
        fields.fault(
            fields.entries["by"].key, "`by` signs a note, and there is none: write it below the line `---` that follows"
        )
    return None


def _briefs(fields: Fields, known: Known) -> tuple[Brief, ...]:
    node = fields.value("briefs")
    items = () if node is None else node.items if node.items is not None else (node,)
    return tuple(brief for item in items if (brief := _brief(fields, item, known)) is not None)


def _brief(fields: Fields, node: Node, known: Known) -> Brief | None:
    """A one-liner: a mapping, or its text alone."""
    inner = Fields({}, fields.path, fields.zone, fields.faults)
    text, at = node.text, node
    if text is None:
        nested = fields.inner(node, "briefs")
        if nested is None:
            return None
        inner = nested
        inner.known(("text", "outlet", "access"), " of a brief")
        text, at = inner.text("text"), inner.value("text") or node
    if not text or not text.strip():
        fields.fault(node, 'a brief has its words: {text: "It said [so](https://…).", outlet: …}')
        return None
    spans, faults = spans_of(squash(text), line=line_of(at), organisation=known.organisation, path=fields.path)
    fields.faults.extend(faults)
    outlet, access = inner.text("outlet"), inner.text("access")
    if access is not None and outlet is None:
        fields.fault(inner.entries["access"].key, "`access` is the note of an outlet, and there is none: add `outlet`")
    return Brief(spans=spans, outlet=outlet, access=access, path=fields.path, line=line_of(at))
