"""The freeze: who is eligible, in one set operation, counted and verified; and nobody twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_clock import HandClock
from ledger_postgres import Databases
from ledger_rows import Rows, addresses
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from newsletter.model import SendState
from newsletter.model.newsletters import MOST_SECTIONS
from newsletter.storage import Store, balance, roster, sends, variants
from newsletter.storage.variants import Choice


def test_the_freeze_counts(rows: Rows) -> None:
    """7 readers in batches of 3: 3 + 3 + 1 = 7, all of them pending."""
    rows.subscribe("daily", addresses(7))
    send_id = rows.freeze(size=3)
    report = rows.report(send_id)
    assert (report.candidates, report.pending, report.excluded) == (7, 7, {})
    with rows.store.read() as tx:
        sizes = tx.execute(text("SELECT number, size FROM batch ORDER BY number")).all()
    assert [tuple(row) for row in sizes] == [(1, 3), (2, 3), (3, 1)]


def test_those_left_out_have_a_reason(rows: Rows) -> None:
    """10 candidates = 7 in batches + 1 bounce + 1 manual + 1 reserved; who left before the freeze is no candidate."""
    rows.subscribe("daily", [f"ann{number}@news.cityname.com" for number in range(9)])
    rows.subscribe("daily", ["late@news.cityname.com", "sample@example.org"])
    rows.unsubscribe("daily", "late@news.cityname.com")
    rows.suppress("ann0@news.cityname.com", reason="bounce")
    rows.suppress("ann1@news.cityname.com", reason="manual", scope="daily")
    rows.suppress("ann2@news.cityname.com", reason="manual", scope="another-list")
    report = rows.report(rows.freeze(size=1000, loopback=False))
    assert (report.candidates, report.pending) == (10, 7)
    assert report.excluded == {"suppressed:bounce": 1, "suppressed:manual": 1, "reserved-domain": 1}


def test_samples_are_real_on_a_loopback(rows: Rows) -> None:
    """On the sandbox, reserved domains are mailed; else they are excluded (interface.md, Sandbox and reality)."""
    rows.subscribe("daily", addresses(3))
    assert rows.report(rows.freeze(loopback=True)).pending == 3


def test_nobody_gets_an_edition_over_two_lists(rows: Rows) -> None:
    """The second list of an edition leaves out whom the first has: 5 + (4 − 3 shared) readers, no address twice."""
    rows.subscribe("daily", addresses(5))
    rows.subscribe("board", [*addresses(3), "chair@example.org"])
    rows.freeze("daily")
    report = rows.report(rows.freeze("board"))
    assert (report.candidates, report.pending, report.excluded) == (4, 1, {"duplicate": 3})
    assert rows.one("SELECT count(*) FROM delivery WHERE edition_id IS NOT NULL") == 6


def test_another_edition_is_another_matter(rows: Rows) -> None:
    """Never twice holds within an edition, not over all of them."""
    rows.subscribe("daily", addresses(3))
    rows.freeze(edition="daily/2026-05-04")
    assert rows.report(rows.freeze(edition="daily/2026-05-05")).pending == 3


def test_the_database_itself_refuses_the_second_copy(rows: Rows) -> None:
    """Never twice is a constraint, so that no fault of the program can break it."""
    rows.subscribe("daily", addresses(1))
    rows.freeze()
    with pytest.raises(IntegrityError), rows.store.write() as tx:
        tx.execute(
            text(
                "INSERT INTO delivery (send_id, edition_id, address_key) "
                "SELECT send_id, edition_id, address_key FROM delivery"
            )
        )


def test_one_live_send_for_a_list(rows: Rows) -> None:
    """UNIQUE (edition, list) for live sends: a second freeze of the same is refused by the database."""
    rows.subscribe("daily", addresses(1))
    rows.freeze()
    with pytest.raises(IntegrityError):
        rows.freeze()


def test_one_address_in_many_spellings(rows: Rows) -> None:
    """Case, Unicode form and IDN make no second reader."""
    rows.subscribe(
        "daily", ["Ann@Example.ORG", "ann@example.org", "jürgen@bücher.example", "jürgen@xn--bcher-kva.example"]
    )
    assert rows.report(rows.freeze()).candidates == 2


def test_a_list_without_readers_freezes_to_nothing(rows: Rows) -> None:
    """No candidates, no batches; whether it may go is the pipeline's guard."""
    rows.subscribe("daily", [])
    report = rows.report(rows.freeze())
    assert (report.candidates, report.batches) == (0, {})


