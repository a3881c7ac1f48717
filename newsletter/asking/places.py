"""Which machines may be asked: public ones, at the ports of the web."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

PORTS: Final = {"http": 80, "https": 443}

_NOT_FOR_US: Final = (
    ip_network("168.63.129.16/32"),  # Azure's own services, at a public address
    ip_network("192.0.0.0/24"),  # protocol assignments; a cloud's metadata among them (RFC 6890)
    ip_network("192.88.99.0/24"),  # relays of 6to4 (RFC 7526 ends them)
    ip_network("fec0::/10"),  # site-local (RFC 3879 ends them), which Python takes for reserved in some versions only
)
_NAT64: Final = ip_network("64:ff9b::/96")
_NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|\d+)\Z", re.IGNORECASE)


class NotAllowed(Exception):
    """An address that must not be asked, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the address, its parts, and the machine that was judged."""

    url: SplitResult
    host: str
    port: int
    machine: str


@dataclass(frozen=True, slots=True)
class Places:
    """How names become machines, and which of those may be asked at which port.

    `resolve` gives the addresses of a name, and raises OSError where there are none.
    """

    resolve: Callable[[str], tuple[Address, ...]]
    allows: Callable[[Address, int], bool]

    def target(self, url: str) -> Target:
        """Where an address leads. Raises NotAllowed for what must not be asked, OSError where nobody has the name."""
        parts, host, port = _parts(url)
        machines = (ip_address(host),) if _is_address(host) else self.resolve(host)
        if not machines:
            raise OSError("no such name")
        for machine in machines:  # one bad address among good ones is enough: which is taken could be chosen for us
            if not self.allows(machine, port):
                raise NotAllowed(f"{host} is {_place(machine)}")
        return Target(parts, host, port, str(machines[0]))


def public(machine: Address, port: int) -> bool:
    """Whether a machine is on the public net, at a port of the web; with the IPv4 address in an IPv6 one."""
    return port in PORTS.values() and all(_is_public(each) for each in (machine, *_carried(machine)))


def _is_public(machine: Address) -> bool:
    special = machine.is_multicast or machine.is_reserved or machine.is_unspecified or machine.is_loopback
    barred = any(machine.version == network.version and machine in network for network in _NOT_FOR_US)
    # 64:ff9b::/96 is not to be judged by itself, but by what it carries
    translated = isinstance(machine, IPv6Address) and machine in _NAT64
    return (machine.is_global or translated) and not barred and (not special or translated)


def _carried(machine: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses in an IPv6 one: mapped, 6to4, Teredo, NAT64 (RFC 4291, 3056, 4380, 6052)."""
    if isinstance(machine, IPv4Address):
        return ()
    carried = [machine.ipv4_mapped, machine.sixtofour, *(machine.teredo or ())]
    if machine in _NAT64:
        carried.append(IPv4Address(int(machine) & 0xFFFFFFFF))
    return tuple(each for each in carried if each is not None)


def look_up(name: str) -> tuple[Address, ...]:
    """The addresses of a name, as this machine finds them."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


PUBLIC: Final = Places(resolve=look_up, allows=public)


def _parts(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise NotAllowed("it cannot be read as an address") from error
    if parts.scheme not in PORTS or not host:
        raise NotAllowed("it is no address of the web")
    if not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise NotAllowed("it has signs that no address has")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("it holds a name or password for its server")
    if not _is_address(host) and _NUMERIC.match(host.rpartition(".")[2]):
        # `0x7f.1`, `017700000001`, `2130706433`: ways to write a machine that no reader's link needs
        raise NotAllowed(f"{host} is a number in disguise")
    return parts, host, PORTS[parts.scheme] if port is None else port


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _place(machine: Address) -> str:
    return f"{machine}, inside of a network or at an odd port, which is not asked"
