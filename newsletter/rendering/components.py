"""MJML's own list: which components there are, which attributes each takes, and what kind of value.

Source: the component reference of MJML 4.15 (https://documentation.mjml.io). mjml-python compiles what that reference
describes but checks none of it: an unknown tag is passed on to the reader and an unknown attribute is dropped, both
in silence. `markup` therefore looks every name up here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSION: Final = "4.15"
"""The MJML reference that the tables are taken from."""

# Kinds of values; anything else in the tables is the list of the words allowed.
COLOUR: Final = "colour"
LENGTH: Final = "length"  # 12px, 50 %, or 0
LENGTHS: Final = "lengths"  # one to four of them
TEXT: Final = "text"

SIDES: Final = "left center right"
VERTICAL: Final = "top middle bottom"


KINDS: Final = {
    "colour": COLOUR,
    "length": LENGTH,
    "lengths": LENGTHS,
    "text": TEXT,
    "sides": SIDES,
    "vertical": VERTICAL,
}


def _attributes(**kinds: str) -> dict[str, str]:
    """Attributes of one kind each: keywords are kinds, values the names, parted by spaces."""
    return {name: KINDS.get(kind, kind) for kind, names in kinds.items() for name in names.split()}


_PADDING = _attributes(lengths="padding", length="padding-top padding-right padding-bottom padding-left")
_INNER_PADDING = _attributes(
    lengths="inner-padding", length="inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left"
)
_BORDERS = _attributes(text="border border-top border-right border-bottom border-left", lengths="border-radius")
_INNER_BORDERS = _attributes(
    text="inner-border inner-border-top inner-border-right inner-border-bottom inner-border-left",
    lengths="inner-border-radius",
)
_BACKGROUND = _attributes(
    colour="background-color",
    text="background-url background-repeat background-size background-position background-position-x"
    " background-position-y",
)
_FONT = _attributes(
    colour="color",
    text="font-family font-style font-weight letter-spacing text-decoration",
    length="font-size",
) | {"line-height": TEXT, "text-transform": "none capitalize uppercase lowercase"}
_LINK = _attributes(text="href name rel target title")
_CELL = _PADDING | _attributes(colour="container-background-color")
_BLOCK = _BACKGROUND | _BORDERS | _PADDING | {"direction": "ltr rtl", "full-width": "full-width", "text-align": SIDES}
_ACCORDION = _attributes(
    colour="background-color color",
    text="border font-family font-weight line-height icon-unwrapped-alt icon-unwrapped-url icon-wrapped-alt"
    " icon-wrapped-url",
    length="font-size icon-height icon-width",
    vertical="icon-align",
) | {"icon-position": "left right"}
_SOCIAL = _FONT | _attributes(length="border-radius icon-height icon-size", lengths="icon-padding text-padding")

BODY: Final[Mapping[str, Mapping[str, str]]] = {
    "mj-accordion": _CELL | _ACCORDION,
    "mj-accordion-element": _ACCORDION,
    "mj-accordion-text": _PADDING | _FONT | _attributes(colour="background-color"),
    "mj-accordion-title": _PADDING | _FONT | _attributes(colour="background-color"),
    "mj-body": _attributes(colour="background-color", length="width"),
    "mj-button": _CELL
    | _BORDERS
    | _FONT
    | _LINK
    | _attributes(colour="background-color", length="height width", lengths="inner-padding", vertical="vertical-align")
    | {"align": SIDES, "text-align": SIDES},
    "mj-carousel": _CELL
    | _attributes(
        colour="tb-hover-border-color tb-selected-border-color",
        length="border-radius icon-width tb-border-radius tb-width",
        text="left-icon right-icon tb-border",
    )
    | {"align": SIDES, "thumbnails": "visible hidden supported"},
    "mj-carousel-image": _attributes(
        text="alt href rel src target thumbnails-src title tb-border", length="border-radius tb-border-radius"
    ),
    "mj-column": _PADDING
    | _BORDERS
    | _INNER_BORDERS
    | _attributes(colour="background-color inner-background-color", length="width", vertical="vertical-align")
    | {"direction": "ltr rtl"},
    "mj-divider": _CELL
    | _attributes(colour="border-color", text="border-style", length="border-width width")
    | {"align": SIDES},
    "mj-group": _attributes(colour="background-color", length="width", vertical="vertical-align")
    | {"direction": "ltr rtl"},
    "mj-hero": _CELL
    | _INNER_PADDING
    | _BACKGROUND
    | _attributes(
        colour="inner-background-color",
        length="background-height background-width border-radius height width",
        vertical="vertical-align",
    )
    | {"align": SIDES, "mode": "fixed-height fluid-height"},
    "mj-image": _CELL
    | _BORDERS
    | _LINK
    | _attributes(
        text="alt font-size height max-height sizes src srcset usemap",
        length="width",
    )
    | {"align": SIDES, "fluid-on-mobile": "true"},
    "mj-navbar": _PADDING
    | _attributes(
        colour="ico-color",
        text="base-url ico-close ico-font-family ico-line-height ico-open ico-text-decoration ico-text-transform",
        length="ico-font-size ico-padding-top ico-padding-right ico-padding-bottom ico-padding-left",
        lengths="ico-padding",
    )
    | {"align": SIDES, "hamburger": "hamburger", "ico-align": SIDES},
    "mj-navbar-link": _PADDING | _FONT | _LINK,
    "mj-raw": {"position": "file-start"},
    "mj-section": _BLOCK | {"text-padding": LENGTHS},
    "mj-social": _CELL
    | _SOCIAL
    | _INNER_PADDING
    | {"align": SIDES, "mode": "horizontal vertical", "table-layout": "auto fixed", "vertical-align": VERTICAL},
    "mj-social-element": _PADDING
    | _SOCIAL
    | _LINK
    | _attributes(colour="background-color", text="alt sizes src srcset", vertical="vertical-align")
    | {"align": SIDES, "icon-position": "left right"},
    "mj-spacer": _CELL | _attributes(length="height width") | _BORDERS,
    "mj-table": _CELL
    | _FONT
    | _attributes(text="border role width", length="cellpadding cellspacing")
    | {"align": SIDES, "table-layout": "auto fixed initial inherit"},
    "mj-text": _CELL
    | _FONT
    | _attributes(colour="background-color", length="height", vertical="vertical-align")
    | {"align": "left center right justify"},
    "mj-wrapper": _BLOCK,
}
"""What stands in the body: component → attribute → kind of value. Each takes `css-class` and `mj-class` as well."""

HEAD: Final[Mapping[str, Mapping[str, str]]] = {
    "mj-all": {},
    "mj-attributes": {},
    "mj-breakpoint": {"width": LENGTH},
    "mj-class": {"name": TEXT},
    "mj-font": {"href": TEXT, "name": TEXT},
    "mj-head": {},
    "mj-preview": {},
    "mj-raw": {"position": "file-start"},
    "mj-style": {"inline": "inline"},
    "mj-title": {},
}
"""What stands in the head. In `mj-attributes`, `mj-all` and `mj-class` take whatever some component takes."""

ROOT: Final[Mapping[str, Mapping[str, str]]] = {"mjml": {"dir": "ltr rtl auto", "lang": TEXT, "owa": "desktop"}}

EVERYWHERE: Final[Mapping[str, str]] = {"css-class": TEXT, "mj-class": TEXT}

REFUSED: Final[Mapping[str, str]] = {
    "mj-include": "use Jinja's include; an mj-include that includes itself kills the process",
    "mj-html-attributes": "mjml-python does not know it; write the attribute where it belongs",
    "mj-preview": "it is white text on white, which spam filters mark; the preheader partial does this",
    "mj-font": "no web fonts: they are fetched from a server that is not ours; name a stack of system fonts",
}
"""What MJML knows but a template here may not use, and what to do instead."""

ENDING: Final = frozenset(
    {
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-navbar-link",
        "mj-preview",
        "mj-raw",
        "mj-social-element",
        "mj-style",
        "mj-table",
        "mj-text",
        "mj-title",
    }
)
"""Components that hold HTML, CSS or text; no other component may stand in them."""

_CONTENT = "mj-column mj-hero"
PARENTS: Final[Mapping[str, str]] = {
    "mj-accordion": _CONTENT,
    "mj-accordion-element": "mj-accordion",
    "mj-accordion-text": "mj-accordion-element",
    "mj-accordion-title": "mj-accordion-element",
    "mj-body": "mjml",
    "mj-button": _CONTENT,
    "mj-carousel": _CONTENT,
    "mj-carousel-image": "mj-carousel",
    "mj-column": "mj-section mj-group",
    "mj-divider": _CONTENT,
    "mj-group": "mj-section",
    "mj-head": "mjml",
    "mj-hero": "mj-body mj-wrapper",
    "mj-image": _CONTENT,
    "mj-navbar": _CONTENT,
    "mj-navbar-link": "mj-navbar",
    "mj-section": "mj-body mj-wrapper",
    "mj-social": _CONTENT,
    "mj-social-element": "mj-social",
    "mj-spacer": _CONTENT,
    "mj-table": _CONTENT,
    "mj-text": _CONTENT,
    "mj-wrapper": "mj-body",
}
"""Where a component may stand, by the names of what may hold it. Elsewhere it is compiled to nothing, or to rubbish."""
