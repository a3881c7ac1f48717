"""The proof works out colours and sizes by a small cascade of its own: the browser must find the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from browser_mails import AT, MailPage
from browser_visit import Scheme, Visit

from newsletter.rendering.proof.cascade import looks
from newsletter.rendering.proof.page import read

pytestmark = pytest.mark.browser

Shown = tuple[str, str, str, float]


def of_the_browser(visit: Visit) -> Counter[Shown]:
    return Counter((t["words"], t["ink"], t["paper"], round(t["size"], 1)) for t in visit.measure("texts"))


def of_the_proof(mail: MailPage, scheme: Scheme) -> dict[str, Counter[tuple[str, str, float]]]:
    """How each text is shown, by its words."""
    found: dict[str, Counter[tuple[str, str, float]]] = {}
    for element, look in looks(read(mail.message.html), scheme):
        if look.shown:
            for words in element.own:
                key = words.strip()[:60]  # as much as the browser tells
                paint = (look.text.over(look.behind).hex, look.behind.hex, round(look.size_px, 1))
                found.setdefault(key, Counter())[paint] += 1
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["daily", "friday", "hard"])
def test_each_text_has_the_browser_s_colours_and_size(
    name: str, scheme: Scheme, visit: Callable[..., Visit], mails: Mapping[str, MailPage]
) -> None:
    """Ink, paper and pixels of every text, light and dark."""
    mail = mails[name]
    shown = visit(1200, scheme=scheme, scripts=False, given=mail.page() | mail.pictures)
    shown.open(AT)
    ours = of_the_proof(mail, scheme)
    texts = of_the_browser(shown)
    assert sum(texts.values()) > 30
    assert {words: paint for words, *paint in texts if tuple(paint) not in ours.get(words, {})} == {}
