"""Every error that a person may see, split by who must act.

::

    NewsletterError             base: `str(error)` is what is shown; never a traceback
    ├── ContentError            an editor: story files; all faults of a file at once
    ├── RenderError             a designer: templates
    ├── ProofError              an editor or designer: a finished message that may not go
    ├── ConfigError             an operator: settings, content/*.toml, keys
    ├── StoreError              an operator: the database (full, locked, from a newer version)
    ├── UsageError              whoever typed the command: it does not exist, or not now
    │   └── MistypedError       … or it cannot be read at all
    ├── BusyError               nobody: somebody else is doing it
    └── GatewayError            the ESP, or the way to it
        ├── NotSent             certainly not accepted: try again
        ├── Refused             the ESP said no: retrying as it is will not help
        └── InDoubt             it may have been accepted: never resent by itself

A message says what, where, and what to do. The cause stays attached (``raise … from``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class NewsletterError(Exception):
    """Base of all errors whose text is written for a person."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one file, as `path:line: problem`. `line` counts from 1; 0 means the file as a whole."""

    path: str
    line: int
    problem: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.problem}"


class ContentError(NewsletterError):
    """Faults in files that editors own. `faults` has all of them, in the order of their lines."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class RenderError(NewsletterError):
    """A template that a designer must mend; the text names the template, the line and the fix."""


class ProofError(NewsletterError):
    """A message that the proof stops. The text has a line for each finding."""


class ConfigError(NewsletterError):
    """A setting or a file of settings that an operator must mend; the text names it and the fix."""


class StoreError(NewsletterError):
    """The database cannot do what was asked; nothing was half done."""


class UsageError(NewsletterError):
    """The command cannot be meant as typed: no such edition, list, story or state."""


class MistypedError(UsageError):
    """A word of the command has no meaning: a date that there is not, an edition without one, two options at odds."""

    exit_code = 2


class BusyError(NewsletterError):
    """Somebody else is doing it."""

    exit_code = 3


class GatewayError(NewsletterError):
    """The ESP did not simply accept a request."""


class NotSent(GatewayError):
    """Certainly not accepted; the same request may be made again, not before `retry_after` where it is known."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(message)


class Refused(GatewayError):
    """The ESP said no, and accepted nobody of the request.

    `positions` holds the places in the batch (counted from 0) that it named as the reason; where it is empty, the
    request as a whole is at fault (a key, the sender, a limit), and nobody is refused for good.
    """

    def __init__(self, message: str, *, status: int, positions: dict[int, str] | None = None) -> None:
        self.status = status
        self.positions = positions or {}
        super().__init__(message)


class InDoubt(GatewayError):
    """It may have been accepted. Only evidence or a person settles it."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)
