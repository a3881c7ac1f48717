"""An edition that is looked at while it is made: rendered anew when something changes, or written into files.

A preview changes nothing and mails nobody. It is asked again and again while people write, so what it has read is
kept, and only what changed is read again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from newsletter.errors import MistypedError, NewsletterError, UsageError
from newsletter.model import Finding, Level, Organisation
from newsletter.pipeline import composing, gathering, variants
from newsletter.pipeline.context import Context, Target, target
from newsletter.pipeline.sight import Sight, see
from newsletter.rendering.render import FOLDER
from newsletter.rendering.templates import looks
from newsletter.settings import load_holidays, load_newsletters, load_organisation
from newsletter.stories.load import Desk

log = structlog.get_logger()


class Preview:
    """An edition that is looked at while it is made. `number` counts the changes that were told by `changed`.

    Safe to ask from several threads. `moment` rehearses; without it the clock's own time counts.
    """

    def __init__(self, context: Context, words: str, *, moment: datetime | None = None) -> None:
        self._context = context
        self._words = words
        self._moment = moment
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._desk: Desk | None = None
        self._organisation: Organisation | None = None
        self._asked: tuple[int, datetime] | None = None
        self._kept: dict[tuple[str | None, bool], Sight] = {}
        self.number = 1
        self.ended = False

    @property
    def images(self) -> Path:
        """Where the pictures of mails are: rendering publishes them, whether anybody sends the mail or not."""
        return self._context.settings.published

    @property
    def watched(self) -> tuple[Path, ...]:
        """The folders whose changes show."""
        return self._context.settings.content, self._context.settings.templates / FOLDER

    def looks(self) -> tuple[str, ...]:
        """The looks that there are now."""
        return looks_of(self._context)

    def changed(self) -> None:
        """Something was written: whoever waits is told, and what is shown next is made anew."""
        with self._news:
            self.number += 1
            self._news.notify_all()

    def end(self) -> None:
        """Nobody need wait any more."""
        with self._news:
            self.ended = True
            self._news.notify_all()

    def wait(self, number: int, timeout_s: float) -> int:
        """The count of changes, as soon as it is another than `number`, or after the time-out."""
        with self._news:
            self._news.wait_for(lambda: self.ended or self.number != number, timeout_s)
            return self.number

    def sight(self, look: str | None = None, *, drafts: bool = False) -> Sight:
        """The edition in a look, or in its newsletter's own. Raises nothing: what is wrong is its `fault`.

        `drafts` shows stories that nobody approved yet as if they were approved now.
        """
        with self._lock:
            now = self._moment or self._context.clock()
            asked = self.number, now.replace(second=0, microsecond=0)
            if asked != self._asked:
                self._kept.clear()
                self._asked = asked
            if (look, drafts) not in self._kept:
                self._kept[look, drafts] = self._safely(look, now, drafts)
            return self._kept[look, drafts]

    def _safely(self, look: str | None, now: datetime, drafts: bool) -> Sight:  # noqa: FBT001  private
        try:
            require_look(self._context, look)
            context = self._house()
            sight = see(context, target(context, self._words, now), now, self._read(context), look, drafts=drafts)
        except NewsletterError as error:
            return Sight(name=self._words, look=look or "", fault=str(error))
        except Exception as error:  # whatever it is: the preview goes on, and is whole again once it is mended
            log.exception("unforeseen error", edition=self._words)
            fault = f"the program failed ({type(error).__name__}: {error}); what it said stands in its log"
            return Sight(name=self._words, look=look or "", fault=fault)
        return sight

    def _house(self) -> Context:
        """The context with the organisation and newsletters as their files are now."""
        content = self._context.settings.content
        organisation = load_organisation(content)
        newsletters = load_newsletters(content, organisation)
        return replace(
            self._context, organisation=organisation, newsletters=newsletters, holidays=load_holidays(content)
        )

    def _read(self, context: Context) -> Desk:
        before = self._desk if self._organisation == context.organisation else None
        self._desk, self._organisation = gathering.read_desk(context, before), context.organisation
        return self._desk


def looks_of(context: Context) -> tuple[str, ...]:
    """The names of the looks in the folder of templates."""
    return looks(context.settings.templates / FOLDER)


def require_look(context: Context, look: str | None) -> None:
    """Raise MistypedError for a name that is no look's; None stands for its newsletter's own."""
    known = looks_of(context)
    if look is not None and look not in known:
        raise MistypedError(f"there is no look {look!r}; there are: {', '.join(known)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A rendered edition as files, and what the proof would stop it for."""

    html: Path
    text: Path
    stops: tuple[Finding, ...]


def write(context: Context, target: Target, now: datetime, look: str | None = None) -> Files:
    """Render an edition as it stands into `var/preview/`, whatever the proof says of it.

    Raises UsageError without stories, ContentError for files without which it must not go, RenderError for a template
    that cannot be rendered.
    """
    gathering.refuse_correction(context, target)
    newsletter = target.newsletter if look is None else replace(target.newsletter, template=look)
    gathered = gathering.gather(context, target.with_few(), now)
    gathering.require_readable(gathered)
    if gathered.assembly.edition is None:
        raise UsageError(f"{target.id}: " + "; ".join(gathered.assembly.problems))
    composed = composing.compose(
        context, newsletter, gathered.assembly.edition, variants.tracking(newsletter, agreed=False)
    )
    html, text = composing.write_files(context, target, composed.message, look)
    findings = (*gathering.desk_findings(context, gathered, now), *composed.findings)
    return Files(html=html, text=text, stops=tuple(each for each in findings if each.level is Level.STOP))
