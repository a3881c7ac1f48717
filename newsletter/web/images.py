"""GET /images/{name}: the pictures of mails, from the folder in which they are published and from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from newsletter.rendering.published import NAME

log = structlog.get_logger()

CACHE: Final = "public, max-age=86400"
"""A day, for a file that somebody put there by hand."""

FOR_GOOD: Final = "public, max-age=31536000, immutable"
"""A year: a published picture's name holds its digest, so that its bytes never change."""

_HEAD_BYTES: Final = 12


def routes(folder: Path) -> APIRouter:
    """The pictures of one folder."""
    router = APIRouter()

    @router.api_route("/images/{name:path}", methods=["GET", "HEAD"])
    def show(name: str) -> FileResponse:
        """The picture, with its type; 404 for whatever else there is."""
        try:
            found = find(folder, name)
        except OSError as error:
            log.error("picture cannot be read", error=error.strerror)
            found = None
        if found is None:
            raise HTTPException(404)
        path, media_type = found
        kept = FOR_GOOD if NAME.fullmatch(name) else CACHE
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": kept})

    return router


def find(folder: Path, name: str) -> tuple[Path, str] | None:
    """The file of a picture below `folder` and its media type, or None.

    The type is read from the file's head, not from its name: what is no PNG, JPEG, GIF or WebP is not shown (SVG may
    hold scripts). Hidden files and folders, and links that lead out of the folder, are not there. Raises OSError for
    a file that is there and cannot be read.
    """
    parts = name.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    root = folder.resolve()
    path = root.joinpath(*parts)
    try:
        real = path.resolve()
        inside = real.is_relative_to(root) and not any(part.startswith(".") for part in real.relative_to(root).parts)
        if not inside or not real.is_file():
            return None
    except (OSError, ValueError, RuntimeError):  # a name too long for the disk, half a character, a ring of links
        return None
    with real.open("rb") as file:
        media_type = kind(file.read(_HEAD_BYTES))
    return (real, media_type) if media_type else None


def kind(head: bytes) -> str | None:
    """The media type by the first twelve bytes of a file; None for what stories may not show."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None
