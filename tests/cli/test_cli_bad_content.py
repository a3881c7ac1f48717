"""Files with faults: what is wrong, where, and what to do; the right exit code; nothing half done; no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_house import ROOT, House

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"
PORTS = "2026-05-04-ports-reopen-after-two-day-stoppage"


# --- story files ----------------------------------------------------------------------------------------------------

STORY_FAULTS = {
    "yaml": (b"---\nheadline: [unclosed\nsection: trade\nstatus: draft\n---\nBody.\n", ":"),
    "a colon": (b"---\nheadline: Permits: Two Years\nsection: trade\nstatus: draft\n---\nBody.\n", ":2: "),
    "a tab": (b"---\nheadline: x\n\tsection: trade\n---\nBody.\n", ":3: "),
    "unknown key": (b"---\nheadlin: x\nsection: trade\nstatus: draft\n---\nBody.\n", "headline"),
    "no front matter": (b"Just words.\n", ":1: "),
    "not closed": (b"---\nheadline: x\n", ":"),
    "empty": (b"", ""),
    "binary": (bytes(range(256)) * 40, ""),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ""),
    "utf-16": ("---\nheadline: x\n---\nBody.\n".encode("utf-16"), "UTF-8"),
    "latin-1": (b"---\nheadline: Caf\xe9\nsection: trade\nstatus: draft\n---\nBody.\n", "UTF-8"),
    "nul": (b"---\nheadline: x\nsection: trade\nstatus: draft\n---\nBo\0dy.\n", "not a text file"),
    "a bomb": (b"---\na: &a [x,x,x]\nb: &b [*a,*a,*a]\nheadline: [*b,*b]\n---\nBody.\n", ":"),
    "a python tag": (b"---\nheadline: !!python/object/apply:os.system [true]\nsection: trade\n---\nBody.\n", ":2"),
    "an impossible date": (
        b"---\nheadline: x\nsection: trade\nstatus: draft\ngo_live: 2026-02-30T06:00\n---\nBody.\n",
        ":5: ",
    ),
    "far in time": (b"---\nheadline: x\nsection: trade\nstatus: draft\ngo_live: 0001-01-01\n---\nBody.\n", ":5: "),
}


@pytest.mark.parametrize("case", STORY_FAULTS)
def test_a_story_file_with_a_fault(house: House, esp: Sandbox, case: str) -> None:
    """Listed with path and line by `list` and `check`, 1; the others are listed too, and the edition goes on."""
    raw, words = STORY_FAULTS[case]
    (house.content / "stories/2026-05-06-bad.md").write_bytes(raw)
    for command in ("list", "check"):
        said = house.run("story", command)
        assert said.code == 1
        assert "content/stories/2026-05-06-bad.md" in said.err
        assert words in said.err
    listed = house.run("story", "list", "--json").json()
    assert len(listed["stories"]) == 16
    assert listed["faults"]
    named = house.run("story", "approve", "bad", "--by", "ann")
    assert named.code == 1
    assert "content/stories/2026-05-06-bad.md" in named.err
    assert house.run("edition", "plan", MONDAY).code == 0


def test_all_faults_of_a_file_at_once(house: House) -> None:
    """Nobody mends a file line by line."""
    house.story("2026-05-06-bad", sectoin="trade", status="redy", go_live="soon")
    said = house.run("story", "check", "bad")
    assert said.code == 1
    assert len([line for line in said.err.splitlines() if "2026-05-06-bad.md:" in line]) == 3


def test_an_approved_story_that_is_broken_stops_the_edition(house: House, esp: Sandbox) -> None:
    """It must not go without it in silence: path and line, 1, nothing frozen, nothing sent."""
    path = house.content / f"stories/{PORTS}.md"
    path.write_text(path.read_text().replace("section: trade", "sectoin: trade"))
    house.run("lists")
    before = house.print_of_all()
    for words in (("edition", "freeze", MONDAY, "--yes"), ("send", "now", MONDAY, "--yes"), ("send", "test", MONDAY)):
        said = house.run(*words)
        assert said.code == 1
        assert f"content/stories/{PORTS}.md:3: " in said.err
    plan = house.json("edition", "plan", MONDAY)
    assert plan["ready"] is False
    assert any(PORTS in missing for missing in plan["missing"])
    assert esp.asked() == []
    assert house.print_of_all() == before


def test_a_story_that_is_a_folder_or_a_dead_link(house: House) -> None:
    """What only looks like a story is told, and stops nothing else."""
    (house.content / "stories/2026-05-06-folder.md").mkdir()
    (house.content / "stories/2026-05-06-link.md").symlink_to("nowhere.md")
    said = house.run("story", "list")
    assert said.code in (0, 1)
    assert "16 stories" in said.err


@pytest.mark.parametrize(
    "raw", [bytes(range(256)) * 40, b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\x14\0\0\0"]
)
def test_import_of_what_is_no_text(house: House, raw: bytes) -> None:
    """Which file, and why; no story is written."""
    (house.folder / "odd.txt").write_bytes(raw)
    house.run("lists")
    before = house.print_of_all()
    said = house.run("story", "import", "odd.txt")
    assert said.code == 1, said
    assert "odd.txt" in said.err
    assert house.print_of_all() == before


def test_import_of_what_is_not_there(house: House) -> None:
    """Which file, and why; a section that there is not is told before any file is read."""
    said = house.run("story", "import", "missing.txt")
    assert said.code == 1
    assert "missing.txt: cannot be read: No such file" in said.err
    assert "content: cannot be read" in house.run("story", "import", "content").err
    assert "'sports'" in house.run("story", "import", "missing.txt", "--section", "sports").err


# --- content/*.toml -------------------------------------------------------------------------------------------------

NEWSLETTER_FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "an impossible time": (lambda text: text.replace('"06:30"', '"25:30"'), "schedule.time: '25:30'"),
    "a time in the night": (lambda text: text.replace('"06:30"', '"02:30"'), "02:30 lies between 00:00 and 03:59"),
    "late before it goes": (lambda text: text.replace('"09:00"', '"05:00"'), "late_until 05:00 is not after"),
    "numbered days": (lambda text: text.replace('"mon-fri"', '"1-5"'), "schedule.days: "),
    "no such zone": (lambda text: text.replace("America/New_York", "America/New_Yorck"), "America/New_York"),
    "an unknown key": (lambda text: text.replace("minimum = 3", "minimun = 3"), "minimum"),
    "half a file": (lambda text: text[: text.index("[schedule]") + 20], ":"),
    "no TOML": (lambda text: "title: The Morning Run\n" + text, ":1: not TOML"),
    "a key twice": (lambda text: 'title = "x"\n' + text, "not TOML"),
    "no sections": (lambda text: text[: text.index("[[sections]]")], "sections: is missing"),
    "no address": (lambda text: text.replace("morning@amg.example.org", "morning"), "sender.address: "),
    "an unknown word": (lambda text: text.replace('holidays = "skip"', 'holidays = "skp"'), "skip"),
}


@pytest.mark.parametrize("case", NEWSLETTER_FAULTS)
def test_a_newsletter_file_with_a_fault(house: House, case: str) -> None:
    """File, key, what and how: on every command, before anything is done."""
    edit, words = NEWSLETTER_FAULTS[case]
    house.newsletter_file(edit)
    for command in (("edition", "plan", "daily"), ("send", "now", MONDAY, "--yes"), ("tick",)):
        said = house.run(*command)
        assert said.code == 1
        assert "content/newsletters/daily.toml" in said.err
        assert words in said.err
        assert said.out == ""


def test_faults_of_all_files_at_once(house: House) -> None:
    """Both newsletters' faults are told."""
    for slug in ("daily", "friday"):
        house.newsletter_file(lambda text: text.replace("title =", "titel =", 1), slug)
    said = house.run("lists")
    assert "daily.toml" in said.err
    assert "friday.toml" in said.err


