"""Editions, and what became of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.exceptions import HTTPException

from newsletter.model import ApiScope, EditionState
from newsletter.pipeline import outcomes
from newsletter.pipeline.context import Context
from newsletter.storage import directory, editions
from newsletter.web.api.access import Access
from newsletter.web.api.documents import (
    LARGEST,
    EditionDocument,
    EditionLineDocument,
    Editions,
    Slug,
    StoryDocument,
)

Day = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z0-9]+)*$",
        max_length=80,
        description="The date, with the suffix of an extra edition: `2026-05-04`, `2026-05-04-alert`.",
    ),
]


def routes(context: Context, access: Access) -> APIRouter:
    """What may be asked of editions."""
    router = APIRouter(tags=["editions"])

    @router.get("/editions", dependencies=[Depends(access.need(ApiScope.EDITIONS_READ))])
    def page(
        newsletter: Slug | None = None,
        state: EditionState | None = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Editions:
        """Editions, the newest first, a page at a time."""
        with context.store.read() as tx:
            found = directory.editions(tx, newsletter=newsletter, state=state, before=before, limit=limit)
        return Editions(
            editions=[EditionLineDocument.model_validate(each) for each in found],
            next=found[-1].id if len(found) == limit else None,
        )

    @router.get("/editions/{newsletter}/{date}", dependencies=[Depends(access.need(ApiScope.EDITIONS_READ))])
    def one(newsletter: Slug, date: Day) -> EditionDocument:
        """One edition and its stories."""
        with context.store.read() as tx:
            row = editions.find(tx, f"{newsletter}/{date}")
            if row is None:
                raise _no_edition(newsletter, date)
            held = editions.frozen_stories(tx, row.id)
        line = EditionLineDocument.model_validate(row)
        stories = [
            StoryDocument(slug=s.slug, section=s.section, headline=s.headline, corrects=s.corrects) for s in held
        ]
        return EditionDocument(**line.model_dump(), stories=stories)

    @router.get("/editions/{newsletter}/{date}/report", dependencies=[Depends(access.need(ApiScope.REPORTS_READ))])
    def report(newsletter: Slug, date: Day) -> dict[str, Any]:
        """What became of an edition, as `newsletter report --json` tells it (docs/interface.md)."""
        with context.store.read() as tx:
            if editions.find(tx, f"{newsletter}/{date}") is None:
                raise _no_edition(newsletter, date)
        return outcomes.document(context, f"{newsletter}/{date}")

    return router


def _no_edition(newsletter: str, date: str) -> HTTPException:
    return HTTPException(404, f"there is no edition {newsletter}/{date}; GET /editions names them")
