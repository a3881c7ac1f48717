"""What holds for every document of every format: nothing raises, nothing is lost, what is written reads back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from importing_samples import AMG, draft_texts, unlined, visible
from selectolax.lexbor import LexborHTMLParser

from newsletter.errors import ContentError
from newsletter.model import Image, Span
from newsletter.stories.importing import Draft, Imported, fingerprint, import_file, normalise
from newsletter.stories.importing.styled import dress, settled
from newsletter.stories.parse import parse_story
from newsletter.stories.write import story_text

WORDS = [
    *("Ports Reopen", "The deal:", "The deal: ", "ships", " ", "\n", "\u00a0", "e\u0301", "\u200b", "5", ". . .", "…"),
    *("“", "”", "(", ")", ".", " .", ":", "• ", "- ", "1. ", "**", "_", "[x](y)", "&amp;", "<", "Input Stories"),
    *("View More", "The AMG says:", "Q:", "https://example.org/a", "(https://example.org/b)", "However …"),
    *("(The Daily Ledger, subscription)", "Gates opened at noon.", "[[token]]", "{{ name }}", "\u202eevil\u202c"),
]
TAGS = [
    *("p", "div", "b", "i", "em", "strong", "span", "h1", "h2", "ul", "ol", "li", "blockquote", "table", "tr", "td"),
    *("th", "br", "pre", "q", "s", "nav", "article", "main", "header", "footer", "form", "center", "sup", "x-y", "hr"),
]
ATTRIBUTES = [
    *("", "", "", ' style="font-weight:normal"', ' style="font-weight:700;font-style:italic"', " hidden", ' start="7"'),
    *(' class="MsoListParagraph"', ' style="mso-list:l0 level2 lfo1"', ' aria-level="3"', ' class="cookie"', " x=1"),
]
LINKS = [
    "https://example.org/a b",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@example.org",
    "#top",
    "http://[",
]

TEXT = st.lists(st.sampled_from(WORDS), max_size=6).map("".join) | st.text(max_size=20)
ESCAPED = TEXT.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))


def tagged(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(inner, max_size=4).map("".join)
    plain = st.builds(
        lambda tag, attributes, text: f"<{tag}{attributes}>{text}</{tag}>",
        st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES), parts,
    )  # fmt: skip
    linked = st.builds(lambda href, text: f'<a href="{href}">{text}</a>', st.sampled_from(LINKS), parts)
    return plain | linked


HTML = st.recursive(ESCAPED, tagged, max_leaves=25).map(lambda body: f"<html><body>{body}</body></html>")
MARKDOWN = st.lists(
    st.sampled_from(
        [
            *WORDS,
            "\n\n",
            "\n",
            "# ",
            "> ",
            "- ",
            "  - ",
            "![a](images/b.png)",
            "[a](https://example.org)",
            "<b>",
            "</b>",
        ]
    ),
    max_size=40,
).map("".join)


def read(raw: bytes, name: str) -> Imported | None:
    """The import; None where it was refused. Anything else that is raised fails the test."""
    try:
        return import_file(raw, AMG, shown=name)
    except ContentError:
        return None


def reads_back(draft: Draft) -> None:
    """The draft, written as a file, is the same story; pictures are not looked for on the disk."""
    blocks = tuple(block for block in draft.blocks if not isinstance(block, Image) or "://" in block.src)
    text = story_text(headline=draft.headline or "None yet", section="trade", blocks=blocks)
    story = parse_story(Path("2026-05-04-x.md"), text.encode(), organisation=AMG, images=Path("images"), shown="x.md")
    assert story.headline == (draft.headline or "None yet")
    assert [unlined(block) for block in story.blocks] == [unlined(block) for block in blocks]
    assert fingerprint(draft.headline, story.blocks) == draft.fingerprint
    again = read(text.encode(), "x.md")
    assert again is not None
    assert [unlined(block) for block in again.stories[0].blocks] == [unlined(block) for block in blocks]


def shown_in(html: str) -> Counter[str]:
    """The letters and digits that a browser has in the body, scripts and the like left out."""
    parser = LexborHTMLParser(html)
    parser.strip_tags(["script", "style", "template", "noscript", "title"], recursive=True)
    return visible([parser.body.text(separator="") if parser.body else ""])


@given(HTML)
def test_html_is_read_whole_and_reads_back(html: str) -> None:
    """Each letter and digit is in a draft or in a dropped part; each draft is a story file's story."""
    found = read(html.encode("utf-8", "surrogatepass"), "page.html")
    if found is None:
        return
    for draft in found.stories:
        if draft.blocks:
            reads_back(draft)


@given(HTML)
def test_no_letter_of_html_is_lost(html: str) -> None:
    """What a browser shows is in a draft, or listed as dropped."""
    raw = html.encode("utf-8", "ignore")
    found = read(raw, "page.html")
    if found is None:
        return
    kept = [text for draft in found.stories for text in draft_texts(draft)]
    before = shown_in(raw.decode())
    told = [doubt.message for doubt in found.warnings if doubt.message.startswith("the headline was a link")]
    after = visible([*kept, *told, *(dropped.text for dropped in found.dropped)])
    before.pop("o", None)  # may be a bullet
    assert not before - after


@given(MARKDOWN)
def test_markdown_is_read_and_reads_back(text: str) -> None:
    """Any Markdown is a story or a fault."""
    found = read(text.encode(), "x.md")
    for draft in found.stories if found else ():
        if draft.blocks:
            reads_back(draft)


@given(
    st.lists(
        st.builds(
            lambda text, strong, href: Span(text=text, strong=strong, href=href),
            TEXT,
            st.booleans(),
            st.none() | st.just("https://example.org"),
        )
    )
)
@example([Span(text="However . "), Span(text=". .", strong=True), Span(text=" “So”")])
@example([Span(text="e"), Span(text="\u0301x", strong=True)])
def test_a_text_is_normalised_alike_in_any_style(spans: list[Span]) -> None:
    """Style is carried along: the words are those of the plain text, and doing it twice changes nothing."""
    once = settled(spans)
    assert "".join(span.text for span in once) == normalise("".join(span.text for span in spans))
    assert settled(once) == once


def test_an_ellipsis_has_the_style_of_its_dots() -> None:
    """What was made of several characters is styled by the first of them."""
    given_spans = (Span(text="However . . .", strong=True), Span(text=" “So.”"))
    assert settled(given_spans) == (Span(text="However …", strong=True), Span(text=" “So.”"))
    assert dress("b", (Span(text="\u200bb", emphasis=True),)) == (Span(text="b", emphasis=True),)
