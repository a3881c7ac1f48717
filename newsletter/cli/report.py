"""`newsletter report`: what became of an edition."""

from __future__ import annotations

import click

from newsletter.cli.common import EDITION, JSON, open_house
from newsletter.cli.send import show_status


@click.command()
@EDITION
@JSON
def report(edition: str, as_json: bool) -> None:
    """What became of an edition: counts that balance, and what the events told. A newsletter means its latest."""
    show_status(open_house(), edition, as_json=as_json)
