"""YAML text → nodes with their lines and places, read from libyaml's events rather than by its constructor.

Scalars stay strings for us to type (a headline `1984` is a headline), keys and values keep their places for faults
and for surgical edits (`seal`), and what YAML has beyond text, lists and mappings (anchors, aliases, tags) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH = 4
"""How deep front matter nests: a list of sources, each a mapping, is 3."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value: `text` of a scalar, `items` of a list, or `fields` of a mapping (the others are None).

    `start` and `end` are places in the YAML, counted in characters; `end` is where the last character of the value
    is passed, comments and white space after it left out. `line` counts from 0.
    """

    line: int
    start: int
    end: int
    text: str | None = None
    plain: bool = False
    """A scalar without quotes."""
    items: tuple[Node, ...] | None = None
    fields: dict[str, Entry] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    key: Node
    value: Node


class Refused(Exception):
    """Something that YAML can and front matter does not have. `line` counts from 0."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        self.problem = problem
        super().__init__(problem)


@dataclass(slots=True)
class Reading:
    """One YAML text being read. `faults` are (line, problem) pairs found on the way, lines counted from 0."""

    text: str
    faults: list[tuple[int, str]] = field(default_factory=list)

    def compose(self) -> Node | None:
        """The root node; None where there is nothing.

        Raises `yaml.YAMLError` where the text is not YAML, and `Refused`.
        """
        events = yaml.parse(self.text, Loader=_LOADER)
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise Refused(_line(event), "a second YAML document begins here: remove the line `...` or `---`")
                root = self._node(next(events), events, 0)
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        self._check(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        plain = isinstance(event, yaml.ScalarEvent) and not event.style
        start = _start(event)
        end = start + len(self.text[start : _end(event)].rstrip())  # libyaml ends a block scalar on the line below
        return Node(_line(event), start, end, text=text, plain=plain)

    def _check(self, event: yaml.Event, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self.faults.append(
                (_line(event), "`*` or `&` at a value's start means something to YAML: put it in quotes")
            )
        if getattr(event, "tag", None):
            self.faults.append((_line(event), "`!` at a value's start means something to YAML: put it in quotes"))
        if depth > _DEPTH:
            raise Refused(_line(event), "front matter does not nest so deep: see docs/writing-stories.md for its keys")

    def _sequence(self, start: yaml.SequenceStartEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        items: list[Node] = []
        event = next(events)
        while not isinstance(event, yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
            event = next(events)
        end = _end(event) if start.flow_style or not items else items[-1].end
        return Node(_line(start), _start(start), end, items=tuple(items))

    def _mapping(self, start: yaml.MappingStartEvent, events: Iterator[yaml.Event], depth: int) -> Node:
        fields: dict[str, Entry] = {}
        last = _end(start)
        event = next(events)
        while not isinstance(event, yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            self._add(fields, key, value)
            last = value.end
            event = next(events)
        return Node(_line(start), _start(start), _end(event) if start.flow_style else last, fields=fields)

    def _add(self, fields: dict[str, Entry], key: Node, value: Node) -> None:
        if key.text is None:
            self.faults.append((key.line, "a key is a word"))
        elif key.text in fields:
            self.faults.append((key.line, f"`{key.text}` is given twice: remove one of them"))
        else:
            fields[key.text] = Entry(key, value)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark else 0


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0
