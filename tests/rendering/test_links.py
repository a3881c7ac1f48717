"""Links have codes; through our redirect or not, a message says the same, and its proof judges the targets."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering_samples import (
    BASE_URL,
    DAILY,
    DIGEST,
    DUST,
    ORGANISATION,
    PORTS,
    TEMPLATES,
    edition,
)

from newsletter.model import ClickMode, Edition, Level, Message, Newsletter, Story
from newsletter.rendering import render
from newsletter.rendering.links import CODE, LONGEST_TARGET, bare, collect, unfollowable
from newsletter.rendering.proof import links_to_ask, proof
from newsletter.rendering.proof.weight import weigh


def rendered(clicks: ClickMode, what: Edition | None = None, of: Newsletter = DAILY) -> Message:
    return render(
        what or edition(of=of), of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None, clicks=clicks
    )


def hrefs(html: str) -> list[str]:
    return re.findall(r'\shref="([^"]*)"', html)


class TestCodes:
    def test_are_short_lower_case_and_each_once(self) -> None:
        codes = [link.code for link in rendered("none").links]
        assert all(CODE.fullmatch(code) for code in codes)
        assert len(set(codes)) == len(codes) > 5

    def test_are_the_same_in_each_mode_and_variant(self) -> None:
        """A link is one link to its newsroom, whatever stands before it in a mail, and however it is counted."""
        both, one = rendered("none", edition(PORTS, DUST)), rendered("aggregate", edition(DUST))
        of_dust = [link.code for link in both.links if link.story == DUST.slug]
        assert [link.code for link in one.links if link.story == DUST.slug] == of_dust
        assert len(of_dust) >= 1

    def test_are_of_an_edition(self) -> None:
        """The same story in the digest is counted there."""
        daily, digest = rendered("none"), rendered("none", edition(of=DIGEST), DIGEST)
        assert not {link.code for link in daily.links} & {link.code for link in digest.links}

    def test_another_target_is_another_code(self) -> None:
        """Else a mail with the old one would lead where nobody meant."""

        def code_of(story: Story) -> str:
            return next(link.code for link in rendered("none", edition(story)).links if link.role == "story")

        assert code_of(DUST) != code_of(replace(DUST, url="https://harbor-millers.org/news/dust-rule-2"))


class TestThroughTheRedirect:
    @pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
    def test_every_link_of_the_web_goes_there(self, look: str) -> None:
        """Not those that write a mail, stay within it, or are the reader's own."""
        message = rendered("aggregate", of=replace(DAILY, template=look))
        links = [f"{BASE_URL}/r/{link.code}[[rq]]" for link in message.links if not link.url.startswith("mailto:")]
        others = [href for href in hrefs(message.html) if href not in links]
        assert [href for href in hrefs(message.html) if href in links] == links
        assert all(href.startswith(("mailto:", "#", "[[unsubscribe]]")) for href in others)

    @pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
    def test_the_bare_message_is_the_one_without(self, look: str) -> None:
        """What is previewed and proofed says byte for byte what it would say if nobody counted."""
        of = replace(DAILY, template=look)
        assert bare(rendered("aggregate", of=of)) == rendered("none", of=of).html == bare(rendered("none", of=of))

    def test_the_text_says_where_its_links_lead(self) -> None:
        """There the address is what readers read."""
        assert rendered("aggregate").text == rendered("none").text

    def test_links_keep_their_targets(self) -> None:
        assert rendered("aggregate").links == rendered("none").links

    def test_individual_clicks_are_the_esps_affair(self) -> None:
        assert rendered("individual").html == rendered("none").html

    def test_a_target_that_it_must_not_serve_stays(self) -> None:
        """A link through the redirect would be dead."""
        odd = "https://user@mills.org/"
        html, (link,) = collect(f'<a href="{odd}">x</a>', "daily/2026-05-04", through="https://n.example.org/r/")
        assert (html, link.url) == (f'<a href="{odd}">x</a>', odd)

    def test_an_address_of_several_lines_or_marks_is_found(self) -> None:
        tag = "<a class='on'\nhref='https://mills.org/?a=1&amp;b=2' data-link=\"story one news\">"
        html, (link,) = collect(tag, "daily/2026-05-04", through="https://n.example.org/r/")
        assert html == f"<a class='on'\nhref=\"https://n.example.org/r/{link.code}[[rq]]\">"
        assert (link.url, link.role, link.story) == ("https://mills.org/?a=1&b=2", "story", "one")


