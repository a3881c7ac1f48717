"""/metrics: who may see it, what it tells, and that each name is documented."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from web_house import NOW, ROOT, House, bounce, signed

from newsletter.model import AlertKind
from newsletter.pipeline import alerts
from newsletter.storage import clock, letters, schema
from newsletter.web.app import create_app

TOKEN = "t" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HERE = {"Host": "127.0.0.1:8000"}


@pytest.fixture
def told(make_house: Callable[..., House]) -> House:
    return make_house(METRICS_TOKEN=TOKEN)


def scrape(house: House) -> dict[str, float]:
    """Each series with its labels, and its value."""
    answer = house.ask("GET", "/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@pytest.mark.parametrize("header", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {'ü' * 32}", TOKEN])
def test_without_the_token_it_is_not_there(told: House, header: str) -> None:
    """As any address that there is not, also from this machine."""
    asked = {"Authorization": header.encode(), "Host": "127.0.0.1"}
    answer = told.ask("GET", "/metrics", headers=asked)
    assert (answer.status_code, answer.text) == (404, told.ask("GET", "/nothing").text)


def test_without_a_token_it_is_for_this_machine(house: House) -> None:
    """A request that names another host came by a proxy."""
    assert house.ask("GET", "/metrics", headers=HERE).status_code == 200
    assert house.ask("GET", "/metrics", headers={"Host": "[::1]:8000"}).status_code == 200
    for host in ("news.example.org", "127.0.0.1.example.org", "10.0.0.1", ""):
        assert house.ask("GET", "/metrics", headers={"Host": host}).status_code == 404


def test_a_public_base_url_needs_a_token(house: House) -> None:
    """A proxy may send any Host on; the base URL says that there is one."""
    public = replace(house.context, settings=replace(house.context.settings, base_url="https://news.example.org"))
    house.app = create_app(public)
    assert house.ask("GET", "/metrics", headers=HERE).status_code == 404


def test_the_numbers_of_the_ledger(told: House) -> None:
    """Heartbeats by host, alerts by kind, schema and version."""
    with told.context.store.write() as tx:
        clock.beat(tx, "mill", 1, NOW - timedelta(seconds=90))
    alerts.alert(told.context, AlertKind.HELD, about="daily/2026-05-04", text="too few")
    found = scrape(told)
    assert found['newsletter_heartbeat_age_seconds{host="mill"}'] == 90
    assert found['newsletter_alerts_open{kind="edition held"}'] == 1
    assert found["newsletter_database_up"] == 1
    assert found[f'newsletter_schema_info{{version="{schema.HEAD}"}}'] == 1
    assert any(name.startswith("newsletter_build_info") for name in found)


def test_the_counts_of_the_process(told: House) -> None:
    """Events by what they were, bodies refused by why, requests by route: no path, no token."""
    body = bounce("ann@example.org")
    for _ in range(2):
        told.ask("POST", "/hooks/sendgrid", content=body, headers=signed(body))
    told.ask("POST", "/hooks/sendgrid", content=body)
    told.ask("POST", "/hooks/sendgrid", content=b"", headers={"Content-Length": "99999999999"})
    told.ask("GET", f"/u/{told.token()}")
    told.ask("BREW", "/u/x")
    found = scrape(told)
    assert found['newsletter_events_total{kind="new"}'] == 0
    assert found['newsletter_events_total{kind="foreign"}'] == 2
    assert found['newsletter_webhook_refused_total{reason="unsigned"}'] == 1
    assert found['newsletter_webhook_refused_total{reason="too large"}'] == 1
    assert found['newsletter_requests_total{method="POST",route="/hooks/sendgrid",status="204"}'] == 2
    assert found['newsletter_requests_total{method="GET",route="/u/{token}",status="200"}'] == 1
    assert found['newsletter_requests_total{method="other",route="/u/{token}",status="405"}'] == 1
    assert found['newsletter_request_duration_seconds_count{route="/hooks/sendgrid"}'] == 4
    assert not any(told.token() in name for name in found)


def test_a_letter_that_waits(told: House) -> None:
    """How long it has waited since somebody asked for it."""
    assert scrape(told)["newsletter_letter_age_seconds"] == 0
    with told.context.store.write() as tx:
        letters.post(
            tx, "access", subscriber_id=told.ann, list_id=told.list_id, expires_at=NOW + timedelta(hours=1),
            now=NOW - timedelta(seconds=40),
        )  # fmt: skip
    found = scrape(told)
    assert found["newsletter_letter_age_seconds"] == 40


def test_two_apps_share_no_counts(told: House) -> None:
    """Nor do they stumble over each other's names."""
    other = House(told.context, create_app(told.context), told.ann, told.list_id)
    told.ask("GET", "/healthz")
    name = 'newsletter_requests_total{method="GET",route="/healthz",status="200"}'
    assert scrape(told)[name] == 1
    assert name not in scrape(other)


def test_a_database_that_does_not_answer(told: House) -> None:
    """The counts of the process are told all the same."""
    with told.broken_database():
        found = scrape(told)
    assert found["newsletter_database_up"] == 0
    assert not any(name.startswith("newsletter_sends") for name in found)


def test_each_name_is_documented(told: House) -> None:
    """With its unit and type: what the endpoint tells is what docs/interface.md says, no more and no less."""
    text = told.ask("GET", "/metrics", headers=BEARER).text
    shown = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    late = {"newsletter_event_lag_seconds", "newsletter_event_age_seconds"}  # only after a send
    table = (ROOT / "docs/interface.md").read_text().partition("## Metrics")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(newsletter_\w+)", table, re.MULTILINE)) == shown | late
    assert not [name for name in shown if name.endswith("_created")]
