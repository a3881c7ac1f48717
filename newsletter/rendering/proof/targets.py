"""Checks of where links and pictures lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from newsletter.model import Finding
from newsletter.rendering.proof.case import Case, stop, warn
from newsletter.rendering.proof.page import Element
from newsletter.rendering.tokens import TOKEN

_RESERVED: Final = re.compile(
    r"(?:\A|\.)(?:example\.[a-z]{2,}|example|test|invalid|localhost|local|internal)\Z", re.IGNORECASE
)
"""Names that are never public (RFC 2606, RFC 6761, RFC 6762)."""

_STAGING: Final = frozenset(["staging", "stage", "stg", "preprod", "uat"])
"""First labels of servers that are not for readers; only before a domain (`staging.mills.org`).
`dev` and `test` are names of public sites too.
"""


_WRAPPERS: Final = (
    # the host that wraps, where the address that was meant stands in it, and what it is
    (re.compile(r"(?:\A|\.)safelinks\.protection\.outlook\.com\Z"), "url", "Outlook’s SafeLinks"),
    (re.compile(r"(?:\A|\.)urldefense\.(?:com|us)\Z|\Aurldefense\.proofpoint\.com\Z"), "u", "Proofpoint’s urldefense"),
    (re.compile(r"\Alinkprotect\.cudasvc\.com\Z"), "a", "Barracuda’s link protection"),
    (re.compile(r"\A(?:www\.)?google\.[a-z.]{2,6}\Z"), "q", "a page of Google’s results"),
    (re.compile(r"\Al\.(?:facebook|instagram)\.com\Z"), "u", "Facebook’s way out"),
    (re.compile(r"(?:\A|\.)(?:list-manage|mandrillapp|hubspotlinks)\.com\Z|(?:\A|\.)ct\.sendgrid\.net\Z"), "",
     "the click count of somebody’s mailing"),
    (re.compile(r"\A(?:t\.co|bit\.ly|lnkd\.in|goo\.gl|ow\.ly|tinyurl\.com|buff\.ly|is\.gd)\Z"), "", "a shortener"),
)  # fmt: skip
"""Addresses that stand before another: they count clicks for strangers, tell who clicked, and end one day."""

_CAMPAIGN: Final = re.compile(r"utm_\w+|mc_[ce]id|fbclid|gclid|mkt_tok|_hs(?:enc|mi)", re.IGNORECASE)

BODY_WIDTH: Final = 600
"""Pixels of the mail: Outlook shows a wider picture in its full width, and the whole mail grows with it."""


def links(case: Case) -> Iterator[Finding]:
    """https, http or mailto, and a public place; while the gateway is on loopback, samples may lead nowhere."""
    for link in followed(case):
        href = link.attributes["href"]
        where = case.where(link.story, href)
        wrong = _wrong_address(href, ("https", "http", "mailto"))
        if wrong:
            yield stop("links", f"the link “{_brief(link.text)}” goes to {href!r}: {wrong}", where)
        elif doubt := placeholder(href):
            level = warn if case.loopback else stop
            yield level("links", f"the link “{_brief(link.text)}” goes to {href}: {doubt}", where)


def followed(case: Case) -> Iterator[Element]:
    """The links that lead out of the mail, without those that differ for each reader."""
    ids = {element.attributes.get("id") or element.attributes.get("name") for element in case.page.elements}
    for link in case.page.all("a", "area"):
        href = link.attributes.get("href")
        if href is not None and not TOKEN.search(href) and not (href.startswith("#") and href[1:] in ids):
            yield link


def askable(case: Case) -> dict[str, str]:
    """The addresses of the links that a server could answer, each with the place where it can be mended."""
    found: dict[str, str] = {}
    for link in followed(case):
        href = link.attributes["href"]
        if not _wrong_address(href, ("https", "http")) and not placeholder(href):
            found.setdefault(href, case.where(link.story, href))
    return found


def tracking(case: Case) -> Iterator[Finding]:
    """No address of somebody else's click count: copied from a mail or a page of results, it is not what was meant."""
    for link in followed(case):
        href = link.attributes["href"]
        if problem := wrapped(href):
            yield warn("tracking", f"the link “{_brief(link.text)}” goes to {problem}", case.where(link.story, href))


