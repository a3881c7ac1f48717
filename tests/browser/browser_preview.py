"""A preview as people open it: its real server and watch, over a copy of the shipped content and templates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from browser_mails import EDITIONS, ROOT, SITE
from playwright.sync_api import Frame, Page

from newsletter.pipeline.previewing import Preview
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.web.preview.server import showing

EDITION = "daily/2026-05-04"
LEAD = "2026-05-04-ports-reopen-after-two-day-stoppage.md"


@dataclass(frozen=True)
class Desk:
    """The folders that people work in, the preview over them, and its address."""

    folder: Path
    preview: Preview
    url: str

    def edit(self, path: str, old: str, new: str) -> None:
        """Save a file as an editor does: written beside, then put in its place."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        beside = file.with_name(f".{file.name}.part")
        beside.write_text(text.replace(old, new), encoding="utf-8")
        beside.replace(file)

    def story(self, old: str, new: str) -> None:
        """Edit the lead."""
        self.edit(f"content/stories/{LEAD}", old, new)


@contextmanager
def previewed(folder: Path, prints: Path) -> Iterator[Desk]:
    """A preview of the daily of 4 May, in `folder`, on a free port; `prints` is a var/ with the pictures."""
    shutil.copytree(prints, folder / "var")
    for name in ("content", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(folder / "content"), "NEWSLETTER_TEMPLATES": str(folder / "templates"),
            "NEWSLETTER_VAR": str(folder / "var"), "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
            "NEWSLETTER_SANDBOX": "1", "NEWSLETTER_BASE_URL": SITE,
        },
        Path("none"),
    )  # fmt: skip
    context = open_context(settings, lambda: EDITIONS[EDITION])
    try:
        preview = Preview(context, EDITION)
        with showing(preview, 0) as url:
            yield Desk(folder, preview, url)
    finally:
        context.store.close()


def mail(page: Page, key: str) -> Frame:
    """The mail in one frame of the page, by the frame's key, such as `375-dark`."""
    element = page.locator(f"#frame-{key} iframe:not(.next)").element_handle()
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_load_state()
    return frame


def wait_for_words(page: Page, key: str, words: str, timeout_ms: float) -> None:
    """Until the mail in a frame shows these words."""
    page.wait_for_function(
        """([key, words]) => {
            const frame = document.querySelector(`#frame-${key} iframe:not(.next)`);
            return frame?.contentDocument?.body?.innerText.includes(words);
        }""",
        arg=[key, words],
        timeout=timeout_ms,
    )
