"""`newsletter archive …`: what went out, for anybody to read."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.common import JSON, open_house, progress, show_json, shown


@click.group()
def archive() -> None:
    """What went out, for anybody to read: as files for a web server."""


@archive.command("build")
@click.argument("newsletter", metavar="[NEWSLETTER]", required=False)
@click.option("--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Where to; var/archive if left out.")
@JSON
def build_(newsletter: str | None, output: Path | None, as_json: bool) -> None:
    """Write the archive as files; those that are right already are not touched, what was withdrawn is taken away."""
    from newsletter.web.archive import build

    context = open_house()
    folder = output or context.settings.var / "archive"
    built = build.build(context, folder, newsletter, progress=progress("Writing the archive"))
    if as_json:
        counts = {"written": built.written, "same": built.same, "removed": built.removed}
        show_json({"folder": shown(folder / build.SITE), **counts})
        return
    click.echo(
        f"{shown(folder / build.SITE)}: {built.written:,} written, {built.same:,} were right already, "
        f"{built.removed:,} taken away"
    )
    if not context.settings.public:
        click.echo(
            f"its feeds lead to {context.settings.base_url}: set NEWSLETTER_BASE_URL to where readers find the archive",
            err=True,
        )
