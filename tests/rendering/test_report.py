"""The report in its forms: the mail (golden, proofed in every look), the text, numbers as a language writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering_samples import ALERT, BASE_URL, DAILY, DIGEST, MAGAZINE, ORGANISATION, TEMPLATES, edition
from report_samples import MORNING, REPORT, SEND, START, report

from newsletter.errors import RenderError
from newsletter.model import EditionReport, Finding, Message, Newsletter, Rate, Readers
from newsletter.rendering import catalogue, render
from newsletter.rendering.report_blocks import length
from newsletter.rendering.report_mail import report_mail
from newsletter.rendering.report_text import report_lines
from newsletter.rendering.report_trend import trend_lines
from newsletter.rendering.report_view import report_view
from newsletter.rendering.report_wording import Words
from newsletter.rendering.templates import looks

PAGE = f"{BASE_URL}/desk/report/AQQAAAAA"
ENGLISH = Words("en", catalogue.ENGLISH)


def mail(of: Newsletter = DAILY, found: EditionReport = REPORT) -> tuple[Message, tuple[Finding, ...]]:
    return report_mail(
        found, of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, page=PAGE, loopback=False
    )  # fmt: skip


def lines(found: EditionReport = REPORT) -> str:
    return report_lines(report_view(found, DAILY, TEMPLATES))


def test_html(golden: Callable[[str, str], None]) -> None:
    """`make golden` writes it anew: look at it in a browser first."""
    golden("report.html", mail()[0].html)


def test_text(golden: Callable[[str, str], None]) -> None:
    golden("report.txt", mail()[0].text)


def test_the_numbers_that_come_first() -> None:
    """Shares of what was seen; of what readers did how many did it, with the share beside it: a number is short."""
    first = report_view(report(opens=None), DAILY, TEMPLATES).figures
    assert [(figure.label, figure.number) for figure in first] == [
        ("Delivered", "97.2%"), ("Clicks", "305"), ("Unsubscribed", "12"), ("Marked as spam", "2"),
    ]  # fmt: skip
    assert first[1].beside == "12.5 for 100 copies, usually 11.8 for 100 copies"


EMPTY = EditionReport(
    send=replace(SEND, state="pending", candidates=0, accepted=0, excluded={}, facts={}, started_at=None),
    subject="", as_of=MORNING, waiting=0, deferred=0,
)  # fmt: skip
WORST = report(
    send={"state": "paused", "candidates": 2600, "in_doubt": 60, "pending": 37, "sent_twice": 4,
          "facts": {**SEND.facts, "bounced": 300, "complained": 9, "dropped": 2}},
    followers=Readers(human=1, raw=1, whole=2431), corrections=(replace(SEND, kind="correction"),),
)  # fmt: skip
"""2,500 + 3 + 60 + 37 = 2,600."""


@pytest.mark.parametrize("of", [DAILY, DIGEST, MAGAZINE, ALERT, replace(DAILY, direction="rtl")],
                         ids=["plate", "band", "magazine", "alert", "rtl"])  # fmt: skip
@pytest.mark.parametrize("found", [REPORT, EMPTY, WORST], ids=["usual", "empty", "worst"])
def test_the_proof_finds_nothing(of: Newsletter, found: EditionReport) -> None:
    """In each newsletter's colours, from either side, with everything in it and with nothing: as of any edition."""
    assert mail(of, found)[1] == ()


