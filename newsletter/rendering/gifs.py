"""GIF files, block by block (GIF89a, sections 18 to 26): Pillow would have to write their frames anew."""

from __future__ import annotations


def without_remarks(gif: bytes) -> bytes:
    """A GIF without comments and foreign data; its frames and their loop are as they were.

    Raises ValueError or IndexError where its blocks are none, or do not come to an end.
    """
    flags = gif[10]
    at = 13 + _table(flags)
    kept = [gif[:at]]
    while at < len(gif) and gif[at] != 0x3B:
        end = _block_end(gif, at)
        remark = gif[at] == 0x21 and (
            gif[at + 1] in {0xFE, 0x01} or (gif[at + 1] == 0xFF and gif[at + 3 : at + 14] != b"NETSCAPE2.0")
        )
        kept += [] if remark else [gif[at:end]]
        at = end
    return b"".join([*kept, b"\x3b"])


def _table(flags: int) -> int:
    """Bytes of a colour table, by the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _block_end(gif: bytes, at: int) -> int:
    if gif[at] == 0x2C:
        at += 10 + _table(gif[at + 9]) + 1
    elif gif[at] == 0x21:
        at += 2
    else:
        raise ValueError("no block of a GIF begins here")
    while gif[at]:
        at += 1 + gif[at]
    return at + 1
