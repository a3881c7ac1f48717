"""The API: keys and scopes, what may be asked and changed, problems in words, limits; and all that it describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from structlog.testing import capture_logs
from web_house import NOW, House

from newsletter.model import ApiScope, Basis, ConsentEvent
from newsletter.pipeline import api_keys, freezing, leaving, outcomes, readers
from newsletter.pipeline.context import target
from newsletter.storage import consent, editions, roster
from newsletter.web.api.app import LARGEST_BODY

API = "/api/v1"
MONDAY = "daily/2026-05-04"
EVERY = tuple(ApiScope)


class Program:
    """Asks the API with a key."""

    def __init__(self, house: House, *scopes: ApiScope, name: str = "crm") -> None:
        self._house = house
        self.key = api_keys.new(house.context, name, scopes or EVERY)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._house.ask(method, API + path, headers={"Authorization": f"Bearer {self.key}"}, **options)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def program(house: House) -> Program:
    return Program(house)


def problem(answer: httpx.Response, status: int) -> str:
    """The detail of a problem document (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    detail: str = body["detail"]
    return detail


class TestKeys:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Bearer nlk_x", "Basic bmxrX3g6", "nlk_x"])
    def test_nobody_gets_in_without_one(self, house: House, header: str | None) -> None:
        answer = house.ask("GET", f"{API}/lists", headers={} if header is None else {"Authorization": header})
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_a_key_is_good_for_its_scopes_alone(self, house: House) -> None:
        narrow = Program(house, ApiScope.LISTS_READ)
        assert narrow.get("/lists")["lists"]
        for path in ("/lists/daily/subscribers", f"/subscribers/{house.ann}", "/editions"):
            assert "scope" in problem(narrow.ask("GET", path), 403)
        assert "subscribers:write" in problem(narrow.ask("DELETE", f"/lists/daily/subscribers/{house.ann}"), 403)
        assert house.state() == "active"

    def test_who_may_only_write_reads_nobody(self, house: House) -> None:
        """A key on a site that signs people up must not be one that reads the list, number by number."""
        narrow = Program(house, ApiScope.SUBSCRIBERS_WRITE)
        changed = narrow.ask("PATCH", f"/subscribers/{house.ann}", json={"name": "Ann \u202eRoe"})
        assert changed.json() == {"id": house.ann}
        body = {"address": "ann@example.org", "confirm": False, "basis": "express"}
        assert narrow.ask("POST", "/lists/daily/subscribers", json=body).json() == {"id": house.ann}
        named = Program(house, name="desk").get(f"/subscribers/{house.ann}")["name"]
        assert named == "Ann Roe", "what a name may hold is the same whichever way it comes"

    def test_a_revoked_key_is_none(self, house: House, program: Program) -> None:
        program.get("/lists")
        assert api_keys.revoke(house.context, "crm")
        problem(program.ask("GET", "/lists"), 401)

    def test_of_a_key_the_hash_alone_is_kept(self, house: House, program: Program) -> None:
        program.get("/lists")
        house.context.store.close()
        raw = b"".join(path.read_bytes() for path in house.context.settings.var.glob("newsletter.db*"))
        assert b"crm" in raw
        assert program.key.encode() not in raw
        assert program.key.removeprefix(api_keys.PREFIX).encode() not in raw

    def test_its_use_is_noted(self, house: House, program: Program) -> None:
        program.get("/lists")
        (key,) = api_keys.everyone(house.context)
        assert key.used_at == NOW

    def test_neither_key_nor_address_is_logged(self, house: House, program: Program) -> None:
        with capture_logs() as lines:
            program.ask("POST", "/subscribers/lookup", json={"address": "ann@example.org"})
            program.ask("GET", "/subscribers/ann@example.org")
        assert {"/api/v1/subscribers/lookup", "/api/v1/subscribers/{subscriber}"} == {
            line["route"] for line in lines if line["event"] == "request"
        }
        assert "ann@" not in str(lines)
        assert program.key not in str(lines)


def test_what_is_no_address_is_not_said_again(program: Program) -> None:
    """Answers end in logs, and a whole address is easily one slip from the one in the request."""
    for body in ({"address": "ann@@example.org"}, {"address": "ann\0@example.org"}):
        for path in ("/subscribers/lookup", "/lists/daily/subscribers"):
            answer = program.ask("POST", path, json=body)
            problem(answer, 422)
            assert answer.json()["errors"][0]["where"] == "body.address"
            assert "example.org" not in answer.text


class TestLists:
    def test_with_their_readers_counted(self, program: Program) -> None:
        assert program.get("/lists") == {"lists": [{"slug": "daily", "title": "The Morning Run", "active": 2}]}
        assert program.get("/lists/daily")["active"] == 2
        assert "no list dayly" in problem(program.ask("GET", "/lists/dayly"), 404)

    def test_readers_a_page_at_a_time(self, house: House, program: Program) -> None:
        """Each reader once: 2 and 5 more, by threes, are pages of 3, 3 and 1."""
        for number in range(5):
            readers.add(house.context, f"r{number}@example.org", "", "daily", source="test", basis="express")
        pages, after = [], 0
        while after is not None:
            page = program.get(f"/lists/daily/subscribers?limit=3&after={after}")
            pages.append([person["address"] for person in page["subscribers"]])
            after = page["next"]
        assert [len(page) for page in pages] == [3, 3, 1]
        assert len({address for page in pages for address in page}) == 7

    def test_by_state(self, house: House, program: Program) -> None:
        program.ask("DELETE", f"/lists/daily/subscribers/{house.ann}")
        left = program.get("/lists/daily/subscribers?state=unsubscribed")["subscribers"]
        assert [person["id"] for person in left] == [house.ann]


class TestSubscribers:
    def test_one_by_id_and_by_address(self, house: House, program: Program) -> None:
        ann = program.get(f"/subscribers/{house.ann}")
        assert (ann["address"], ann["name"]) == ("ann@example.org", "Ann")
        assert [(s["list"], s["state"], s["basis"]) for s in ann["subscriptions"]] == [("daily", "active", "express")]
        found = program.ask("POST", "/subscribers/lookup", json={"address": " ANN@Example.org "})
        assert found.json() == ann
        problem(program.ask("POST", "/subscribers/lookup", json={"address": "no@example.org"}), 404)
        problem(program.ask("GET", "/subscribers/999999"), 404)

    def test_put_on_a_list_once(self, house: House, program: Program) -> None:
        """201, then 200; the consent log says by which right, and by whose key."""
        body = {"address": "new@example.org", "name": "New", "confirm": False, "basis": "express"}
        first, second = (program.ask("POST", "/lists/daily/subscribers", json=body) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        with house.context.store.read() as tx:
            (entry,) = consent.of(tx, readers.identify(house.context, "new@example.org").key)
        assert (entry.event, entry.basis, entry.source) == (ConsentEvent.IMPORTED, Basis.EXPRESS, "api, by crm")

    @pytest.mark.parametrize(
        ("more", "says"),
        [
            ({"confirm": False}, "basis"),
            ({"confirm": False, "basis": "implied"}, "until"),
            ({"confirm": False, "basis": "implied", "until": "2020-01-01T00:00:00Z"}, "time to come"),
            ({"confirm": False, "basis": "implied", "until": "2030-01-01T00:00:00"}, "zone"),
            ({"confirm": False, "basis": "express", "until": "2030-01-01T00:00:00Z"}, "only implied"),
            ({"confirm": False, "basis": "hearsay"}, "errors"),
            ({"confirm": False, "basis": "express", "address": "nobody"}, "errors"),
            ({"confirm": False, "basis": "express", "name": "a\nb"}, "errors"),
            ({"confirm": False, "basis": "express", "extra": 1}, "errors"),
        ],
        ids=["no basis", "no end", "past", "no zone", "endless", "unknown", "no address", "two lines", "unknown key"],
    )  # fmt: skip
    def test_not_without_a_right(self, house: House, program: Program, more: dict[str, object], says: str) -> None:
        body = {"address": "new@example.org", **more}
        assert says in problem(program.ask("POST", "/lists/daily/subscribers", json=body), 422)
        with house.context.store.read() as tx:
            assert roster.subscriber_count(tx) == 2

    def test_implied_consent_has_its_end(self, program: Program) -> None:
        until = datetime(2026, 11, 4, tzinfo=UTC)
        body = {"address": "new@example.org", "confirm": False, "basis": "implied", "until": until.isoformat()}
        (place,) = program.ask("POST", "/lists/daily/subscribers", json=body).json()["subscriptions"]
        assert place["basis"] == "implied"
        assert datetime.fromisoformat(place["until"]) == until

    def test_implied_consent_ends_where_it_replaces_a_weaker_basis(self, house: House, program: Program) -> None:
        readers.add(house.context, "old@example.org", "", "daily", source="a box", basis="legacy_import")
        until = datetime(2026, 11, 4, tzinfo=UTC)
        body = {"address": "old@example.org", "confirm": False, "basis": "implied", "until": until.isoformat()}
        (place,) = program.ask("POST", "/lists/daily/subscribers", json=body).json()["subscriptions"]
        assert (place["basis"], datetime.fromisoformat(place["until"])) == ("implied", until)

    def test_a_gone_address_stays_away(self, house: House, program: Program) -> None:
        """Nothing is left of its owner but the suppression."""
        leaving.suppress(house.context, ["gone@example.org"], reason="moved", source="its owner gave another")
        body = {"address": "gone@example.org", "confirm": False, "basis": "express"}
        assert "signing up" in problem(program.ask("POST", "/lists/daily/subscribers", json=body), 422)

    def test_who_left_stays_away(self, house: House, program: Program) -> None:
        """A program that keeps its own list must not bring back who left."""
        for _ in range(2):
            assert program.ask("DELETE", f"/lists/daily/subscribers/{house.ann}").status_code == 204
        assert house.state() == "unsubscribed"
        body = {"address": "ann@example.org", "confirm": False, "basis": "express"}
        assert program.ask("POST", "/lists/daily/subscribers", json=body).status_code == 200
        assert house.state() == "unsubscribed"
        problem(program.ask("DELETE", "/lists/daily/subscribers/999"), 404)
        problem(program.ask("DELETE", f"/lists/other/subscribers/{house.ann}"), 404)

    def test_asked_first(self, house: House, program: Program) -> None:
        """Double opt-in is the default: they are pending until they confirm, and a letter waits to ask them."""
        answer = program.ask("POST", "/lists/daily/subscribers", json={"address": "new@example.org"})
        assert (answer.status_code, answer.json()) == (202, {"asked": True})
        new = program.ask("POST", "/subscribers/lookup", json={"address": "new@example.org"}).json()
        assert [(place["list"], place["state"]) for place in new["subscriptions"]] == [("daily", "pending")]

    def test_erased(self, house: House, program: Program) -> None:
        assert program.ask("DELETE", f"/subscribers/{house.ann}").status_code == 204
        ann = program.get(f"/subscribers/{house.ann}")
        assert (ann["address"], ann["name"]) == (None, "")
        assert [held["reason"] for held in ann["suppressions"]] == ["erased"]
        problem(program.ask("DELETE", f"/subscribers/{house.ann}"), 404)

    def test_a_new_name(self, house: House, program: Program) -> None:
        assert program.ask("PATCH", f"/subscribers/{house.ann}", json={"name": "Ann Roe"}).json()["name"] == "Ann Roe"
        problem(program.ask("PATCH", "/subscribers/999", json={"name": "x"}), 404)


@pytest.fixture
def frozen(make_house: Callable[..., House]) -> House:
    """A house whose edition of the day is frozen for its two readers."""
    house = make_house(SANDBOX="1")
    freezing.freeze(house.context, target(house.context, MONDAY, NOW), by="ann")
    return house


class TestEditions:
    def test_one_with_its_stories_and_what_became_of_it(self, frozen: House) -> None:
        """The report is the command's, to the letter: counts that balance, and the figures of the edition."""
        program = Program(frozen)
        (line,) = program.get("/editions?newsletter=daily&state=frozen")["editions"]
        assert program.get("/editions?state=sent")["editions"] == []
        one = program.get(f"/editions/{MONDAY}")
        assert {name: one[name] for name in line} == line
        assert one["name"] == MONDAY
        with frozen.context.store.read() as tx:
            row = editions.find(tx, MONDAY)
            assert row is not None
            held = editions.frozen_stories(tx, row.id)
        assert [story["slug"] for story in one["stories"]] == [story.slug for story in held] != []
        report = program.get(f"/editions/{MONDAY}/report")
        assert report["sends"][0]["candidates"] == 2
        assert report == json.loads(json.dumps(outcomes.document(frozen.context, MONDAY), default=str))
        assert report["report"] is not None

    def test_none_yet(self, program: Program) -> None:
        assert program.get("/editions") == {"editions": [], "next": None}
        problem(program.ask("GET", "/editions/daily/2026-05-04"), 404)
        problem(program.ask("GET", "/editions/daily/2026-05-04/report"), 404)


class TestBadRequests:
    def test_each_is_told_as_a_problem(self, house: House, program: Program) -> None:
        problem(program.ask("GET", "/nothing"), 404)
        problem(program.ask("PUT", "/lists"), 405)
        problem(program.ask("POST", "/subscribers/lookup", content=b"{"), 422)
        problem(program.ask("POST", "/subscribers/lookup", content=b"\xff\x00"), 422)
        problem(program.ask("POST", "/subscribers/lookup", json={"address": "a" * LARGEST_BODY}), 413)
        problem(program.ask("GET", f"/subscribers/{2**70}"), 422)
        with house.broken_database():
            answer = program.ask("GET", "/lists")
        problem(answer, 503)
        assert answer.headers["Retry-After"]

    def test_too_many(self, make_house: Callable[..., House]) -> None:
        """Wrong keys are counted by where they come from, good ones by the key."""
        house = make_house()
        for _ in range(30):
            assert house.ask("GET", f"{API}/lists", headers={"Authorization": "Bearer nlk_x"}).status_code == 401
        answer = house.ask("GET", f"{API}/lists", headers={"Authorization": "Bearer nlk_x"})
        problem(answer, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_the_description_needs_no_key_and_names_every_scope(house: House) -> None:
    described = house.ask("GET", f"{API}/openapi.json")
    assert described.status_code == 200
    assert described.json()["servers"] == [{"url": f"{house.context.settings.base_url}{API}"}]
    for path in ("/docs", "/redoc"):
        assert house.ask("GET", API + path).status_code == 404


def test_whatever_the_description_allows(frozen: House) -> None:
    """schemathesis asks each operation what its description allows, and what it forbids: no 5xx, no undescribed answer,
    no answer of another shape, nothing taken that is described as wrong.
    """
    key = api_keys.new(frozen.context, "fuzzer", EVERY)
    api = schemathesis.openapi.from_asgi(f"{API}/openapi.json", frozen.app)
    asked = set()

    def check(case: schemathesis.Case) -> None:
        asked.add(case.operation.label)
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

    often = settings(
        max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    for operation in api.get_all_operations():
        often(given(case=operation.ok().as_strategy())(check))()
    assert len(asked) == len(list(api.get_all_operations()))
