"""Contrast: worked out from inlined styles, attributes and style sheets, in light, dark, and where clients invert."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proof_samples import SETTINGS, TEMPLATE, found, rendered, sound, themed
from rendering_samples import edition

from newsletter.model import Finding, Level
from newsletter.rendering.proof.cascade import Look, looks
from newsletter.rendering.proof.colours import BLACK, WHITE, Colour, asked, contrast, read_colour
from newsletter.rendering.proof.page import read

shares = st.floats(0, 1)
colours = st.builds(Colour, shares, shares, shares)


class TestColours:
    @pytest.mark.parametrize(
        ("one", "other", "ratio"),
        [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54), ("red", "red", 1.0)],
    )
    def test_wcag_ratios(self, one: str, other: str, ratio: float) -> None:
        """#767676 is the lightest grey that passes on white, as WCAG's own examples have it."""
        first, second = read_colour(one), read_colour(other)
        assert first is not None
        assert second is not None
        assert round(contrast(first, second), 2) == ratio

    @given(colours, colours)
    def test_a_ratio_is_the_same_both_ways_and_from_1_to_21(self, one: Colour, other: Colour) -> None:
        assert contrast(one, other) == contrast(other, one)
        assert 1 <= contrast(one, other) <= 21.000001

    @given(colours)
    def test_inverting_twice_gives_it_back(self, colour: Colour) -> None:
        twice = colour.inverted().inverted()
        assert twice.red == pytest.approx(colour.red, abs=1e-6)
        assert twice.blue == pytest.approx(colour.blue, abs=1e-6)
        assert BLACK.inverted() == WHITE

    @pytest.mark.parametrize("text", ["inherit", "var(--x)", "oklch(1 0 0)", "#12", "", "currentcolor"])
    def test_what_is_no_colour(self, text: str) -> None:
        assert read_colour(text) is None

    @pytest.mark.parametrize(
        ("size", "bold", "ratio"),
        [
            (16, False, 4.5),
            (23.9, False, 4.5),
            (24, False, 3.0),
            (18.6, True, 4.5),
            (18.66, True, 3.0),
            (40, True, 3.0),
        ],
    )
    def test_large_text_may_be_fainter(self, size: float, bold: bool, ratio: float) -> None:
        assert asked(size, bold=bold) == ratio


def look(html: str, tag: str = "b", scheme: str = "light") -> Look:
    (shown,) = [shown for element, shown in looks(read(html), scheme) if element.tag == tag]  # type: ignore[arg-type]
    return shown


def seen(html: str, scheme: str = "light") -> tuple[str, str]:
    shown = look(html, scheme=scheme)
    return shown.text.hex, shown.behind.hex


