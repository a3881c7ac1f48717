"""The documents are complete and true as far as a test can tell: commands, tables, states, links, decisions, tests."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from newsletter import errors
from newsletter.model import AlertKind, EditionState, EventKind, SendReport, SendState, runbook
from newsletter.sandbox.faults import FAULTS
from newsletter.sandbox.outcomes import OUTCOMES
from newsletter.storage.tables import metadata
from newsletter.stories.importing import Imported, import_report
from newsletter.tracking import report_document

cli = importlib.import_module("newsletter.cli.main")  # in the package, `main` is the function

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
CODE = sorted(
    path
    for pattern in ("newsletter/**/*", "templates/**/*", "tests/**/*", "*.py", "*.toml", "Makefile", ".env.example")
    for path in ROOT.glob(pattern)
    if path.is_file() and path.suffix in {".py", ".toml", ".j2", ".css", ".html", ""} and path != Path(__file__)
)
INTERFACE = (DOCS / "interface.md").read_text(encoding="utf-8")
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")

Leaf = tuple[str, click.Command]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^[ \t]*```.*?^[ \t]*```$", "", text, flags=re.MULTILINE | re.DOTALL)


# --- commands -----------------------------------------------------------------------------------------------------


def leaves(group: click.Group, words: str = "newsletter") -> Iterator[Leaf]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


COMMANDS = dict(leaves(cli._newsletter))


def row_of(words: str) -> str:
    found = re.findall(rf"^\| `{re.escape(words)}(?: [^`]*)?` \|.*$", INTERFACE, re.MULTILINE)
    rows = [row for row in found if "--" not in row.split("|")[1]]  # not those of the JSON answers
    assert len(rows) == 1, f"docs/interface.md has {len(rows)} rows for `{words}`"
    return str(rows[0])


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_has_its_row_with_each_option(words: str) -> None:
    """docs/interface.md: a command is a row, with its arguments in the first column and every option in it."""
    row = row_of(words)
    for parameter in COMMANDS[words].params:
        if isinstance(parameter, click.Option):
            told = re.search(rf"`{re.escape(parameter.opts[-1])}(?: [A-Z]+)?`", row)
            assert told, f"the row of `{words}` does not tell of {parameter.opts[-1]}"
        else:
            name = (parameter.metavar or parameter.human_readable_name).strip("[].")
            assert name in row.split("|")[1], f"the row of `{words}` does not tell of {name}"


def test_a_row_tells_of_no_option_that_there_is_not() -> None:
    """What the table promises can be typed."""
    for words, command in COMMANDS.items():
        options = {option for parameter in command.params for option in parameter.opts}
        told = set(re.findall(r"`(--[a-z-]+)", row_of(words)))
        assert told <= options | {"--help"}, words


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_documents_name_only_commands_that_exist(document: Path) -> None:
    """`newsletter …` in words, tables and blocks is a command that there is, with options that it has."""
    for line in typed(document.read_text(encoding="utf-8")):
        wrong = what_is_wrong(line)
        assert wrong is None, f"{shown(document)}: `{line}`: {wrong}"


def typed(text: str) -> Iterator[str]:
    for language, block in re.findall(r"^[ \t]*```(\w*)\n(.*?)^[ \t]*```$", text, re.MULTILINE | re.DOTALL):
        if language not in {"", "sh", "console", "bash"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(newsletter\b.*|make\b.*)", line)
            if found:
                yield re.sub(r"\s#.*", "", found[1])
    yield from re.findall(r"`((?:newsletter|make) [^`\n]*)`", prose(text))


def what_is_wrong(line: str) -> str | None:
    first = re.split(r" && | \| ", line)[0]
    words = [word.strip("[]…") for word in shlex.split(first.replace("’", ""))]
    if words[0] == "make":
        targets = re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return next((f"there is no target {word}" for word in words[1:] if word and word not in targets), None)
    at: click.Command = cli._newsletter
    for word in words[1:]:
        if word.startswith("--"):
            options = {option for parameter in at.params for option in parameter.opts} | {"--help", "--version"}
            if word.partition("=")[0] not in options:
                return f"there is no {word}"
        elif isinstance(at, click.Group):
            if word in {"", "COMMAND"}:
                return None
            found = at.get_command(click.Context(at), word)
            if found is None:
                return f"there is no {word}"
            at = found
    return None


def test_what_is_wrong_finds_what_is_wrong() -> None:
    """The reader of commands above can fail."""
    assert what_is_wrong("newsletter send now daily --yes") is None
    assert what_is_wrong("newsletter send then daily") == "there is no then"
    assert what_is_wrong("newsletter send now daily --no") == "there is no --no"
    assert what_is_wrong("make haste") == "there is no target haste"
    assert list(typed("```sh\n$ newsletter lists # all\n```\n and `make demo`.")) == ["newsletter lists", "make demo"]


# --- what else others rely on ---------------------------------------------------------------------------------------


def test_each_exit_code_has_its_row() -> None:
    """Those that `main` tells of, and those of the errors."""
    told = set(map(int, re.findall(r"(?<=[ ,:])(\d) [a-z]", cli.main.__doc__ or "")))
    raised = {found.exit_code for found in vars(errors).values() if hasattr(found, "exit_code")}
    rows = set(map(int, re.findall(r"^\| (\d) \| ", INTERFACE, re.MULTILINE)))
    assert told == rows
    assert raised <= rows


def web_modules() -> list[Path]:
    """Those of the web app; the preview is an application of its own."""
    return [path for folder in ("web", "web/archive") for path in (ROOT / "newsletter" / folder).glob("*.py")]


def test_each_address_has_its_row() -> None:
    """What the web app and the sandbox serve."""
    decorators = "".join(path.read_text(encoding="utf-8") for path in web_modules())
    served = re.findall(r"@\w+\.(?:api_route|get|post)\(\"([^\"]+)\"", decorators)
    assert len(served) >= 5
    assert [path for path in served if path.replace(":path", "") not in INTERFACE] == []
    table = (ROOT / "newsletter/sandbox/routes.py").read_text(encoding="utf-8")
    kept = re.findall(r"\(\"(GET|POST|DELETE)\", re\.compile\(r\"([^\"]+)\"\)", table)
    paths = [f"{verb} {path.replace('([^/]+)', '{id}')}" for verb, path in kept if "style" not in path]
    assert [path for path in paths if f"`{path}`" not in INTERFACE] == []


def test_each_fault_and_outcome_of_the_sandbox_is_told() -> None:
    assert re.findall(r"^\| `([a-z0-9-]+)` \| ", INTERFACE.partition("| kind | what")[2], re.MULTILINE) == list(FAULTS)
    words = INTERFACE.partition("An address decides")[2]
    assert [word for word in OUTCOMES if word not in words] == []


def test_each_word_of_an_answer_is_told() -> None:
    """States, kinds of events, and the keys of the two documents that the interface spells out."""
    report = SendReport(
        edition="daily/2026-05-04", list="daily", kind="live", state="sent", candidates=0, accepted=0, excluded={},
        refused={}, in_doubt=0, pending=0, batches={}, started_at=None, finished_at=None,
    )  # fmt: skip
    keys = [*report_document(report), *import_report(Imported(stories=(), dropped=(), warnings=()), ())]
    assert [key for key in keys if f'"{key}":' not in INTERFACE] == []
    words = [*EditionState, *SendState, *(kind for kind in EventKind if kind is not EventKind.OTHER)]
    assert [word for word in words if f"`{word}`" not in INTERFACE] == []


def test_each_state_has_its_row_for_operators() -> None:
    """What to do in each state of an edition and of a send."""
    rows = OPERATIONS.partition("## Where an edition stands")[2].partition("\n## ")[0]
    editions, _, sends = rows.partition("And a send:")
    assert [state for state in EditionState if not re.search(rf"^\| .*`{state}`", editions, re.MULTILINE)] == []
    assert [state for state in SendState if not re.search(rf"^\| .*`{state}`", sends, re.MULTILINE)] == []


def test_each_error_of_the_log_has_its_row() -> None:
    """Lines of level error are what an operator watches for."""
    logged = {
        event
        for path in CODE
        if path.suffix == ".py" and shown(path).startswith(("newsletter/", "scheduler"))
        for event in re.findall(r"log\.(?:error|exception)\(\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    }
    small = {"picture cannot be read"}  # a reader sees a gap; the file is the editor's to mend
    assert sorted(event for event in logged - small if f"`{event}`" not in OPERATIONS) == []


def test_each_alert_has_its_section() -> None:
    """docs/runbook.md: what it means, what readers see, what to do, when it is over; no section without an alert."""
    text = (DOCS / "runbook.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == [kind.value for kind in AlertKind]
    for kind, section in sections.items():
        assert re.findall(r"^\*\*(\w+)\.\*\*", section, re.MULTILINE) == ["Means", "Readers", "Do", "Over"], kind
    for kind in AlertKind:
        file, _, anchor = runbook(kind).partition("#")
        assert anchor in anchors(ROOT / file)


# --- architecture ---------------------------------------------------------------------------------------------------


def test_the_layers_are_the_contract_s() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("layers = [")[2].partition("\n]")[0]
    told = ARCHITECTURE.partition("```layers\n")[2].partition("```")[0]
    assert told.splitlines() == re.findall(r"\"([^\"]+)\"", contract)


def test_each_table_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ", ARCHITECTURE.partition("## The ledger")[2], re.MULTILINE)
    assert sorted(rows) == sorted(metadata.tables)


def test_each_room_and_use_case_is_named() -> None:
    rooms = [path.parent.name for path in (ROOT / "newsletter").glob("*/__init__.py")]
    small = {"__init__", "context", "guards", "heartbeat", "demo", "telling", "vitals"}
    uses = [path.stem for path in (ROOT / "newsletter/pipeline").glob("*.py") if path.stem not in small]
    missing = [name for name in [*rooms, *uses] if not re.search(rf"`(?:newsletter/)?{name}`", ARCHITECTURE)]
    assert missing == []


def test_tests_that_are_cited_exist() -> None:
    """A promise is held by a test that is there."""
    cited = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", "".join(map(Path.read_text, DOCUMENTS)))
    assert len(cited) > 10
    for file, name in cited:
        path = ROOT / file
        assert path.is_file(), file
        assert not name or re.search(rf"def {name}\(", path.read_text(encoding="utf-8")), f"{file}::{name}"


# --- links, decisions, places ---------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", prose(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link is a file of the repository, and its anchor a heading there."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), f"{shown(document)}: {link}"
        assert target.is_relative_to(ROOT), f"{shown(document)}: {link}"
        assert not anchor or anchor in anchors(target), f"{shown(document)}: {link}"


def test_each_decision_is_in_the_index_under_its_title() -> None:
    index = (DOCS / "decisions/README.md").read_text(encoding="utf-8")
    files = sorted(path for path in (DOCS / "decisions").glob("[0-9]*.md"))
    assert [path.name[:4] for path in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for path in files:
        text = path.read_text(encoding="utf-8")
        number, _, title = text.partition("\n")[0].removeprefix("# ").partition(": ")
        assert f"| [{number}]({path.name}) | {title} |" in index
        parts = re.findall(r"^\*\*(\w+)(?=[.?])", text, re.MULTILINE)
        assert {"Context", "Decision", "Alternatives", "Consequences"} <= set(parts), path.name


def test_decisions_that_the_code_refers_to_exist() -> None:
    cited = {
        (shown(path), number)
        for path in [*CODE, *DOCUMENTS]
        for number in re.findall(r"decisions/(\d{4})", path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert cited
    known = {path.name[:4] for path in (DOCS / "decisions").glob("[0-9]*.md")}
    assert sorted((path, number) for path, number in cited if number not in known) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_documents_know_no_machine(document: Path) -> None:
    """No path of somebody's machine, and no address that could be a person's."""
    text = document.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.~])/(?:work|tmp|home|Users|root|mnt)/\S*", text) == []
    addresses = re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)
    assert [domain for domain in addresses if not domain.endswith(("example.org", "example.com"))] == []
