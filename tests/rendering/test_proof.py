"""The proof: each check stops what it should, with the place to mend, and nothing that is right."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from rendering_samples import (
    BASE_URL,
    DAILY,
    DIGEST,
    ORGANISATION,
    PORTS,
    SHIFTS,
    TEMPLATES,
    bullets,
    edition,
    story,
    text,
)

from newsletter.model import (
    MESSAGE_CHECKS,
    Brief,
    CalendarEntry,
    ClickMode,
    Edition,
    Extras,
    Finding,
    Image,
    Level,
    Message,
    Newsletter,
    Note,
    Organisation,
    Paragraph,
    Span,
    Sponsor,
)
from newsletter.rendering import render
from newsletter.rendering.proof import CHECKS, proof

TEMPLATE = "templates/email/briefing.mjml.j2"
TEXT_TEMPLATE = "templates/email/briefing.txt.j2"


def rendered(what: Edition, of: Newsletter = DAILY, base_url: str = BASE_URL) -> Message:
    return render(what, of, ORGANISATION, templates=TEMPLATES, base_url=base_url, images=None)


@pytest.fixture(scope="module")
def sound() -> Message:
    return rendered(edition())


def found(
    message: Message,
    what: Edition | None = None,
    of: Newsletter = DAILY,
    organisation: Organisation = ORGANISATION,
    *,
    loopback: bool = False,
) -> list[Finding]:
    return list(proof(message, what or edition(), of, organisation, loopback=loopback))


def stops(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.check, finding.where) for finding in findings if finding.level is Level.STOP]


def of_story(*blocks: Paragraph | Image, **rest: object) -> Edition:
    return edition(story("one", "One Good Headline", "news", *blocks, **rest))


def swap(message: Message, old: str, new: str, *, part: str = "html", count: int = -1) -> Message:
    """The message with words of one part exchanged; they must be there."""
    whole = getattr(message, part)
    pattern = r"\s+".join(re.escape(word) for word in old.split())
    changed = re.sub(pattern, lambda _: new, whole, count=max(count, 0))
    assert changed != whole, old
    return replace(message, **{part: changed})


class TestEachCheckStops:
    @pytest.mark.parametrize(
        ("old", "new", "check", "where"),
        [
            (
                'href="https://news.harbor-millers.org/u/[[reader]]"',
                'href="https://mills.org/"',
                "unsubscribe",
                TEMPLATE,
            ),
            ("14 Quay Street", "Quay Street", "postal-address", TEMPLATE),
            ("overflow:hidden;mso-hide:all", "x", "", ""),
            ('<div style="display:none', '<div style="display:block', "preheader", TEMPLATE),
            ("Small mills had asked for time", "Mills had", "plain-text", TEMPLATE),
            (">In this edition<", ">[[first_name]]<", "tokens", TEMPLATE),
            (">In this edition<", ">[[unsubscribe]]<", "tokens", TEMPLATE),
            (">In this edition<", "><mj-text>In this edition</mj-text><", "left-overs", TEMPLATE),
            (">In this edition<", ">{{ edition.title }}<", "left-overs", TEMPLATE),
            (">In this edition<", ">{% if x %}<", "left-overs", TEMPLATE),
            (">In this edition<", ">By None<", "left-overs", TEMPLATE),
            (">In this edition<", ">undefined<", "left-overs", TEMPLATE),
            (">In this edition<", ">&lt;Section object at 0x7f&gt;<", "left-overs", TEMPLATE),
            (">In this edition<", ">In this &amp;amp; edition<", "left-overs", TEMPLATE),
            (">In this edition<", ">It&amp;#39;s in<", "left-overs", TEMPLATE),
            ('alt="Cranes', r'alt="\u{fe0f} Cranes', "left-overs", TEMPLATE),
            (">In this edition<", ">In this editionâ€™s<", "mojibake", TEMPLATE),
            ('<html lang="en"', "<html", "language", TEMPLATE),
            ('aria-label="Ports reopen after a two-day stoppage" lang="en"', "", "language", TEMPLATE),
            ("<title>Ports reopen after a two-day stoppage</title>", "<title></title>", "language", None),
            ('role="presentation" class="strip"', 'class="strip"', "table-roles", TEMPLATE),
            ("<h1", "<h2", "headings", TEMPLATE),
            (">In this edition</h2>", "></h2>", "headings", TEMPLATE),
            (
                ' alt="Cranes over stacked containers at dawn"',
                "",
                "alt",
                "content/stories/2026-05-04-ports-reopen.md:6",
            ),
            ('alt="Cranes over stacked containers at dawn"', 'alt=" "', "alt", None),
            (">estimate by Harbor Economics</a>", "></a>", "link-text", None),
            (">View more: Ports Reopen After Two-Day Stoppage<", ">Click here!<", "link-text", None),
            ('id="s-dust-rule"', 'id="s-ports-reopen"', "duplicate-ids", TEMPLATE),
            ('href="https://harbor-millers.org/news/dust-rule"', 'href="#"', "links", None),
            ('href="https://harbor-millers.org/news/dust-rule"', 'href=""', "links", None),
            ('href="https://harbor-millers.org/news/dust-rule"', 'href="news/dust"', "links", None),
            ('href="https://harbor-millers.org/news/dust-rule"', 'href="javascript:x()"', "links", None),
            ('href="https://harbor-millers.org/news/dust-rule"', 'href="http://[bad"', "links", None),
            ('src="https://news.harbor-millers.org/images/port.jpg"', 'src="images/port.jpg"', "images", None),
            ('src="https://news.', 'src="http://news.', "images", None),
            ('width="536"', 'width="100%"', "images", TEMPLATE),
        ],
    )
    def test_in_the_html(self, sound: Message, old: str, new: str, check: str, where: str | None) -> None:
        """One fault put into a sound mail is found by its check. (The empty check: a harmless change finds nothing.)"""
        wrong = stops(found(swap(sound, old, new)))
        if check:
            assert check in [name for name, _ in wrong]
            assert where is None or (check, where) in wrong
        else:
            assert wrong == []

    @pytest.mark.parametrize(
        ("old", "new", "check"),
        [
            ("/u/[[reader]]", "/u/", "unsubscribe"),
            ("[[reader]]", "[[unsubscribe]]", "tokens"),
            ("14 Quay Street", "Quay Street", "postal-address"),
            ("Small mills had asked", "Mills asked", "plain-text"),
            ("https://harbor-millers.org/news/dust-rule", "https://harbor-millers.org/news/dust-rule-2", "plain-text"),
            ("IN THIS EDITION", "{{ edition }}", "left-overs"),
            ("IN THIS EDITION", "None", "left-overs"),
            ("IN THIS EDITION", "It&#39;s in", "left-overs"),
        ],
    )
    def test_in_the_text(self, sound: Message, old: str, new: str, check: str) -> None:
        assert (check, TEXT_TEMPLATE) in stops(found(swap(sound, old, new, part="text")))

    def test_no_text_at_all(self, sound: Message) -> None:
        assert ("plain-text", TEXT_TEMPLATE) in stops(found(replace(sound, text=" \n")))

    def test_roles_in_outlooks_comments(self, sound: Message) -> None:
        """Outlook reads the tables that others take for comments."""
        html = sound.html.replace('role="presentation" bgcolor', "bgcolor", 1)
        assert ("table-roles", TEMPLATE) in stops(found(replace(sound, html=html)))

    def test_a_heading_level_left_out(self, sound: Message) -> None:
        html = re.sub(r"<h2\b", "<h4", sound.html).replace("</h2>", "</h4>")
        assert ("headings", TEMPLATE) in stops(found(replace(sound, html=html)))

    @pytest.mark.parametrize(
        ("subject", "preheader", "check"),
        [
            ("", "A preheader of a good length, which is some forty characters.", "subject"),
            ("Two\nlines", "A preheader of a good length, which is some forty characters.", "subject"),
            ("Ports \u202enepo", "A preheader of a good length, which is some forty characters.", "subject"),
            ("A subject", "", "preheader"),
            (
                "A subject that is said again, word for word, here",
                "A subject that is said again – word for word: here!",
                "preheader",
            ),
        ],
    )
    def test_subject_and_preheader(self, subject: str, preheader: str, check: str) -> None:
        what = edition(subject=subject, preheader=preheader)
        assert check in [name for name, _ in stops(found(rendered(what), what))]

    @pytest.mark.parametrize("preheader", ["Too short to say anything", "x" * 131])
    def test_a_preheader_of_odd_length_is_only_shown(self, preheader: str) -> None:
        what = edition(preheader=preheader)
        findings = found(rendered(what), what)
        assert [(finding.check, finding.level) for finding in findings] == [("preheader", Level.WARN)]

    @pytest.mark.parametrize(
        ("address", "name"), [("nobody", "The Daily"), ("a@mills.org", ""), ("a@mills.org", "Daily, The"), ("", "x")]
    )
    def test_sender(self, sound: Message, address: str, name: str) -> None:
        """SendGrid takes no `,;<>()@[]:"` in a name."""
        of = replace(DAILY, sender=replace(DAILY.sender, address=address, name=name))
        assert ("sender", "content/newsletters/daily.toml") in stops(found(sound, of=of))

    def test_an_organisation_without_an_address(self, sound: Message) -> None:
        organisation = replace(ORGANISATION, postal_address=" ")
        assert ("postal-address", "content/organisation.toml") in stops(found(sound, organisation=organisation))


class TestSize:
    def grown(self, sound: Message, total: int) -> Message:
        """The message with so many bytes by the proof's count."""
        filler = total - len(sound.html.encode())
        return replace(sound, html=sound.html.replace("</h3>", "<!--" + "x" * (filler - 7) + "--></h3>", 1))

    @pytest.mark.parametrize(
        ("total", "level"), [(81_919, None), (81_920, Level.WARN), (100_351, Level.WARN), (100_352, Level.STOP)]
    )
    def test_warns_at_80_and_stops_at_98_per_cent(self, sound: Message, total: int, level: Level | None) -> None:
        """Of 102,400 bytes, where Gmail cuts: 81,920 and 100,352."""
        levels = [finding.level for finding in found(self.grown(sound, total)) if finding.check == "size"]
        assert levels == ([level] if level else [])

    @pytest.mark.parametrize(("clicks", "level"), [("none", None), ("individual", Level.WARN)])
    def test_what_the_esp_tracks_grows(self, sound: Message, clicks: ClickMode, level: Level | None) -> None:
        """By 350 bytes for each of its 8 links, where it is told to track them."""
        near = self.grown(sound, 81_920 - 350 * len(sound.links))
        every = proof(near, edition(), DAILY, ORGANISATION, loopback=False, clicks=clicks)
        assert [finding.level for finding in every if finding.check == "size"] == ([level] if level else [])

    def test_names_the_heaviest_story_and_all_shares(self, sound: Message) -> None:
        """Each headline's own story carries what stands in it; the first, here, nearly all."""
        (finding,) = [f for f in found(self.grown(sound, 101_000)) if f.check == "size"]
        assert finding.where == PORTS.path
        shares = dict(re.findall(r"([a-z-]+) (\d+) %", finding.problem.partition("Shares")[2]))
        assert set(shares) == {one.slug for one in edition().stories}
        assert int(shares["ports-reopen"]) > 70


