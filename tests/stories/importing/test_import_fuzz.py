"""Damaged documents: the cases of all fixtures, bytes and parts changed by chance, are read or refused in words."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator

import pytest
from importing_samples import AMG
from test_import_format_fixtures import CASE, NAMES, files
from word_samples import packed, word_file

from newsletter.errors import ContentError
from newsletter.stories.importing import import_file

ROUNDS = 12
"""Damages of each case; each has its own seed, so that a failure comes again."""

SNIPPETS = [
    *(
        b"<",
        b">",
        b"&",
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"<p>",
        b"</p>",
        b"<table>",
        b"<!--",
        b"]]>",
        b"<![if",
        b"\r",
    ),
    *(b"<b style='font-weight:bold'>", b'<a href="http://[">', b"<li value=99999999999>", b"**", b"[x]: y", b"---\n"),
    *(
        b"<w:p>",
        b"</w:p>",
        b"<w:tbl>",
        b'w:val="x"',
        b"<mc:AlternateContent>",
        b"\xe2\x80\xae",
        b"\xf0\x9f\x91\xa8\xe2\x80\x8d",
    ),
]


def corpus() -> Iterator[object]:
    for kind, path in files():
        for case in CASE.finditer(path.read_text(encoding="utf-8")):
            yield pytest.param(kind, case["text"], id=f"{kind}: {case['title']}")


def damaged(raw: bytes, chance: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at:at] = chance.choice(SNIPPETS)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                data[at:at] = data[max(0, at - chance.randint(1, 200)) : at]
    return bytes(data)


def damaged_word(text: str, chance: random.Random) -> bytes:
    """A Word file with one of its parts damaged, or the archive itself."""
    raw = word_file(text)
    if chance.random() < 0.3:
        return damaged(raw, chance)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(parts))
    if chance.random() < 0.5:
        parts[name] = swapped(parts[name], chance)
    else:
        parts[name] = damaged(parts[name], chance)
    return packed(parts)


def swapped(xml: bytes, chance: random.Random) -> bytes:
    """The XML with an element or a value in another's place, so that it is still XML, of another document."""
    pieces = re.split(rb"(<[^>]*>)", xml)
    tags = [at for at, piece in enumerate(pieces) if piece.startswith(b"<w:") and piece.endswith(b"/>")]
    if len(tags) >= 2:
        one, other = chance.sample(tags, 2)
        pieces[one], pieces[other] = pieces[other], pieces[one]
    return re.sub(rb'"\d+"', lambda _: chance.choice((b'"x"', b'"-1"', b'"999"', b'""')), b"".join(pieces), count=1)


@pytest.mark.parametrize(("kind", "text"), list(corpus()))
def test_a_damaged_document_is_read_or_refused_in_words(kind: str, text: str) -> None:
    """Whatever the bytes, nobody sees a traceback."""
    for seed in range(ROUNDS):
        chance = random.Random(f"{text}{seed}")
        raw = damaged_word(text, chance) if kind == "word" else damaged(text.encode(), chance)
        assert outcome(raw, NAMES[kind])


def outcome(raw: bytes, name: str) -> bool:
    """Whether the import gave a story, or a refusal that names the file."""
    try:
        return len(import_file(raw, AMG, shown=name).stories) > 0
    except ContentError as error:
        return str(error).startswith(name)
