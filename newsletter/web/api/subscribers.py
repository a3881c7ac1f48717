"""Subscribers: found, and what may be changed of them."""

# Annotations are read as they stand, and not put off: FastAPI would look for `may_write` among the module's names.

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.exceptions import HTTPException

from newsletter.model import ApiKey, ApiScope
from newsletter.pipeline import programs, readers
from newsletter.pipeline.context import Context
from newsletter.storage import directory
from newsletter.web.api.access import Access
from newsletter.web.api.documents import LARGEST, Change, Lookup, SubscriberDocument, Written, told

Id = Annotated[int, Path(ge=1, le=LARGEST)]


def routes(context: Context, access: Access) -> APIRouter:
    """What may be asked of subscribers."""
    router = APIRouter(tags=["subscribers"])
    may_read = access.need(ApiScope.SUBSCRIBERS_READ)
    may_write = access.need(ApiScope.SUBSCRIBERS_WRITE)

    @router.get("/subscribers/{subscriber}", dependencies=[Depends(may_read)])
    def one(subscriber: Id) -> SubscriberDocument:
        """One person, with their subscriptions and suppressions."""
        return _document(context, subscriber)

    @router.post("/subscribers/lookup", dependencies=[Depends(may_read)])
    def lookup(body: Lookup) -> SubscriberDocument:
        """The person of an address, however it is spelt."""
        who = readers.identify(context, body.address)
        with context.store.read() as tx:
            person = directory.by_key(tx, who.key)
        if person is None:
            raise HTTPException(404, "nobody with this address is known here")
        return SubscriberDocument.of(person)

    @router.patch("/subscribers/{subscriber}")
    def change(
        subscriber: Id, body: Change, key: Annotated[ApiKey, Depends(may_write)]
    ) -> SubscriberDocument | Written:
        """Give a person another name."""
        person = programs.rename(context, subscriber, body.name)
        if person is None:
            raise _nobody(subscriber)
        return told(key, person)

    @router.delete("/subscribers/{subscriber}", status_code=204)
    def erase(subscriber: Id, key: Annotated[ApiKey, Depends(may_write)]) -> None:
        """Erase a person: a keyed hash of the address stays, and keeps it from being mailed again."""
        if not programs.erase(context, key, subscriber):
            raise _nobody(subscriber)

    return router


def _document(context: Context, subscriber: int) -> SubscriberDocument:
    with context.store.read() as tx:
        person = directory.one(tx, subscriber)
    if person is None:
        raise _nobody(subscriber)
    return SubscriberDocument.of(person)


def _nobody(subscriber: int) -> HTTPException:
    return HTTPException(404, f"there is no subscriber {subscriber}")