class TestTheProof:
    def test_judges_the_targets(self) -> None:
        """A wrong one is found, with the place to mend; a sound mail has nothing against it."""
        assert proof(rendered("aggregate"), edition(), DAILY, ORGANISATION, loopback=False, clicks="aggregate") == ()
        what = edition(replace(DUST, url="https://staging.harbor-millers.org/"))
        message = rendered("aggregate", what)
        (found,) = proof(message, what, DAILY, ORGANISATION, loopback=False, clicks="aggregate")
        assert (found.check, found.level, "staging.harbor-millers.org" in found.problem) == ("links", Level.STOP, True)

    def test_asks_the_targets(self) -> None:
        asked = links_to_ask(rendered("aggregate"), edition(), DAILY, ORGANISATION)
        assert asked == links_to_ask(rendered("none"), edition(), DAILY, ORGANISATION)
        assert not any("/r/" in url for url in asked)

    def test_the_redirects_token_belongs_to_the_end_of_its_link(self) -> None:
        """Anywhere else, or with a code that no link of the message has, it is a mistake."""
        message = rendered("aggregate")
        for wrong in ("<p>[[rq]]</p></body>", f'<a href="{BASE_URL}/r/aaaaaaaaaaaa[[rq]]">More of it</a></body>'):
            broken = replace(message, html=message.html.replace("</body>", wrong))
            checks = {each.check for each in proof(broken, edition(), DAILY, ORGANISATION, loopback=False)}
            assert "tokens" in checks

    def test_weighs_what_goes_out(self) -> None:
        message = rendered("aggregate")
        assert weigh(message, "aggregate").total == len(message.html.encode())
        plain = rendered("none")
        tracked = [link for link in plain.links if not link.url.startswith("mailto:")]
        expected = len(plain.html.encode()) + 350 * len(tracked)
        assert weigh(message, "individual").total == weigh(plain, "individual").total == expected


SOUND = (
    "https://mills.org",
    "http://mills.org:8080/a/b.html?x=1&y=%20#part",
    "HTTPS://MILLS.ORG/",
    "https://xn--mhle-0ra.example.org/",
    "https://192.0.2.7/",
    "https://[2001:db8::7]/",
    "https://mills.org/?next=https://other.example.org/",
    "https://mills.org/O'Hare",
)
UNSOUND = (
    "", "/", "//evil.example.org", "/\\evil.example.org", "https:evil.example.org", "https:///evil.example.org",
    "javascript:alert(1)", "JavaScript://mills.org/%0aalert(1)", "data:text/html,x", "vbscript:x", "ftp://mills.org/",
    "file:///etc/passwd", "mailto:ann@example.org", "https://mills.org\\@evil.example.org/",
    "https://mills.org@evil.example.org/", "https://a:b@evil.example.org/", "https://mills.org\r\nSet-Cookie: a=b",
    "https://mills.org/\nLocation: x", "https://mills.org/a b", "https://mills.org/\t", " https://mills.org/",
    "https://mills.org/\0", "https://mills.org/\x7f", "https://mühle.example.org/", "https://mills.org/ü",
    "https://mills\u3002org/", "https://ex%61mple.org/", "https://.org/", "https://-/", "https://a..b/",
    "https://mills.org:0/", "https://mills.org:99999/", "https://mills.org:x/", "https://[::1/", "https://[x]/",
    'https://mills.org/"><script>', "https://mills.org/<b>", f"https://mills.org/{'a' * LONGEST_TARGET}",
    f"https://{'a' * 250}.org/",
)  # fmt: skip


class TestTargets:
    @pytest.mark.parametrize("url", SOUND)
    def test_may_be_followed(self, url: str) -> None:
        assert unfollowable(url) == ""

    @pytest.mark.parametrize("url", UNSOUND)
    def test_may_not(self, url: str) -> None:
        """Whatever a browser, a proxy or a person could read in two ways."""
        assert unfollowable(url)

    @given(st.text(max_size=60))
    def test_whatever_it_is_it_is_an_address_of_the_web_or_none(self, words: str) -> None:
        """And nothing raises, nor takes long."""
        for url in (words, f"https://{words}", f"https://mills.org{words}", "https://" + "a" * 200 + words):
            if not unfollowable(url):
                assert re.fullmatch(r"(?i:https?)://[\x21-\x7e]+", url)
                assert not set(url) & set('\\"<> \r\n')
