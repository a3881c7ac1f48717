"""The record when the sandbox stops: what is late must not touch another file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newsletter.sandbox.record import Record


def test_a_late_request_does_not_write_into_another_file(tmp_path: Path) -> None:
    """After the close the number of the record's file may belong to the database: appending is refused."""
    record = Record(tmp_path)
    record.append({"what": "accepted"})
    record.close()
    record.close()
    other = os.open(tmp_path / "database", os.O_WRONLY | os.O_CREAT)  # takes the number that became free
    try:
        with pytest.raises(OSError, match="the sandbox was stopped"):
            record.append({"what": "fault"})
    finally:
        os.close(other)
    assert (tmp_path / "database").read_bytes() == b""
