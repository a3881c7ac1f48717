"""`newsletter send correction`: what was wrong is put right, to those who got it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.common import (
    BY,
    EDITION,
    JSON,
    YES,
    ask,
    exit_code,
    login,
    open_house,
    progress,
    show_json,
    shown,
    stopping,
)

if TYPE_CHECKING:
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.correcting import Case


@click.command()
@EDITION
@click.option("--story", required=True, metavar="STORY", help="The story that corrects another by its `corrects`.")
@click.option("--preview", is_flag=True, help="Only show it: files to look at, and whom it would go to.")
@click.option("--confirm-count", type=int, metavar="N", help="Send only if it is this number of readers.")
@BY
@YES
@JSON
def correction(
    edition: str, story: str, preview: bool, confirm_count: int | None, by: str | None, yes: bool, as_json: bool
) -> int:
    """Send a correction of EDITION at once, to exactly those who got it, each of them once."""
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.cli.send import show_status
    from newsletter.pipeline import correcting, sending

    context = open_house()
    case = correcting.find(context, edition, story)
    if preview:
        return _preview(context, case, as_json=as_json)
    send_id = _begun(context, case, confirm_count, by or login(), yes=yes)
    if send_id is None:
        show_status(context, case.target.id, as_json=as_json)
        return {"sent": 0, "partial": 4}.get(case.state.value, 1)
    with sandbox_if_asked(context), stopping() as stop:
        report = sending.run(context, send_id, stop=stop, progress=progress(f"Sending {case.target.id}"))
    show_status(context, case.target.id, as_json=as_json)
    if report.state == "paused":
        click.echo(f"paused; after the cure: newsletter send resume {case.target.id}", err=True)
    return exit_code(report)


def _preview(context: Context, case: Case, *, as_json: bool) -> int:
    from newsletter.pipeline import composing, correcting

    outlook = correcting.outlook(context, case)
    html, text = composing.write_files(context, case.target, outlook.composed.message)
    if as_json:
        show_json(correcting.document(outlook) | {"files": [shown(html), shown(text)]})
    else:
        click.echo("\n".join([*correcting.in_text(outlook), shown(html), shown(text)]))
    return 0


def _begun(context: Context, case: Case, confirmed: int | None, by: str, *, yes: bool) -> int | None:
    """The send to carry on with, begun if need be; None where there is nothing to send any more."""
    from newsletter.model import EditionState
    from newsletter.pipeline import correcting, freezing, guards, reporting, sending

    name = case.target.id
    if case.state in (EditionState.SENT, EditionState.PARTIAL, EditionState.CANCELLED):
        click.echo(f"{name} is {case.state.value} already; nothing was sent", err=True)
        return None
    if case.state is EditionState.SENDING:
        return sending.resume_interrupted(context, name)
    with context.store.read() as tx:
        guards.check_live_send(context, tx)
    if case.is_frozen:
        what = reporting.in_brief(context, case.target)
    else:
        what = "\n".join(correcting.in_text(correcting.outlook(context, case)))
    ask(f"Sends {what}", yes=yes)
    if not case.is_frozen:
        correcting.freeze(context, case, by=by, confirmed=confirmed)
    freezing.require_ready(context, case.target, by=by)
    return sending.start(context, name, by=by)
