"""docs/templates.md tells all that there is: designers have nothing else to go by."""

from __future__ import annotations

from rendering_samples import ROOT, TEMPLATES

from newsletter.rendering import TOKENS, theme
from newsletter.rendering.components import REFUSED
from newsletter.rendering.proof import CHECKS
from newsletter.rendering.words import FILTERS

DOCUMENT = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")


def test_every_template_has_its_row() -> None:
    folder = TEMPLATES / "email"
    missing = [
        name
        for name in (path.relative_to(folder).as_posix() for path in folder.rglob("*.j2"))
        if f"| `{name}` |" not in DOCUMENT
    ]
    assert missing == []


def test_every_check_has_its_row() -> None:
    assert [name for name in CHECKS if f"| {name} |" not in DOCUMENT] == []


def test_every_name_of_a_theme_is_told() -> None:
    assert [name for name in theme.defaults() if f"`{name}`" not in DOCUMENT] == []


def test_every_token_filter_and_refusal_is_told() -> None:
    names = [*(f"[[{token}]]" for token in TOKENS), *FILTERS, *REFUSED]
    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []
