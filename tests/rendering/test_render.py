"""An edition becomes a message: golden mails, links, tokens, weight, what differs between two newsletters."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
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
    folders,
    story,
    text,
)

from newsletter.errors import ConfigError, ContentError
from newsletter.model import ClickMode, Edition, Image, Message, Newsletter, Organisation, Paragraph, Source, Span
from newsletter.rendering import TOKENS, render
from newsletter.rendering.proof import proof
from newsletter.rendering.proof.page import read
from newsletter.rendering.render import fingerprint
from newsletter.rendering.variants import Folders


def rendered(
    of: Newsletter = DAILY,
    what: Edition | None = None,
    organisation: Organisation = ORGANISATION,
    images: Folders | None = None,
    clicks: ClickMode = "none",
) -> Message:
    return render(
        what or edition(of=of), of, organisation, templates=TEMPLATES, base_url=BASE_URL, images=images, clicks=clicks
    )


class TestMessage:
    def test_the_same_arguments_give_the_same_bytes(self) -> None:
        """Freezing, testing and sending rely on it."""
        assert rendered() == rendered()

    def test_fingerprint_covers_all_four_parts(self) -> None:
        """A letter moved from one part to the next is another message."""
        prints = {
            fingerprint("a", "b", "c", "d"),
            fingerprint("ab", "", "c", "d"),
            fingerprint("a", "bc", "", "d"),
            fingerprint("a", "b", "cd", ""),
        }
        assert len(prints) == 4
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in prints)

    def test_links_are_numbered_in_the_order_of_the_html(self) -> None:
        message = rendered()
        assert [link.number for link in message.links] == list(range(1, len(message.links) + 1))
        places = [message.html.index(f'href="{link.url.replace("&", "&amp;")}"') for link in message.links]
        assert places == sorted(places)

    def test_links_know_what_they_are(self) -> None:
        """A source's link, one in the body, the way to the story's page; the frame's are furniture, of no story."""
        roles = [(link.role, link.story, link.section) for link in rendered().links]
        assert roles[:4] == [
            ("source", "ports-reopen", "policy-legal"),
            ("body", "ports-reopen", "policy-legal"),
            ("source", "ports-reopen", "policy-legal"),
            ("story", "ports-reopen", "policy-legal"),
        ]
        assert roles[-1] == ("furniture", None, None)

    def test_marks_of_the_templates_do_not_reach_readers(self) -> None:
        assert "data-link" not in rendered().html

    def test_a_readers_own_pages(self) -> None:
        """To leave and to choose, in both parts, by one token; nothing else differs for a reader."""
        message = rendered()
        for part in (message.html, message.text):
            assert re.findall(r"/(\w+)/\[\[(\w+)\]\]", part) == [("p", "reader"), ("u", "reader")]
            assert part.count("[[") == 2
        assert frozenset({"reader", "rq"}) == TOKENS

    def test_a_readers_own_pages_are_not_clicks(self) -> None:
        """Where the ESP leads links by its own servers, tokens would stand in its events: it is told to leave them."""
        seen, unseen = rendered(clicks="individual").html, rendered().html
        assert seen.count("clicktracking=off") == 2
        assert len(re.findall(r"<a clicktracking=off\s[^>]*/\[\[reader\]\]\"", seen)) == 2
        assert seen.replace(" clicktracking=off", "") == unseen

    def test_nothing_of_a_story_is_code(self) -> None:
        """Markup, Jinja and MJML in a story are words, in both parts."""
        nasty = "<script>alert(1)</script> {{ 7 * 7 }} {% raw %} <mj-text> &lt; &amp;amp; ]]> <!-- x"
        what = edition(story("nasty", nasty, "news", Paragraph(spans=text(nasty), run_in=nasty), byline=nasty))
        message = rendered(what=what)
        assert "<script" not in message.html
        assert read(message.html).visible.count(nasty) == 4
        assert message.text.replace("\n", " ").count(nasty) == 4
        assert [f for f in proof(message, what, DAILY, ORGANISATION, loopback=False) if f.check != "subject"] == []

    @settings(max_examples=settings.default.max_examples // 2)
    @given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60))
    def test_any_words_come_out_as_they_are(self, words: str) -> None:
        """In HTML (text, alt, title) and in plain text; no text of a story makes rendering fail."""
        squeezed = " ".join(words.split())
        what = edition(
            story(
                "any",
                "Headline",
                "news",
                Paragraph(spans=text(words)),
                image=Image(src="https://mills.org/a.png", alt=words, width=10, height=10),
            ),
            subject=words,
        )
        message = rendered(what=what)
        page = read(message.html)
        assert squeezed in page.visible
        assert next(page.all("img")).attributes["alt"].split() == words.split()
        assert next(page.all("title")).text == squeezed
        assert words.split() == [] or set(words.split(" ")) - {""} <= set(message.text.replace("\n", " ").split(" "))


