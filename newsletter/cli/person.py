"""`newsletter subscribers explain` and `erase`, and what `add` and `export` do for one person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.common import BY, JSON, YES, ask, login, open_house, show_json
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.model import Consent
    from newsletter.pipeline.readers import Explanation
    from newsletter.storage.events import Copy
    from newsletter.storage.subscriptions import Subscription


def add_to(group: click.Group) -> None:
    """Make them commands of `newsletter subscribers`."""
    for command in (explain, erase):
        group.add_command(command)


@click.command()
@click.argument("address")
@click.argument("edition", required=False)
@JSON
def explain(address: str, edition: str | None, as_json: bool) -> None:
    """Why somebody got an edition, or did not: lists, consent, suppressions, and each copy with its events."""
    from newsletter.pipeline import readers, reporting

    context = open_house()
    name = reporting.resolve_name(context, edition) if edition else None
    found = readers.explain(context, address, name)
    if as_json:
        show_json(_document(found))
    else:
        _tell(found)


def show_own_data(address: str) -> None:
    """Everything that is held about one person, as JSON: what they see on their own page, too."""
    from newsletter.pipeline import readers

    show_json(readers.export(open_house(), address))


def ask_by_letter(address: str, list_: str, name: str, source: str) -> int:
    """Do what the form to sign up does, for somebody else: a letter asks them to confirm. 4 where they get none."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import joining, letters
    from newsletter.pipeline.readers import require_list

    context = open_house()
    require_list(context, list_)
    newsletter = next((n for n in context.newsletters.values() if n.list == list_), None)
    if newsletter is None:
        raise UsageError(f"no newsletter goes to {list_} any more, so no letter can ask about it: leave --confirm out")
    if not joining.sign_up(context, newsletter, address, name, tracked=False, source=source, wording=""):
        click.echo(
            "no letter: the address is suppressed, or was asked too often today; see `newsletter subscribers explain`"
        )
        return 4
    with sandbox_if_asked(context):
        letters.deliver(context)
    click.echo("a letter asks them to confirm; if it cannot go now, it goes with the clock")
    return 0


@click.command()
@click.argument("address")
@BY
@YES
def erase(address: str, by: str | None, yes: bool) -> None:
    """Forget a person for good: address, name, wishes, raw events. A keyed hash keeps the address from being mailed."""
    from newsletter.pipeline import erasing

    context = open_house()
    ask(f"{address} is taken off all lists and forgotten; nothing brings that back, but backups still have it", yes=yes)
    copies = erasing.erase(context, address, by=by or login())
    click.echo(f"erased; {copies:,} {'copy' if copies == 1 else 'copies'} of mails count on without a name")


def _document(found: Explanation) -> dict[str, Any]:
    return {
        "known": found.known,
        "lists": [_place(place) for place in found.subscriptions],
        "consent": [_entry(entry) for entry in found.consent],
        "suppressions": [
            {"scope": scope, "reason": reason, "source": source, "since": since}
            for scope, reason, source, since in found.suppressions
        ],
        "copies": [_copy(copy) for copy in found.copies],
        "gone_until": found.gone_until,
    }


def _place(place: Subscription) -> dict[str, Any]:
    return {
        "list": place.list, "state": place.state, "source": place.source, "basis": place.basis, "until": place.until,
        "paused_until": place.paused_until, "sections": place.sections, "tracked": place.tracked,
        "since": place.since, "changed_at": place.changed_at,
    }  # fmt: skip


def _entry(entry: Consent) -> dict[str, Any]:
    return {
        "at": entry.at, "list": entry.list, "event": entry.event.value,
        "basis": entry.basis.value if entry.basis else "", "until": entry.until, "wording": entry.wording,
        "source": entry.source, "detail": entry.detail,
    }  # fmt: skip


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "edition": copy.edition, "list": copy.list, "kind": copy.kind, "outcome": copy.outcome or copy.batch_state,
        "reason": copy.reason, "batch": copy.batch, "attempts": copy.attempts, "receipt": copy.receipt,
        "delivery_id": copy.delivery,
        "events": [{"at": at, "kind": kind, "detail": detail} for at, kind, detail in copy.events],
        "events_summed_at": copy.summed_at,
    }  # fmt: skip


def _tell(found: Explanation) -> None:
    from newsletter.audience.reasons import in_words

    if not found.known:
        click.echo("nobody with this address is known here")
    for place in found.subscriptions:
        click.echo(_standing(place))
    for entry in found.consent:
        click.echo(_said(entry))
    for scope, reason, source, since in found.suppressions:
        click.echo(f"suppressed for {scope} since {since:%Y-%m-%d}: {in_words('suppressed:' + reason)} ({source})")
    for c in found.copies:
        why = f"{c.outcome}: {in_words(c.reason)}" if c.outcome else (c.batch_state or "no batch")
        batch = f", batch {c.batch}, attempt {c.attempts}, receipt {c.receipt or 'none'}" if c.batch else ""
        click.echo(f"{c.edition} ({c.kind}): {why}{batch}")
        for at, kind, detail in c.events:
            click.echo(f"  {at:%Y-%m-%d %H:%M:%S} UTC  {kind}  {detail}".rstrip())
        if c.summed_at:
            click.echo(
                f"  its events until {c.summed_at:%Y-%m-%d} are summed and deleted (NEWSLETTER_KEEP_EVENTS_DAYS)"
            )
    if found.gone_until:
        gone = f"{found.gone_until:%Y-%m-%d}"
        click.echo(f"of sends until {gone}, who got them is summed and deleted (NEWSLETTER_KEEP_DELIVERIES_DAYS)")


def _standing(place: Subscription) -> str:
    """`list daily: active since 2026-05-04 10:30 UTC (the fair); basis implied until 2027-05-04; …`."""
    source = f" ({place.source})" if place.source else ""
    parts = [f"list {place.list}: {place.state} since {_minute(place.changed_at)}{source}"]
    until = f" until {place.until:%Y-%m-%d}" if place.until else ""
    parts.append(f"basis {place.basis or 'not known'}{until}")
    if place.paused_until:
        parts.append(f"paused until {_minute(place.paused_until)}")
    if place.sections is not None:
        parts.append(f"sections {', '.join(place.sections)}")
    if place.tracked:
        parts.append("may be seen opening and clicking")
    return "; ".join(parts)


def _said(entry: Consent) -> str:
    until = f" until {entry.until:%Y-%m-%d}" if entry.until else ""
    basis = f" ({entry.basis.value}{until})" if entry.basis else ""
    detail = f": {entry.detail}" if entry.detail else ""
    return f"{_minute(entry.at)}  {entry.list}: {entry.event}{basis}{detail}; {entry.source or 'source not known'}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
