"""Checks of where links and pictures lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from newsletter.model import Finding
from newsletter.rendering.proof.case import Case, stop, warn
from newsletter.rendering.tokens import TOKEN

_RESERVED: Final = re.compile(
    r"(?:\A|\.)(?:example\.[a-z]{2,}|example|test|invalid|localhost|local|internal)\Z", re.IGNORECASE
)
"""Names that are never public (RFC 2606, RFC 6761, RFC 6762)."""

_STAGING: Final = frozenset(["staging", "stage", "stg", "preprod", "uat"])
"""First labels of servers that are not for readers; only before a domain (`staging.mills.org`).
`dev` and `test` are names of public sites too.
"""


def links(case: Case) -> Iterator[Finding]:
    """https, http or mailto, and a public place; while the gateway is on loopback, samples may lead nowhere."""
    ids = {element.attributes.get("id") or element.attributes.get("name") for element in case.page.elements}
    for link in case.page.all("a", "area"):
        href = link.attributes.get("href")
        if href is None or TOKEN.fullmatch(href) or (href.startswith("#") and href[1:] in ids):
            continue
        where = case.where(link.story, href)
        wrong = _wrong_address(href, ("https", "http", "mailto"))
        if wrong:
            yield stop("links", f"the link “{_brief(link.text)}” goes to {href!r}: {wrong}", where)
        elif placeholder := _placeholder(href):
            level = warn if case.loopback else stop
            yield level("links", f"the link “{_brief(link.text)}” goes to {href}: {placeholder}", where)


def _brief(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39].rstrip()}…"


def images(case: Case) -> Iterator[Finding]:
    """https, a public place, and a width in numbers, for Outlook; or in the mail itself."""
    for image in case.page.all("img"):
        src = image.attributes.get("src", "")
        carried = src.startswith("cid:")
        where = case.where(image.story, src.rsplit("/", 1)[-1])
        wrong = _wrong_address(src, ("https", "http"))
        doubt = _placeholder(src) or ("" if src.startswith("https:") else "it is not https, and many clients hide it")
        if wrong and not carried:
            yield stop("images", f"the picture {src!r}: {wrong}", where)
        elif doubt and not carried:
            yield (warn if case.loopback else stop)("images", f"the picture {src}: {doubt}", where)
        if not image.attributes.get("width", "").isdigit():
            problem = f"the picture {src} has no numeric width, and Outlook shows it in its full size; set width"
            yield stop("images", problem, case.template)


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
        return "" if "@" in parts.path else "it has no mail address"
    return "" if parts.hostname and not re.search(r"\s", url) else "it has no host, or a space in it; mend it"


def _placeholder(url: str) -> str:
    """What makes the address no place for readers, or nothing."""
    parts = urlsplit(url)
    host = parts.path.rsplit("@", 1)[-1].split("?")[0] if parts.scheme == "mailto" else parts.hostname or ""
    try:
        return "" if ip_address(host).is_global else "only this machine or network can reach it"
    except ValueError:
        pass
    if _RESERVED.search(host) or "." not in host:
        return f"{host} is a placeholder that no reader can reach; put the real address"
    if _STAGING & {*host.lower().split(".")[:-2]}:
        return f"{host} looks like a server for trying things; put the public address"
    return ""
