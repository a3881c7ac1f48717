"""Letters on their way: what waits in the ledger's table of letters is rendered and handed over, one by one.

`deliver` is called by the web app soon after a form was posted, and by every tick for what is left. A crash repeats a
letter at most: its claim runs out, and it is handed over again. Letters are no editions, and stand in no send.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from newsletter.audience import identity, tokens
from newsletter.errors import ConfigError, GatewayError, InDoubt, NewsletterError, NotSent, Refused, StoreError
from newsletter.model import Batch, Envelope, Message, Newsletter, Recipient
from newsletter.pipeline import composing, guards, joining
from newsletter.pipeline.context import Context
from newsletter.rendering.letters import LetterWords, letter
from newsletter.sending import owner, plan
from newsletter.sending.gateway import Outgoing
from newsletter.storage import Tx, letters, roster, subscriptions

log = structlog.get_logger()

AT_ONCE: Final = 20
"""So many a tick: editions have their time."""

AFTER_THE_CURE: Final = timedelta(minutes=5)
"""What a person must mend first (a key, a template) is tried again so often."""

DOUBTS: Final = 3
"""A letter that may have been accepted so often is not sent again: whoever waits for it can ask for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A claimed letter with where it goes, or the reason why it goes nowhere."""

    claimed: letters.Claimed
    newsletter: Newsletter
    address: str
    is_reader: bool
    problem: str = ""


def deliver(context: Context, *, at_most: int = AT_ONCE) -> int:
    """Hand over letters that wait, oldest first; gives how many went. Raises nothing: what cannot go now is logged and
    waits. Where the way to the ESP is broken it stops at the first.
    """
    sent = 0
    try:
        with context.store.read() as tx:
            if not letters.any_waiting(tx, context.clock()):
                return 0
        for _ in range(at_most):
            ready = _claim(context)
            if ready is None:
                break
            went = _hand_over(context, ready)
            sent += bool(went)
            if went is None:
                break
    except (ConfigError, StoreError) as error:
        log.error("letters wait", error=str(error))
    return sent


def _claim(context: Context) -> _Ready | None:
    """The next letter, ours. Raises ConfigError, StoreError where no mail may go, as for any mail to readers."""
    context.gateway()
    if not context.newsletters:
        raise ConfigError(f"{context.settings.content / 'newsletters'} has no newsletter whose sender could write")
    with context.store.write() as tx:
        guards.check_ledger(context, tx)
        claimed = letters.claim(tx, lease=plan.lease(context.settings.sendgrid_timeout_s), now=context.clock())
        return None if claimed is None else _ready(context, tx, claimed)


def _ready(context: Context, tx: Tx, claimed: letters.Claimed) -> _Ready:
    """Looked at once more in the transaction of its claim: who was suppressed or erased since gets nothing."""
    row = claimed.letter
    person = roster.by_id(tx, row.subscriber_id)
    slug = None if row.list_id is None else roster.list_slug(tx, row.list_id)
    address = row.address or (person.address if person else None) or ""
    place = None if row.list_id is None else roster.membership_state(tx, row.subscriber_id, row.list_id)
    newsletter = _voice(context, slug or _any_list(tx, row.subscriber_id))
    return _Ready(
        claimed=claimed, newsletter=newsletter, address=address, is_reader=place == "active",
        problem=_problem(context, tx, claimed, address, slug),
    )  # fmt: skip


def _problem(context: Context, tx: Tx, claimed: letters.Claimed, address: str, slug: str | None) -> str:
    """Why a letter is not to be sent at all; empty where it is."""
    row = claimed.letter
    if row.expires_at <= context.clock():
        return "its link is too old"
    if row.used_at is not None:
        return "its link was used"
    if claimed.place > letters.A_DAY:
        return "too many in a day"
    try:
        who = identity.identify(address, (context.settings.address_key or "").encode())
    except identity.BadAddressError:
        return "there is no address"
    if who.reserved and not context.settings.on_loopback:
        return "no mail reaches its domain"
    reason = joining.withheld(tx, who.key, slug)
    return f"suppressed: {reason}" if reason else ""


def _any_list(tx: Tx, subscriber_id: int) -> str | None:
    """A list of somebody whose letter is of none: one that they are on, or were."""
    found = subscriptions.of(tx, subscriber_id)
    return min((place.state != "active", place.list) for place in found)[1] if found else None


def _voice(context: Context, slug: str | None) -> Newsletter:
    """Whose look and sender a letter has: its list's newsletter, or the first that there is."""
    newsletters = [context.newsletters[name] for name in sorted(context.newsletters)]
    return next((n for n in newsletters if n.list == slug), newsletters[0])


