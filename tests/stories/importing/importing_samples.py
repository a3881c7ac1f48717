"""The organisation that the import's tests read for, and an import written as notation (fixtures/README.txt)."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from newsletter.model import BulletList, Item, Organisation, Outlet, Paragraph, plain
from newsletter.stories.importing import Draft, Imported

AMG = Organisation(
    name="Association of Makers and Growers",
    short_name="the AMG",
    postal_address="1 Mill Lane, Porthaven",
    zone=ZoneInfo("America/New_York"),
    voices=("The {short} says", "The {short}’s take", "{short} in action", "Our take", "Our move", "The last word"),
    labels=("Input Stories", "Policy and Legal", "Workforce", "Press Releases", "News", "Trade"),
    furniture=(
        "View More",
        "Read More",
        "Learn More",
        "Get the Latest News",
        "Sign up here",
        "Get Involved",
        "Share on LinkedIn",
    ),
    outlets=(
        Outlet(name="The Daily Ledger", access="subscription", aliases=("TDL",)),
        Outlet(name="The Press Agency"),
        Outlet(name="E&M News", access="subscription"),
    ),
)


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
        if isinstance(block, Paragraph):
            yield _headed("VOICE" if block.voice else "P", block.run_in, plain(block.spans))
        elif isinstance(block, BulletList):
            yield "UL"
            for item in block.items:
                yield from _item(item, "-")
    for citation in draft.citations:
        access = f", {citation.access}" if citation.access else ""
        yield f"C {citation.block} {citation.outlet}{access} [{citation.form}]"


def _item(item: Item, mark: str) -> Iterator[str]:
    yield _headed(mark, item.run_in, plain(item.spans))
    for child in item.children:
        yield from _item(child, f"-{mark}")


def _headed(mark: str, run_in: str | None, text: str) -> str:
    head = f"({run_in})" if run_in is not None else ""
    return f"{mark}{head} {text}".rstrip()
