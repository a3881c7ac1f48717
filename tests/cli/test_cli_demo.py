"""`newsletter demo`, and a newcomer's first walk: what sends is a real process, as it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import urlopen

import pytest
from cli_house import ROOT, House, Said, bare_house

from newsletter.cli.common import open_house
from newsletter.cli.local import serving
from newsletter.sandbox import accepted

SEED = ROOT.parent / "shared" / "seed" / "input-stories.txt"

OWN = """\
Locks on the Upper Dell Reopen

Barges moved through both locks on the Upper Dell on Monday, ten days after the flood, the river office said (The Daily Ledger, subscription).

The numbers: Some 140 barges waited.

  • The last of them passes on Thursday.

The AMG says: “A river that is open is a shelf that is full,” said AMG President and CEO Marian Holt.
View More
"""  # noqa: E501  as copied


def latest_edition(house: House) -> str:
    name: str = house.json("send", "status", "daily")["edition"]
    return name


@dataclass(frozen=True)
class Demo:
    """The demo, typed once in a house of its own: what it said, and its edition."""

    said: Said
    house: House
    edition: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for all: it writes 2,500 mails."""
    with pytest.MonkeyPatch.context() as patch:
        house = bare_house(tmp_path_factory.mktemp("demo"), patch)
        said = house.process("demo")
        assert said.code == 0, said
        yield Demo(said, house, latest_edition(house))


@pytest.fixture
def after(demo: Demo) -> House:
    """The house in which the demo has run."""
    return demo.house


def test_the_demo_does_the_whole_job(demo: Demo, after: House) -> None:
    """One command: numbers that balance, mails as files, events that were heard, where to look."""
    assert "var/sandbox/*.eml" in demo.said.out
    live = after.lives_of(demo.edition)
    assert (live["state"], live["candidates"], live["accepted"]) == ("sent", 2500, 2500)
    assert live["facts"]["delivered"] > 2400
    assert live["facts"]["bounced"] == 2
    sent = [copy for copy in accepted(after.var / "sandbox") if copy.custom_args["edition"] == demo.edition]
    assert len(sent) == 2500
    assert all((after.var / "sandbox" / copy.file).exists() for copy in sent)


def test_the_demo_a_second_time(demo: Demo, after: House) -> None:
    """It went already: said, the report is shown, nothing is sent."""
    before = len(list(accepted(after.var / "sandbox")))
    again = after.process("demo")
    assert again.code == 0
    assert f"{demo.edition} went out already" in again.err
    assert len(list(accepted(after.var / "sandbox"))) == before >= 2500


def test_the_commands_that_the_demo_names_work(demo: Demo, after: House) -> None:
    """Whatever it tells a newcomer to type is typed here, but for the one that runs on."""
    typed = [line.split()[1:] for line in demo.said.out.splitlines() if line.startswith("  newsletter ")]
    assert [words[0] for words in typed] == ["sandbox", "edition", "subscribers", "report"]
    for words in typed[1:]:
        assert after.run(*words).code == 0, words


def test_the_pages_that_the_demo_names_are_there(demo: Demo) -> None:
    """The page to sign up, the archive and the report answer where it says, while the sandbox runs."""
    context = open_house()
    named = re.findall(r"^  (to sign up|the archive|the report) +(\S+)$", demo.said.out, re.MULTILINE)
    assert [name for name, _ in named] == ["to sign up", "the archive", "the report"]
    with serving(context) as address:
        for _, page in named:
            with urlopen(page.replace(context.settings.base_url, address)) as answer:
                assert answer.status == 200
    context.store.close()


def test_only_the_set_up(bare: House) -> None:
    """`--no-send`: sample readers on every list, and no edition; twice is once."""
    for _ in range(2):
        said = bare.run("demo", "--no-send")
        assert said.code == 0
        assert "2,500 sample readers" in said.err
    assert {row["active"] for row in bare.json("lists")} == {2500}
    assert bare.json("send", "status", "--all") == {"editions": []}


def test_the_demo_refuses_another_database(house: House) -> None:
    """A database with subscribers of its own is left alone; what to do is told."""
    before = house.print_of_all()
    said = house.run("demo", "--no-send")
    assert said.code == 1
    assert "NEWSLETTER_VAR" in said.err
    assert house.print_of_all() == before


def test_the_demo_wants_the_sandbox(bare: House) -> None:
    """Never through SendGrid."""
    bare.set(SANDBOX="", SENDGRID_URL="", SENDGRID_API_KEY="SG.real")
    said = bare.run("demo")
    assert said.code == 1
    assert "NEWSLETTER_SANDBOX=1" in said.err


def test_the_demo_of_a_newsletter_that_there_is_not(bare: House) -> None:
    """Told before anything is made."""
    said = bare.run("demo", "--newsletter", "dialy")
    assert said.code == 1
    assert "did you mean daily?" in said.err


def test_a_newcomers_walk(demo: Demo, after: House) -> None:
    """After the demo: import, check, approve, test, send, report, explain; each command says what the next needs."""
    (after.folder / "copied.txt").write_text(OWN)
    texts = [after.folder / "copied.txt"] + ([SEED] if SEED.exists() else [])
    imported = after.process("story", "import", *map(str, texts), "--section", "trade", "--json")
    assert imported.code == 0, imported
    paths = [story["path"] for story in imported.json()["stories"]]
    assert len(paths) == len(texts)
    checked = after.run("story", "check", *paths)
    assert checked.code == 0, checked
    approved = after.run("story", "approve", *paths, "--by", "ann")
    assert approved.code == 0, approved
    extra = f"{demo.edition}-extra"
    plan = after.run("edition", "plan", extra, "--json")
    assert plan.json()["ready"] is True, plan
    planned = [story["path"] for section in plan.json()["sections"] for story in section["stories"]]
    assert planned == paths
    tested = after.process("send", "test", extra, "--to", "ann@example.org")
    assert (tested.code, tested.out) == (0, f"test of {extra}: 1 of 1 accepted\n")
    sent = after.process("send", "now", extra, "--yes")
    assert sent.code == 0, sent
    report = after.run("report", extra, "--json")
    live = report.json()["sends"][0]
    gone = live["accepted"] + sum(live["excluded"].values()) + sum(live["refused"].values())
    assert gone + live["in_doubt"] + live["pending"] == live["candidates"]
    assert live["accepted"] > 2400
    assert live["facts"]["delivered"] > 2400
    reader = next(copy.address for copy in accepted(after.var / "sandbox") if copy.custom_args["edition"] == extra)
    explained = after.run("subscribers", "explain", reader, extra)
    assert explained.code == 0
    assert extra in explained.out
