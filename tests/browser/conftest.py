"""Chromium, driven by Playwright: the one of this machine, without a way to any other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest
from browser_mails import MailPage, mail_pages
from browser_visit import Given, Scheme, Visit
from browser_web import WebHouse, web_house
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


Window = tuple[int, Scheme, bool]
"""Width, scheme, and whether scripts run."""


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


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[dict[Window, Visit]]:
    """Kept open from test to test: a new profile takes longer than most of them."""
    opened: dict[Window, Visit] = {}
    yield opened
    for one in opened.values():
        one.close()


@pytest.fixture
def visit(browser: Browser, windows: dict[Window, Visit]) -> Callable[..., Visit]:
    """Gives the window of that width, scheme, and scripts or none, for a new visit; one at a time of each kind."""

    def begin(
        width: int = 1200,
        *,
        scheme: Scheme = "light",
        scripts: bool = True,
        servers: tuple[str, ...] = (),
        given: Mapping[str, Given] | None = None,
    ) -> Visit:
        window = width, scheme, scripts
        if window not in windows:
            windows[window] = Visit(browser, width=width, scheme=scheme, scripts=scripts)
        windows[window].answers(servers, given or {})
        return windows[window]

    return begin


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, MailPage]:
    """Rendered once: the shipped editions of both newsletters, and one of hard cases."""
    return mail_pages(tmp_path_factory.mktemp("mails"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[WebHouse]:
    """The web app on a real server and a new database."""
    with web_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened
