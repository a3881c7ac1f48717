"""Addresses that are probably not what was meant: another spelling of somebody's, or a slip in a great provider's name.

Nobody is refused for it: both may exist, and only the people themselves know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PROVIDERS = ("gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com")
"""Where most private mail lives. Shorter names (aol.com, gmx.de) are one slip from too many that there are."""

_REAL = frozenset({"mail.com", "hotmail.co", "yahoo.co", "ahoo.com", "cloud.com"})
"""One slip from one of those, and somebody's."""


def bare(address: str) -> str:
    """The address without the dots and the +tag before its @, in small letters: the same for two spellings of one."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


class Spellings:
    """Which spellings may have come before, in 16 MB however many they are: a mark for each, in one of 16 million
    places. Two spellings may share a place, so that it suspects some that are alone, but misses none.
    """

    def __init__(self) -> None:
        self._places = bytearray(1 << 24)

    def again(self, spellings: Iterable[int]) -> list[int]:
        """Those that may have come before, of the hashes of `bare` addresses."""
        places, last, found = self._places, len(self._places) - 1, []
        for spelling in spellings:
            place = spelling & last
            if places[place]:
                found.append(spelling)
            else:
                places[place] = 1
        return found


def meant(address: str) -> str | None:
    """The provider that the domain of an address is one slip of the keyboard from; None for every other domain."""
    return _SLIPS.get(address.rpartition("@")[2].lower())


def _slips_of(name: str) -> Iterator[str]:
    """A sign left out, one typed twice, two in each other's place; and a slip in `.com`."""
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + name[at] + name[at:]
        yield name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
    for end in ("con", "vom", "xom", "cpm", "comm"):
        yield name.removesuffix("com") + end


_SLIPS = {
    slip: name for name in PROVIDERS for slip in _slips_of(name) if slip not in _REAL and slip not in PROVIDERS
}  # fmt: skip
