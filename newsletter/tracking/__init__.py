"""Tracking: webhook bodies in; events, the facts and suppressions they amount to, and reports in numbers out.

`webhook` is the only place beside the gateway that knows SendGrid's words. This room must not know how events are
kept, nor who the readers are: it sees delivery ids. Recording what comes out twice must change nothing.
"""

from newsletter.tracking.bounces import SOFT_BOUNCE, Told, spent
from newsletter.tracking.edition import edition_document
from newsletter.tracking.fold import EVERYWHERE, blames_sender, facts, is_soft, sender_fault, suppression_for
from newsletter.tracking.hits import Following, judged
from newsletter.tracking.humans import RULES, Seen, judge
from newsletter.tracking.rates import troubles
from newsletter.tracking.raws import agent, url_index
from newsletter.tracking.report import report_document, report_table
from newsletter.tracking.webhook import Parsed, is_fresh, parse_events, usable, verify

__all__ = [
    "EVERYWHERE",
    "RULES",
    "SOFT_BOUNCE",
    "Following",
    "Parsed",
    "Seen",
    "Told",
    "agent",
    "blames_sender",
    "edition_document",
    "facts",
    "is_fresh",
    "is_soft",
    "judge",
    "judged",
    "parse_events",
    "report_document",
    "report_table",
    "sender_fault",
    "spent",
    "suppression_for",
    "troubles",
    "url_index",
    "usable",
    "verify",
]
