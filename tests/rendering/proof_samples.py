"""Sound mails, and ways to break them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from rendering_samples import BASE_URL, DAILY, ORGANISATION, TEMPLATES, edition

from newsletter.model import Edition, Finding, Message, Newsletter, Organisation
from newsletter.rendering import render
from newsletter.rendering.proof import proof

TEMPLATE = "templates/email/briefing.mjml.j2"
TEXT_TEMPLATE = "templates/email/briefing.txt.j2"
SETTINGS = "content/newsletters/daily.toml"


def rendered(what: Edition, of: Newsletter = DAILY, base_url: str = BASE_URL) -> Message:
    return render(what, of, ORGANISATION, templates=TEMPLATES, base_url=base_url, images=None)


@cache
def sound() -> Message:
    """The daily's mail, which the proof has nothing against."""
    return rendered(edition())


def found(
    message: Message,
    what: Edition | None = None,
    of: Newsletter = DAILY,
    organisation: Organisation = ORGANISATION,
    *,
    loopback: bool = False,
) -> list[Finding]:
    return list(proof(message, what or edition(), of, organisation, loopback=loopback))


def broken(old: str, new: str, *, part: str = "html", count: int = 1) -> Message:
    """The sound mail with words of one part exchanged; they must be there."""
    whole = getattr(sound(), part)
    changed = re.sub(r"\s+".join(re.escape(word) for word in old.split()), lambda _: new, whole, count=count)
    assert changed != whole, old
    return replace(sound(), **{part: changed})


def themed(theme: Mapping[str, str]) -> Newsletter:
    return replace(DAILY, theme=theme)
