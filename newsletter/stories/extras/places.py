"""Which sponsors an edition prints, and where."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from newsletter.model import Newsletter, SectionStories, Sponsor
from newsletter.stories.extras.sponsor import END, LEAD
from newsletter.stories.extras.supply import Booking, Unused, meant_for

SLOTS = 3
"""Sponsors of one edition at most."""

TOLD = timedelta(days=7)
"""So long after its last day a booking is still told as over; then it is silent, as an old story is."""


def place_sponsors(
    newsletter: Newsletter, bookings: tuple[Booking, ...], chosen: tuple[SectionStories, ...], *, on: date
) -> tuple[tuple[Sponsor, ...], tuple[Unused, ...]]:
    """The sponsors of the edition of `on` in the order of their places, and the reason of each other that is booked.

    One for a place: `priority` 1 goes before 2, and before those without; equals take turns, from one day of the
    newsletter's schedule to the next, by their names. Of more than `SLOTS` those of the weakest priority wait, from
    the end.
    """
    unused: list[Unused] = []
    by_place: dict[str, list[Booking]] = defaultdict(list)
    for booking in sorted(bookings, key=lambda each: each.sponsor.slug):
        if not meant_for(booking.newsletters, newsletter) or _long_over(booking, on):
            continue
        reason = _reason(booking, newsletter, chosen, on)
        if reason is None:
            by_place[_place(booking, chosen)].append(booking)
        else:
            unused.append(Unused(where=booking.sponsor.path, reason=reason))
    winners: list[tuple[int, Booking]] = []
    for place, rivals in by_place.items():
        winner, *others = _ranked(rivals, _turn(newsletter, on))
        winners.append((_order(place, chosen), winner))
        unused += [_outdone(other, winner, place) for other in others]
    ranked = sorted(winners, key=lambda pair: (pair[1].priority or 1000, pair[0]))
    reason = f"no room: an edition takes {SLOTS} sponsors"
    unused += [Unused(where=booking.sponsor.path, reason=reason) for _, booking in ranked[SLOTS:]]
    return tuple(booking.sponsor for _, booking in sorted(ranked[:SLOTS], key=lambda pair: pair[0])), tuple(unused)


def in_words(place: str) -> str:
    """A place for a person: `after the lead`, `after trade`, `at the end`."""
    return "at the end" if place == END else "after the lead" if place == LEAD else f"after {place}"


def _long_over(booking: Booking, on: date) -> bool:
    return booking.until is not None and booking.until < on - TOLD


def _reason(booking: Booking, newsletter: Newsletter, chosen: tuple[SectionStories, ...], on: date) -> str | None:
    if booking.since is not None and on < booking.since:
        return f"its dates begin on {booking.since.isoformat()}"
    if booking.until is not None and on > booking.until:
        return f"its dates ended on {booking.until.isoformat()}"
    place = booking.sponsor.place
    titles = {section.slug: section.title for section in newsletter.sections}
    if place in (LEAD, END) or any(part.section.slug == place for part in chosen):
        return None
    return f"{titles[place]} has no story" if place in titles else f"{newsletter.title} has no section `{place}`"


def _place(booking: Booking, chosen: tuple[SectionStories, ...]) -> str:
    """The place that it takes: a first section that is the lead alone ends where the lead does."""
    place = booking.sponsor.place
    return LEAD if place == chosen[0].section.slug and len(chosen[0].stories) == 1 else place


def _order(place: str, chosen: tuple[SectionStories, ...]) -> int:
    slugs = [part.section.slug for part in chosen]
    return 0 if place == LEAD else len(slugs) + 1 if place == END else slugs.index(place) + 1


def _ranked(rivals: list[Booking], turn: int) -> list[Booking]:
    """Those for one place: who takes it, and after that the others."""
    best = min(each.priority or 1000 for each in rivals)
    equals = [each for each in rivals if (each.priority or 1000) == best]
    winner = equals[turn % len(equals)]
    return [winner, *(each for each in rivals if each is not winner)]


def _outdone(booking: Booking, winner: Booking, place: str) -> Unused:
    why = "it goes before this one" if winner.priority != booking.priority else "they take turns"
    return Unused(where=booking.sponsor.path, reason=f"its place, {in_words(place)}, has {winner.sponsor.slug}: {why}")


def _turn(newsletter: Newsletter, on: date) -> int:
    """How many days of the newsletter's schedule lie before `on`, so that each sponsor gets as many editions as the
    next one; counting all days, one of seven would always come on a Sunday. Counted from the Monday that is day 1 of
    Python's calendar.
    """
    days = newsletter.schedule.days if newsletter.schedule else range(7)
    weeks, weekday = divmod(on.toordinal() - 1, 7)
    return weeks * len(days) + sum(day < weekday for day in days)