def test_unfreeze_takes_all_back(rows: Rows) -> None:
    """As long as nothing was claimed, a freeze can be taken back, and another one made."""
    rows.subscribe("daily", addresses(5))
    send_id = rows.freeze()
    with rows.store.write() as tx:
        assert sends.unfreeze(tx, sends.find(tx, send_id).edition_id)
    assert rows.one("SELECT count(*) FROM delivery") == 0
    rows.subscribe("daily", ["new@example.org"])
    assert rows.report(rows.freeze()).pending == 6


def test_what_was_claimed_stays_frozen(rows: Rows) -> None:
    """After the first claim somebody may have it: there is no way back."""
    send_id = rows.begin()
    rows.claim(send_id)
    with rows.store.write() as tx:
        assert not sends.unfreeze(tx, sends.find(tx, send_id).edition_id)
    assert rows.report(send_id).candidates == 6


def test_a_test_counts_under_no_promise(rows: Rows) -> None:
    """Editors get as many tests as they like, and the live edition too."""
    rows.subscribe("daily", addresses(1))
    live = rows.freeze()
    with rows.store.write() as tx:
        edition_id = sends.find(tx, live).edition_id
        variant_id = tx.execute(text("SELECT id FROM variant")).scalar_one()
        key = tx.execute(text("SELECT address_key FROM subscriber")).scalar_one()
        for _ in range(2):
            test = sends.add_direct(
                tx, "test", edition_id=edition_id, variant_id=variant_id, subject="[TEST]",
                editors=[("reader0@example.org", key)], now=rows.clock(),
            )  # fmt: skip
        sends.move(tx, test, [SendState.PENDING], SendState.SENDING, now=rows.clock())
    (batch,) = rows.claim(test)
    assert (batch.kind, batch.recipients[0].subscriber_id) == ("test", 0)
    assert batch.recipients[0].token == "token0", "an editor's link is inert"


def test_sixty_sections(rows: Rows) -> None:
    """As many as a newsletter may have: choices of the last of them are told apart, on both databases."""
    printed = tuple(f"s{number}" for number in range(MOST_SECTIONS))
    rows.subscribe("daily", addresses(4))
    for number, sections in enumerate(["s59", "s58 s59", "s0"]):
        rows.choose("daily", f"reader{number}@example.org", sections=sections, tracked=True)
    with rows.store.read() as tx:
        found = variants.choices(tx, rows.mailing(tx, "daily", printed=printed))
    assert found == {
        Choice(sections=(59,), tracked=True): 1,
        Choice(sections=(58, 59), tracked=True): 1,
        Choice(sections=(0,), tracked=True): 1,
        Choice(sections=tuple(range(60))): 1,
    }
    last = Choice(sections=(59,), tracked=True)
    send_id = rows.freeze(printed=printed, choices={last: 1})
    with rows.store.read() as tx:
        numbers = tx.execute(
            text("SELECT number, size FROM batch WHERE send_id = :send ORDER BY number"), {"send": send_id}
        )
        assert [tuple(row) for row in numbers] == [(1, 2), (2, 1), (3, 1)]


# --- eligibility against a plain oracle -------------------------------------------------------------------------------

ADDRESSES = ("a@cityname.com", "b@cityname.com", "c@cityname.com", "d@example.org", "e@news.test")
LISTS = ("daily", "board")
SECTIONS = ("trade", "trade-law", "law", "arts")
"""Slugs of which one is the beginning of another, and one its end."""


