"""What differs from mail to mail stands in a message as `[[name]]`, and is substituted when it goes: a reader's own by
the ESP, and `[[rq]]`, which all mails of a send share, before the ESP gets it.

The spelling passes through Jinja, MJML and premailer untouched, in text and in links. A value is put in raw, into HTML
and text alike: it has nothing in it that either would escape.
"""

from __future__ import annotations

import re
from typing import Final

READER: Final = "reader"
"""The signed token of a reader, which stands in the addresses of their own pages."""

REDIRECT_QUERY: Final = "rq"
"""After each link through our own redirect: nothing in a live mail, `?t` in a test, which does not count."""

TOKENS: Final = frozenset({READER, REDIRECT_QUERY})
"""Every name that a message may hold."""

TOKEN: Final = re.compile(r"\[\[([A-Za-z0-9_-]+)\]\]")

LEAVE: Final = "u"
PREFERENCES: Final = "p"
"""Where a reader's own pages stand below the base URL."""


def page(base_url: str, place: str) -> str:
    """The address of a reader's own page, as it stands in a message."""
    return f"{way(base_url, place)}[[{READER}]]"


def way(base_url: str, place: str) -> str:
    """What the token of a reader is put behind."""
    return f"{base_url.rstrip('/')}/{place}/"


def in_todays_words(part: str, base_url: str) -> str:
    """HTML or text of a message that may have been frozen before version 0005 of the tables, whose names held the whole
    address of the page to leave by.
    """
    leave = page(base_url, LEAVE)
    return part.replace("[[unsubscribe]]", leave).replace("[[unsubscribe_text]]", leave)
