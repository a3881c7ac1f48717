"""Chromium, driven by Playwright: the one of this machine, without a way to any other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from browser_mails import MailPage, mail_pages
from browser_visit import Visit
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = (
    "Chromium: not found; install it (Debian: apt-get install chromium; macOS: brew install chromium), so that one of "
    f"{', '.join(NAMES)} is on the PATH"
)

ARGUMENTS = (
    "--no-sandbox",  # CI runs as root, where Chromium's own sandbox does not start; only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # what a browser asks for by itself
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # whatever a route lets through by mistake finds no host
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; skipped where there is none, except under CI=true."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(HOW)
    if found is None:
        pytest.skip(HOW)
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One for a module, not for the session: while it is open, its event loop runs in this thread, and the tests of
    other rooms could start none of their own (https://github.com/microsoft/playwright-python/issues/462).
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Makes profiles of the browser, closed with the test; keywords are those of Visit."""
    made: list[Visit] = []

    def make(width: int = 1200, **options: Any) -> Visit:
        made.append(Visit(browser, width, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, MailPage]:
    """Rendered once: the shipped editions of both newsletters, and one of hard cases."""
    return mail_pages(tmp_path_factory.mktemp("mails"))
