"""`newsletter link …`: the links of an edition, and a wrong target corrected after it went out."""

from __future__ import annotations

import click

from newsletter.cli.common import BY, EDITION, JSON, YES, ask, login, open_house, show_json


@click.group()
def link() -> None:
    """Show an edition's links with their clicks; let one lead elsewhere."""


@link.command("list")
@EDITION
@JSON
def list_(edition: str, as_json: bool) -> None:
    """Show the links of an edition: code, clicks, place, target, and what it was before."""
    from newsletter.pipeline import retargeting
    from newsletter.pipeline.context import target

    context = open_house()
    found = retargeting.listed(context, target(context, edition, context.clock()))
    if as_json:
        show_json(retargeting.document(found))
        return
    for line in retargeting.in_text(found):
        click.echo(line)


@link.command("change")
@click.argument("code")
@click.argument("url")
@BY
@YES
def change_(code: str, url: str, by: str | None, yes: bool) -> None:
    """Let the link with this CODE lead to URL, in mails that are out too."""
    from newsletter.pipeline import retargeting

    context = open_house()
    planned = retargeting.plan(context, code, url)
    if planned is None:
        click.echo(f"{code} leads there already; nothing was changed")
        return
    of = planned.link
    where = f"{of.role} link {of.number}" + (f" of {of.story}" if of.story else "")
    ask(f"{code}, the {where}, leads to {of.target}.\nIt will lead to  {planned.url}, for every reader.", yes=yes)
    retargeting.change(context, planned, by=by or login())
    click.echo(f"changed: {code} leads to {planned.url}")
