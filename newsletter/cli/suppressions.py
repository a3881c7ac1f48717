"""`newsletter suppressions …`: addresses that must not be mailed, and why."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.common import BY, JSON, login, open_house, show_json
from newsletter.cli.people import ENCODING, REPORT, Remarks


@click.group()
def suppressions() -> None:
    """Addresses that must not be mailed, and why."""


@suppressions.command("list")
@click.option("--reason", help="Only those for this reason, such as bounce.")
@JSON
def list_(reason: str | None, as_json: bool) -> None:
    """Show all suppressions; erased people only by the key that is left of them."""
    from newsletter.storage import roster

    context = open_house()
    with context.store.read() as tx:
        rows = [row for row in roster.suppressions(tx) if reason in (None, row[2])]
        people = roster.subscribers(tx, [row[0] for row in rows])
    found = [
        {
            "address": people[key].address if key in people else None,
            "key": f"{key:016x}",
            "scope": scope,
            "reason": why,
            "source": source,
            "since": since,
        }
        for key, scope, why, source, since in rows
    ]
    if as_json:
        show_json(found)
        return
    for row in found:
        click.echo(f"{row['since']:%Y-%m-%d}  {row['reason']:12} {row['scope']:12} {row['address'] or row['key']}")


@suppressions.command("add")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--reason", default="manual", help="In one word.")
def add_(addresses: tuple[str, ...], reason: str) -> None:
    """Suppress addresses on every list, whether they are subscribers or not."""
    from newsletter.pipeline import leaving

    news = leaving.suppress(open_house(), addresses, reason=reason, source="by hand")
    click.echo(f"{news} suppressed, {len(addresses) - news} were already")


@suppressions.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", default="import", help="In one word.")
@ENCODING
@REPORT
def import_them(file: Path, reason: str, encoding: str | None, report_file: Path | None) -> int:
    """Suppress the addresses of a CSV file (a column `email`). 4 where rows were left."""
    from newsletter.pipeline import importing

    remarks = Remarks(everything=False)
    with remarks.also_to(report_file):
        done = importing.suppress_csv(open_house(), file, reason=reason, encoding=encoding, tell=remarks.take)
    click.echo(f"{done.news:,} suppressed, {done.known:,} were already")
    remarks.show_rejected(done.rejected)
    return 4 if done.rejected else 0


@suppressions.command()
@JSON
def pull(as_json: bool) -> int:
    """Suppress here whom SendGrid mails no more: bounces, complaints, invalid addresses, those who left everything.

    4 where addresses of its lists could not be read.
    """
    from newsletter.pipeline import suppressing

    pulled = suppressing.pull(open_house())
    if as_json:
        show_json(
            [
                {"list": p.list, "reason": p.reason, "listed": p.listed, "news": p.news, "unreadable": p.unreadable}
                for p in pulled
            ]
        )
    else:
        for p in pulled:
            unreadable = f", {p.unreadable:,} are no addresses" if p.unreadable else ""
            click.echo(f"{p.list}: {p.listed:,} at SendGrid, {p.news:,} were news here{unreadable}")
    return 4 if any(p.unreadable for p in pulled) else 0


@suppressions.command()
@click.argument("address")
@click.option("--reason", default="", help="What changed, in words; needed where it was its owner's own wish.")
@BY
@JSON
def lift(address: str, reason: str, by: str | None, as_json: bool) -> None:
    """Let an address be mailed again: takes it off SendGrid's lists and ours."""
    from newsletter.pipeline import suppressing

    lifted = suppressing.lift(open_house(), address, why=reason, by=by or login())
    if as_json:
        show_json({"lifted": [{"scope": scope, "reason": why} for scope, why in lifted]})
        return
    for scope, why in lifted:
        click.echo(f"lifted for {scope}: {why}")
    if not lifted:
        click.echo("nothing held it here; at SendGrid it is on no list now")
