"""GET /style.css: the house's stylesheet, with each newsletter's own colours and fonts as custom properties."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Response

from newsletter.model import Newsletter

CACHE: Final = "public, max-age=300"

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\Z")
_FONTS: Final = re.compile(r"[A-Za-z0-9 _',-]+\Z")


def routes(sheet: str, newsletters: Iterable[Newsletter]) -> APIRouter:
    """The stylesheet `sheet`, and after it the themes."""
    router = APIRouter()
    content = whole(sheet, newsletters)

    @router.api_route("/style.css", methods=["GET", "HEAD"])
    async def style() -> Response:
        return Response(content, media_type="text/css", headers={"Cache-Control": CACHE})

    return router


def whole(sheet: str, newsletters: Iterable[Newsletter]) -> str:
    """The stylesheet with the themes after it."""
    return "\n".join([sheet.rstrip(), *filter(None, map(theme, newsletters))]) + "\n"


def theme(newsletter: Newsletter) -> str:
    """A newsletter's `[theme]` as a rule: `dark_accent` becomes `--theme-dark-accent` on pages of that newsletter.

    What is no colour as #rrggbb and no list of fonts is left out: rendering tells its faults to the operator, and
    here nothing may end up in a stylesheet that could do more than name a colour.
    """
    safe = {
        name: value
        for name, value in newsletter.theme.items()
        if re.fullmatch("[a-z_]+", name) and (_FONTS if name.endswith("_font") else _COLOUR).match(value)
    }
    if not safe:
        return ""
    properties = " ".join(f"--theme-{name.replace('_', '-')}: {value};" for name, value in safe.items())
    return f':root[data-newsletter="{newsletter.slug}"] {{ {properties} }}'
