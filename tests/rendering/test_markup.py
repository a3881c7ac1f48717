"""MJML and premailer: each pinned option has a test that fails when it goes."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.rendering import components, markup
from newsletter.rendering.lines import LONGEST, fold, long_lines
from newsletter.rendering.markup import compile_mjml, inline


def mjml(content: str, head: str = "") -> str:
    return (
        f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body><mj-section><mj-column>\n{content}\n"
        "</mj-column></mj-section></mj-body></mjml>"
    )


def compiled(source: str, title: str = "Title") -> str:
    return compile_mjml(source, template="look.mjml.j2", language="en", direction="ltr", title=title)


def page(head: str, body: str = '<p class="a">x</p>') -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


class TestCompile:
    def test_language_direction_and_title_are_set(self) -> None:
        """On <html> and on the wrapper, for Gmail drops the first; the title's quotes and emoji come out whole."""
        html = compile_mjml(
            mjml("<mj-text>x</mj-text>"), template="t", language="he", direction="rtl", title='“A” "b" & <c> ❤️'
        )
        assert html.count('lang="he" dir="rtl"') == 2
        assert '<title>“A” "b" &amp; &lt;c&gt; ❤️</title>' in html
        assert 'aria-label="“A” &quot;b&quot; &amp; &lt;c&gt; ❤️"' in html

    def test_no_web_fonts(self) -> None:
        """fonts={}: the default links a font server wherever a text lacks a family."""
        html = compiled(mjml("<mj-text>x</mj-text>"))
        assert "fonts.googleapis" not in html
        assert "@import" not in html

    @pytest.mark.parametrize(
        "value", ["❤️", "a b", "हिन्दी", "👩‍👩‍👧", "e\u0301", "back\\slash", "soft\u00adhyphen", "two\nlines"]
    )
    def test_attributes_survive_the_debug_escape(self, value: str) -> None:
        r"""mjml-python prints attributes by Rust's debug escape (\u{fe0f}), unless they are references."""
        html = inline(compiled(mjml(f'<mj-image alt="{value}" src="https://mills.org/a.png" />')))
        assert "\\u{" not in html
        assert f'alt="{value.replace(chr(10), " ")}"' in html.replace("&nbsp;", "\u00a0").replace("&shy;", "\u00ad")

    def test_tokens_pass_through(self) -> None:
        """[[name]] stays as it is in text and in links, through both libraries."""
        html = inline(compiled(mjml('<mj-text><a href="https://mills.org/u/[[reader]]">[[reader]]</a></mj-text>')))
        assert 'href="https://mills.org/u/[[reader]]"' in html
        assert ">[[reader]]</a>" in html

    def test_reset_rules_are_not_copied_into_cells(self) -> None:
        """The compiler's own style is data-premailer="ignore"; else each cell carries border-collapse."""
        html = inline(compiled(mjml("<mj-text><p>x</p></mj-text>")))
        assert "<p>x</p>" in html
        assert "data-premailer" not in html
        assert html.count("mso-table-lspace") == 1

    def test_inline_styles_alone_are_inlined_and_removed(self) -> None:
        """`mj-style inline` means that; mjml-python leaves it undone, and premailer would take the others as well."""
        head = '<mj-style inline="inline">p { margin: 0 0 16px; }</mj-style><mj-style>em { color: #112233; }</mj-style>'
        html = " ".join(inline(compiled(mjml("<mj-text><p>x <em>y</em></p></mj-text>", head))).split())
        assert '<p style="margin:0 0 16px">x <em>y</em></p>' in html
        assert "p{margin" not in html
        assert "em{color:#112233;}" in html


