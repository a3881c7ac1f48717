"""Readers join by their own word: asked for in a form or by the API, confirmed by the link of a letter, or forgotten.

Whoever asks learns nothing of the address: the answer is the same for a stranger, a reader, and one who left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from newsletter.audience import identity, tokens
from newsletter.model import Basis, Consent, ConsentEvent, Newsletter
from newsletter.pipeline import leaving
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import identify, title_of
from newsletter.storage import Tx, consent, joining, letters, roster, subscriptions

log = structlog.get_logger()

CONFIRM_WITHIN: Final = timedelta(days=7)
"""How long the link of a letter works; after that its page offers another letter."""

FORGET_AFTER: Final = timedelta(days=30)
"""After so long what nobody confirmed is forgotten, address and all."""

A_DAY: Final = timedelta(days=1)

OWN_WILL: Final = ("unsubscribe", "erased", "moved")
"""Suppressions that stand for the reader's own will, which they may change; all others stay, whoever confirms."""

LONGEST_NAME: Final = 100

_AGREED: Final = "their own opens and clicks may be seen"


def asks_for_tracking(newsletter: Newsletter) -> bool:
    """Whether something is seen of single readers, if they agree."""
    return newsletter.clicks == "individual" or newsletter.opens == "consented"


def sign_up(
    context: Context, newsletter: Newsletter, address: str, name: str, *, tracked: bool, source: str, wording: str
) -> bool:
    """Somebody asks to get a newsletter: kept as pending, with a letter that asks them to confirm, in one commit.

    `wording` is what the form said that they agree to. Who is on the list already gets a letter that says so; who left,
    or was erased, one to confirm, and stays away until then; a suppressed address gets none, and nobody more than
    `letters.A_DAY` in a day. True where a letter was put out, which is for operators to know and not for a form's page.
    Raises UsageError for what is no address.
    """
    who, now = identify(context, address), context.clock()
    new = roster.NewSubscriber(address=who.address, address_key=who.key, reserved=who.reserved, name=_name(name))
    tracked = tracked and asks_for_tracking(newsletter)
    asked = Consent(
        at=now, address_key=who.key, list=newsletter.list, event=ConsentEvent.REQUESTED, wording=wording, source=source,
        detail=_AGREED if tracked else "",
    )  # fmt: skip
    with context.store.write() as tx:
        held = withheld(tx, who.key, newsletter.list)
        person = None if held else joining.known(tx, new, now)  # of whom gets no letter nothing new is kept
        if joining.asked_since(tx, who.key, now - A_DAY) >= letters.A_DAY:
            log.info("sign-up not taken", list=newsletter.list, reason="asked too often today")
            return False
        consent.record(tx, [asked])
        if person is None:
            log.info("sign-up not taken", list=newsletter.list, reason="suppressed")
            return False
        list_id = roster.ensure_list(tx, newsletter.list, title_of(context, newsletter.list), now)
        joining.ask(tx, list_id, subscriber=person, new=new, tracked=tracked, source=source, now=now)
        _post(tx, person.id, list_id, now)
    log.info("sign-up", subscriber=person.id, list=newsletter.list)
    return True


