r"""The file `.env`: `NAME=value` lines, as shells and Docker write them.

A value may stand in single quotes (as it is) or double quotes (`\n`, `\"`, `\\` and `\$` are escapes). Nothing is
substituted. ` #` begins a comment outside of quotes. A line may begin with `export`.
"""

from __future__ import annotations

import re
from pathlib import Path

from newsletter.errors import ConfigError, Fault

_LINE = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
        (?: '(?P<single>[^']*)' | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<bare>[^'"\s\#](?:[^\s]|\s+(?![\s\#]))*)? )
        \s*(?:(?<![^\s'"])\#.*)?\Z""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t"}


def read_dotenv(path: Path) -> dict[str, str]:
    """The names and values of the file; nothing where it does not exist. Raises ConfigError with every bad line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    return _parse(text, str(path))


def _parse(text: str, shown: str) -> dict[str, str]:
    values: dict[str, str] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        if match is None:  # the line is not quoted: it may hold a secret
            faults.append(Fault(shown, number, "is not NAME=value; put a value with quotes or blanks in '…'"))
        elif match["name"] in values:
            faults.append(Fault(shown, number, f"{match['name']} is set a second time; keep one of the lines"))
        else:
            values[match["name"]] = _value(match)
    if faults:
        raise ConfigError("\n".join(map(str, faults)))
    return values


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match["double"])
    return match["single"] or match["bare"] or ""