class TestCascade:
    @pytest.mark.parametrize(
        ("html", "text", "behind"),
        [
            ("<b>x</b>", "#000000", "#ffffff"),
            ("<p style='color:red'><b>x</b></p>", "#ff0000", "#ffffff"),
            ("<p style='color:red'><b style='color:inherit'>x</b></p>", "#ff0000", "#ffffff"),
            ("<p style='color:red'><b style='color:nonsense'>x</b></p>", "#ff0000", "#ffffff"),
            ("<table bgcolor='#00ff00'><tr><td><b>x</b></td></tr></table>", "#000000", "#00ff00"),
            ("<table bgcolor='#00ff00' style='background:blue'><tr><td><b>x</b></table>", "#000000", "#0000ff"),
            ("<p style='background:url(a.png) no-repeat #0f0 center'><b>x</b></p>", "#000000", "#00ff00"),
            ("<p style='background:blue'><b style='background:none'>x</b></p>", "#000000", "#0000ff"),
            ("<p style='background:#000'><b style='background:rgba(255,255,255,.5)'>x</b></p>", "#000000", "#808080"),
            ("<font color='#ff0000'><b>x</b></font>", "#ff0000", "#ffffff"),
            ("<a href='https://mills.org/'><b>x</b></a>", "#0000ee", "#ffffff"),
            ("<a name='x'><b>x</b></a>", "#000000", "#ffffff"),
            ("<style>b { color: red } .x { color: blue }</style><b class='x'>x</b>", "#0000ff", "#ffffff"),
            ("<style>.x { color: blue } b { color: red }</style><b class='x'>x</b>", "#0000ff", "#ffffff"),
            ("<style>#y { color: lime } .x.z { color: blue }</style><b id='y' class='x z'>x</b>", "#00ff00", "#ffffff"),
            ("<style>b { color: red } b { color: blue }</style><b>x</b>", "#0000ff", "#ffffff"),
            ("<style>b { color: red }</style><b style='color:blue'>x</b>", "#0000ff", "#ffffff"),
            ("<style>b { color: red !important }</style><b style='color:blue'>x</b>", "#ff0000", "#ffffff"),
            ("<style>b { color: red !important }</style><b style='color:blue !important'>x</b>", "#0000ff", "#ffffff"),
            ("<style>p > b { color: red }</style><p><b>x</b></p>", "#ff0000", "#ffffff"),
            ("<style>p > b { color: red }</style><p><i><b>x</b></i></p>", "#000000", "#ffffff"),
            ("<style>p b { color: red }</style><p><i><b>x</b></i></p>", "#ff0000", "#ffffff"),
            ("<style>div p > i b { color: red }</style><div><p><u><i><b>x</b></i></u></p></div>", "#000000", "#ffffff"),
            ("<style>b:hover, b::after { color: red }</style><b>x</b>", "#000000", "#ffffff"),
            ("<style>i + b { color: red }</style><i>y</i><b>x</b>", "#000000", "#ffffff"),
            ("<style>b[class^=a], u { color: red }</style><b class='ab'>x</b>", "#ff0000", "#ffffff"),
            ("<style>* { color: red }</style><b>x</b>", "#ff0000", "#ffffff"),
            ("<style>b { color: red; }} b { color: blue }</style><b>x</b>", "#ff0000", "#ffffff"),
            ("<style>@media (max-width: 600px) { b { color: red } }</style><b>x</b>", "#000000", "#ffffff"),
            ("<style>@media screen and (min-width:1px) { b { color: red } }</style><b>x</b>", "#ff0000", "#ffffff"),
            ("<style>@media print { b { color: red } }</style><b>x</b>", "#000000", "#ffffff"),
            ("<style media='print'>b { color: red }</style><b>x</b>", "#000000", "#ffffff"),
            ("<style>@media print, screen { b { color: red } }</style><b>x</b>", "#ff0000", "#ffffff"),
            ("<style>@media (prefers-color-scheme: dark) { b { color: red } }</style><b>x</b>", "#000000", "#ffffff"),
            ("<style>[data-ogsc] b { color: red }</style><b>x</b>", "#000000", "#ffffff"),
        ],
    )  # fmt: skip
    def test_light(self, html: str, text: str, behind: str) -> None:
        assert seen(html) == (text, behind)

    def test_dark(self) -> None:
        """Only rules that are important reach what is inlined."""
        rules = "b { color: lime } p { background: black !important }"
        html = f"<style>@media (prefers-color-scheme: dark) {{ {rules} }}</style><p><b style='color:blue'>x</b></p>"
        assert seen(html, "dark") == ("#0000ff", "#000000")

    def test_outlook_s_marks(self) -> None:
        """[data-ogsc] stands on what Outlook.com has rewritten, or around it; it knows no prefers-color-scheme."""
        html = (
            "<style>[data-ogsc] b { color: lime !important } p[data-ogsb] { background: black }"
            "@media (prefers-color-scheme: dark) { b { color: red !important } }</style><p><b>x</b></p>"
        )
        shown = look(html, scheme="marked")
        assert (shown.text.hex, shown.behind.hex, shown.set_text, shown.set_behind) == (
            "#00ff00",
            "#000000",
            True,
            True,
        )

    @pytest.mark.parametrize(
        ("html", "size", "bold"),
        [
            ("<p><b>x</b></p>", 16, True),
            ("<p style='font-size:20px'><b style='font-weight:normal'>x</b></p>", 20, False),
            ("<p style='font-size:20px'><b style='font-size:1.5em; font-weight:600'>x</b></p>", 30, False),
            ("<p style='font-size:20px'><b style='font-size:80%; font-weight:700'>x</b></p>", 16, True),
            ("<p style='font-size:12pt'><b>x</b></p>", 16, True),
            ("<h1><b>x</b></h1>", 32, True),
            ("<h1 style='font-size:20px'><b>x</b></h1>", 20, True),
        ],
    )
    def test_sizes(self, html: str, size: float, bold: bool) -> None:
        shown = look(html)
        assert (shown.size_px, shown.bold) == (size, bold)

    def test_hidden(self) -> None:
        assert not look("<p style='display:none'><b>x</b></p>").shown
        assert not look("<style>p { display: none }</style><p><b>x</b></p>").shown


def told(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.check == "contrast"]


class TestFindings:
    def test_the_sound_mail_has_none(self) -> None:
        assert told(found(sound())) == []

    def test_a_pale_accent(self) -> None:
        """Named as the newsletter's file does, with the ratio, what to do and an example; once for each pair."""
        of = themed({"accent": "#8fa9b2"})
        message = rendered(edition(), of)
        wrong = told(found(message, of=of))
        assert {(finding.level, finding.where) for finding in wrong} == {(Level.STOP, SETTINGS)}
        beginnings = [finding.problem.partition(", 4.5")[0] for finding in wrong]
        assert "in light, accent on paper (#8fa9b2 on #fdfcfa) 2.4:1" in beginnings
        assert len(set(beginnings)) == len(beginnings)
        assert "choose a darker accent, as in “" in wrong[0].problem

    def test_a_dark_colour_that_is_too_dark(self) -> None:
        of = themed({"dark_muted": "#5a5b60"})
        (first, *_) = told(found(rendered(edition(), of), of=of))
        assert first.problem.startswith("in dark, dark_muted on dark_paper (#5a5b60 on #1d2125) 2.")
        assert "choose a lighter dark_muted" in first.problem

    def test_dark_rules_left_out_of_outlook_s(self) -> None:
        """What Outlook.com rewrites by itself is no fault of the mail: shown, not stopped."""
        html = sound().html.replace("[data-ogsc] .s, [data-ogsc] .s > table", "[data-ogsc] .nothing")
        wrong = told(found(replace(sound(), html=html)))
        assert {finding.level for finding in wrong} <= {Level.WARN}

    def test_inverted_by_a_client(self) -> None:
        """A pair that passes as it is, and not when a client turns light into dark."""
        plate = "<p style='color:#ffff00;background:#666666'>Yellow words</p></body>"
        wrong = told(found(replace(sound(), html=sound().html.replace("</body>", plate))))
        assert [(finding.level, finding.where) for finding in wrong] == [(Level.WARN, TEMPLATE)]
        assert "#ffff00 on #666666 (" in wrong[0].problem

    def test_large_text(self) -> None:
        """3:1 is enough for 24 px, or 18.66 px and bold."""
        for style, count in (("font-size:16px", 1), ("font-size:24px", 0), ("font-size:19px;font-weight:bold", 0)):
            plate = f"<p style='{style};color:#888888;background:#ffffff'>Grey words</p></body>"
            wrong = told(found(replace(sound(), html=sound().html.replace("</body>", plate))))
            assert len([finding for finding in wrong if finding.level is Level.STOP]) == count, style
