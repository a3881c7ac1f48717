"""The shapes of answers and requests. Instants are RFC 3339 in UTC; a page names the next one, or null at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from newsletter.audience import identity
from newsletter.model import ApiKey, ApiScope, Basis
from newsletter.storage import directory, roster

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Words on one line."""


def _one(address: str) -> str:
    """Refused here, in words without it: what the pipeline says to whoever types a command has it."""
    identity.identify(address, b"whatever")
    return address


Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320), AfterValidator(_one)]

Slug = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

LARGEST: int = 2**63 - 1
"""Ids are 64-bit numbers."""


class ListDocument(BaseModel):
    """A list, and how many readers are active on it."""

    slug: str
    title: str
    active: int

    @classmethod
    def of(cls, row: roster.ListRow) -> ListDocument:
        return cls(slug=row.slug, title=row.title, active=row.active)


class Lists(BaseModel):
    """All lists."""

    lists: list[ListDocument]


class SubscriptionDocument(BaseModel):
    """A place on a list. `until` is where implied consent ends; `sections` is null where all are wanted."""

    model_config = ConfigDict(from_attributes=True)

    list: str
    state: Literal["pending", "active", "unsubscribed"]
    basis: str
    until: datetime | None
    paused_until: datetime | None
    sections: tuple[str, ...] | None
    tracked: bool
    source: str
    since: datetime
    changed_at: datetime


class SuppressionDocument(BaseModel):
    """Why an address gets no mail, on every list (`all`) or one."""

    scope: str
    reason: str
    since: datetime


class SubscriberDocument(BaseModel):
    """A person. `address` is null once erased."""

    id: int
    address: str | None
    name: str
    created_at: datetime
    subscriptions: list[SubscriptionDocument]
    suppressions: list[SuppressionDocument]

    @classmethod
    def of(cls, person: directory.Person) -> SubscriberDocument:
        return cls(
            id=person.id,
            address=person.address,
            name=person.name,
            created_at=person.created_at,
            subscriptions=[SubscriptionDocument.model_validate(each) for each in person.subscriptions],
            suppressions=[
                SuppressionDocument(scope=scope, reason=reason, since=since)
                for scope, reason, since in person.suppressions
            ],
        )


class Written(BaseModel):
    """Whom a key without `subscribers:read` wrote about: nothing of them but their id."""

    model_config = ConfigDict(extra="forbid")

    id: int


def told(key: ApiKey, person: directory.Person) -> SubscriberDocument | Written:
    """What the answer to a change tells the program that made it."""
    may_read = ApiScope.SUBSCRIBERS_READ in key.scopes
    return SubscriberDocument.of(person) if may_read else Written(id=person.id)


class Subscribers(BaseModel):
    """A page of subscribers by id; `next` is what `after` takes for the next page, null at the end."""

    subscribers: list[SubscriberDocument]
    next: int | None


class NewSubscription(BaseModel):
    """Somebody for a list. By default they are asked by mail first (double opt-in), and get nothing until they confirm.

    With `confirm` false they are on it at once, and you say by `basis` why you may write to them; `until` is where
    implied consent ends.
    """

    model_config = ConfigDict(extra="forbid")

    address: Address
    name: Line = ""
    confirm: bool = True
    basis: Basis | None = None
    until: datetime | None = None
    source: Line = ""


class Asked(BaseModel):
    """`asked` is false where no letter goes out: the address is suppressed, or was asked too often today."""

    asked: bool


class Change(BaseModel):
    """What may be changed of a subscriber here. Their address they change themselves, by a link mailed to it."""

    model_config = ConfigDict(extra="forbid")

    name: Line


class Lookup(BaseModel):
    """An address to look for. In the body, not in the path, since paths end in logs."""

    model_config = ConfigDict(extra="forbid")

    address: Address


class EditionLineDocument(BaseModel):
    """An edition in a list of them."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    newsletter: str
    state: str
    reason: str
    fingerprint: str | None
    planned_at: datetime
    finished_at: datetime | None


class Editions(BaseModel):
    """A page of editions, the newest first; `next` is what `before` takes for the next page, null at the end."""

    editions: list[EditionLineDocument]
    next: int | None


class StoryDocument(BaseModel):
    """A story as it stands in an edition; with `corrects`, the correction of another."""

    slug: str
    section: str
    headline: str
    corrects: str | None


class EditionDocument(EditionLineDocument):
    """An edition and its stories, in the order in which they are printed."""

    stories: list[StoryDocument]


State = Annotated[Literal["pending", "active", "unsubscribed"] | None, Field(description="Only those who stand so.")]
