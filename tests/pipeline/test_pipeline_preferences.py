"""What readers choose by the link of their mails: sections, a pause, being seen, another list; each on the record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_house import SECRET, House
from ledger_readers import Reader, events_of, log_of, reader

from newsletter.audience import tokens
from newsletter.model import ConsentEvent
from newsletter.pipeline import joining, leaving, places, preferences, readers, wishes
from newsletter.pipeline.wishes import Change, Offer, Wish
from newsletter.storage import letters, subscriptions

ANN = "ann@example.org"
NEW_YORK = ZoneInfo("America/New_York")
SECTIONS = '\n[[sections]]\nslug = "labor"\ntitle = "Labor"\n'


def words(_: object, change: Change, offer: Offer) -> str:
    return f"{change.sections} {change.paused_until} {change.tracked} of {','.join(offer.sections)}"


def save(house: House, who: Reader, **wish: object) -> preferences.Done:
    return preferences.save(
        house.context,
        who.link,
        "daily",
        Wish(**wish),
        words=words,
        wording="I may be seen.",  # type: ignore[arg-type]
    )


@pytest.fixture
def ann(house: House) -> Reader:
    """On the daily, which has two sections and counts opens of those who agreed."""
    house.newsletter(keys='opens = "consented"', schedule=SECTIONS)
    house.newsletter("board", schedule="")
    house.reload()
    return reader(house, ANN)


def test_sections_and_a_pause(house: House, ann: Reader) -> None:
    """One entry of the log for each change, in the words that the reader is told; the same wish again is none."""
    done = save(house, ann, sections=("labor", "weather"), pause="week")
    place = ann.place()
    assert done.what == "saved"
    assert place.sections == ("labor",)
    assert place.paused_until == datetime(2026, 5, 11, tzinfo=NEW_YORK), "a day begins where the newsletter is"
    assert [(entry.event, entry.detail) for entry in log_of(house, ANN)] == [(ConsentEvent.CHANGED, done.words)]
    assert save(house, ann, sections=("labor",)).what == "same"
    assert save(house, ann, sections=("labor",), pause="none").what == "saved"
    assert ann.place().paused_until is None
    assert save(house, ann, sections=("trade", "labor")).what == "saved"
    assert ann.place().sections is None, "all sections are all that will be"
    assert events_of(house, ANN) == [("daily", "changed")] * 3


def test_being_seen(house: House, ann: Reader) -> None:
    """The log has the words of the page that they agreed to; taking it back needs none."""
    both = ("trade", "labor")
    save(house, ann, sections=both, tracked=True)
    assert ann.place().tracked
    save(house, ann, sections=both)
    assert not ann.place().tracked
    assert [entry.wording for entry in log_of(house, ANN)] == ["I may be seen.", ""]


def test_nobody_is_seen_where_it_is_not_asked(house: House) -> None:
    """Whatever a form says."""
    ann = reader(house, ANN)
    assert save(house, ann, tracked=True).what == "same"
    assert not ann.place().tracked


@pytest.mark.parametrize(
    ("wish", "trouble"),
    [
        ({"sections": ()}, "sections"),
        ({"sections": ("weather",)}, "sections"),
        ({"pause": "date", "date": ""}, "date"),
        ({"pause": "date", "date": "2026-02-30"}, "date"),
        ({"pause": "date", "date": "2026-05-04"}, "past"),
        ({"pause": "date", "date": "2027-06-01"}, "far"),
    ],
)
def test_what_cannot_be(house: House, ann: Reader, wish: dict[str, object], trouble: str) -> None:
    """Nothing is saved, not even the other half of the form."""
    done = save(house, ann, **{"sections": ("labor",), "tracked": True, **wish})
    assert (done.what, done.trouble) == ("trouble", trouble)
    assert (ann.place().sections, ann.place().tracked) == (None, False)
    assert log_of(house, ANN) == ()


def test_only_who_is_on_a_list_has_wishes(house: House, ann: Reader) -> None:
    """Who left, or a list that they are not on: nothing happens."""
    leaving.leave(house.context, ann.link)
    assert save(house, ann, sections=("labor",)).what == "nothing"
    done = preferences.save(house.context, ann.link, "board", Wish(), words=words, wording="")
    assert done.what == "nothing"
    assert events_of(house, ANN) == [("daily", "withdrawn")]


def test_another_list_takes_a_letter(house: House, ann: Reader) -> None:
    """A mail may be in other hands: they can ask, and only whoever reads the address can confirm."""
    assert preferences.join(house.context, ann.link, "board", wording="Send me the board.").what == "asked"
    assert ann.place("board").state == "pending"
    assert [(entry.event, entry.wording) for entry in log_of(house, ANN)] == [
        (ConsentEvent.REQUESTED, "Send me the board.")
    ]
    with house.store.read() as tx:
        (number,) = tx.exec_driver_sql("SELECT id FROM letter WHERE kind = 'confirm' AND state = 'waiting'").scalars()
    token = tokens.sign(tokens.Token("confirm", ann.id, house.list_id("board"), number), SECRET)
    assert joining.confirm(house.context, token, wording="").state == "confirmed"
    assert ann.place("board").state == "active"


def test_letters_have_an_end(house: House, ann: Reader) -> None:
    """Five of a kind a day, however often somebody presses; the answer is the same, and the log does not grow."""
    for _ in range(8):
        assert preferences.join(house.context, ann.link, "board", wording="").what == "asked"
        assert preferences.let_in(house.context, ann.link).what == "letter"
    with house.store.read() as tx:
        counts = {kind: letters.count_since(tx, kind, ann.id, house.clock()) for kind in ("confirm", "access")}
    assert counts == {"confirm": letters.A_DAY, "access": letters.A_DAY}
    assert len(log_of(house, ANN)) == letters.A_DAY


def test_what_nobody_offers_cannot_be_joined(house: House, ann: Reader) -> None:
    """A newsletter that takes no sign-ups, a list that there is not, one that they are on."""
    house.newsletter("board", keys="sign_up = false", schedule="")
    house.reload()
    for list_ in ("board", "none", "daily"):
        assert preferences.join(house.context, ann.link, list_, wording="").what == "nothing"
    assert log_of(house, ANN) == ()


def test_leave_all_and_undo_one(house: House, ann: Reader) -> None:
    """Each list on the record; each can be taken back by itself."""
    readers.add(house.context, ANN, "", "board", source="the fair", basis="express")
    assert preferences.leave(house.context, ann.link, None).what == "left all"
    assert preferences.leave(house.context, ann.link, None).what == "left all"
    assert events_of(house, ANN) == [("board", "withdrawn"), ("daily", "withdrawn")]
    shown = preferences.preferences(house.context, ann.link)
    assert [(place.list, place.state, place.undo) for place in shown.places] == [
        ("daily", "left", True), ("board", "left", True),
    ]  # fmt: skip
    assert preferences.undo(house.context, ann.link, "board").what == "back"
    assert (ann.place("board").state, ann.place().state) == ("active", "unsubscribed")
    assert preferences.undo(house.context, ann.link, "none").what == "nothing"


def test_the_link_of_a_test_does_nothing(house: House, ann: Reader) -> None:
    """Editors may press everything."""
    inert = tokens.sign(tokens.Token("reader", 0, 0, 1), SECRET)
    context = house.context
    assert preferences.preferences(context, inert).inert
    assert preferences.leave(context, inert, None).what == "nothing"
    assert preferences.join(context, inert, "board", wording="").what == "nothing"
    assert preferences.let_in(context, inert).what == "nothing"
    assert ann.place().state == "active"


@given(
    st.sets(st.sampled_from(["a", "b", "c", "x"])),
    st.sampled_from(["keep", "none", "week", "fortnight", "month", "date", "?"]),
    st.one_of(st.dates(date(2025, 1, 1), date(2029, 1, 1)).map(str), st.text(max_size=12)),
)
def test_whatever_a_form_says(sections: set[str], pause: str, day: str) -> None:
    """A change has sections of the offer, and one at least; a pause lies ahead, a year at most; or it is a trouble."""
    now = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
    offer = Offer(sections={"a": "A", "b": "B", "c": "C"}, asks_tracking=False, zone=NEW_YORK)
    place = subscriptions.Subscription(
        list_id=1, list="daily", state="active", source="", basis="", until=None, paused_until=None, sections=("b",),
        tracked=False, since=now, changed_at=now,
    )  # fmt: skip
    found = wishes.change(place, offer, Wish(sections=tuple(sections), pause=pause, date=day), now)
    if isinstance(found, str):
        assert found in {"sections", "date", "past", "far"}
        return
    assert found.sections is None or (found.sections and set(found.sections) < {"a", "b", "c"})
    assert found.paused_until is None or now < found.paused_until <= now + wishes.LONGEST_PAUSE
    assert not found.tracked


@pytest.mark.parametrize(
    ("day", "next_"), [("2026-01-31", "2026-02-28"), ("2026-12-15", "2027-01-15"), ("2028-01-30", "2028-02-29")]
)
def test_a_month(day: str, next_: str) -> None:
    """The same day of the next one, or its last."""
    assert wishes.month_after(date.fromisoformat(day)) == date.fromisoformat(next_)


def test_a_list_of_two_newsletters(house: House) -> None:
    """What can be chosen is of both."""
    house.newsletter("evening", keys='opens = "consented"', schedule=SECTIONS)
    file = house.folder / "content/newsletters/evening.toml"
    file.write_text(file.read_text().replace('list = "evening"', 'list = "daily"'))
    house.reload()
    offer = places.offer_of(house.context, "daily")
    assert (set(offer.sections), offer.asks_tracking) == ({"trade", "labor"}, True)
