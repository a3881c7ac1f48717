"""Clicks: that somebody followed a link of a mail. Of our own redirect nobody knows who it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.model.instants import aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A link of ours was followed: by which program, as it names itself, and whether that was a machine. `why` says by
    which sign, `rules` by which version of the rules.
    """

    code: str
    at: datetime
    agent: str
    machine: bool
    why: str
    rules: int

    def __post_init__(self) -> None:
        aware("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClicks:
    """A link of an edition with its clicks: all of them (`raw`), and those that no machine made (`human`).

    `number` is its place in the mail, counted from 1; where variants differ, that in the longest, which is the
    whole edition. `url` is where it leads now.
    """

    code: str
    role: str
    story: str | None
    section: str | None
    number: int
    url: str
    raw: int
    human: int
