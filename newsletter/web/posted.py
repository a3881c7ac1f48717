"""What a form posted, read with bounds: whoever may write to an address may write anything."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

MAX_BYTES: Final = 16_384
MAX_FIELDS: Final = 50

_OTHER_CHARSET: Final = re.compile(r'charset(?!="?utf-8"?\s*(?:;|\Z))', re.IGNORECASE)
"""In the type of a form. The parser would decode its parts by any codec of Python's: by some to half a character, which
no page can hold, and by some not at all.
"""


class _TooLongError(Exception):
    pass


async def read(request: Request) -> Mapping[str, str]:
    """The fields of a form by their names, the last of each, without the spaces around them; nothing where the body is
    no form, or one that no browser would make of ours: longer than MAX_BYTES, with a file, cut off, not in UTF-8.
    """
    type_ = request.headers.get("content-type", "")
    kind = type_.partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data" and not _OTHER_CHARSET.search(type_):
            parser: FormParser | MultiPartParser = MultiPartParser(
                request.headers, _bounded(request), max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BYTES
            )
        elif kind == "application/x-www-form-urlencoded":
            parser = FormParser(request.headers, _bounded(request), max_fields=MAX_FIELDS, max_part_size=MAX_BYTES)
        else:
            return {}
        form = await parser.parse()
    except (MultiPartException, _TooLongError):
        return {}
    return {name: value.strip() for name, value in form.multi_items() if isinstance(value, str)}


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > MAX_BYTES:
            raise _TooLongError
        yield chunk
