"""An import as the document that `newsletter story import FILE --json` prints."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.model import BulletList, Paragraph
from newsletter.stories.importing.draft import Draft, Imported


def import_report(imported: Imported, paths: Sequence[str | None]) -> dict[str, object]:
    """The report, in the order of its keys: a contract with other programs. `paths` has one for each story, None
    where no file was written; `lists` counts the items of each list's first level; `line` counts what `unit` says, 0
    is the file as a whole.
    """
    return {
        "unit": imported.unit,
        "stories": [_story(draft, path) for draft, path in zip(imported.stories, paths, strict=True)],
        "dropped": [{"line": dropped.line, "text": dropped.text} for dropped in imported.dropped],
        "warnings": [{"line": warning.line, "message": warning.message} for warning in imported.warnings],
    }


def _story(draft: Draft, path: str | None) -> dict[str, object]:
    return {
        "path": path,
        "headline": draft.headline,
        "run_ins": [block.run_in for block in draft.blocks if isinstance(block, Paragraph) and block.run_in],
        "lists": [len(block.items) for block in draft.blocks if isinstance(block, BulletList)],
        "citations": [{"outlet": citation.outlet, "access": citation.access} for citation in draft.citations],
    }
