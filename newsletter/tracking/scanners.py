"""Programs that follow links and load pictures for others: known by what they call themselves."""

from __future__ import annotations

import re

_SCANNERS = (
    "barracuda", "bitdefender", "cisco-?secure", "cloudmark", "fortiguard", "fortimail", "google-safety", "ironport",
    "mimecast", "proofpoint", "safelinks", "sophos", "symantec", "trendmicro", "trend micro", "zscaler",
)  # fmt: skip
"""Mail gateways and link checkers, as their makers name them."""

_ROBOTS = r"bot\b|\bbots?/|crawler|spider|headless|phantomjs|preview|scanner|monitor|facebookexternalhit|slurp"
"""Words by which a well-behaved robot says what it is. Image proxies of mail services (GoogleImageProxy,
YahooMailProxy) are none: they load a picture when their reader opens the mail.
"""

_LIBRARIES = (
    r"^(?:curl|wget|python|go-http-client|java|okhttp|ruby|perl|php|libwww|axios|node|got|apache-httpclient|guzzle)"
    r"|^mozilla/[45]\.0$"
)
"""Programs' own libraries. A browser says more than `Mozilla/5.0`, and a mail program has its name."""

_KNOWN = (
    (re.compile("|".join(_SCANNERS), re.IGNORECASE), "a known scanner"),
    (re.compile(_ROBOTS, re.IGNORECASE), "a robot, as it says itself"),
    (re.compile(_LIBRARIES, re.IGNORECASE), "a program, not a browser"),
)


def agent_is_machine(agent: str) -> str | None:
    """Why a user agent is no human's, or None. One that is empty is: every browser and mail program has one."""
    if not agent.strip():
        return "no user agent"
    return next((why for pattern, why in _KNOWN if pattern.search(agent)), None)
