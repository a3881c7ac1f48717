"""Readers who chose sections, who pause, whose consent is over, who agreed to be seen: who gets which variant."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from ledger_house import SCHEDULE, STORY, House, at
from sqlalchemy import text

from newsletter.errors import ConfigError, ProofError, UsageError
from newsletter.model import EditionState, Level, Tracking
from newsletter.pipeline import (
    correcting,
    desk,
    freezing,
    plan_document,
    planning,
    preparing,
    sending,
    testing,
    variants,
)
from newsletter.sending.gateway import Outgoing
from newsletter.storage import editions, sends
from newsletter.storage.variants import frozen

DAILY = "daily/2026-05-04"
SECTIONS = ("law", "arts", "food")
"""Beside `trade`, and printed before it."""


TABLES = "".join(f'[[sections]]\nslug = "{slug}"\ntitle = "{slug.title()}"\n' for slug in SECTIONS)


def with_sections(house: House, keys: str = "", *, proof: str = "", canary: str = "") -> House:
    """A daily of four sections, each with a story, and two readers who chose nothing."""
    house.newsletter(keys=keys, schedule=f"{SCHEDULE}{canary}[proof]\n{proof}\n{TABLES}")
    house.reload()
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(2)
    for slug in ("trade", *SECTIONS):
        story(house, slug)
    return house


def story(house: House, section: str, extra: str = "") -> str:
    slug = f"2026-05-04-about-{section}"
    words = STORY.format(headline=f"All About {section.title()}", extra=extra)
    house.write(f"content/stories/{slug}.md", words.replace("section: trade", f"section: {section}"))
    desk.approve(house.context, slug, by="ann")
    return slug


def reader(house: House, name: str, **columns: object) -> str:
    address = f"{name}@example.org"
    house.subscribe([address])
    house.choose(address, **columns)
    return address


def got(house: House) -> dict[str, Outgoing]:
    """What each reader got, by address; nobody got two."""
    found: dict[str, Outgoing] = {}
    for outgoing in house.fake.accepted:
        if outgoing.batch.kind == "live":
            for person in outgoing.batch.recipients:
                assert person.address not in found, "twice"
                found[person.address] = outgoing
    return found


def held(outgoing: Outgoing) -> set[str]:
    """The sections whose stories stand in a mail, in both of its parts."""
    html, plain = outgoing.message.html, outgoing.message.text.casefold()
    parts = {slug for slug in ("trade", *SECTIONS) if f"All About {slug.title()}" in html}
    assert parts == {slug for slug in ("trade", *SECTIONS) if f"all about {slug}" in plain}
    return parts


@pytest.fixture
def sectioned(house: House) -> House:
    return with_sections(house)


@pytest.fixture
def sqlite_sectioned(sqlite_house: House) -> House:
    return with_sections(sqlite_house)


# --- sections ---------------------------------------------------------------------------------------------------------


def test_readers_get_what_they_chose(sectioned: House) -> None:
    """Each set of sections that somebody chose is a mail of its own, once, and nobody is lost: 2 + 3 + 1 of 7."""
    house = sectioned
    few = [reader(house, f"few{n}", sections="trade law") for n in range(3)]
    one = reader(house, "one", sections="arts sport")
    none = reader(house, "none", sections="sport")
    report = house.send()
    mails = got(house)
    assert {frozenset(held(mails[address])) for address in few} == {frozenset({"trade", "law"})}
    assert held(mails[one]) == {"arts"}
    assert held(mails["reader0@example.org"]) == {"trade", *SECTIONS}
    assert none not in mails
    assert (report.state, report.candidates, report.accepted) == ("sent", 7, 6)
    assert report.excluded == {"nothing-chosen": 1}
    assert len({mail.message.fingerprint for mail in mails.values()}) == 3
    assert all(len(mail.batch.recipients) <= 2 for mail in mails.values())


def test_all_that_it_prints_is_the_whole_edition(sqlite_sectioned: House) -> None:
    """Choices are told apart only as far as this edition does; then there is one variant, and its fingerprint is that
    of its message, as it was before anybody could choose.
    """
    house = sqlite_sectioned
    reader(house, "all", sections="sport food arts law trade")
    mark = house.freeze().fingerprint
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    assert {mail.message.fingerprint for mail in got(house).values()} == {mark}
    assert len(got(house)) == 3


def test_the_subject_is_of_a_story_that_is_there(sqlite_sectioned: House) -> None:
    """It stays where the lead is among theirs (law is printed first), else it is made of their first story."""
    house = sqlite_sectioned
    without = reader(house, "without", sections="trade food")
    with_lead = reader(house, "lead", sections="trade law")
    house.send()
    mails = got(house)
    assert mails[with_lead].message.subject == mails["reader0@example.org"].message.subject == "All About Law"
    assert mails[without].message.subject == mails[without].envelope.subject == "All About Food"
    assert "All About Law" not in mails[without].message.preheader


def test_what_an_editor_wrote_stays(sqlite_sectioned: House) -> None:
    """A subject of the edition's sheet is the same for all."""
    house = sqlite_sectioned
    (house.folder / "content/editions/daily").mkdir(parents=True)
    house.write("content/editions/daily/2026-05-04.md", "---\nsubject: Quiet at the port today\n---\n")
    without = reader(house, "without", sections="trade food")
    house.send()
    assert got(house)[without].message.subject == "Quiet at the port today"


