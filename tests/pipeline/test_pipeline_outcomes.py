"""What became of an edition, gathered from the ledger: events as the service tells them, hits, earlier editions."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from ledger_house import House, at
from sqlalchemy import text

from newsletter.audience import tokens
from newsletter.errors import UsageError
from newsletter.model import AlertKind, EditionReport, Hit, Step
from newsletter.pipeline import alerts, judging, listening, morning, outcomes, retention, watching
from newsletter.storage import alerts as kept
from newsletter.storage import clock, hits

MONDAY = "daily/2026-05-04"
HUMAN = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
STORY_URL = "https://news.example.org/ports"


def tell(house: House, edition: str, word: str, numbers: Sequence[int], moment: datetime, **fields: object) -> None:
    """One event for each of the readers by their number, of the copies of an edition that were accepted."""
    copies = {
        person.address: person.delivery_id
        for outgoing in house.fake.accepted
        if outgoing.batch.edition == edition and outgoing.batch.kind in ("live", "correction")
        for person in outgoing.batch.recipients
    }
    stamp = int(moment.timestamp())
    events = [
        {
            "event": word, "email": f"reader{n}@example.org", "timestamp": stamp, "attempt_no": 1,
            "delivery_id": copies[f"reader{n}@example.org"], "sg_event_id": f"{word}-{edition}-{n}-{stamp}", **fields,
        }
        for n in numbers
    ]  # fmt: skip
    listening.take_in(house.context, json.dumps(events).encode())


def see(house: House, edition: str, tracking: str) -> None:
    """Let the readers of an edition have been sent the variant with this tracking."""
    with house.store.write() as tx:
        tx.execute(
            text("UPDATE variant SET tracking = :t WHERE edition_id = (SELECT id FROM edition WHERE name = :e)"),
            {"t": tracking, "e": edition},
        )


def report(house: House, edition: str = MONDAY) -> EditionReport:
    judging.judge_edition(house.context, edition)
    return outcomes.outcome(house.context, edition)


@pytest.fixture
def sent(house: House) -> House:
    """Monday's edition, sent to ten readers at 06:30, seen at 07:00."""
    house.clock.at = at(4, 4)
    house.readers(10)
    house.story(url=STORY_URL)
    house.clock.at = at(4, 6, 30)
    house.send()
    house.clock.at = at(4, 7)
    return house


def test_right_after_a_send_it_says_what_is_open(sent: House) -> None:
    """6 of 10 delivered, 1 bounced, 1 put off: 10 − 7 = 3 are open, 1 of them put off, and the numbers will grow."""
    tell(sent, MONDAY, "delivered", range(6), at(4, 6, 31))
    tell(sent, MONDAY, "bounce", [6], at(4, 6, 31), type="bounce", reason="550 5.1.1 no such user")
    tell(sent, MONDAY, "deferred", [0, 7], at(4, 6, 31))
    found = report(sent)
    assert (found.as_of, found.waiting, found.deferred, found.grows) == (at(4, 7), 3, 1, True)
    assert (found.rates["delivered"].count, found.rates["delivered"].whole) == (6, 10)


def test_a_copy_that_came_back_after_its_delivery_is_counted_once_as_ended(sent: House) -> None:
    """Delivered and bounced are two facts of one copy: 10 − 1 = 9 are open, not 8."""
    tell(sent, MONDAY, "delivered", [0], at(4, 6, 31))
    tell(sent, MONDAY, "bounce", [0], at(4, 6, 40), type="bounce", reason="550 5.1.1 no such user")
    assert report(sent).waiting == 9


def test_bounces_by_their_class(sent: House) -> None:
    """2 + 1 + 1 + 1 of five copies, by the last reason that was told of each."""
    for numbers, kind, reason in (
        ([0, 1], "bounce", "550 5.1.1 no such user"),
        ([2], "blocked", "452 4.2.2 mailbox full"),
        ([3], "bounce", "550 5.7.606 access denied"),
        ([4], "bounce", "550 5.7.26 not authenticated: SPF and DKIM"),
    ):
        tell(sent, MONDAY, "bounce", numbers, at(4, 6, 31), type=kind, reason=reason)
    assert report(sent).bounces == {"hard": 2, "soft": 1, "policy": 1, "sender": 1}


