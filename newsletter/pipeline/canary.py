"""Editors and seeds get an edition first; the rest follows when nothing speaks against it, or at a person's word.

They are readers of the list like any other, so that nobody gets it twice and the numbers balance. The claim holds the
rest back, in whatever process; here is decided when it may go (docs/decisions/0030).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from newsletter.audience import identity
from newsletter.model import CanaryStanding, EventKind, Newsletter, SendState
from newsletter.pipeline import pausing
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, roster, sends
from newsletter.storage import canary as ledger_canary
from newsletter.storage.eligibility import Mailing
from newsletter.tracking import blames_sender

log = structlog.get_logger()

NOT_TAKEN = (EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED)
"""What more than half of a canary must not come to."""


# --- who goes ahead ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Whom a canary would reach: readers of the list; and the addresses of editors and seeds that it would not."""

    readers: int
    wait_minutes: int
    missing: tuple[str, ...]


def keys(context: Context, newsletter: Newsletter) -> dict[int, str]:
    """The address key of each editor and seed, with the address; none where the newsletter asks for no canary."""
    if newsletter.canary is None:
        return {}
    secret = (context.settings.address_key or "").encode()
    named = (*(editor.address for editor in newsletter.editors), *newsletter.canary.seeds)
    return {identity.identify(address, secret).key: address for address in named}


def expected(
    context: Context, tx: Tx, newsletter: Newsletter, *, at: datetime, printed: tuple[str, ...]
) -> Expected | None:
    """Whom the canary would reach of an edition that goes `at` that time with stories of the sections `printed`; None
    where the newsletter asks for none.
    """
    if newsletter.canary is None:
        return None
    named, list_id = keys(context, newsletter), roster.list_id(tx, newsletter.list)
    loopback = context.settings.on_loopback
    found: tuple[int, ...] = ()
    if list_id is not None:
        mailing = Mailing(
            list_id=list_id, list_slug=newsletter.list, edition_id=None, loopback=loopback, at=at, printed=printed
        )
        found = ledger_canary.on_list(tx, mailing, named)
    return Expected(
        readers=min(len(found), context.settings.batch_size),
        wait_minutes=newsletter.canary.wait_minutes,
        missing=tuple(address for key, address in named.items() if key not in found),
    )


def in_words(canary: Expected, newsletter: Newsletter) -> Iterator[str]:
    """Lines of a plan."""
    if canary.readers:
        people = "1 reader" if canary.readers == 1 else f"{canary.readers:,} readers"
        yield f"Canary     {people} first (editors and seeds), the rest {_minutes(canary.wait_minutes)} later"
    else:
        yield "Canary     none, all at once: no editor or seed can be mailed on the list"
    if canary.missing:
        yield f"           not reached by the canary: {', '.join(canary.missing)}"
        yield f"           put them on the list: newsletter subscribers add ADDRESS --list {newsletter.list}"


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def document(canary: Expected) -> dict[str, Any]:
    """The same for `--json`."""
    return {"readers": canary.readers, "wait_minutes": canary.wait_minutes, "missing": list(canary.missing)}


# --- when the rest may go ---------------------------------------------------------------------------------------------


def look(tx: Tx, send: sends.SendRow, now: datetime) -> tuple[sends.SendRow, datetime | None]:
    """Before a claim: lets the rest go, pauses the send, or gives until when the rest waits. `send` is locked.

    Gives the send as it stands then. Without an instant, what the claim gives may go.
    """
    waits = send.rest_waits and send.state is SendState.SENDING
    canary = ledger_canary.standing(tx, send.id) if waits else None
    if canary is None:
        return send, None
    why = warning(canary, ledger_canary.fate(tx, send.id), now)
    if why is not None:
        why = f"{why}. `newsletter send resume {send.edition}` sends the rest all the same"
        return pausing.pause_itself(tx, send, why, now), None
    if canary.rest_from is not None and now < canary.rest_from:
        return send, canary.rest_from
    if ledger_canary.let_go(tx, send.id, now):
        log.info("rest let go after the canary", edition=send.edition, send=send.id, canary=canary.readers)
    return sends.find(tx, send.id), None


def warning(canary: CanaryStanding, fate: ledger_canary.Fate, now: datetime) -> str | None:
    """Why the rest must not follow by itself: what was seen of the canary, and what to look at. None where nothing.

    No event at all is no warning: the webhook may be slow, and the readers of a canary are few. What receiving servers
    said stays out of it, since it may hold an address.
    """
    if canary.state == "in_doubt" and canary.rest_from is not None and now >= canary.rest_from:
        return "the canary is in doubt, and no event has settled it: look at the editors' inboxes"
    if canary.state == "empty" and fate.refused:
        return f"SendGrid refused the canary ({_of(fate.refused, canary)}): look at their addresses"
    if any(blames_sender(EventKind(kind), reason) for kind, reason in fate.said):
        return "the canary was refused for the sender's configuration (SPF, DKIM, DMARC, reputation): mend that first"
    if complained := fate.facts.get(EventKind.COMPLAINED, 0):
        return f"the canary was called spam ({_of(complained, canary)}): look at what went out"
    lost = fate.refused + sum(fate.facts.get(kind, 0) for kind in NOT_TAKEN)
    if canary.state == "accepted" and 2 * lost > canary.readers:
        return f"the canary bounced, was blocked, dropped or refused ({_of(lost, canary)}): look at the events"
    return None


def _of(count: int, canary: CanaryStanding) -> str:
    return f"{count} of {canary.readers} {'reader' if canary.readers == 1 else 'readers'}"
