"""People come by file: what becomes of each, by which rules, what is told, and that nothing is half done."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_house import House, at

from newsletter.audience.csvfile import Remark
from newsletter.errors import ContentError, UsageError
from newsletter.model import Basis, ConsentEvent
from newsletter.pipeline import importing, leaving, readers
from newsletter.storage import consent, roster
from newsletter.storage.importing import Added

YEAR = timedelta(days=365)


class Taken:
    """An import of some text, with all that was told of it."""

    def __init__(self, house: House, raw: str | bytes, **options: Any) -> None:
        self.remarks: list[Remark] = []
        self.steps: list[tuple[float, int]] = []
        file = house.folder / "readers.csv"
        file.write_bytes(raw.encode() if isinstance(raw, str) else raw)
        terms = {"file": file, "list": "daily", "basis": Basis.EXPRESS, "source": "the fair"}
        self.report = importing.import_csv(
            house.context,
            importing.Import(**{**terms, **options}),
            tell=self.remarks.append,
            progress=lambda share, rows: self.steps.append((share, rows)),
        )

    @property
    def counts(self) -> dict[str, int]:
        found = self.report.people
        names = ("added", "known", "raised", "kept_out", "erased", "moved", "suppressed")
        return {name: getattr(found, name) for name in names if getattr(found, name)}

    @property
    def said(self) -> list[tuple[int, str, bool]]:
        return [(each.line, each.problem.partition(":")[0], each.rejected) for each in self.remarks]


def people(house: House) -> dict[str | None, str]:
    """Address and name of all subscribers."""
    with house.store.read() as tx:
        return {row.address: row.name for row in tx.exec_driver_sql("SELECT address, name FROM subscriber")}


def place(house: House, address: str) -> tuple[str, str, str, datetime | None]:
    """State, basis, source and end of somebody's subscription to `daily`."""
    from sqlalchemy import select

    from newsletter.storage import tables as t

    with house.store.read() as tx:
        row = tx.execute(
            select(t.subscription).where(t.subscription.c.subscriber_id == house.subscriber_id(address))
        ).one()
    return row.state, row.basis, row.source, row.until


def logged(house: House, address: str) -> list[tuple[str, str | None, datetime | None, str, str]]:
    """Event, basis, end, source and detail of the consent log."""
    with house.store.read() as tx:
        entries = consent.of(tx, readers.identify(house.context, address).key)
    assert all(entry.event is ConsentEvent.IMPORTED and entry.list == "daily" for entry in entries)
    return [(e.event.value, e.basis.value if e.basis else None, e.until, e.source, e.detail) for e in entries]


def erase(house: House, address: str) -> None:
    """What an erasure leaves: a row without personal fields, and the key suppressed."""
    leaving.suppress(house.context, [address], reason="erased", source="test")
    with house.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE subscriber SET address = NULL, name = '' WHERE id = {house.subscriber_id(address)}")


def test_a_plain_file(house: House) -> None:
    """Names and addresses, with basis, source and an entry in the consent log; the second time all are known."""
    raw = "email,name\nann@example.org,Ann Roe\nbob@example.org,\n"
    assert Taken(house, raw).counts == {"added": 2}
    assert people(house) == {"ann@example.org": "Ann Roe", "bob@example.org": ""}
    assert place(house, "ann@example.org") == ("active", "express", "the fair", None)
    once = [("imported", "express", None, "the fair", "")]
    assert logged(house, "ann@example.org") == once
    assert Taken(house, raw, source="another").counts == {"known": 2}
    assert logged(house, "ann@example.org") == once, "what changes nothing is not logged"


