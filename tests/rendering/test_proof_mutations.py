"""A sound mail is broken in one way after another: each is found, by its check, at its level, in its place."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from proof_samples import SETTINGS, TEMPLATE, TEXT_TEMPLATE, broken, found, rendered, sound
from rendering_samples import BASE_URL, DAILY, ORGANISATION, PORTS, TEMPLATES, edition, story, text

from newsletter.model import (
    FIXED,
    LEVELLED,
    MESSAGE_CHECKS,
    EmbeddedPicture,
    Image,
    Level,
    Message,
    Newsletter,
    Paragraph,
    Span,
)
from newsletter.rendering import render
from newsletter.rendering.proof import proof

STOP, WARN = Level.STOP, Level.WARN
PORTS_FILE = "content/stories/2026-05-04-ports-reopen.md"
ONE_FILE = "content/stories/2026-05-04-one.md"

WAY_OUT = 'href="https://news.harbor-millers.org/u/[[reader]]"'
PICTURE = 'src="https://news.harbor-millers.org/images/port.jpg"'
STRIP = 'role="presentation" class="strip"'
INK = "color:#23272b"
TAGLINE = "<p style='margin:6px 0 0;"


@pytest.mark.parametrize(
    ("old", "new", "check", "level", "where"),
    [
        (WAY_OUT, 'href="https://mills.org/"', "unsubscribe", STOP, TEMPLATE),
        (WAY_OUT, f'{WAY_OUT} hidden', "unsubscribe", STOP, TEMPLATE),
        (f'<a {WAY_OUT}', f'<a style="display: none" {WAY_OUT}', "unsubscribe", STOP, TEMPLATE),
        ("14 Quay Street", "", "postal-address", STOP, TEMPLATE),
        ('<div style="display:none', '<div style="', "preheader", STOP, TEMPLATE),
        ("Small mills had asked for time", "", "plain-text", STOP, TEMPLATE),
        (">In this edition<", ">[[name]]<", "tokens", STOP, TEMPLATE),
        (">In this edition<", ">[[unsubscribe]]<", "tokens", STOP, TEMPLATE),
        (">In this edition<", "><mj-text>Edition</mj-text><", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">{{ title }}<", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">{% endif %}<", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">None<", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">undefined<", "left-overs", STOP, TEMPLATE),
        (">In this edition<", r">\u{2764}<", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">Q&amp;amp;A<", "left-overs", STOP, TEMPLATE),
        (STRIP, f'{STRIP} style="width:Nonepx None"', "left-overs", STOP, TEMPLATE),
        (STRIP, f'{STRIP} data-x="{{{{ x }}}}"', "left-overs", STOP, TEMPLATE),
        ("<!--[if mso | IE]>", "<!--[if mso | IE]><p>{{ for_outlook }}</p>", "left-overs", STOP, TEMPLATE),
        ("h1{font-size:34px", "h1{margin:undefined;font-size:34px", "left-overs", STOP, TEMPLATE),
        (">In this edition<", ">In this editionâ€™s<", "mojibake", STOP, TEMPLATE),
        ('<html lang="en"', "<html", "language", STOP, TEMPLATE),
        ('dir="ltr" xmlns', "xmlns", "language", STOP, TEMPLATE),
        ("<title>Ports reopen after a two-day stoppage", "<title>", "language", STOP, SETTINGS),
        (STRIP, 'class="strip"', "table-roles", STOP, TEMPLATE),
        (STRIP, 'role="grid" class="strip"', "table-roles", STOP, TEMPLATE),
        (f"<table {STRIP}", f'<table><tr><th>A</th></tr></table><table {STRIP[20:]}', "table-roles", STOP, TEMPLATE),
        ("<h1", "<h2", "headings", STOP, TEMPLATE),
        (">In this edition</h2>", "></h2>", "headings", STOP, TEMPLATE),
        ('alt="Cranes over stacked containers at dawn"', "", "alt", STOP, f"{PORTS_FILE}:6"),
        ('alt="Cranes over stacked containers at dawn"', 'alt=""', "alt", STOP, f"{PORTS_FILE}:6"),
        (">estimate by Harbor Economics</a>", "></a>", "link-text", STOP, f"{PORTS_FILE}:14"),
        (">estimate by Harbor Economics</a>", ">here</a>", "link-text", STOP, f"{PORTS_FILE}:14"),
        ('id="s-dust-rule"', 'id="s-ports-reopen"', "duplicate-ids", STOP, TEMPLATE),
        ("color:#14566b", "color:#9fb6be", "contrast", STOP, TEMPLATE),
        (INK, "color:#808080", "contrast", STOP, TEMPLATE),
        (TAGLINE, f"{TAGLINE}color:#fdfcfa;", "contrast", STOP, SETTINGS),
        (TAGLINE, f"{TAGLINE}color:#aaa;background:#bbb;", "contrast", STOP, TEMPLATE),
        ("color:#e4e1da!important", "color:#555555!important", "contrast", STOP, TEMPLATE),
        ('href="https://harbor-millers.org/news/dust-rule"', 'href="#"', "links", STOP, None),
        ('href="https://harbor-millers.org/news/dust-rule"', 'href="http://localhost/a"', "links", STOP, None),
        ('href="https://harbor-millers.org/news/dust-rule"', 'href="ftp://mills.org/"', "links", STOP, None),
        ('href="https://harbor-millers.org/news/dust-rule"', 'href="https://staging.mills.org/"', "links", STOP, None),
        ('href="https://harbor-millers.org/news/dust-rule"', 'href="https://bit.ly/3x"', "tracking", WARN, None),
        (PICTURE, 'src="http://news.harbor-millers.org/images/port.jpg"', "images", STOP, f"{PORTS_FILE}:6"),
        (PICTURE, 'src="data:image/png;base64,AAAA"', "images", STOP, None),
        (PICTURE, 'src="cid:port"', "images", STOP, None),
        ('width="536"', 'width="100%"', "images", STOP, TEMPLATE),
        ('width="536"', 'width="1072"', "images", STOP, TEMPLATE),
        ('width="536" ', 'width="536" height="2000" ', "image-share", WARN, TEMPLATE),
        (STRIP, f'{STRIP} style="position:sticky"', "client-css", WARN, TEMPLATE),
        (":root{", ".x{display:grid;}:root{", "client-css", WARN, TEMPLATE),
        (".box,.pad", "@import url(https://mills.org/a.css);.box,.pad", "client-css", WARN, TEMPLATE),
    ],
)  # fmt: skip
def test_html(old: str, new: str, check: str, level: Level, where: str | None) -> None:
    wrong = [
        finding
        for finding in found(broken(old, new, count=0 if old.startswith("color") else 1))
        if finding.check == check
    ]
    assert wrong
    assert wrong[0].level is level
    assert where is None or where in [finding.where for finding in wrong]


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("/u/[[reader]]", "", "unsubscribe"),
        ("[[reader]]", "[[unsubscribe]]", "tokens"),
        ("14 Quay Street", "", "postal-address"),
        ("Small mills had asked", "", "plain-text"),
        ("https://harbor-millers.org/news/dust-rule", "", "plain-text"),
        ("IN THIS EDITION", "{{ x }}", "left-overs"),
        ("IN THIS EDITION", "Ã©dition", "mojibake"),
    ],
)
def test_plain_text(old: str, new: str, check: str) -> None:
    wrong = found(broken(old, new, part="text", count=0))
    assert (check, STOP, TEXT_TEMPLATE) in [(finding.check, finding.level, finding.where) for finding in wrong]


@pytest.mark.parametrize(
    ("changes", "check", "level"),
    [
        ({"sender": ("", "The Daily")}, "sender", STOP),
        ({"sender": ("a@mills.org", "")}, "sender", STOP),
        ({"sender": ("ann@gmail.com", "The Daily")}, "sender-domain", WARN),
        ({"sender": ("ann@outlook.com", "The Daily")}, "sender-domain", WARN),
        ({"sender": ("ann@gmx.de", "The Daily")}, "sender-domain", WARN),
        ({"sender": ("ann@mail.gmail.org", "The Daily")}, "sender-domain", None),
        ({"sender": ("ann@mills.org", "The Daily")}, "sender-domain", None),
    ],
)
def test_sender(changes: dict[str, tuple[str, str]], check: str, level: Level | None) -> None:
    """A free provider's DMARC policy refuses what others send in its name; a name like it is fine."""
    address, name = changes["sender"]
    of = replace(DAILY, sender=replace(DAILY.sender, address=address, name=name))
    wrong = [(finding.level, finding.where) for finding in found(sound(), of=of) if finding.check == check]
    assert wrong == ([(level, SETTINGS)] if level else [])


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("PORTS REOPEN AFTER STRIKE", 1),
        ("Ports reopen!!", 1),
        ("Ports reopen! And soon!", 1),
        ("Re: Ports reopen", 1),
        ("FWD: PORTS REOPEN AFTER STRIKE!!!", 3),
        ("Act now: ports reopen", 1),
        ("Ports reopen after the strike!", 0),
        ("NATO and OPEC meet", 0),
        ("OSHA", 0),
        ("Report: ports reopen", 0),
        ("港が再開", 0),
    ],
)
def test_subject(subject: str, shown: int) -> None:
    """Shouting, feigned answers and hurry are shown, with the lead's line; names in capitals are no shouting."""
    what = edition(subject=subject)
    wrong = [finding for finding in found(rendered(what), what) if finding.check == "filter-words"]
    assert [(finding.level, finding.where) for finding in wrong] == [(WARN, f"{PORTS.path}:2")] * shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("It is risk-free, they say.", True),
        ("Double your money by June.", True),
        ("Dear friend, come.", True),
        ("It costs $$$.", True),
        ("A limited time offer ends the talks.", True),
        ("Prices rise 100% in a year; the offer stands.", False),
        ("Free trade wins; buyers act nowhere.", False),
        ("The firm won a guarantee of $5 million.", False),
    ],
)
def test_words_of_a_story(words: str, shown: bool) -> None:
    what = edition(story("one", "One Good Headline", "news", Paragraph(spans=text(words))))
    wrong = [finding for finding in found(rendered(what), what) if finding.check == "filter-words"]
    assert [(finding.level, finding.where) for finding in wrong] == ([(WARN, f"{ONE_FILE}:8")] if shown else [])


