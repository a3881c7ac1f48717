"""Where an edition and its sends stand, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from newsletter.errors import UsageError
from newsletter.model import SendReport, SendState
from newsletter.pipeline.context import Context, Target, target
from newsletter.storage import Tx, balance, editions, sends
from newsletter.tracking import report_document


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOf:
    """An edition and all its sends, live ones first."""

    edition: editions.EditionRow
    sends: tuple[SendReport, ...]
    paused: str = ""
    """Why its live send waits for a person; empty where none does."""


def resolve_name(context: Context, words: str) -> str:
    """The edition that a command means: a newsletter is its latest edition. Raises UsageError."""
    if "/" in words:
        return target(context, words, context.clock()).id
    newsletter = context.newsletter(words)
    with context.store.read() as tx:
        latest = editions.latest(tx, newsletter.slug)
    if latest is None:
        raise UsageError(f"{words} has no edition yet; see `newsletter edition plan {words}`")
    return latest


def standing(context: Context, words: str) -> StandingOf:
    """Where one edition stands. Raises UsageError for one that never came to be."""
    name = resolve_name(context, words)
    with context.store.read() as tx:
        found = _standing(tx, name)
    if found is None:
        raise UsageError(f"{name} is not known yet; see `newsletter edition plan {name}`")
    return found


def everything(context: Context) -> tuple[StandingOf, ...]:
    """Every edition, newest first."""
    with context.store.read() as tx:
        found = [_standing(tx, name, others=False) for name in editions.names(tx)]
    return tuple(item for item in found if item is not None)


def _standing(tx: Tx, name: str, *, others: bool = True) -> StandingOf | None:
    """With `others`, the sends of its corrections are told with it, though they are editions of their own."""
    row = editions.find(tx, name)
    if row is None:
        return None
    live = sends.live(tx, name)
    return StandingOf(
        edition=row,
        sends=tuple(
            balance.report(tx, send.id) for send in sends.of_edition(tx, name) if others or send.edition == name
        ),
        paused=live.reason if live and live.state is SendState.PAUSED else "",
    )


def document(of: StandingOf) -> dict[str, Any]:
    """The answer of `send status --json` (docs/interface)."""
    return {
        "edition": of.edition.name,
        "state": of.edition.state.value,
        "reason": _reason(of),
        "fingerprint": of.edition.fingerprint,
        "sends": [report_document(report) for report in of.sends],
    }


def _reason(of: StandingOf) -> str:
    return f"paused: {of.paused}" if of.paused else of.edition.reason


def headline(of: StandingOf) -> str:
    """One line: the edition, its state and why, its fingerprint."""
    row, said = of.edition, _reason(of)
    reason = f" ({said})" if said else ""
    return f"{row.name} is {row.state.value}{reason}  {row.fingerprint or 'not frozen'}"


def to_editors(report: SendReport) -> str:
    """A test or a notice in one line."""
    at = f" at {report.started_at:%Y-%m-%d %H:%M} UTC" if report.started_at else ""
    editors = "editor" if report.candidates == 1 else "editors"
    return f"{report.kind}{at}: {report.accepted} of {report.candidates} {editors}, {report.state}"


def in_brief(context: Context, on: Target) -> str:
    """A frozen edition in one line: stories, readers, fingerprint."""
    with context.store.read() as tx:
        row, live = editions.find(tx, on.id), sends.live(tx, on.id)
        held = editions.frozen_stories(tx, row.id) if row else ()
        readers = sends.mailable_count(tx, live.id) if live else 0
    mark = row.fingerprint if row else "not frozen"
    corrections = sum(story.corrects is not None for story in held)
    counts = [_count(len(held) - corrections, "story", "stories"), _count(corrections, "correction", "corrections")]
    stories = " and ".join(part for part in counts if part)
    return f"{on.id}: {stories}, {readers:,} readers on the list {on.newsletter.list}, {mark}"


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"1 {one}" if number == 1 else f"{number} {many}"
