"""The fields of a form that one of our own pages posts: `application/x-www-form-urlencoded`, and never long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request

LONGEST: Final = 64 * 1024
"""Bytes. The longest of our forms has a few dozen short fields."""


async def read(request: Request) -> Mapping[str, list[str]]:
    """Values by name; nothing where the body is no form. Raises HTTPException 413 for one that is too long.

    The body of a GET is left alone, and so is that of anything else than a form.
    """
    if request.method != "POST" or not _is_form(request.headers.get("Content-Type", "")):
        return {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise HTTPException(413)
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}


def _is_form(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


Fields = Annotated[Mapping[str, list[str]], Depends(read)]
"""As the argument of a route."""


def first(fields: Mapping[str, list[str]], name: str) -> str:
    """The first value of a field without the spaces around it, or nothing. No NUL, which PostgreSQL cannot hold."""
    return fields.get(name, [""])[0].replace("\0", "").strip()
