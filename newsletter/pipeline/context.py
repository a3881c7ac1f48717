"""What every use case works with, and which edition it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches

from newsletter import asking
from newsletter.errors import MistypedError, UsageError
from newsletter.model import EDITION_ID, Newsletter, Organisation, edition_id
from newsletter.schedule import Timekeeper, planned_time
from newsletter.sending import owner
from newsletter.sending.gateway import Gateway
from newsletter.settings import Settings
from newsletter.storage import Store

FIRST_YEAR, LAST_YEAR = 1990, 2199
"""The years that an edition may be of. Far outside, instants of another zone are none (year 0 or 10000)."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The house, wired once by `services`. `gateway` makes one when it is first needed, so that a plan asks no key.
    `ask` asks addresses of others how they answer, when somebody wants to know.
    """

    settings: Settings
    organisation: Organisation
    newsletters: Mapping[str, Newsletter]
    holidays: Mapping[date, str]
    store: Store
    gateway: Callable[[], Gateway]
    clock: Callable[[], datetime]
    uptime: Callable[[], float] = owner.uptime_s
    timekeeper: Timekeeper = field(default_factory=Timekeeper)
    ask: Callable[[Iterable[str]], tuple[asking.Reply, ...]] = asking.ask

    def newsletter(self, slug: str) -> Newsletter:
        """A newsletter by its slug. Raises UsageError with the nearest."""
        if slug in self.newsletters:
            return self.newsletters[slug]
        near = get_close_matches(slug, self.newsletters, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(self.newsletters))}"
        raise UsageError(f"there is no newsletter {slug!r} in {self.settings.content / 'newsletters'}{hint}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The edition that a command means, whether or not it exists yet."""

    newsletter: Newsletter
    date: date
    suffix: str | None = None

    @property
    def id(self) -> str:
        return edition_id(self.newsletter.slug, self.date, self.suffix)

    def with_few(self) -> Target:
        """The same edition, content with a single story."""
        return replace(self, newsletter=replace(self.newsletter, minimum=1))

    @property
    def planned_at(self) -> datetime | None:
        """When the schedule has it go; None for an extra edition or a newsletter without a schedule."""
        if self.newsletter.schedule is None or self.suffix is not None:
            return None
        return planned_time(self.newsletter, self.date)


def target(context: Context, words: str, now: datetime) -> Target:
    """`daily` (today, in its zone), `daily/2026-05-04` or `daily/2026-05-04-alert`. Raises UsageError."""
    if "/" not in words:
        newsletter = context.newsletter(words)
        return Target(newsletter=newsletter, date=now.astimezone(newsletter.zone).date())
    found = EDITION_ID.match(words)
    if found is None:
        raise MistypedError(f"{words!r} is not an edition: write NEWSLETTER/YYYY-MM-DD, such as daily/2026-05-04")
    try:
        on = date.fromisoformat(found["date"])
    except ValueError as error:
        raise MistypedError(f"{words!r} is not an edition: there is no such date as {found['date']}") from error
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise MistypedError(f"{words!r} is not an edition: its year is not one of {FIRST_YEAR} to {LAST_YEAR}")
    wanted = Target(newsletter=context.newsletter(found["newsletter"]), date=on, suffix=found["suffix"])
    return wanted if wanted.suffix is None else wanted.with_few()  # an extra edition is made for one story
