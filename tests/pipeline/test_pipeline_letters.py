"""Letters on their way: what they are, when they go, and that none is lost whatever stops on the way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_gateway import FakeGateway
from ledger_house import SECRET, House
from ledger_sandbox import heard_sandbox
from sqlalchemy import func, select, update

from newsletter.audience import tokens
from newsletter.errors import GatewayError, InDoubt, NotSent, Refused
from newsletter.model import AlertKind, Logo, Mailbox, Newsletter
from newsletter.pipeline import guards, joining, leaving, letters, watching
from newsletter.storage import alerts as kept
from newsletter.storage import letters as rows
from newsletter.storage import roster
from newsletter.storage import tables as t

ANN = "ann@example.org"


def ask(house: House, address: str = ANN) -> None:
    of = house.context.newsletters["daily"]
    joining.sign_up(house.context, of, address, "Ann Roe", tracked=False, source="form", wording="Yes.")


def post(house: House, kind: rows.LetterKind, address: str | None = None, *, hours: int = 1) -> int:
    """A letter to Ann, who is on the list, as others of the pipeline put it out."""
    now = house.clock()
    with house.store.write() as tx:
        list_id = roster.list_id(tx, "daily")
        return rows.post(
            tx,
            kind,
            subscriber_id=1,
            list_id=list_id,
            expires_at=now + timedelta(hours=hours),
            now=now,
            address=address,
        )


def states(house: House) -> list[tuple[str, int]]:
    """State and attempts of each letter."""
    with house.store.read() as tx:
        found = tx.execute(select(t.letter.c.state, t.letter.c.attempt).order_by(t.letter.c.id))
        return [(row.state, row.attempt) for row in found]


def sent(house: House) -> list[str]:
    return house.fake.of_kind("letter")


def test_what_goes_out(house: House) -> None:
    """To one reader without the name that was typed, of no list, by a machine; once."""
    ask(house)
    assert letters.deliver(house.context) == 1
    (out,) = house.fake.accepted
    (to,) = out.batch.recipients
    assert (to.address, to.name, to.token, to.delivery_id) == (ANN, "", "", "")
    assert (out.envelope.list_id, out.envelope.automatic, out.envelope.sender.address) == (
        "", True, "morning@example.org",
    )  # fmt: skip
    assert "Roe" not in out.message.text + out.message.html
    assert out.message.subject == "Please confirm that you want The Morning Run"
    assert states(house) == [("sent", 1)]
    assert letters.deliver(house.context) == 0
    with house.store.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.send)).scalar_one() == 0, "it stands in no send"


def test_whoever_is_on_the_list_is_told_so(sqlite_house: House) -> None:
    """With their own way to their preferences, and no link that confirms."""
    sqlite_house.subscribe([ANN])
    ask(sqlite_house)
    letters.deliver(sqlite_house.context)
    (out,) = sqlite_house.fake.accepted
    assert out.message.subject == "You are on the list of The Morning Run already"
    assert "/c/" not in out.message.text
    link = next(line for line in out.message.text.splitlines() if "/p/" in line)
    assert tokens.read(link.rpartition("/")[2], "reader", (SECRET,)).subscriber_id == 1


@pytest.mark.parametrize(("kind", "path", "purpose", "words"), [
    ("confirm", "/c/", "confirm", "works for 7 days"), ("access", "/m/", "letter", "works for 1 hour"),
    ("address", "/m/", "letter", "works for 1 hour"),
])  # fmt: skip
def test_each_kind(sqlite_house: House, kind: rows.LetterKind, path: str, purpose: str, words: str) -> None:
    """One link in both parts, signed for its purpose; how long it works; the service mailbox; where it goes."""
    house = sqlite_house
    house.newsletter(keys='[service]\naddress = "service@example.org"\nname = "Service"\n')
    house.reload()
    if kind == "confirm":
        ask(house)
    else:
        house.subscribe([ANN])
        post(house, kind, "new@example.org" if kind == "address" else None)
    letters.deliver(house.context)
    (out,) = house.fake.accepted
    assert out.envelope.sender == Mailbox(address="service@example.org", name="Service")
    assert out.batch.recipients[0].address == ("new@example.org" if kind == "address" else ANN)
    (link,) = [line for line in out.message.text.splitlines() if line.startswith("http://127.0.0.1:8000/")]
    assert path in link
    assert out.message.html.count(f'href="{link}"') == 1
    assert tokens.read(link.rpartition("/")[2], purpose, (SECRET,)).send_id == 1
    assert words in " ".join(out.message.text.split())
    assert "[[" not in out.message.html + out.message.text
    assert "nsubscribe" not in out.message.html + out.message.text


NEVER: dict[str, Callable[[House], object]] = {
    "suppressed since": lambda house: leaving.suppress(house.context, [ANN], reason="bounce", source="event"),
    "erased since": lambda house: _change(house, t.subscriber, address=None),
    "too old": lambda house: house.clock.move(days=7),
    "its link was used": lambda house: _change(house, t.letter, used_at=house.clock()),
}


def _change(house: House, table: object, **values: object) -> None:
    with house.store.write() as tx:
        tx.execute(update(table).values(**values))  # type: ignore[arg-type]  # whichever table


@pytest.mark.parametrize("why", NEVER)
def test_what_never_goes(sqlite_house: House, why: str) -> None:
    """Looked at in the transaction of the claim; the next letter goes."""
    ask(sqlite_house)
    NEVER[why](sqlite_house)
    ask(sqlite_house, "bob@example.org")
    assert letters.deliver(sqlite_house.context) == 1
    assert sent(sqlite_house) == ["bob@example.org"]
    assert states(sqlite_house) == [("failed", 1), ("sent", 1)]


def test_a_new_address_that_is_suppressed(sqlite_house: House) -> None:
    """The letter goes to the address that it is for: that one must take mail, and a failed letter forgets it."""
    sqlite_house.subscribe([ANN])
    leaving.suppress(sqlite_house.context, ["new@example.org"], reason="complaint", source="event")
    post(sqlite_house, "address", "new@example.org")
    assert letters.deliver(sqlite_house.context) == 0
    with sqlite_house.store.read() as tx:
        assert tx.execute(select(t.letter.c.address)).scalar_one() is None


def test_no_more_than_some_a_day(sqlite_house: House) -> None:
    """Of each kind, whoever posted them, however often."""
    sqlite_house.subscribe([ANN])
    for _ in range(rows.A_DAY + 2):
        post(sqlite_house, "access", hours=48)
        post(sqlite_house, "address", "new@example.org", hours=48)
    assert letters.deliver(sqlite_house.context) == 2 * rows.A_DAY
    sqlite_house.clock.move(days=1, seconds=1)
    post(sqlite_house, "access")
    assert letters.deliver(sqlite_house.context) == 1


@pytest.mark.parametrize(("error", "waits", "then"), [
    (NotSent("slow down", retry_after=timedelta(seconds=90)), {"seconds": 90}, "sent"),
    (NotSent("no connection"), {"seconds": 2}, "sent"),
    (Refused("the key", status=401), {"minutes": 5}, "sent"),
    (InDoubt("reset"), {"minutes": 5}, "sent"),
    (Refused("the address", status=400, positions=(0,)), {"hours": 1}, "failed"),
])  # fmt: skip
def test_what_the_service_answers(sqlite_house: House, error: GatewayError, waits: dict[str, int], then: str) -> None:
    """What was not taken goes again at its time, and not before it; what is refused for its reader never."""
    house = sqlite_house
    house.fake = FakeGateway(error)
    ask(house)
    assert letters.deliver(house.context) == 0
    assert letters.deliver(house.context) == 0
    assert len(house.fake.asked) == 1
    house.clock.move(**waits)
    letters.deliver(house.context)
    assert states(house) == [(then, 2 if then == "sent" else 1)]


def test_where_the_way_is_broken_it_stops_at_the_first(sqlite_house: House) -> None:
    """A tick has editions to see to: it does not wait for a timeout for each letter."""
    for name in ("ann", "bob", "cy"):
        ask(sqlite_house, f"{name}@example.org")
    sqlite_house.fake = FakeGateway(NotSent("no connection"))
    assert letters.deliver(sqlite_house.context) == 0
    assert len(sqlite_house.fake.asked) == 1
    assert letters.deliver(sqlite_house.context) == 2


def test_in_doubt_three_times(sqlite_house: House) -> None:
    """It may have arrived as often: no more."""
    sqlite_house.fake = FakeGateway(*[InDoubt("reset")] * 5)
    ask(sqlite_house)
    for _ in range(6):
        letters.deliver(sqlite_house.context)
        sqlite_house.clock.move(minutes=5)
    assert states(sqlite_house) == [("failed", 3)]


def test_a_broken_template_waits_for_its_cure(sqlite_house: House) -> None:
    """A fault of the content stops a letter, and does not lose it."""
    house = sqlite_house
    house.context = replace(house.context, newsletters={"daily": _with_logo(house)})
    ask(house)
    assert letters.deliver(house.context) == 0
    house.reload()
    house.clock.move(minutes=5)
    assert letters.deliver(house.context) == 1


def _with_logo(house: House) -> Newsletter:
    return replace(house.context.newsletters["daily"], logo=Logo(src="none.png", alt="The Morning Run", width=200))


DYING = """
import os, signal, sys
from dataclasses import replace
from datetime import datetime
from newsletter.pipeline import letters
from newsletter.services import open_context
from newsletter.settings import load_settings