class TestStories:
    def test_a_token_in_a_story_names_file_and_line(self) -> None:
        """The ESP would put a reader's own value, or nothing, into the words."""
        what = of_story(Paragraph(spans=text("Good.")), Paragraph(spans=text("Write [[reader]] to leave.")))
        assert stops(found(rendered(what), what)) == [("tokens", "content/stories/2026-05-04-one.md:10")]

    def test_mojibake_in_a_story_names_file_and_line(self) -> None:
        what = of_story(Paragraph(spans=text("The minister’s wordsâ€™ end.")))
        assert stops(found(rendered(what), what)) == [("mojibake", "content/stories/2026-05-04-one.md:8")]

    @pytest.mark.parametrize(
        "words",
        [
            "None of the above won; the seat stays undefined, and NaN is no bread.",
            "None",
            "A template prints {{ name }} and {% if %} so.",
            "The tag <mj-text> and the entity &amp; are typed &lt;so&gt;, &#39;too&#39;.",
            r"Rust prints \u{fe0f} for it.",
            "Ça coûte 3 €, São Tomé, Ânimo, Å, naïve, Â.",
            "A ratio of 2:1 [sic], [1] and [note], “[S]ome firms” [ [x] ].",
            "Write mj-text or a@mills.org; # is a hash.",
            "undefined",
            "Straße İstanbul ﬁne ｗｉｄｅ",
            "The family 👨\u200d👩\u200d👧 and ❤️, 5\u00a0% \u06cc\u200c\u0641",
        ],
    )
    def test_what_an_editor_wrote_is_no_left_over(self, words: str) -> None:
        """A false stop in the morning is as bad as a miss: in headline, head, text, voice, byline, alt, subject."""
        what = edition(
            story(
                "odd",
                words,
                "news",
                Paragraph(spans=text(words), run_in=words),
                Paragraph(spans=text(words), run_in="The AHM says", voice=True),
                Paragraph(spans=(Span(text="Before "), Span(text=words, strong=True), Span(text=" after."))),
                bullets(words),
                byline=words,
                image=Image(src="https://harbor-millers.org/a.png", alt=words, credit=words, width=9, height=9),
            ),
            SHIFTS,
            subject=words,
        )
        assert stops(found(rendered(what), what)) == []

    def test_a_left_over_is_found_beside_the_same_word_of_a_story(self) -> None:
        """Only the story's own words are taken out, not every None of the mail."""
        what = of_story(Paragraph(spans=text("None of the above won.")))
        wrong = swap(rendered(what), ">Member News<", ">By None<")
        assert ("left-overs", TEMPLATE) in stops(found(wrong, what))

    @pytest.mark.parametrize(
        ("url", "level"),
        [
            ("https://example.org/a", Level.WARN),
            ("https://www.example.de/", Level.WARN),
            ("https://mills.test/", Level.WARN),
            ("http://localhost:8000/", Level.WARN),
            ("http://127.0.0.1:8000/", Level.WARN),
            ("http://10.0.0.7/", Level.WARN),
            ("https://staging.mills.org/a", Level.WARN),
            ("mailto:desk@example.com", Level.WARN),
            ("ftp://mills.org/a", Level.STOP),
            ("https://", Level.STOP),
            ("https://dev.to/a", None),
            ("https://examples.org/", None),
            ("https://mills.org/example.com/#staging", None),
            ("mailto:desk@mills.org?subject=a", None),
            ("https://bücher.de/ä", None),
            ("http://mills.org/", None),
        ],
    )
    def test_links(self, url: str, level: Level | None) -> None:
        """A placeholder stops, and only warns while the gateway is on this machine; a scheme of its own always stops.
        Both name the line of the story that has the link.
        """
        what = of_story(Paragraph(spans=(Span(text="See "), Span(text="the mills’ page", href=url), Span(text="."))))
        message = rendered(what)
        live = found(message, what)
        here = found(message, what, loopback=True)
        assert [finding.level for finding in here] == ([level] if level else [])
        assert [finding.level for finding in live] == ([Level.STOP] if level else [])
        assert {finding.where for finding in live} <= {"content/stories/2026-05-04-one.md:8"}

    @pytest.mark.parametrize("words", ["here", "Click here", "READ MORE", "this link", " more… "])
    def test_a_link_that_says_nothing(self, words: str) -> None:
        """WCAG 2.4.4: links are read out by themselves."""
        what = of_story(Paragraph(spans=(Span(text="Look "), Span(text=words, href="https://mills.org/"))))
        assert stops(found(rendered(what), what)) == [("link-text", "content/stories/2026-05-04-one.md:8")]

    def test_a_picture_without_words(self) -> None:
        what = of_story(
            Paragraph(spans=text("Words.")), Image(src="https://mills.org/a.png", alt="", width=10, height=10)
        )
        assert stops(found(rendered(what), what)) == [("alt", "content/stories/2026-05-04-one.md:10")]

    def test_pictures_of_this_machine_only_warn_on_loopback(self) -> None:
        message = rendered(edition(), base_url="http://127.0.0.1:8000")
        assert [(f.check, f.level) for f in found(message, loopback=True)] == [("images", Level.WARN)]
        assert [(f.check, f.level) for f in found(message)] == [("images", Level.STOP)]

    def test_a_line_that_cannot_be_broken(self) -> None:
        """Over 998 bytes in one word: shown, since the ESP encodes it."""
        url = "https://mills.org/" + "x" * 1000
        what = of_story(Paragraph(spans=(Span(text="a long address", href=url),)))
        findings = found(rendered(what), what)
        assert {(f.check, f.level) for f in findings} == {("line-length", Level.WARN)}
        assert len(findings) == 2


