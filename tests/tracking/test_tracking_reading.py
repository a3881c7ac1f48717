"""A body is read by the quicker of two ways where that is allowed, and comes to the same events by either."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.tracking import parse_events
from newsletter.tracking.webhook import _mended

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
ODD = st.sampled_from(
    ["NaN", "-Infinity", "1" + "0" * 5000, "-0", "1e999", '"\\ud800"', '"\\u0000"', '"\\ud83d\\ude00"']
)
WORDS = st.text(max_size=6).map(json.dumps) | st.text(max_size=6).map(lambda text: json.dumps(text, ensure_ascii=False))
SPACE = st.sampled_from(["", " ", "\r\n", "\t"])


def _object(fields: list[tuple[str, str]], space: str) -> str:
    return "{" + f",{space}".join(f"{name}{space}:{space}{value}" for name, value in fields) + "}"


VALUES = st.recursive(
    NUMBERS | ODD | WORDS | st.sampled_from(["true", "false", "null"]),
    lambda inner: (
        st.builds(lambda items, space: f"[{space}" + f"{space},".join(items) + "]", st.lists(inner, max_size=3), SPACE)
        | st.builds(_object, st.lists(st.tuples(WORDS, inner), max_size=3), SPACE)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [f'"{name}"' for name in ("event", "timestamp", "delivery_id", "attempt", "sg_event_id", "url", "reason", "status")]
)
EVENTS = st.builds(
    lambda fields, space: _object([('"event"', '"open"'), ('"timestamp"', "1777890600"), *fields], space),
    st.lists(st.tuples(FIELDS | WORDS, VALUES), max_size=5),
    SPACE,
)


def body(*fields: str) -> bytes:
    return ('[{"event":"open","timestamp":1777890600,' + ",".join(fields) + "}]").encode()


@given(st.lists(EVENTS | VALUES, max_size=3).map(lambda entries: f"[{', '.join(entries)}]\n") | VALUES)
@example('[{"event": "open", "timestamp": 1777890600, "x": 12345678901234567890}]')
@example("-1234567890123456789")
def test_either_way_comes_to_the_same(text: str) -> None:
    """What is read at once and what is mended first give the same events, to the letter."""
    try:
        mended = _mended(text.encode())
    except ValueError:
        return
    assert parse_events(text.encode()) == parse_events(mended.encode())


def kept(raw: bytes) -> Any:
    (event,) = parse_events(raw).events
    return json.loads(event.raw)


@pytest.mark.parametrize(("number", "value"), [
    ("123456789012345678", 123456789012345678), ("1234567890123456789", "1234567890123456789"),
    ("-123456789012345678", -123456789012345678), ("-1234567890123456789", "-1234567890123456789"),
    ("12345678901234567890", "12345678901234567890"), ("0.1234567890123456789", 0.1234567890123456789),
    ("1e999", "1e999"), ("NaN", None), ("-Infinity", None), ("-0", 0), ("1E5", 100000.0),
])  # fmt: skip
def test_a_number_of_any_length(number: str, value: object) -> None:
    """No digit is lost: whole numbers of over 18 digits are text, and so is what no machine can hold."""
    assert kept(body(f'"n":{number}'))["n"] == value
    assert kept(body(f'"n" : [ {number} ]'))["n"] == [value]
    assert kept(body(f'"n":"{number}"'))["n"] == number


def test_what_is_kept_is_json_without_spaces() -> None:
    """Foreign events are known again by their text, by whichever way it was read."""
    plain, odd = body('"a": [1, "é\\n"]'), body('"a": [1, "é\\n"], "b": NaN')
    assert parse_events(plain).events[0].raw == '{"event":"open","timestamp":1777890600,"a":[1,"é\\n"]}'
    assert parse_events(odd).events[0].raw == '{"event":"open","timestamp":1777890600,"a":[1,"é\\n"],"b":null}'


@pytest.mark.parametrize("depth", [250, 260, 900])
def test_an_entry_nested_deeply_is_kept(depth: int) -> None:
    """Past what the quicker way can write, too: as an event or as it came."""
    raw = body('"deep":' + "[" * depth + "]" * depth)
    parsed = parse_events(raw)
    assert len(parsed.events) + len(parsed.unreadable) == 1
    if depth < 300:
        assert json.loads(parsed.events[0].raw)["deep"]
