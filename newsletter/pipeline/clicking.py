"""A link of ours is followed: where it leads, and that it is counted, of nobody in particular.

The redirect waits for no database where it knows the link already, and never for the count: that is written once a
second, by a thread, when it can be seen whether it was part of a burst.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import structlog

from newsletter.errors import StoreError
from newsletter.model import Hit
from newsletter.pipeline.context import Context
from newsletter.rendering.links import CODE, unfollowable
from newsletter.storage import hits, links
from newsletter.tracking import Following, judged
from newsletter.tracking.hits import AHEAD, BURST, BURST_WITHIN, READ_OF_AGENT, RULES, label

log = structlog.get_logger()

LOOK_EVERY_S: Final = 1.0
"""So long a changed target takes until all processes know it."""

MOST_KNOWN: Final = 50_000
"""Links that are kept in memory, some 20 MB of them."""

MOST_WAITING: Final = 200_000
"""Hits that wait for the database, some minutes of the busiest morning; beyond, the oldest are not counted."""

RELABEL_AT_ONCE: Final = 5_000
"""Hits in one transaction: a few dozen milliseconds, for which a send may have to wait."""

_OVERLAP: Final = 20
"""Changes that are read again: on PostgreSQL one may be committed after one with a higher number."""


class Redirects:
    """The links that one process serves, and the hits that it has yet to write. Safe to ask from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, links.Found] = {}
        self._changed: dict[str, str] = {}
        self._changes = 0
        self._new: deque[Following] = deque(maxlen=MOST_WAITING)
        self._recent: deque[Following] = deque()
        self._unwritten: deque[Hit] = deque(maxlen=MOST_WAITING)
        self._looking, self._filling = threading.Lock(), threading.Lock()
        self._salt = secrets.token_bytes(16)
        self._well = True

    # --- where a link leads -------------------------------------------------------------------------------------------

    def known(self, code: str) -> str | None:
        """Where a code leads, without asking the database; None where that must be asked."""
        found = self._known.get(code)
        return None if found is None else self._changed.get(code, found.url)

    def find(self, code: str) -> str | None:
        """Where a code leads; None for what is no link of ours. Raises StoreError where only the database knows."""
        if not CODE.fullmatch(code):
            return None
        if code not in self._known:
            with self._context.store.read() as tx:
                found = links.find(tx, code)
            if found is None or unfollowable(found.url):  # looked at again: the table may be older than the rules
                return None
            with self._filling:
                if len(self._known) >= MOST_KNOWN:
                    del self._known[next(iter(self._known))]
                self._known[code] = found
        return self.known(code)

    # --- that it is followed ------------------------------------------------------------------------------------------

    def follow(self, code: str, *, agent: str, visitor: str, ahead: bool) -> None:
        """Note that a link that is known was followed. `visitor` tells visitors apart, and is forgotten in seconds."""
        found = self._known.get(code)
        if found is not None:
            self._new.append(
                Following(
                    code=code, edition_id=found.edition_id, at=self._context.clock(),
                    agent=agent[:READ_OF_AGENT],  # a header may be as long as 64 kB
                    visitor=self._mark(visitor) if visitor else "", ahead=ahead,
                )
            )  # fmt: skip

    def waiting(self) -> int:
        """How many hits are not in the database yet: a few seconds' worth while all is well."""
        return len(self._new) + len(self._unwritten)

    def _mark(self, visitor: str) -> str:
        """Another for each process, so that even a picture of its memory names nobody."""
        return hashlib.blake2b(visitor.encode("utf-8", "replace"), digest_size=8, key=self._salt).hexdigest()

    def look(self, *, last: bool = False) -> None:
        """Write the hits of which it is known whether they are a burst, and learn which targets were changed.

        With `last`, all of them. Without the database they wait; what is known goes on being served.
        """
        with self._looking:
            self._judge(self._context.clock(), last=last)
            try:
                self._write()
                self._learn()
            except StoreError as error:
                if self._well:
                    log.error("clicks wait for the database", hits=len(self._unwritten), error=str(error))
                self._well = False
            else:
                self._well = True

    def _judge(self, now: datetime, *, last: bool) -> None:
        ripe: list[Following] = []
        while self._new and (last or self._new[0].at <= now - BURST_WITHIN):
            ripe.append(self._new.popleft())
        if not ripe:
            return
        around = [each for each in (*self._recent, *tuple(self._new)) if each.visitor]
        self._unwritten.extend(judged(ripe, around))
        self._recent.extend(ripe)
        while self._recent and self._recent[0].at < ripe[-1].at - BURST_WITHIN:
            self._recent.popleft()

    def _write(self) -> None:
        waiting = list(self._unwritten)
        if waiting:
            with self._context.store.write() as tx:
                hits.add(tx, waiting)
            for _ in waiting:
                self._unwritten.popleft()

    def _learn(self) -> None:
        with self._context.store.read() as tx:
            number, changed = links.retargets_since(tx, max(0, self._changes - _OVERLAP))
        self._changes = max(self._changes, number)
        self._changed.update({code: url for code, url in changed.items() if not unfollowable(url)})

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look once a second while the block runs, and a last time after it. Hits that were labelled by the rules of
        another version of the program are labelled anew, once.
        """
        stop = threading.Event()

        def go() -> None:
            by_these_rules = False
            while not stop.wait(LOOK_EVERY_S):
                try:
                    self.look()
                    if self._well and not by_these_rules:
                        relabel(self._context)
                        by_these_rules = True
                except Exception:  # whatever it is, the next second is looked at again
                    log.exception("unforeseen error")

        thread = threading.Thread(target=go, name="clicks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.look(last=True)


def relabel(context: Context) -> None:
    """Label hits anew that were labelled by other rules, in portions. What only its moment showed stays."""
    last: int | None = 0
    while last is not None:
        with context.store.write() as tx:
            last = hits.relabel(tx, RULES, label, keep=(BURST, AHEAD), after=last, limit=RELABEL_AT_ONCE)


def redirects(context: Context, newsletters: Collection[str]) -> Mapping[str, str]:
    """Where each code leads, of all editions of these newsletters that went to readers: for an archive of files."""
    with context.store.read() as tx:
        found = links.of_newsletters(tx, newsletters)
    return {code: url for code, url in sorted(found.items()) if not unfollowable(url)}
