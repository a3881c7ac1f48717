"""A letter to one reader becomes a message: rendered as an edition is, in the look and language of its newsletter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from newsletter.errors import ContentError
from newsletter.model import Image, Message, Newsletter, Organisation
from newsletter.rendering import catalogue, links, theme
from newsletter.rendering import templates as folder_of
from newsletter.rendering.links import ascii_address
from newsletter.rendering.printing import Printer
from newsletter.rendering.render import FOLDER, fill, fingerprint
from newsletter.rendering.variants import Folders
from newsletter.rendering.view import logo_of, postal_lines

NAME = folder_of.LETTER


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWords:
    """What a letter says: `already` is for who is on the list that they ask for. Its link works for so many hours."""

    kind: Literal["confirm", "already", "access", "address"]
    link: str
    valid_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """What the templates see of a letter, under the name `edition` that they share with those of editions."""

    kind: str
    link: str
    valid_days: int
    valid_hours: int
    title: str
    tagline: str
    logo: Image | None
    subject: str
    preheader: str
    publisher: str
    publisher_url: str | None
    postal_lines: tuple[str, ...]


def letter(
    words: LetterWords,
    newsletter: Newsletter,
    organisation: Organisation,
    *,
    templates: Path,
    base_url: str,
    images: Folders | None,
) -> Message:
    """The message of a letter: the pair `letter.mjml.j2` and `letter.txt.j2`, and its subject from
    `partials/subject.txt.j2`. Raises RenderError, ConfigError and ContentError, as `render` does.
    """
    look = folder_of.load(templates / FOLDER, catalogue.load(newsletter.language, templates))
    logo, plate = logo_of(newsletter.logo), theme.resolve(newsletter.theme, newsletter=newsletter.slug)["paper"]
    printer = Printer(
        places=() if logo is None else ((f"content/newsletters/{newsletter.slug}.toml", logo),), base_url=base_url,
        folders=images, embed=newsletter.pictures == "embed", plate=plate,
    )  # fmt: skip
    subject = look.fill("partials/subject.txt.j2", {"kind": words.kind, "title": newsletter.title}).strip()
    values = {"edition": _view(words, newsletter, organisation, logo, subject), "printed": printer.printed}
    marked, text = fill(replace(newsletter, template=NAME), values, templates, title=subject)
    if printer.faults:
        raise ContentError(printer.faults)
    html, _ = links.collect(marked, edition="")  # its links are nobody's to count
    return Message(
        subject=subject, preheader="", html=html, text=text, links=(),
        fingerprint=fingerprint(subject, "", html, text), language=newsletter.language, pictures=printer.pictures,
        embedded=printer.embedded(),
    )  # fmt: skip


def _view(
    words: LetterWords, newsletter: Newsletter, organisation: Organisation, logo: Image | None, subject: str
) -> LetterView:
    days = words.valid_hours // 24 if words.valid_hours >= 48 else 0
    return LetterView(
        kind=words.kind,
        link=words.link,
        valid_days=days,
        valid_hours=words.valid_hours,
        title=newsletter.title,
        tagline=newsletter.tagline,
        logo=logo,
        subject=subject,
        preheader="",
        publisher=organisation.name,
        publisher_url=ascii_address(organisation.url) if organisation.url else None,
        postal_lines=postal_lines(organisation),
    )
