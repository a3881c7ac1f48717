"""`newsletter lists`, `subscribers …`, `suppressions …`: whom we may mail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import person
from newsletter.cli.common import JSON, open_house, show_json
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.pipeline.importing import ImportReport


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
@click.option("--confirm", is_flag=True, help="By a letter that asks them to confirm; they are on it once they do.")
def add(address: str, list_: str, name: str, source: str, basis: str, confirm: bool) -> int:
    """Put one person on a list, at once or once they have confirmed by a letter. 4 where they get none."""
    from newsletter.pipeline import readers

    if confirm:
        return _ask(address, list_, name, source)
    done = readers.add(open_house(), address, name, list_, source=source or "by hand", basis=basis)
    if done.kept_out:
        click.echo(f"they left {list_} and stay away")
    else:
        click.echo(f"on {list_} now" if done.added else f"on {list_} already")
    return 0


def _ask(address: str, list_: str, name: str, source: str) -> int:
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import joining, letters
    from newsletter.pipeline.readers import require_list

    context = open_house()
    require_list(context, list_)
    newsletter = next((n for n in context.newsletters.values() if n.list == list_), None)
    if newsletter is None:
        raise UsageError(f"no newsletter goes to {list_} any more, so no letter can ask about it: leave --confirm out")
    source = source or "by hand"
    if not joining.sign_up(context, newsletter, address, name, tracked=False, source=source, wording=""):
        click.echo(
            "no letter: the address is suppressed, or was asked too often today; see `newsletter subscribers explain`"
        )
        return 4
    with sandbox_if_asked(context):
        letters.deliver(context)
    click.echo("a letter asks them to confirm; if it cannot go now, it goes with the clock")
    return 0


@subscribers.command()
@click.argument("newsletter")
def form(newsletter: str) -> None:
    """Print the form to sign up for a newsletter, as HTML to be put into another website."""
    from urllib.parse import urlsplit

    from newsletter.web import joining
    from newsletter.web.pages import Pages

    context = open_house()
    of = context.newsletter(newsletter)
    if not of.sign_up:
        raise UsageError(f"{newsletter} takes no sign-ups: write sign_up = true in its file first")
    settings = context.settings
    pages = Pages(settings.templates, organisation=context.organisation, root=urlsplit(settings.base_url).path)
    click.echo(joining.snippet(pages, of, settings.base_url), nl=False)


@subscribers.command()
@click.argument("address")
@click.option("--list", "list_", help="One list; all of them where it is left out.")
def unsubscribe(address: str, list_: str | None) -> None:
    """Take somebody off a list, or off all of them."""
    from newsletter.pipeline import leaving

    left = leaving.unsubscribe(open_house(), address, list_)
    click.echo(f"taken off {', '.join(left)}" if left else "they were on no such list")


person.add_to(subscribers)