class TestWhole:
    def test_both_newsletters_pass(self) -> None:
        for newsletter in (DAILY, DIGEST):
            what = edition(of=newsletter)
            assert found(rendered(what, newsletter), what, newsletter) == []

    def test_stops_come_first_and_nothing_twice(self, sound: Message) -> None:
        wrong = replace(swap(sound, "<h1", "<h2"), preheader=sound.preheader[:20])
        findings = found(wrong)
        assert len(findings) == len(set(findings))
        assert findings == sorted(findings, key=lambda finding: finding.level is not Level.STOP)

    def test_checks_are_named_once(self) -> None:
        """The model has their names too, since settings may set their levels."""
        assert tuple(CHECKS) == MESSAGE_CHECKS

    def test_broken_html_is_read_all_the_same(self, sound: Message) -> None:
        """The proof never raises: what it cannot read, it reports."""
        for html in ("", "<", "<a", "</p></div>", "<h3 id='s-x'>", "<!--", "<table><td>" * 50):
            assert stops(found(replace(sound, html=html)))


SHEET, SPONSOR = "content/editions/daily/2026-05-04.md", "content/sponsors/dell.md"


SPONSORED = Sponsor(slug="dell", label="[[by]]", blocks=(), place="end", path=SPONSOR, lines={"label": 3})


