"""The one place where a send pauses by itself, with its reason: the way to the ESP is broken, or its canary warns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from newsletter.errors import GatewayError
from newsletter.model import AlertKind, SendState
from newsletter.pipeline import alerts
from newsletter.sending import plan
from newsletter.sending.gateway import Outcome
from newsletter.storage import Tx, sends

log = structlog.get_logger()


def pause_itself(tx: Tx, send: sends.SendRow, why: str, now: datetime) -> sends.SendRow:
    """Pause a send that is sending; gives it as it stands then. A person resumes or cancels it."""
    if not sends.move(tx, send.id, [SendState.SENDING], SendState.PAUSED, reason=why, now=now):
        return send
    log.error("send paused", edition=send.edition, send=send.id, reason=why)
    if send.kind == "live":
        alerts.keep(tx, AlertKind.SEND_PAUSED, about=send.edition, text=why, now=now)
    return sends.find(tx, send.id)


def pause_if_broken(tx: Tx, send_id: int, outcomes: Sequence[Outcome], now: datetime) -> sends.SendRow:
    """Pause the send when the way to the ESP is broken; gives the send as it stands then, locked against being paused,
    cancelled or ended by others. Where nothing has to be written of it, several processes hold it so at once.
    """
    failures = [o.answer for o in outcomes if isinstance(o.answer, GatewayError)]
    seen = sends.find(tx, send_id)
    # A lock that others share cannot be made one's own without a deadlock: it is known before which one is needed.
    if not failures and not seen.rest_waits and not (outcomes and seen.errors_in_a_row):
        return sends.find(tx, send_id, shared=True)
    send = sends.find(tx, send_id, lock=True)
    failed = sum(plan.counts_as_error(o.answer, o.batch.attempt) for o in outcomes)
    succeeded = len(outcomes) - len(failures)
    in_a_row = sends.count_errors(tx, send_id, failed=failed, succeeded=succeeded) if outcomes else 0
    why = next((str(error) for error in failures if plan.stops_send(error)), None)
    if why is None and failures and in_a_row >= plan.ERRORS_BEFORE_PAUSE:
        why = f"{in_a_row} requests in a row failed; the last one: {failures[-1]}"
    return send if why is None else pause_itself(tx, send, why, now)
