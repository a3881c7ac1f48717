"""Changed files: the sole home of watchfiles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from watchfiles import watch

from newsletter.pipeline.previewing import Preview

log = structlog.get_logger()

GROUP_MS: Final = 200
"""Changes are told together for at most so long; watchfiles' own 1,600 would be felt."""

QUIET_MS: Final = 30
"""… or as soon as nothing else has changed for so long: an editor writes a file in several steps."""

AGAIN_S: Final = 0.5
"""After how long a folder that cannot be watched is tried again."""


@contextmanager
def watching(preview: Preview) -> Iterator[None]:
    """Run the block while changes under the preview's folders are told to it."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(preview, stop), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(preview: Preview, stop: threading.Event) -> None:
    """Until it is asked to stop. A folder that goes away is waited for; where the system has no watches left, files are
    looked at in turn.
    """
    polling: bool | None = None
    before: list[Path] | None = None
    while not stop.is_set():
        folders = _there(preview)
        if before not in (None, folders):
            preview.changed()
        before = folders
        try:
            if folders:
                _follow(preview, folders, stop, polling=polling)
            else:
                stop.wait(AGAIN_S)
        except FileNotFoundError:
            log.debug("a watched folder went away")
            stop.wait(AGAIN_S)
        except OSError as error:
            log.warning("files are polled", reason=str(error))
            polling = True
            stop.wait(AGAIN_S)


def _there(preview: Preview) -> list[Path]:
    return [folder for folder in preview.watched if folder.is_dir()]


def _follow(preview: Preview, folders: list[Path], stop: threading.Event, *, polling: bool | None) -> None:
    """Tell changes until a folder goes away or comes back."""
    changes = watch(
        *folders, debounce=GROUP_MS, step=QUIET_MS, rust_timeout=int(AGAIN_S * 1000), yield_on_timeout=True,
        stop_event=stop, raise_interrupt=False, force_polling=polling, ignore_permission_denied=True,
    )  # fmt: skip
    for changed in changes:
        if changed:
            preview.changed()
        if _there(preview) != folders:
            return
