"""`newsletter lists`, `subscribers …`: whom we may mail, and why somebody got a mail or did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import people
from newsletter.cli.common import JSON, open_house, show_json

if TYPE_CHECKING:
    from newsletter.pipeline.readers import Explanation


@click.command()
@JSON
def lists(as_json: bool) -> None:
    """Show the lists and how many readers each has."""
    from newsletter.storage import roster

    context = open_house()
    with context.store.read() as tx:
        found = {row.slug: (row.title, row.active) for row in roster.lists(tx)}
    for newsletter in context.newsletters.values():
        found.setdefault(newsletter.list, (newsletter.title, 0))
    if as_json:
        show_json([{"list": slug, "title": title, "active": n} for slug, (title, n) in sorted(found.items())])
        return
    for slug, (title, active) in sorted(found.items()):
        click.echo(f"{active:>12,}  {slug:20} {title}")


@click.group()
def subscribers() -> None:
    """Import, add, export and remove readers; explain what they got."""


for _command in (people.import_, people.add, people.export):
    subscribers.add_command(_command)


@subscribers.command()
@click.argument("address")
@click.option("--list", "list_", help="One list; all of them where it is left out.")
def unsubscribe(address: str, list_: str | None) -> None:
    """Take somebody off a list, or off all of them."""
    from newsletter.pipeline import leaving

    left = leaving.unsubscribe(open_house(), address, list_)
    click.echo(f"taken off {', '.join(left)}" if left else "they were on no such list")


@subscribers.command()
@click.argument("address")
@click.argument("edition", required=False)
@JSON
def explain(address: str, edition: str | None, as_json: bool) -> None:
    """Why somebody got an edition, or did not: lists, suppressions, and each copy with its events."""
    from newsletter.pipeline import readers, reporting

    context = open_house()
    name = reporting.resolve_name(context, edition) if edition else None
    found = readers.explain(context, address, name)
    if as_json:
        show_json(_explanation_document(found))
    else:
        _tell_explanation(found)


def _explanation_document(found: Explanation) -> dict[str, Any]:
    return {
        "known": found.known,
        "lists": [
            {"list": m.list, "state": m.state, "source": m.source, "since": m.since, "changed_at": m.changed_at}
            for m in found.memberships
        ],
        "suppressions": [
            {"scope": scope, "reason": reason, "source": source, "since": since}
            for scope, reason, source, since in found.suppressions
        ],
        "copies": [
            {
                "edition": c.edition,
                "list": c.list,
                "kind": c.kind,
                "outcome": c.outcome or c.batch_state,
                "reason": c.reason,
                "batch": c.batch,
                "attempts": c.attempts,
                "receipt": c.receipt,
                "delivery_id": c.delivery,
                "events": [{"at": at, "kind": kind, "detail": detail} for at, kind, detail in c.events],
            }
            for c in found.copies
        ],
    }


def _tell_explanation(found: Explanation) -> None:
    from newsletter.audience.reasons import in_words

    if not found.known:
        click.echo("nobody with this address is known here")
    for m in found.memberships:
        click.echo(f"list {m.list}: {m.state} since {m.changed_at:%Y-%m-%d %H:%M} UTC ({m.source})")
    for scope, reason, source, since in found.suppressions:
        click.echo(f"suppressed for {scope} since {since:%Y-%m-%d}: {in_words('suppressed:' + reason)} ({source})")
    for c in found.copies:
        why = f"{c.outcome}: {in_words(c.reason)}" if c.outcome else (c.batch_state or "no batch")
        batch = f", batch {c.batch}, attempt {c.attempts}, receipt {c.receipt or 'none'}" if c.batch else ""
        click.echo(f"{c.edition} ({c.kind}): {why}{batch}")
        for at, kind, detail in c.events:
            click.echo(f"  {at:%Y-%m-%d %H:%M:%S} UTC  {kind}  {detail}".rstrip())