def test_what_is_not_seen_has_no_number(sent: House) -> None:
    """With opens off and clicks none there are no such figures, not zeros."""
    tell(sent, MONDAY, "open", [0], at(4, 8), useragent=HUMAN)
    found = report(sent)
    assert (found.opens, found.followers, found.clicks) == (None, None, None)
    assert not {"opened", "clicked", "clicks"} & found.rates.keys()


def test_opens_of_people_and_of_machines(sent: House) -> None:
    """8 delivered; 3 opened, of them 1 by a machine alone: 2 of 8, with machines 3 of 8."""
    see(sent, MONDAY, "none+opens")
    tell(sent, MONDAY, "delivered", range(8), at(4, 6, 31))
    tell(sent, MONDAY, "open", [0, 1], at(4, 8), useragent=HUMAN)
    tell(sent, MONDAY, "open", [1, 2], at(4, 8, 5), useragent=HUMAN, sg_machine_open=True)
    sent.clock.at = at(4, 9)
    opens = report(sent).opens
    assert opens is not None
    assert (opens.human, opens.raw, opens.whole) == (2, 3, 8)


def test_only_those_who_agreed_are_the_whole_of_opens(sent: House) -> None:
    """Batches of two: one of five is of the variant whose opens are seen, so 2 of the 10 delivered are the whole."""
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    with sent.store.write() as tx:
        tx.execute(
            text(
                "INSERT INTO variant (edition_id, message_id, language, tracking) SELECT edition_id, message_id, "
                "language, 'none+opens' FROM variant WHERE id = (SELECT min(variant_id) FROM batch)"
            )
        )
        tx.execute(text("UPDATE batch SET variant_id = (SELECT max(id) FROM variant) WHERE number = 1"))
    opens = report(sent).opens
    assert opens is not None
    assert opens.whole == 2
    assert report(sent).rates["opened"].of == "seen"


def click(house: House, edition: str, machine: Sequence[bool], moment: datetime) -> None:
    """Hits of the first link of an edition's story."""
    with house.store.write() as tx:
        code = tx.execute(
            text(
                "SELECT l.code FROM link l JOIN variant v ON v.message_id = l.message_id JOIN edition e "
                "ON e.id = v.edition_id WHERE e.name = :e AND l.story IS NOT NULL ORDER BY l.number"
            ),
            {"e": edition},
        ).scalars().first()  # fmt: skip
        hits.add(tx, [Hit(code=code, at=moment, agent=HUMAN, machine=each, why="", rules=1) for each in machine])


def test_clicks_by_story_section_and_link(sent: House) -> None:
    """4 clicks, 1 by a machine, all on the lead: the sums of links, stories and sections are the same."""
    see(sent, MONDAY, "aggregate")
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    click(sent, MONDAY, [False, False, True, False], at(4, 6, 50))
    found = report(sent)
    assert found.clicks is not None
    assert (found.clicks.human, found.clicks.raw, found.countable) == (3, 4, 10)
    assert found.rates["clicks"].share == 0.3
    lead = found.stories[0]
    assert (lead.position, lead.title, lead.section, lead.human, lead.raw) == (1, "Ports", "Trade", 3, 4)
    assert [(section.title, section.human) for section in found.sections] == [("Trade", 3)]
    assert (found.links[0].url, found.links[0].human) == (STORY_URL, 3)