def test_a_story_that_shouts() -> None:
    what = edition(story("one", "PORTS REOPEN AFTER STRIKE", "news", Paragraph(spans=text("Words."))))
    wrong = [finding.where for finding in found(rendered(what), what) if finding.check == "filter-words"]
    assert wrong == [f"{ONE_FILE}:2"]


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fmills.org%2Fa&data=05", "https://mills.org/a"),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__mills.org_a&d=DwM", "write the address where it ends"),
        ("https://urldefense.com/v3/__https://mills.org/a__;!!x", "write the address where it ends"),
        ("https://www.google.com/url?q=https://mills.org/a&sa=D", "https://mills.org/a"),
        ("https://www.google.co.uk/url?url=https://mills.org/a", "https://mills.org/a"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fmills.org%2F", "https://mills.org/"),
        ("https://mills.us1.list-manage.com/track/click?u=1&id=2", "write the address where it ends"),
        ("https://u123.ct.sendgrid.net/ls/click?upn=x", "write the address where it ends"),
        ("https://t.co/abc", "write the address where it ends"),
        ("https://mills.org/a?utm_source=them&utm_medium=email&id=3", "utm_source, utm_medium"),
        ("https://mills.org/a?fbclid=xyz", "fbclid"),
        ("https://www.google.com/maps/place/Port", None),
        ("https://safelinks.protection.outlook.com.mills.org/", None),
        ("https://mills.org/t.co/abc?q=https://x.org", None),
        ("https://mills.org/a?atm_source=them", None),
    ],
)  # fmt: skip
def test_tracking(url: str, cure: str | None) -> None:
    """Addresses of somebody else's click count are shown with what to write instead."""
    what = edition(story("one", "One", "news", Paragraph(spans=(Span(text="See "), Span(text="the mills", href=url)))))
    wrong = [finding for finding in found(rendered(what), what) if finding.check == "tracking"]
    assert [(finding.level, finding.where) for finding in wrong] == ([(WARN, f"{ONE_FILE}:8")] if cure else [])
    assert cure is None or cure in wrong[0].problem


