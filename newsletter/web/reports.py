"""GET /desk/report/{token}: what became of an edition, for its editors, and the same page as a file."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Response
from starlette.responses import HTMLResponse

from newsletter.errors import RenderError
from newsletter.model import EditionReport, Figures, LinkClicks, Newsletter, Read, Readers, SendReport, Usual
from newsletter.pipeline import outcomes
from newsletter.pipeline.context import Context
from newsletter.rendering.report_view import report_view
from newsletter.web.pages import SHEET, Pages
from newsletter.web.style import theme

KEPT_FOR: Final = timedelta(minutes=1)

_MAY: Final = datetime(2026, 5, 4, tzinfo=UTC)
_SEND: Final = SendReport(
    edition="trial/2026-05-04", list="trial", kind="live", state="sent", candidates=4, accepted=2,
    excluded={"unsubscribed": 1}, refused={"no": 1}, in_doubt=0, pending=0, batches={}, started_at=_MAY,
    finished_at=_MAY, facts={"delivered": 1, "complained": 1},
)  # fmt: skip
_TRIAL: Final = EditionReport(
    send=_SEND, subject="Subject", as_of=_MAY, waiting=1, deferred=1, bounces={"hard": 1},
    opens=Readers(human=1, raw=1, whole=1), clicks=Figures(human=1, raw=2), countable=1,
    stories=(Read(position=1, slug="one", title="One", section="News", human=1, raw=2),),
    links=(
        LinkClicks(
            code="c", number=1, url="https://example.org/", role="story", story="one", section="news", human=1, raw=2
        ),
    ),
    usual={"delivered": Usual(middle=1.0, lowest=1.0, highest=1.0)}, compared=2, corrections=(_SEND,),
)  # fmt: skip
"""Of an edition that there never was: something in every place of the page."""


def routes(context: Context, pages: Pages) -> APIRouter:
    """The report. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router, kept = APIRouter(), _Kept(context, pages)
    for newsletter in context.newsletters.values():
        page(context, pages, newsletter, _TRIAL)

    @router.api_route("/desk/report/{token}", methods=["GET", "HEAD"])
    def report(token: str) -> Response:
        """The numbers as they were at most a minute ago. No reader is named in them."""
        return HTMLResponse(kept.page(token))

    return router


class _Kept:
    """Pages for a minute: to count a million copies of each of eleven editions takes longer than many like to wait."""

    def __init__(self, context: Context, pages: Pages) -> None:
        self._context, self._pages = context, pages
        self._made: dict[str, tuple[datetime, str]] = {}
        self._making = threading.Lock()

    def page(self, token: str) -> str:
        """The page behind a token. Raises BadTokenError. Whoever asks while it is made waits for it."""
        newsletter, name = outcomes.edition_behind(self._context, token)
        with self._making:
            now = self._context.clock()
            self._made = {key: made for key, made in self._made.items() if timedelta() <= now - made[0] < KEPT_FOR}
            if name not in self._made:
                found = outcomes.outcome(self._context, name)
                self._made[name] = now, page(self._context, self._pages, newsletter, found)
            return self._made[name][1]


def page(context: Context, pages: Pages, newsletter: Newsletter, report: EditionReport) -> str:
    """The page of a report in its newsletter's look and language."""
    view = report_view(report, newsletter, context.settings.templates)
    return pages.fill("report.html.j2", newsletter, report=view)


def page_in_one(context: Context, pages: Pages, newsletter: Newsletter, report: EditionReport) -> str:
    """The same page with its styles in it, so that it is one file that opens anywhere. Raises RenderError."""
    html, link = page(context, pages, newsletter, report), f'<link rel="stylesheet" href="{pages.root}/{SHEET}">'
    if link not in html:
        raise RenderError(f"templates/web/layout.html.j2: it has no {link}; put it back into the <head>")
    style = f"{pages.style}\n{theme(newsletter)}"
    return html.replace(link, f"<style>\n{style}</style>", 1)