def beside(**extras: object) -> Edition:
    return replace(edition(), extras=Extras(**extras))  # type: ignore[arg-type]  # each value has its field's type


@pytest.mark.parametrize(
    ("extras", "where"),
    [
        ({"note": Note(blocks=(Paragraph(spans=text("Say [[name]]."), line=7),), path=SHEET)}, f"{SHEET}:7"),
        ({"note": Note(blocks=(), by="[[name]]", path=SHEET, line=2)}, f"{SHEET}:2"),
        ({"briefs": (Brief(spans=text("Say [[name]]."), path=SHEET, line=4),)}, f"{SHEET}:4"),
        ({"calendar": (CalendarEntry(title="[[name]]", starts=date(2026, 5, 7), path="c.md", line=2),)}, "c.md:2"),
        ({"sponsors": (SPONSORED,)}, f"{SPONSOR}:3"),
    ],
)  # fmt: skip
def test_words_beside_the_stories_name_their_file(sound: Message, extras: dict[str, object], where: str) -> None:
    """What an editor wrote is mended where it was written."""
    assert ("tokens", where) in stops(found(sound, beside(**extras)))


def test_a_link_beside_the_stories_names_its_line(sound: Message) -> None:
    """A link outside of all stories is looked for in the sheet and its like; where it is not, the template is named."""
    brief = Brief(spans=(Span(text="oats", href="http://localhost/oats"),), path=SHEET, line=4)
    message = swap(sound, "</body>", '<a href="http://localhost/oats">oats of the year</a></body>')
    placeholders = {f.where for f in found(message, beside(briefs=(brief,))) if "localhost" in f.problem}
    assert placeholders == {f"{SHEET}:4"}
    assert {f.where for f in found(message) if "localhost" in f.problem} == {TEMPLATE}


def test_a_sponsors_link_is_mended_in_its_own_file() -> None:
    """Its slot follows a story, and stands in the HTML of that story."""
    slot = replace(
        SPONSORED, label="Paid", url="http://localhost/rods", link_text="The rods", place="lead", lines={"url": 6}
    )
    what = beside(sponsors=(slot,))
    placeholders = {f.where for f in found(rendered(what), what) if "localhost" in f.problem}
    assert placeholders == {f"{SPONSOR}:6"}


def test_the_sheets_own_subject_and_preheader_are_mended_there(sound: Message) -> None:
    """Not at the lead's headline, which has nothing to do with them."""
    written = replace(edition(), subject_at=f"{SHEET}:2", preheader_at=f"{SHEET}:3")
    findings = found(replace(sound, subject="", preheader=""), written)
    assert ("preheader", f"{SHEET}:3") in stops(findings)
    assert ("subject", f"{SHEET}:2") in stops(found(replace(sound, subject="a\nb"), written))