class Dies:
    def submit(self, outgoing):
        os.kill(os.getpid(), signal.SIGKILL)

now = datetime.fromisoformat(sys.argv[1])
letters.deliver(replace(open_context(load_settings(), lambda: now), gateway=Dies))
"""


def test_a_process_that_is_killed(house: House) -> None:
    """Between claim and answer: nobody has the letter for ten timeouts of 30 s, then it goes again, and stays sent."""
    ask(house)
    script = [sys.executable, "-c", DYING, house.clock().isoformat()]
    done = subprocess.run(script, env=house.environment(), cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    assert states(house) == [("claimed", 1)]
    house.clock.move(seconds=299)
    assert letters.deliver(house.context) == 0
    house.clock.move(seconds=1)
    assert letters.deliver(house.context) == 1
    assert states(house) == [("sent", 2)]


def test_an_answer_that_comes_too_late(house: House) -> None:
    """It settles its own claim: another process has the letter since, and its answer counts."""
    ask(house)
    lease = timedelta(minutes=5)
    with house.store.write() as tx:
        old = rows.claim(tx, lease=lease, now=house.clock())
    house.clock.move(minutes=5)
    with house.store.write() as tx:
        new = rows.claim(tx, lease=lease, now=house.clock())
    assert old is not None
    assert new is not None
    with house.store.write() as tx:
        rows.put_back(tx, old, house.clock())
        rows.settle(tx, old, "failed")
    assert states(house) == [("claimed", 2)]
    with house.store.write() as tx:
        rows.settle(tx, new, "sent")
    assert states(house) == [("sent", 2)]


def test_several_at_once(house: House) -> None:
    """Web app and clock at the same moment: each letter once."""
    addresses = [f"reader{number}@example.org" for number in range(12)]
    for address in addresses:
        ask(house, address)
    threads = [threading.Thread(target=letters.deliver, args=(house.context,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent(house)) == sorted(addresses)


def test_from_a_restored_database_none_goes(sqlite_house: House) -> None:
    """As with editions: a person looks first."""
    house = sqlite_house
    ask(house)
    with house.store.write() as tx:
        guards.next_epoch(tx)
    guards.remember_epoch(house.context)
    with house.store.write() as tx:
        tx.execute(update(t.ledger).values(epoch=0))
    assert letters.deliver(house.context) == 0
    assert states(house) == [("waiting", 0)]
    guards.confirm_restore(house.context)
    assert letters.deliver(house.context) == 1


def test_in_earnest(sqlite_house: House) -> None:
    """A database that has sent for real sends nothing to a sandbox; and samples' addresses get no mail for real."""
    house = sqlite_house
    ask(house)
    _change(house, t.ledger, gateway="sendgrid")
    assert letters.deliver(house.context) == 0
    house.reload(SANDBOX=0, SENDGRID_API_KEY="SG.abc", BASE_URL="https://news.example.org")
    assert letters.deliver(house.context) == 0
    assert (states(house), house.fake.asked) == ([("failed", 1)], [])


def test_operators_hear_of_letters_that_wait(house: House) -> None:
    """After a quarter of an hour, once; over when they have gone."""
    house.fake = FakeGateway(*[Refused("the key", status=401)] * 9)
    ask(house)
    watch = watching.Watch(house.context)
    told = []
    for minutes in (14, 2, 5):
        letters.deliver(house.context)
        house.clock.move(minutes=minutes)
        watch.look()
        with house.store.read() as tx:
            told.append(kept.about(tx, AlertKind.LETTERS_WAIT))
    house.fake.script.clear()
    assert letters.deliver(house.context) == 1
    watch.look()
    with house.store.read() as tx:
        told.append(kept.about(tx, AlertKind.LETTERS_WAIT))
    assert told == [frozenset(), {"letters"}, {"letters"}, frozenset()]


def test_a_letter_that_bounces(sqlite_house: House) -> None:
    """Its event names no delivery: the address is looked up, and gets nothing any more."""
    house = sqlite_house
    with heard_sandbox(house) as heard:
        ask(house, "bounce@example.org")
        assert letters.deliver(house.context) == 1
        assert heard.hear_all()
    with house.store.read() as tx:
        assert [row[2] for row in roster.suppressions(tx)] == ["bounce"]
