"""Somebody is put on a list, and taken off it."""

# Annotations are read as they stand, and not put off: FastAPI would look for `may_write` among the module's names.

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.exceptions import HTTPException

from newsletter.errors import UsageError
from newsletter.model import ApiKey, ApiScope
from newsletter.pipeline import programs
from newsletter.pipeline.context import Context
from newsletter.web.api.access import Access
from newsletter.web.api.documents import Asked, NewSubscription, Slug, SubscriberDocument, Written, told
from newsletter.web.api.lists import known
from newsletter.web.api.subscribers import Id


def routes(context: Context, access: Access) -> APIRouter:
    """What may be asked of somebody's place on a list."""
    router = APIRouter(tags=["subscribers"])
    may_write = access.need(ApiScope.SUBSCRIBERS_WRITE)

    @router.post(
        "/lists/{slug}/subscribers",
        status_code=201,
        responses={
            200: {"model": SubscriberDocument | Written, "description": "They were on it already, or had left it."},
            202: {"model": Asked, "description": "They are asked by a letter first."},
        },
    )
    def subscribe(
        slug: Slug, body: NewSubscription, key: Annotated[ApiKey, Depends(may_write)], response: Response
    ) -> SubscriberDocument | Written | Asked:
        """Ask somebody whether they want to be on a list (202), or put them on it: 201 where it was news, else 200."""
        with context.store.read() as tx:
            known(tx, slug)
        if body.confirm:
            response.status_code = 202
            asked = programs.ask(context, key, slug, body.address, name=body.name, source=body.source)
            return Asked(asked=asked)
        if body.basis is None:
            raise UsageError("say by `basis` why you may write to them")
        person, news = programs.subscribe(
            context, key, slug, body.address, name=body.name, basis=body.basis, until=body.until, source=body.source
        )
        response.status_code = 201 if news else 200
        return told(key, person)

    @router.delete("/lists/{slug}/subscribers/{subscriber}", status_code=204)
    def leave(slug: Slug, subscriber: Id, key: Annotated[ApiKey, Depends(may_write)]) -> None:
        """Take somebody off a list, at once. Twice is once."""
        if programs.leave(context, key, slug, subscriber) is None:
            raise HTTPException(404, f"subscriber {subscriber} is not on the list {slug}, and never was")

    return router
