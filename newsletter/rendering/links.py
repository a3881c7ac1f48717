"""The links of a message, and addresses that every client understands."""

from __future__ import annotations

import re
from html import unescape
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter.model import ROLES, Link
from newsletter.rendering.tokens import TOKEN

_ANCHOR: Final = re.compile(r"<a\b[^>]*>")
_HREF: Final = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""")
_MARK: Final = re.compile(r'\s*data-link="([^"]*)"')
_SAFE: Final = "/:;@!$&'()*+,=-._~%?#"


def ascii_address(url: str) -> str:
    """The address in ASCII: an international host name as IDNA, other characters percent-encoded.

    Clients and the ESP differ in what they make of anything else; an address that cannot be read is left as it is,
    for the proof to stop.
    """
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host = parts.netloc.encode("idna").decode("ascii")
    except (UnicodeError, ValueError):
        return quote(url, safe=_SAFE)
    rest = (quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, *rest))


def collect(html: str, *, own_alone: bool = False) -> tuple[str, tuple[Link, ...]]:
    """The HTML without the marks that templates put on links, and the links in its order, numbered from 1.

    A link without a mark belongs to the frame (`furniture`). Links that are a reader's own (`[[reader]]`) and
    those within the mail are not among them: nobody counts or mends those. With `own_alone` the reader's own say to
    SendGrid's click tracking that it leave them alone (before the href, as its documentation writes it): their tokens
    would stand in its events.
    """
    links: list[Link] = []

    def note(anchor: re.Match[str]) -> str:
        tag = anchor[0]
        mark = _MARK.search(tag)
        href = _HREF.search(tag)
        url = unescape(href[1] or href[2] or "") if href else ""
        if url and not url.startswith("#") and not TOKEN.search(url):
            links.append(_link(len(links) + 1, url, mark[1].split() if mark else []))
        elif own_alone and TOKEN.search(url):
            tag = f"<a clicktracking=off{tag[2:]}"
        return _MARK.sub("", tag, count=1)

    return _ANCHOR.sub(note, html), tuple(links)


def _link(number: int, url: str, mark: list[str]) -> Link:
    role, story, section = (*mark, *[None] * 3)[:3]
    known = role if role in ROLES else "furniture"
    return Link(number=number, role=known, url=url, story=story, section=section)
