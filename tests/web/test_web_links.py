"""The redirect: only where we said, counted of nobody, whatever a scanner or an attacker sends."""

from __future__ import annotations

import http.client
import socket
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from structlog.testing import capture_logs
from web_house import NOW, House

from newsletter.cli.local import serving
from newsletter.model import Link, Message
from newsletter.pipeline.clicking import Redirects, relabel
from newsletter.rendering.links import code as code_of
from newsletter.storage import editions, links, messages
from newsletter.storage import tables as t
from newsletter.tracking.hits import BURST, RULES
from newsletter.web.app import create_app
from newsletter.web.server import listen, running

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0"
READER = {"User-Agent": FIREFOX, "X-Forwarded-For": "198.51.100.7"}
TARGET = "https://amg.example.org/ports?x=1&y=%20#part"


def keep(house: House, *urls: str, edition: str = "daily/2026-05-04") -> list[str]:
    """A stored message with links to these addresses; gives their codes."""
    codes = [code_of(edition, "trade", "ports", "body", number, url) for number, url in enumerate(urls, start=1)]
    found = tuple(
        Link(number=n, role="body", url=url, story="ports", section="trade", code=code)
        for n, (code, url) in enumerate(zip(codes, urls, strict=True), start=1)
    )
    message = Message(subject="s", preheader="p", html="h", text="t", links=found, fingerprint=f"sha256:{codes[0]}")
    with house.context.store.write() as tx:
        row = editions.ensure(
            tx, edition, newsletter="daily", on=date.fromisoformat(edition[6:]), planned_at=NOW, now=NOW
        )
        messages.keep(tx, row.id, message, NOW)
    return codes


def redirects(house: House) -> Redirects:
    found: Redirects = house.app.state.redirects
    return found


def counted(house: House) -> Sequence[Any]:
    """What is kept of all hits, once it was written."""
    redirects(house).look(last=True)
    with house.context.store.read() as tx:
        return tx.execute(select(t.hit).order_by(t.hit.c.id)).all()


def retarget(house: House, code: str, url: str) -> None:
    with house.context.store.write() as tx:
        links.retarget(tx, code, url, by="ann", now=NOW)


@pytest.fixture
def code(house: House) -> str:
    return keep(house, TARGET)[0]


class TestAReader:
    def test_is_led_to_the_target(self, house: House, code: str) -> None:
        """Nobody keeps the answer, since the target may be corrected; the target learns of nobody."""
        for _ in range(2):
            answer = house.ask("GET", f"/r/{code}", headers=READER)
            assert (answer.status_code, answer.headers["Location"], answer.content) == (302, TARGET, b"")
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "Set-Cookie" not in answer.headers

    def test_is_counted_without_being_known(self, house: House, code: str) -> None:
        """Which link, when, which program: nothing else is there to be kept."""
        headers = {**READER, "User-Agent": f"{FIREFOX} (ann.roe@example.org)", "Referer": "https://mail.example.org/x"}
        house.ask("GET", f"/r/{code}?utm_source=x&reader=ann", headers=headers)
        waiting = "newsletter_clicks_waiting "
        assert f"{waiting}1" in house.ask("GET", "/metrics", headers={"Host": "127.0.0.1"}).text
        (hit,) = counted(house)
        assert f"{waiting}0" in house.ask("GET", "/metrics", headers={"Host": "127.0.0.1"}).text
        assert (hit.code, hit.agent, hit.machine, hit.why) == (code, f"{FIREFOX} (…)", False, "")
        assert hit.at.replace(tzinfo=NOW.tzinfo) == NOW
        assert set(hit._mapping) == {"id", "code", "at", "agent", "machine", "why", "rules"}

    def test_of_a_test_is_not(self, house: House, code: str) -> None:
        """Whatever a gateway put after it."""
        for query in ("?t", "?t&x=1", "?x=1&t", "?t="):
            assert house.ask("GET", f"/r/{code}{query}", headers=READER).headers["Location"] == TARGET
        assert counted(house) == []
        house.ask("GET", f"/r/{code}?test&tt=t", headers=READER)
        assert len(counted(house)) == 1

    def test_who_only_asks_the_head_is_not(self, house: House, code: str) -> None:
        answer = house.ask("HEAD", f"/r/{code}", headers=READER)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
        assert counted(house) == []

    def test_is_led_to_a_corrected_target_at_once(self, house: House, code: str) -> None:
        """In each process that serves links: one that knew the old target learns it within its second."""
        other = replace(house, app=create_app(house.context))
        for each in (house, other):
            assert each.ask("GET", f"/r/{code}").headers["Location"] == TARGET
        for url in ("https://amg.example.org/2", "https://amg.example.org/3"):
            retarget(house, code, url)
            for each in (house, other):
                redirects(each).look()
                assert each.ask("GET", f"/r/{code}").headers["Location"] == url
        assert replace(house, app=create_app(house.context)).ask("GET", f"/r/{code}").headers["Location"] == url


