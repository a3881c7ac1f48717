"""MJML to HTML, and styles into the elements: the sole home of mjml, premailer and cssutils.

Each option is pinned here with its reason (measured with mjml-python 1.4.2, premailer 3.10.0), and a test of
tests/rendering/test_markup.py fails when it goes.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import lru_cache
from html import escape
from typing import Any, Final, Literal

import cssutils
from mjml import mjml2html

from newsletter.rendering.absence import without
from newsletter.rendering.grammar import MarkupError, check
from newsletter.rendering.lines import fold

# premailer loads it to fetch stylesheets, which must never happen here, and which is a tenth of a second of a preview
with without("requests"):
    from premailer import Premailer

_TAG: Final = re.compile(r"""<[a-zA-Z][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)+>""")
_VALUE: Final = re.compile(r""""[^"]*"|'[^']*'""")
_ROOT: Final = re.compile(r"<mjml\b")
_INLINE_STYLE: Final = re.compile(r"(<mj-style\b[^>]*\binline=[\"']inline[\"'][^>]*>)")
_INLINED: Final = "/*inlined*/"
_PLAIN_STYLE: Final = re.compile(r'(?<!\]>\n)<style type="text/css"(?=>(?!' + re.escape(_INLINED) + "))")
_STYLE_GAP: Final = re.compile(r"(?<=[;:]) ")
_SHEET: Final = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.DOTALL)
_NAME: Final = re.compile(r"[\w-]+")
_CLASS: Final = re.compile(r"""\sclass="([^"<>]*)"(?=[^<>]*>)""")
_SHEET_GAP: Final = re.compile(r"(?<=[{};:,])[ \t\n]+|[ \t\n]+(?=[{}!])")
_STYLE: Final = re.compile(r"""\sstyle=(?:"[^"<>]*"|'[^'<>]*')(?=[^<>]*>)""")
_INLINED_STYLE: Final = re.compile(r"<style\b[^>]*>" + re.escape(_INLINED) + r".*?</style>\s*", re.DOTALL)

# the default writes #112233 as #123, which older clients do not read in attributes (bgcolor)
cssutils.ser.prefs.minimizeColorHash = False

PREMAILER: Final[dict[str, Any]] = {
    # kept, since media queries (columns, dark mode) live there; mj-style inline="inline" is removed below
    "keep_style_tags": True,
    # the default strips !important inside @media, and columns and dark mode stop working
    "strip_important": False,
    # cssutils knows CSS 2.1 only: its complaints of flex and mso-… cost time and change nothing
    "disable_validation": True,
    # dark mode finds its elements by class
    "remove_classes": False,
    # a rendering asks no network and reads no file
    "allow_network": False,
    "allow_loading_external_files": False,
    # addresses and [[tokens]] stay as they are
    "disable_link_rewrites": True,
    # the default turns float into align, which Outlook then floats too
    "align_floating_images": False,
    # the default copies width: 100% into the attribute, which Outlook takes for the picture's size
    "disable_basic_attributes": ["width", "height"],
}


def compile_mjml(mjml: str, *, template: str, language: str, direction: Literal["ltr", "rtl"], title: str) -> str:
    """HTML from MJML, complete but for the styles that `inline` puts in place. `template` is for messages.

    Raises MarkupError, which is a RenderError, for what is not MJML.
    """
    check(mjml, template)
    source = _ROOT.sub(f'<mjml lang="{escape(language)}" dir="{direction}"', mjml, count=1)
    source = _INLINE_STYLE.sub(r"\1" + _INLINED, source)
    source = _TAG.sub(lambda tag: _VALUE.sub(lambda value: _printable(value[0]), tag[0]), source)
    try:
        # fonts={}: the default adds a link to a web font wherever a text lacks a font family
        html: str = mjml2html(source, fonts={})
    except ValueError as error:
        raise MarkupError(
            template,
            0,
            f"MJML cannot be compiled ({error}); undo the last change to the templates and try by halves",
            "",
        ) from error
    return _finish(html, title)


def _printable(value: str) -> str:
    r"""The attribute value in characters that mjml-python prints as they are.

    It prints attributes through Rust's debug escape: combining marks, variation selectors, joiners, no-break spaces
    and backslashes would come out as \u{fe0f} and the like. Line ends and tabs become spaces, as XML reads them.
    """
    return "".join(" " if char in "\n\r\t" else f"&#{ord(char)};" if _is_escaped(char) else char for char in value)


@lru_cache(maxsize=4096)
def _is_escaped(char: str) -> bool:
    marks = unicodedata.category(char) in {"Mn", "Me", "Mc", "Cf"}
    return char == "\\" or marks or not (char.isprintable() or char == " ")


def _finish(html: str, title: str) -> str:
    # the title is set here, not by mj-title, whose text is debug-escaped in the aria-label
    html = re.sub(r"<title>[^<]*</title>", lambda _: f"<title>{escape(title, quote=False)}</title>", html, count=1)
    html = html.replace('role="article"', f'role="article" aria-label="{escape(title)}"', 1)
    # the compiler's reset rules (`table, td`, `img`, `p`) would be copied into each cell: 15 % more bytes;
    # and what a plain mj-style says is for the clients that read it: only mj-style inline="inline" goes into elements
    return _PLAIN_STYLE.sub(r'\g<0> data-premailer="ignore"', html)


class _Inliner(Premailer):  # type: ignore[misc] # premailer carries no types
    """Premailer with a style parser that fetches nothing and keeps what it has parsed."""

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:  # noqa: FBT001, FBT002 # premailer's
        return _parse_css(css_body, validate)


def _no_fetch(_url: str) -> tuple[None, bytes]:
    """What cssutils gets for an @import: nothing. It asks for it even where premailer has allow_network=False."""
    return None, b""


@lru_cache(maxsize=32)
def _parse_css(css: str, validate: bool) -> Any:  # noqa: FBT001 # as premailer hands it on
    parser = cssutils.CSSParser(fetcher=_no_fetch, raiseExceptions=False, loglevel=logging.CRITICAL)
    return parser.parseString(css, validate=validate)


def inline(html: str) -> str:
    """The HTML with its style rules written into the elements, a doctype, and lines short enough for a mail.

    Styles from `mj-style inline="inline"` are then removed; all others stay, for the clients that read them.
    """
    inliner = _Inliner(html=None, **PREMAILER)
    # a doctype in small letters is dropped by premailer, and browsers then take the page for an old one
    body = re.sub(r"\A\s*<!doctype[^>]*>", "", html, flags=re.IGNORECASE)
    text: str = inliner.transform("<!DOCTYPE html>" + body, pretty_print=False)
    # 2 % of the bytes: premailer puts a space after each declaration, and rules come with a template's own indents
    terse = _STYLE.sub(lambda style: _STYLE_GAP.sub("", style[0]), _INLINED_STYLE.sub("", text))
    terse = _SHEET.sub(lambda sheet: sheet[1] + _terse(sheet[2]) + sheet[3], terse)
    return fold(_without_spent_classes(terse)) + "\n"


def _without_spent_classes(html: str) -> str:
    """The HTML without the class names that only inlined rules asked for: 2 % of the bytes."""
    kept = set(_NAME.findall(" ".join(sheet[2] for sheet in _SHEET.finditer(html))))

    def left(attribute: re.Match[str]) -> str:
        names = " ".join(name for name in attribute[1].split() if name in kept)
        return f' class="{names}"' if names else ""

    return _CLASS.sub(left, html)


def _terse(css: str) -> str:
    """The rules without white space that means nothing, one to a line, since lines of a mail are short."""
    return _SHEET_GAP.sub("", css).replace("}", "}\n").strip()
