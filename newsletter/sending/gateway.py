"""The seam to the ESP: one method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsletter.errors import GatewayError
from newsletter.model import NOTHING_SEEN, Batch, Envelope, Message, Receipt, Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A claimed batch with all that its request needs; `tracking` is what may be seen of its readers. After `until_s`
    (`owner.since_boot_s`) the claim is not ours any more: somebody may have decided over the batch, so that no request
    is begun.
    """

    batch: Batch
    message: Message
    envelope: Envelope
    tracking: Tracking = NOTHING_SEEN
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one request: a receipt, or the error that says what is certain."""

    batch: Batch
    answer: Receipt | GatewayError
    finished_at: datetime


class Gateway(Protocol):
    """Hands one batch to an ESP. Used from several threads at once."""

    def submit(self, outgoing: Outgoing) -> Receipt:
        """Hand over a batch. Raises NotSent, Refused or InDoubt, and nothing else."""
        ...
