"""CSS that clients drop, from the data that is shipped; and how that data is made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.errors import UsageError
from newsletter.rendering.markup import compile_mjml, inline
from newsletter.rendering.proof import caniemail
from newsletter.rendering.proof.clients import BARE, ENHANCEMENTS, GRACEFUL, lacking
from newsletter.rendering.proof.page import read

BARE_PAGE = """
<mjml><mj-head><mj-attributes><mj-all font-family="Arial, sans-serif" /></mj-attributes></mj-head>
<mj-body background-color="#eeeeee"><mj-wrapper>
<mj-section background-url="https://mills.org/a.png" background-size="cover" background-color="#ffffff">
<mj-column border-radius="3px">
<mj-text>Words</mj-text><mj-image src="https://mills.org/a.png" alt="A mill" width="100px" />
<mj-button href="https://mills.org/">Go there</mj-button><mj-divider /><mj-spacer />
<mj-table><tr><td>1</td></tr></mj-table></mj-column>
<mj-column><mj-social><mj-social-element name="facebook" href="https://mills.org/">Us</mj-social-element></mj-social>
</mj-column></mj-section></mj-wrapper></mj-body></mjml>
"""


def clients_of(css: str = "", style: str = "") -> dict[str, tuple[str, ...]]:
    html = f"<style>{css}</style><p style='{style}'>Words</p>"
    return {feature: clients for feature, (_, clients) in lacking(read(html)).items()}


class TestLacking:
    def test_a_bare_page_of_mjml(self) -> None:
        """What its usual components use is accepted by whoever uses MJML; this is that list, neither more nor less."""
        html = inline(compile_mjml(BARE_PAGE, template="bare", language="en", direction="ltr", title="Bare"))
        assert set(lacking(read(html))) == BARE

    @pytest.mark.parametrize(
        ("css", "style", "feature", "client"),
        [
            ("", "position:absolute", "css-position", "Gmail"),
            ("", "display:flex", "css-display-flex", "Outlook on Windows"),
            ("", "display:inline-flex", "css-display-flex", "Outlook on Windows"),
            ("", "width:calc(100% - 2px)", "css-unit-calc", "Outlook on Windows"),
            ("", "margin-left:max(1px, calc(2px + 3px))", "css-unit-calc", "Outlook on Windows"),
            ("", "color:var(--ink)", "css-variables", "Gmail"),
            ("", "left:3px", "css-left-right-top-bottom", "Gmail"),
            ("", "background:linear-gradient(red, blue)", "css-linear-gradient", "Outlook on Windows"),
            ("p:hover { color: red }", "", "css-pseudo-class-hover", "Outlook on Windows"),
            ("p::before { color: red }", "", "css-pseudo-element-before", "Gmail"),
            ("p > b { color: red }", "", "css-selector-child", "Outlook on Windows"),
            ("@font-face { font-family: x; src: url(x) }", "", "css-at-font-face", "Gmail"),
            ("@import url(x.css);", "", "css-at-import", "Gmail"),
            ("@supports (display: grid) { p { color: red } }", "", "css-at-supports", "Outlook on Windows"),
        ],
    )
    def test_is_found_wherever_it_stands(self, css: str, style: str, feature: str, client: str) -> None:
        assert client in clients_of(css, style)[feature]

    @pytest.mark.parametrize(
        ("css", "style"),
        [
            ("", "float:none;outline:none;cursor:auto"),
            ("", "color:red;font-size:16px;text-align:center;background-color:#ffffff"),
            ("", "nonsense:yes;-moz-x:1;mso-hide:all"),
            ("", "display:none;position"),
            ("p, b, .x { color: red }", ""),
        ],
    )
    def test_nothing_where_nothing_is_lost(self, css: str, style: str) -> None:
        """Values that take something back, what every client has, what nobody has tested."""
        assert clients_of(css, style) == {}

    def test_a_client_that_drops_the_rule_misses_nothing_in_it(self) -> None:
        """Outlook on Windows has no @media: what stands in one was never meant for it."""
        found = clients_of("@media (max-width: 600px) { p > b { color: red } }")
        assert found == {"css-at-media": ("Outlook on Windows", "Thunderbird")}

    def test_rules_for_outlook_com_count_as_such_only(self) -> None:
        assert set(clients_of("[data-ogsc] p > b { position: absolute }")) == {"css-selector-attribute"}

    def test_what_is_hidden_from_all_is_not_looked_at(self) -> None:
        assert lacking(read("<p style='display:none;max-height:0;overflow:hidden'>Words</p>")) == {}


class TestData:
    def test_it_says_when_whence_and_under_which_licence(self) -> None:
        """MIT asks that the notice stands in all copies."""
        data = json.loads(caniemail.FILE.read_text("utf-8"))
        assert data["date"] >= "2026-06-29"
        assert data["source"].startswith("https://www.caniemail.com/")
        assert data["licence"].startswith("MIT License. Copyright (c) 2019 Rémi Parmentier")
        assert len(data["features"]) > 180
        assert {len(letters) for letters in data["features"].values()} == {len(data["clients"])}
        assert set("".join(data["features"].values())) == set("yanu")

    def test_features_that_are_passed_over_exist(self) -> None:
        assert set(caniemail.tested().features) >= BARE | ENHANCEMENTS | GRACEFUL

    def test_made_of_the_site_s_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The newest version of each client counts; a note (`a #2`) does not."""
        stats = {
            "gmail": {"desktop-webmail": {"2019-08": "n", "2024-01": "y #1"}, "ios": {"2019-08": "a #1 #2"}},
            "outlook": {"windows": {"2007": "y", "2019": "n", "2016": "y"}, "macos": {"16.9": "n", "16.80": "y"}},
        }
        features = [{"slug": f"css-x-{n}", "category": "css", "stats": stats} for n in range(120)]
        features.append({"slug": "html-x", "category": "html", "stats": stats})
        site = {"last_update_date": "2026-10-05 10:00:00 +0000", "data": features}
        given, kept = tmp_path / "data.json", tmp_path / "caniemail.json"
        given.write_text(json.dumps(site), "utf-8")
        monkeypatch.setattr(caniemail, "FILE", kept)
        assert caniemail.main([str(given)]) == 0
        made = json.loads(kept.read_text("utf-8"))
        support = dict(zip(made["clients"], made["features"]["css-x-7"], strict=True))
        assert made["date"] == "2026-10-05"
        assert "html-x" not in made["features"]
        assert support["Gmail"] == "y"
        assert support["Gmail on iOS"] == "a"
        assert support["Outlook on Windows"] == "n"
        assert support["Outlook on macOS"] == "y"
        assert support["Thunderbird"] == "u"

    @pytest.mark.parametrize(
        "data", [{}, {"data": []}, {"last_update_date": "2026-01-01", "data": [{"slug": "x"}]}, []]
    )
    def test_not_the_site_s(self, data: object) -> None:
        with pytest.raises(UsageError):
            caniemail.compact(data)  # type: ignore[arg-type]

    def test_a_file_that_is_not_there_leaves_the_data_alone(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = caniemail.FILE.read_bytes()
        assert caniemail.main([str(tmp_path / "none.json")]) == 1
        assert caniemail.main([]) == 2
        assert "none.json" in capsys.readouterr().err
        assert caniemail.FILE.read_bytes() == before
