"""Readers come by CSV, leave by a link, and can be told why they got a mail or did not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_house import SECRET, House

from newsletter.audience import tokens
from newsletter.errors import ContentError, UsageError
from newsletter.pipeline import importing, leaving, readers
from newsletter.storage import roster


def take(house: House, raw: str | bytes) -> importing.ImportReport:
    file = house.folder / "readers.csv"
    file.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return importing.import_csv(house.context, file, "daily", source="fair", basis="express")


def people(house: House) -> dict[str, str]:
    """Address and name of all subscribers."""
    with house.store.read() as tx:
        return {row.address: row.name for row in tx.exec_driver_sql("SELECT address, name FROM subscriber")}


def test_a_plain_file(house: House) -> None:
    """Names and addresses; the second time all are known."""
    raw = "email,name\nann@example.org,Ann Roe\nbob@example.org,\n"
    assert (take(house, raw).added, take(house, raw).known) == (2, 2)
    assert people(house) == {"ann@example.org": "Ann Roe", "bob@example.org": ""}


@pytest.mark.parametrize(
    "raw",
    [
        "\ufeffemail,name\nann@example.org,Ann\n",
        "name;E-Mail\nAnn;ann@example.org\n",
        'Name\tEmail Address\n"Ann"\t"ann@example.org"\n',
        "email,name\r\nann@example.org,Ann\r\n",
        '"email","name"\n" ann@example.org "," Ann "\n\n\n',
        "id,full name,mail\n7,Ann,ann@example.org",
    ],
)
def test_files_as_programs_write_them(sqlite_house: House, raw: str) -> None:
    """BOM, semicolons, tabs, quotes, CRLF, columns in any order, empty lines, no end of line."""
    report = take(sqlite_house, raw)
    assert (report.added, report.rejected) == (1, ())
    assert people(sqlite_house) == {"ann@example.org": "Ann"}


def test_rows_that_cannot_be_taken(house: House) -> None:
    """Each by its line and without its address; the others are taken, all at once."""
    report = take(
        house,
        'email,name\nann@example.org,"Ann\nRoe"\nnobody\n,Bob\n\nANN@example.org,again\nbob@example.org\n@example.org,x\n',
    )
    assert report.added == 2
    assert [(each.line, each.problem.partition(":")[0]) for each in report.rejected] == [
        (4, "not an address"),
        (5, "it has no address"),
        (7, "the same address stands in line 2"),
        (9, "not an address"),
    ]
    assert people(house) == {"ann@example.org": "Ann Roe", "bob@example.org": ""}


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        ("", 1, "it names nothing"),
        ("ann@example.org\nbob@example.org\n", 1, "must name the columns"),
        ("email\nann@example.org\nb\0b@example.org\n", 3, "NUL"),
        (b"email,name\nann@example.org,Jos\xe9\n", 2, "is not UTF-8"),
        ('email,name\nann@example.org,Ann\nbob@example.org,"Bob\ncy@example.org,Cy\n', 3, "quotation mark"),
        ('email,name\nann@example.org,"Ann" Roe\n', 2, "quotation mark"),
        (f"email,name\nann@example.org,Ann\nbob@example.org,{'x' * 200_000}\n", 3, "not CSV"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 1, ""),
    ],
)
def test_a_file_of_the_wrong_shape(house: House, raw: str | bytes, line: int, problem: str) -> None:
    """Nothing is half done: told by path and line, and nobody was imported."""
    with pytest.raises(ContentError) as caught:
        take(house, raw)
    (fault,) = caught.value.faults
    assert fault.line == line
    assert problem in fault.problem
    assert fault.path.endswith("readers.csv")
    assert people(house) == {}


def test_a_file_that_is_not_there(sqlite_house: House) -> None:
    """Or is a folder."""
    for path in (sqlite_house.folder / "no.csv", sqlite_house.folder):
        with pytest.raises(ContentError, match="cannot be read"):
            importing.import_csv(sqlite_house.context, Path(path), "daily", source="", basis="")


def test_a_list_that_nobody_has(sqlite_house: House) -> None:
    """A typing error makes no list."""
    with pytest.raises(UsageError, match="there is no list 'dayly'; newsletters have: daily"):
        readers.add(sqlite_house.context, "ann@example.org", "", "dayly", source="", basis="")


def test_who_left_stays_away(house: House) -> None:
    """An import does not bring back who left, nor lift what is suppressed; the report says how many."""
    take(house, "email\nann@example.org\nbob@example.org\n")
    leaving.unsubscribe(house.context, "ann@example.org", "daily")
    leaving.suppress(house.context, ["bob@example.org"], reason="manual", source="test")
    report = take(house, "email\nann@example.org\nbob@example.org\ncy@example.org\n")
    assert (report.added, report.known, report.kept_out, report.suppressed) == (1, 1, 1, 1)
    with house.store.read() as tx:
        assert roster.audience(tx, "daily", loopback=True, at=house.clock()) == {None: 1, "suppressed:manual": 1}


def test_a_name_fills_a_gap_only(house: House) -> None:
    """A later file does not overwrite a name."""
    take(house, "email,name\nann@example.org,Ann\n")
    take(house, "email,name\nANN@example.org,Somebody\n")
    assert people(house) == {"ann@example.org": "Ann"}


def test_ten_thousand(house: House) -> None:
    """In parts, all in one transaction, counted to the last."""
    told: list[int] = []
    file = house.write("many.csv", "email\n" + "".join(f"r{n}@example.org\n" for n in range(10_001)))
    report = importing.import_csv(house.context, file, "daily", source="", basis="", progress=told.append)
    assert report.added == 10_001
    assert told[-1] == 10_001


# --- leaving ----------------------------------------------------------------------------------------------------------


def link(house: House, address: str, slug: str = "daily") -> str:
    with house.store.read() as tx:
        list_id = roster.list_id(tx, slug)
    assert list_id is not None
    return tokens.sign(tokens.Token("reader", house.subscriber_id(address), list_id, 1), SECRET)


def test_leaving_twice_is_once(house: House) -> None:
    """The page shows a masked address; the second time it is done already, and still no error."""
    take(house, "email\nann@example.org\n")
    token = link(house, "ann@example.org")
    page = leaving.leaving(house.context, token)
    assert (page.masked, page.left, page.inert) == ("a•••@e•••.org", False, False)
    assert leaving.leave(house.context, token).left
    assert leaving.leave(house.context, token).left


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 46, "A" * 10_000])
def test_a_token_that_is_none(sqlite_house: House, token: str) -> None:
    """Tells nothing."""
    with pytest.raises(tokens.BadTokenError):
        leaving.leave(sqlite_house.context, token)


def test_a_token_of_nobody(sqlite_house: House) -> None:
    """Signed by us, for a reader or a list that is not there."""
    take(sqlite_house, "email\nann@example.org\n")
    for subscriber, list_id in ((999, 1), (1, 999)):
        token = tokens.sign(tokens.Token("reader", subscriber, list_id, 1), SECRET)
        with pytest.raises(tokens.BadTokenError):
            leaving.leave(sqlite_house.context, token)


def test_an_operator_takes_somebody_off(sqlite_house: House) -> None:
    """Off one list, or all; told for which that was news."""
    house = sqlite_house
    house.newsletter("board", schedule="")
    house.reload()
    house.subscribe(["ann@example.org"])
    house.subscribe(["ann@example.org"], "board")
    assert leaving.unsubscribe(house.context, "Ann@example.org", "board") == ("board",)
    assert leaving.unsubscribe(house.context, "ann@example.org", None) == ("daily",)
    assert leaving.unsubscribe(house.context, "ann@example.org", None) == ()
    with pytest.raises(UsageError, match="no such subscriber"):
        leaving.unsubscribe(house.context, "bob@example.org", None)


def test_why(house: House) -> None:
    """From the ledger alone: lists, suppressions, each copy with its batch and attempts."""
    house.readers(3)
    house.story()
    leaving.suppress(house.context, ["reader1@example.org"], reason="manual", source="ann")
    house.send()
    got = readers.explain(house.context, "reader0@example.org")
    (copy,) = got.copies
    assert (copy.edition, copy.batch_state, copy.outcome, copy.attempts) == ("daily/2026-05-04", "accepted", "", 1)
    left_out = readers.explain(house.context, "reader1@example.org", "daily/2026-05-04")
    assert (left_out.copies[0].outcome, left_out.copies[0].reason) == ("excluded", "suppressed:manual")
    assert [row[:3] for row in left_out.suppressions] == [("all", "manual", "ann")]
    nobody = readers.explain(house.context, "stranger@example.org")
    assert (nobody.known, nobody.copies) == (False, ())
    with pytest.raises(UsageError, match="is not an address"):
        readers.explain(house.context, "stranger")