def _name(text: str) -> str:
    """A name on one line, without what cannot be printed."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST_NAME]


def _post(tx: Tx, subscriber_id: int, list_id: int, now: datetime) -> None:
    letters.post(tx, "confirm", subscriber_id=subscriber_id, list_id=list_id, expires_at=now + CONFIRM_WITHIN, now=now)


def withheld(tx: Tx, address_key: int, list_: str | None) -> str:
    """Why an address gets no letter: a bounce, a complaint, or what an operator says; empty where it may get one."""
    found = (
        reason
        for _, scope, reason, *_ in roster.suppressions(tx, address_key)
        if scope in ("all", list_) and reason not in OWN_WILL
    )
    return next(found, "")


# --- the link of the letter -------------------------------------------------------------------------------------------

State = Literal["ask", "confirmed", "expired", "sent", "used"]
"""To be confirmed by a press; on the list; too late, and another letter can be had; that one is on its way; the link
was used, and its reader left since.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What the link of a letter stands for."""

    title: str
    list: str
    masked: str
    tracked: bool
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    letter: letters.LetterRow
    person: roster.SubscriberRow
    list_id: int
    list: str
    place: str


def joining_of(context: Context, text: str) -> Joining:
    """What the page behind the link of a letter shows; changes nothing. Raises tokens.BadTokenError."""
    with context.store.read() as tx:
        case = _case(context, tx, text)
        return _joining(context, tx, case, _state(case, context.clock()))


def confirm(context: Context, text: str, *, wording: str) -> Joining:
    """Put the reader of a letter on its list, or send another letter where that one is too old. Twice is once.

    `wording` is what the page said that they agree to. Raises tokens.BadTokenError.
    """
    now = context.clock()
    with context.store.write() as tx:
        case = _case(context, tx, text)
        state = _state(case, now)
        if state == "ask":
            if letters.use(tx, case.letter.id, now):
                _confirm(tx, case, wording, now)
            state = _state(_case(context, tx, text), now)  # somebody else may have pressed at the same time
        elif state == "expired":
            if letters.count_since(tx, "confirm", case.person.id, now - A_DAY) < letters.A_DAY:
                _post(tx, case.person.id, case.list_id, now)
            state = "sent"
        return _joining(context, tx, case, state)


def _case(context: Context, tx: Tx, text: str) -> _Case:
    token = tokens.read(text, "confirm", context.settings.secret_keys)
    letter = letters.find(tx, token.send_id, "confirm")
    if letter is None or (letter.subscriber_id, letter.list_id) != (token.subscriber_id, token.list_id):
        raise tokens.BadTokenError("its letter is gone")
    person, slug = roster.by_id(tx, token.subscriber_id), roster.list_slug(tx, token.list_id)
    place = roster.membership_state(tx, token.subscriber_id, token.list_id)
    if person is None or person.address is None or slug is None or place is None:
        raise tokens.BadTokenError("its list or reader is gone")
    return _Case(letter=letter, person=person, list_id=token.list_id, list=slug, place=place)


def _state(case: _Case, now: datetime) -> State:
    if case.place == "active":
        return "confirmed"
    if case.letter.used_at is not None:
        return "used"
    return "expired" if case.letter.expires_at <= now else "ask"


def _joining(context: Context, tx: Tx, case: _Case, state: State) -> Joining:
    return Joining(
        title=title_of(context, case.list),
        list=case.list,
        masked=identity.mask(case.person.address or ""),
        tracked=joining.is_tracked(tx, case.list_id, case.person.id),
        state=state,
    )


def _confirm(tx: Tx, case: _Case, wording: str, now: datetime) -> None:
    """On the list by their express word. What else they had left by the same will stays left."""
    key = case.person.address_key
    asked = [e for e in consent.of(tx, key) if e.list == case.list and e.event is ConsentEvent.REQUESTED]
    source = asked[-1].source if asked else ""
    tracked = joining.is_tracked(tx, case.list_id, case.person.id)
    joining.confirm(tx, case.list_id, case.person.id, source=source, now=now)
    letters.use_all(tx, "confirm", subscriber_id=case.person.id, list_id=case.list_id, now=now)
    if "all" in joining.lift(tx, key, case.list, OWN_WILL):
        for place in subscriptions.of(tx, case.person.id):
            if place.list != case.list:
                leaving.take_off(tx, case.person.id, place, source="left everything before", now=now)
    entry = Consent(
        at=now, address_key=key, list=case.list, event=ConsentEvent.CONFIRMED, basis=Basis.EXPRESS, wording=wording,
        source=source, detail=_AGREED if tracked else "",
    )  # fmt: skip
    consent.record(tx, [entry])
    log.info("reader joined", subscriber=case.person.id, list=case.list)


# --- what nobody confirmed --------------------------------------------------------------------------------------------


def forget(context: Context) -> int:
    """Forget what nobody confirmed in time; gives how many addresses were erased. A few hundred at once."""
    before = context.clock() - FORGET_AFTER
    with context.store.read() as tx:
        if not joining.any_older(tx, before):
            return 0
    with context.store.write() as tx:
        erased = joining.forget(tx, before)
    log.info("sign-ups forgotten", addresses=erased)
    return erased
