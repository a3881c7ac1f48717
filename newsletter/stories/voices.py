"""Run-in heads in which the organisation speaks for itself: "The AMG says", "Our take"."""

from __future__ import annotations

from newsletter.model import Organisation
from newsletter.stories.words import without_article


def is_voice(head: str, organisation: Organisation) -> bool:
    """Whether a run-in head (without its colon) is one of the organisation's `voices`.

    In `voices`, `{short}` stands for its short name without its article, `{name}` for its name. Case and the form of
    the apostrophe do not matter.
    """
    short = without_article(organisation.short_name)
    wanted = (voice.replace("{short}", short).replace("{name}", organisation.name) for voice in organisation.voices)
    return _key(head) in {_key(voice) for voice in wanted}


def _key(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())
