"""Addresses in copied texts: taken out of wrappers, without tracking, in the one form that a story file gives back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importing_samples import AMG, notation

from newsletter.stories.importing import import_text
from newsletter.stories.importing.links import read_link
from newsletter.stories.markdown import link_problem

INNER = "https://example.org/a?b=c"


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc&data=05%7C01&sdata=x",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__example.org_a-3Fb-3Dc&d=DwMF&c=x",
        "https://urldefense.proofpoint.com/v1/url?u=https://example.org/a%3Fb%3Dc&k=x",
        "https://urldefense.com/v3/__https://example.org/a?b=c__;!!Ab12!xyz$",
        "https://urldefense.us/v3/__https:/example.org/a*b=c__;Pw!!Ab12!xyz$",
        "https://www.google.com/url?q=https://example.org/a?b%3Dc&sa=D&source=editors",
        "https://www.google.com/url?sa=t&url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc&h=x",
        "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%3A%2F%2Fexample.org%2Fa%253Fb%253Dc",
    ],
)
def test_a_wrapper_gives_its_address_back(wrapped: str) -> None:
    """The reader gets the address itself; the editor is told."""
    link = read_link(wrapped)
    assert link.href == INNER
    assert link.note == f"a link was taken out of its wrapper: {INNER}"


def test_runs_of_replaced_characters_are_put_back() -> None:
    """`**A` stands for two characters, `**B` for three, a lone `*` for one."""
    assert read_link("https://urldefense.com/v3/__https://example.org/**A?x=*__;fn4h!!A!x$").href == (
        "https://example.org/~~?x=!"
    )


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://example.org/a?utm_source=x&utm_campaign=y", "https://example.org/a"),
        ("https://example.org/a?id=7&utm_source=x&page=2#top", "https://example.org/a?id=7&page=2#top"),
        ("https://example.org/a?fbclid=x&gclid=y&mc_eid=z", "https://example.org/a"),
    ],
)
def test_tracking_is_taken_off(given_url: str, kept: str) -> None:
    """It would tell of another mail; what finds the page stays, in its order."""
    link = read_link(given_url)
    assert link.href == kept
    assert link.note is not None
    assert "tracking" in link.note


def test_a_shortened_address_is_told() -> None:
    """Nobody looks where it leads: nothing is fetched."""
    link = read_link("https://bit.ly/abc")
    assert link.href == "https://bit.ly/abc"
    assert "shortened" in (link.note or "")


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "/a",
        "//example.org",
        "file:///etc",
        "https://",
        "http://[",
        "https://a@b",
        "mailto:",
    ],
)
def test_other_addresses_are_no_links(raw: str) -> None:
    """https, http and mailto alone, whole."""
    link = read_link(raw)
    assert link.href is None
    assert "was left out" in (link.note or "")


@pytest.mark.parametrize("raw", ["", " ", "#top"])
def test_a_place_on_the_page_is_not_worth_a_word(raw: str) -> None:
    """There is nothing that an editor could mend."""
    assert read_link(raw) == read_link("")
    assert read_link(raw).note is None


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"https://example.org/{text}"))
def test_any_address_is_one_or_is_told(raw: str) -> None:
    """What is given may stand in a story, and reading it again changes nothing."""
    link = read_link(raw)
    if link.href is not None:
        assert link_problem(link.href) is None
        assert read_link(link.href).href == link.href


def test_addresses_that_were_flattened_are_links_again() -> None:
    """V50 in plain text: after a word, in three kinds of brackets, alone on a line, in a sentence."""
    text = (
        "Ports Reopen\n\n"
        "The survey (https://example.org/s?utm_source=m) and the bill<https://example.org/b_(1)> say so.\n\n"
        "See https://example.org/c, or ask [https://example.org/d].\n\nhttps://example.org/more\n"
    )
    assert [line for line in notation(import_text(text, AMG)) if line.startswith("P ")] == [
        "P The [survey](https://example.org/s) and the [bill](https://example.org/b_(1)) say so.",
        "P See <https://example.org/c>, or [ask](https://example.org/d).",
        "P <https://example.org/more>",
    ]