def test_the_rarest_sets_get_the_whole(sqlite_sectioned: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not more variants than MOST: the sets that most readers chose have one, and the plan says what the others get."""
    house = sqlite_sectioned
    monkeypatch.setattr(variants, "MOST", 2)
    sets = [" ".join(pair) for pair in combinations(("trade", *SECTIONS), 2)]
    for count, chosen in enumerate(sets, start=1):
        for n in range(count):
            reader(house, f"set{count}-{n}", sections=chosen)
    plan = planning.plan(house.context, house.target(), house.clock())
    assert "10 more chose one of 4 rarer sets of sections, and get the whole" in planning.in_text(plan)
    assert [found["recipients"] for found in plan_document.document(plan)["variants"]] == [2, 5, 6]
    report = house.send()
    mails = got(house)
    assert (report.accepted, len(mails)) == (23, 23)
    assert held(mails["set1-0@example.org"]) == {"trade", *SECTIONS}
    assert held(mails["set6-0@example.org"]) == set(sets[5].split())


def test_who_chooses_while_it_is_frozen(sqlite_sectioned: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the rendering and the freeze somebody chose what nobody had chosen: it is made then."""
    house = sqlite_sectioned
    made = preparing.prepare(house.context, house.target(), house.clock())
    late = reader(house, "late", sections="food")
    monkeypatch.setattr(preparing, "prepare", lambda *_, **__: made)
    house.send()
    assert held(got(house)[late]) == {"food"}


def test_findings_say_which_variant_has_them(sqlite_house: House) -> None:
    """Each is told once; what only one variant has, here a subject that feigns an answer, says which, and stops all."""
    house = with_sections(sqlite_house, proof='filter-words = "stop"')
    food = STORY.format(headline="'Re: Eggs'", extra="").replace("section: trade", "section: food")
    house.write("content/stories/2026-05-04-about-food.md", food)
    desk.approve(house.context, "2026-05-04-about-food", by="ann")
    before = planning.plan(house.context, house.target(), house.clock())
    assert before.missing == ()
    reader(house, "food", sections="food")
    plan = planning.plan(house.context, house.target(), house.clock())
    (new,) = [finding for finding in plan.findings if finding not in before.findings]
    assert (new.check, new.level) == ("filter-words", Level.STOP)
    assert new.problem.endswith("(Food)")
    with pytest.raises(ProofError, match=r"Re:.*\(Food\)"):
        house.freeze()


# --- pause and consent ------------------------------------------------------------------------------------------------


def test_who_pauses_and_whose_consent_is_over(sectioned: House) -> None:
    """Looked at for the time at which the edition goes (06:30), not for that of the freeze; told by the plan."""
    house, goes = sectioned, at(4, 6, 30)
    for name, columns in {
        "away": {"paused_until": goes + timedelta(days=3)},
        "back": {"paused_until": goes},
        "lapsed": {"basis": "implied", "until": goes},
        "good": {"basis": "implied", "until": goes + timedelta(minutes=1)},
        "express": {"basis": "express", "until": goes - timedelta(days=1)},
    }.items():
        reader(house, name, **columns)
    excluded = {"paused": 1, "consent-expired": 1}
    plan = planning.plan(house.context, house.target(), house.clock())
    assert plan.audience == {None: 5, **excluded}
    assert "the consent was implied until a day that has come" in planning.in_text(plan)
    house.freeze()
    house.clock.at = goes
    report = sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    assert (report.accepted, report.excluded) == (5, excluded)


def test_a_pause_after_the_freeze_wins(sectioned: House) -> None:
    """Like an unsubscribe: looked at again in the transaction of the claim, and consent too."""
    house = sectioned
    house.readers(4)
    house.freeze()
    house.clock.at = at(4, 6, 30)
    house.choose("reader1@example.org", paused_until=house.clock() + timedelta(days=1))
    house.choose("reader2@example.org", basis="implied", until=house.clock())
    report = sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    assert (report.accepted, report.excluded) == (2, {"paused": 1, "consent-expired": 1})
    assert sorted(got(house)) == ["reader0@example.org", "reader3@example.org"]


# --- being seen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "agreed", "others"),
    [
        ("", Tracking(), Tracking()),
        ('clicks = "aggregate"', Tracking(clicks="aggregate"), Tracking(clicks="aggregate")),
        ('clicks = "individual"', Tracking(clicks="individual"), Tracking(clicks="aggregate")),
        ('opens = "consented"', Tracking(opens=True), Tracking()),
        ('opens = "all"', Tracking(opens=True), Tracking(opens=True)),
        (
            'clicks = "individual"\nopens = "consented"',
            Tracking(clicks="individual", opens=True),
            Tracking(clicks="aggregate"),
        ),
    ],
)
def test_who_is_seen(sqlite_house: House, keys: str, agreed: Tracking, others: Tracking) -> None:
    """Nobody is seen more than they agreed to and the newsletter asks for; no batch holds both kinds."""
    house = with_sections(sqlite_house, keys)
    seen = [reader(house, "seen0", tracked=True), reader(house, "seen1", tracked=True, sections="law arts")]
    unseen = ["reader0@example.org", "reader1@example.org", reader(house, "unseen", sections="law arts")]
    report = house.send()
    mails = got(house)
    assert report.accepted == 5
    assert [mails[address].tracking for address in seen] == [agreed] * 2
    assert [mails[address].tracking for address in unseen] == [others] * 3
    assert held(mails["unseen@example.org"]) == held(mails["seen1@example.org"]) == {"law", "arts"}


