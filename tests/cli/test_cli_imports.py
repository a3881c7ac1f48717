"""From what an editor has to an edition that was proofed: a Word file, a web page, a mail, Markdown, and the seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_house import ROOT, House
from word_samples import word_file

SEED = ROOT.parent / "shared" / "seed" / "input-stories.txt"

LEDE = (
    "Rates from the coast to the plains fell by a tenth, [shippers](https://ledger.example.org/rates) said on Monday "
    "(The Daily Ledger, subscription)."
)

WORD = f"""\
[Title] Freight Rates Fall for a Third Week
{LEDE}
**The numbers:** A container now costs $2,100.
[bullet 1] In May it was $2,900.
[bullet 1] “We can plan again,” said Dora Finch.
**The AMG says:** “Cheaper freight is cheaper everything,” said Marian Holt.
"""

BODY = """\
<h1>Freight Rates Fall for a Third Week</h1>
<p>Rates from the coast to the plains fell by a tenth, <a href="https://ledger.example.org/rates">shippers</a> said on
Monday (The Daily Ledger, subscription).</p>
<p><strong>The numbers:</strong> A container now costs $2,100.</p>
<ul><li>In May it was $2,900.</li><li>“We can plan again,” said Dora Finch.</li></ul>
<p><strong>The AMG says:</strong> “Cheaper freight is cheaper everything,” said Marian Holt.</p>
"""

PAGE = f"<!doctype html><meta charset=utf-8><nav>Home</nav><main><article>{BODY}<p>View More</p></article></main>"

MAIL = f"""\
From: Ann Roe <ann@example.org>
Subject: Rates
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="part"

--part
Content-Type: text/plain; charset=utf-8

Rates fall.
--part
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<div style="display:none">Rates fall again</div>{BODY}
--part--
"""

MARKDOWN = """\
# Freight Rates Fall for a Third Week

Rates from the coast to the plains fell by a tenth, [shippers](https://ledger.example.org/rates) said on Monday (The
Daily Ledger, subscription).

**The numbers:** A container now costs $2,100.

- In May it was $2,900.
- “We can plan again,” said Dora Finch.

**The AMG says:** “Cheaper freight is cheaper everything,” said Marian Holt.
"""

FILES = {
    "rates.docx": word_file(WORD.removesuffix("\n")),
    "page.html": PAGE.encode(),
    "mail.eml": MAIL.encode(),
    "rates.md": MARKDOWN.encode(),
}


def proofed(house: House, file: Path, *words: str) -> str:
    """Import a file, approve its one story, and proof the edition that it leads; gives the edition's HTML."""
    document = house.json("story", "import", str(file), *words)
    (path,) = (story["path"] for story in document["stories"])
    lead = house.folder / path
    lead.write_text(lead.read_text().replace("status: draft\n", "status: draft\npriority: 1\n"))
    said = house.run("story", "approve", path, "--by", "ann")
    assert said.code == 0, said
    plan = house.json("edition", "plan", "daily")
    slugs = [story["slug"] for section in plan["sections"] for story in section["stories"]]
    assert lead.stem in slugs
    proof = house.json("edition", "proof", "daily")
    assert proof["fingerprint"]
    assert [f for f in proof["findings"] if lead.stem in f["where"] and f["level"] == "stop"] == []
    assert house.run("edition", "preview", "daily", "--files").code == 0
    return lead.read_text()


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_a_proofed_edition(house: House, name: str) -> None:
    """One story comes out of each format: the same headline, link, head, list and voice, and no format's marks."""
    (house.folder / name).write_bytes(FILES[name])
    text = proofed(house, house.folder / name, "--section", "trade")
    assert text.partition("---\n")[2].partition("---\n")[2] == (
        f"{LEDE}\n\n"
        "**The numbers:** A container now costs \\$2,100.\n\n"
        "- In May it was \\$2,900.\n- “We can plan again,” said Dora Finch.\n\n"
        "**The AMG says:** “Cheaper freight is cheaper everything,” said Marian Holt.\n"
    )


@pytest.mark.skipif(not SEED.exists(), reason="needs shared/seed/input-stories.txt beside the checkout")
def test_the_seed_becomes_a_proofed_edition(house: House) -> None:
    """The kind of text that editors have."""
    proofed(house, SEED, "--section", "trade")


def test_a_second_import_of_another_format_is_known(house: House) -> None:
    """A story is known by its words, in whichever format it comes; `--again` writes it beside the first."""
    for name, raw in FILES.items():
        (house.folder / name).write_bytes(raw)
    first = house.json("story", "import", "rates.docx", "--section", "trade")["stories"][0]["path"]
    assert house.json("story", "import", "page.html", "--section", "trade")["stories"][0]["path"] is None
    before = (house.folder / first).read_bytes()
    again = house.json("story", "import", "page.html", "--section", "trade", "--again")["stories"][0]["path"]
    assert again not in (None, first)
    assert (house.folder / first).read_bytes() == before


def test_paragraphs_are_counted_where_there_are_no_lines(house: House) -> None:
    """The report says what its numbers count."""
    (house.folder / "page.html").write_text(PAGE)
    assert house.json("story", "import", "page.html")["unit"] == "paragraph"
    said = house.run("story", "import", "page.html", "--again")
    assert "    paragraph 1: Home\n" in said.out


@pytest.mark.parametrize("name", ["old.doc", "empty.html", "chrome.html", "broken.docx", "photo.md"])
def test_what_cannot_be_imported_writes_nothing(house: House, name: str) -> None:
    """An exit code, the file's name, what it is, what to do."""
    raw = {
        "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1", "empty.html": b"", "chrome.html": b"<nav>Home</nav>",
        "broken.docx": FILES["rates.docx"][:500], "photo.md": b"\x89PNG\r\n\x1a\n\0",
    }  # fmt: skip
    (house.folder / name).write_bytes(raw[name])
    before = house.print_of_all()
    said = house.run("story", "import", name)
    assert said.code == 1
    assert said.err.startswith(f"{name}: ") or f"{name}: " in said.err
    assert house.print_of_all() == before
