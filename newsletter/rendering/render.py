"""An edition becomes a message: the templates filled, compiled, inlined, its links read, its fingerprint taken."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from newsletter.errors import ContentError, RenderError
from newsletter.model import ClickMode, Edition, Message, Newsletter, Organisation
from newsletter.rendering import catalogue, links, markup, theme
from newsletter.rendering import templates as folder_of
from newsletter.rendering.grammar import MarkupError
from newsletter.rendering.printing import Printer, pictures_of
from newsletter.rendering.variants import Folders
from newsletter.rendering.view import view

FOLDER: Final = "email"
"""Where mail templates stand in the template folder."""

_BLANK_LINES: Final = re.compile(r"\n{4,}")
_LINE_ENDS: Final = re.compile(r"[ \t]+\n")


def render(
    edition: Edition,
    newsletter: Newsletter,
    organisation: Organisation,
    *,
    templates: Path,
    base_url: str,
    images: Folders | None,
    clicks: ClickMode = "none",
) -> Message:
    """The message of an edition: the same bytes for every reader, and for every call with the same arguments.

    The look is the pair `<newsletter.template>.mjml.j2` and `.txt.j2` in the `email` folder of `templates`; pictures
    are published in the widths that it asks for, and shown from `base_url`/images/ or carried by the mail. Without
    `images` they are named as they lie, unseen. With `clicks` individual the ESP leads links by its own servers, and is
    told to leave alone those that are a reader's own.

    Raises RenderError (template, line, what to do; or the catalogue, and the word that it lacks), ConfigError (a theme
    that cannot be used, a folder that cannot be written) and ContentError (pictures that cannot be shown, with the
    files that name them).
    """
    _require_look(newsletter.template, templates)
    colours = theme.resolve(newsletter.theme, newsletter=newsletter.slug)
    printer = Printer(
        places=tuple(pictures_of(edition, newsletter)), base_url=base_url, folders=images,
        embed=newsletter.pictures == "embed", plate=colours["paper"],
    )  # fmt: skip
    values = {
        "edition": view(edition, newsletter, organisation, base_url=base_url),
        "theme": colours,
        "printed": printer.printed,
        **_writing(newsletter),
    }
    look = folder_of.load(templates / FOLDER, catalogue.load(newsletter.language, templates))
    compiled = _compiled(look, values, newsletter, title=edition.subject)
    text = _tidy(look.fill(f"{newsletter.template}{folder_of.TEXT_SUFFIX}", values))
    if printer.faults:
        raise ContentError(printer.faults)
    html, found = links.collect(markup.inline(compiled), own_alone=clicks == "individual")
    return Message(
        subject=edition.subject,
        preheader=edition.preheader,
        html=html,
        text=text,
        links=found,
        fingerprint=fingerprint(edition.subject, edition.preheader, html, text),
        language=newsletter.language,
        pictures=printer.pictures,
        embedded=printer.embedded(),
    )


def _writing(newsletter: Newsletter) -> dict[str, str]:
    """The language, and the sides where its lines begin and end."""
    start, end = ("left", "right") if newsletter.direction == "ltr" else ("right", "left")
    return {"language": newsletter.language, "direction": newsletter.direction, "start": start, "end": end}


def _require_look(template: str, templates: Path) -> None:
    if template == folder_of.FRAME:
        raise RenderError(
            f"{template}: it is the frame that all looks share, and prints no story; name a look "
            f"({', '.join(folder_of.looks(templates / FOLDER))}) as the newsletter's `template`"
        )


def _compiled(look: folder_of.Templates, values: Mapping[str, object], newsletter: Newsletter, *, title: str) -> str:
    """The HTML of the look's MJML, not inlined yet; a fault is told with the template that holds it."""
    name = f"{newsletter.template}.mjml.j2"
    try:
        return markup.compile_mjml(
            look.fill(name, values),
            template=name,
            language=newsletter.language,
            direction=newsletter.direction,
            title=title,
        )
    except MarkupError as error:
        places = look.locate(name, error.needle)
        if not places:
            raise
        raise RenderError(f"{' or '.join(places)}: {error.problem}") from error


def fingerprint(subject: str, preheader: str, html: str, text: str) -> str:
    """`sha256:<hex>` over the four parts, as a JSON list in UTF-8, so that no two messages share their bytes."""
    parts = json.dumps([subject, preheader, html, text], ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(parts.encode()).hexdigest()}"


def _tidy(text: str) -> str:
    """No spaces at line ends, at most two blank lines together, one line end at the end."""
    return _BLANK_LINES.sub("\n\n\n", _LINE_ENDS.sub("\n", text)).strip("\n") + "\n"
