"""A nameserver on loopback that knows what a test tells it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from newsletter.operators.dns import Lookup, lookup

Zone = Mapping[tuple[str, str], list[str]]
"""Records by name and type; a name that does not stand in it is NXDOMAIN, one with `broken` in it is SERVFAIL."""


@contextmanager
def nameserver(zone: Zone) -> Iterator[Lookup]:
    """A way to ask it, for the time of the block."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.settimeout(0.05)
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                raw, client = listening.recvfrom(4096)
            except TimeoutError:
                continue
            listening.sendto(answer(zone, raw), client)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield lookup("127.0.0.1", listening.getsockname()[1], timeout_s=2)
    finally:
        stopped.set()
        thread.join()
        listening.close()


def answer(zone: Zone, raw: bytes) -> bytes:
    request = dns.message.from_wire(raw)
    response = dns.message.make_response(request)
    response.flags |= dns.flags.RA
    name = str(request.question[0].name).rstrip(".").lower()
    kind = request.question[0].rdtype.name
    if "broken" in name:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif (name, kind) in zone:
        response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *zone[name, kind]))
    elif not any(known == name for known, _ in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()
