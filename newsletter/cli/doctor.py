"""`newsletter doctor`: looks at everything an installation needs, and says what to do."""

from __future__ import annotations

import click

from newsletter.cli.common import JSON, set_up_log, show_json


@click.command()
@JSON
def doctor(as_json: bool) -> int:
    """Look at settings, keys, database, clock, disk, SendGrid, web and DNS; 1 where something fails.

    It changes nothing, and what cannot be looked at (without a network) is said so and is no failure.
    """
    from newsletter.errors import ConfigError
    from newsletter.operators.dns import lookup
    from newsletter.pipeline import doctor as of
    from newsletter.services import utc_now
    from newsletter.settings import load_settings

    try:
        settings = load_settings()
    except ConfigError as error:
        checks = of.unreadable(error)
    else:
        set_up_log(settings, quiet=True)
        checks = of.examine(settings, clock=utc_now, look=lookup())
    if as_json:
        show_json(
            [
                {"check": check.name, "health": check.health.value, "found": check.found, "cure": check.cure}
                for check in checks
            ]
        )
    else:
        for check in checks:
            click.echo(f"{check.health.value:<15}  {check.name}: {check.found}")
            if check.cure:
                click.echo(f"{'':<15}  → {check.cure}")
    return 0 if of.healthy(checks) else 1