@pytest.mark.parametrize("name", ["organisation.toml", "holidays.toml", "newsletters/daily.toml"])
def test_a_toml_file_that_is_binary(house: House, name: str) -> None:
    """Not UTF-8: which file."""
    (house.content / name).write_bytes(b"\xff\xfe\x00title")
    said = house.run("lists")
    assert said.code == 1
    assert f"content/{name}: not UTF-8" in said.err


def test_no_content(bare: House) -> None:
    """Where it was looked for, and how to say where it is; nothing is made."""
    shutil.rmtree(bare.content)
    said = bare.run("lists")
    assert said.code == 1
    assert "content: there is no such folder" in said.err
    assert "NEWSLETTER_CONTENT" in said.err
    assert not bare.var.exists()


def test_no_newsletter(bare: House) -> None:
    """What to write."""
    for file in (bare.content / "newsletters").iterdir():
        file.unlink()
    said = bare.run("lists")
    assert said.code == 1
    assert "there is no newsletter" in said.err


# --- templates ------------------------------------------------------------------------------------------------------


@pytest.fixture
def templates(house: House) -> Path:
    """A copy of the templates, which the house uses."""
    folder = house.folder / "templates"
    shutil.copytree(ROOT / "templates", folder)
    house.set(TEMPLATES="templates")
    return folder