def test_it_is_compared_with_the_last_editions_at_the_same_age(sent: House) -> None:
    """Monday had 5 of 10 delivered half an hour after its send, and 10 a day later: seen on Tuesday half an hour after
    the send, what is usual is 50 %.
    """
    tell(sent, MONDAY, "delivered", range(5), at(4, 6, 31))
    tell(sent, MONDAY, "delivered", range(5, 10), at(4, 12))
    sent.clock.at = at(5, 6)
    sent.story("2026-05-05-rails")
    sent.clock.at = at(5, 6, 30)
    sent.send("daily/2026-05-05")
    sent.clock.at = at(5, 7)
    tell(sent, "daily/2026-05-05", "delivered", range(8), at(5, 6, 31))
    found = report(sent, "daily/2026-05-05")
    assert found.compared == 1
    assert found.usual["delivered"].middle == 0.5
    assert not found.is_odd("delivered"), "of one earlier edition nothing is odd"
    sent.clock.at = at(6, 6, 30)
    assert report(sent, "daily/2026-05-05").usual["delivered"].middle == 1.0


def test_corrections_belong_to_what_they_correct(sent: House) -> None:
    """The correction's send stands in its edition's report, and its own edition can be reported on too."""
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    sent.story("2026-05-04-ports-right", corrects="2026-05-04-ports")
    done = sent.correct("2026-05-04-ports-right", MONDAY)
    found = report(sent)
    assert [(send.edition, send.accepted) for send in found.corrections] == [(done.edition, 10)]
    own = report(sent, done.edition)
    assert (own.send.kind, own.corrections, own.compared) == ("correction", (), 0)


def test_of_an_edition_that_was_not_frozen_there_is_nothing_to_tell(house: House) -> None:
    with pytest.raises(UsageError, match="was not sent"):
        report(house)


def test_the_last_editions(sent: House) -> None:
    """Newest first, as many as asked for."""
    sent.clock.at = at(5, 6)
    sent.story("2026-05-05-rails")
    sent.send("daily/2026-05-05")
    names = [found.send.edition for found in outcomes.last(sent.context, "daily", 10)]
    assert names == ["daily/2026-05-05", MONDAY]
    assert [found.send.edition for found in outcomes.last(sent.context, "daily", 1)] == names[:1]


# --- the link ---------------------------------------------------------------------------------------------------------


def token_of(house: House) -> str:
    return outcomes.link(house.context, MONDAY).rpartition("/")[2]


def test_the_link_leads_to_the_report(sent: House) -> None:
    newsletter, name = outcomes.edition_behind(sent.context, token_of(sent))
    assert (newsletter.slug, name) == ("daily", MONDAY)


@pytest.mark.parametrize("purpose", ["reader", "confirm", "letter"])
def test_a_token_for_something_else_leads_nowhere(sent: House, purpose: str) -> None:
    token = tokens.sign(tokens.Token(purpose, 0, 0, 1), sent.context.settings.secret_keys[0])
    with pytest.raises(tokens.BadTokenError):
        outcomes.edition_behind(sent.context, token)


@pytest.mark.parametrize("number", [0, 999])
def test_a_token_of_no_edition_leads_nowhere(sent: House, number: int) -> None:
    token = tokens.sign(tokens.Token("report", 0, 0, number), sent.context.settings.secret_keys[0])
    with pytest.raises(tokens.BadTokenError):
        outcomes.edition_behind(sent.context, token)


# --- the morning after ------------------------------------------------------------------------------------------------


def mails(house: House) -> list[tuple[str, str]]:
    """Subject and HTML of the notices that editors got."""
    return [
        (each.envelope.subject, each.message.html) for each in house.fake.accepted if each.batch.kind == "notice"
    ]  # fmt: skip


def test_editors_get_the_report_in_the_newsletters_look(sent: House) -> None:
    """One mail, with the link to the page of the same report."""
    tell(sent, MONDAY, "delivered", range(9), at(4, 6, 31))
    sent.clock.at = at(5, 6)
    morning.tell(sent.context, sent.target())
    ((subject, html),) = mails(sent)
    assert subject == "The Morning Run of May 4, 2026: the report"
    assert "9 of 10 accepted" in html
    assert token_of(sent) in html


