"""From a Markdown body to blocks."""

from __future__ import annotations

import pytest

from newsletter.model import BulletList, Image, Item, Organisation, Paragraph, Quote, Span, plain
from newsletter.stories.markdown import blocks_of

S = Span


def blocks(body: str, organisation: Organisation) -> tuple[object, ...]:
    found, faults = blocks_of(body, first_line=1, organisation=organisation, path="x.md")
    assert not faults
    return found


def faults(body: str, organisation: Organisation) -> list[tuple[int, str]]:
    return [
        (fault.line, fault.problem)
        for fault in blocks_of(body, first_line=10, organisation=organisation, path="x.md")[1]
    ]


@pytest.mark.parametrize(
    ("body", "run_in", "text"),
    [
        ("**The deal:** Both sides …", "The deal", "Both sides …"),
        ("**The deal**: Both sides …", "The deal", "Both sides …"),
        ("**Key findings:**", "Key findings", ""),
        ("**The _Ledger_ deal:** x", "The Ledger deal", "x"),
        ("**The deal** was on: yes", None, "The deal was on: yes"),
        ("The deal: Both", None, "The deal: Both"),
        ("**[The deal:](https://example.org)** x", None, "The deal: x"),
        ("**:** x", None, ": x"),
        ("**The deal:** \\&amp;", "The deal", "&amp;"),
    ],
)
def test_a_run_in_head(body: str, run_in: str | None, text: str, organisation: Organisation) -> None:
    """Strong text at the start that ends in a colon, inside the strong or just after it; a link is kept a link."""
    (block,) = blocks(body, organisation)
    assert isinstance(block, Paragraph)
    assert (block.run_in, plain(block.spans)) == (run_in, text)


@pytest.mark.parametrize("head", ["The AMG says", "the amg SAYS", "The AMG's take", "The AMG’s take", "Our take"])
def test_the_organisations_voice(head: str, organisation: Organisation) -> None:
    """Its heads are known in any case and with either apostrophe."""
    (block,) = blocks(f"**{head}:** We agree.", organisation)
    assert isinstance(block, Paragraph)
    assert block.voice


def test_another_head_is_no_voice(organisation: Organisation) -> None:
    """Only the organisation's own heads are its voice."""
    (block,) = blocks("**The ACME says:** We agree.", organisation)
    assert isinstance(block, Paragraph)
    assert not block.voice


def test_spans(organisation: Organisation) -> None:
    """Strong, emphasis and links are kept; code, entities and line ends are text."""
    body = "a *b* **c [d](https://example.org/x)** `e` &copy; f\n  g  \nh"
    (block,) = blocks(body, organisation)
    assert isinstance(block, Paragraph)
    assert block.spans == (
        S(text="a "), S(text="b", emphasis=True), S(text=" "), S(text="c", strong=True), S(text=" "),
        S(text="d", strong=True, href="https://example.org/x"), S(text=" e © f g h"),
    )  # fmt: skip


def test_lists(organisation: Organisation) -> None:
    """Bullets with heads and a second level; numbers from their start; the line of each."""
    first, second = blocks("- **Ports:** open\n  - one\n  - two\n\n3. x\n4. y", organisation)
    below = (Item(spans=(S(text="one"),)), Item(spans=(S(text="two"),)))
    assert first == BulletList(items=(Item(spans=(S(text="open"),), run_in="Ports", children=below),))
    assert isinstance(second, BulletList)
    assert (second.ordered, second.start, [item.line for item in second.items]) == (True, 3, [5, 6])


def test_quotes_and_images(organisation: Organisation) -> None:
    """A quotation has paragraphs; an image stands alone and has its credit in quotes."""
    quote, image = blocks('> one\n>\n> two\n\n![A port](images/p.png "B. Low")', organisation)
    assert quote == Quote(paragraphs=((S(text="one"),), (S(text="two"),)))
    assert image == Image(src="images/p.png", alt="A port", credit="B. Low")


def test_html_in_a_line_is_text(organisation: Organisation) -> None:
    """Raw HTML never passes as HTML."""
    (block,) = blocks("a <script>x</script> <b>y</b>", organisation)
    assert isinstance(block, Paragraph)
    assert plain(block.spans) == "a <script>x</script> <b>y</b>"


def test_brackets_are_text(organisation: Organisation) -> None:
    """An editor's bracket is neither a link nor a definition that vanishes."""
    (block,) = blocks("[S]aid: so\n“reconsider[ing]” [sic]", organisation)
    assert isinstance(block, Paragraph)
    assert plain(block.spans) == "[S]aid: so “reconsider[ing]” [sic]"


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        ("x\n\n# Head", 12, "headings"),
        ("x\n---", 10, "headings"),
        ("x\n\n***", 12, "rule"),
        ("```\nx\n```", 10, "code"),
        ("x\n\n    code", 12, "four spaces"),
        ("<div>\nx\n</div>", 10, "HTML"),
        ("<!-- note -->", 10, "comments too"),
        ("|a|b|\n|-|-|\n|1|2|", 10, "tables"),
        ("x\ny [a](javascript:alert(1))", 11, "https://"),
        ("[a](/local)", 10, "https://"),
        ("[a](http://)", 10, "https://"),
        ("[a](mailto:nobody)", 10, "https://"),
        ("[a](data:text/html,x)", 10, "https://"),
        ("[a]()", 10, "without an address"),
        ("[](https://example.org)", 10, "no words"),
        ("x ![a](images/x.png)", 10, "alone"),
        ("x\n\n[1]: https://example.org", 12, "written whole"),
        ("- a\n  - b\n    - c", 12, "two levels"),
        ("- a\n  1. b", 11, "numbered"),
        ("- a\n\n  b", 10, "one paragraph"),
        ("- a\n\n  > b", 10, "one paragraph"),
        ("- ", 10, "without text"),
        ("> - a", 10, "paragraphs only"),
    ],
)
def test_what_is_not_part_of_a_story(body: str, line: int, problem: str, organisation: Organisation) -> None:
    """What a story cannot hold is a fault at its line, with what to do."""
    found = faults(body, organisation)
    assert [(at, problem in text) for at, text in found] == [(line, True)], found


def test_faults_come_together(organisation: Organisation) -> None:
    """All faults of a body are told at once, in the order of their lines."""
    assert [line for line, _ in faults("[a](x)\n\n# b\n\nc\n\n| d |\n|---|", organisation)] == [10, 12, 16]