def test_an_unreachable_redirect_is_refused(sqlite_house: House) -> None:
    """With the real service, links must not lead to a machine that readers cannot reach; on loopback they may."""
    house = with_sections(sqlite_house, 'clicks = "aggregate"')
    house.freeze()
    house.reload(SANDBOX=0, SENDGRID_API_KEY="SG.x", SENDGRID_WEBHOOK_KEY="")
    with pytest.raises(ConfigError, match=r"clicks = \"aggregate\".*127\.0\.0\.1"):
        preparing.prepare(house.context, house.target(), house.clock())


# --- editors ----------------------------------------------------------------------------------------------------------


def test_one_fingerprint_names_all_variants(sqlite_house: House) -> None:
    """The test has the main variant under the fingerprint of all; it is what is signed; each variant counts in it."""
    house = with_sections(sqlite_house, 'sign_off = "one"')
    reader(house, "few", sections="trade food")
    first = house.freeze()
    house.tick(at(4, 6, 20))
    (test,) = house.fake.accepted
    assert held(test) == {"trade", *SECTIONS}
    mark = first.fingerprint.removeprefix("sha256:")[:4]
    assert test.envelope.subject.startswith(f"[TEST {mark}]")
    assert test.message.fingerprint != first.fingerprint
    assert house.tick(at(4, 6, 21)) == [], "the frozen bytes were tested"
    with house.store.write() as tx:
        row = editions.find(tx, DAILY)
        assert row is not None
        assert sends.unfreeze(tx, row.id)
        editions.move(tx, row.id, list(EditionState), EditionState.HELD, reason="", by="t", now=house.clock())
    reader(house, "other", sections="arts")
    second = house.freeze()
    assert second.fingerprint != first.fingerprint
    assert freezing.sign_off(house.context, house.target(), fingerprint=second.fingerprint, by="ann")


