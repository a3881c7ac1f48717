"""Programs that follow links for nobody: known by what they call themselves.

Each name stands where its maker says so, or where whoever runs mail has seen it. Scanners that hide behind a browser's
name are not found here but by what they do: see `hits`, and for events `humans`.
"""

from __future__ import annotations

import re
from typing import Final

_SCANNERS: Final = (
    # Mail gateways, as they name themselves in the logs of senders. Most of them can be told to hide.
    "barracuda", "bitdefender", "cisco-?secure", "cloudmark", "fortiguard", "fortimail", "ironport", "mimecast",
    "proofpoint", "safelinks", "sophos", "symantec", "tmes/", "trend ?micro", "vadesecure", "virustotal", "zscaler",
    # https://developers.google.com/search/docs/crawling-indexing/google-special-case-crawlers
    "google-safety",
    # Office asks before the browser does, and gives the browser what the redirect said: the click is there twice.
    # https://learn.microsoft.com/archive/blogs/vsofficedeveloper/description-of-the-microsoft-office-existence-discovery-protocol-2
    r"microsoft office (?:existence|protocol) discovery", r"\bms-office\b",
    # who looks at all of the web's servers or links
    "censysinspect", "expanse", "linkchecker", "lychee/", "netcraft", "urlscan", "w3c-checklink",
)  # fmt: skip

_PREVIEWS: Final = (
    # https://developers.facebook.com/docs/sharing/webmasters/web-crawlers
    "facebookexternalhit", "facebookcatalog", "meta-externalagent", "meta-externalfetcher",
    # https://api.slack.com/robots
    "slackbot", "slack-imgproxy",
    # https://faq.whatsapp.com (previews are fetched by the app of whoever writes; its own browser has another name)
    r"\Awhatsapp/",
    # https://learn.microsoft.com/microsoftteams (cards of links)
    "skypeuripreview", "iframely", "embedly", "bluesky cardyb", "mastodon/", "pleroma", "misskey",
)  # fmt: skip
"""Pages that are fetched to show a card of them where a link was pasted."""

_ROBOTS: Final = (
    # "Cubot" makes telephones. The mark: https://www.rfc-editor.org/rfc/rfc9309 (robots say who they are)
    r"(?<!\bcu)bot\b|\bbots?/|crawler|spider|headless|phantomjs|preview|scanner|monitor(?:ing)?\b|slurp|feedfetcher"
    r"|\+https?://"
)
"""Words by which a robot says what it is, or the address where it tells. Image proxies of mail services
(GoogleImageProxy, YahooMailProxy) are none: they load a picture when their reader opens the mail.
"""

_LIBRARIES: Final = (
    r"\A(?:curl|wget|python|go-http-client|java|okhttp|ruby|perl|lwp|php|libwww|axios|node|got|undici|deno|bun"
    r"|apache-httpclient|jakarta|guzzle|aiohttp|httpx|scrapy|postmanruntime|insomnia|restsharp|winhttp|dalvik"
    r"|lua-resty-http|jetty|reactornetty)\b"
    r"|\A\S+ cfnetwork/"
    r"|\Amozilla/[45]\.0\Z"
)
"""Programs' own libraries, by their default agents. A browser says more than `Mozilla/5.0`."""

_KNOWN: Final = (
    (re.compile("|".join(_SCANNERS), re.IGNORECASE), "a known scanner"),
    (re.compile("|".join(_PREVIEWS), re.IGNORECASE), "a preview of the link"),
    (re.compile(_ROBOTS, re.IGNORECASE), "a robot, as it says itself"),
    (re.compile(_LIBRARIES, re.IGNORECASE), "a program, not a browser"),
)


def agent_is_machine(agent: str) -> str | None:
    """Why a user agent is no human's, or None. One that is empty is: every browser and mail program has one."""
    agent = agent.strip()
    if not agent:
        return "no user agent"
    return next((why for pattern, why in _KNOWN if pattern.search(agent)), None)
