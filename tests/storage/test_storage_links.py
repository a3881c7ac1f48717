"""Links by their codes: where each leads, what it was, and an edition's clicks by link, however they were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from ledger_clock import START
from ledger_rows import MESSAGE, Rows, addresses, event, key_of
from sqlalchemy import insert, select, update

from newsletter.model import EventKind, Hit, Link, LinkClicks, Message, SendState
from newsletter.storage import Tx, clicks, editions, hits, links, messages, sends
from newsletter.storage import tables as t
from newsletter.storage.variants import Allotment, Choice

PORTS, AGAIN, DUST, MAIL = (
    Link(number=1, role="story", url="https://amg.example.org/ports", story="ports", section="trade", code="a" * 12),
    Link(number=2, role="story", url="https://amg.example.org/ports", story="ports", section="trade", code="b" * 12),
    Link(number=3, role="source", url="https://ledger.example.org/dust", story="dust", section="trade", code="c" * 12),
    Link(number=4, role="furniture", url="mailto:ann@example.org", code="d" * 12),
)
DAILY = "daily/2026-05-04"


def message(*of: Link, mark: str = "1") -> Message:
    html = "".join(f"<a href='https://news.example.org/r/{link.code}[[rq]]'>x</a>" for link in of)
    return replace(MESSAGE, html=html, links=of, fingerprint="sha256:" + mark * 64)


def variant(rows: Rows, of: Message, edition: str = DAILY) -> tuple[int, int]:
    """A message that is kept: the ids of its edition and variant."""
    now = rows.clock()
    with rows.store.write() as tx:
        name, _, day = edition.partition("/")
        on = date.fromisoformat(day[:10])
        row = editions.ensure(tx, edition, newsletter=name, on=on, planned_at=now, now=now)
        return row.id, messages.keep(tx, row.id, of, now)


def frozen(rows: Rows, of: Message, edition: str = DAILY, *, agreed: Message | None = None, count: int = 2) -> int:
    """A live send of a message, to `count` readers in one batch; gives the edition. With `agreed`, the first of them
    agreed to be seen, and gets that.
    """
    rows.subscribe("daily", addresses(count))
    edition_id, variant_id = variant(rows, of, edition)
    both = (variant_id,) if agreed is None else (variant_id, variant(rows, agreed, edition)[1])
    with rows.store.write() as tx:
        first = select(t.subscriber.c.id).where(t.subscriber.c.address_key == key_of(addresses(1)[0]))
        tx.execute(
            update(t.subscription).where(t.subscription.c.subscriber_id.in_(first)).values(tracked=agreed is not None)
        )
        mailing = rows.mailing(tx, "daily", edition_id, loopback=True, printed=())
        plan = sends.Plan(
            edition_id=edition_id, mailing=mailing, subject="s", batch_size=count,
            allotment=Allotment(variants=both, choices={Choice(sections=(), tracked=True): 1} if agreed else {}),
        )  # fmt: skip
        sends.freeze(tx, plan, rows.clock())
    return edition_id


@pytest.fixture
def edition(rows: Rows) -> int:
    return frozen(rows, message(PORTS, AGAIN, DUST, MAIL))


def read(rows: Rows, edition_id: int) -> dict[str, LinkClicks]:
    def index(raw: str) -> int | None:
        return int(raw.strip("{}")) if raw.strip("{}") else None

    with rows.store.read() as tx:
        return {each.code[0]: each for each in clicks.by_link(tx, edition_id, index=index)}


def hit(code: str, *, machine: bool = False) -> Hit:
    return Hit(code=code * 12, at=START, agent="Firefox", machine=machine, why="x" if machine else "", rules=1)


def followed(rows: Rows, *of: Hit) -> None:
    with rows.store.write() as tx:
        hits.add(tx, of)


def deliveries(rows: Rows) -> Sequence[int]:
    with rows.store.read() as tx:
        return tx.execute(select(t.delivery.c.id).order_by(t.delivery.c.id)).scalars().all()


class TestTargets:
    def test_a_code_leads_where_its_link_did(self, rows: Rows, edition: int) -> None:
        with rows.store.read() as tx:
            assert links.find(tx, PORTS.code) == links.Found(url=PORTS.url, edition_id=edition)
            assert links.find(tx, "z" * 12) is None

    def test_the_newest_change_counts_and_what_was_is_kept(self, rows: Rows, edition: int) -> None:
        urls = ("https://amg.example.org/2", "https://amg.example.org/3")
        for url in urls:
            with rows.store.write() as tx:
                links.retarget(tx, PORTS.code, url, by="ann", now=rows.clock())
        with rows.store.read() as tx:
            assert links.find(tx, PORTS.code) == links.Found(url=urls[1], edition_id=edition)
            first = links.of_edition(tx, edition)[0]
            assert links.of_code(tx, PORTS.code) == first
        assert (first.url, [change.url for change in first.changes]) == (PORTS.url, list(urls))
        assert {change.by for change in first.changes} == {"ann"}

    def test_changes_are_told_from_a_number_on(self, rows: Rows, edition: int) -> None:
        """So that processes that serve links learn of them once a second, for the price of one row."""
        del edition
        for number in range(3):
            with rows.store.write() as tx:
                links.retarget(tx, PORTS.code, f"https://amg.example.org/{number}", by="ann", now=rows.clock())
        with rows.store.read() as tx:
            last, every = links.retargets_since(tx, 0)
            assert every == {PORTS.code: "https://amg.example.org/2"}
            assert links.retargets_since(tx, last) == (last, {})

    def test_whether_mails_go_through_the_redirect(self, rows: Rows, edition: int) -> None:
        """In a mail that has the target itself nothing can be changed."""
        del edition
        variant(rows, replace(message(mark="2"), links=(replace(DUST, code="e" * 12),)), "daily/2026-05-05")
        with rows.store.read() as tx:
            assert links.is_redirected(tx, PORTS.code)
            assert not links.is_redirected(tx, "e" * 12)


class TestOfAnEdition:
    def test_each_once_of_all_variants_that_go_to_readers(self, rows: Rows, edition: int) -> None:
        """Not those of a draft that only editors were sent."""
        variant(rows, message(replace(DUST, code="e" * 12), mark="2"))
        with rows.store.read() as tx:
            assert [link.code for link in links.of_edition(tx, edition)] == [x * 12 for x in "abcd"]

    def test_of_whole_newsletters_once_they_began_to_go(self, rows: Rows, edition: int) -> None:
        """For the static archive: an edition under embargo tells nothing before its time."""
        with rows.store.write() as tx:
            links.retarget(tx, DUST.code, "https://amg.example.org/dust", by="ann", now=rows.clock())
            assert links.of_newsletters(tx, ["daily"]) == {}
            live = sends.live(tx, DAILY)
            assert live is not None
            sends.move(tx, live.id, [SendState.PENDING], SendState.SENDING, now=rows.clock())
        with rows.store.read() as tx:
            found = links.of_newsletters(tx, ["daily"])
            assert links.of_newsletters(tx, ["weekly"]) == {}
        assert found == {
            PORTS.code: PORTS.url, AGAIN.code: AGAIN.url, DUST.code: "https://amg.example.org/dust", MAIL.code: MAIL.url
        }  # fmt: skip
        assert edition


class TestClicks:
    def test_links_that_nobody_followed_are_there(self, rows: Rows, edition: int) -> None:
        found = read(rows, edition)
        assert [(each.number, each.role, each.story, each.section) for each in found.values()][:3] == [
            (1, "story", "ports", "trade"), (2, "story", "ports", "trade"), (3, "source", "dust", "trade"),
        ]  # fmt: skip
        assert {(each.raw, each.human) for each in found.values()} == {(0, 0)}

    def test_hits(self, rows: Rows, edition: int) -> None:
        """Raw are all; human are those without a machine. Of other editions none."""
        followed(rows, hit("a"), hit("a"), hit("a", machine=True), hit("c"), hit("z"))
        found = read(rows, edition)
        assert {code: (of.raw, of.human) for code, of in found.items()} == {
            "a": (3, 2), "b": (0, 0), "c": (1, 1), "d": (0, 0)
        }  # fmt: skip

    def test_the_esps_events(self, rows: Rows, edition: int) -> None:
        """By their address; of two links to one address by what the event says, or else the first; what no link has is
        of none. A judgement counts more than the ESP's own word.
        """
        (ann, bob), uid = deliveries(rows), rows.one("SELECT uid FROM ledger")
        number = iter(range(100))

        def clicked(delivery: int, url: str, raw: str = "{}") -> None:
            n = next(number)
            one = event(f"{uid}-{delivery}", f"e{n}", kind=EventKind.CLICKED, at=START + timedelta(seconds=n), url=url)
            rows.keep(replace(one, raw=raw))

        clicked(ann, PORTS.url)
        clicked(ann, PORTS.url, "{1}")
        clicked(bob, PORTS.url, "{7}")
        clicked(bob, DUST.url)
        clicked(bob, DUST.url)
        clicked(bob, "https://other.example.org/")
        with rows.store.write() as tx:
            last = tx.execute(select(t.event.c.id).where(t.event.c.url == DUST.url)).scalars().first()
            tx.execute(insert(t.judgement).values(event_id=last, machine=True, why="burst", rules=1))
        found = read(rows, edition)
        assert {code: (of.raw, of.human) for code, of in found.items()} == {
            "a": (2, 2), "b": (1, 1), "c": (2, 1), "d": (0, 0)
        }  # fmt: skip

    def test_what_was_summed_away_is_added(self, rows: Rows, edition: int) -> None:
        followed(rows, hit("a"))
        with rows.store.write() as tx:
            live = sends.live(tx, DAILY)
            assert live is not None
            for kind, machine, count in (("clicked", False, 5), ("hit", True, 7), ("opened", False, 90)):
                row = {"send_id": live.id, "kind": kind, "code": PORTS.code, "machine": machine}
                tx.execute(insert(t.event_sum).values(**row, events=count, deliveries=0))
        assert (read(rows, edition)["a"].raw, read(rows, edition)["a"].human) == (13, 6)

    def test_a_link_of_several_variants_is_one(self, rows: Rows) -> None:
        """Its place is that in the whole edition; the ESP counts who agreed, we count the others, and both are in."""
        part = message(replace(DUST, number=1), mark="2")
        edition = frozen(rows, message(PORTS, AGAIN, DUST), agreed=part)
        with rows.store.read() as tx:
            mine = select(t.subscriber.c.id).where(t.subscriber.c.address_key == key_of(addresses(1)[0]))
            who = tx.execute(select(t.delivery.c.id).where(t.delivery.c.subscriber_id.in_(mine))).scalar_one()
        uid = rows.one("SELECT uid FROM ledger")
        rows.keep(event(f"{uid}-{who}", "e1", kind=EventKind.CLICKED, at=START, url=DUST.url))
        followed(rows, hit("c"), hit("c"))
        found = read(rows, edition)
        assert [(of.code[0], of.number, of.raw) for of in found.values()] == [("a", 1, 0), ("b", 2, 0), ("c", 3, 3)]

    def test_a_link_leads_where_it_leads_now(self, rows: Rows, edition: int) -> None:
        with rows.store.write() as tx:
            links.retarget(tx, DUST.code, "https://amg.example.org/dust", by="ann", now=rows.clock())
        assert read(rows, edition)["c"].url == "https://amg.example.org/dust"

    def test_which_of_several_links_to_one_address(self) -> None:
        """As far as the mail service told; a mail that has none of them has no code."""
        assert [links.which(["a", "b"], n) for n in (None, 0, 1, 2, -1)] == ["a", "a", "b", "a", "a"]
        assert links.which([], 0) is None


class TestLabels:
    def labels(self, tx: Tx) -> dict[str, tuple[bool, str, int]]:
        return {row.agent: (row.machine, row.why, row.rules) for row in tx.execute(select(t.hit))}

    @staticmethod
    def odd(agent: str) -> str:
        return "odd" if agent == "Odd/1" else ""

    def test_new_rules_label_anew_but_keep_what_only_its_moment_showed(self, rows: Rows) -> None:
        old = [
            replace(hit("a"), agent="Odd/1"),
            replace(hit("a", machine=True), agent="Firefox"),
            replace(hit("a", machine=True), agent="Chrome", why="burst"),
        ]
        followed(rows, *old)
        ends: list[int | None] = [0]
        while ends[-1] is not None:
            with rows.store.write() as tx:
                ends.append(hits.relabel(tx, 2, self.odd, keep=("burst",), after=ends[-1], limit=2))
        with rows.store.write() as tx:
            again = hits.relabel(tx, 2, lambda _: "never asked", keep=("burst",), after=0, limit=9)
        with rows.store.read() as tx:
            assert self.labels(tx) == {
                "Odd/1": (True, "odd", 2), "Firefox": (False, "", 2), "Chrome": (True, "burst", 2)
            }  # fmt: skip
        assert (len(ends), again) == (4, None)
