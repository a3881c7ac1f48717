"""Names looked up in DNS: the only place that knows dnspython."""

from __future__ import annotations

from collections.abc import Callable

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.TXT import TXT

TIMEOUT_S = 4.0

Lookup = Callable[[str, str], tuple[str, ...]]
"""Gives the records of a name and type (`TXT`, `CNAME`), perhaps none. Raises OSError where nobody answers."""


def lookup(nameserver: str | None = None, port: int = 53, timeout_s: float = TIMEOUT_S) -> Lookup:
    """A way to ask the machine's own nameservers, or the one given by its IP address."""

    def look(name: str, kind: str) -> tuple[str, ...]:
        try:
            resolver = dns.resolver.Resolver(configure=nameserver is None)
            if nameserver is not None:
                resolver.nameservers, resolver.port = [nameserver], port
            # An absolute name, and no search list: no domain of the office may be tried at its end.
            answer = resolver.resolve(f"{name}.", kind, lifetime=timeout_s, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise OSError(f"nobody answers for {name} ({type(error).__name__})") from error
        return tuple(_text(record) for record in answer)

    return look


def _text(record: object) -> str:
    match record:
        case TXT():
            return b"".join(record.strings).decode("utf-8", "replace")  # parts are joined as they are (RFC 7208, 3.3)
        case CNAME():
            return str(record.target).rstrip(".").lower()
    return str(record)
