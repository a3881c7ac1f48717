"""The words around an edition that no template prints, from the same catalogues."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from newsletter.model import Wording
from newsletter.rendering import catalogue, dates


def wording(language: str, templates: Path) -> Wording:
    """A language's words for subjects, preheaders and corrections. Raises RenderError (`catalogue.load`)."""
    _ = catalogue.load(language, templates).gettext
    return Wording(
        also=_("Also: {headlines}"),
        today=_("Today’s stories in {title}, chosen and checked by its editors."),
        correction=_("Correction: {headline}"),
        corrected=_("What was wrong in “{headline}”, which we sent you on {date}, and what is right:"),
        day=partial(dates.day, language=language),
    )