def test_a_test_of_some_sections(sqlite_sectioned: House) -> None:
    """Editors may look at what readers of some sections get: as it would be made, or as it is frozen."""
    house = sqlite_sectioned
    testing.send_test(house.context, house.target(), sections=["food", "law"])
    assert held(house.fake.accepted[-1]) == {"law", "food"}
    with pytest.raises(UsageError, match="has no section sport; it has law, arts, food, trade"):
        testing.send_test(house.context, house.target(), sections=["sport"])
    few = reader(house, "few", sections="trade food")
    house.freeze()
    testing.send_test(house.context, house.target(), sections=["food", "trade"])
    sections = house.fake.accepted[-1]
    testing.send_test(house.context, house.target(), sections=["trade", *SECTIONS])
    assert held(house.fake.accepted[-1]) == {"trade", *SECTIONS}
    with pytest.raises(UsageError, match="nobody chose just these"):
        testing.send_test(house.context, house.target(), sections=["food"])
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    assert got(house)[few].message == sections.message


def test_the_canary_gets_the_whole(sqlite_house: House) -> None:
    """Editors and seeds go first and see all of it, unseen themselves, whatever they chose for themselves."""
    house = with_sections(sqlite_house, 'opens = "consented"', canary="[canary]\nwait_minutes = 10\n")
    reader(house, "desk", sections="food", tracked=True)
    few = reader(house, "few", sections="food", tracked=True)
    send_id = house.start()
    sending.run(house.context, send_id)
    (first,) = house.fake.accepted
    assert [person.address for person in first.batch.recipients] == ["desk@example.org"]
    assert (held(first), first.tracking) == ({"trade", *SECTIONS}, Tracking())
    house.clock.at += timedelta(minutes=11)
    report = sending.run(house.context, send_id)
    assert (report.accepted, held(got(house)[few]), got(house)[few].tracking) == (4, {"food"}, Tracking(opens=True))


# --- corrections ------------------------------------------------------------------------------------------------------


def test_a_correction_goes_to_those_whose_variant_held_it(sectioned: House) -> None:
    """Who chose other sections did not get what was wrong; who pauses since gets no mail."""
    house = sectioned
    held_it = [reader(house, "food", sections="food"), reader(house, "both", sections="trade food")]
    reader(house, "law", sections="law trade")
    house.send()
    house.choose("reader0@example.org", paused_until=house.clock() + timedelta(days=1))
    fix = house.story("2026-05-04-put-right", corrects="2026-05-04-about-food")
    case = correcting.find(house.context, "daily", fix)
    outlook = correcting.outlook(house.context, case)
    assert outlook.audience == {None: 3, "paused": 1}
    report = house.correct(fix)
    assert (report.candidates, report.accepted, report.excluded) == (4, 3, {"paused": 1})
    assert sorted(house.fake.of_kind("correction")) == sorted([*held_it, "reader1@example.org"])


def test_variants_of_a_former_freeze_are_left(sqlite_sectioned: House) -> None:
    """After a new freeze only its own variants count as those of the edition, the main one first."""
    house = sqlite_sectioned
    few = reader(house, "few", sections="food")
    house.freeze()
    house.choose(few, sections=None)
    story(house, "trade", "byline: Ann Roe\n")
    freezing.refreeze(house.context, house.target(), by="ann", story="2026-05-04-about-trade")
    with house.store.read() as tx:
        row = editions.find(tx, DAILY)
        assert row is not None
        (main,) = frozen(tx, row.id)
        assert tx.execute(text("SELECT count(*) FROM variant")).scalar_one() == 3
    assert (main.sections, main.tracking, main.readers) == ((), "none", 3)


def test_what_was_frozen_before_an_upgrade_goes_after_it(sqlite_sectioned: House) -> None:
    """Its names held whole addresses; its readers find the page to leave by, in HTML and in text."""
    house = sqlite_sectioned
    house.freeze()
    leave = f"{house.context.settings.base_url}/u/[[reader]]"
    with house.store.write() as tx:
        tx.execute(text("UPDATE message SET html = replace(html, :leave, '[[unsubscribe]]')"), {"leave": leave})
        tx.execute(text("UPDATE message SET text = replace(text, :leave, '[[unsubscribe_text]]')"), {"leave": leave})
    house.tick(at(4, 6, 31))
    sent = [outgoing.message for outgoing in house.fake.accepted if outgoing.batch.kind == "live"]
    assert sent
    for part in (part for message in sent for part in (message.html, message.text)):
        assert leave in part
        assert "[[unsub" not in part