def wrapped(url: str) -> str:
    """Whose tracking an address is, and what to do; empty for none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host, query = (parts.hostname or "").lower(), dict(parse_qsl(parts.query))
    for pattern, key, what in _WRAPPERS:
        if pattern.search(host) and (what != "a page of Google’s results" or parts.path == "/url"):
            meant = query.get(key, "") or query.get("url", "")
            cure = (
                f"write {meant}"
                if meant.startswith(("http://", "https://"))
                else "follow it, and write the address where it ends"
            )
            return f"{host}, {what}: {cure}"
    strange = [name for name in query if _CAMPAIGN.fullmatch(name)]
    if strange:
        return f"{url} with {', '.join(strange)}, which counts for another sender’s campaign: leave that out"
    return ""


def _brief(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39].rstrip()}…"


def images(case: Case) -> Iterator[Finding]:
    """https, a public place, and a width in numbers, which is all that Outlook reads, not wider than the mail. One
    that the mail carries has the address `cid:`.
    """
    schemes = ("https", "http", "cid") if case.newsletter.pictures == "embed" else ("https", "http")
    for image in case.page.all("img"):
        src = image.attributes.get("src", "")
        where = case.where_shown(image)
        wrong = _wrong_address(src, schemes)
        if wrong:
            yield stop("images", f"the picture {_short(src)!r}: {wrong}", where)
        elif not src.startswith("cid:") and (doubt := placeholder(src) or _insecure(src)):
            yield (warn if case.loopback else stop)("images", f"the picture {src}: {doubt}", where)
        width = image.attributes.get("width", "")
        if not width.isdigit():
            problem = (
                f"the picture {_short(src)} has no numeric width, and Outlook shows it in its full size; set width"
            )
            yield stop("images", problem, case.frame(src, "<mj-image", "<img"))
        elif int(width) > BODY_WIDTH:
            problem = f"the picture {_short(src)} is {width} pixels wide, the mail {BODY_WIDTH}; set a width that fits"
            yield stop("images", problem, case.frame(src, "<mj-image", "<img"))


def _insecure(src: str) -> str:
    return "" if src.startswith("https:") else "it is not https, and many clients hide it"


def _short(src: str) -> str:
    return src if len(src) <= 80 else f"{src[:79]}…"


def _wrong_address(url: str, schemes: tuple[str, ...]) -> str:
    """What makes the address unusable, or nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "it cannot be read as an address; mend it"
    if not url.strip() or url.startswith("#"):
        return "it leads nowhere; give the address"
    if parts.scheme not in schemes:
        return f"it is none of {', '.join(schemes)}; write the whole address"
    if parts.scheme == "mailto":
        # without an address, but with a subject, a reader's own program asks for one (RFC 6068, 2): so mails are shared
        return "" if "@" in parts.path or (not parts.path and parts.query) else "it has no mail address"
    if parts.scheme == "cid":
        return "" if parts.path else "it names no picture of the mail"
    return "" if parts.hostname and not re.search(r"\s", url) else "it has no host, or a space in it; mend it"


def placeholder(url: str) -> str:
    """What makes the address no place for readers, or nothing."""
    parts = urlsplit(url)
    if parts.scheme == "mailto" and not parts.path:
        return ""
    host = parts.path.rsplit("@", 1)[-1] if parts.scheme == "mailto" else parts.hostname or ""
    try:
        return "" if ip_address(host).is_global else "only this machine or network can reach it"
    except ValueError:
        pass
    if _RESERVED.search(host) or "." not in host:
        return f"{host} is a placeholder that no reader can reach; put the real address"
    if _STAGING & {*host.lower().split(".")[:-2]}:
        return f"{host} looks like a server for trying things; put the public address"
    return ""
