"""The check of a finished message before it may go.

In: a `Message` beside the edition, newsletter and organisation that it was made from. Out: `Finding`s, each with the
story's file and line, or the template, where it can be mended. It must not know how the message was made, nor mend
anything itself. What needs the database or the network (audiences, answers of links) is checked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from newsletter.model import Edition, Finding, Level, Message, Newsletter, Organisation
from newsletter.rendering.proof import access, leftovers, parts, pictures, targets
from newsletter.rendering.proof.case import Case
from newsletter.rendering.proof.page import read

CHECKS: Final[tuple[tuple[str, Callable[[Case], Iterable[Finding]]], ...]] = (
    ("size", parts.size),
    ("unsubscribe", parts.unsubscribe),
    ("postal address", parts.postal_address),
    ("sender", parts.sender),
    ("subject", parts.subject),
    ("preheader", parts.preheader),
    ("plain text", parts.plain_text),
    ("tokens", parts.tokens),
    ("line length", parts.line_length),
    ("left-overs", leftovers.left_overs),
    ("mojibake", leftovers.mojibake),
    ("language", access.language),
    ("table roles", access.table_roles),
    ("headings", access.headings),
    ("alt", access.alternatives),
    ("link text", access.link_texts),
    ("duplicate ids", access.ids),
    ("links", targets.links),
    ("images", targets.images),
    ("pictures", pictures.pictures),
)
"""Every check by name, in the order in which findings are shown."""


def proof(
    message: Message, edition: Edition, newsletter: Newsletter, organisation: Organisation, *, loopback: bool
) -> tuple[Finding, ...]:
    """What is wrong with the message: first what stops it, then what is only shown; nothing twice.

    `loopback` says that the gateway is on this machine, where links may lead to placeholders.
    """
    case = Case(message, read(message.html), edition, newsletter, organisation, loopback)
    found = dict.fromkeys(finding for _, check in CHECKS for finding in check(case))
    return tuple(sorted(found, key=lambda finding: finding.level is not Level.STOP))
