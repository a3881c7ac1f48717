"""Many addresses are asked, a few at once, within a time limit for all."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from newsletter.asking.exchange import Kind, Reply, ask_one
from newsletter.asking.places import PUBLIC, Places

AT_ONCE: Final = 8
EACH_S: Final = 10.0
ALL_S: Final = 60.0


def ask(
    urls: Iterable[str],
    places: Places = PUBLIC,
    *,
    each_s: float = EACH_S,
    all_s: float = ALL_S,
) -> tuple[Reply, ...]:
    """How each address answers, once each, in their order. What has no answer when the time for all is over is silent.

    Threads that still wait for a name then are left alone: they end with the process at the latest.
    """
    asked = tuple(dict.fromkeys(urls))
    until = time.monotonic() + all_s
    found: dict[str, Future[Reply]] = {url: Future() for url in asked}
    waiting: SimpleQueue[str] = SimpleQueue()
    for url in asked:
        waiting.put(url)

    def work() -> None:
        with suppress(Empty):
            while (left := until - time.monotonic()) > 0:
                url = waiting.get_nowait()
                try:
                    found[url].set_result(ask_one(url, places, timeout_s=min(each_s, left)))
                except Exception as error:  # noqa: BLE001  whoever asked gets it
                    found[url].set_exception(error)

    for _ in range(min(AT_ONCE, len(asked))):
        Thread(target=work, daemon=True, name="asking").start()
    wait(found.values(), timeout=max(until - time.monotonic(), 0))
    late = f"there was no time left within {all_s:g} seconds"
    return tuple(
        answer.result() if answer.done() else Reply(url, Kind.SILENT, late, url) for url, answer in found.items()
    )
