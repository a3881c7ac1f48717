"""Files of people: what is read of them, by line, and that what is written comes back."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import csvfile, lookalikes, textfile
from newsletter.audience.csvfile import People
from newsletter.errors import ContentError, Fault

KEY = b"k" * 32


def read(lines: Iterable[str], shown: str = "people.csv") -> People:
    whole = People()
    for part in csvfile.read_people(lines, KEY, shown=shown):
        for name in ("lines", "keys", "addresses", "names", "reserved", "remarks"):
            getattr(whole, name).extend(getattr(part, name))
    return whole


def read_file(folder: Path, raw: bytes, encoding: str | None = None) -> People:
    file = folder / "people.csv"
    file.write_bytes(raw)
    with textfile.opened(file, encoding) as lines:
        return read(lines, str(file))


def fault(folder: Path, raw: bytes, encoding: str | None = None) -> Fault:
    with pytest.raises(ContentError) as caught:
        read_file(folder, raw, encoding)
    (found,) = caught.value.faults
    assert found.path == str(folder / "people.csv")
    return found


TEXT = "email,name\nann@example.org,Jürgen Łęcka\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), None),
        (TEXT.encode("utf-16"), None),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("windows-1250"), "windows-1250"),
        (TEXT.encode("utf-8-sig"), "windows-1252"),
    ],
    ids=[
        "utf-8",
        "with a mark",
        "utf-16",
        "big endian",
        "utf-16 without a mark",
        "windows-1250",
        "the mark knows better",
    ],
)
def test_encodings(tmp_path: Path, raw: bytes, encoding: str | None) -> None:
    """A byte order mark says what a file is; without one it is UTF-8, or what the person says."""
    assert read_file(tmp_path, raw, encoding).names == ["Jürgen Łęcka"]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, ends: str) -> None:
    """As Unix, Windows and old Macs have them; a line is counted once."""
    raw = f'email,name{ends}ann@example.org,"Ann{ends}Roe"{ends}nobody,{ends}{ends}bob@example.org,{ends}'
    people = read_file(tmp_path, raw.encode())
    assert people.lines == [2, 6]
    assert people.names == ["Ann Roe", ""]
    assert [remark.line for remark in people.remarks] == [4]


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        (b"", 1, "it names nothing"),
        (b"\n\n", 1, "it names nothing"),
        (b"ann@example.org\nbob@example.org\n", 1, "it names ann@example.org"),
        (b"Kontakt;Name\n", 1, "it names kontakt, name"),
        (b"email,name,Email\n", 1, "two columns are called `email`"),
        (b"email\nann@example.org\nb\0b@example.org\n", 3, "NUL"),
        (b"email,name\nann@example.org,Jos\xe9\n", 2, "is not UTF-8"),
        (b"email,name\r\nann@example.org,\r\nb@example.org,Jos\xe9\r\n", 3, "--encoding windows-1252"),
        (b'email,name\nann@example.org,\nbob@example.org,"Bob\ncy@example.org,Cy\n', 3, "quotation mark"),
        (b'email,name\nann@example.org,"Ann" Roe\n', 2, "quotation mark"),
        (b"email,name\nann@example.org,Ann\nbob@example.org," + b"x" * 200_000, 3, "is not CSV"),
        (b"email,name\n" + b"x" * 2_000_000, 2, "longer than 1,000,000 signs"),
        (b"PK\x03\x04\x14\x00\x06\x00", 0, "a workbook"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 0, "a picture"),
        (b"%PDF-1.7\n", 0, "a PDF"),
        (bytes(range(128, 256)) * 10, 1, "is not UTF-8"),
    ],
    ids=[
        "empty", "empty lines", "no header", "other words", "twice", "nul", "latin-1", "latin-1, crlf", "open quote",
        "words after a quote", "a long field", "a long line", "a workbook", "a picture", "a pdf", "bytes",
    ],
)  # fmt: skip
def test_what_is_no_file_of_people(tmp_path: Path, raw: bytes, line: int, problem: str) -> None:
    """Where, what, and what to do."""
    found = fault(tmp_path, raw)
    assert (found.line, problem in found.problem) == (line, True), found


@given(before=st.text("é€\n", max_size=70_000 // 2), places=st.integers(0, 3))
def test_the_line_that_is_not_utf_8(tmp_path_factory: pytest.TempPathFactory, before: str, places: int) -> None:
    """Is told truly, wherever the file was cut into blocks."""
    raw = b"email\n" + b"x" * places + before.encode() + b"\xff"
    assert fault(tmp_path_factory.mktemp("bad"), raw).line == 2 + before.count("\n")


def test_utf_16_that_is_none(tmp_path: Path) -> None:
    """Half a sign at its end."""
    assert "is not utf-16" in fault(tmp_path, TEXT.encode("utf-16") + b"x").problem


def test_a_line_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    """Only its beginning is; the file here is a hole of that size."""
    file = tmp_path / "people.csv"
    with file.open("wb") as out:
        out.write(b"email\n" + b"x" * 2_000_000)
        out.truncate(1 << 30)
    with textfile.opened(file) as lines:
        with pytest.raises(ContentError, match="longer than"):
            read(lines)
        assert lines.bytes_read < 3_000_000


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Name;E-Mail", "Ann;ann@example.org", "Ann"),
        ('Name\tEmail Address', '"Ann"\t"ann@example.org"', "Ann"),
        ("id,full name,mail", "7,Ann,ann@example.org", "Ann"),
        ("EMAIL_ADDRESS,First_Name,Last_Name", "ann@example.org,Ann,Roe", "Ann Roe"),
        ("address,email", "1 Mill Street,ann@example.org", ""),
        ("email", "ann@example.org,too,many", ""),
        ("email,name", "ann@example.org", ""),
        ("email,name", " ann@example.org , Ann\u200b\x07  Roe ", "Ann Roe"),
    ],
)  # fmt: skip
def test_columns(header: str, row: str, name: str) -> None:
    """In any order, under the names that programs give them, parted by what the header has."""
    people = read([header + "\n", row + "\n"])
    assert (people.addresses, people.names) == (["ann@example.org"], [name])


def test_rows_that_cannot_be_taken() -> None:
    """Each by its line and without its address."""
    people = read(["email,name\n", "nobody,x\n", ",Bob\n", ",\n", "\n", "ann@example.org,\n", "@example.org,x\n"])
    assert [(each.line, each.problem.partition(":")[0]) for each in people.remarks] == [
        (2, "not an address"), (3, "it has no address"), (7, "not an address"),
    ]  # fmt: skip
    assert all("nobody" not in each.problem and each.rejected for each in people.remarks)
    assert people.lines == [6]


@given(text=st.text(max_size=60), encoding=st.sampled_from([None, *textfile.ENCODINGS]))
def test_whatever_the_file(tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str | None) -> None:
    """People, each in a line of their own, or a fault: nothing else comes out."""
    file = tmp_path_factory.mktemp("any") / "people.csv"
    file.write_bytes(b"email,name\n" + text.encode("utf-8", "replace"))
    with contextlib.suppress(ContentError), textfile.opened(file, encoding) as lines:
        taken = read(lines, str(file)).lines
        assert taken == sorted(set(taken))


# --- there and back ---------------------------------------------------------------------------------------------------

NAMES = st.one_of(st.text(max_size=40), st.text("=+-@\t\r'\"\n,;a ", max_size=8)).map(csvfile.clean_name)
LOCALS = st.text("ab.=+-'|{", min_size=1, max_size=8).filter(
    lambda local: not local.startswith(".") and not local.endswith(".") and ".." not in local
)


@given(rows=st.lists(st.tuples(LOCALS, NAMES), max_size=8))
def test_what_is_exported_comes_back(rows: list[tuple[str, str]]) -> None:
    """Whatever a name begins with; and no cell begins with what a spreadsheet takes for a formula."""
    out = io.StringIO(newline="")
    wanted = [(f"{local}@example.org", name) for local, name in rows]
    assert csvfile.write(out, ("email", "name"), wanted) == len(rows)
    out.seek(0)
    people = read(out)
    assert list(zip(people.addresses, people.names, strict=True)) == wanted
    for cell in (cell for row in csvfile.csv.reader(io.StringIO(out.getvalue())) for cell in row):
        assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("=1+1", "'=1+1"), ("'=1", "''=1"), ("-2", "'-2"), ("@x", "'@x"), ("\tx", "'\tx"), ("\rx", "'\rx"),
     ("\n=1", "'\n=1"), ("\uff1d1", "'\uff1d1"), ("\uff20x", "'\uff20x"),
     ("O'Brien", "O'Brien"), ("'t Hooft", "'t Hooft"), ("a=b", "a=b"), ("", "")],
)  # fmt: skip
def test_formulas_are_defused(cell: str, safe: str) -> None:
    """By an apostrophe, which is taken off again; names that begin with one of their own stay."""
    assert csvfile.defused(cell) == safe
    assert csvfile.revived(safe) == cell


# --- what was probably not meant --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"), ("GMAI.com", "gmail.com"), ("gmail.con", "gmail.com"), ("gmaill.com", "gmail.com"),
        ("hotmial.com", "hotmail.com"), ("yaho.com", "yahoo.com"), ("outlok.com", "outlook.com"),
        ("gmail.com", None), ("mail.com", None), ("ymail.com", None), ("yahoo.co", None), ("example.org", None),
    ],
)  # fmt: skip
def test_slips_in_great_names(domain: str, meant: str | None) -> None:
    """A sign too many, too few, or in its neighbour's place; and nobody else's domain."""
    assert lookalikes.meant(f"ann@{domain}") == meant


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ann.roe@example.org", "annroe@example.org", True),
        ("Ann+news@example.org", "ann@EXAMPLE.org", True),
        ("ann@example.org", "ann@example.com", False),
        ("ann@example.org", "anne@example.org", False),
    ],
)
def test_two_spellings(one: str, other: str, same: bool) -> None:
    """Dots and a +tag before the @ part nobody from themselves, at most mail services."""
    assert (lookalikes.bare(one) == lookalikes.bare(other)) is same
