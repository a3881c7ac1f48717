"""Addresses as copied texts have them → addresses that a story may link to."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from markdown_it.common.normalize_url import normalizeLink

from newsletter.stories.markdown import link_problem

WRAPPERS = (
    ("safelinks.protection.outlook.com", "/", ("url",)),
    ("google.com", "/url", ("q", "url")),
    ("l.facebook.com", "/l.php", ("u",)),
    ("linkedin.com", "/safety/go", ("url",)),
    ("urldefense.proofpoint.com", "/v1/url", ("u",)),
)
"""Services that put an address into their own: host, how the path begins, which parameters hold the address."""

TRACKING = re.compile(r"(?:utm_\w+|mc_[ce]id|fbclid|gclid|msclkid|mkt_tok|_hsenc|_hsmi|vero_id)\Z", re.IGNORECASE)
"""Parameters that only say through whose mail a reader came: in another mail they would tell it wrongly."""

SHORTENERS = frozenset(
    {
        *("bit.ly", "t.co", "tinyurl.com", "ow.ly", "buff.ly", "lnkd.in", "is.gd", "goo.gl", "rebrand.ly", "trib.al"),
        *("dlvr.it", "t.ly", "shorturl.at", "cutt.ly", "rb.gy"),
    }
)

UNWRAPPED_AT_MOST = 5
"""Wrappers inside of one another: mail that was forwarded through two gateways has two or three."""

URLDEFENSE_3 = re.compile(r"https://urldefense\.(?:com|us)/v3/__(?P<url>.+?)__;(?P<coded>[\w-]*=*)!", re.IGNORECASE)
"""https://help.proofpoint.com/Threat_Insight_Dashboard/API_Documentation/URL_Decoder_API"""

RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""The character after `**` stands for a run of so many characters, counted from 2."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that may be linked to, or None, and what an editor should know of it."""

    href: str | None
    note: str | None = None


def read_link(raw: str) -> Link:
    """The address without its wrappers and tracking parameters, in the one form that a story file gives back.

    A place on the same page (`#top`) and an empty address are no link, which is not worth a note.
    """
    given = "".join(raw.split())
    if not given or given.startswith("#"):
        return Link(None)
    href, notes = given, []
    for _ in range(UNWRAPPED_AT_MOST):
        inner = _unwrapped(href)
        if inner is None:
            break
        href = inner
    if href != given:
        notes.append(f"a link was taken out of its wrapper: {_short(href)}")
    stripped = _untracked(href)
    if stripped != href:
        notes.append(f"tracking parameters were taken off the link {_short(stripped)}")
    return _checked(stripped, notes)


def _checked(href: str, notes: list[str]) -> Link:
    """The address in its one form, if a story may link to it."""
    try:
        settled = normalizeLink(href)
        stable = normalizeLink(settled) == settled
    except (ValueError, IndexError, UnicodeError):
        stable, settled = False, href
    if not stable or link_problem(settled) is not None or "%" in _host(settled):
        return Link(None, f"the link {_short(href)} was left out: it is no whole https, http or mailto address")
    host = _host(settled)
    if host in SHORTENERS:
        notes.append(f"the link {_short(settled)} is shortened; write the address that it leads to")
    return Link(settled, "; ".join(notes) or None)


def _unwrapped(href: str) -> str | None:
    """The address inside of a wrapper's, or None."""
    if third := URLDEFENSE_3.match(href):
        return _urldefense_3(third["url"], third["coded"])
    parts = _split(href)
    if parts is None or parts.scheme not in ("http", "https"):
        return None
    host, query = _host(href), dict(parse_qsl(parts.query))
    if host == "urldefense.proofpoint.com" and parts.path.startswith("/v2/url") and "u" in query:
        return _address(unquote(query["u"].replace("-", "%").replace("_", "/")))
    for wrapper, path, names in WRAPPERS:
        if (host == wrapper or host.endswith("." + wrapper)) and parts.path.startswith(path):
            return next((found for name in names if (found := _address(query.get(name, "")))), None)
    return None


def _urldefense_3(url: str, coded: str) -> str | None:
    """The address with the characters put back that the wrapper replaced by `*`."""
    try:
        characters = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except ValueError:
        return None
    place = 0

    def put_back(found: re.Match[str]) -> str:
        nonlocal place
        length = RUN_LENGTHS.index(found["run"]) + 2 if found["run"] else 1
        place += length
        return characters[place - length : place]

    whole = re.sub(r"\*(?:\*(?P<run>[\w-]))?", put_back, url, flags=re.ASCII)
    return _address(re.sub(r"\A(https?:/)(?=[^/])", r"\1/", whole))


def _address(text: str) -> str | None:
    return text if re.match(r"https?://|mailto:", text, re.IGNORECASE) else None


def _untracked(href: str) -> str:
    parts = _split(href)
    if parts is None or not parts.query:
        return href
    kept = [pair for pair in parts.query.split("&") if not TRACKING.match(pair.partition("=")[0])]
    return href if len(kept) == parts.query.count("&") + 1 else parts._replace(query="&".join(kept)).geturl()


def _host(href: str) -> str:
    parts = _split(href)
    try:
        return (parts.hostname or "").removeprefix("www.") if parts else ""
    except ValueError:
        return ""


def _split(href: str) -> SplitResult | None:
    try:
        return urlsplit(href)
    except ValueError:
        return None


def _short(href: str) -> str:
    return href if len(href) <= 100 else href[:99] + "…"
