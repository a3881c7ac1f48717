"""The checks of an edition by name, and which of them a newsletter may take more or less hard."""

from __future__ import annotations

from typing import Final

DESK_CHECKS: Final = (
    "access",
    "corrects",
    "expired",
    "headline",
    "headline-twice",
    "html",
    "invisible",
    "marks",
    "newsletter",
    "placeholder",
    "quotes",
    "relative-day",
    "seal",
    "section",
    "twice",
)
"""What the desk looks at in a story, beside `alt` and `tokens`, which the proof of the mail looks at once more."""

MESSAGE_CHECKS: Final = (
    "size",
    "unsubscribe",
    "postal-address",
    "sender",
    "sender-domain",
    "subject",
    "preheader",
    "plain-text",
    "tokens",
    "line-length",
    "left-overs",
    "mojibake",
    "language",
    "table-roles",
    "headings",
    "alt",
    "link-text",
    "duplicate-ids",
    "contrast",
    "links",
    "tracking",
    "images",
    "pictures",
    "image-share",
    "client-css",
    "filter-words",
)
"""What the proof looks at in a finished message, in this order."""

LINK_ANSWERS: Final = "link-answers"
"""What each link answers: looked at only when somebody asks for it."""

GUARDS: Final = ("render", "content", "audience", "ledger")
"""What stops an edition before there is a message, or for another reason than its looks; each has settings of its own
(`minimum`, `approvals`, `audience_guard`), and no level.
"""

FIXED: Final = ("unsubscribe", "postal-address", "tokens")
"""What the law or the readers' own links hang on: always `stop`."""

LEVELLED: Final = tuple(
    sorted({*MESSAGE_CHECKS, *DESK_CHECKS, LINK_ANSWERS} - {*FIXED, "twice", "corrects", "section", "newsletter"})
)
"""The checks that a newsletter may raise, lower or switch off in its [proof]."""
