"""The tree of commands, and what an error looks like to the person who typed one."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys

import click

from newsletter.errors import NewsletterError

_COMMANDS = {
    "story": ("newsletter.cli.story:story", "Make, import, check and approve stories."),
    "edition": ("newsletter.cli.edition:edition", "See, proof, freeze and sign off editions."),
    "send": ("newsletter.cli.send:send", "Send tests and editions; pause, resume, cancel, resolve."),
    "link": ("newsletter.cli.link:link", "Show an edition's links with their clicks; let one lead elsewhere."),
    "lists": ("newsletter.cli.readers:lists", "Show the lists and how many readers each has."),
    "subscribers": (
        "newsletter.cli.readers:subscribers",
        "Import, add, export and remove readers; explain what they got.",
    ),
    "suppressions": ("newsletter.cli.suppressions:suppressions", "Addresses that must not be mailed, and why."),
    "events": ("newsletter.cli.events:events", "Judge anew whether humans or machines opened and clicked."),
    "report": ("newsletter.cli.report:report", "What became of an edition, in numbers that balance."),
    "archive": ("newsletter.cli.archive:archive", "What went out, as files for a web server."),
    "keys": ("newsletter.cli.keys:keys", "Which programs may ask the API, and for what."),
    "tick": ("newsletter.cli.run:tick", "Do once what the clock says is due."),
    "worker": ("newsletter.cli.run:worker", "Run batches of live sends, on as many machines as you like."),
    "serve": ("newsletter.cli.run:serve", "Serve the event webhook and the readers' pages."),
    "sandbox": ("newsletter.cli.run:sandbox", "A SendGrid on this machine, with an inbox to read."),
    "demo": ("newsletter.cli.demo:demo", "Take the samples through the whole job, to the sandbox."),
    "doctor": ("newsletter.cli.doctor:doctor", "Look whether everything is well, and say what to do."),
    "db": ("newsletter.cli.run:db", "Upgrade the database."),
}


class _Lazy(click.Group):
    """Commands by name, imported when they are called: the list of them costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="newsletter")
def _newsletter() -> None:
    """Story files become an edition; an edition becomes a mail that arrives once, and is accounted for."""


def main() -> None:
    """Run a command and exit: 0 done, 1 not done, 2 wrong usage, 3 somebody else is doing it, 4 partly done."""
    gc.set_threshold(100_000)  # most of a command is loading modules: looking for garbage among them costs 0.1 s
    sys.exit(_run())


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of Latin-1 has no curly quotes
    try:
        code = _newsletter(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing more was done", err=True)
        return 1
    except Exception as error:  # noqa: BLE001  whatever it is, a person gets words; the traceback is for the log
        return _told(error)
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int:
    """Say what went wrong; gives the exit code."""
    match error:
        case NewsletterError():
            click.echo(str(error), err=True)
            return error.exit_code
        case BrokenPipeError():  # `… | head`: the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"{where}{error.strerror or error}", err=True)
            return 1
    return _fault(error)


def _fault(error: Exception) -> int:
    from newsletter.cli.common import log_fault

    log_fault(error)
    click.echo(
        f"this is a fault of the program, not of yours ({type(error).__name__}: {error}). "
        "Run it again with NEWSLETTER_LOG=debug and report what it prints",
        err=True,
    )
    return 1