@dataclass(frozen=True)
class Place:
    """Somebody's subscription; hours are from the time at which the edition goes."""

    state: str
    basis: str
    until_h: int | None
    paused_h: int | None
    sections: tuple[str, ...] | None
    tracked: bool


@dataclass(frozen=True)
class World:
    """Who is on which list and how, who is suppressed where and why, and what the edition has. `given` are choices with
    a variant of their own beside the main one.
    """

    subscriptions: dict[tuple[str, str], Place]
    suppressions: list[tuple[str, str, str]]
    loopback: bool
    printed: tuple[str, ...]
    given: frozenset[tuple[frozenset[str], bool]]


hours = st.none() | st.sampled_from([-2, 0, 2])
some = st.lists(st.sampled_from(SECTIONS), unique=True).map(tuple)
places = st.builds(
    Place,
    state=st.sampled_from(["active", "active", "active", "pending", "unsubscribed"]),
    basis=st.sampled_from(["express", "implied"]),
    until_h=hours,
    paused_h=hours,
    sections=st.none() | some,
    tracked=st.booleans(),
)
worlds = st.builds(
    World,
    subscriptions=st.dictionaries(st.tuples(st.sampled_from(LISTS), st.sampled_from(ADDRESSES)), places),
    suppressions=st.lists(
        st.tuples(
            st.sampled_from(ADDRESSES),
            st.sampled_from(["all", "daily", "board"]),
            st.sampled_from(["bounce", "complaint", "manual"]),
        ),
        max_size=6,
    ),
    loopback=st.booleans(),
    printed=some,
    given=st.frozensets(st.tuples(st.frozensets(st.sampled_from(SECTIONS)), st.booleans()), max_size=4),
)


def wanted(world: World, place: Place) -> frozenset[str]:
    """The sections of the edition that somebody wants."""
    return frozenset(world.printed if place.sections is None else {*place.sections} & {*world.printed})


def oracle(world: World) -> dict[str, dict[str, str | None]]:
    """For each list in turn: every candidate and the reason against it, None for who is mailed."""
    mailed: set[str] = set()
    found: dict[str, dict[str, str | None]] = {}
    for slug in LISTS:
        found[slug] = {}
        for address in ADDRESSES:
            place = world.subscriptions.get((slug, address))
            if place is None or place.state != "active":
                continue
            against = [why for who, scope, why in world.suppressions if who == address and scope in ("all", slug)]
            reserved = address.endswith((".org", ".test"))
            if against:
                reason: str | None = f"suppressed:{against[0]}"
            elif reserved and not world.loopback:
                reason = "reserved-domain"
            elif place.basis == "implied" and place.until_h is not None and place.until_h <= 0:
                reason = "consent-expired"
            elif place.paused_h is not None and place.paused_h > 0:
                reason = "paused"
            elif world.printed and not wanted(world, place):
                reason = "nothing-chosen"
            else:
                reason = "duplicate" if address in mailed else None
            found[slug][address] = reason
        mailed |= {address for address, reason in found[slug].items() if reason is None}
    return found


def make(rows: Rows, world: World) -> None:
    for (slug, address), place in world.subscriptions.items():
        rows.subscribe(slug, [address])
        rows.choose(
            slug,
            address,
            state=place.state,
            basis=place.basis,
            until=rows.hence(place.until_h),
            paused_until=rows.hence(place.paused_h),
            sections=None if place.sections is None else " ".join(place.sections),
            tracked=place.tracked,
        )
    for address, scope, reason in world.suppressions:
        rows.suppress(address, reason=reason, scope=scope)


def choices_of(world: World) -> dict[Choice, int]:
    """The choices with a variant of their own, and its place among the variants."""
    chosen = {
        Choice(sections=tuple(n for n, slug in enumerate(world.printed) if slug in sections), tracked=tracked)
        for sections, tracked in world.given
    }
    ordered = sorted(chosen, key=lambda choice: (choice.sections, choice.tracked))
    return {choice: number for number, choice in enumerate(ordered, start=1)}