class TestAScanner:
    def test_that_follows_each_link_is_a_machine(self, house: House) -> None:
        """Though it says that it is a browser; a reader who follows one of them at the same moment is none."""
        codes = keep(house, *(f"https://amg.example.org/{n}" for n in range(20)))
        for code in codes:
            house.ask("HEAD", f"/r/{code}", headers=READER)
            house.ask("GET", f"/r/{code}", headers=READER)
        house.ask("GET", f"/r/{codes[0]}", headers={**READER, "X-Forwarded-For": "203.0.113.9"})
        labels = [(hit.machine, hit.why) for hit in counted(house)]
        assert labels == [(True, "3 links or more within 2 seconds")] * 20 + [(False, "")]

    def test_that_says_so_is_one(self, house: House, code: str) -> None:
        for agent in ("", "Barracuda Sentinel (EE)", "curl/8.5.0"):
            house.ask("GET", f"/r/{code}", headers={"User-Agent": agent})
        house.ask("GET", f"/r/{code}", headers={**READER, "Sec-Purpose": "prefetch;prerender"})
        assert [hit.machine for hit in counted(house)] == [True] * 4

    def test_whom_the_proxy_named_counts_and_not_what_the_visitor_claims(self, house: House) -> None:
        """A scanner that writes another address into each request is still one."""
        codes = keep(house, *(f"https://amg.example.org/{n}" for n in range(3)))
        for n, code in enumerate(codes):
            house.ask("GET", f"/r/{code}", headers={**READER, "X-Forwarded-For": f"192.0.2.{n}, 198.51.100.7"})
        assert [hit.machine for hit in counted(house)] == [True] * 3

    def test_readers_who_cannot_be_told_apart_are_no_burst(self, house: House) -> None:
        """Behind a proxy that does not say for whom it asks."""
        for code in keep(house, *(f"https://amg.example.org/{n}" for n in range(5))):
            house.ask("GET", f"/r/{code}", headers={"User-Agent": FIREFOX})
        assert not any(hit.machine for hit in counted(house))


ATTACKS = (
    "/r/", "/r", "/r/nothing", "/r/aaaaaaaaaaaa", "/r//evil.example.org", "/r/https://evil.example.org",
    "/r/https:%2F%2Fevil.example.org", "/r/%2F%2Fevil.example.org", "/r/\\evil.example.org", "/r/%5Cevil.example.org",
    "/r/..%2F..%2Fetc%2Fpasswd", "/r/../healthz/x", "/r/%2e%2e/%2e%2e/x", "/r/{code}/", "/r/{code}/x",
    "/r/{code}%0d%0aSet-Cookie:%20a=b", "/r/{code}%0aLocation:%20https://evil.example.org", "/r/{code}%00",
    "/r/{CODE}", "/r/{code}%20", "/r/ {code}", "/r/{code}.", "/r/аaaaaaaaaaaa", "/r/%ff%fe", "/r/" + "a" * 5_000,
    "/r/' OR 1=1 --", "/r/%25s",
)  # fmt: skip


