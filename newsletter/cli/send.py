"""`newsletter send …`: mail goes out, and what is done about it while it does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.common import (
    BY,
    CONFIRM_COUNT,
    EDITION,
    JSON,
    YES,
    ask,
    exit_code,
    login,
    open_house,
    progress,
    show_json,
    stopping,
)
from newsletter.cli.correction import correction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter.pipeline.context import Context, Target


@click.group()
def send() -> None:
    """Send tests and editions; pause, resume, cancel, resolve."""


send.add_command(correction)


@send.command()
@EDITION
@click.option("--to", multiple=True, metavar="ADDRESS", help="Instead of the newsletter's editors; may be repeated.")
@click.option("--correction", "story", metavar="STORY", help="Test the mail that corrects EDITION with this story.")
@JSON
def test(edition: str, to: tuple[str, ...], story: str | None, as_json: bool) -> int:
    """Send editors what would go, or what is frozen: the same bytes, with links that do nothing."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import correcting, testing
    from newsletter.pipeline.context import target
    from newsletter.tracking import report_document

    context = open_house()
    case = correcting.find(context, edition, story) if story else None
    on = case.target if case else target(context, edition, context.clock())
    with sandbox_if_asked(context):
        report = correcting.send_test(context, case, to=to) if case else testing.send_test(context, on, to=to)
    if as_json:
        show_json({"edition": on.id, "sends": [report_document(report)]})
    else:
        click.echo(f"test of {on.id}: {report.accepted} of {report.candidates} accepted")
    return exit_code(report)


@send.command()
@EDITION
@click.option("--few", is_flag=True, help="Go with fewer stories than the newsletter's minimum.")
@CONFIRM_COUNT
@BY
@YES
@JSON
def now(edition: str, few: bool, confirm_count: int | None, by: str | None, yes: bool, as_json: bool) -> int:
    """Send an edition: proof and freeze it if it is open, resume it if it was interrupted."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import sending
    from newsletter.pipeline.context import target

    context = open_house()
    on = target(context, edition, context.clock())
    on = on.with_few() if few else on
    send_id = _begun(context, on, confirm_count, by or login(), yes=yes)
    if send_id is None:
        show_status(context, on.id, as_json=as_json)
        return _standing_code(context, on)
    with sandbox_if_asked(context), stopping() as stop:
        report = sending.run(
            context, send_id, stop=stop, progress=progress(f"Sending {on.id}"), wait=waiting(context, on.id)
        )
    show_status(context, on.id, as_json=as_json)
    if report.state == "paused":
        click.echo(f"paused; after the cure: newsletter send resume {on.id}", err=True)
    return exit_code(report)


def _begun(context: Context, on: Target, confirmed: int | None, by: str, *, yes: bool) -> int | None:
    """The send to carry on with, begun if need be; None where there is nothing to send any more."""
    from newsletter.model import EditionState
    from newsletter.pipeline import freezing, guards, planning, preparing, reporting, sending

    state = freezing.standing(context, on)
    if state in (EditionState.SENT, EditionState.PARTIAL, EditionState.CANCELLED):
        click.echo(f"{on.id} is {state.value} already; nothing was sent", err=True)
        return None
    if state is EditionState.SENDING:
        return sending.resume_interrupted(context, on.id)
    with context.store.read() as tx:
        guards.check_live_send(context, tx)
    fresh = state not in (EditionState.FROZEN, EditionState.SIGNED_OFF)
    if fresh:
        preparing.prepare(context, on, context.clock())  # what stops it is told before the question
    what = planning.in_brief(planning.plan(context, on, context.clock())) if fresh else reporting.in_brief(context, on)
    ask(f"Sends {what}", yes=yes)
    if fresh:
        freezing.freeze(context, on, by=by, at=context.clock(), confirmed=confirmed)
    freezing.require_ready(context, on, by=by)
    return sending.start(context, on.id, by=by)


def _standing_code(context: Context, on: Target) -> int:
    from newsletter.model import EditionState
    from newsletter.pipeline import freezing

    return {EditionState.SENT: 0, EditionState.PARTIAL: 4}.get(freezing.standing(context, on), 1)


def waiting(context: Context, name: str) -> Callable[[datetime], None]:
    """Says until when the rest waits for its canary, in the newsletter's zone."""
    zone = context.newsletter(name.partition("/")[0]).zone

    def say(until: datetime) -> None:
        at = f"{until.astimezone(zone):%H:%M} ({zone.key})"
        under_the_bar = "\n" if sys.stderr.isatty() else ""
        word = f"newsletter send resume {name}"
        click.echo(f"{under_the_bar}the canary has gone; the rest waits until {at}, or for: {word}", err=True)

    return say