def check_against_the_oracle(store: Store, world: World) -> None:
    rows = Rows(store, HandClock())
    make(rows, world)
    for slug, expected in oracle(world).items():
        if not any(of == slug for of, _ in world.subscriptions):
            continue
        with store.read() as tx:
            counted = roster.audience(tx, slug, loopback=world.loopback, at=rows.clock(), printed=world.printed)
        # Counts before the freeze do not know the edition, so duplicates stand with those who are mailed.
        assert counted == Counter(reason if reason != "duplicate" else None for reason in expected.values())
        _check_choices(rows, world, slug, [who for who, reason in expected.items() if reason in (None, "duplicate")])
        mailed = [address for address, reason in expected.items() if reason is None]
        send_id = rows.freeze(slug, size=2, loopback=world.loopback, printed=world.printed, choices=choices_of(world))
        with store.read() as tx:
            frozen = tx.execute(
                text(
                    "SELECT s.address, d.reason, d.batch_number FROM delivery d "
                    "JOIN subscriber s ON s.id = d.subscriber_id WHERE d.send_id = :send"
                ),
                {"send": send_id},
            ).all()
            assert {address: reason for address, reason, _ in frozen} == expected
            report = balance.report(tx, send_id)
        assert report.pending == len(mailed)
        assert report.excluded == Counter(reason for reason in expected.values() if reason is not None)
        _check_variants(rows, world, slug, send_id, {address: number for address, _, number in frozen if number})


def _check_choices(rows: Rows, world: World, slug: str, mailed: list[str]) -> None:
    """The count of choices is that of those who are mailed; nothing where nobody of the list chose anything."""
    with rows.store.read() as tx:
        mailing = rows.mailing(tx, slug, loopback=world.loopback, printed=world.printed)
        counted = {
            (frozenset(world.printed[n] for n in choice.sections), choice.tracked): people
            for choice, people in variants.choices(tx, mailing).items()
        }
    found = Counter(
        (wanted(world, world.subscriptions[slug, address]), world.subscriptions[slug, address].tracked)
        for address in mailed
    )
    if any(p.tracked or p.sections is not None for (of, _), p in world.subscriptions.items() if of == slug):
        assert counted == found
    else:
        assert counted == {}


def _check_variants(rows: Rows, world: World, slug: str, send_id: int, numbers: dict[str, int]) -> None:
    """Each reader's batch carries what they chose; no batch is too large."""
    with rows.store.read() as tx:
        batches = tx.execute(
            text("SELECT number, variant_id, size FROM batch WHERE send_id = :send"), {"send": send_id}
        ).all()
        all_variants = [of.id for of in variants.frozen(tx, sends.find(tx, send_id).edition_id)]
    carried = {number: all_variants.index(variant) for number, variant, _ in batches}
    own = choices_of(world)
    for address, number in numbers.items():
        place = world.subscriptions[slug, address]
        chose = wanted(world, place)
        choice = Choice(
            sections=tuple(n for n, section in enumerate(world.printed) if section in chose), tracked=place.tracked
        )
        assert carried[number] == own.get(choice, 0)
    assert {number: size for number, _, size in batches} == Counter(numbers.values())
    assert all(size <= 2 for _, _, size in batches)


@settings(max_examples=settings.default.max_examples // 2)
@given(world=worlds)
def test_eligibility_is_the_oracle_on_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, world: World
) -> None:
    """The one SQL statement and a plain-Python oracle agree on every candidate, every reason and every variant."""
    path = tmp_path_factory.mktemp("world") / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    check_against_the_oracle(store, world)
    store.close()
    path.unlink()


@pytest.mark.postgresql
@settings(max_examples=settings.default.max_examples // 6)
@given(world=worlds)
def test_eligibility_is_the_oracle_on_postgresql(postgres_template: Databases, world: World) -> None:
    """The same on the other database."""
    url = postgres_template.copy()
    store = Store(url)
    check_against_the_oracle(store, world)
    store.close()
    postgres_template.drop(url)