TEMPLATE_FAULTS: dict[str, tuple[str, str]] = {
    "an unknown tag": ("{% fro x in y %}", "fro"),
    "an unclosed tag": ("{% if edition %}", "briefing.mjml.j2"),
    "an unclosed expression": ("{{ edition.", "briefing.mjml.j2"),
    "an undefined variable": ("{{ editoin.subject }}", "editoin"),
    "an undefined attribute": ("{{ edition.subjekt }}", "subjekt"),
    "a missing template": ('{% include "partials/nothing.mjml.j2" %}', "nothing.mjml.j2"),
    "an unknown filter": ("{{ edition.subject | shout }}", "shout"),
    "a division by zero": ("{{ 1 // 0 }}", "briefing.mjml.j2"),
    "an unknown mjml tag": ("<mj-txet>x</mj-txet>", "mj-txet"),
}


@pytest.mark.parametrize("case", TEMPLATE_FAULTS)
def test_a_template_with_a_fault(house: House, esp: Sandbox, templates: Path, case: str) -> None:
    """The template and the fault are named; a plan tells it as missing, a send stops; nothing is frozen or sent."""
    fault, words = TEMPLATE_FAULTS[case]
    template = templates / "email/briefing.mjml.j2"
    text = template.read_text()
    block = "{% block"
    at = text.index("%}", text.index(block)) + 2
    template.write_text(text[:at] + fault + text[at:])
    house.run("lists")
    before = house.print_of_all()
    for command in (("send", "now", MONDAY, "--yes"), ("edition", "freeze", MONDAY, "--yes"), ("send", "test", MONDAY)):
        said = house.run(*command)
        assert said.code == 1, said
        assert words in said.err
        assert "templates/email" in said.err or "briefing.mjml.j2" in said.err
    planned = house.run("edition", "plan", MONDAY)
    assert planned.code == 0
    assert words in planned.out
    assert esp.asked() == []
    assert house.print_of_all() == before


def test_no_template_of_the_newsletter(house: House, templates: Path) -> None:
    """Which file is missing."""
    (templates / "email/briefing.mjml.j2").unlink()
    said = house.run("edition", "proof", MONDAY)
    assert said.code == 1
    assert "briefing" in said.out


def test_proof_tells_each_stop_once(house: House, templates: Path) -> None:
    """What the check found is not told a second time as what is missing."""
    footer = templates / "email" / "partials" / "footer.mjml.j2"
    footer.write_text(footer.read_text().replace("edition.unsubscribe", "edition.preferences"))
    proof = house.run("edition", "proof", MONDAY)
    assert proof.code == 1
    assert proof.out.count("there is no unsubscribe link that is seen") == 1


def test_no_templates_at_all(house: House) -> None:
    """Where they were looked for."""
    house.set(TEMPLATES="nowhere")
    said = house.run("edition", "freeze", MONDAY, "--yes")
    assert said.code == 1
    assert "nowhere" in said.err


def test_a_web_template_with_a_fault(house: House, templates: Path) -> None:
    """`serve` does not start with it: better than in front of a reader."""
    (templates / "web/unsubscribe.html.j2").write_text("{% if %}")
    said = house.run("serve", "--port", "0")
    assert said.code == 1
    assert "unsubscribe.html.j2" in said.err
