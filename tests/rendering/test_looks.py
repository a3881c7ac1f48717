"""The looks: golden mails, weight, and what each prints of all the parts that an edition may hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rendering_samples import (
    ALERT,
    BASE_URL,
    DAILY,
    EXTRAS,
    FULL,
    MAGAZINE,
    ORGANISATION,
    PICTURED,
    PORTS,
    ROOT,
    TEMPLATES,
    bullets,
    edition,
    story,
    text,
)

from newsletter.model import (
    PARTS,
    Block,
    BulletList,
    Edition,
    Extras,
    Logo,
    Message,
    Newsletter,
    Paragraph,
    Source,
    Story,
)
from newsletter.rendering import render
from newsletter.rendering.proof import proof
from newsletter.rendering.proof.page import read
from newsletter.rendering.proof.weight import GMAIL_CLIPS_AT, TRACKED_LINK
from newsletter.rendering.words import texts_of
from newsletter.stories.importing import import_file

SEED = ROOT.parent / "shared" / "seed" / "input-stories.txt"

LOOKS = {
    "briefing": (FULL, edition(of=FULL, extras=EXTRAS)),
    "magazine": (MAGAZINE, edition(*PICTURED, of=MAGAZINE, extras=EXTRAS)),
    "alert": (ALERT, edition(PORTS, of=ALERT, suffix="alert")),
}


def rendered(of: Newsletter, what: Edition) -> Message:
    return render(what, of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)


@pytest.mark.parametrize("look", LOOKS)
class TestGolden:
    def test_html(self, look: str, golden: Callable[[str, str], None]) -> None:
        """The look, byte by byte; dark is the same HTML with its media query."""
        golden(f"{look}.html", rendered(*LOOKS[look]).html)

    def test_text(self, look: str, golden: Callable[[str, str], None]) -> None:
        golden(f"{look}.txt", rendered(*LOOKS[look]).text)

    def test_proof_finds_nothing(self, look: str) -> None:
        newsletter, what = LOOKS[look]
        assert proof(rendered(newsletter, what), what, newsletter, ORGANISATION, loopback=False) == ()


def of_seed_shape(slug: str, section: str) -> Story:
    """A story of 3 kB as editors write them: a lede with its source, run-in heads over bullets, the voice."""
    sentence = "Mills in nine states ship flour by rail, and the price of a car has doubled since spring. " * 4
    blocks: list[Block] = [Paragraph(spans=text(f"{sentence[:239]} (The Alder Ledger, subscription)."))]
    for head, length, items in (
        ("The agreements", 265, (285, 250)),
        ("The big picture", 225, (240,)),
        ("Further efforts", 255, (270,)),
        ("Congress in action", 95, (220,)),
    ):
        blocks.append(Paragraph(run_in=head, spans=text(sentence[:length])))
        blocks.append(bullets(*(sentence[:item] for item in items)))
    blocks.append(Paragraph(run_in="The AHM says", voice=True, spans=text(sentence[:200])))
    blocks.append(bullets(sentence[:280]))
    return story(
        slug,
        "Millers Partner with Ports, Rail and Roads on Grain Cars",
        section,
        *blocks,
        url=f"https://harbor-millers.org/news/{slug}",
        sources=(Source(outlet="The Alder Ledger", access="subscription", url="https://ledger.alder-press.org/cars"),),
    )


SIXTEEN = tuple(of_seed_shape(f"cars-{n}", DAILY.sections[n % 3].slug) for n in range(16))


def byte_count(what: Story) -> int:
    return len("\n".join([what.headline, *(words for block in what.blocks for words in texts_of(block))]).encode())


@pytest.mark.parametrize("look", ["briefing", "magazine"])
class TestWeight:
    """Gmail clips at 102,400 bytes, and links grow when they are tracked."""

    def test_a_story_of_3_kb_weighs_5_kb_at_most(self, look: str) -> None:
        assert 2_950 <= byte_count(SIXTEEN[0]) <= 3_100
        sizes = read(rendered(replace(DAILY, template=look), edition(*SIXTEEN)).html).sizes
        assert len(sizes) == 16
        assert max(sizes.values()) <= 5_000

    def test_sixteen_of_them_fit(self, look: str) -> None:
        """Under 90 % of what Gmail shows, with two links each, their growth counted in."""
        message = rendered(replace(DAILY, template=look), edition(*SIXTEEN))
        assert len(message.links) == 16 * 2 + 1
        assert len(message.html.encode()) + TRACKED_LINK * len(message.links) <= 0.9 * GMAIL_CLIPS_AT

    @pytest.mark.skipif(not SEED.exists(), reason="needs shared/seed/input-stories.txt beside the checkout")
    def test_sixteen_of_the_seed_fit(self, look: str) -> None:
        """The story that editors sent first, as it is imported, with a link to its page."""
        draft = import_file(SEED.read_bytes(), ORGANISATION, shown="the seed").stories[0]
        seeds = tuple(
            story(
                f"seed-{n}",
                draft.headline or "",
                "news",
                *draft.blocks,
                url=f"https://harbor-millers.org/news/seed-{n}",
            )
            for n in range(16)
        )
        message = rendered(replace(DAILY, template=look), edition(*seeds))
        assert max(read(message.html).sizes.values()) <= 5_000
        assert len(message.html.encode()) + TRACKED_LINK * len(message.links) <= 0.9 * GMAIL_CLIPS_AT


WORDS_OF_PARTS = {
    "count": "371 words",
    "note": "The ports are open",
    "contents": "In this edition",
    "bylines": "By Ann Roe",
    "images": "Cranes over stacked containers",
    "sources": "Source: Quay Wire",
    "sponsors": "Sponsored by Roe Castings",
    "briefs": "Rail rates rise",
    "calendar": "Harbor Week",
    "corrections": "It fell by 1.2%",
    "feedback": "Was this edition worth your time?",
    "share": "on LinkedIn",
    "archive": "Read this edition in the browser",
}


def said(message: Message) -> tuple[str, str]:
    """All words of both parts in small letters, alt texts too, without line breaks and bars."""
    page = read(message.html)
    alts = " ".join(image.attributes["alt"] for image in page.all("img"))
    return f"{page.visible} {alts}".lower(), " ".join(message.text.replace("\n| ", "\n").split()).lower()


@pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
@pytest.mark.parametrize("part", PARTS)
class TestParts:
    def test_it_is_printed_where_it_is_switched_on(self, look: str, part: str) -> None:
        """In every look, in both parts of the message."""
        of = replace(FULL, template=look)
        for words in said(rendered(of, edition(of=of, extras=EXTRAS))):
            assert WORDS_OF_PARTS[part].lower() in words

    def test_it_is_left_out_where_it_is_not(self, look: str, part: str) -> None:
        """And its frame with it. (What an edition holds besides is left out of its extras when it is gathered.)"""
        of = replace(FULL, template=look, parts=tuple(one for one in PARTS if one != part))
        kept = {"sponsors": "sponsors", "briefs": "briefs", "calendar": "calendar", "corrections": "corrections"}
        extras = replace(EXTRAS, **({kept[part]: ()} if part in kept else {"note": None} if part == "note" else {}))
        for words in said(rendered(of, edition(of=of, extras=extras))):
            assert WORDS_OF_PARTS[part].lower() not in words


class TestExtras:
    def roles(self, of: Newsletter = FULL) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for link in rendered(of, edition(of=of, extras=EXTRAS)).links:
            found.setdefault(link.role, []).append(link.url)
        return found

    def test_links_know_what_they_are(self) -> None:
        roles = self.roles()
        assert roles["sponsor"] == ["https://roe-castings.org/rollers", "https://alder-sieves.org/"]
        assert roles["brief"] == ["https://quaywire.alder-press.org/rail"]
        assert roles["calendar"] == ["https://harbor-millers.org/dust-webinar"]
        assert roles["correction"] == ["https://harbor-millers.org/news/rye-prices"]
        assert roles["archive"] == [f"{BASE_URL}/archive/daily/2026-05-04/", f"{BASE_URL}/archive/daily/"]
        assert [url.split(":")[0] for url in roles["feedback"]] == ["https", "https", "mailto"]
        assert roles["furniture"] == ["https://harbor-millers.org/"]

    def test_shares_lead_to_the_storys_page_or_its_archive_page(self) -> None:
        """By plain links, which tell nobody who did not press them."""
        shares = self.roles()["share"]
        assert len(shares) == 6 * 3
        assert shares[1].endswith("url=https%3A%2F%2Fharbor-millers.org%2Fnews%2Fports-reopen")
        assert shares[7].endswith("%2Farchive%2Fstories%2Ftariff-list%2F")
        assert shares[0].startswith("mailto:?subject=Ports%20Reopen%20After")

    def test_a_story_without_a_page_is_not_shared_where_there_is_no_archive(self) -> None:
        """A link to a page that nothing serves is worse than none."""
        of = replace(FULL, archive="off")
        shared = [link.story for link in rendered(of, edition(of=of)).links if link.role == "share"]
        assert set(shared) == {story.slug for story in edition(of=of).stories if story.url}

    def test_a_part_of_a_newsletter_that_is_in_no_archive(self) -> None:
        """Its editions have no page, so no mail leads there."""
        of = replace(FULL, archive="off")
        assert [link.url for link in rendered(of, edition(of=of)).links if link.role == "archive"] == []

    def test_an_extra_edition_has_an_archive_page_of_its_own(self) -> None:
        message = rendered(FULL, edition(of=FULL, suffix="alert"))
        assert f"{BASE_URL}/archive/daily/2026-05-04-alert/" in message.text

    @pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
    def test_sponsors_stand_where_they_paid_for(self, look: str) -> None:
        """After the lead, after a section; one whose section this edition lacks, at the end."""
        of = replace(FULL, template=look)
        for everything in said(rendered(of, edition(of=of, extras=EXTRAS))):
            words = everything[everything.index("dock workers") :]
            order = [
                "said monday", "sponsored by roe castings", "a house panel voted", "shifts of eight hours",
                "paid for by alder sieves", "the køhler family", "advertisement of the mill insurers",
            ]  # fmt: skip
            places = [words.index(one) for one in order]
            assert places == sorted(places)

    def test_dates_are_in_the_newsletters_zone_and_language(self) -> None:
        of = replace(FULL, language="de")
        words = rendered(of, edition(of=of, extras=EXTRAS)).text
        assert "Montag, 4. Mai 2026" in words
        assert "Do., 14. Mai, 14:00 – 15:30 EDT · online" in words

    def test_without_extras_there_is_no_frame_for_them(self) -> None:
        message = rendered(FULL, edition(of=FULL))
        for words in ("Editor’s note", "Also in the news", "Calendar", "Corrections"):
            assert words not in message.html
            assert words.upper() not in message.text

    def test_the_text_part_numbers_all_links_once(self) -> None:
        text_part = rendered(FULL, edition(of=FULL, extras=EXTRAS)).text
        numbers = re.findall(r"^\[(\d+)\] ", text_part, re.MULTILINE)
        assert len(numbers) == len(set(numbers))
        assert set(numbers) == set(re.findall(r"(?<!^)\[(\d+)\]", text_part))


class TestMagazine:
    def test_short_stories_stand_in_pairs(self) -> None:
        """Two columns, which a phone stacks, and which are one column where <style> is dropped."""
        html = rendered(*LOOKS["magazine"]).html
        assert html.count('class="mj-outlook-group-fix mj-column-per-50"') == 4

    def test_every_story_is_printed_in_order(self) -> None:
        headlines = [one.text for one in read(rendered(*LOOKS["magazine"]).html).all("h3")]
        assert headlines == [one.headline for one in PICTURED]

    def test_a_long_story_has_its_picture_beside_it(self) -> None:
        long = replace(of_seed_shape("long", "workforce"), image=PORTS.image)
        html = rendered(MAGAZINE, edition(PORTS, long, of=MAGAZINE)).html
        page = read(html)
        beside = [image for image in page.all("img") if image.story == "long"]
        assert [image.attributes["width"] for image in beside] == ["194"]
        assert all(words.strip() in page.visible for block in long.blocks for words in texts_of(block))
        assert page.visible.count(texts_of(long.blocks[0])[0]) == 1, "once, though it stands beside the picture"
        assert next(page.all("img")).attributes["width"] == "600"


class TestFrame:
    @pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
    def test_right_to_left(self, look: str) -> None:
        """Rules, indents and columns stand at the side where lines begin; joined letters are not spaced."""
        of = replace(FULL, template=look, direction="rtl", language="ar")
        html = rendered(of, edition(of=of, extras=EXTRAS)).html
        assert "border-right:4px solid" in html
        assert "border-left:4px solid" not in html
        assert "letter-spacing" not in html
        assert html.count("direction:rtl") >= 4
        assert "direction:ltr" not in html
        strip = html[html.index('class="strip"') :]
        assert strip[: strip.index("</table>")].count('align="left"') == 1  # the far end of the strip
        assert 'align="left"' not in html.replace(strip[: strip.index("</table>")], "")

    @pytest.mark.parametrize("look", ["briefing", "alert"])
    def test_a_logo_stands_above_the_title_on_a_light_plate(self, look: str) -> None:
        """The title stays in words, for readers without pictures."""
        of = replace(FULL, template=look, logo=Logo(src="images/wheel.png", alt="A mill wheel", width=96, height=48))
        page = read(rendered(of, edition(of=of)).html)
        logo = next(page.all("img")).attributes
        assert (logo["src"], logo["width"], logo["height"]) == (f"{BASE_URL}/images/wheel.png", "96", "48")
        assert next(page.all("h1")).text == "The Mill Daily"
        assert re.search(r"\.mount\{background:#fdfcfa!important;\}", rendered(of, edition(of=of)).html)

    def test_the_alert_says_what_it_is(self) -> None:
        """An extra edition says so; a newsletter of alerts says Alert."""
        assert "Extra edition" in read(rendered(*LOOKS["alert"]).html).visible
        message = rendered(ALERT, edition(PORTS, of=ALERT))
        assert "Alert" in read(message.html).visible
        assert message.text.startswith("!" * 78)

    def test_nothing_of_an_extra_is_code(self) -> None:
        nasty = "<script>alert(1)</script> {{ 7 * 7 }} <mj-text> &lt; <!-- x"
        extras = Extras(briefs=(replace(EXTRAS.briefs[1], spans=text(nasty), outlet=nasty),))
        message = rendered(FULL, edition(of=FULL, extras=extras))
        assert "<script" not in message.html
        assert read(message.html).visible.count(nasty) == 2


def test_lists_of_two_levels_are_lists_in_both_parts() -> None:
    message = rendered(*LOOKS["briefing"])
    assert message.html.count("<ol>") == 1
    assert re.search(r"<li><strong>Night\s+gates:</strong>[^<]*<ul><li>bulk", message.html)
    assert "      - bulk carriers first," in message.text
    assert isinstance(PORTS.blocks[2], BulletList)
