"""The links of a message, their codes, and addresses that every client understands."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b32encode
from collections import Counter
from html import escape, unescape
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter.model import ROLES, Link, Message
from newsletter.rendering.tokens import REDIRECT_QUERY, TOKEN

CODE_LENGTH: Final = 12
CODE: Final = re.compile(rf"[a-z2-7]{{{CODE_LENGTH}}}")
REDIRECTED: Final = re.compile(rf"""(?<=\s)href="[^"\s]*/r/({CODE.pattern})\[\[{REDIRECT_QUERY}\]\]\"""")
"""An href through our redirect, with its code."""

LONGEST_TARGET: Final = 2_000
"""Characters. A longer one would fill the header of an answer, for which proxies keep 4 kB (nginx, proxy_buffer_size),
and Windows' browsers once ended at 2,083.
"""

_ANCHOR: Final = re.compile(r"<a\b[^>]*>")
_HREF: Final = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""")
_MARK: Final = re.compile(r'\s*data-link="([^"]*)"')
_AMBIGUOUS: Final = re.compile(r"""[\s"<>\\^`{|}]""")
"""What no address may hold as it is (RFC 3986, appendix A)."""
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
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


def collect(html: str, edition: str, *, through: str | None = None) -> tuple[str, tuple[Link, ...]]:
    """The HTML without the marks that templates put on links, and the links in its order, numbered from 1.

    A link without a mark belongs to the frame (`furniture`). Links that are a reader's own (`[[reader]]`) and those
    within the mail are not among them: nobody counts or mends those. With `through`, which is where our redirect is
    (`https://news.example.org/r/`), the HTML has that with the link's code and `[[rq]]` in the place of each address
    that a redirect may lead to; the links keep their targets.
    """
    links: list[Link] = []
    places: Counter[tuple[str | None, ...]] = Counter()

    def note(anchor: re.Match[str]) -> str:
        tag = anchor[0]
        mark = _MARK.search(tag)
        href = _HREF.search(tag)
        url = unescape(href[1] or href[2] or "") if href else ""
        tag = _MARK.sub("", tag, count=1)
        if not url or url.startswith("#") or TOKEN.search(url):
            return tag
        link = _link(edition, len(links) + 1, url, mark[1].split() if mark else [], places)
        links.append(link)
        if through is None or unfollowable(url):
            return tag
        redirect = f'href="{escape(through)}{link.code}[[{REDIRECT_QUERY}]]"'
        return _HREF.sub(lambda href: href[0][0] + redirect, tag, count=1)

    return _ANCHOR.sub(note, html), tuple(links)


def left_alone(html: str) -> str:
    """The HTML with the mark by which SendGrid's click tracking leaves out a link (before the href, as its
    documentation writes it), on those that are a reader's own: their tokens would stand in its events.
    """

    def mark(anchor: re.Match[str]) -> str:
        href = _HREF.search(anchor[0])
        own = href is not None and TOKEN.search(href[1] or href[2] or "")
        return f"<a clicktracking=off{anchor[0][2:]}" if own else anchor[0]

    return _ANCHOR.sub(mark, html)


def _link(edition: str, number: int, url: str, mark: list[str], places: Counter[tuple[str | None, ...]]) -> Link:
    role, story, section = (*mark, *[None] * 3)[:3]
    known = role if role in ROLES else "furniture"
    place = (section, story, known)
    places[place] += 1
    made = code(edition, section, story, known, places[place], url)
    return Link(number=number, role=known, url=url, story=story, section=section, code=made)


def code(edition: str, section: str | None, story: str | None, role: str, number: int, url: str) -> str:
    """What stands for a link in our redirect: 12 letters and digits, the same for the same place and target.

    `number` counts the links of that role in that story, not those of the whole mail: so a link has one code in each
    variant of an edition, whatever sections stand before it there. 60 bits of a digest: among a million links the
    chance that two share a code is one in two millions.
    """
    parts = json.dumps([edition, section, story, role, number, url], separators=(",", ":"))
    digest = hashlib.sha256(parts.encode()).digest()
    return b32encode(digest)[:CODE_LENGTH].decode("ascii").lower()


def unfollowable(url: str) -> str:
    """Why our redirect must not lead to an address; empty where it may.

    It may lead to http and https addresses as browsers and proxies all read them alike: printable ASCII, a host by name
    or number, no user before it (`https://bank.example@evil.example/` shows one place and goes to another), nothing
    that browsers take for a slash, nothing that ends a header.
    """
    if not url.isascii() or not url.isprintable() or _AMBIGUOUS.search(url):
        return "it has a space, a quotation mark, a backslash or another character that does not belong there"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it cannot be read as an address"
    if parts.scheme not in {"https", "http"} or not url[len(parts.scheme) :].startswith("://"):
        return "it does not begin with https:// or http://"
    if "@" in parts.netloc:
        return "it has a user's name before its host"
    if port == 0 or not _HOST.fullmatch(parts.hostname or ""):
        return "it names no host"
    return "" if len(url) <= LONGEST_TARGET else f"it has more than {LONGEST_TARGET:,} characters"


def bare(message: Message) -> str:
    """The HTML of a message with the targets of its links in the place of our redirect: what a link says to whoever
    looks at the mail before it goes, and what its proof judges.
    """
    targets = {link.code: link.url for link in message.links}

    def back(href: re.Match[str]) -> str:
        url = targets.get(href[1])
        return href[0] if url is None else f'href="{escape(url, quote=False)}"'

    return REDIRECTED.sub(back, message.html)