class TestLook:
    def test_one_story_needs_no_contents(self) -> None:
        message = rendered(what=edition(DUST))
        assert "In this edition" not in message.html
        assert "1 story · " in read(message.html).visible
        assert "IN THIS EDITION" not in message.text

    def test_a_section_without_stories_has_no_head(self) -> None:
        message = rendered(what=edition(DUST))
        assert "Workforce" not in message.html
        assert "WORKFORCE" not in message.text

    def test_newsletters_share_the_look_and_differ_in_theme(self) -> None:
        """Another masthead, another accent; the names that the file leaves out are the house's."""
        daily, digest = rendered(DAILY).html, rendered(DIGEST).html
        assert "#5b2a1a" in digest
        assert "#5b2a1a" not in daily
        assert 'class="band"' in digest
        assert 'class="band"' not in daily
        assert "#fdfcfa" in daily
        assert "#fdfcfa" in digest

    def test_a_cited_source_is_linked_where_it_is_named(self) -> None:
        assert "(The Alder Ledger</a>" not in rendered().html
        assert re.search(r'\(<a\s[^>]*ports-deal"[^>]*>The\s+Alder\s+Ledger</a>,\s+subscription\)', rendered().html)

    def test_a_source_that_no_text_names_gets_a_line(self) -> None:
        message = rendered()
        assert re.search(r">Source:\s+<a\s[^>]*quaywire[^>]*>Quay\s+Wire</a>", message.html)
        assert "Source: Quay Wire [3]" in message.text

    def test_the_editors_own_link_on_a_source_stays(self) -> None:
        url = "https://mills.org/a"
        what = edition(
            story(
                "own",
                "Own Link",
                "news",
                Paragraph(spans=(Span(text="As the "), Span(text="Wire", href=url), Span(text=" and the Wire said."))),
                sources=(Source(outlet="Wire", url=url),),
            )
        )
        assert rendered(what=what).html.count(url) == 1

    def test_pictures_are_ours_or_of_the_web_and_sized(self) -> None:
        """Local ones under base_url/images; never wider than the column, the height in proportion (675 × 536/1200)."""
        html = rendered().html
        image = next(read(html).all("img")).attributes
        assert image["src"] == f"{BASE_URL}/images/port.jpg"
        assert (image["width"], image["height"]) == ("536", "302")

    def test_a_small_picture_is_not_blown_up(self) -> None:
        small = replace(PORTS, image=Image(src="https://mills.org/a.png", alt="A", width=200, height=100))
        image = next(read(rendered(what=edition(small)).html).all("img")).attributes
        assert (image["width"], image["height"]) == ("200", "100")
        assert "max-width:200px" in image["style"]

    def test_the_voice_is_set_apart_with_all_that_stands_under_it(self) -> None:
        html = " ".join(rendered().html.split())
        start = html.index('class="box"')
        voice = html[start : html.index("</table>", start)]
        assert "The AHM says:" in voice
        assert "We thank both sides" in voice
        assert "The big picture" not in voice
        assert "| The AHM says:" in rendered().text

    def test_a_head_that_ends_in_a_mark_gets_no_colon(self) -> None:
        assert "However …</strong> spare parts" in " ".join(rendered().html.split())

    def test_the_way_on_names_its_story(self) -> None:
        links = [link.text for link in read(rendered().html).all("a")]
        assert "View more: House Panel Delays Dust Rule Until Fall" in links

    def test_each_colour_has_its_dark_variant(self) -> None:
        """By the media query, and for Outlook.com, which marks what it rewrites with data-ogsc."""
        html = rendered().html
        for colour in ("#84c4d9", "#e4e1da", "#a6abb0", "#3b4147", "#1d2125", "#14171a", "#262d32"):
            assert html.count(colour) >= 2, colour
        assert '<meta name="color-scheme" content="light dark">' in " ".join(html.split())

    def test_no_pure_black_or_white(self) -> None:
        """Clients that force dark mode turn those into their opposite."""
        assert not re.search(r"#(?:000|fff)(?:000|fff)?\b|\b(?:black|white)\b(?!-)", rendered().html, re.IGNORECASE)

    def test_style_dropped_leaves_everything_in_order(self) -> None:
        """Gmail may drop <style>: colours, sizes and fonts stand in the elements."""
        page = read(re.sub("<style.*?</style>", "", rendered().html, flags=re.DOTALL))
        for heading in page.all("h1", "h2", "h3"):
            assert "font-size" in heading.attributes["style"]
        for link in page.all("a"):
            assert "color" in link.attributes["style"]
            assert "underline" in link.attributes["style"]

    def test_links_that_stand_alone_are_44_px_high(self) -> None:
        """A finger's width: the padding above and below and the line, 16 × 1.6 and 14 × 1.6 px (WCAG 2.5.5)."""
        heights = {"View more": 16 * 1.6, "Unsubscribe": 14 * 1.6, ORGANISATION.name: 14 * 1.6}
        for words, line in heights.items():
            for link in (link for link in read(rendered().html).all("a") if link.text.startswith(words)):
                padding = re.search(r"padding:(\d+)(?:px)? \d+(?:px)?(?: (\d+)px)?", link.attributes["style"])
                assert padding, link
                assert int(padding[1]) + int(padding[2] or padding[1]) + line >= 44

    def test_plain_text_lines_are_short_and_links_whole(self) -> None:
        lines = rendered().text.split("\n")
        assert all(len(line) <= 78 for line in lines if "://" not in line)
        assert [line for line in lines if "://" in line and not re.fullmatch(r"(?:\[\d+\] )?https?://\S+", line)] == []
        assert "\n\n\n\n" not in rendered().text


