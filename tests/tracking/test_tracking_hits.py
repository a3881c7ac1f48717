"""Whether a human followed a link: by the program's name, by what a browser says, by how many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tracking import judged, url_index
from newsletter.tracking.hits import AHEAD, BURST, LONGEST_AGENT, RULES, Following, without_person
from newsletter.tracking.scanners import agent_is_machine

AT = datetime(2026, 5, 4, 11, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0"

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

HUMANS = (
    FIREFOX,
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    f"{IPHONE} Mobile/22F76 [FBAN/FBIOS;FBAV/450.0.0;FBBV/1]",
    f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/137.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) {KIT} Chrome/120.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
    "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
    "Lynx/2.8.9rel.1 libwww-FM/2.14",
)
MACHINES = (
    "", "  ", "Mozilla/5.0", "curl/8.5.0", "python-requests/2.32.0", "Go-http-client/2.0", "Java/17.0.2",
    "Apache-HttpClient/4.5.13 (Java/11.0.9)", "okhttp/4.12.0", "Wget/1.21", "SomeApp/3 CFNetwork/1568.1 Darwin/24.0.0",
    "Barracuda Sentinel (EE)", "Mozilla/5.0 (compatible; Mimecast)", "Google-Safety",
    "Microsoft Office Existence Discovery",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; InfoPath.3; ms-office)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.24.1 A",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 (X11; Linux x86_64) {KIT} HeadlessChrome/125.0.0.0 Safari/537.36",
    "W3C-checklink/5.0.0", "LinkChecker/10.2",
)  # fmt: skip


@pytest.mark.parametrize("agent", HUMANS)
def test_browsers_are_humans(agent: str) -> None:
    assert agent_is_machine(agent) is None


@pytest.mark.parametrize("agent", MACHINES)
def test_what_says_that_it_is_a_machine_is_one(agent: str) -> None:
    assert agent_is_machine(agent)


def following(code: str, after_s: float = 0, *, visitor: str = "v", edition: int = 1, ahead: bool = False) -> Following:
    at = AT + timedelta(seconds=after_s)
    return Following(code=code, edition_id=edition, at=at, agent=FIREFOX, visitor=visitor, ahead=ahead)


def machines(*new: Following, around: tuple[Following, ...] = ()) -> list[bool]:
    return [hit.machine for hit in judged(new, around)]


class TestABurst:
    def test_is_three_links_of_an_edition_within_two_seconds(self) -> None:
        """All of it, the first too."""
        hits = judged([following("a"), following("b", 1), following("c", 2), following("d", 10)], ())
        assert [(hit.machine, hit.why) for hit in hits] == [(True, BURST)] * 3 + [(False, "")]
        assert {hit.rules for hit in hits} == {RULES}

    def test_is_not_slower(self) -> None:
        assert machines(following("a"), following("b", 1.1), following("c", 2.2)) == [False] * 3

    def test_is_not_one_link_again_and_again(self) -> None:
        """Somebody who is impatient is human."""
        assert machines(*[following("a", n / 4) for n in range(6)], following("b")) == [False] * 7

    def test_is_of_one_visitor_and_edition(self) -> None:
        """Many readers at the same moment are no burst; who cannot be told apart is none either."""
        codes = "abcd"
        assert machines(*[following(code, visitor=code) for code in codes]) == [False] * 4
        assert machines(*[following(code, edition=ord(code)) for code in codes]) == [False] * 4
        assert machines(*[following(code, visitor="") for code in codes]) == [False] * 4

    def test_is_seen_with_what_came_before_and_after(self) -> None:
        """What is written now was followed between what was written and what is not yet."""
        before, after = following("a"), following("c", 1)
        assert machines(following("b", 0.5), around=(before, after)) == [True]
        assert machines(following("b", 0.5), around=(before,)) == [False]

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 12)), max_size=12), st.data())
    def test_is_the_same_however_it_is_cut(self, visits: list[tuple[str, int]], data: st.DataObject) -> None:
        """Whether they are judged together, or some earlier than others."""
        every = sorted((following(code, half / 2) for code, half in visits), key=lambda each: each.at)
        cut = data.draw(st.integers(0, len(every)))
        first, second = every[:cut], every[cut:]
        parts = machines(*first, around=tuple(second)) + machines(*second, around=tuple(first))
        assert parts == machines(*every)


def test_what_a_browser_fetches_ahead_is_no_click() -> None:
    (hit,) = judged([following("a", ahead=True)], ())
    assert (hit.machine, hit.why) == (True, AHEAD)


class TestAgents:
    @pytest.mark.parametrize(
        ("agent", "kept"),
        [
            ("Mail for ann.roe@example.org/1.0", "Mail for …/1.0"),
            ("App (id 6f9619ff-8b86-d011-b42d-00cf4fc964ff)", "App (id …)"),
            ("Phone (IMEI 490154203237518)", "Phone (IMEI …)"),
            ("Proxy for 192.0.2.17 (x)", "Proxy for … (x)"),
            ("Chrome/120.0.0.0 Build/0123456789abcdef01", "Chrome/120.0.0.0 Build/…"),
            ("two\r\nlines\x00\ttabs", "two lines tabs"),
            (FIREFOX, FIREFOX),
        ],
    )
    def test_name_nobody(self, agent: str, kept: str) -> None:
        """Addresses, numbers of devices and of the network are taken out before anything is kept."""
        assert without_person(agent) == kept

    @given(st.text(max_size=2000))
    def test_are_short_and_in_one_line(self, agent: str) -> None:
        kept = without_person(agent)
        assert len(kept) <= LONGEST_AGENT
        assert kept.isprintable()
        assert without_person(kept) == kept


@pytest.mark.parametrize(
    ("raw", "index"),
    [
        ('{"url_offset": {"index": 2, "type": "html"}}', 2), ("{}", None), ("[]", None), ("not JSON", None),
        ('{"url_offset": 3}', None), ('{"url_offset": {"index": -1}}', None), ('{"url_offset": {"index": null}}', None),
    ],
)  # fmt: skip
def test_which_of_several_links_an_event_means(raw: str, index: int | None) -> None:
    assert url_index(raw) == index
