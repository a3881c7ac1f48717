"""What the sandbox was asked and what it did, as JSON lines: the account that tests count by, across restarts.

A line is written whole, before the answer goes out. Three kinds: `accepted` (with each address and its custom
arguments; in accept-only mode with the count alone), `refused` (with status and fields), `fault` (a scripted one).
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

RECORD_NAME = "record.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One recipient of an accepted request. `file` is the mail's name without its folder."""

    at: datetime
    message_id: str
    position: int
    address: str
    custom_args: Mapping[str, str]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, and what became of it. `status` is None where no answer went out; `fields` are those refused.

    A scripted fault that accepts first leaves two: the acceptance, then the fault.
    """

    at: datetime
    what: str
    status: int | None
    count: int = 0
    message_id: str | None = None
    fault: str | None = None
    fields: tuple[str | None, ...] = ()


class Record:
    """Appends to the file of one folder; several threads may."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD_NAME
        self._lock = threading.Lock()
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._torn = _ends_torn(self._path)
        self._closed = False

    def append(self, line: Mapping[str, Any]) -> None:
        """Raises OSError after the close: a request that took longer must not write into whatever file, a database
        perhaps, has the number of this one by then.
        """
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, "the sandbox was stopped", str(self._path))
            data = b"\n" + data if self._torn else data
            self._torn = True  # until the whole line is written: a full disk may keep half of it
            while data:
                data = data[os.write(self._file, data) :]
            self._torn = False

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._file)


def asked(folder: Path) -> Iterator[Asked]:
    """Every request, oldest first."""
    for line in _lines(folder):
        yield Asked(
            at=datetime.fromisoformat(line["at"]),
            what=line["what"],
            status=line["status"],
            count=line.get("count", 0),
            message_id=line.get("message_id"),
            fault=line.get("fault"),
            fields=tuple(line.get("fields", ())),
        )


def accepted(folder: Path, *, containing: str = "") -> Iterator[Accepted]:
    """Every recipient accepted, oldest first; with `containing`, only of requests that have the text somewhere."""
    for line in _lines(folder, containing):
        for entry in line.get("accepted", ()):
            yield Accepted(
                at=datetime.fromisoformat(line["at"]),
                message_id=line["message_id"],
                position=entry["position"],
                address=entry["address"],
                custom_args=entry["custom_args"],
                file=entry["file"],
            )


def accepted_count(folder: Path) -> int:
    """How many recipients were accepted, those of the accept-only mode too."""
    return sum(line.get("count", 0) for line in _lines(folder))


def _lines(folder: Path, containing: str = "") -> Iterator[dict[str, Any]]:
    path = folder / RECORD_NAME
    if not path.exists():
        return
    wanted = json.dumps(containing)[1:-1].lower().encode()
    with path.open("rb") as file:
        for raw in file:
            if not wanted or wanted in raw.lower():
                line = _parsed(raw)
                if line is not None:
                    yield line


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """None for a line that a killed process left half written: its request was not answered either."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _ends_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
