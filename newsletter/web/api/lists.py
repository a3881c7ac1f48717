"""Lists, and who is on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException

from newsletter.model import ApiScope
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, directory, roster
from newsletter.web.api.access import Access
from newsletter.web.api.documents import LARGEST, ListDocument, Lists, Slug, State, SubscriberDocument, Subscribers


def routes(context: Context, access: Access) -> APIRouter:
    """What may be asked of lists."""
    router = APIRouter(tags=["lists"])

    @router.get("/lists", dependencies=[Depends(access.need(ApiScope.LISTS_READ))])
    def lists() -> Lists:
        """All lists, by their slugs."""
        with context.store.read() as tx:
            return Lists(lists=[ListDocument.of(row) for row in roster.lists(tx)])

    @router.get("/lists/{slug}", dependencies=[Depends(access.need(ApiScope.LISTS_READ))])
    def one(slug: Slug) -> ListDocument:
        """One list."""
        with context.store.read() as tx:
            for row in roster.lists(tx):
                if row.slug == slug:
                    return ListDocument.of(row)
        raise no_list(slug)

    @router.get("/lists/{slug}/subscribers", dependencies=[Depends(access.need(ApiScope.SUBSCRIBERS_READ))])
    def subscribers(
        slug: Slug,
        state: State = None,
        after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Subscribers:
        """Who is or was on a list, by id, a page at a time."""
        with context.store.read() as tx:
            found = directory.of_list(tx, known(tx, slug), after=after, limit=limit, state=state)
        return Subscribers(
            subscribers=[SubscriberDocument.of(person) for person in found],
            next=found[-1].id if len(found) == limit else None,
        )

    return router


def known(tx: Tx, slug: str) -> int:
    """The id of a list. Raises HTTPException: 404 for one that there is not."""
    found = roster.list_id(tx, slug)
    if found is None:
        raise no_list(slug)
    return found


def no_list(slug: str) -> HTTPException:
    """The answer for a list that there is not."""
    return HTTPException(404, f"there is no list {slug}; GET /lists names them")