class TestFaults:
    def test_a_picture_that_is_not_there_is_the_editors(self, tmp_path: Path) -> None:
        with pytest.raises(ContentError, match=r"content/stories/2026-05-04-ports-reopen\.md:6: there is no picture"):
            rendered(images=folders(tmp_path))

    @pytest.mark.parametrize(
        ("theme", "says"),
        [
            ({"acent": "#112233"}, "theme.acent: there is no such name; did you mean accent?"),
            ({"accent": "bleu"}, "theme.accent: 'bleu' is not a colour; write it as #rrggbb"),
            ({"accent": "#112233; } body { x: y"}, "is not a colour"),
            ({"head_font": "Georgia"}, "theme.head_font: 'Georgia' is not a list of families"),
            ({"head_font": 'x"; } serif'}, "is not a list of families"),
            ({"masthead": "tower"}, "theme.masthead: 'tower' is none of plate, band"),
        ],
    )
    def test_a_theme_that_cannot_be_used_names_its_file(self, theme: dict[str, str], says: str) -> None:
        with pytest.raises(ConfigError) as caught:
            rendered(replace(DAILY, theme=theme))
        assert says in str(caught.value)
        assert str(caught.value).startswith("content/newsletters/daily.toml: ")

    def test_all_faults_of_a_theme_are_told_at_once(self) -> None:
        with pytest.raises(ConfigError, match=r"(?s)accent.*\n.*ink"):
            rendered(replace(DAILY, theme={"accent": "x", "ink": "y"}))


def test_markup_is_balanced() -> None:
    """Each element that is opened is closed, in its order: clients mend the rest each in their own way."""

    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "img", "br"}:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    balance = Balance()
    balance.feed(rendered().html)
    assert balance.open == []
