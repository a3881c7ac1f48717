"""The report's page: whoever has its address sees the numbers; looking changes nothing, and no reader is in it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from web_house import House

from newsletter.audience import tokens
from newsletter.pipeline import freezing, outcomes
from newsletter.pipeline.context import target
from newsletter.web.pages import Pages
from newsletter.web.reports import page_in_one

MONDAY = "daily/2026-05-04"


@pytest.fixture
def frozen(make_house: Callable[..., House]) -> House:
    """A house whose edition of the day is frozen for its two readers, and has not begun to go."""
    house = make_house(SANDBOX="1")
    freezing.freeze(house.context, target(house.context, MONDAY, house.context.clock()), by="ann")
    return house


def path_of(house: House) -> str:
    return "/desk/report/" + outcomes.link(house.context, MONDAY).rpartition("/")[2]


def test_the_page_says_how_the_edition_stands(frozen: House) -> None:
    """In the look of its newsletter, from now on until it is over."""
    page = frozen.ask("GET", path_of(frozen))
    assert page.status_code == 200
    assert "The Morning Run of May 4, 2026: the report" in page.text
    assert "The send is not over: 2 copies have yet to go." in page.text
    assert 'data-newsletter="daily"' in page.text


def test_it_is_private(frozen: House) -> None:
    """Neither kept nor found; and no address of a reader stands in it."""
    page = frozen.ask("GET", path_of(frozen))
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "ann@" not in page.text
    assert "bob@" not in page.text


def test_it_asks_for_nothing_that_its_policy_forbids(frozen: House) -> None:
    """No script, no style but the sheet: charts are drawn by attributes."""
    page = frozen.ask("GET", path_of(frozen)).text
    assert not re.findall(r"<script|<style| style=| on\w+=", page)


def test_head_says_the_same_without_a_body(frozen: House) -> None:
    answer = frozen.ask("HEAD", path_of(frozen))
    assert (answer.status_code, answer.content) == (200, b"")


def test_looking_writes_nothing(frozen: House) -> None:
    """The tables are as they were."""
    rows = "SELECT (SELECT count(*) FROM send), (SELECT count(*) FROM step), (SELECT count(*) FROM judgement)"
    with frozen.context.store.read() as tx:
        before = tx.exec_driver_sql(rows).one()
    frozen.ask("GET", path_of(frozen))
    with frozen.context.store.read() as tx:
        assert tx.exec_driver_sql(rows).one() == before


@pytest.mark.parametrize("wrong", ["cut", "changed", "a reader's", "of no edition", "under another key"])
def test_a_wrong_token_is_a_404_that_tells_nothing(frozen: House, wrong: str) -> None:
    """As any other address that there is not."""
    path, key = path_of(frozen), frozen.context.settings.secret_keys[0]
    token = tokens.Token("report", 0, 0, 99 if wrong == "of no edition" else 1)
    asked = {
        "cut": path[:-1],
        "changed": path[:-2] + ("A" if path[-2] != "A" else "B") + path[-1],
        "a reader's": f"/desk/report/{frozen.token()}",
        "of no edition": f"/desk/report/{tokens.sign(token, key)}",
        "under another key": f"/desk/report/{tokens.sign(token, 'x' * 40)}",
    }[wrong]
    answer = frozen.ask("GET", asked)
    assert answer.status_code == 404
    assert answer.text == frozen.ask("GET", "/nothing").text


def test_the_page_as_one_file(frozen: House) -> None:
    """Its styles and its newsletter's colours are in it: it asks for nothing."""
    context = frozen.context
    pages = Pages(context.settings.templates, organisation=context.organisation, root="/news")
    page = page_in_one(context, pages, context.newsletters["friday"], outcomes.outcome(context, MONDAY))
    assert "stylesheet" not in page
    assert "--theme-accent: #7a3b1d" in page
    assert ".report .bar" in page
