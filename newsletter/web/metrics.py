"""GET /metrics: numbers of the ledger at this moment, and counts of this process, as Prometheus reads them.

docs/interface.md has a row for each name. The ledger is asked a bounded number of look-ups (`pipeline.vitals`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException

from newsletter.errors import StoreError
from newsletter.pipeline import vitals
from newsletter.pipeline.context import Context
from newsletter.pipeline.listening import Heard
from newsletter.settings import on_this_machine

log = structlog.get_logger()

_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}


class Metrics:
    """What this process counts, and a registry of its own: nothing is shared with another app in the process."""

    def __init__(self, context: Context, clicks_waiting: Callable[[], int]) -> None:
        # By default each counter brings a second series, with the time of its making.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own, without types
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Ledger(context))
        self._events = Counter(
            "newsletter_events", "Events taken in by this process.", ["kind"], registry=self._registry
        )
        self._refused = Counter(
            "newsletter_webhook_refused", "Bodies of the event webhook that were not taken.", ["reason"],
            registry=self._registry,
        )  # fmt: skip
        self._requests = Counter(
            "newsletter_requests", "Requests answered by this process.", ["route", "method", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._durations = Histogram(
            "newsletter_request_duration_seconds", "How long requests took.", ["route"], registry=self._registry
        )
        Gauge(
            "newsletter_clicks_waiting", "Clicks of our redirect that are not written yet.", registry=self._registry
        ).set_function(clicks_waiting)
        for kind in ("new", "known", "foreign"):
            self._events.labels(kind)  # a counter that begins with its first event has no rate for it

    def heard(self, heard: Heard) -> None:
        """A body of events was taken in."""
        self._events.labels("new").inc(heard.new)
        self._events.labels("known").inc(heard.known)
        self._events.labels("foreign").inc(heard.foreign)

    def refused(self, reason: str) -> None:
        """A body was not taken: `unsigned` or `too large`."""
        self._refused.labels(reason).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. Whoever asks chooses the method: odd ones are counted as one."""
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._durations.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)


def routes(context: Context, metrics: Metrics) -> APIRouter:
    """The address for Prometheus; a 404 like any other for whoever may not see it."""
    router = APIRouter()

    @router.get("/metrics")
    def show(request: Request) -> Response:
        if not may_see(context, request):
            raise HTTPException(404)
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router


def may_see(context: Context, request: Request) -> bool:
    """With a token set, whoever brings it. Without one, this machine alone, while nothing here is public.

    Behind a reverse proxy every request comes from this machine: then the base URL or the Host header is not on it.
    """
    token = context.settings.metrics_token
    if token is not None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    client = request.client.host if request.client else ""
    host = f"[{client}]" if ":" in client else client
    places = (context.settings.base_url, f"http://{host}", f"http://{request.headers.get('Host', '')}")
    return all(on_this_machine(place) for place in places)


class _Ledger(Collector):
    """Numbers of the ledger, read anew at each scrape."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("newsletter_build", "What runs here.", {"version": version("newsletter")})
        found = None
        try:
            found = vitals.take(self._context)
        except StoreError as error:
            log.error("the database does not answer", error=str(error))
        yield GaugeMetricFamily("newsletter_database_up", "1 where the database answers.", int(found is not None))
        if found is not None:
            yield from _families(found)


def _families(found: vitals.Vitals) -> Iterator[Metric]:
    yield InfoMetricFamily("newsletter_schema", "The version of the tables.", {"version": found.schema})
    yield _gauge("newsletter_sends", "Sends of the ledger.", ("kind", "state"), found.sends.items())
    of, words = ("newsletter", "state"), "Batches of live sends that are sending, paused or partial."
    yield _gauge("newsletter_batches", words, of, [((b.newsletter, b.state), b.batches) for b in found.batches])
    words = "Readers in those batches, as they were frozen."
    yield _gauge("newsletter_batch_readers", words, of, [((b.newsletter, b.state), b.readers) for b in found.batches])
    silences = [((host,), silence.total_seconds()) for host, silence in found.silences.items()]
    words = "Since a scheduler's or worker's last sign of life."
    yield _gauge("newsletter_heartbeat_age_seconds", words, ("host",), silences)
    words = "Alerts of the last seven days that are not over."
    yield _gauge("newsletter_alerts_open", words, ("kind",), [((kind,), count) for kind, count in found.alerts.items()])
    words = "Since the letter to a reader was asked for that waits longest; 0 where none waits."
    yield _gauge("newsletter_letter_age_seconds", words, (), [((), found.letter.total_seconds())])
    if found.lag is not None and found.quiet is not None:
        words = "From the event that came last to its arrival here."
        yield _gauge("newsletter_event_lag_seconds", words, (), [((), found.lag.total_seconds())])
        yield _gauge(
            "newsletter_event_age_seconds", "Since an event last came.", (), [((), found.quiet.total_seconds())]
        )


def _gauge(name: str, words: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
