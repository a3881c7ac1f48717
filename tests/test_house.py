"""The house rules that can be checked: who imports whom, where each library lives, who reads the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "newsletter"

HOMES = {
    "mjml": {"newsletter/rendering/markup.py"},
    "premailer": {"newsletter/rendering/markup.py"},
    "cssutils": {"newsletter/rendering/markup.py"},
    "jinja2": {"newsletter/rendering/templates.py", "newsletter/web/pages.py", "newsletter/sandbox/pages.py"},
    "sendgrid": {"newsletter/sending/sendgrid.py"},
    "python_http_client": {
        "newsletter/sending/sendgrid.py", "newsletter/sending/suppressions.py", "newsletter/sending/transport.py",
    },
    "apscheduler": {"scheduler.py"},
    "procrastinate": {"newsletter/sending/queue.py"},
    "psycopg": {"newsletter/sending/queue.py", "newsletter/storage/database.py"},
    "sqlalchemy": {"newsletter/storage/"},
    "alembic": {"newsletter/storage/"},
    "fastapi": {"newsletter/web/"},
    "pydantic": {"newsletter/web/api/"},
    "click": {"newsletter/cli/"},
    "dotenv": {"newsletter/settings/dotenv.py"},
    "structlog": {"newsletter/pipeline/", "newsletter/web/", "newsletter/cli/", "scheduler.py"},
    "orjson": {
        "newsletter/storage/claims.py",
        "newsletter/stories/cache.py",
        "newsletter/tracking/webhook.py",
        "newsletter/tracking/raws.py",
    },
    "yaml": {"newsletter/stories/"},
    "markdown_it": {"newsletter/stories/"},
    "prometheus_client": {"newsletter/web/metrics.py"},
    "babel": {"newsletter/rendering/"},
    "PIL": {"newsletter/rendering/pictures.py"},
    "mammoth": {"newsletter/stories/importing/word/read.py"},
    "selectolax": {"newsletter/stories/importing/html/tree.py"},
    "tinycss2": {"newsletter/rendering/proof/"},
    "watchfiles": {"newsletter/web/"},
    "limits": {"newsletter/web/limiting.py"},
    "dns": {"newsletter/operators/dns.py"},
    "email_validator": {"newsletter/audience/identity.py", "newsletter/settings/"},
}  # fmt: skip
"""Each third-party library has one home, so that its oddities, and its `Any`, stay in known places."""


def modules() -> list[Path]:
    return [ROOT / "scheduler.py", *sorted(PACKAGE.rglob("*.py"))]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def test_imports_go_down_only() -> None:
    """No room imports another, nothing imports what stands above it (the contracts in pyproject.toml)."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_one_home(library: str) -> None:
    """A library is imported where it lives, and lives where it is said to."""
    users = {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(name == library or name.startswith(library + ".") for name in imported(path))
    }
    strangers = {
        user
        for user in users
        if not any(user == home or (home[-1] == "/" and user.startswith(home)) for home in HOMES[library])
    }
    assert users, f"nobody uses {library}: take it off the list and out of pyproject.toml"
    assert not strangers


def test_only_settings_reads_the_environment() -> None:
    """os.environ has one reader, so that every setting has one name, one default and one error."""
    readers = {
        str(path.relative_to(ROOT))
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers == {"newsletter/settings/environment.py"}


def test_every_package_has_a_door_plate() -> None:
    """A room's docstring says what comes in, what goes out, and what it must not know."""
    plates = {path: ast.get_docstring(parsed(path)) for path in PACKAGE.rglob("__init__.py")}
    assert all(plates.values()), [str(path) for path, plate in plates.items() if not plate]


def test_modules_and_functions_stay_small() -> None:
    """A module has at most 300 lines (tables apart), a function at most 50."""
    long_modules, long_functions = [], []
    for path in modules():
        if "migrations" in path.parts or path.name == "tables.py":
            continue
        if len(path.read_text().splitlines()) > 300:
            long_modules.append(str(path.relative_to(ROOT)))
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 50:
                    long_functions.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({lines})")
    assert not long_modules
    assert not long_functions


def test_help_answers_at_once() -> None:
    """`newsletter --help` loads no room: what takes time is imported where it is used."""
    script = "import sys, newsletter.cli.main; print(sorted(n for n in sys.modules if n.startswith('newsletter.')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ast.literal_eval(done.stdout) == ["newsletter.cli", "newsletter.cli.main", "newsletter.errors"]


def test_nothing_is_opened_at_import() -> None:
    """Importing every module makes no file and opens no connection: one function wires the program."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules() if "migrations" not in path.parts
    ]
    script = (
        "import sys, importlib\n"
        "opened = []\n"
        "watched = {'socket.connect', 'sqlite3.connect', 'subprocess.Popen', 'os.mkdir'}\n"
        "sys.addaudithook(lambda event, args: opened.append(event) if event in watched else None)\n"
        f"for name in {names!r}: importlib.import_module(name.removesuffix('.__init__'))\n"
        "print(opened)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ast.literal_eval(done.stdout) == []