def test_implied_consent_has_its_end(house: House) -> None:
    """In the subscription and in the log."""
    until = at(4, 12) + YEAR
    Taken(house, "email\nann@example.org\n", basis=Basis.IMPLIED, until=until)
    assert place(house, "ann@example.org") == ("active", "implied", "the fair", until)
    assert logged(house, "ann@example.org") == [("imported", "implied", until, "the fair", "")]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (("legacy_import", 0), ("express", 0), ("express", 0)),
        (("legacy_import", 0), ("implied", 1), ("implied", 1)),
        (("implied", 1), ("express", 0), ("express", 0)),
        (("implied", 1), ("implied", 2), ("implied", 2)),
        (("implied", 2), ("implied", 1), ("implied", 2)),
        (("express", 0), ("implied", 1), ("express", 0)),
        (("express", 0), ("legacy_import", 0), ("express", 0)),
        (("implied", 1), ("legacy_import", 0), ("implied", 1)),
    ],
)  # fmt: skip
def test_a_basis_is_never_weakened(
    house: House, first: tuple[str, int], second: tuple[str, int], kept: tuple[str, int]
) -> None:
    """A stronger one, or implied consent that lasts longer, replaces it and is logged; `since` stays."""
    ends = {0: None, 1: at(4, 12) + YEAR, 2: at(4, 12) + 2 * YEAR}
    for basis, years in (first, second):
        Taken(house, "email\nann@example.org\n", basis=Basis(basis), until=ends[years], source=f"{basis} {years}")
    assert place(house, "ann@example.org") == ("active", kept[0], f"{kept[0]} {kept[1]}", ends[kept[1]])
    details = [entry[4] for entry in logged(house, "ann@example.org")]
    assert details == ([""] if kept == first else ["", f"before: {first[0]}"])


def test_who_left_or_is_suppressed(house: House) -> None:
    """An import brings nobody back, and lifts nothing; the report says how many."""
    Taken(house, "email\nann@example.org\nbob@example.org\n", basis=Basis.LEGACY_IMPORT)
    leaving.unsubscribe(house.context, "ann@example.org", "daily")
    leaving.suppress(house.context, ["bob@example.org"], reason="manual", source="test")
    taken = Taken(house, "email,name\nann@example.org,Ann\nbob@example.org,\ncy@example.org,\n")
    assert taken.counts == {"added": 1, "known": 1, "raised": 1, "kept_out": 1, "suppressed": 1}
    assert place(house, "ann@example.org")[:2] == ("unsubscribed", "legacy_import")
    assert people(house)["ann@example.org"] == "", "of who left nothing new is kept"
    with house.store.read() as tx:
        assert roster.audience(tx, "daily", loopback=True, at=house.clock()) == {None: 1, "suppressed:manual": 1}


def test_who_was_erased_stays_so(house: House) -> None:
    """No address is written back, on no list, neither by a file nor by hand; the line is named."""
    Taken(house, "email,name\nann@example.org,Ann\nbob@example.org,Bob\n")
    for address in ("ann@example.org", "bob@example.org"):
        erase(house, address)
    with house.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM subscription")
        tx.exec_driver_sql(f"DELETE FROM subscriber WHERE id = {house.subscriber_id('bob@example.org')}")
    log_before = logged(house, "ann@example.org")
    taken = Taken(house, "email,name\nANN@example.org,Ann\nbob@example.org,Bob\ncy@example.org,Cy\n")
    assert taken.counts == {"added": 1, "erased": 2, "suppressed": 2}
    assert taken.said == [(2, "asked to be erased and stays so", False), (3, "asked to be erased and stays so", False)]
    done = readers.add(house.context, "ann@example.org", "Ann", "daily", source="by hand", basis="express")
    assert (done.added, done.erased) == (0, 1)
    assert people(house) == {None: "", "cy@example.org": "Cy"}
    assert logged(house, "ann@example.org") == log_before


def test_who_was_erased_and_let_in_again(house: House) -> None:
    """It is the suppression that keeps them out: once it was lifted, they are as anybody."""
    Taken(house, "email,name\nann@example.org,Ann\n")
    erase(house, "ann@example.org")
    with house.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM suppression")
    assert Taken(house, "email,name\nAnn@example.org,Ann Roe\n").counts == {"known": 1}
    assert people(house) == {"Ann@example.org": "Ann Roe"}


