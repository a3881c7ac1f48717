"""Tracking: webhook bodies in; events, the facts and suppressions they amount to, and reports in numbers out.

`webhook` is the only place beside the gateway that knows SendGrid's words. This room must not know how events are
kept, nor who the readers are: it sees delivery ids. Recording what comes out twice must change nothing.
"""

from newsletter.tracking.fold import blames_sender, facts, sender_fault, suppression_for
from newsletter.tracking.hits import Following, judged
from newsletter.tracking.rates import troubles
from newsletter.tracking.report import report_document, report_table
from newsletter.tracking.webhook import Parsed, parse_events, url_index, usable, verify

__all__ = [
    "Following",
    "Parsed",
    "blames_sender",
    "facts",
    "judged",
    "parse_events",
    "report_document",
    "report_table",
    "sender_fault",
    "suppression_for",
    "troubles",
    "url_index",
    "usable",
    "verify",
]