@send.command()
@click.argument("edition", required=False)
@click.option("--all", "every", is_flag=True, help="Every edition.")
@JSON
def status(edition: str | None, every: bool, as_json: bool) -> None:
    """Where an edition stands, in numbers that balance. A newsletter means its latest edition."""
    from newsletter.errors import MistypedError
    from newsletter.pipeline import reporting
    from newsletter.tracking import report_table

    context = open_house()
    if edition is not None and not every:
        show_status(context, edition, as_json=as_json)
        return
    if not every:
        raise MistypedError("name an edition or a newsletter, or say --all")
    found = reporting.everything(context)
    if as_json:
        show_json({"editions": [reporting.document(standing) for standing in found]})
        return
    for standing in found:
        click.echo(reporting.headline(standing))
        for report in standing.sends:
            click.echo(report_table(report) + "\n" if report.list else reporting.to_editors(report))


def show_status(context: Context, edition: str, *, as_json: bool) -> None:
    """Print where an edition stands."""
    from newsletter.pipeline import reporting
    from newsletter.tracking import report_table

    standing = reporting.standing(context, edition)
    if as_json:
        show_json(reporting.document(standing))
        return
    click.echo(reporting.headline(standing))
    for report in standing.sends:
        click.echo("\n" + report_table(report) if report.list else reporting.to_editors(report))


@send.command()
@EDITION
@click.option("--reason", default="by hand", help="Why, for the others.")
def pause(edition: str, reason: str) -> None:
    """Claim no more batches; what is in flight is finished."""
    from newsletter.pipeline import reporting, sending

    context = open_house()
    name = reporting.resolve_name(context, edition)
    sending.pause(context, name, reason=reason)
    click.echo(f"{name} is paused; newsletter send resume {name}")


@send.command()
@EDITION
@JSON
def resume(edition: str, as_json: bool) -> int:
    """Let a paused or interrupted send go on."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.pipeline import reporting, sending

    context = open_house()
    name = reporting.resolve_name(context, edition)
    send_id = sending.resume(context, name)
    with sandbox_if_asked(context), stopping() as stop:
        report = sending.run(
            context, send_id, stop=stop, progress=progress(f"Sending {name}"), wait=waiting(context, name)
        )
    show_status(context, name, as_json=as_json)
    return exit_code(report)


@send.command()
@EDITION
@BY
@YES
def cancel(edition: str, by: str | None, yes: bool) -> None:
    """Stop a send for good; what is in flight is finished."""
    from newsletter.pipeline import reporting, sending

    context = open_house()
    name = reporting.resolve_name(context, edition)
    ask(f"Cancels {name} for everybody whose batch has not begun", yes=yes)
    readers = sending.cancel(context, name, by=by or login())
    click.echo(f"{name} is cancelled: {readers:,} readers do not get it")


@send.command()
@EDITION
@click.argument("numbers", metavar="[BATCH]...", nargs=-1, type=int)
@click.option("--resend", is_flag=True, help="Send again what has no evidence of acceptance.")
@click.option("--accept", is_flag=True, help="Take as accepted.")
@BY
@YES
@JSON
def resolve(
    edition: str, numbers: tuple[int, ...], resend: bool, accept: bool, by: str | None, yes: bool, as_json: bool
) -> int:
    """Show the batches in doubt with their evidence, or decide over all of them or those numbered."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.errors import MistypedError
    from newsletter.pipeline import doubts, reporting, sending

    if resend and accept:
        raise MistypedError("--resend or --accept, not both")
    context = open_house()
    name = reporting.resolve_name(context, edition)
    found = doubts.listed(context, name, numbers)
    if not found or not (resend or accept):
        return _show_doubts(context, name, found, as_json=as_json)
    readers = sum(item.readers for item in found)
    verb = "Sends again" if resend else "Takes as accepted"
    ask(f"{verb} {len(found)} {'batch' if len(found) == 1 else 'batches'} of {name} with {readers:,} readers", yes=yes)
    done = doubts.resolve(context, name, accept=accept, by=by or login(), numbers=numbers)
    for number in done.left:
        click.echo(f"batch {number}: events prove that it was accepted; it is not sent again", err=True)
    code = 0
    if done.resent:
        with sandbox_if_asked(context), stopping() as stop:
            code = exit_code(sending.run(context, done.send_id, stop=stop))
    show_status(context, name, as_json=as_json)
    return 4 if doubts.listed(context, name) else code


def _show_doubts(context: Context, name: str, found: Any, *, as_json: bool) -> int:
    from newsletter.pipeline import doubts

    now = context.clock()
    if as_json:
        show_json(doubts.whole(context, name, found, now))
    elif not found:
        click.echo(f"{name} has no batch in doubt")
    else:
        for line in doubts.in_words(found, doubts.others(context, name, found), now):
            click.echo(line)
        click.echo(f"Decide: newsletter send resolve {name} --resend (or --accept) [BATCH...]")
    return 4 if found else 0


@send.command("confirm-restore")
@YES
def confirm_restore(yes: bool) -> None:
    """Say that a database restored from a backup may send again."""
    from newsletter.pipeline import guards

    context = open_house()
    ask("Lets this database send again, though it may not know of what went out since its backup", yes=yes)
    click.echo(f"the ledger counts on from {guards.confirm_restore(context)}")
