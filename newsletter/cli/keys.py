"""`newsletter keys …`: which programs may ask the API, and for what."""

from __future__ import annotations

import click

from newsletter.cli.common import JSON, open_house, show_json

_SCOPES = ("lists:read", "subscribers:read", "subscribers:write", "editions:read", "reports:read")


@click.group()
def keys() -> None:
    """Keys for programs that ask the API (/api/v1), each for what its scopes say."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    required=True,
    help="What it may ask; several times.",
)
def new(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    from newsletter.model import ApiScope
    from newsletter.pipeline import api_keys

    click.echo(api_keys.new(open_house(), name, map(ApiScope, scopes)))
    click.echo("keep it where the program finds it: it is not shown again", err=True)


@keys.command("list")
@JSON
def list_(as_json: bool) -> None:
    """Show the keys, what each may ask, and when it was last used; never the keys themselves."""
    from newsletter.pipeline import api_keys

    found = api_keys.everyone(open_house())
    if as_json:
        show_json(
            [
                {
                    "name": key.name, "scopes": sorted(key.scopes), "created_at": key.created_at,
                    "used_at": key.used_at, "revoked_at": key.revoked_at,
                }
                for key in found
            ]
        )  # fmt: skip
        return
    for key in found:
        used = f"used {key.used_at:%Y-%m-%d}" if key.used_at else "never used"
        said = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else used
        click.echo(f"{key.name:24} {said:20} {' '.join(sorted(key.scopes))}")
    if not found:
        click.echo("no program has a key; `newsletter keys new NAME --scope SCOPE` makes one", err=True)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Take a key back, at once and for good."""
    from newsletter.pipeline import api_keys

    news = api_keys.revoke(open_house(), name)
    click.echo(f"{name} is revoked" if news else f"{name} was revoked already")
