"""`newsletter lists`, `subscribers …`, `suppressions …`: whom we may mail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.common import JSON, open_house, show_json

if TYPE_CHECKING:
    from newsletter.pipeline.importing import ImportReport
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
    """Import, add and remove readers; explain what they got."""


_SOURCE = click.option("--source", default="", help="Where they come from, for the record.")
_BASIS = click.option(
    "--basis",
    type=click.Choice(["express", "implied", "legacy_import"]),
    default="legacy_import",
    show_default=True,
    help="Why we may write to them.",
)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "list_", required=True, help="The list they go on.")
@_SOURCE
@_BASIS
@JSON
def import_(file: Path, list_: str, source: str, basis: str, as_json: bool) -> int:
    """Put the people of a CSV file on a list: a column `email`, and `name` if there is one. 4 where rows were left."""
    from newsletter.pipeline import importing

    report = importing.import_csv(
        open_house(), file, list_, source=source or file.name, basis=basis, progress=_counter()
    )
    if as_json:
        show_json(_import_document(report))
    else:
        _tell_import(report)
    return 4 if report.rejected else 0


def _counter() -> Any:
    if not sys.stderr.isatty():
        return None
    return lambda rows: click.echo(f"\r{rows:,} rows", nl=False, err=True)


def _import_document(report: ImportReport) -> dict[str, Any]:
    return {
        "list": report.list,
        "added": report.added,
        "known": report.known,
        "kept_out": report.kept_out,
        "suppressed": report.suppressed,
        "rejected": [{"line": row.line, "problem": row.problem} for row in report.rejected],
    }


def _tell_import(report: ImportReport) -> None:
    click.echo(f"{report.list}: {report.added:,} added, {report.known:,} were on it already")
    if report.kept_out:
        click.echo(f"  {report.kept_out:,} had left it and stay away")
    if report.suppressed:
        click.echo(f"  {report.suppressed:,} are suppressed and get no mail; see `newsletter suppressions list`")
    for row in report.rejected:
        click.echo(f"  line {row.line}: {row.problem}")
    if report.rejected:
        click.echo(f"  {len(report.rejected):,} {'row was' if len(report.rejected) == 1 else 'rows were'} not taken")


@subscribers.command()
@click.argument("address")
@click.option("--list", "list_", required=True, help="The list they go on.")
@click.option("--name", default="", help="Their name.")
@_SOURCE
@_BASIS
def add(address: str, list_: str, name: str, source: str, basis: str) -> None:
    """Put one person on a list."""
    from newsletter.pipeline import readers

    done = readers.add(open_house(), address, name, list_, source=source or "by hand", basis=basis)
    if done.kept_out:
        click.echo(f"they left {list_} and stay away")
    else:
        click.echo(f"on {list_} now" if done.added else f"on {list_} already")


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
                "events_summed_at": c.summed_at,
            }
            for c in found.copies
        ],
        "gone_until": found.gone_until,
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
        if c.summed_at:
            click.echo(
                f"  its events until {c.summed_at:%Y-%m-%d} are summed and deleted (NEWSLETTER_KEEP_EVENTS_DAYS)"
            )
    if found.gone_until:
        gone = f"{found.gone_until:%Y-%m-%d}"
        click.echo(f"of sends until {gone}, who got them is summed and deleted (NEWSLETTER_KEEP_DELIVERIES_DAYS)")
