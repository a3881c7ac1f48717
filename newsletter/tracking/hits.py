"""Did a human follow that link? Rules with a version, for hits of our own redirect: nobody knows whose they are.

What else there is to go by (the address that asked, from which nobody could tell a reader anyway behind an office's
proxy) is not kept: a burst is seen while it happens, and only its label remains.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from newsletter.model import Hit
from newsletter.tracking.scanners import agent_is_machine

RULES: Final = 1
"""The version of these rules and of the table of scanners: whoever changes either counts on."""

BURST_WITHIN: Final = timedelta(seconds=2)
BURST_LINKS: Final = 3
"""Scanners follow the links of a mail one after the other; a human reads between two of them."""

LONGEST_AGENT: Final = 200

READ_OF_AGENT: Final = 4 * LONGEST_AGENT
"""So much of a user agent is looked at, and more of it need not wait until then."""

_PERSONAL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w.-]+"  # an address; looked for from its first sign alone, or hostile words take long
    r"|(?<![/\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"  # an IP; `Chrome/120.0.0.0` is a version
    r"|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"  # a UUID
    r"|\b(?=[a-z]*\d)[0-9a-f]{16,}\b|\b\d{9,}\b",  # a device's number, a telephone's
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A link is followed, just now. `visitor` tells those apart who may be one, and is forgotten within seconds; empty
    where they cannot be told apart. `ahead` says that a browser fetched it before anybody pressed.
    """

    code: str
    edition_id: int
    at: datetime
    agent: str
    visitor: str = ""
    ahead: bool = False


def judged(new: Sequence[Following], around: Sequence[Following]) -> list[Hit]:
    """The new ones as they are kept, labelled. `around` are all within `BURST_WITHIN` before and after them, too."""
    bursts = _bursts([*around, *new])
    agents = {agent: without_person(agent) for agent in {each.agent for each in new}}  # most come in every second
    labels = {agent: label(agent) for agent in agents.values()}
    return [_hit(each, agents[each.agent], labels, id(each) in bursts) for each in new]


def label(agent: str) -> str:
    """Why whoever has this user agent is a machine; empty for a human. This rule can be asked again at any time."""
    return agent_is_machine(agent) or ""


def _hit(of: Following, agent: str, labels: Mapping[str, str], in_burst: bool) -> Hit:  # noqa: FBT001  private
    why = labels[agent] or (AHEAD if of.ahead else "") or (BURST if in_burst else "")
    return Hit(code=of.code, at=of.at, agent=agent, machine=bool(why), why=why, rules=RULES)


AHEAD: Final = "fetched before anybody pressed"
BURST: Final = f"{BURST_LINKS} links or more within {BURST_WITHIN.seconds} seconds"


def _bursts(followed: Sequence[Following]) -> set[int]:
    """The ids of those who are part of a burst: so many different links of an edition, by one visitor."""
    visits: dict[tuple[str, int], list[Following]] = {}
    for each in {id(each): each for each in followed if each.visitor}.values():
        visits.setdefault((each.visitor, each.edition_id), []).append(each)
    found: set[int] = set()
    for visit in visits.values():
        if len(visit) >= BURST_LINKS:
            found |= _in_burst(sorted(visit, key=lambda each: each.at))
    return found


def _in_burst(visit: Sequence[Following]) -> set[int]:
    """Each is looked at twice at most, however many there are: who asks without end must not keep us busy."""
    found: set[int] = set()
    codes: Counter[str] = Counter()
    first, told = 0, 0
    for last, each in enumerate(visit):
        codes[each.code] += 1
        while each.at - visit[first].at > BURST_WITHIN:
            gone = visit[first].code
            codes[gone] -= 1
            if not codes[gone]:
                del codes[gone]
            first += 1
        if len(codes) >= BURST_LINKS:
            found.update(id(one) for one in visit[max(first, told) : last + 1])
            told = last + 1
    return found


def without_person(agent: str) -> str:
    """A user agent without what could name a person or their device, in one line, of at most 200 characters."""
    words = "".join(char if char.isprintable() else " " for char in agent[:READ_OF_AGENT])
    return _PERSONAL.sub("…", " ".join(words.split()))[:LONGEST_AGENT]
