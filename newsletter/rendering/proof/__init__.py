"""The check of a finished message before it may go.

In: a `Message` beside the edition, newsletter and organisation that it was made from. Out: `Finding`s, each with the
story's file and line, or the template, where it can be mended. It must not know how the message was made, nor mend
anything itself. What needs the database or the network (audiences, answers of links) is checked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from newsletter.model import ClickMode, Edition, Finding, Message, Newsletter, Organisation, levelled
from newsletter.rendering import templates as folder_of
from newsletter.rendering.links import bare
from newsletter.rendering.proof import access, clients, filters, leftovers, legible, parts, pictures, targets
from newsletter.rendering.proof.case import Case
from newsletter.rendering.proof.page import read
from newsletter.rendering.proof.targets import placeholder
from newsletter.rendering.render import FOLDER

__all__ = ["CHECKS", "links_to_ask", "placeholder", "proof"]

CHECKS: Final[Mapping[str, Callable[[Case], Iterable[Finding]]]] = {
    "size": parts.size,
    "unsubscribe": parts.unsubscribe,
    "postal-address": parts.postal_address,
    "sender": parts.sender,
    "sender-domain": filters.sender_domain,
    "subject": parts.subject,
    "preheader": parts.preheader,
    "plain-text": parts.plain_text,
    "tokens": parts.tokens,
    "line-length": parts.line_length,
    "left-overs": leftovers.left_overs,
    "mojibake": leftovers.mojibake,
    "language": access.language,
    "table-roles": access.table_roles,
    "headings": access.headings,
    "alt": access.alternatives,
    "link-text": access.link_texts,
    "duplicate-ids": access.ids,
    "contrast": legible.legible,
    "links": targets.links,
    "tracking": targets.tracking,
    "images": targets.images,
    "pictures": pictures.pictures,
    "image-share": filters.image_share,
    "client-css": clients.client_css,
    "filter-words": filters.filter_words,
}
"""Every check by name, in the order in which findings are shown (newsletter.model's MESSAGE_CHECKS)."""


def proof(
    message: Message,
    edition: Edition,
    newsletter: Newsletter,
    organisation: Organisation,
    *,
    loopback: bool,
    templates: Path | None = None,
    clicks: ClickMode = "none",
) -> tuple[Finding, ...]:
    """What is wrong with the message, at the levels that its newsletter asks for: first what stops it, then what is
    only shown; nothing twice.

    `loopback` says that the gateway is on this machine, where links may lead to placeholders; in `templates` lines are
    sought where a template is at fault. `clicks` is how those of its readers are counted: where our redirect stands in
    the place of a target, the target is judged.
    """
    case = Case(message, read(bare(message)), edition, newsletter, organisation, loopback, clicks)
    if templates:
        look = folder_of.load(templates / FOLDER)
        case = replace(case, locate=partial(look.locate, f"{newsletter.template}{folder_of.MJML_SUFFIX}"))
    found = dict.fromkeys(finding for check in CHECKS.values() for finding in check(case))
    return levelled(found, newsletter.proof)


def links_to_ask(
    message: Message, edition: Edition, newsletter: Newsletter, organisation: Organisation
) -> dict[str, str]:
    """The addresses that servers of others could answer, each with the place where it can be mended."""
    return targets.askable(Case(message, read(bare(message)), edition, newsletter, organisation, loopback=False))
