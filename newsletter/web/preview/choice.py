"""What a person chose to see: widths, colours, what else, how large; from the address of a page, and as frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, urlencode

WIDTHS: Final = {320: "Small phone", 375: "Phone", 600: "Tablet", 680: "Desk", 1200: "Wide"}
"""Pixels of a window, and what it is. The mail's own column is 600 wide."""

SCHEMES: Final = {"light": "light", "dark": "dark", "inverted": "inverted by force"}

ALSO: Final = {"images-off": "images off", "no-styles": "<style> dropped", "text": "plain text"}

SIZES: Final = (50, 75, 100)
"""Per cent in which frames are drawn."""

_USUAL: Final = {"width": ("375", "680"), "scheme": ("light", "dark"), "also": tuple(ALSO)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Everything that the address of a page says. `look` None is the newsletter's own."""

    widths: tuple[int, ...]
    schemes: tuple[str, ...]
    also: tuple[str, ...]
    size: int
    look: str | None = None
    drafts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A mail in a window of `width`; `source` is its address, empty for plain text, which stands in the page itself."""

    key: str
    title: str
    width: int
    kind: Literal["mail", "text"] = "mail"
    source: str = ""


def chosen(query: Mapping[str, list[str]], *, size: int = 75) -> Choice:
    """The choice of a page's query. What nobody chose is as usual, with `size` for one; what cannot be chosen is passed
    over.

    `chosen=1` says that the form was filled in: then a group without a value has none.
    """
    filled = "chosen" in query
    given = {name: query.get(name, [] if filled else list(usual)) for name, usual in _USUAL.items()}
    drawn = next((one for one in SIZES if str(one) in query.get("size", [])), size)
    look = next(iter(query.get("look", [])), "")
    return Choice(
        widths=tuple(width for width in WIDTHS if str(width) in given["width"]),
        schemes=tuple(scheme for scheme in SCHEMES if scheme in given["scheme"]),
        also=tuple(name for name in ALSO if name in given["also"]),
        size=drawn,
        look=look or None,
        drafts=query.get("drafts", [""])[0] == "1",
    )


def frames(choice: Choice, look: str, version: str) -> tuple[Frame, ...]:
    """The frames of a page: each width in each colour, images off beside the narrowest, the rest last.

    `version` is another for another message, so that a frame is loaded again then, and only then.
    """
    narrow = min(choice.widths, default=375)
    shown: list[Frame] = []
    for width in choice.widths or (narrow,):
        for scheme in choice.schemes if choice.widths else ():
            title = f"{WIDTHS[width]} {width}, {SCHEMES[scheme]}"
            source = _source(choice, look, version, scheme=scheme)
            shown.append(Frame(key=f"{width}-{scheme}", title=title, width=width, source=source))
        if width == narrow and "images-off" in choice.also:
            shown.append(_special(choice, look, version, "images-off", width, images="off"))
    if "no-styles" in choice.also:
        shown.append(_special(choice, look, version, "no-styles", narrow, styles="off"))
    if "text" in choice.also:
        shown.append(Frame(key="text", title="Plain text", width=680, kind="text"))
    return tuple(shown)


def _special(choice: Choice, look: str, version: str, name: str, width: int, **how: str) -> Frame:
    title = f"{WIDTHS[width]} {width}, {ALSO[name]}"
    return Frame(key=f"{width}-{name}", title=title, width=width, source=_source(choice, look, version, **how))


def look_frames(choice: Choice, look: str, version: str) -> tuple[Frame, ...]:
    """A look in each chosen width and colour, for the page of all looks."""
    plain = Choice(widths=choice.widths, schemes=choice.schemes, also=(), size=choice.size, drafts=choice.drafts)
    return tuple(
        Frame(key=f"{look}-{frame.key}", title=f"{look}: {frame.title}", width=frame.width, source=frame.source)
        for frame in frames(plain, look, version)
    )


def _source(choice: Choice, look: str, version: str, **how: str) -> str:
    query = {**how, **({"drafts": "1"} if choice.drafts else {}), "v": version}
    return f"/mail/{quote(look, safe='')}?{urlencode(query)}"
