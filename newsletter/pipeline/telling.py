"""What the clock tells of an edition, once: editors by a notice, and operators by an alert where it is theirs.

Whoever is both gets the alert alone: it says the same, and what to do.
"""

from __future__ import annotations

from newsletter.errors import ConfigError, GatewayError, NewsletterError, RenderError, StoreError
from newsletter.model import Action, ActionKind, AlertKind
from newsletter.pipeline import alerts, testing
from newsletter.pipeline.context import Context, target
from newsletter.storage import clock as ledger_clock


def tell_once(context: Context, edition: str, news: str, *, text: str, kind: AlertKind | None = None) -> None:
    """A notice to the editors, once for an edition and piece of news (a few words: "is paused"); with a `kind`, an
    alert too. Both come again only after `alerts.rearm`.
    """
    if kind is not None:
        alerts.alert(context, kind, about=edition, text=text)
    # Under NOT_DONE come many things that failed: editors are told of each.
    step = f"told: {news}" if kind in (None, AlertKind.NOT_DONE) else alerts.step(kind)
    with context.store.write() as tx:
        if not ledger_clock.take_step(tx, edition, step, context.clock()):
            return
    testing.try_notice(
        context,
        target(context, edition, context.clock()),
        subject=f"{edition} {news}",
        text=text,
        besides=context.settings.alert_to if kind is not None else (),
    )


_ONCE = dict.fromkeys(
    (ActionKind.REMIND, ActionKind.DRAFT_TEST, ActionKind.FROZEN_TEST, ActionKind.REPORT),
    "It is not tried again; the edition itself goes on.",
)
"""What is said of actions that are a step of the clock, taken once whatever comes of it."""

_OPERATORS = (ConfigError, StoreError, GatewayError, RenderError)
"""Faults that editors cannot mend."""


def tell_failure(context: Context, action: Action, error: NewsletterError) -> None:
    """Something that was due could not be done: to the editors, and to operators where they must mend it."""
    after = _ONCE.get(action.kind, "It is tried again until it works, or until it is too late.")
    tell_once(
        context,
        action.edition,
        f"{action.kind.value} failed",
        text=f"{error}\n\n{after}",
        kind=AlertKind.NOT_DONE if isinstance(error, _OPERATORS) else None,
    )
