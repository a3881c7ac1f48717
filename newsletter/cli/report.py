"""`newsletter report`: what became of an edition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.common import EDITION, JSON, open_house, show_json, shown
from newsletter.cli.send import show_status

if TYPE_CHECKING:
    from newsletter.pipeline.context import Context


@click.command()
@EDITION
@JSON
@click.option("--html", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the page to this file.")
@click.option("--link", is_flag=True, help="Say where editors see it on the web, as it is at any time.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="The newsletter's last N editions, one a line.")
def report(edition: str, as_json: bool, file: Path | None, link: bool, last: int | None) -> None:
    """What became of an edition: counts that balance, and what the events told. A newsletter means its latest."""
    from newsletter.errors import MistypedError
    from newsletter.pipeline import judging, outcomes, reporting

    if sum(map(bool, (as_json, file, link))) > 1 or (last and (file or link)):
        raise MistypedError("--json, --html, --link or --last, one of them (--last may have --json)")
    context = open_house()
    if last is not None:
        _trend(context, edition, last, as_json=as_json)
        return
    name = reporting.resolve_name(context, edition)
    judging.judge_edition(context, name)
    if link:
        click.echo(outcomes.link(context, name))
    elif file is not None:
        _write(context, name, file)
    elif as_json:
        show_json(outcomes.document(context, name))
    elif outcomes.was_frozen(context, name):
        _show(context, name)
    else:
        show_status(context, name, as_json=False)


def _show(context: Context, name: str) -> None:
    from newsletter.pipeline import outcomes, reporting
    from newsletter.rendering.report_text import report_lines
    from newsletter.rendering.report_view import report_view

    click.echo(reporting.headline(reporting.standing(context, name)) + "\n")
    newsletter = replace(context.newsletter(name.partition("/")[0]), language="en")  # as every command speaks
    found = outcomes.outcome(context, name)
    click.echo(report_lines(report_view(found, newsletter, context.settings.templates)), nl=False)


def _write(context: Context, name: str, file: Path) -> None:
    from newsletter.pipeline import outcomes
    from newsletter.web.pages import Pages
    from newsletter.web.reports import page_in_one

    newsletter = context.newsletter(name.partition("/")[0])
    pages = Pages(context.settings.templates, organisation=context.organisation, root="")
    file.write_text(page_in_one(context, pages, newsletter, outcomes.outcome(context, name)), encoding="utf-8")
    click.echo(f"wrote {shown(file)}")


def _trend(context: Context, words: str, count: int, *, as_json: bool) -> None:
    from newsletter.pipeline import outcomes
    from newsletter.rendering.report_trend import trend_lines

    newsletter = context.newsletter(words.partition("/")[0])
    found = outcomes.last(context, newsletter.slug, count)
    if as_json:
        show_json({"newsletter": newsletter.slug, "editions": outcomes.documents(found)})
    else:
        click.echo(trend_lines(found, newsletter, context.settings.templates), nl=False)
