"""What operators are told of: each kind of trouble, and how an alert goes to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from newsletter.model.instants import aware


class AlertKind(StrEnum):
    """A trouble that a person must look at. docs/runbook.md has a section for each, under this very name."""

    SEND_PAUSED = "send paused"  # a send waits for a person: SendGrid refused it, or too many requests failed
    SEND_STALE = "send stale"  # it was interrupted, and its `late_until` is past
    IN_DOUBT = "in doubt"  # batches of which nobody knows whether they were accepted
    NOT_ACCEPTED = "probably not accepted"  # a doubt without evidence after the quiet time: somebody must decide
    HELD = "edition held"  # it waits for a person, and does not go at its time
    MISSED = "edition missed"  # it could not go by its `late_until`
    LATE = "edition late"  # it goes after the grace
    NOT_DONE = "not done"  # the clock could not do a step of an edition for a reason that editors cannot mend
    SENT_TWICE = "sent twice"  # events say that readers got an edition more than once
    BOUNCES = "bounces high"
    COMPLAINTS = "complaints high"
    SENDER_REFUSED = "sender refused"  # receiving servers refuse us for SPF, DKIM, DMARC, reverse DNS or reputation
    NO_EVENTS = "no events"  # a send went, and the webhook was silent since
    RESTORED = "restored backup"  # the database came back from a backup: nothing goes until a person confirms
    CLOCK_WRONG = "clock wrong"  # the machine's clock jumped, or differs from others'
    LETTERS_WAIT = "letters wait"  # readers wait for letters that do not go: whoever signs up cannot confirm
    DISK_LOW = "disk low"
    TICK_FAILED = "tick failed"  # the clock cannot use the database, several times in a row
    NO_WORKER = "no worker"  # batches wait in the queue, and no worker is alive
    SILENT = "process silent"  # a scheduler or worker left no sign of life


def runbook(kind: AlertKind) -> str:
    """Where it stands what to do, in the repository."""
    return f"docs/runbook.md#{kind.value.replace(' ', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One trouble: of what kind, about which edition or host, since when, in words without readers' addresses."""

    kind: AlertKind
    about: str
    text: str
    at: datetime

    def __post_init__(self) -> None:
        aware("at", self.at)
        if not self.about or len(self.about) > 160:
            raise ValueError(f"an alert is about an edition or a host, in 1 to 160 characters, not {self.about!r}")

    @property
    def subject(self) -> str:
        """`daily/2026-05-04: send paused`."""
        return f"{self.about}: {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server that takes alerts (SMTP). Its password does not show in `repr`."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: str = field(default="", repr=False)
