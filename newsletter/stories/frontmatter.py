"""A story file's front matter: where it stands in the file, its entries, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from newsletter.errors import Fault
from newsletter.stories.nodes import Entry, Node, Reading, Refused

_FENCE = re.compile(r"---[ \t]*(?:\r?\n|\Z)")
_CLOSING = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_ENTRY = re.compile(r"(?P<lead>[ ]*(?:- +)*)(?P<key>[A-Za-z_]+):[ \t]+(?P<value>[^\s\"'|>].*?)[ \t\r]*\Z")
_HALF_QUOTED = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?P<key>[A-Za-z_]+):[ \t]+"
    r"(?P<value>(?P<mark>[\"'])(?:(?!(?P=mark)).)*(?P=mark)[ \t]*[^\s#].*?)[ \t\r]*\Z"
)
"""A text that begins with a quotation, which YAML takes for the whole value: `"Buy" says Roe`."""
_TEXT_KEYS = frozenset(
    {
        "headline",
        "byline",
        "author",
        "by",
        "subject",
        "preheader",
        "text",
        "outlet",
        "label",
        "link_text",
        "title",
        "place",
    }
)
"""What editors write in words, of stories, sheets, sponsors and calendar entries."""
_FIRST_LINE = 2
"""The file's line on which front matter begins."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A story file cut in three, which joined are the file again."""

    opening: str
    front: str
    rest: str
    """The closing line and the body, as they stand."""

    @property
    def body(self) -> str:
        return self.rest.partition("\n")[2]

    @property
    def body_line(self) -> int:
        """The file's line on which the body begins."""
        return _FIRST_LINE + self.front.count("\n") + 1


@dataclass(frozen=True, slots=True)
class Front:
    """Front matter as read. `whole` is False where YAML could not read to the end."""

    entries: dict[str, Entry]
    faults: tuple[Fault, ...]
    whole: bool = True


def split(text: str) -> Parts | None:
    """The parts of a story file; None where it does not begin with front matter between two `---` lines.

    A byte order mark before the first line stays in `opening`.
    """
    opening = _FENCE.match(text, 1 if text.startswith("\ufeff") else 0)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    return Parts(text[: opening.end()], text[opening.end() : closing.start()], text[closing.start() :])


def line_of(node: Node) -> int:
    """The file's line on which a node of its front matter begins."""
    return node.line + _FIRST_LINE


def read(front: str, *, path: str) -> Front:
    """The entries of a front matter, with all faults of its form; `path` is as shown in them.

    What YAML cannot read is mended where the cure is known (a value that needs quotes), so that one call finds the
    faults of all lines.
    """
    found: list[tuple[int, str]] = []
    root: Node | None = None
    whole = False
    for _ in range(20):
        reading = Reading(front)
        try:
            root = reading.compose()
        except Refused as refused:
            found.append((refused.line, refused.problem))
            break
        except yaml.YAMLError as error:
            line, problem, mended = _mended(front, error)
            found.append((line, problem))
            if mended is None:
                break
            front = mended
            continue
        found += [*reading.faults, *_lost_to_comment(front, root)]
        whole = True
        break
    if root is not None and root.fields is None and root.text != "":
        found.append((root.line, "front matter is lines of `key: value`"))
    faults = tuple(Fault(path, line + _FIRST_LINE, problem) for line, problem in found)
    return Front((root.fields if root else None) or {}, faults, whole)


def _lost_to_comment(front: str, root: Node | None) -> list[tuple[int, str]]:
    """A headline such as `Rule #4 falls` loses its end to a comment, in silence unless it is said."""
    found = []
    for key, value in _values(root):
        rest = front[value.end :].partition("\n")[0].strip()
        if key in _TEXT_KEYS and value.plain and rest.startswith("#"):
            cure = _quoted(key, f"{value.text} {rest}")
            found.append((value.line, f"YAML takes `{rest}` for a comment: put it in quotes: {cure}"))
    return found


def _values(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Every key of a node, and of those in it, with its value."""
    for key, entry in (node.fields or {}).items() if node else ():
        yield key, entry.value
        yield from _values(entry.value)
    for item in (node.items or ()) if node else ():
        yield from _values(item)


def _mended(front: str, error: yaml.YAMLError) -> tuple[int, str, str | None]:
    """The line of an error (counted from 0), what to say of it, and the text with that line mended, if it can be."""
    lines = front.split("\n")
    at = min(_line_of_error(front, error), len(lines) - 1)
    reason = str(getattr(error, "problem", None) or error).partition("\n")[0]
    if "quoted scalar" in str(getattr(error, "context", "")):
        return at, 'a value begins with a quotation mark and has no fitting end: close it, and write \\" inside', None
    quotation = _HALF_QUOTED.match(lines[at])
    match = quotation or _ENTRY.match(lines[at])
    if match is None:
        return at, f"YAML cannot read this line ({reason}): front matter is lines of `key: value`", None
    key, value = match["key"], match["value"]
    colon = quotation is None and re.search(r":(?:\s|\Z)", value) is not None and value[0] not in "[{"
    if not colon and not (key in _TEXT_KEYS and value[0] in "[]{}*&!%@`,?-#\"'"):
        return at, f"YAML cannot read the value of `{key}` ({reason}): if it is text, put it in quotes", None
    what = "a colon" if colon else f"`{value[0]}` at a value's start"
    cure = _quoted(key, value)
    lines[at] = match["lead"] + cure
    return at, f"{what} means something to YAML: put it in quotes: {cure}", "\n".join(lines)


def _line_of_error(front: str, error: yaml.YAMLError) -> int:
    context = str(getattr(error, "context", ""))
    names = ("context_mark", "problem_mark") if "flow" in context or "quoted" in context else ("problem_mark",)
    for name in names:
        mark = getattr(error, name, None)
        if mark is not None:
            return int(mark.line)
    return front.count("\n", 0, getattr(error, "position", 0) or 0)


def _quoted(key: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}: "{escaped}"'