def _hand_over(context: Context, ready: _Ready) -> bool | None:
    """Render and send one letter, and write down what came of it: True where it went, False where it never will, None
    where it waits again.
    """
    number = ready.claimed.letter.id
    again: datetime | None
    try:
        if ready.problem:
            raise _Never(ready.problem)
        until_s = owner.since_boot_s() + plan.lease(context.settings.sendgrid_timeout_s).total_seconds()
        context.gateway().submit(_outgoing(context, ready, until_s))
    except NewsletterError as error:
        again = _again_at(error, ready.claimed.attempt, context.clock())
        # An answer may quote the address: its kind is enough, and a reason of ours is in words of ours.
        why = str(error) if isinstance(error, _Never) or not isinstance(error, GatewayError) else type(error).__name__
        log.warning("letter not sent", letter=number, kind=ready.claimed.letter.kind, error=why, again_at=again)
        with context.store.write() as tx:
            if again is None:
                letters.settle(tx, ready.claimed, "failed")
                return False
            letters.put_back(tx, ready.claimed, again)
            return None
    with context.store.write() as tx:
        letters.settle(tx, ready.claimed, "sent")
    log.info("letter sent", letter=number, kind=ready.claimed.letter.kind)
    return True


class _Never(NewsletterError):
    """A letter that is not to be sent, whatever happens."""


def _again_at(error: NewsletterError, attempt: int, now: datetime) -> datetime | None:
    """When a letter is tried again; None where it never is."""
    match error:
        case NotSent():
            return plan.next_attempt(error, attempt, now)
        case InDoubt():
            return now + AFTER_THE_CURE if attempt < DOUBTS else None
        case _Never():
            return None
        case Refused() if error.positions:  # the ESP does not take this address
            return None
        case _:
            return now + AFTER_THE_CURE


def _outgoing(context: Context, ready: _Ready, until_s: float) -> Outgoing:
    """The request of a letter. It has no List-Id and no List-Unsubscribe: it is no list's mail, and there may be no
    subscription yet to leave. No name stands beside the address: whoever filled the form may have typed anything.
    """
    newsletter, row = ready.newsletter, ready.claimed.letter
    message = compose(context, ready.newsletter, row, is_reader=ready.is_reader)
    batch = Batch(
        id=0, edition=f"{newsletter.slug}/letter", kind="letter", number=1, attempt=ready.claimed.attempt,
        recipients=(
            Recipient(delivery_id="", subscriber_id=row.subscriber_id, address=ready.address, name="", token=""),
        ),
    )  # fmt: skip
    envelope = Envelope(
        sender=newsletter.service or newsletter.sender, reply_to=newsletter.reply_to, list_id="",
        subject=message.subject, way_out="", automatic=True,
    )  # fmt: skip
    return Outgoing(batch=batch, message=message, envelope=envelope, until_s=until_s)


def compose(context: Context, newsletter: Newsletter, row: letters.LetterRow, *, is_reader: bool) -> Message:
    """A letter as it goes. Who asks for a list that they are on gets told so, with the way to their preferences.

    Raises RenderError, ConfigError, ContentError as an edition's rendering does.
    """
    kind = "already" if row.kind == "confirm" and is_reader else row.kind
    valid_s = (row.expires_at - row.created_at).total_seconds()
    words = LetterWords(kind=kind, link=_link(context, row, kind), valid_hours=max(1, round(valid_s / 3600)))
    settings = context.settings
    return letter(
        words, newsletter, context.organisation, templates=settings.templates, base_url=settings.base_url,
        images=composing.folders(context),
    )  # fmt: skip


_PATHS: Final = {
    "confirm": ("c", "confirm"),
    "already": ("p", "reader"),
    "access": ("m", "letter"),
    "address": ("m", "letter"),
}
"""Path and purpose of the token, by the kind of letter. A reader's own link names no send."""


def _link(context: Context, row: letters.LetterRow, kind: str) -> str:
    path, purpose = _PATHS[kind]
    number = 0 if purpose == "reader" else row.id
    token = tokens.Token(purpose, row.subscriber_id, row.list_id or 0, number)
    return f"{context.settings.base_url.rstrip('/')}/{path}/{tokens.sign(token, context.settings.secret_keys[0])}"