class TestAnAttacker:
    @pytest.mark.parametrize("path", ATTACKS)
    def test_finds_the_same_nothing_everywhere(self, house: House, code: str, path: str) -> None:
        """No open redirect, no second header, no other file: the page for what is not there, and nothing counted."""
        answer = house.ask("GET", path.replace("{code}", code).replace("{CODE}", code.upper()))
        assert answer.status_code == 404
        assert "Location" not in answer.headers
        assert answer.text == house.ask("GET", "/nothing").text
        assert counted(house) == []

    @pytest.mark.parametrize("name", ["url", "u", "to", "next", "target", "redirect", "code"])
    def test_chooses_no_target(self, house: House, code: str, name: str) -> None:
        answer = house.ask("GET", f"/r/{code}", params={name: "https://evil.example.org/"}, headers={
            "Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org", "Forwarded": "host=evil.example.org",
            "X-Original-URL": "https://evil.example.org/", "X-HTTP-Method-Override": "HEAD",
        })  # fmt: skip
        assert answer.headers["Location"] == TARGET

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)", "//evil.example.org", "https://amg.example.org@evil.example.org/", "mailto:a@b.org",
            "https://amg.example.org/\r\nSet-Cookie: a=b", "https://mühle.example.org/", "data:text/html,x", "/u/x",
        ],
    )  # fmt: skip
    def test_is_not_helped_by_a_table_that_somebody_wrote_into(self, house: House, url: str) -> None:
        """A target is looked at again where it is served: as it was sent, and as it was changed to."""
        (bad,) = keep(house, url, edition="daily/2026-05-05")
        assert house.ask("GET", f"/r/{bad}").status_code == 404
        (good,) = keep(house, TARGET)
        assert house.ask("GET", f"/r/{good}").status_code == 302
        retarget(house, good, url)
        redirects(house).look()
        assert house.ask("GET", f"/r/{good}").headers["Location"] == TARGET

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_may_only_look(self, house: House, code: str, method: str) -> None:
        answer = house.ask(method, f"/r/{code}")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}

    def test_with_thousands_of_codes_leaves_no_trace(self, house: House, code: str) -> None:
        """What is none of ours is neither kept in memory nor counted nor logged with its path."""
        del code
        with capture_logs() as lines:
            for n in range(200):
                assert house.ask("GET", f"/r/{n:012}".translate(str.maketrans("01", "ab"))).status_code == 404
        assert {line["route"] for line in lines if line["event"] == "request"} == {"/r/{code}"}
        assert not redirects(house)._known
        assert counted(house) == []


def raw(base: str, request: bytes) -> bytes:
    """What a server answers to these very bytes."""
    host, _, port = base.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=9) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_over_the_wire_nothing_but_the_code_counts(house: House, code: str) -> None:
    """Request lines that no client library would send: of another host, with another path in them, broken, huge."""
    end = b" HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n"
    good = f"/r/{code}".encode()
    with listen("127.0.0.1", 0) as listener, running(house.app, listener) as base:
        for line in (b"GET " + good, b"GET " + good + b"?//evil.example.org/"):
            assert f"location: {TARGET}\r\n".encode() in raw(base, line + end)
        for line in (
            b"GET http://evil.example.org" + good, b"GET //evil.example.org" + good, b"GET //evil.example.org/r/",
            b"GET /r/" + b"a" * 60_000, b"GET /r/\xff", b"GET " + good + b"%0d%0aLocation:%20https://evil.example.org",
            b"GET " + good + b"\rLocation: x", b"GET " + good + b"\tx", b"GET /r/../r/..%2f" + good,
        ):  # fmt: skip
            answer = raw(base, line + end)
            assert b"evil.example.org" not in answer
            assert b"location:" not in answer.lower()
            assert answer.split(b" ", 2)[1] in {b"400", b"404", b"414", b"431"}


