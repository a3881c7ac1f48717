"""Letters to single readers: rendered as editions are, without what only editions have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Literal, get_args

import pytest
from rendering_samples import BASE_URL, DAILY, ORGANISATION, TEMPLATES

from newsletter.model import Logo, Message, Newsletter
from newsletter.rendering.letters import LetterWords, letter

Kind = Literal["confirm", "already", "access", "address"]
LINK = "https://news.example.org/c/AQIAAAAAAAAAAQAAAAEAAAABuxhHB-un8olNcCsaSz10sQ"


def written(kind: Kind = "confirm", newsletter: Newsletter = DAILY, hours: int = 168) -> Message:
    words = LetterWords(kind=kind, link=LINK, valid_hours=hours)
    return letter(words, newsletter, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_golden(kind: Kind, golden: Callable[[str, str], None]) -> None:
    """Plain text of each kind; the HTML of one, whose frame they share."""
    golden(f"letter-{kind}.txt", written(kind).text)
    if kind == "confirm":
        golden("letter.html", written(kind).html)


def test_one_link_and_who_sends_it() -> None:
    """The button, and the way home: nothing else to press; no token that the mail service would have to fill in."""
    message = written()
    pressed = re.findall(r'<a\b[^>]*\bhref="([^"]*)"', message.html)
    assert [unescape(url) for url in pressed] == [LINK, ORGANISATION.url]
    assert message.links == (), "nobody counts them"
    assert "[[" not in message.html + message.text
    html = " ".join(message.html.split())
    assert all(line in html for line in ("14 Quay Street, Suite 300", ORGANISATION.name))
    assert max(map(len, message.text.replace(LINK, "").splitlines())) <= 78


@pytest.mark.parametrize(("hours", "words"), [
    (1, "works for 1 hour."), (2, "works for 2 hours."), (47, "works for 47 hours."), (48, "works for 2 days."),
    (168, "works for 7 days."),
])  # fmt: skip
def test_how_long_it_works(hours: int, words: str) -> None:
    """In hours up to two days, in both parts."""
    message = written(hours=hours)
    assert words in " ".join(message.html.split())
    assert words in message.text


def test_a_title_is_text() -> None:
    """It may hold what is a mark in HTML; the subject and the plain text have it as it is."""
    message = written(newsletter=replace(DAILY, title='Makers & "Growers" <b>'))
    assert message.subject == 'Please confirm that you want Makers & "Growers" <b>'
    assert "Makers &amp; " in message.html
    assert "<b>" not in message.html
    assert 'MAKERS & "GROWERS" <B>' in message.text


def test_a_newsletter_with_a_band_and_a_logo() -> None:
    """Its own look: theme and logo are those of its editions."""
    of = replace(
        DAILY, theme={"masthead": "band", "band": "#6b3319"},
        logo=Logo(src="https://amg.example.org/logo.png", alt="AMG", width=120, height=40),
    )  # fmt: skip
    message = written(newsletter=of)
    assert "#6b3319" in message.html
    assert "https://amg.example.org/logo.png" in message.html