class TestFaults:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("<mj-txt>x</mj-txt>", "<mj-txt> is not an MJML component (MJML 4.15); did you mean `mj-text`?"),
            ('<mj-text colour="#112233">x</mj-text>', "<mj-text> has no attribute `colour`; did you mean `color`?"),
            ('<mj-text color="bleu">x</mj-text>', 'color="bleu" on <mj-text>: a colour (#rrggbb) is expected'),
            (
                '<mj-text padding="10">x</mj-text>',
                'padding="10" on <mj-text>: one to four lengths (12px 0) is expected',
            ),
            ('<mj-text align="middle">x</mj-text>', "one of left, center, right, justify is expected"),
            ('<mj-divider border-width="thick" />', "a length (12px or 50%) is expected"),
            ("<mj-text>a <br> b</mj-text>", "Close each tag (<br/>)"),
            ("<mj-text>a < b</mj-text>", "write < as &lt;"),
            ("<mj-text>a &nbsp; b</mj-text>", "characters as numbers (&#160;)"),
            ("<mj-text><![CDATA[x]]></mj-text>", "CDATA cannot be compiled"),
            ("<mj-section></mj-section>", "<mj-section> stands in <mj-column>; it belongs in mj-body or mj-wrapper"),
            ("<p>x</p>", "<p> stands in <mj-column>, where only components may"),
            ("lost words", "the words “lost words” stand in <mj-column>, where they are lost"),
            ("<mj-text><mj-text>x</mj-text></mj-text>", "which holds HTML"),
            ('<mj-include path="x" />', "use Jinja's include"),
        ],
    )
    def test_faults_say_what_where_and_what_to_do(self, content: str, says: str) -> None:
        """mjml-python passes or drops all of these in silence, or raises without a place."""
        with pytest.raises(RenderError) as caught:
            compiled(mjml(content))
        assert says in str(caught.value)
        assert str(caught.value).startswith("look.mjml.j2, line 4 of the MJML made from it: ")

    @pytest.mark.parametrize(
        ("head", "says"),
        [
            ("<mj-html-attributes></mj-html-attributes>", "mjml-python does not know it"),
            ("<mj-preview>x</mj-preview>", "white text on white"),
            ('<mj-font name="X" href="https://mills.org/x" />', "no web fonts"),
            ("<mj-style>@import url(https://mills.org/x.css);</mj-style>", "@import asks a server"),
        ],
    )
    def test_what_mjml_has_but_a_mail_must_not(self, head: str, says: str) -> None:
        with pytest.raises(RenderError, match="line 2") as caught:
            compiled(mjml("<mj-text>x</mj-text>", head))
        assert says in str(caught.value)

    def test_what_only_the_compiler_refuses(self) -> None:
        """Its bare ValueError becomes a RenderError that names the template, with its cause."""
        with pytest.raises(RenderError, match=r"^look\.mjml\.j2: MJML cannot be compiled \(.+\)") as caught:
            compiled("<mj-head></mj-head>".replace("mj-head", "mj-all"))
        assert isinstance(caught.value.__cause__, ValueError)

    def test_nothing_outside_of_mjml(self) -> None:
        with pytest.raises(RenderError, match="<mj-body> stands in <nothing>; it belongs in mjml"):
            compiled("<mj-body></mj-body>")

    def test_every_component_of_the_list_is_known_to_the_compiler(self) -> None:
        """What the list allows, the compiler compiles: nothing of it is passed on as a tag."""
        for name, parents in components.PARENTS.items():
            if set(parents.split()) & {"mj-column"}:
                assert f"<{name}" not in compiled(mjml(f"<{name}></{name}>"))


