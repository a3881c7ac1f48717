"""`newsletter events …`: what the mail service told, and what is made of it."""

from __future__ import annotations

import click

from newsletter.cli.common import open_house


@click.group()
def events() -> None:
    """What the mail service told us of our mails."""


@events.command()
@click.argument("edition", required=False)
@click.option("--all", "all_", is_flag=True, help="Every edition whose events are kept, and clicks of our redirect.")
def judge(edition: str | None, all_: bool) -> None:
    """Judge anew who opened and clicked: humans or machines, by the rules as they are now."""
    from newsletter.pipeline import clicking, judging, reporting

    if (edition is None) is not all_:
        raise click.UsageError("name an edition, or ask for --all")
    context = open_house()
    if edition is None:
        found = judging.judge_all(context)
    else:
        name = reporting.resolve_name(context, edition)
        found = iter([(name, judging.judge_edition(context, name))])
    looked_at = changed = 0
    for name, judged in found:
        looked_at, changed = looked_at + judged.events, changed + judged.changed
        if judged.changed or not all_:
            click.echo(f"{name}: {judged.events:,} opens and clicks judged, {judged.changed:,} otherwise than before")
    if all_:
        clicking.relabel(context)  # hits of our redirect follow the same rules
        click.echo(f"{looked_at:,} opens and clicks judged, {changed:,} otherwise than before")
