"""MJML is checked before it is compiled: names, places and values, by MJML's own list (`components`).

mjml-python checks none of it; what it does not know reaches the reader as it stands, or is dropped, in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final
from xml.parsers import expat

from newsletter.errors import RenderError
from newsletter.rendering import components

_LENGTH: Final = re.compile(r"(?:-?\d+(?:\.\d+)?(?:px|%)|0)\Z")
_COLOUR: Final = re.compile(
    r"(?:#(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})|(?:rgb|hsl)a?\([\d\s.,%/]+\))\Z", re.IGNORECASE
)
_COLOUR_NAMES: Final = re.compile(
    r"(?:black|silver|gr[ae]y|white|maroon|red|purple|fuchsia|green|lime|olive|yellow|navy|blue|teal|aqua|orange"
    r"|transparent|inherit|currentcolor|initial)\Z",
    re.IGNORECASE,
)
"""The sixteen names of HTML 4 and the CSS-wide words; a rarer name is written as #rrggbb."""

_KNOWN: Final = {**components.ROOT, **components.HEAD, **components.BODY}

_MISMATCH: Final = expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]
_REMOTE_STYLE: Final = re.compile(r"@import\b", re.IGNORECASE)


class MarkupError(RenderError):
    """A fault in compiled MJML. `needle` is a piece of the faulty source, by which its template can be found;
    `problem` is the text without the place.
    """

    def __init__(self, template: str, line: int, problem: str, needle: str) -> None:
        self.problem = problem
        self.needle = needle
        where = f"{template}, line {line} of the MJML made from it" if line else template
        super().__init__(f"{where}: {problem}")


def check(mjml: str, template: str) -> None:
    """Raise MarkupError for the first thing in the MJML that MJML would not know, or must not have here.

    Lines count from 1 in the MJML given, not in the template.
    """
    _Checker(mjml, template).run()


