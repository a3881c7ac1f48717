"""The file `.env`, read by python-dotenv; nothing is substituted in it, and a line that it cannot read is a fault."""

from __future__ import annotations

import io
from pathlib import Path

from dotenv.parser import parse_stream

from newsletter.errors import ConfigError, Fault


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
    for binding in parse_stream(io.StringIO(text)):
        line, name = binding.original.line, binding.key
        if binding.error or (name is not None and binding.value is None):
            # the line is not quoted: it may hold a secret
            faults.append(Fault(shown, line, "is not NAME=value; put a value with quotes or blanks in '…'"))
        elif name in values:
            faults.append(Fault(shown, line, f"{name} is set a second time; keep one of the lines"))
        elif name is not None:
            values[name] = binding.value or ""
    if faults:
        raise ConfigError("\n".join(map(str, faults)))
    return values
