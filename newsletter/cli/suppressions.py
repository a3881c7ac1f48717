"""`newsletter suppressions …`: addresses that must not be mailed, and why."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.common import JSON, open_house, show_json
from newsletter.cli.people import ENCODING, REPORT, Remarks


@click.group()
def suppressions() -> None:
    """Addresses that must not be mailed, and why."""


@suppressions.command("list")
@JSON
def list_(as_json: bool) -> None:
    """Show all suppressions; erased people only by the key that is left of them."""
    from newsletter.storage import roster

    context = open_house()
    with context.store.read() as tx:
        rows = roster.suppressions(tx)
        people = roster.subscribers(tx, [row[0] for row in rows])
    found = [
        {
            "address": people[key].address if key in people else None,
            "key": f"{key:016x}",
            "scope": scope,
            "reason": reason,
            "source": source,
            "since": since,
        }
        for key, scope, reason, source, since in rows
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
