"""The report's page in a browser: axe, contrast, width, what it asks for; from the ledger of an edition that went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_visit import Scheme, Visit, cramped, faint, small
from browser_web import WebHouse, web_house
from ledger_gateway import FakeGateway

from newsletter.model import Hit
from newsletter.pipeline import freezing, listening, outcomes, sending
from newsletter.pipeline.context import target
from newsletter.storage import hits

pytestmark = pytest.mark.browser

MONDAY = "daily/2026-05-04"


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the report on an edition that went to forty readers: with bars, warnings, stories and links."""
    with web_house(tmp_path_factory.mktemp("report")) as house:
        yield sent(house)


def sent(house: WebHouse) -> str:
    fake = FakeGateway()
    context = replace(house.context, gateway=lambda: fake)
    for _ in range(40):
        house.reader("daily")
    freezing.freeze(context, target(context, MONDAY, context.clock()), by="ann")
    with context.store.write() as tx:
        tx.exec_driver_sql("UPDATE variant SET tracking = 'aggregate'")
        codes = tx.exec_driver_sql("SELECT code FROM link WHERE story IS NOT NULL ORDER BY number LIMIT 3").scalars()
        found = list(codes)
    sending.run(context, sending.start(context, MONDAY, by="ann"))
    people = [person for outgoing in fake.accepted for person in outgoing.batch.recipients]
    at = context.clock() + timedelta(minutes=1)
    events = [
        {"event": word, "delivery_id": person.delivery_id, "email": person.address, "timestamp": int(at.timestamp()),
         "sg_event_id": f"{word}{number}", "attempt_no": 1}
        for word, count in (("delivered", 30), ("spamreport", 3), ("unsubscribe", 2))
        for number, person in enumerate(people[:count])
    ]  # fmt: skip
    listening.take_in(context, json.dumps(events).encode())
    with context.store.write() as tx:
        hits.add(tx, [Hit(code=code, at=at, agent="", machine=n % 4 == 3, why="", rules=1)
                      for place, code in enumerate(found) for n in range(9 - 3 * place)])  # fmt: skip
    return f"{house.url}/desk/report/{outcomes.link(context, MONDAY).rpartition('/')[2]}"


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_everybody_can_read_it(visit: Callable[..., Visit], page_url: str, width: int, scheme: Scheme) -> None:
    """Nothing for axe to mend, contrast of 4.5, text of 14 px, targets of 44 px, nothing to the side, no complaint."""
    server = page_url.partition("/desk")[0]
    shown = visit(width, scheme=scheme, servers=(server,))
    assert shown.open(page_url) == 200
    assert shown.said == []
    assert shown.asked == [page_url, f"{server}/style.css"]
    assert "30 of 40 accepted" in shown.text()
    assert shown.page.locator("svg.bar").count() > 5
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert faint(shown) == []
    assert small(shown, 14) == []
    assert cramped(shown) == []
    assert Axe().run(shown.page).response["violations"] == []


def test_a_bar_is_as_long_as_its_number_says(visit: Callable[..., Visit], page_url: str) -> None:
    """30 of 40 delivered: three quarters of the bar, drawn under the policy that forbids styles in the page."""
    shown = visit(1200, servers=(page_url.partition("/desk")[0],))
    shown.open(page_url)
    bar = shown.page.locator("svg.bar").first
    whole, people = bar.bounding_box(), bar.locator(".people").bounding_box()
    assert whole is not None
    assert people is not None
    assert people["width"] / whole["width"] == pytest.approx(0.75, abs=0.01)
    assert bar.locator(".people").evaluate("each => getComputedStyle(each).fill") != "rgb(0, 0, 0)"
