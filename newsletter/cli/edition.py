"""`newsletter edition …`: what would go out, and the word that it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.common import (
    BY,
    CONFIRM_COUNT,
    EDITION,
    JSON,
    NOW,
    YES,
    ask,
    login,
    open_house,
    show_json,
    shown,
    stopping,
    when,
)

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.model import EditionState
    from newsletter.pipeline.context import Context, Target
    from newsletter.pipeline.freezing import Frozen


@click.group()
def edition() -> None:
    """See, proof, freeze and sign off editions."""


@edition.command()
@EDITION
@NOW
@JSON
def plan(edition: str, moment: str | None, as_json: bool) -> None:
    """Tell in words what would go out, to how many, what is missing, and what waits and why."""
    from newsletter.pipeline import plan_document, planning
    from newsletter.pipeline.context import target

    context = open_house()
    now = when(context, moment)
    found = planning.plan(context, target(context, edition, now), now)
    if as_json:
        show_json(plan_document.document(found))
    else:
        click.echo(planning.in_text(found), nl=False)


@edition.command()
@EDITION
@click.option("--links", "ask_links", is_flag=True, help="Ask each link too, for a minute at most.")
@NOW
@JSON
def proof(edition: str, ask_links: bool, moment: str | None, as_json: bool) -> int:
    """Check the finished message; 1 where something stops it."""
    from newsletter.model import Level, levelled
    from newsletter.pipeline import planning, proofing
    from newsletter.pipeline.context import target

    context = open_house()
    now = when(context, moment)
    on = target(context, edition, now)
    plan = planning.plan(context, on, now)
    composed = plan.composed
    answers = proofing.ask_edition(context, on.newsletter, composed) if ask_links and composed else ()
    findings = levelled([*plan.findings, *answers], {})
    ended = proofing.rows(findings, on.newsletter, composed=composed is not None, asked=ask_links)
    stopped = any(finding.level is Level.STOP for finding in findings)
    if as_json:
        show_json(proofing.document(on.id, plan.fingerprint, findings, ended))
    else:
        click.echo("\n".join(proofing.in_table(findings, ended)))
        click.echo("It may not go like this." if stopped else "It may go.")
    return 1 if stopped else 0


@edition.command()
@EDITION
@click.option("--look", metavar="NAME", help="One of the looks in templates/email; its newsletter's own if left out.")
@click.option("--port", type=int, metavar="N", help="8026 if left out, or a free one where somebody has that.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser of this machine.")
@click.option("--files", is_flag=True, help="Write HTML and plain text into files, and print their paths.")
@NOW
def preview(edition: str, look: str | None, port: int | None, opens: bool, files: bool, moment: str | None) -> None:
    """Show an edition in the browser as readers will see it, and each change as it is saved, until Ctrl-C."""
    from newsletter.pipeline.context import target
    from newsletter.pipeline.previewing import require_look

    context = open_house()
    now = when(context, moment)
    on = target(context, edition, now)
    require_look(context, look)
    if files:
        _preview_files(context, on, now, look)
    else:
        _preview_page(context, edition, when=now if moment else None, look=look, port=port, opens=opens)


def _preview_files(context: Context, on: Target, now: datetime, look: str | None) -> None:
    from newsletter.pipeline import composing, previewing

    made = previewing.write(context, on, now, look)
    click.echo(f"{shown(made.html)}\n{shown(made.text)}")
    if made.stops:
        click.echo(f"The proof would stop it:\n{composing.in_lines(made.stops)}", err=True)


def _preview_page(
    context: Context, words: str, *, when: datetime | None, look: str | None, port: int | None, opens: bool
) -> None:
    import webbrowser
    from urllib.parse import quote

    from newsletter.pipeline.previewing import Preview
    from newsletter.web.preview.server import showing

    with stopping() as stop, showing(Preview(context, words, moment=when), port) as address:
        place = address + (f"?look={quote(look)}" if look else "")
        click.echo(place)
        click.echo("It shows each change as it is saved; Ctrl-C ends it.", err=True)
        if opens and not webbrowser.open(place):
            click.echo("There is no browser here that could be opened.", err=True)
        stop.wait()


@edition.command()
@EDITION
@click.option("--after-freeze", metavar="STORY", help="Freeze anew with a late story, while nothing has gone.")
@click.option("--few", is_flag=True, help="Go with fewer stories than the newsletter's minimum.")
@CONFIRM_COUNT
@BY
@YES
def freeze(
    edition: str, after_freeze: str | None, few: bool, confirm_count: int | None, by: str | None, yes: bool
) -> None:
    """Fix the bytes, the stories and the readers of an edition."""
    from newsletter.pipeline import desk, freezing, planning
    from newsletter.pipeline.context import target

    context = open_house()
    on = target(context, edition, context.clock())
    on = on.with_few() if few else on
    late = None if after_freeze is None else desk.find(context, after_freeze).slug
    ask("Freezes " + planning.in_brief(planning.plan(context, on, context.clock())), yes=yes)
    by = by or login()
    if late is None:
        frozen = freezing.freeze(context, on, by=by, confirmed=confirm_count)
    else:
        frozen = freezing.refreeze(context, on, by=by, story=late, confirmed=confirm_count)
    _say(on, frozen)


def _say(on: Target, frozen: Frozen) -> None:
    click.echo(
        f"{frozen.edition} is frozen: {frozen.stories} stories, {frozen.mailable:,} of {frozen.candidates:,} readers\n"
        f"{frozen.fingerprint}"
    )
    if on.newsletter.sign_off != "none":
        mark = frozen.fingerprint.removeprefix("sha256:")[:8]
        click.echo(f"It waits for sign-off: newsletter edition sign-off {frozen.edition} {mark}")


@edition.command("sign-off")
@EDITION
@click.argument("fingerprint")
@BY
def sign_off(edition: str, fingerprint: str, by: str | None) -> None:
    """Say that the frozen bytes of this FINGERPRINT (its first signs are enough) may go."""
    from newsletter.pipeline import freezing
    from newsletter.pipeline.context import target

    context = open_house()
    on = target(context, edition, context.clock())
    enough = freezing.sign_off(context, on, fingerprint=fingerprint, by=by or login())
    click.echo(f"{on.id} is signed off" if enough else f"{on.id} has your signature and waits for another")


@edition.command()
@EDITION
@click.option("--reason", required=True, help="Why, for the others.")
@BY
def hold(edition: str, reason: str, by: str | None) -> None:
    """Stop an edition before it goes; `send now`, a new freeze or a sign-off lets it go again."""
    from newsletter.model import EditionState

    _stand(edition, EditionState.HELD, reason, by)


@edition.command()
@EDITION
@click.option("--reason", required=True, help="Why, for the others.")
@BY
def skip(edition: str, reason: str, by: str | None) -> None:
    """Leave an edition out."""
    from newsletter.model import EditionState

    _stand(edition, EditionState.SKIPPED, reason, by)


def _stand(edition: str, state: EditionState, reason: str, by: str | None) -> None:
    from newsletter.errors import UsageError
    from newsletter.pipeline import freezing
    from newsletter.pipeline.context import target

    context = open_house()
    on = target(context, edition, context.clock())
    if not freezing.stand(context, on, state, reason=reason, by=by or login()):
        raise UsageError(f"{on.id} can no longer be {state.value}; see `newsletter send status {on.id}`")
    click.echo(f"{on.id} is {state.value}: {reason}")