def test_who_asked_and_did_not_confirm(house: House) -> None:
    """Is on the list from then on: the import has a basis of its own."""
    Taken(house, "email\nann@example.org\n")
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE subscription SET state = 'pending', basis = '', tracked = true")
        tx.exec_driver_sql("DELETE FROM consent")
    assert Taken(house, "email\nann@example.org\n", basis=Basis.LEGACY_IMPORT).counts == {"added": 1}
    assert place(house, "ann@example.org")[:2] == ("active", "legacy_import")
    assert logged(house, "ann@example.org") == [("imported", "legacy_import", None, "the fair", "")]
    with house.store.read() as tx:
        assert not tx.exec_driver_sql("SELECT tracked FROM subscription").scalar_one(), "nobody confirmed that they may"


def test_who_gave_another_address(house: House) -> None:
    """An old file does not bring the old address back, whether anything else of it is known or not."""
    with house.store.write() as tx:
        keys = [readers.identify(house.context, address).key for address in ("ann@example.org", "bob@example.org")]
        roster.suppress(tx, keys, reason="moved", scope="all", source="its owner gave another", now=at(4, 12))
        roster.suppress(tx, keys[1:], reason="erased", scope="all", source="own wish", now=at(4, 12))
    taken = Taken(house, "email\nann@example.org\nbob@example.org\n")
    assert taken.counts == {"moved": 1, "erased": 1, "suppressed": 2}
    assert taken.said == [(2, "its owner gave another address", False), (3, "asked to be erased and stays so", False)]
    assert people(house) == {}


def test_a_name_fills_a_gap_only(house: House) -> None:
    """A later file does not overwrite a name."""
    Taken(house, "email,name\nann@example.org,Ann\nbob@example.org,\n")
    Taken(house, "email,name\nANN@example.org,Somebody\nbob@example.org,Bob\n")
    assert people(house) == {"ann@example.org": "Ann", "bob@example.org": "Bob"}


def test_rows_that_cannot_be_taken(house: House) -> None:
    """Each by its line and without its address, in order; the others are taken, all at once."""
    taken = Taken(
        house,
        'email,name\nann@example.org,"Ann\nRoe"\nnobody\n,Bob\n\nANN@example.org,again\nbob@example.org\n@example.org,x\n',
    )
    assert (taken.report.people.added, taken.report.rejected, taken.report.taken) == (2, 4, True)
    assert taken.said == [
        (4, "not an address", True),
        (5, "it has no address", True),
        (7, "the same address stands in line 2", True),
        (9, "not an address", True),
    ]
    assert people(house) == {"ann@example.org": "Ann Roe", "bob@example.org": ""}


def test_what_was_probably_not_meant(house: House) -> None:
    """Is taken, with a word on its line: two spellings of one address, and a slip in a provider's name."""
    raw = "email\nann.roe@example.org\nbob@gmial.com\nann+x@example.org\nannroe@example.org\n"
    taken = Taken(house, raw)
    assert taken.counts == {"added": 4}
    assert taken.said == [
        (3, "is gmail.com meant? it is one slip from that", False),
        (5, "but for dots or a +tag it is the address in line 2", False),
    ]
    assert taken.report.rejected == 0


