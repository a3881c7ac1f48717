"""The one place where a send pauses by itself, with its reason: the way to the ESP is broken, or its canary warns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from newsletter.errors import GatewayError
from newsletter.model import TO_READERS, AlertKind, EditionState, SendState
from newsletter.pipeline import alerts
from newsletter.sending import plan
from newsletter.sending.gateway import Outcome
from newsletter.storage import Tx, editions, sends

log = structlog.get_logger()


def pause_itself(tx: Tx, send: sends.SendRow, why: str, now: datetime) -> sends.SendRow:
    """Pause a send that is sending; gives it as it stands then. A person resumes or cancels it."""
    if not sends.move(tx, send.id, [SendState.SENDING], SendState.PAUSED, reason=why, now=now):
        return send
    log.error("send paused", edition=send.edition, send=send.id, reason=why)
    if send.kind in TO_READERS:
        text = f"{why}. After the cure: `newsletter send resume {send.edition}`"
        alerts.keep(tx, AlertKind.SEND_PAUSED, about=send.edition, text=text, now=now)
    return sends.find(tx, send.id)


def locked(tx: Tx, send_id: int, outcomes: Sequence[Outcome]) -> sends.SendRow:
    """The send as it stands, locked against being paused, cancelled or ended by others. Where nothing has to be written
    of it, several processes hold it so at once.
    """
    failures = any(isinstance(o.answer, GatewayError) for o in outcomes)
    seen = sends.find(tx, send_id)
    # A lock that others share cannot be made one's own without a deadlock: it is known before which one is needed.
    alone = failures or seen.rest_waits or bool(outcomes and seen.errors_in_a_row)
    return sends.find(tx, send_id, lock=alone, shared=not alone)


def pause_if_broken(tx: Tx, send: sends.SendRow, outcomes: Sequence[Outcome], now: datetime) -> sends.SendRow:
    """Pause a send, locked, when the way to the ESP is broken; gives it as it stands then."""
    failures = [o.answer for o in outcomes if isinstance(o.answer, GatewayError)]
    if not failures and not (outcomes and send.errors_in_a_row):
        return send
    failed = sum(plan.counts_as_error(o.answer, o.batch.attempt) for o in outcomes)
    in_a_row = sends.count_errors(tx, send.id, failed=failed, succeeded=len(outcomes) - len(failures))
    why = next((str(error) for error in failures if plan.stops_send(error)), None)
    if why is None and failures and in_a_row >= plan.ERRORS_BEFORE_PAUSE:
        why = f"{in_a_row} requests in a row failed; the last one: {failures[-1]}"
    return send if why is None else pause_itself(tx, send, why, now)


def reopen(tx: Tx, send: sends.SendRow, *, reason: str, by: str, now: datetime) -> sends.SendRow:
    """What had ended goes on, since some of its batches wait again; gives it as it stands then. A paused send waits for
    its own resume, after the cure.
    """
    if sends.move(tx, send.id, [SendState.PARTIAL], SendState.SENDING, now=now):
        since = [EditionState.PARTIAL]
        editions.move(tx, send.edition_id, since, EditionState.SENDING, reason=reason, by=by, now=now)
        log.info("send goes on", edition=send.edition, send=send.id, reason=reason)
    return sends.find(tx, send.id)