class _Checker:
    """Walks the XML once; `_open` holds the components around the present place, `_tags` all tags, with the class by
    which a component is known.
    """

    def __init__(self, mjml: str, template: str) -> None:
        self._mjml = mjml
        self._template = template
        self._open: list[str] = []
        self._tags: list[tuple[str, str]] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartCdataSectionHandler = self._cdata
        self._parser.StartDoctypeDeclHandler = self._doctype

    def run(self) -> None:
        try:
            self._parser.Parse(self._mjml.encode(), True)  # noqa: FBT003 # expat takes no keywords
        except expat.ExpatError as error:
            line = self._line(error.lineno)
            if error.code == _MISMATCH and self._tags:
                raise self._unclosed(line, error.lineno) from error
            raise self._fault(
                f"this is not well-formed MJML ({expat.ErrorString(error.code)}) at `{line.strip()[:80]}`. Close each "
                "tag (<br/>), write < as &lt;, & as &amp;, and characters as numbers (&#160;)",
                line,
                error.lineno,
            ) from error

    def _unclosed(self, line: str, number: int) -> MarkupError:
        """A tag ends that is not the one which is open: the fault is most often where that one stands."""
        name, known = self._tags[-1]
        opened = f"<{name} {known}>" if known else f"<{name}>"
        return self._fault(
            f"{opened} is not closed before `{line.strip()[:80]}`. Close each tag (<br/>)", known, number
        )

    def _line(self, number: int) -> str:
        lines = self._mjml.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _fault(self, problem: str, needle: str, line: int | None = None) -> MarkupError:
        return MarkupError(self._template, line or self._parser.CurrentLineNumber, problem, needle.strip())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        inside = self._open[-1] if self._open else None
        known = attributes.get("css-class")
        self._tags.append((name, f'css-class="{known}"' if known else ""))
        if name == "mjml" or name.startswith("mj-"):
            self._component(name, inside, attributes)
            self._open.append(name)
        elif inside not in components.ENDING:
            raise self._fault(
                f"<{name}> stands in <{inside or 'nothing'}>, where only components may; put it into mj-text or mj-raw",
                f"<{name}",
            )

    def _end(self, name: str) -> None:
        self._tags.pop()
        if name == "mjml" or name.startswith("mj-"):
            self._open.pop()

    def _text(self, text: str) -> None:
        inside = self._open[-1] if self._open else None
        if text.strip() and inside not in components.ENDING:
            raise self._fault(
                f"the words “{text.strip()[:40]}” stand in <{inside}>, where they are lost; put them into mj-text",
                text.strip()[:40],
            )
        if inside == "mj-style" and _REMOTE_STYLE.search(text):
            raise self._fault(
                "@import asks a server that is not ours; write the rules into the template", text.strip()[:40]
            )

    def _cdata(self) -> None:
        raise self._fault("CDATA cannot be compiled; write < as &lt; and & as &amp;", "<![CDATA[")

    def _doctype(self, *_: object) -> None:
        raise self._fault("a doctype does not belong here, it is added to the finished HTML; remove it", "<!DOCTYPE")

    def _component(self, name: str, inside: str | None, attributes: dict[str, str]) -> None:
        in_defaults = inside == "mj-attributes"
        if name in components.REFUSED:
            raise self._fault(f"<{name}> may not be used: {components.REFUSED[name]}", f"<{name}")
        if name not in _KNOWN:
            raise self._fault(
                f"<{name}> is not an MJML component (MJML {components.VERSION}){_nearest(name, _KNOWN)}", f"<{name}"
            )
        if inside in components.ENDING:
            raise self._fault(f"<{name}> stands in <{inside}>, which holds HTML; end that one first", f"<{name}")
        parents = components.PARENTS.get(name)
        if parents and not in_defaults and inside not in parents.split():
            raise self._fault(
                f"<{name}> stands in <{inside or 'nothing'}>; it belongs in {' or '.join(parents.split())}", f"<{name}"
            )
        self._attributes(name, attributes, _allowed(name, in_defaults=in_defaults))

    def _attributes(self, name: str, attributes: dict[str, str], allowed: dict[str, str]) -> None:
        for attribute, value in attributes.items():
            if attribute not in allowed:
                raise self._fault(
                    f"<{name}> has no attribute `{attribute}`{_nearest(attribute, allowed)}", f'{attribute}="'
                )
            expected = _misfit(allowed[attribute], value)
            if expected:
                raise self._fault(
                    f'{attribute}="{value}" on <{name}>: {expected} is expected', f'{attribute}="{value}"'
                )


def _allowed(name: str, *, in_defaults: bool) -> dict[str, str]:
    if in_defaults and name in {"mj-all", "mj-class"}:
        every = {attribute: kind for kinds in components.BODY.values() for attribute, kind in kinds.items()}
        # one name may have several kinds (mj-table's width is text, mj-column's a length): the freest is right here
        texts = {a for kinds in components.BODY.values() for a, kind in kinds.items() if kind == components.TEXT}
        return every | dict.fromkeys(texts, components.TEXT) | {"name": components.TEXT, "css-class": components.TEXT}
    return {**_KNOWN[name], **components.EVERYWHERE}


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _misfit(kind: str, value: str) -> str | None:
    """What was expected, in words, or None where the value fits its kind."""
    if kind == components.TEXT:
        return None
    if kind == components.COLOUR:
        return None if _COLOUR.match(value) or _COLOUR_NAMES.match(value) else "a colour (#rrggbb)"
    if kind == components.LENGTH:
        return None if _LENGTH.match(value) else "a length (12px or 50%)"
    if kind == components.LENGTHS:
        parts = value.split()
        return None if 1 <= len(parts) <= 4 and all(map(_LENGTH.match, parts)) else "one to four lengths (12px 0)"
    words = kind.split()
    return None if value in words else f"one of {', '.join(words)}"
