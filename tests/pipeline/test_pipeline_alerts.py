"""Operators are told of each trouble once, by mail and by a webhook, whatever fails and however many processes look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from ledger_gateway import FakeGateway
from ledger_house import House, at
from ledger_receivers import MailBox, Posts, mail_server, webhook

from newsletter.errors import ConfigError, InDoubt, NotSent, Refused
from newsletter.model import AlertKind, EditionState, runbook
from newsletter.pipeline import alerts, doubts, freezing, sending
from newsletter.pipeline import clock as tick_of
from newsletter.storage import alerts as kept

MONDAY = "daily/2026-05-04"
OPS = "ops@example.org"


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def posts() -> Iterator[Posts]:
    with webhook() as posts:
        yield posts


def told(house: House, box: MailBox, posts: Posts, **more: object) -> House:
    house.reload(ALERT_TO=OPS, ALERT_SMTP_URL=box.url, ALERT_WEBHOOK=posts.url, **more)
    return house


@pytest.fixture
def running(sqlite_house: House, box: MailBox, posts: Posts) -> House:
    """Monday 04:00 in a house with three readers, one story, a mail server and a webhook for operators."""
    house = told(sqlite_house, box, posts)
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(3)
    house.story()
    return house


def say(house: House, text: str = "the key", kind: AlertKind = AlertKind.SEND_PAUSED, about: str = MONDAY) -> bool:
    return alerts.alert(house.context, kind, about=about, text=text)


# --- the two ways -----------------------------------------------------------------------------------------------------


def test_it_is_mailed_and_posted(house: House, box: MailBox, posts: Posts) -> None:
    """With words, the runbook's section, and what a chat shows as it is."""
    told(house, box, posts)
    assert say(house, "SendGrid does not take the key")
    (mail,) = box.mails
    assert (mail["Subject"], mail["To"], mail["From"]) == (f"{MONDAY}: send paused", OPS, "morning@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "docs/runbook.md#send-paused" in mail.get_content()
    assert posts.documents == [
        {
            "kind": "send paused", "about": MONDAY, "at": house.clock().isoformat(),
            "runbook": runbook(AlertKind.SEND_PAUSED),
            "text": f"{MONDAY}: send paused\nSendGrid does not take the key\ndocs/runbook.md#send-paused",
        }
    ]  # fmt: skip
    assert b"/hook/t0ken" in posts.heads[0]


def test_it_is_told_once(house: House, box: MailBox, posts: Posts) -> None:
    """For an edition and a kind; another edition and another kind are news."""
    told(house, box, posts)
    assert say(house)
    assert not say(house, "still the key")
    assert say(house, kind=AlertKind.HELD)
    assert say(house, about="daily/2026-05-05")
    alerts.deliver(house.context)
    assert len(box.mails) == len(posts.documents) == 3


def test_two_schedulers_tell_it_once(house: House, box: MailBox, posts: Posts) -> None:
    """Whatever they interleave: kept once, and taken by one of them."""
    told(house, box, posts)
    for number in range(5):
        start = threading.Barrier(4)

        def run(start: threading.Barrier = start, number: int = number) -> None:
            start.wait()
            say(house, about=f"daily/2026-05-1{number}")
            alerts.deliver(house.context)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(box.subjects) == [f"daily/2026-05-1{number}: send paused" for number in range(5)]
    assert len(posts.documents) == 5


def test_what_fails_is_tried_again(house: House, box: MailBox, posts: Posts) -> None:
    """A minute later, by the way that failed alone; for a day."""
    told(house, box, posts)
    box.answers = ["451 later", "451 later"]
    say(house)
    assert (len(box.mails), len(posts.documents)) == (0, 1)
    alerts.deliver(house.context)
    assert len(box.answers) == 1, "not at once"
    house.clock.move(seconds=61)
    alerts.deliver(house.context)
    house.clock.move(seconds=61)
    alerts.deliver(house.context)
    assert (len(box.mails), len(posts.documents)) == (1, 1)


def test_after_a_day_it_is_no_news(house: House, box: MailBox, posts: Posts) -> None:
    """What nobody could be told of is left."""
    told(house, box, posts)
    box.answers = ["451 later"]
    posts.status = "500 Broken"
    say(house)
    house.clock.move(hours=25)
    alerts.deliver(house.context)
    assert (box.mails, len(posts.documents)) == ([], 1)


@pytest.mark.parametrize("status", ["302 Found\r\nLocation: http://127.0.0.1:1/", "404 Not Found", "500 Broken"])
def test_a_webhook_that_does_not_take_it(house: House, box: MailBox, posts: Posts, status: str) -> None:
    """A redirect is no success: followed as a GET it would tell nobody."""
    told(house, box, posts)
    posts.status = status
    say(house)
    posts.status = "200 OK"
    house.clock.move(seconds=61)
    alerts.deliver(house.context)
    assert len(posts.documents) == 2
    assert len(box.mails) == 1


def test_a_process_that_dies_while_telling(house: House, box: MailBox, posts: Posts) -> None:
    """Another takes it over when the lease is past: told perhaps twice, never not at all."""
    told(house, box, posts)
    with house.store.write() as tx:
        alerts.keep(tx, AlertKind.HELD, about=MONDAY, text="too few", now=house.clock())
        taken = kept.take(tx, mail=True, post=True, since=at(1, 0), now=house.clock(), lease=timedelta(minutes=5))
    assert len(taken) == 1
    alerts.deliver(house.context)
    assert box.mails == []
    house.clock.move(minutes=6)
    alerts.deliver(house.context)
    assert (len(box.mails), len(posts.documents)) == (1, 1)


def test_a_login(sqlite_house: House, box: MailBox) -> None:
    """With user and password; a user that is an address is the sender."""
    sqlite_house.reload(ALERT_TO=OPS, ALERT_SMTP_URL=box.url.replace("//", "//robot%40example.org:p%2Fw@"))
    assert say(sqlite_house)
    assert box.mails[0]["From"] == "robot@example.org"
    assert box.logins == ["AHJvYm90QGV4YW1wbGUub3JnAHAvdw=="]


def test_no_password_without_tls(sqlite_house: House, box: MailBox) -> None:
    """Where STARTTLS is asked for and the server does not offer it, nothing is said, least of all a password."""
    url = box.url.replace("//", "//robot%40example.org:hush@") + "?starttls"
    sqlite_house.reload(ALERT_TO=OPS, ALERT_SMTP_URL=url)
    assert say(sqlite_house)
    assert (box.mails, box.logins) == ([], [])


def test_without_a_server_it_goes_by_the_gateway(sqlite_house: House) -> None:
    """As notices go, with a link that does nothing; what is in doubt is not repeated, what was not sent is."""
    house = sqlite_house
    house.reload(ALERT_TO=f"{OPS},second@example.org")
    house.fake.script = [NotSent("slow down"), None, InDoubt("reset")]
    say(house)
    house.clock.move(seconds=61)
    alerts.deliver(house.context)
    (outgoing,) = house.fake.accepted
    assert [person.address for person in outgoing.batch.recipients] == [OPS, "second@example.org"]
    assert outgoing.envelope.automatic
    assert "Written by the newsletter's clock for the operators of The Morning Run" in outgoing.message.text
    say(house, kind=AlertKind.LATE)
    house.clock.move(seconds=61)
    alerts.deliver(house.context)
    assert len(house.fake.asked) == 3


def test_nobody_to_tell(sqlite_house: House) -> None:
    """Without settings it is kept and logged, and nothing is sent anywhere, not even a day's backlog later."""
    assert say(sqlite_house)
    assert sqlite_house.fake.asked == []


def test_a_gateway_without_a_key(sqlite_house: House) -> None:
    """Stops nothing."""

    def none() -> FakeGateway:
        raise ConfigError("no key")

    sqlite_house.reload(ALERT_TO=OPS)
    sqlite_house.gateway = none
    assert say(sqlite_house)


def test_a_broken_ledger(sqlite_house: House, box: MailBox, posts: Posts) -> None:
    """What cannot be kept is logged and stops nothing."""
    told(sqlite_house, box, posts)
    with sqlite_house.store.write() as tx:
        tx.exec_driver_sql("DROP TABLE alert")
    assert not say(sqlite_house)


# --- where troubles come from -----------------------------------------------------------------------------------------


def test_a_paused_send(running: House, box: MailBox, posts: Posts) -> None:
    """Told in the commit of the pause; paused again after a resume, it is told again, to editors and to operators."""
    running.tick(at(4, 6, 15))
    for minute in (30, 40):
        running.fake.script = [Refused("the key", status=401), Refused("the key", status=401)]
        running.tick(at(4, 6, minute))
        running.tick(at(4, 6, minute + 1))
        running.clock.at = at(4, 6, minute + 5)
        sending.resume(running.context, MONDAY)
    assert box.subjects == [f"{MONDAY}: send paused"] * 2
    assert running.fake.subjects.count(f"{MONDAY} is paused") == 2
    running.tick(at(4, 6, 50))
    assert running.report().state == "sent"


def test_a_send_by_hand_that_pauses(sqlite_house: House, box: MailBox, posts: Posts) -> None:
    """Nobody's clock runs; the command itself tells it."""
    house = told(sqlite_house, box, posts)
    house.readers(3)
    house.story()
    house.fake.script = [Refused("the key", status=401), Refused("the key", status=401)]
    assert house.send().state == "paused"
    assert box.subjects == [f"{MONDAY}: send paused"]


def test_a_mail_server_that_is_down_stops_no_send(sqlite_house: House) -> None:
    """Nor does a webhook that nobody answers."""
    house = sqlite_house
    house.reload(ALERT_TO=OPS, ALERT_SMTP_URL="smtp://127.0.0.1:1", ALERT_WEBHOOK="http://127.0.0.1:1/")
    house.tick(at(1, 12))
    house.readers(3)
    house.story()
    house.tick(at(4, 7))
    assert house.state() == (EditionState.SENT, "")
    with house.store.read() as tx:
        assert kept.counts(tx, at(1, 0)) == {"edition late": 1}


def test_an_editor_who_is_an_operator_gets_one_mail(sqlite_house: House, box: MailBox) -> None:
    """The alert; the other editors get the notice."""
    house = sqlite_house
    house.newsletter(keys="", schedule='[[editors]]\naddress = "second@example.org"\n' + _SCHEDULE)
    house.reload(ALERT_TO="Desk@example.org", ALERT_SMTP_URL=box.url)
    house.tick(at(1, 12))
    house.readers(3)
    house.story()
    house.tick(at(4, 7))
    assert box.subjects == [f"{MONDAY}: edition late"]
    late = [out for out in house.fake.accepted if out.envelope.subject == f"{MONDAY} goes late"]
    assert [person.address for out in late for person in out.batch.recipients] == ["second@example.org"]


_SCHEDULE = """
[schedule]
days = "mon-fri"
time = "06:30"
late_until = "09:00"
"""


def test_doubts(running: House, box: MailBox, posts: Posts) -> None:
    """Told when the send has ended in part; once they are settled, the alert is over."""
    running.tick(at(4, 6, 15))
    running.fake.script = [InDoubt("reset")]
    running.tick(at(4, 6, 30))
    assert box.subjects == [f"{MONDAY}: in doubt"]
    doubts.resolve(running.context, MONDAY, accept=True, by="ann")
    with running.store.read() as tx:
        assert kept.counts(tx, at(1, 0)) == {}


def test_a_doubt_that_is_sent_again(running: House, box: MailBox, posts: Posts) -> None:
    """In doubt once more, it is told once more; what a person decided in part is not."""
    running.tick(at(4, 6, 15))
    running.fake.script = [InDoubt("reset"), InDoubt("reset")]
    running.tick(at(4, 6, 30))
    doubts.resolve(running.context, MONDAY, accept=True, by="ann", numbers=[1])
    assert box.subjects == [f"{MONDAY}: in doubt"]
    running.fake.script = [InDoubt("reset")]
    done = doubts.resolve(running.context, MONDAY, accept=False, by="ann")
    assert sending.run(running.context, done.send_id).in_doubt == 1
    assert box.subjects == [f"{MONDAY}: in doubt"] * 2


def test_held_and_missed(running: House, box: MailBox, posts: Posts) -> None:
    """Each once; the first is over when the second comes."""
    running.newsletter(keys='sign_off = "one"')
    told(running, box, posts)
    for hour, minute in ((6, 15), (6, 30), (6, 31), (9, 1), (9, 2)):
        running.tick(at(4, hour, minute))
    assert box.subjects == [f"{MONDAY}: edition held", f"{MONDAY}: edition missed"]


def test_a_stale_send(running: House, box: MailBox, posts: Posts) -> None:
    running.tick(at(4, 6, 15))
    running.clock.at = at(4, 6, 30)
    sending.start(running.context, MONDAY, by="clock")
    running.tick(at(4, 9, 30))
    assert box.subjects == [f"{MONDAY}: send stale"]


def test_what_operators_must_mend(running: House, box: MailBox, posts: Posts) -> None:
    """A missing key is theirs; a story that cannot be read is the editors' alone."""

    def none() -> Any:
        raise ConfigError("NEWSLETTER_SENDGRID_API_KEY is not set")

    story = running.folder / "content/stories/2026-05-04-ports.md"
    good = story.read_text()
    story.write_text(good.replace("section: trade", "section: [trade"))
    running.tick(at(4, 6, 15))
    assert box.subjects == []
    story.write_text(good)
    running.tick(at(4, 6, 16))
    running.gateway = none
    running.tick(at(4, 6, 30))
    running.tick(at(4, 6, 31))
    assert box.subjects == [f"{MONDAY}: not done"]


def test_a_freeze_by_hand_after_a_hold(running: House, box: MailBox, posts: Posts) -> None:
    """Held once more afterwards, it is told once more."""
    from newsletter.pipeline import desk, watching

    running.newsletter(keys="minimum = 2")
    told(running, box, posts)
    running.tick(at(4, 6, 15))
    running.story("2026-05-04-rails")
    running.clock.at = at(4, 6, 20)
    running.freeze()
    watching.Watch(running.context).look()
    desk.kill(running.context, "2026-05-04-rails", by="ann")
    running.tick(at(4, 6, 30))
    assert box.subjects == [f"{MONDAY}: edition held"] * 2
    assert running.fake.subjects.count(f"{MONDAY} is held") == 2
    assert freezing.standing(running.context, running.target()) is EditionState.HELD


def test_the_tick_itself_raises_nothing_for_an_alert(running: House) -> None:
    """A house whose operators cannot be told goes on with its editions."""
    running.reload(ALERT_SMTP_URL="smtp://127.0.0.1:1", ALERT_WEBHOOK="http://127.0.0.1:1/")
    running.clock.at = at(4, 9, 1)
    assert [done.problem for done in tick_of.tick(running.context)] == [""]
