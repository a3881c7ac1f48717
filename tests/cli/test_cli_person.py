"""`newsletter subscribers explain`, `export`, `erase`: one person, for them and about them."""

from __future__ import annotations

from cli_house import READERS, House

ANN = READERS[0]


def wish(house: House) -> None:
    """What she has of the daily: implied until a day, a section, a pause; it is on the record."""
    house.sql(
        "UPDATE subscription SET basis = 'implied', until = '2027-05-04 00:00:00.000000', sections = 'trade', "
        "paused_until = '2026-06-01 04:00:00.000000' WHERE subscriber_id = 1"
    )
    house.sql(
        "INSERT INTO consent (at, address_key, list, event, basis, until, source, detail) SELECT "
        "'2026-05-04 10:00:00.000000', address_key, 'daily', 'imported', 'implied', '2027-05-04 00:00:00.000000', "
        "'the fair', 'Only these sections: Trade.' FROM subscriber WHERE id = 1"
    )


def test_explain_tells_what_was_agreed(house: House) -> None:
    """The basis and its end, sections, the pause, and the log; in words and as a document."""
    wish(house)
    house.run("subscribers", "unsubscribe", ANN, "--list", "daily")
    said = house.run("subscribers", "explain", ANN).out
    assert "basis implied until 2027-05-04; paused until 2026-06-01 04:00 UTC; sections trade" in said
    assert (
        "2026-05-04 10:00 UTC  daily: imported (implied until 2027-05-04): Only these sections: Trade.; the fair"
        in said
    )
    assert "daily: withdrawn; operator" in said
    found = house.json("subscribers", "explain", ANN)
    told = [(entry["event"], entry["source"]) for entry in found["consent"]]
    assert ("imported", "the fair") in told
    assert ("withdrawn", "operator") in told
    daily = next(place for place in found["lists"] if place["list"] == "daily")
    assert (daily["state"], daily["sections"], daily["basis"]) == ("unsubscribed", ["trade"], "implied")


def test_export_is_one_document(house: House) -> None:
    """On stdout alone; 1 where there is nothing."""
    wish(house)
    found = house.run("subscribers", "export", ANN).json()
    assert (found["address"], found["known"]) == (ANN, True)
    assert "2027-05-04T00:00:00+00:00" in [entry["until"] for entry in found["consent"]]
    nobody = house.run("subscribers", "export", "stranger@example.org")
    assert (nobody.code, nobody.out) == (1, "")
    assert "nothing is held about this address" in nobody.err


def test_erase_asks(house: House) -> None:
    """A no, and nobody there to answer, change nothing; what is done cannot be brought back, and is said so."""
    wish(house)
    before = house.print_of_all()
    for typed in (None, "n\n", "\n"):
        said = house.run("subscribers", "erase", ANN, typed=typed)
        assert said.code == 1
        assert "nothing brings that back" in said.err
    assert house.print_of_all() == before
    done = house.run("subscribers", "erase", ANN, "--by", "b.low", typed="y\n")
    assert (done.code, done.out) == (0, "erased; 0 copies of mails count on without a name\n")
    assert ANN + "'" not in "\n".join(map(str, house.sql("SELECT address FROM subscriber")))
    assert house.json("subscribers", "explain", ANN)["suppressions"][0]["reason"] == "erased"
    assert "()" not in house.run("subscribers", "explain", ANN).out, "where they came from is forgotten, and not shown"
    again = house.run("subscribers", "erase", ANN, "--yes")
    assert again.code == 1
    assert "nobody with this address is known here" in again.err
