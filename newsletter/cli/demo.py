"""`newsletter demo`: the whole job on the samples, in one command."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import click

from newsletter.cli.common import exit_code, open_house, progress, shown
from newsletter.cli.send import show_status, waiting

if TYPE_CHECKING:
    from newsletter.model import SendReport
    from newsletter.pipeline.context import Context, Target


@click.command()
@click.option("--no-send", is_flag=True, help="Only the sample set-up.")
@click.option("--newsletter", "slug", default="daily", show_default=True)
def demo(no_send: bool, slug: str) -> int:
    """Take the sample stories and 2,500 sample readers through the whole job, to the sandbox on this machine."""
    from newsletter.model import EditionState
    from newsletter.pipeline import demo as samples
    from newsletter.pipeline import freezing
    from newsletter.pipeline.context import target

    context = open_house()
    readers = samples.set_up(context)
    click.echo(f"{readers:,} sample readers are on the lists", err=True)
    if no_send:
        return 0
    on = target(context, slug, context.clock())
    if freezing.standing(context, on) in (EditionState.SENT, EditionState.PARTIAL):
        click.echo(f"{on.id} went out already; this is its report", err=True)
        code = 0
    else:
        code = exit_code(_go(context, on))
    show_status(context, on.id, as_json=False)
    click.echo(_where(context, on))
    return code


def _go(context: Context, on: Target) -> SendReport:
    from newsletter.cli.local import sandbox_if_asked
    from newsletter.model import EditionState
    from newsletter.pipeline import freezing, planning, sending

    click.echo(planning.in_text(planning.plan(context, on, context.clock())), err=True)
    if freezing.standing(context, on) is EditionState.SENDING:  # an earlier demo was interrupted
        send_id = sending.resume_interrupted(context, on.id)
    else:
        if freezing.standing(context, on) is not EditionState.FROZEN:
            freezing.freeze(context, on, by="demo", at=context.clock())
        send_id = sending.start(context, on.id, by="demo")
    with sandbox_if_asked(context):
        return sending.run(context, send_id, progress=progress(f"Sending {on.id}"), wait=waiting(context, on.id))


def _where(context: Context, on: Target) -> str:
    folder = shown(context.settings.var / "sandbox")
    here = "" if which("newsletter") else f' PATH="{Path(sys.executable).parent}:$PATH"'
    return f"""
Read it: every mail is a file, {folder}/*.eml, and stands in the sandbox's inbox:
  export NEWSLETTER_SANDBOX=1{here}
  newsletter sandbox            then open http://127.0.0.1:8025/
While it runs, see what readers and editors see:
{_on_the_web(context, on)}
Go on:
  newsletter edition plan {on.newsletter.slug}
  newsletter subscribers explain {_sample()} {on.id}
  newsletter report {on.id}"""


def _on_the_web(context: Context, on: Target) -> str:
    """Where the pages of a newsletter are, as far as it has them."""
    from newsletter.pipeline import outcomes

    base, slug = context.settings.base_url, on.newsletter.slug
    places = (
        ("to sign up", f"{base}/s/{slug}", on.newsletter.sign_up),
        ("the archive", f"{base}/archive/{slug}/", on.newsletter.archive == "public"),
        ("the report", outcomes.link(context, on.id), True),
    )
    return "\n".join(f"  {name:<13} {address}" for name, address, there in places if there)


def _sample() -> str:
    from newsletter.pipeline.demo import sample_address

    return sample_address(613)
