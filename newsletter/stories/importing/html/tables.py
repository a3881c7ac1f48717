"""Tables: those that only lay a mail out, and those that hold figures."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.stories.importing.html.tree import Element

CELL = 120
"""Letters of the longest cell that a table of figures has."""

PARAGRAPHS = frozenset({"table", "ul", "ol", "h1", "h2", "h3", "blockquote", "article", "section", "img"})


def rows(table: Element) -> Iterator[tuple[Element, ...]]:
    """The rows of a table with their cells, and its caption as a row of one; tables within cells are left alone."""
    for child in table.children:
        if not isinstance(child, Element):
            continue
        if child.tag == "tr":
            yield tuple(cell for cell in child.children if isinstance(cell, Element))
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from rows(child)
        else:
            yield (child,)


def is_data(table: Element) -> bool:
    """Whether it holds figures: it says so by head cells, or has rows of short cells and nothing else in them."""
    if table.attributes.get("role", "").lower() in ("presentation", "none"):
        return False
    found = list(rows(table))
    if len(found) < 2 or max(len(row) for row in found) < 2:
        return False
    cells = [cell for row in found for cell in row]
    if any(below.tag in PARAGRAPHS for cell in cells for below in cell.walk()):
        return False
    if any(row and not row[0].size and row[0].text.strip() for row in found):
        return False  # a glyph in a cell of its own: a list that was laid out
    if any(cell.tag == "th" for cell in cells):
        return True
    return all(len(row) >= 2 for row in found) and all(cell.size <= CELL for cell in cells)
