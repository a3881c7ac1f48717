"""One text of the corpus → another that is near it: cut, spliced, doubled, with lines in other places."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from importing_grammar import BORDERS

Mutation = Callable[[Random, str, str], str]

ODD = [
    *BORDERS,
    "\0",
    "\ufeff",
    "\u0301",
    "\ud800",
    "\u2029",
    "\x85",
    "\x0c",
    "\u200d",
    "ﬁ",
    "İ",
    "ß",
    "Ǆ",
    "中文",
    "ابج",
]


def cut(random: Random, text: str, _: str) -> str:
    start, end = places(random, text)
    return text[:start] + text[end:]


def keep(random: Random, text: str, _: str) -> str:
    start, end = places(random, text)
    return text[start:end]


def splice(random: Random, text: str, other: str) -> str:
    start, end = places(random, other)
    at = random.randint(0, len(text))
    return text[:at] + other[start:end] + text[at:]


def merge(random: Random, text: str, other: str) -> str:
    return text + random.choice(["", "\n", "\n\n", "\nView More\n"]) + other


def double(random: Random, text: str, _: str) -> str:
    start, end = places(random, text)
    return text[:end] + text[start:]


def swap_lines(random: Random, text: str, _: str) -> str:
    lines = text.split("\n")
    one, two = (random.randrange(len(lines)) for _ in range(2))
    lines[one], lines[two] = lines[two], lines[one]
    return "\n".join(lines)


def drop_blanks(random: Random, text: str, _: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip() or random.random() < 0.3)


def insert(random: Random, text: str, _: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(ODD) * random.choice([1, 1, 1, 2, 5]) + text[at:]


def replace_char(random: Random, text: str, _: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + chr(random.choice([random.randrange(0x250), random.randrange(0xD800)])) + text[at + 1 :]


def line_ends(random: Random, text: str, _: str) -> str:
    return text.replace("\n", random.choice(["\r\n", "\r", "\u2028", "\n\n", " ", "\n  ", "\n\t"]))


def indent(random: Random, text: str, _: str) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice(["  ", "\t", "\u00a0", "  • ", "      ◦ ", "**", "“"]) + lines[at]
    return "\n".join(lines)


def cases(random: Random, text: str, _: str) -> str:
    start, end = places(random, text)
    return text[:start] + random.choice([str.upper, str.lower, str.title, str.swapcase])(text[start:end]) + text[end:]


def garble(_: Random, text: str, __: str) -> str:
    return text.encode("utf-8", "replace").decode("cp1252", "replace")


MUTATIONS: tuple[Mutation, ...] = (
    cut, keep, splice, merge, double, swap_lines, drop_blanks, insert, insert, replace_char, line_ends, indent, cases,
    garble,
)  # fmt: skip


def places(random: Random, text: str) -> tuple[int, int]:
    one, two = random.randint(0, len(text)), random.randint(0, len(text))
    return min(one, two), max(one, two)


def mutated(random: Random, corpus: list[str]) -> str:
    """A text of the corpus after one to six mutations."""
    text = random.choice(corpus)
    for _ in range(random.randint(1, 6)):
        text = random.choice(MUTATIONS)(random, text, random.choice(corpus))
    return text[:20_000]
