"""Writing a story file, and reading it back."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.model import Block, BulletList, Image, Item, Organisation, Paragraph, Quote, Span, Status, plain
from newsletter.stories.markdown import blocks_of
from newsletter.stories.spans import squash, tidy
from newsletter.stories.write import markdown, new_story_text, quoted, slugify, story_text

CHARACTERS = list("aB1 é.:,!?*_[]()<>&#-+$`~\\|=\"'“”’—\u00a0;/😀€\u0301\u2028")
TRICKY = [
    "&amp;",
    "1. x",
    "- x",
    "_a_",
    "<b>",
    "![a](b)",
    "**",
    "***",
    "[x]: http://a.b",
    "+ ",
    "    code",
    "# x",
    "> x",
]
TEXT = st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=8) | st.sampled_from(TRICKY)
HREF = st.sampled_from([None, None, None, "https://example.org/a_(b)?x=1&amp=2", "mailto:a@example.org"])
SPANS = st.lists(
    st.builds(
        lambda text, strong, emphasis, href: Span(text=text, strong=strong, emphasis=emphasis, href=href),
        TEXT, st.booleans(), st.booleans(), HREF,
    ),
    min_size=1, max_size=5,
).map(tidy)  # fmt: skip
HEAD = TEXT.map(squash).filter(lambda head: bool(head) and not head.endswith(":"))


def read(body: str, organisation: Organisation) -> tuple[Block, ...]:
    blocks, faults = blocks_of(body, first_line=1, organisation=organisation, path="x.md")
    assert not faults
    return blocks


@given(SPANS.filter(bool))
def test_any_text_in_any_style_survives(organisation: Organisation, spans: tuple[Span, ...]) -> None:
    """What is written in Markdown reads back as the same spans, whatever marks and signs are in it."""
    paragraph = Paragraph(spans=tidy((Span(text="So: "), *spans)))
    assert read(markdown((paragraph,)), organisation) == (paragraph,)


@given(SPANS, HEAD)
def test_run_in_heads_survive(organisation: Organisation, spans: tuple[Span, ...], head: str) -> None:
    """A head is written as strong text with a colon, over a paragraph, an item, or alone."""
    item = Item(spans=spans, run_in=head, children=(Item(spans=spans, run_in=head),))
    blocks: tuple[Block, ...] = (Paragraph(spans=spans, run_in=head), BulletList(items=(item,)))
    assert read(markdown(blocks), organisation) == blocks


ITEMS = st.lists(
    st.builds(
        lambda spans, head, below: Item(spans=spans, run_in=head, children=tuple(Item(spans=each) for each in below)),
        SPANS, st.none() | HEAD, st.lists(SPANS, max_size=2),
    ),
    min_size=1, max_size=3,
)  # fmt: skip
BLOCKS = st.lists(
    st.one_of(
        st.builds(lambda spans, head: Paragraph(spans=spans, run_in=head), SPANS, st.none() | HEAD),
        st.builds(
            lambda items, start: BulletList(items=tuple(items), ordered=start is not None, start=start or 1),
            ITEMS,
            st.none() | st.integers(1, 99),
        ),
        st.builds(lambda paragraphs: Quote(paragraphs=tuple(paragraphs)), st.lists(SPANS, min_size=1, max_size=2)),
        st.builds(lambda alt, credit: Image(src="images/a b.png", alt=alt, credit=credit), HEAD, st.none() | HEAD),
    ),
    max_size=4,
)


@given(BLOCKS)
def test_parse_then_write_then_parse_is_identity(organisation: Organisation, blocks: list[Block]) -> None:
    """Whatever blocks the parser gives, it gives again once they are written."""
    once, faults = blocks_of(markdown(tuple(blocks)), first_line=1, organisation=organisation, path="x.md")
    if not faults:  # an empty item, which is a fault by itself
        assert read(markdown(once), organisation) == once


@given(SPANS)
def test_tidying_twice_changes_nothing(spans: tuple[Span, ...]) -> None:
    """Spans have one form."""
    assert tidy(spans) == spans
    # An accent that stands in a span of its own is one letter with the letter before it only across the two.
    assert unicodedata.normalize("NFC", plain(spans)) == squash(plain(spans))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ports Reopen", "Ports Reopen"),
        ("Plan: Two", '"Plan: Two"'),
        ("1984", '"1984"'),
        ("Yes", '"Yes"'),
        ("[S]ome say", '"[S]ome say"'),
        ("Rule #4", '"Rule #4"'),
        ('A "b" \\ c', '"A \\"b\\" \\\\ c"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("ann, b.low", '"ann, b.low"'),
    ],
)
def test_front_matter_is_quoted_where_needed(text: str, written: str) -> None:
    """YAML's own signs, and words that other tools would type, are put in quotes."""
    assert quoted(text) == written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(squash).filter(bool))
def test_any_headline_survives(parse, headline: str) -> None:
    """A headline is the same text after a round through YAML."""
    text = story_text(headline=headline, section="trade", blocks=(Paragraph(spans=(Span(text="x"),)),))
    assert parse(text).headline == headline


def test_all_fields_are_written_and_read(parse) -> None:
    """`extra` takes lists, mappings, instants and numbers; None leaves a key out."""
    moment = datetime(2026, 5, 4, 10, tzinfo=UTC)
    extra = {
        "newsletters": ["daily"], "priority": 2, "go_live": moment, "author": None,
        "sources": [{"outlet": "E&M: News", "url": "https://example.org/a,b"}],
    }  # fmt: skip
    story = parse(story_text(headline="H", section="trade", blocks=(), status=Status.READY, extra=extra))
    assert (story.newsletters, story.priority, story.go_live, story.author) == (("daily",), 2, moment, None)
    assert (story.sources[0].outlet, story.sources[0].url) == ("E&M: News", "https://example.org/a,b")


def test_a_new_story_parses(parse) -> None:
    """`story new` makes a file without faults, whose placeholder words the desk checks stop."""
    story = parse(new_story_text(headline="Ports: What Next?", section="trade", author="ann"))
    assert (story.headline, story.status, story.author) == ("Ports: What Next?", Status.DRAFT, "ann")
    assert any("TK" in plain(block.spans) for block in story.blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("Ports Reopen After Two-Day Stoppage", "ports-reopen-after-two-day-stoppage"),
        ("The AMG’s Take: “No”", "the-amgs-take-no"),
        ("Éclairs à la carte", "eclairs-a-la-carte"),
        ("港口", "story"),
        ("word " * 30, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("x" * 90, "x" * 60),
    ],
)
def test_slugs(headline: str, slug: str) -> None:
    """Lower-case ASCII words, 60 characters at most, cut at a word."""
    assert slugify(headline) == slug
