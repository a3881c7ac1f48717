"""POST /hooks/sendgrid: signed events from the ESP, handed to the pipeline as raw bytes."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from newsletter.pipeline import listening
from newsletter.pipeline.context import Context
from newsletter.web.metrics import Metrics

log = structlog.get_logger()

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
"""https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features"""

MAX_BODY_BYTES = 10_000_000


def routes(context: Context, metrics: Metrics) -> APIRouter:
    """The webhook. SendGrid posts a body again, for up to 24 hours, after any answer but a 2xx."""
    router = APIRouter()

    @router.post("/hooks/sendgrid")
    async def sendgrid(request: Request) -> Response:
        """204 once the events are kept; 403 unsigned; 413 too large; 503 where the database cannot keep them."""
        body = await _read(request)
        if body is None:
            log.warning("events too large", limit=MAX_BODY_BYTES)
            metrics.refused("too large")
            return Response(status_code=413)
        signature, timestamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
        try:
            heard = await run_in_threadpool(
                listening.hear, context, signature=signature, timestamp=timestamp, body=body
            )
        except listening.UnsignedError as error:
            log.warning("events refused", reason=str(error), bytes=len(body))
            metrics.refused("unsigned")
            return Response(status_code=403)
        metrics.heard(heard)
        return Response(status_code=204)

    return router


async def _read(request: Request) -> bytes | None:
    """The body as it came, to the last newline, which is signed too; None where it is over the limit."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > MAX_BODY_BYTES):
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
