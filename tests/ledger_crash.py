"""What a process does that is going to be killed: it opens the house as `newsletter send now` does, and sends."""

from __future__ import annotations

import sys
from pathlib import Path

import newsletter.sending.sendgrid  # noqa: F401  loaded here, once, and not in each process
from newsletter.model import EditionState
from newsletter.pipeline import freezing, sending
from newsletter.pipeline.context import target
from newsletter.services import open_context
from newsletter.settings import load_settings


def send(environment: dict[str, str], edition: str) -> None:
    """Begin or carry on the send of a frozen edition, to its end."""
    sys.stderr = Path("/dev/null").open("w")  # noqa: SIM115  its log, until it dies
    sys.stdout = sys.stderr
    context = open_context(load_settings(environment, Path("no.env")))
    state = freezing.standing(context, target(context, edition, context.clock()))
    if state in (EditionState.FROZEN, EditionState.SIGNED_OFF):
        sending.run(context, sending.start(context, edition, by="test"))
    elif state is EditionState.SENDING:
        sending.run(context, sending.resume_interrupted(context, edition))
