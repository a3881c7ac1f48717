"""The pages of a preview, filled in. They are the program's own, not a newsletter's: they lie in this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from newsletter.model import Mailbox
from newsletter.pipeline.sight import Sight
from newsletter.web.pages import environment
from newsletter.web.preview.choice import ALSO, SCHEMES, SIZES, WIDTHS, Choice, Frame

FOLDER: Final = Path(__file__).parent / "templates"

_CHOICES: Final = {"widths": WIDTHS, "schemes": SCHEMES, "also": ALSO, "sizes": SIZES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a story weighs: kilobytes, and per cent of the message."""

    headline: str
    kilobytes: float
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A look with its frames."""

    sight: Sight
    frames: tuple[Frame, ...]


class PreviewPages:
    """Fills the pages; `number` is the count of changes that they show."""

    def __init__(self) -> None:
        self._environment = environment(FOLDER)
        self.style = (FOLDER / "style.css").read_text(encoding="utf-8")
        self.script = (FOLDER / "preview.js").read_text(encoding="utf-8")

    def edition(self, shown: Shown, choice: Choice, looks: Sequence[str], number: int) -> str:
        """The page of one look, with everything beside it."""
        sight = shown.sight
        return self._environment.get_template("edition.html.j2").render(
            page="edition", sight=sight, frames=shown.frames, choice=choice, looks=looks, number=number,
            sender=_sender(sight), when=_when(sight), shares=shares(sight), level=level(sight), **_CHOICES,
        )  # fmt: skip

    def looks(self, name: str, shown: Sequence[Shown], choice: Choice, number: int) -> str:
        """The page of all looks, one under the other."""
        return self._environment.get_template("looks.html.j2").render(
            page="looks", name=name, shown=shown, choice=choice, number=number, level=level, **_CHOICES,
        )  # fmt: skip


def shares(sight: Sight) -> tuple[Share, ...]:
    """What each story weighs, heaviest first, and last what is no story's: the frame."""
    if sight.weight is None or sight.edition is None:
        return ()
    headlines = {story.slug: story.headline for story in sight.edition.stories}
    parts = [(headlines.get(slug, slug), size) for slug, size in sight.weight.stories]
    rest = sight.weight.total - sum(size for _, size in parts)
    return tuple(
        Share(headline=headline, kilobytes=size / 1024, percent=100 * size / sight.weight.total)
        for headline, size in (
            *parts,
            ("Frame, styles and tracked links" if sight.weight.links else "Frame and styles", rest),
        )
    )


def level(sight: Sight) -> str:
    """In one word, how it stands: `stop`, `warn` or `good`."""
    if sight.fault or sight.stops or sight.missing:
        return "stop"
    return "warn" if sight.warnings or sight.broken else "good"


def _sender(sight: Sight) -> str:
    sender: Mailbox | None = sight.newsletter.sender if sight.newsletter else None
    return (sender.name or sender.address) if sender else ""


def _when(sight: Sight) -> str:
    if sight.planned_at is None or sight.newsletter is None:
        return ""
    local: datetime = sight.planned_at.astimezone(sight.newsletter.zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"
