"""What DNS says of a sender's domain: SPF, DKIM and DMARC, as SendGrid's domain authentication sets them up.

With its automated security a domain has CNAMEs `s1._domainkey` and `s2._domainkey` to SendGrid, and a return path on a
subdomain with an SPF of its own (https://www.twilio.com/docs/sendgrid/ui/account-and-settings/how-to-set-up-domain-authentication).
"""

from __future__ import annotations

import re

from newsletter.model import Check, Health
from newsletter.operators.dns import Lookup

SELECTORS = ("s1", "s2")
_AUTHENTICATE = (
    "authenticate {domain} in SendGrid (Settings, Sender Authentication) and enter the records that it shows"
)


def examine(domain: str, look: Lookup) -> tuple[Check, ...]:
    """SPF, DKIM and DMARC of a domain, each once; `could not check` where nobody answers."""
    found: list[Check] = []
    for name, check in (("DKIM", dkim), ("SPF", spf), ("DMARC", dmarc)):
        try:
            health, words, cure = check(domain, look)
        except OSError as error:
            health, words, cure = Health.UNKNOWN, str(error), "run it again with a network that answers DNS"
        found.append(Check(name=f"{name} of {domain}", health=health, found=words, cure=cure))
    return tuple(found)


_Found = tuple[Health, str, str]


def dkim(domain: str, look: Lookup) -> _Found:
    """Both selectors lead to SendGrid, by a CNAME or as a key that was entered by hand. Raises OSError."""
    missing = [selector for selector in SELECTORS if not _key(f"{selector}._domainkey.{domain}", look)]
    if not missing:
        return Health.OK, "s1 and s2 lead to SendGrid", ""
    words = f"no DKIM record {' and '.join(f'{selector}._domainkey' for selector in missing)}"
    if len(missing) < len(SELECTORS):
        return Health.FAIL, words, "enter both: SendGrid changes from one key to the other by itself"
    cure = _AUTHENTICATE.format(domain=domain) + "; with a selector of your own, look at it there"
    return Health.FAIL, words, cure


def _key(name: str, look: Lookup) -> bool:
    targets = look(name, "CNAME")
    if targets:
        return targets[0].endswith(".sendgrid.net")
    return any(re.search(r"(^|;)\s*p=[A-Za-z0-9+/]", text) for text in look(name, "TXT"))  # an empty p= is revoked


def spf(domain: str, look: Lookup) -> _Found:
    """At most one record (RFC 7208, 3.2), with SendGrid in it unless the return path is SendGrid's. Raises OSError."""
    records = [text for text in look(domain, "TXT") if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]
    if len(records) > 1:
        return Health.FAIL, f"{len(records)} SPF records, which count as an error", "join them to one"
    if any("sendgrid.net" in text.lower() for text in records):
        return Health.OK, "it names SendGrid", ""
    if any(look(f"{selector}._domainkey.{domain}", "CNAME") for selector in SELECTORS):
        return Health.OK, "the return path is a subdomain of SendGrid's, with an SPF of its own", ""
    return Health.WARN, "no SPF record names SendGrid", _AUTHENTICATE.format(domain=domain)


def dmarc(domain: str, look: Lookup) -> _Found:
    """One record of the domain or of one above it (RFC 7489, 6.6.3), with a policy. Raises OSError."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = "_dmarc." + ".".join(labels[start:])
        records = [text for text in look(name, "TXT") if re.match(r"v=DMARC1\s*(;|$)", text)]
        if records:
            return _policy(name, records)
    cure = f'enter a TXT record _dmarc.{domain} such as "v=DMARC1; p=none": Gmail and Yahoo ask bulk senders for one'
    return Health.WARN, "no DMARC record", cure


def _policy(name: str, records: list[str]) -> _Found:
    if len(records) > 1:
        return Health.FAIL, f"{name} has {len(records)} DMARC records, which count as none", "keep one of them"
    found = re.search(r";\s*p\s*=\s*(\w+)", records[0])
    words = {
        "none": "p=none: it watches, and asks for nothing",
        "quarantine": "p=quarantine: what fails goes to spam",
        "reject": "p=reject: what fails is refused",
    }
    if found is None or found[1].lower() not in words:
        return Health.FAIL, f"{name} has no policy that is known", "write p=none, p=quarantine or p=reject into it"
    return Health.OK, words[found[1].lower()], ""
