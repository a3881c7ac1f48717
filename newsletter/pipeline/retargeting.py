"""Links of an edition, and a wrong target that is corrected after the mails went out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from newsletter.errors import MistypedError, UsageError
from newsletter.model import LinkClicks
from newsletter.pipeline.context import Context, Target
from newsletter.rendering.links import CODE, ascii_address, unfollowable
from newsletter.rendering.proof import placeholder
from newsletter.storage import clicks, editions, links
from newsletter.storage.links import LinkRow
from newsletter.tracking import url_index

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A link of an edition, with its clicks and with what its target was before."""

    link: LinkRow
    clicks: LinkClicks


def listed(context: Context, target: Target) -> tuple[Listed, ...]:
    """The links of the mails to an edition's readers, in their order. Raises UsageError where it is not frozen."""
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
        found = links.of_edition(tx, row.id) if row else ()
        if row is None or not found:
            raise UsageError(f"{target.id} has no links to list: it must be frozen first, and hold some")
        counted = {each.code: each for each in clicks.by_link(tx, row.id, index=url_index)}
    return tuple(Listed(link=link, clicks=counted[link.code]) for link in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that is asked for: the link as it is, and where it shall lead."""

    link: LinkRow
    url: str


def plan(context: Context, code: str, url: str) -> Change | None:
    """What changing a link would do; None where it leads there already.

    Raises MistypedError for an address that readers cannot follow, UsageError for a link that does not go through our
    redirect: what a mail itself says stays.
    """
    target = ascii_address(url.strip())
    wrong = unfollowable(target) or ("" if context.settings.on_loopback else placeholder(target))
    if wrong:
        raise MistypedError(f"{url!r} cannot be a link's target: {wrong}")
    with context.store.read() as tx:
        link = links.of_code(tx, code) if CODE.fullmatch(code) else None
        if link is None:
            raise UsageError(f"no link has the code {code!r}: see `newsletter link list EDITION`")
        if not links.is_redirected(tx, code):
            raise UsageError(
                f"the mails with {code} carry its target itself, which nothing changes any more: their newsletter did "
                "not count clicks by our redirect (`clicks`). Send a correction if it matters"
            )
    return None if link.target == target else Change(link=link, url=target)


def change(context: Context, planned: Change, *, by: str) -> None:
    """Let a link lead elsewhere: in this process at once, in all others within a second."""
    now = context.clock()
    with context.store.write() as tx:
        links.retarget(tx, planned.link.code, planned.url, by=by, now=now)
    log.info("link changed", code=planned.link.code, was=planned.link.target, url=planned.url, by=by)


# --- in words ---------------------------------------------------------------------------------------------------------


def in_text(found: tuple[Listed, ...]) -> Iterator[str]:
    """A line or two for each link: code, clicks, where it stands, where it leads; then what it was before."""
    width = max(len(_place(each.link)) for each in found)
    yield f"{'code':12}  {'human':>7} {'all':>7}  {'place':{width}}  target"
    for each in found:
        of = each.clicks
        yield f"{of.code}  {of.human:7,} {of.raw:7,}  {_place(each.link):{width}}  {each.link.target}"
        yield from (f"{'':{32 + width}}{was}" for was in _before(each.link))


def _place(link: LinkRow) -> str:
    """Number, role, and story or section."""
    return f"{link.number:3} {link.role} {link.story or link.section or ''}".rstrip()


def _before(link: LinkRow) -> Iterator[str]:
    was = link.url
    for each in link.changes:
        yield f"was {was} until {each.at:%Y-%m-%d %H:%M} UTC, changed by {each.by}"
        was = each.url


def document(found: tuple[Listed, ...]) -> list[dict[str, Any]]:
    """The same for `--json`."""
    return [
        {
            "code": each.link.code,
            "number": each.link.number,
            "role": each.link.role,
            "section": each.link.section,
            "story": each.link.story,
            "target": each.link.target,
            "sent": each.link.url,
            "changes": [{"url": change.url, "by": change.by, "at": change.at} for change in each.link.changes],
            "human": each.clicks.human,
            "raw": each.clicks.raw,
        }
        for each in found
    ]