class TestTrouble:
    def test_what_is_known_is_served_without_the_database(self, house: House, code: str) -> None:
        """And counted once it answers again; what is not known is asked for again a little later."""
        (other,) = keep(house, TARGET, edition="daily/2026-05-05")
        house.ask("GET", f"/r/{code}", headers=READER)
        with house.broken_database():
            assert house.ask("GET", f"/r/{code}", headers=READER).headers["Location"] == TARGET
            with capture_logs() as lines:
                redirects(house).look(last=True)
                redirects(house).look(last=True)
            assert house.ask("GET", f"/r/{other}").status_code == 503
        assert [line["hits"] for line in lines if line["event"] == "clicks wait for the database"] == [2]
        assert len(counted(house)) == 2
        assert house.ask("GET", f"/r/{other}").status_code == 302

    def test_a_long_write_holds_up_no_reader(self, house: House, code: str) -> None:
        """As a freeze is: nobody else may write meanwhile, and redirects, known or not, do not wait."""
        with house.context.store.write() as tx:
            tx.execute(text("UPDATE edition SET reason = 'held'"))
            assert house.ask("GET", f"/r/{code}", headers=READER).headers["Location"] == TARGET
        assert len(counted(house)) == 1

    def test_hits_are_written_when_it_is_known_what_they_are(self, house: House, code: str) -> None:
        """Two seconds later: until then another two may show that it is a burst."""
        moved = Redirects(replace(house.context, clock=lambda: now))
        now = NOW
        assert moved.find(code) == TARGET
        moved.follow(code, agent=FIREFOX, visitor="v", ahead=False)
        for after_s, rows in ((1.9, 0), (2, 1), (3, 1)):
            now = NOW + timedelta(seconds=after_s)
            moved.look()
            with house.context.store.read() as tx:
                assert len(tx.execute(select(t.hit)).all()) == rows

    def test_old_labels_are_made_anew_by_a_new_version(self, house: House, code: str) -> None:
        """By itself, beside what it serves; what was seen as a burst stays one."""
        for agent, visitor in ((FIREFOX, "v"), ("curl/8", "w")):
            redirects(house).find(code)
            redirects(house).follow(code, agent=agent, visitor=visitor, ahead=False)
        counted(house)
        with house.context.store.write() as tx:
            tx.execute(update(t.hit).values(machine=True, why="by rule 0", rules=0))
            tx.execute(update(t.hit).where(t.hit.c.agent == "curl/8").values(why=BURST))
        relabel(house.context)
        labels = [(hit.agent, hit.machine, hit.why, hit.rules) for hit in counted(house)]
        assert labels == [(FIREFOX, False, "", RULES), ("curl/8", True, BURST, RULES)]

    def test_links_kept_in_memory_are_bounded(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("newsletter.pipeline.clicking.MOST_KNOWN", 3)
        for code in keep(house, *(f"https://amg.example.org/{n}" for n in range(10))):
            assert house.ask("GET", f"/r/{code}").status_code == 302
        assert len(redirects(house)._known) == 3


def test_a_click_counts_beside_the_sandbox_too(house: House) -> None:
    """`newsletter sandbox` and the demo run the web app themselves: what a newcomer presses there is in the report."""
    (code,) = keep(house, TARGET)
    with serving(house.context) as address:
        asked = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
        asked.request("GET", f"/r/{code}", headers=READER)
        assert asked.getresponse().status == 302
        asked.close()
    assert [(hit.code, hit.machine) for hit in counted(house)] == [(code, False)]


def test_long_words_of_a_stranger_do_not_wait(house: House, code: str) -> None:
    """A header may be as long as 64 kB, and 200,000 hits wait where the database is slow: of each the beginning."""
    redirects(house).find(code)
    tracemalloc.start()
    try:
        for number in range(100):
            redirects(house).follow(code, agent=f"{number:060000}", visitor="x", ahead=False)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 600_000
    assert len(counted(house)) == 100