@pytest.mark.parametrize("options", [{"strict": True}, {"dry_run": True}, {"strict": True, "dry_run": True}])
def test_nothing_is_written(house: House, options: dict[str, bool]) -> None:
    """A strict import with one bad row, and a dry run: counts and lines are those of what would be."""
    taken = Taken(house, "email\nann@example.org\nnobody\n", **options)
    assert (taken.counts, taken.report.rejected, taken.report.taken) == ({"added": 1}, 1, False)
    assert [line for line, *_ in taken.said] == [3]
    with house.store.read() as tx:
        for table in ("list", "subscriber", "subscription", "consent"):
            assert tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0
    assert Taken(house, "email\nann@example.org\n", strict=True).report.taken, "nothing speaks against it"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("", 1),
        ('email,name\nann@example.org,Ann\nbob@example.org,"Bob\ncy@example.org,Cy\n', 3),
        (b"email,name\n" + b"ann@example.org,Ann\n" * 20_000 + b"bob@example.org,Jos\xe9\n", 20_002),
    ],
)
def test_a_file_of_the_wrong_shape(house: House, raw: str | bytes, line: int) -> None:
    """Nothing is half done: told by path and line, and nobody was imported."""
    with pytest.raises(ContentError) as caught:
        Taken(house, raw)
    (fault,) = caught.value.faults
    assert (fault.line, fault.path) == (line, str(house.folder / "readers.csv"))
    assert people(house) == {}
    assert Taken(house, "email\nann@example.org\n").counts == {"added": 1}, "and the next file finds all in order"


def test_a_report_that_cannot_be_kept(house: House) -> None:
    """A full disk under the report stops the import, whole."""

    def full(_: Remark) -> None:
        raise OSError(28, "No space left on device")

    file = house.write("people.csv", "email\nann@example.org\nnobody\n")
    wanted = importing.Import(file=file, list="daily", basis=Basis.EXPRESS, source="")
    with pytest.raises(OSError, match="No space"):
        importing.import_csv(house.context, wanted, tell=full)
    assert people(house) == {}


def test_a_file_that_is_not_there(sqlite_house: House) -> None:
    """Or is a folder."""
    for path in (sqlite_house.folder / "no.csv", sqlite_house.folder):
        wanted = importing.Import(file=Path(path), list="daily", basis=Basis.EXPRESS, source="")
        with pytest.raises(ContentError, match="cannot be read"):
            importing.import_csv(sqlite_house.context, wanted)


def test_a_list_that_nobody_has(sqlite_house: House) -> None:
    """A typing error makes no list."""
    with pytest.raises(UsageError, match="there is no list 'dayly'; newsletters have: daily"):
        Taken(sqlite_house, "email\nann@example.org\n", list="dayly")


def test_others_write_while_a_file_is_read(house: House) -> None:
    """The ledger is held up by what is written down alone, not by the reading before it."""
    written: list[bool] = []

    def progress(share: float, _: int) -> None:
        if share <= 0.5 and not written:
            with house.store.write() as tx:
                roster.ensure_list(tx, "board", "Board", at(4, 12))
            written.append(True)

    file = house.write("many.csv", "email\n" + "".join(f"r{n}@example.org\n" for n in range(20_001)))
    wanted = importing.Import(file=file, list="daily", basis=Basis.EXPRESS, source="")
    report = importing.import_csv(house.context, wanted, progress=progress)
    assert written
    assert report.people == Added(added=20_001, known=0, raised=0, kept_out=0, erased=0, moved=0, suppressed=0)


def test_how_far_it_is(sqlite_house: House) -> None:
    """The share of the work goes up to 1, and the rows to all of them."""
    steps = Taken(sqlite_house, "email\n" + "".join(f"r{n}@example.org\n" for n in range(20_001))).steps
    assert [share for share, _ in steps] == sorted(share for share, _ in steps)
    assert steps[-1] == (1, 20_001)
    assert len(steps) > 8


def test_a_suppressed_file(house: House) -> None:
    """Addresses of a file are suppressed on every list, once; rows that are none are told."""
    file = house.write("bounced.csv", "email\nann@example.org\nANN@example.org\nnobody\n")
    told: list[Remark] = []
    done = importing.suppress_csv(house.context, file, reason="bounce", tell=told.append)
    assert (done.news, done.known, done.rejected) == (1, 1, 1)
    assert [each.line for each in told] == [4]
    assert importing.suppress_csv(house.context, file, reason="bounce").news == 0
