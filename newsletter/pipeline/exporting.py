"""A list as a file: who is on it, on which basis and since when."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import TextIO

import structlog

from newsletter.audience import csvfile
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import require_list
from newsletter.storage import members

log = structlog.get_logger()

COLUMNS = ("email", "name", "basis", "until", "source", "since")


def export(context: Context, list_: str, out: TextIO, *, bom: bool = False) -> int:
    """Write the people of a list, as they are at this moment, as CSV; gives how many. The text stream is UTF-8 and
    changes no line ends. Raises UsageError for a list that no newsletter has.
    """
    require_list(context, list_)
    if bom:
        out.write("\ufeff")
    with context.store.read() as tx, members.of(tx, list_) as people:
        rows = ((p.address, p.name, p.basis, _instant(p.until), p.source, _instant(p.since)) for p in people)
        count = csvfile.write(out, COLUMNS, rows)
    log.info("list exported", list=list_, people=count)
    return count


def _instant(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def export_to_file(context: Context, list_: str, file: Path, *, bom: bool = False) -> int:
    """`export` into a file that only its owner may read; it is there whole, or not at all."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            count = export(context, list_, out, bom=bom)
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return count
