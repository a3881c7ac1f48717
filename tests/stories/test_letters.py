"""Characters that no text of a mail may hold, and those that look as odd and are letters."""

from __future__ import annotations

import pytest

from newsletter.model.letters import unfit


@pytest.mark.parametrize("text", [
    "Price rises 5\u00a0% in a year",
    "\u00ab\u202fPorts\u202f\u00bb\u00a0?",
    "The family \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466, \u2764\ufe0f",
    "\u0646\u06cc\u0645\u200c\u0641\u0627\u0635\u0644\u0647",  # Persian, with the joiner that its spelling asks for
    "\u0915\u094d\u200d\u0937",
    "soft\u00adhyphen",
    "\u200fA mark of one letter's direction\u200e",
    "in \u2068one \u2067of\u2069 two\u2069, \u202bor\u202c so",
])  # fmt: skip
def test_letters_like_others(text: str) -> None:
    assert unfit(text) is None


@pytest.mark.parametrize(("text", "named"), [
    ("two\nlines", "U+000A"),
    ("two\u2028lines", "U+2028"),
    ("a\x07b", "U+0007"),
    ("\u202eoverride", "U+202E"),
    ("an \u202doverride\u202c that ends", "U+202D"),
    ("a \u2067piece", "U+2067"),
    ("a \u2067piece that ends in another's mark\u202c", "U+2067"),
    ("\u202b\u2067inner open\u202c", "U+2067"),
])  # fmt: skip
def test_what_breaks_a_line_or_turns_it(text: str, named: str) -> None:
    assert unfit(text) == named
