"""`newsletter story …`: editors and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.common import BY, JSON, login, open_house, show_json, shown

if TYPE_CHECKING:
    from newsletter.errors import Fault
    from newsletter.model import Story
    from newsletter.pipeline.desk import Import
    from newsletter.stories.load import Desk


@click.group()
def story() -> None:
    """Make, import, check and approve stories."""


@story.command()
@click.argument("headline")
@click.option("--section", required=True, help="One of the newsletters' sections, by its slug.")
@click.option("--author", help="Who writes it; your login name where it is left out.")
def new(headline: str, section: str, author: str | None) -> None:
    """Make a draft with the form of a story."""
    from newsletter.pipeline import desk

    path = desk.new(open_house(), headline, section, author=author or login())
    click.echo(f"{shown(path)}\nWrite it, then: newsletter story check {path.stem}")


@story.command("list")
@click.option("--status", help="Only stories that stand so: draft, ready, approved, killed …")
@JSON
def list_(status: str | None, as_json: bool) -> int:
    """Show every story and where it stands; files that cannot be read, with their faults. 1 where there are any."""
    found = _desk()
    stories = [item for item in found.stories if status in (None, item.status.value, item.standing.value)]
    if as_json:
        show_json(_list_document(found, stories))
    else:
        # in one piece: of ten thousand, click would ask the terminal ten thousand times what it can show
        lines = (
            f"{item.standing.value:24} {item.section:16} {item.slug}\n{'':24} {item.headline}\n" for item in stories
        )
        click.echo("".join(lines), nl=False)
        for fault in found.faults:
            click.echo(str(fault), err=True)
        click.echo(f"{len(stories)} stories, {len(found.broken)} files with faults", err=True)
    return 1 if found.broken else 0


def _desk() -> Desk:
    """All story files; no ledger is opened for them, which takes as long as reading thousands."""
    from newsletter.cli.common import set_up_log
    from newsletter.settings import load_organisation, load_settings
    from newsletter.stories.load import load_stories

    settings = load_settings()
    set_up_log(settings, quiet=True)
    organisation = load_organisation(settings.content)
    return load_stories(settings.content, organisation, cache=settings.story_cache)


def _list_document(found: Desk, stories: list[Story]) -> dict[str, Any]:
    return {
        "stories": [
            {
                "slug": item.slug,
                "path": item.path,
                "headline": item.headline,
                "section": item.section,
                "standing": item.standing.value,
                "priority": item.priority,
                "go_live": item.go_live,
                "expires": item.expires,
                "approved_by": item.approval.by if item.approval else None,
            }
            for item in stories
        ],
        "faults": [{"path": f.path, "line": f.line, "problem": f.problem} for f in found.faults],
    }


@story.command()
@click.argument("names", metavar="[STORY]...", nargs=-1)
@click.option("--links", "ask_links", is_flag=True, help="Ask each link too, for a minute at most.")
@JSON
def check(names: tuple[str, ...], ask_links: bool, as_json: bool) -> int:
    """Check stories before approval; all, and sheets, sponsors and calendar, where none is named. 1 where one stops."""
    from newsletter.errors import ContentError
    from newsletter.model import Level
    from newsletter.pipeline import composing, desk, gathering, proofing
    from newsletter.stories.load import Desk

    context = open_house()
    found = Desk(stories=tuple(desk.find(context, name) for name in names)) if names else gathering.read_desk(context)
    stories, faults = found.stories, found.faults
    if not names:
        faults += gathering.supply_faults(context)
    findings = desk.findings(context, stories, context.clock())
    findings += proofing.ask_stories(context, stories) if ask_links else ()
    if as_json:
        show_json([*map(composing.finding_document, findings), *map(_fault, faults)])
    else:
        for finding in findings:
            click.echo(f"{finding.level.value:5} {finding.where}: {finding.problem}")
        click.echo(f"stories checked: {len(stories)}, findings: {len(findings)}", err=True)
        if faults:
            raise ContentError(faults)
    return 1 if faults or any(f.level is Level.STOP for f in findings) else 0


def _fault(fault: Fault) -> dict[str, str]:
    where = f"{fault.path}:{fault.line}" if fault.line else fault.path
    return {"check": "file", "level": "stop", "where": where, "problem": fault.problem}


@story.command()
@click.argument("names", metavar="STORY...", nargs=-1, required=True)
@BY
def approve(names: tuple[str, ...], by: str | None) -> None:
    """Seal stories as they are now: an edit afterwards breaks the seal."""
    from newsletter.pipeline import desk

    context = open_house()
    for name in names:
        done = desk.approve(context, name, by=by or login())
        click.echo(f"{done.path}: approved by {by or login()}, {done.digest[:23]}…")


@story.command()
@click.argument("names", metavar="STORY...", nargs=-1, required=True)
@BY
def revoke(names: tuple[str, ...], by: str | None) -> None:
    """Take approvals back: the stories are ready again and do not go out."""
    from newsletter.pipeline import desk

    context = open_house()
    for name in names:
        click.echo(f"{desk.revoke(context, name, by=by or login()).path}: no longer approved")


@story.command()
@click.argument("names", metavar="STORY...", nargs=-1, required=True)
@BY
def kill(names: tuple[str, ...], by: str | None) -> None:
    """Mark stories as killed: they never go out, and a frozen edition that holds one is held."""
    from newsletter.pipeline import desk

    context = open_house()
    for name in names:
        click.echo(f"{desk.kill(context, name, by=by or login()).path}: killed")


@story.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--section", help="The section of the new stories; by the label over the text where it is left out.")
@click.option("--again", is_flag=True, help="Write a story once more that was imported before.")
@click.option("--multi", is_flag=True, help="Begin a story at each line that can be a headline.")
@JSON
def import_(files: tuple[Path, ...], section: str | None, again: bool, multi: bool, as_json: bool) -> None:
    """Make drafts from a text, a web page, a mail, Markdown or a Word file. Never overwrites, never approves."""
    from newsletter.pipeline import desk
    from newsletter.stories.importing import import_report

    context = open_house()
    reports: list[dict[str, Any]] = []
    written = False
    for file in files:
        done = desk.import_file(context, file, section=section, again=again, multi=multi)
        if as_json:
            reports.append(import_report(done.imported, done.paths))
            continue
        _show_import(file, done)
        written = written or any(done.paths)
    if written:
        click.echo("Look at each draft, then: newsletter story approve STORY --by NAME", err=True)
    if as_json:
        show_json(reports[0] if len(reports) == 1 else _together(files, reports))


def _show_import(file: Path, done: Import) -> None:
    """The report as text. Of a file that gave no new story, only which they are: the rest was told before."""
    for path, draft in zip(done.paths, done.imported.stories, strict=True):
        click.echo(f"{path or '(not written)'}: {draft.headline or 'no headline found'}")
    for words in done.known:
        click.echo(f"  {words}")
    if not any(done.paths):
        return
    if dropped := done.imported.dropped:
        click.echo(f"  left out of {file}: {len(dropped)}")
        for line in dropped:
            click.echo(f"    {_at(done.imported.unit, line.line)}{_short(line.text)}")
    if warnings := done.imported.warnings:
        click.echo(f"  to look at in {file}: {len(warnings)}")
        for warning in warnings:
            click.echo(f"    {_at(done.imported.unit, warning.line)}{warning.message}")


def _at(unit: str, number: int) -> str:
    return f"{unit} {number}: " if number else ""


def _short(text: str) -> str:
    """A part of a page may be long; `--json` has all of it."""
    return text if len(text) <= 120 else text[:119] + "…"


def _together(files: tuple[Path, ...], reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The reports of several files in the shape of one; what was left out or doubted says in which file."""
    return {
        "stories": [story for report in reports for story in report["stories"]],
        **{
            name: [
                {"file": str(file), **entry}
                for file, report in zip(files, reports, strict=True)
                for entry in report[name]
            ]
            for name in ("dropped", "warnings")
        },
    }