def test_pictures_without_a_word() -> None:
    """A mail that is a picture says nothing where pictures are blocked."""
    image = Image(src="https://harbor-millers.org/a.png", alt="A poster", width=600, height=900)
    what = edition(story("one", "One Good Headline", "news", image=image))
    wrong = [finding for finding in found(rendered(what), what) if finding.check == "image-share"]
    assert [(finding.level, finding.where) for finding in wrong] == [(STOP, ONE_FILE)]


def test_pictures_that_the_mail_carries() -> None:
    """`cid:` is right where the newsletter embeds its pictures."""
    held = EmbeddedPicture(name="port.jpg", media_type="image/jpeg", content=b"")
    message = replace(broken(PICTURE, 'src="cid:port.jpg@images"'), embedded=(held,))
    of = replace(DAILY, pictures="embed")
    assert [finding.check for finding in found(message, of=of)] == []


class TestTemplates:
    """A fault of a template is told with its file and line, wherever in the look it stands."""

    @pytest.mark.parametrize(
        ("file", "old", "new", "check"),
        [
            ("partials/footer.mjml.j2", "Unsubscribe from", "[[name]]: unsubscribe from", "tokens"),
            ("partials/opening.mjml.j2", "In this edition", "In this editionâ€™s", "mojibake"),
            (
                "partials/style.mjml.j2",
                "p { margin: 0 0 16px;",
                "p { position: sticky; margin: 0 0 16px;",
                "client-css",
            ),
            ("partials/style.mjml.j2", "p.tagline { margin", "p.tagline { color: #c0c0c0; margin", "contrast"),
            ("partials/opening.mjml.j2", 'role="presentation" class="strip"', 'class="strip"', "table-roles"),
            (
                "partials/footer.mjml.j2",
                'edition.unsubscribe }}" class',
                'edition.unsubscribe }}" id="twice" class',
                "",
            ),
            (
                "partials/footer.mjml.j2",
                'edition.unsubscribe }}" class="out">',
                'edition.unsubscribe }}" class="out"><i id="twice"></i><i id="twice"></i>',
                "duplicate-ids",
            ),
            (
                "partials/footer.mjml.j2",
                '<p class="foot-p"><a href="{{ edition.pre',
                '<p class="foot-p"><a href="http://localhost/x">Us</a> <a href="{{ edition.pre',
                "links",
            ),
        ],
    )
    def test_line(self, tmp_path: Path, file: str, old: str, new: str, check: str) -> None:
        folder = tmp_path / "templates"
        shutil.copytree(TEMPLATES, folder)
        template = folder / "email" / file
        source = template.read_text("utf-8")
        assert old in source
        template.write_text(source.replace(old, new, 1), "utf-8")
        line = source.partition(old)[0].count("\n") + 1
        message = render(edition(), DAILY, ORGANISATION, templates=folder, base_url=BASE_URL, images=None)
        wrong = proof(message, edition(), DAILY, ORGANISATION, loopback=False, templates=folder)
        places = {(finding.check, finding.where) for finding in wrong}
        assert places == set() if not check else (check, f"templates/email/{file}:{line}") in places


class TestLevels:
    def at(self, message: Message, **levels: str) -> list[tuple[str, Level]]:
        of: Newsletter = replace(DAILY, proof={name.replace("_", "-"): level for name, level in levels.items()})  # type: ignore[arg-type]
        return [(finding.check, finding.level) for finding in found(message, of=of)]

    def test_raised_lowered_and_switched_off(self) -> None:
        small = broken(STRIP, f'{STRIP} style="position:sticky"')
        assert self.at(small) == [("client-css", WARN)]
        assert self.at(small, client_css="stop") == [("client-css", STOP)]
        assert self.at(small, client_css="off") == []
        html = re.sub("<h1", "<h2", small.html)
        both = replace(small, html=html)
        assert self.at(both, client_css="stop", headings="warn") == [("client-css", STOP), ("headings", WARN)]

    @pytest.mark.parametrize("check", FIXED)
    def test_never_the_way_out_the_address_or_tokens(self, check: str) -> None:
        for level in ("off", "warn", "stop"):
            with pytest.raises(ValueError, match=check):
                replace(DAILY, proof={check: level})  # type: ignore[dict-item]

    def test_every_other_check_of_a_message(self) -> None:
        assert set(MESSAGE_CHECKS) - set(FIXED) <= set(LEVELLED)
