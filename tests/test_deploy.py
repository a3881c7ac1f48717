"""The examples under deploy/: what they name exists, and as far as it goes without an engine, they work."""

from __future__ import annotations

import fnmatch
import importlib
import re
import shlex
import shutil
import subprocess
import tomllib
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
import yaml

cli = importlib.import_module("newsletter.cli.main")  # in the package, `main` is the function

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def what_is_wrong(words: list[str]) -> str | None:
    """Why a process cannot be started as it is written."""
    program, *arguments = words
    name = program.rpartition("/")[2]
    if name == "python":
        return None if (ROOT / arguments[0]).is_file() else f"there is no {arguments[0]}"
    if name != "newsletter":
        return f"{name} is no program of ours"
    command = cli._newsletter.get_command(click.Context(cli._newsletter), arguments[0])
    if command is None:
        return f"there is no command {arguments[0]}"
    options = {option for parameter in command.params for option in parameter.opts}
    return next((f"no {word}" for word in arguments[1:] if word.startswith("--") and word not in options), None)


def test_what_is_wrong_finds_what_is_wrong() -> None:
    assert what_is_wrong(["newsletter", "serve", "--port", "1"]) is None
    assert what_is_wrong(["newsletter", "serves"]) == "there is no command serves"
    assert what_is_wrong(["newsletter", "serve", "--door", "1"]) == "no --door"
    assert what_is_wrong(["python", "nothing.py"]) == "there is no nothing.py"


# --- systemd ----------------------------------------------------------------------------------------------------------


def unit(path: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]  # names keep their case
    parser.read_string(path.read_text())
    return {**parser["Unit"], **parser["Service"], **parser["Install"]}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_there_is(path: Path) -> None:
    """The clock, the web app and workers, by commands and options that exist."""
    assert what_is_wrong(shlex.split(unit(path)["ExecStart"])) is None


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_ends_cleanly_and_comes_back(path: Path) -> None:
    """What sends gets minutes to finish; all begin again; none runs as root or may become it."""
    says = unit(path)
    assert (says["KillSignal"], says["Restart"], says["User"]) == ("SIGTERM", "always", "newsletter")
    assert (says["NoNewPrivileges"], says["ProtectSystem"]) == ("yes", "strict")
    assert says["TimeoutStopSec"] == ("45s" if "web" in path.name else "5min")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_it(path: Path, tmp_path: Path) -> None:
    """No word that it does not know, and little that the process may do (its own measure: under 2.5 of 10)."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze: not found; the units are only read")
    folder = tmp_path / "newsletter/.venv/bin"
    folder.mkdir(parents=True)
    for name in ("python", "newsletter"):
        (folder / name).touch(0o755)
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace("/opt/newsletter", str(tmp_path / "newsletter")))
    for words in (["verify", "--man=no"], ["security", "--no-pager", "--offline=true", "--threshold=25"]):
        done = subprocess.run(["systemd-analyze", *words, copy], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""


# --- containers -------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile with its words, in their order."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def of(name: str) -> list[str]:
    return [words for instruction, words in instructions() if instruction == name]


def test_the_image_holds_what_the_program_needs() -> None:
    """Each file that is copied is there, and .dockerignore lets it through; nothing else comes in."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [source for words in of("COPY") for source in words.split()[:-1]]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    assert sorted(copied) == sorted(allowed)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {project["readme"], *project["license-files"], "pyproject.toml", "newsletter", "templates", "scheduler.py"}
    assert needed <= set(copied)
    assert not any(fnmatch.fnmatch(name, pattern) for name in (".env", "var", ".venv") for pattern in allowed)


def test_the_python_is_one_that_is_asked_for() -> None:
    """`requires-python` and the tag of the image."""
    (base,) = of("FROM")
    found = re.fullmatch(r"python:3\.(\d+)-slim", base)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert found is not None
    assert int(found[1]) >= int(asked.rpartition(".")[2])


def test_the_steps_are_in_order() -> None:
    """Dependencies by hash before the program, so that a change keeps their layer; no root, no index address."""
    order = [f"{name} {words}" for name, words in instructions()]

    def place(part: str) -> int:
        return next(number for number, words in enumerate(order) if part in words)

    assert place("COPY requirements.lock") < place("--require-hashes") < place("COPY newsletter") < place("--no-deps")
    assert place("--no-deps") < place("USER newsletter") < place("CMD [")
    assert not re.search(r"index-url|https?://(?!127\.0\.0\.1)", "\n".join(order))
    lock = (ROOT / "requirements.lock").read_text()
    assert "hatchling==" in lock, "installed without build isolation"


def test_the_image_s_command_exists() -> None:
    """And its health is asked at an address that is served."""
    (command,) = of("CMD")
    words = yaml.safe_load(command)
    assert what_is_wrong(words) is None
    (health,) = of("HEALTHCHECK")
    assert "http://127.0.0.1:8000/healthz" in health
    assert of("EXPOSE") == ["8000"]


def test_compose_starts_what_there_is() -> None:
    """The clock and the web app, each under a name of its own, on the volumes that the image has."""
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = composed["services"]
    assert what_is_wrong(services["clock"]["command"]) is None
    assert {name: service["hostname"] for name, service in services.items()} == {"clock": "clock", "web": "web"}
    volumes = yaml.safe_load(of("VOLUME")[0])
    for service in services.values():
        assert [volume.partition(":")[2] for volume in service["volumes"]] == volumes
    named = {volume.partition(":")[0] for volume in services["web"]["volumes"]}
    assert set(composed["volumes"]) == {name for name in named if not name.startswith("..")}
    assert (DEPLOY / services["clock"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["clock"]["build"]["dockerfile"]).is_file()


def test_the_web_server_hands_on_what_is_signed() -> None:
    """Bodies as large as the web app takes, to the port where it listens; no paths in its logs, which are tokens."""
    says = (DEPLOY / "nginx.conf").read_text()
    assert "client_max_body_size 10m;" in says
    assert "access_log off;" in says
    assert re.search(r"error_log \S+ crit;", says), "lines of a lower level quote the request"
    port = unit(DEPLOY / "systemd/newsletter-web.service")["ExecStart"].rpartition(" ")[2]
    assert f"proxy_pass http://127.0.0.1:{port};" in says


def test_each_example_has_its_row() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    files = [path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()]
    assert sorted(rows) == sorted(file for file in files if file != "README.md")
