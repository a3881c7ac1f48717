"""A message as clients show it: media queries answered, styles dropped, and nothing else touched."""

from __future__ import annotations

import pytest

from newsletter.rendering.appearance import SCHEMES, appearance

HTML = """<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark" />
<meta name="supported-color-schemes" content="light dark" />
<!--[if mso]><style>.outlook { color: red; }</style><![endif]-->
<style>:root { color-scheme: light dark; } a { color: red; }
@media (prefers-color-scheme: dark) { a { color: blue; } }
@media only screen and (max-width: 599px) and ( PREFERS-color-scheme : light ) { a { color: green; } }</style></head>
<body><p>@media (prefers-color-scheme: dark) is what a story may say; color-scheme: light dark too.</p></body></html>"""


@pytest.mark.parametrize(("scheme", "dark", "light"), [
    ("light", "(max-width: 0)", "(min-width: 0)"),
    ("dark", "(min-width: 0)", "(max-width: 0)"),
    ("inverted", "(max-width: 0)", "(min-width: 0)"),
])  # fmt: skip
def test_media_queries_are_answered(scheme: str, dark: str, light: str) -> None:
    """A question for a scheme becomes one that is always true or never, and the others of its query stay."""
    shown = appearance(HTML, scheme=scheme)  # type: ignore[arg-type]  # of SCHEMES
    assert scheme in SCHEMES
    assert f"@media {dark} {{ a {{ color: blue; }} }}" in shown
    assert f"@media only screen and (max-width: 599px) and {light} {{ a {{ color: green; }} }}" in shown
    own = "dark" if scheme == "dark" else "light"
    assert f":root {{ color-scheme: {own}; }}" in shown
    assert f'<meta name="color-scheme" content="{own}" />' in shown


def test_a_storys_words_stay() -> None:
    """What stands in the body is no style, even where it looks like one."""
    body = HTML.partition("<body>")[2]
    assert appearance(HTML, scheme="dark").partition("<body>")[2] == body


def test_styles_dropped() -> None:
    """Every <style> goes, Outlook's own too; the style attributes and the words stay."""
    shown = appearance(HTML, styles=False)
    assert "<style" not in shown
    assert "<p>@media" in shown


def test_links_lead_out_of_the_frame() -> None:
    assert '<head><base target="_blank" />' in appearance(HTML)