def test_the_proof_would_find_a_word_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers are what the proof looks for in both parts, so it can fail."""
    monkeypatch.setattr("newsletter.rendering.report_mail.report_lines", lambda _: "nothing")
    assert any(finding.check == "plain-text" for finding in mail()[1])


def test_it_is_no_look_of_a_newsletter() -> None:
    """A newsletter that names it is told which there are."""
    assert "report" not in looks(TEMPLATES / "email")
    with pytest.raises(RenderError, match="it is the report to editors"):
        render(
            edition(), replace(DAILY, template="report"), ORGANISATION,
            templates=TEMPLATES, base_url=BASE_URL, images=None,
        )  # fmt: skip


@pytest.mark.parametrize("found", [REPORT, EMPTY, WORST], ids=["usual", "empty", "worst"])
def test_lines_fit_a_terminal_of_80_columns(found: EditionReport) -> None:
    assert max(map(len, lines(found).splitlines())) <= 78


@pytest.mark.parametrize(("changes", "words"), [
    ({"send": {"sent_twice": 4}}, "! 4 readers got it twice"),
    ({"send": {"facts": {}}, "opens": None}, "! No event has come of it yet"),
    ({"send": {"facts": {**SEND.facts, "complained": 3}}}, "! Complaints: 3 of 2,431 delivered, 0.12%. Mailbox"),
    ({"send": {"facts": {**SEND.facts, "complained": 8}}}, "! Complaints: 8 of 2,431 delivered, 0.33%. From 0.3%"),
    ({"send": {"facts": {"delivered": 500, "complained": 2}}}, "* Complaints: 2 of 500 delivered. That is over 0.1%"),
    ({"send": {"facts": {**SEND.facts, "bounced": 126}}}, "! More than 5% bounced"),
    ({}, "* Delivered: 97.2%, lower than in each of the last 10 editions (98.1% to\n  99.0%)."),
    ({}, "* Bounced: 1.52%, higher than in each of the last 10 editions"),
    ({"send": {"state": "cancelled"}}, "! The send was cancelled"),
])  # fmt: skip
def test_what_must_not_be_overlooked_comes_first(changes: dict[str, Any], words: str) -> None:
    """Before the blocks; 126 of 2,500 are 5.04 %."""
    text = lines(report(**changes))
    assert words in text.partition("Whom it went to")[0]


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert not [line for line in lines(report(usual={})).splitlines() if line.startswith(("!", "*"))]


def test_what_is_not_seen_has_no_line() -> None:
    """Opens off and clicks none: no such rows, not zeros."""
    text = lines(report(opens=None, clicks=None))
    assert "Opened" not in text
    assert "Clicks" not in text


def test_it_says_what_is_open_and_until_when_it_grows() -> None:
    """22 of 2,500; after three days nothing more is to be expected."""
    assert "Of 22 copies no event has told yet what became of them. These numbers will" in lines()
    late = lines(report(as_of=START + timedelta(days=4)))
    assert "Of 22 copies" in late
    assert "will grow" not in late.replace("\n", " ")


@given(st.integers(1, 10**9), st.data())
def test_a_share_is_never_rounded_to_all_or_to_none(whole: int, data: st.DataObject) -> None:
    """999,999 of 1,000,000 is not 100 %, 1 of 1,000,000 is not 0 %; all and none say so."""
    count = data.draw(st.integers(0, whole))
    said = ENGLISH.share(count / whole)
    assert ("100" in said) is (count == whole)
    assert (said == "0.00%") is (count == 0)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_bar_is_whole_for_all_alone(count: int, whole: int) -> None:
    """1,000 for all, nothing for none, and something for anything."""
    drawn = length(min(count, whole), whole)
    assert 0 <= drawn <= 1000
    assert (drawn == 1000) is (count >= whole > 0)
    assert (drawn == 0) is (min(count, whole) == 0)


@pytest.mark.parametrize(("language", "number", "share"), [
    ("en", "2,431", "9.12%"), ("de", "2.431", "9,12\u00a0%"), ("fr", "2\u00a0431", "9,12\u00a0%"),
    ("pt-BR", "2.431", "9,12%"),
])  # fmt: skip
def test_numbers_are_written_as_the_language_does(language: str, number: str, share: str) -> None:
    words = Words(language, catalogue.ENGLISH)
    assert (words.number(2431), words.share(0.0912)) == (number, share)


def test_a_rate_says_what_it_is_of() -> None:
    assert ENGLISH.of(Rate(count=12, whole=2431, of="delivered")) == "12 of 2,431 delivered"


def test_the_trend() -> None:
    """A line for each edition, newest first; clicks for a hundred copies; no column for what was seen of none."""
    older = report(send={"edition": "daily/2026-05-01", "facts": {"delivered": 2500}}, opens=None)
    assert (
        trend_lines([REPORT, older], DAILY, TEMPLATES)
        == """\
edition           accepted  delivered  opened  clicks/100   left   spam
daily/2026-05-04     2,500      97.2%   34.4%        12.5  0.49%  0.08%
daily/2026-05-01     2,500     100.0%       -        12.5  0.00%  0.00%
"""
    )
    assert "opened" not in trend_lines([older], DAILY, TEMPLATES)
    assert trend_lines([], DAILY, TEMPLATES) == "no edition of daily has gone out yet\n"
    assert "clicks" not in trend_lines([replace(older, clicks=None)], DAILY, TEMPLATES)
