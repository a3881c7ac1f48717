"""What is done by itself about batches in doubt: with `in_doubt = "resend"` they go again, once; else it is told."""

from __future__ import annotations

from datetime import datetime

import structlog

from newsletter.errors import NewsletterError
from newsletter.model import AlertKind
from newsletter.pipeline import alerts, doubts, testing
from newsletter.pipeline.context import Context, Target, target
from newsletter.schedule import goes_until
from newsletter.sending import plan
from newsletter.storage import clock, doubt

log = structlog.get_logger()


def settle(context: Context, now: datetime) -> None:
    """Batches that were probably not accepted go again, for newsletters that say so; of all others operators are told.

    Not after `late_until`: nothing goes by itself two days later, and who is heard again after so long may have told of
    the batch meanwhile.
    """
    for newsletter in context.newsletters.values():
        with context.store.read() as tx:
            waiting = doubt.editions_in_doubt(tx, newsletter.slug)
        for edition in waiting:
            on = target(context, edition, now)
            try:
                if newsletter.in_doubt == "resend" and now <= goes_until(newsletter, on.date):
                    _settle(context, on, now)
                _tell(context, on, now)
            except NewsletterError as error:  # cancelled just now, the other gateway, a restored ledger
                log.error("doubts not resolved", edition=edition, error=str(error))


def _settle(context: Context, on: Target, now: datetime) -> None:
    doubts.resolve(context, on.id, accept=False, by="policy", quiet_only=True)
    waiting = [item for item in doubts.listed(context, on.id) if item.doubted == 1]
    if any(item.quiet(now) >= plan.QUIET_TIME and not doubts.heard_at_the_end(item) for item in waiting):
        _ask_for_a_sign(context, on, now)


def _tell(context: Context, on: Target, now: datetime) -> None:
    """The evidence is as good as it gets, and somebody must decide."""
    found = [item for item in doubts.listed(context, on.id) if doubts.probably_not_accepted(item, now)]
    if found:
        readers, numbers = sum(item.readers for item in found), ", ".join(str(item.number) for item in found)
        text = (
            f"{readers:,} readers of batch {numbers} have probably got nothing: no event of theirs, while later ones "
            f"are heard. Decide: newsletter send resolve {on.id}"
        )
        alerts.alert(context, AlertKind.NOT_ACCEPTED, about=on.id, text=text)


def _ask_for_a_sign(context: Context, on: Target, now: datetime) -> None:
    """After a small send nobody is heard for long, whether the webhook works or not. A mail to the editors finds out:
    its own events are what the policy waits for. Once for an edition.
    """
    with context.store.write() as tx:
        if not clock.take_step(tx, on.id, "told: asks for a sign", now):
            return
    text = (
        "Batches of it are in doubt, and no event has come for long, of these or later ones. If this mail's own events "
        f"come, they are sent again; if not, look at the event webhook, and decide: newsletter send resolve {on.id}"
    )
    testing.try_notice(context, on, subject=f"{on.id} is in doubt still", text=text)
