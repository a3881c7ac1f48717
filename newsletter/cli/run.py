"""`newsletter tick`, `serve`, `sandbox`, `db …`: what runs by itself, and the machine's own affairs."""

from __future__ import annotations

import click

from newsletter.cli.common import JSON, NOW, open_house, show_json, stopping, when

PORT = click.IntRange(0, 65535)
"""0 takes a free one."""


@click.command()
@NOW
@JSON
def tick(moment: str | None, as_json: bool) -> int:
    """Do once what the clock says is due; with --now only tell what would be. 4 where something was not done."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import clock, heartbeat, watching

    context = open_house(quiet=moment is not None)
    if moment is not None:
        done = tuple(clock.Done(action=action) for action in clock.due(context, when(context, moment)))
    else:
        with sandbox_if_asked(context):
            done = clock.tick(context)
            watching.Watch(context).look()
            heartbeat.end(context)  # one tick is no clock whose silence would be an alarm
    if as_json:
        show_json(
            [
                {
                    "edition": d.action.edition,
                    "action": d.action.kind.value,
                    "planned_at": d.action.planned_at,
                    "reason": d.action.reason,
                    "late": d.action.late,
                    "problem": d.problem,
                }
                for d in done
            ]
        )
    else:
        for d in done:
            click.echo(f"{d.action.edition}: {d.action.kind.value} ({d.action.reason}) {d.problem}".rstrip())
        if not done:
            click.echo("nothing is due")
    return 4 if any(d.problem for d in done) else 0


@click.command()
def worker() -> None:
    """Run batches of live sends from the queue in PostgreSQL, until SIGTERM or Ctrl-C; those in hand are finished."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.errors import ConfigError
    from newsletter.pipeline import working

    context = open_house(quiet=False)
    if context.settings.queue != "workers":
        raise ConfigError(
            "NEWSLETTER_QUEUE is not set to workers, so nobody would give this worker anything to do: set it here and "
            "where scheduler.py runs"
        )
    with sandbox_if_asked(context), stopping() as stop:
        working.work(context, stop=stop)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=PORT)
def serve(host: str, port: int) -> None:
    """Serve the event webhook, the pages to join and to leave, and pictures; send letters to readers."""
    from newsletter.web import server

    server.serve(open_house(quiet=False), host=host, port=port)


@click.command()
@click.option("--port", default=8025, show_default=True, type=PORT)
@click.option("--alone", is_flag=True, help="Without the web app that takes its events and serves the mails' links.")
@click.option("--accept-only", is_flag=True, help="Check, count and answer only: no mails, no events.")
def sandbox(port: int, alone: bool, accept_only: bool) -> None:
    """Run a SendGrid on this machine: it takes mail, shows an inbox in the browser, and posts signed events.

    Where nobody serves at NEWSLETTER_BASE_URL's port yet, the web app runs beside it, so that links work.
    """
    from newsletter.cli.local import web_if_free, web_port
    from newsletter.settings import load_settings

    if alone or accept_only:
        web = f"http://127.0.0.1:{web_port(load_settings().base_url)}"
        _sandbox(port, None if accept_only else web, accept_only=accept_only)
        return
    with web_if_free(open_house()) as web:
        _sandbox(port, web, accept_only=False)


def _sandbox(port: int, web: str | None, *, accept_only: bool) -> None:
    from newsletter.errors import ConfigError
    from newsletter.sandbox import Sandbox, SandboxError
    from newsletter.settings import load_settings

    folder = load_settings().var / "sandbox"
    hook = web and f"{web}/hooks/sendgrid"
    try:
        with stopping() as stop, Sandbox(folder, port=port, webhook_url=hook, accept_only=accept_only):
            stop.wait()
    except SandboxError as error:
        raise ConfigError(str(error)) from error


@click.group()
def db() -> None:
    """The database's own affairs."""


@db.command()
def upgrade() -> None:
    """Bring the tables to this version of the program."""
    from newsletter.services import utc_now
    from newsletter.settings import load_settings
    from newsletter.storage import Store, schema

    settings = load_settings()
    store = Store(settings.database_url)
    schema.upgrade(store, utc_now())
    if settings.queue == "workers":
        from newsletter.pipeline import queueing

        queueing.make(store)
    store.close()
    click.echo(f"the database has schema {schema.HEAD}")