class TestInline:
    def test_colours_keep_six_digits(self) -> None:
        """minimizeColorHash: cssutils would write #123, which older clients do not read in bgcolor."""
        html = inline(page("<style>td { background-color: #112233; }</style>", "<table><tr><td>x</td></tr></table>"))
        assert html.count("#112233") == 3

    def test_doctype_stays(self) -> None:
        """premailer drops one in small letters, and browsers fall back to quirks mode."""
        assert inline(page("")).startswith("<!DOCTYPE html>")

    def test_important_in_media_queries_stays(self) -> None:
        """strip_important=False, keep_style_tags=True: columns and dark mode live there."""
        rule = "@media (prefers-color-scheme: dark) { .a { color: #eeeeee !important; } }"
        html = inline(page(f"<style>{rule} p {{ color: #111111; }}</style>"))
        assert "@media (prefers-color-scheme:dark){.a{color:#eeeeee!important;}\n}" in html

    def test_classes_stay(self) -> None:
        """remove_classes=False: dark mode finds its elements by class."""
        assert 'class="a"' in inline(page("<style>.a { color: #111111; }</style>"))

    def test_classes_that_no_style_asks_for_go(self) -> None:
        """They were there for the rules that are inlined; in Outlook's comments too. A name in a kept rule stays."""
        html = page(
            "<style>.a .b { color: #111111; }</style>",
            '<p class="a c"><!--[if mso]><i class="c d"></i><![endif]--></p>',
        )
        assert '<p class="a"' in inline(html)
        assert "<i></i>" in inline(html)

    def test_words_that_look_like_attributes_stay(self) -> None:
        """Styles and classes are shortened in tags alone."""
        words = 'He wrote style="a; b" and class="c" there'
        assert f"{words}</p>" in inline(page("", f"<p>{words}</p>"))

    def test_outlooks_own_properties_stay(self) -> None:
        """disable_validation=True: cssutils knows no mso-…, and must not judge."""
        html = inline(page("<style>.a { mso-line-height-rule: exactly; color: #111111; }</style>"))
        assert 'style="mso-line-height-rule:exactly;color:#111111"' in html

    def test_picture_sizes_stay_numbers(self) -> None:
        """disable_basic_attributes: width: 100% in a style does not become width="100%", which Outlook obeys."""
        html = inline(
            page("<style>img { width: 100%; height: auto; }</style>", '<img width="536" height="300" alt="">')
        )
        assert 'width="536" height="300"' in html

    def test_floats_are_not_copied(self) -> None:
        """align_floating_images=False."""
        assert "align=" not in inline(page("<style>img { float: left; }</style>", '<img alt="" src="a.png">'))

    def test_links_are_left_alone(self) -> None:
        """disable_link_rewrites=True: an address, a token and a relative address stay what they are."""
        links = ("https://mills.org/u/[[reader]]", "https://mills.org/?a=1&amp;b=2", "x")
        body = "".join(f'<a href="{link}">a</a>' for link in links)
        assert body in inline(page("", body))

    def test_nothing_is_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """0 connections: neither @import (cssutils asks, even with allow_network=False) nor <link> nor a file."""
        asked: list[object] = []

        def count(*address: object, **_: object) -> None:
            asked.append(address)
            raise OSError

        monkeypatch.setattr(socket, "getaddrinfo", count)
        monkeypatch.setattr(socket, "create_connection", count)
        monkeypatch.setattr(socket.socket, "connect", count)
        style = "<style>@import url('http://127.0.0.1:9/a.css'); p { color: #111111; }</style>"
        link = '<link rel="stylesheet" href="http://127.0.0.1:9/b.css">'
        html = inline(page(f"{style}{link}"))
        assert asked == []
        assert 'style="color:#111111"' in html

    def test_each_option_is_stated(self) -> None:
        """Those that are premailer's default today are stated too: the next version's default may be another."""
        assert markup.PREMAILER == {
            "align_floating_images": False,
            "allow_loading_external_files": False,
            "allow_network": False,
            "disable_basic_attributes": ["width", "height"],
            "disable_link_rewrites": True,
            "disable_validation": True,
            "keep_style_tags": True,
            "remove_classes": False,
            "strip_important": False,
        }


class TestLines:
    def test_a_long_body_is_folded(self) -> None:
        """RFC 5322: 998 bytes a line; the compiler gives the whole body in one."""
        html = inline(compiled(mjml("<mj-text>" + "<p>word &amp; word</p>" * 300 + "wörd " * 900 + "</mj-text>")))
        assert long_lines(html) == []
        assert max(len(line.encode()) for line in html.split("\n")) < LONGEST

    def test_a_word_that_cannot_be_broken_is_told(self) -> None:
        assert long_lines("a\n" + "x" * 999) == [2]
        assert long_lines("a\n" + "ä" * 499) == []
        assert long_lines("ä" * 500) == [1]

    @given(
        st.lists(
            st.sampled_from(
                ["<p>", "</p>", "</td>", "<td class='a b' style=\"x: y\">", "</div>", "<!-- a  b c -->", "<br>", "</a>"]
            )
            | st.text("ab ä\u00a0&;", max_size=400)
        )
    )
    def test_folding_changes_white_space_only(self, pieces: list[str]) -> None:
        """The words, tags and no-break spaces are the same; nothing is added between inline blocks (</div>)."""
        html = "".join(pieces)
        folded = fold(html)
        assert folded.replace("\n", "").replace(" ", "") == html.replace(" ", "")
        assert "</div>\n" not in folded
        assert folded.count(" ") + folded.count("\n") >= html.count(" ")


def test_what_could_fetch_is_not_loaded() -> None:
    """premailer gets an empty module for `requests`: even an option gone wrong could ask nothing. Nobody else does."""
    script = (
        "import sys; from newsletter.rendering import markup; from premailer import premailer; "
        "print('requests' in sys.modules, hasattr(premailer.requests, 'get')); "
        "import requests; print(hasattr(requests, 'get'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