def test_a_broken_template_does_not_keep_the_numbers_from_editors(
    sent: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Then they get them in plain words."""
    folder = tmp_path_factory.mktemp("broken") / "templates"
    shutil.copytree(sent.context.settings.templates, folder)
    (folder / "email" / "report.mjml.j2").write_text("{{ report.nothing }}")
    tell(sent, MONDAY, "delivered", range(9), at(4, 6, 31))
    sent.reload(TEMPLATES=folder)
    morning.tell(sent.context, sent.target())
    ((subject, html),) = mails(sent)
    assert subject == "The Morning Run of May 4, 2026: the report"
    assert "9 of 10 accepted" in html
    assert token_of(sent) in html


def test_whom_rates_are_of_is_known_after_the_copies_are_gone(house: House) -> None:
    """Two of four agreed that their opens are seen; 401 days later, too, one open is one of two and not of four."""
    house.newsletter(keys='opens = "consented"')
    house.reload()
    house.readers(4)
    for number in range(2):
        house.choose(f"reader{number}@example.org", tracked=True)
    house.story()
    house.clock.at = at(4, 6, 30)
    house.send()
    tell(house, MONDAY, "delivered", range(4), at(4, 6, 31))
    tell(house, MONDAY, "open", [0], at(4, 8), useragent=HUMAN)
    before = report(house).rates["opened"]
    assert (before.count, before.whole) == (1, 2)
    house.clock.move(days=401)
    while any(retention.tidy(house.context, threading.Event()).values()):
        pass
    with house.store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM delivery")).scalar_one() == 1, "the newest holds its number"
    assert report(house).rates["opened"] == before


def test_complaints_are_told_to_operators_once(sent: House) -> None:
    """3 of 10 delivered is over 0.3 %: one alert, however often the report is made."""
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    tell(sent, MONDAY, "spamreport", range(3), at(4, 8))
    sent.clock.at += timedelta(hours=20)
    for _ in range(2):
        morning.tell(sent.context, sent.target())
    with sent.store.read() as tx:
        assert kept.about(tx, AlertKind.COMPLAINTS) == {MONDAY}
        told = tx.execute(text("SELECT text FROM alert")).scalars().all()
    assert told == [
        "ALARM: 3 of 10 delivered complained (30.00%): from 0.3 % on, mailbox providers refuse mail"
    ]  # fmt: skip


def test_complaints_after_the_report_are_told_when_they_are_too_many(sent: House) -> None:
    """The morning knew of two; the third comes two days later, and the look-out tells of it: once. Before the report
    it would tell nothing, whoever complains.
    """
    look = watching.Watch(sent.context).look
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    tell(sent, MONDAY, "spamreport", range(2), at(4, 8))
    look()
    sent.tick(at(5, 6))
    look()
    with sent.store.read() as tx:
        assert kept.about(tx, AlertKind.COMPLAINTS) == frozenset()
    tell(sent, MONDAY, "spamreport", [2], at(7, 8))
    sent.clock.at = at(7, 8, 1)
    look()
    with sent.store.read() as tx:
        told = kept.find(tx, MONDAY, AlertKind.COMPLAINTS)
    assert told is not None
    assert (told.at, told.text[:20]) == (at(7, 8, 1), "ALARM: 3 of 10 deliv")
    tell(sent, MONDAY, "spamreport", [3], at(7, 9))
    sent.clock.at = at(7, 9, 1)
    look()
    with sent.store.read() as tx:
        assert kept.find(tx, MONDAY, AlertKind.COMPLAINTS) == told


def test_a_warning_that_became_an_alarm_is_told_again(sent: House) -> None:
    """The edition's first alert said that it was a warning."""
    with sent.store.write() as tx:
        alerts.keep(tx, AlertKind.COMPLAINTS, about=MONDAY, text="3 of 3,000 delivered", now=at(5, 6))
        clock.take_step(tx, MONDAY, Step.REPORT, at(5, 6))
    tell(sent, MONDAY, "delivered", range(10), at(4, 6, 31))
    tell(sent, MONDAY, "spamreport", range(3), at(5, 8))
    watching.Watch(sent.context).look()
    with sent.store.read() as tx:
        told = kept.find(tx, MONDAY, AlertKind.COMPLAINTS)
    assert told is not None
    assert told.text.startswith("ALARM: 3 of 10")
