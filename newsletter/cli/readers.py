"""`newsletter lists`, `subscribers …`: whom we may mail, and why somebody got a mail or did not."""

from __future__ import annotations

import click

from newsletter.cli import people, person
from newsletter.cli.common import JSON, open_house, show_json
from newsletter.errors import UsageError


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


person.add_to(subscribers)
