"""The unsubscribe link: looking changes nothing, one POST leaves, and a wrong link tells nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from web_house import NOW, House

from newsletter.pipeline import readers
from newsletter.storage import own_data, roster, subscriptions
from newsletter.web.app import create_app

MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
ONE_CLICK: dict[str, dict[str, Any]] = {
    "form-encoded": {"data": {"List-Unsubscribe": "One-Click"}},
    "multipart": {"content": MULTIPART, "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "broken multipart": {"content": b"--y", "headers": {"Content-Type": "multipart/form-data"}},
    "no body": {},
    "no body and no type": {"headers": {"Content-Length": "0"}},
    "a body without a type": {"content": b"List-Unsubscribe=One-Click"},
    "another type": {"content": b"{", "headers": {"Content-Type": "application/json"}},
    "not text": {"content": b"\xff\x00", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "another site's cookie and referer": {
        "headers": {"Cookie": "a=b", "Referer": "https://other.example.org/", "Origin": "null", "User-Agent": ""}
    },
    "a query": {"params": {"utm_source": "mail"}},
}


def text_of(html: str) -> str:
    """What a reader reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2]).split())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(house: House, method: str) -> None:
    """Scanners and previews follow every link of a mail."""
    for _ in range(2):
        assert house.ask(method, f"/u/{house.token()}").status_code == 200
    assert house.state() == "active"


def test_the_page_has_one_button_that_posts_to_its_own_address(house: House) -> None:
    """And the newsletter's title, and the address so that its owner alone knows it: mails are forwarded."""
    page = house.ask("GET", f"/u/{house.token()}").text
    assert re.findall(r"<form[^>]*>", page) == [f'<form method="post" action="/u/{house.token()}?page">']
    assert f'<a href="/p/{house.token()}">' in page
    assert re.findall(r"<(?:button|input|select|textarea)[^>]*>", page) == ['<button type="submit">']
    assert text_of(page).count("The Morning Run") >= 1
    assert "a•••@e•••.org" in page
    assert "example.org" not in page.replace("amg.example.org", "")
    assert "Unsubscribe from The Morning Run?" in page


@pytest.mark.parametrize("request_", ONE_CLICK.values(), ids=ONE_CLICK)
def test_one_post_leaves(house: House, request_: dict[str, Any]) -> None:
    """RFC 8058: 200 whatever the POST carries, never a redirect, and no cookie is asked for or set."""
    answer = house.ask("POST", f"/u/{house.token()}", **request_)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert house.state() == "unsubscribed"


def test_the_answer_says_that_it_is_done_and_never_asks_why(house: House) -> None:
    """One button, which takes it back; no reason is asked for."""
    page = house.ask("POST", f"/u/{house.token()}").text
    assert "You have left The Morning Run" in text_of(page)
    assert "a•••@e•••.org" in page
    assert re.findall(r"<form[^>]*>", page) == [f'<form method="post" action="/u/{house.token()}/undo">']
    assert not re.search(r"<(input|select|textarea)\b|\bwhy\b|\breason\b", page, re.IGNORECASE)


def test_twice_is_once(house: House) -> None:
    """The second answer is the first; when and by which link the reader left stays as it was, and so does the log."""

    def row() -> object:
        with house.context.store.read() as tx:
            return subscriptions.of(tx, house.ann), own_data.consent_log(tx, house.key)

    first = house.ask("POST", f"/u/{house.token()}")
    before = row()
    later = replace(house.context, clock=lambda: NOW.replace(minute=50))
    again = replace(house, context=later, app=create_app(later))
    second = again.ask("POST", f"/u/{house.token()}")
    assert (second.status_code, second.text) == (200, first.text)
    assert row() == before
    assert house.ask("GET", f"/u/{house.token()}").text == first.text


def test_only_this_reader_leaves_only_this_list(house: House) -> None:
    """Others stay, and so do the reader's other lists."""
    readers.add(house.context, "ann@example.org", "Ann", "friday", source="test", basis="express")
    house.ask("POST", f"/u/{house.token()}")
    with house.context.store.read() as tx:
        places = {place.list: place.state for place in subscriptions.of(tx, house.ann)}
        active = {row.slug: row.active for row in roster.lists(tx)}
    assert places == {"daily": "unsubscribed", "friday": "active"}
    assert active == {"daily": 1, "friday": 1}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_link_of_a_test_says_so_and_does_nothing(house: House, method: str) -> None:
    """Editors press it to try it."""
    answer = house.ask(method, f"/u/{house.token(0)}")
    assert answer.status_code == 200
    assert "This link is from a test" in text_of(answer.text)
    assert "nothing was changed" in text_of(answer.text)
    assert "<form" not in answer.text
    assert house.state() == "active"


def test_a_link_signed_with_an_older_key_still_works(make_house: Callable[..., House]) -> None:
    """Mails are opened after years; the first key signs, all verify."""
    old, new = "o" * 32, "n" * 32
    house = make_house(SECRET_KEYS=f"{new},{old}")
    assert house.ask("POST", f"/u/{house.token(key=old)}").status_code == 200
    assert house.state() == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_wrong_link_is_answered_as_any_wrong_address(house: House, method: str) -> None:
    """The same 404, headers and all, so that nobody learns which part of it was right."""
    elsewhere = house.ask(method, "/nothing-here")
    token = house.token()
    wrong = {
        "other key": house.token(key="x" * 32), "no such reader": house.token(999), "short": token[:-1],
        "long": token + "A", "words": "unsubscribe", "NUL": "%00", "not ASCII": "%C3%A9%F0%9F%90%99", "blank": "%20",
        "slash at the end": f"{token}/", "more": f"{token}/x", "nothing": "",
    }  # fmt: skip
    for case, text in wrong.items():
        answer = house.ask(method, f"/u/{text}")
        assert (answer.status_code, answer.content) == (404, elsewhere.content), case
        assert answer.headers == elsewhere.headers, case
    assert elsewhere.status_code == 404
    assert house.state() == "active"


def test_each_letter_of_a_token_counts(house: House) -> None:
    """One letter changed anywhere is a 404, and changes nothing."""
    token = house.token()
    for at, letter in enumerate(token[:-1]):  # the last letter has bits that stand for nothing
        other = f"{token[:at]}{'A' if letter != 'A' else 'B'}{token[at + 1 :]}"
        assert house.ask("POST", f"/u/{other}").status_code == 404
    assert house.state() == "active"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_database_the_reader_is_asked_to_wait(house: House, method: str) -> None:
    """503 in plain words, with nothing of the machine in it; afterwards the same link works."""
    with house.broken_database(), capture_logs() as lines:
        answer = house.ask(method, f"/u/{house.token()}")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Nothing has changed. Please wait a minute and try again" in text_of(answer.text)
    assert not re.search(r"sqlite|newsletter\.db|Error", answer.text)
    assert any("newsletter.db" in line.get("error", "") for line in lines)
    assert house.state() == "active"
    assert house.ask("POST", f"/u/{house.token()}").status_code == 200


def test_a_fault_of_ours_is_a_plain_page(house: House) -> None:
    """500 without a traceback, with the headers of every answer; the log has it, and nothing is half done."""
    context = replace(house.context, clock=lambda: NOW.replace(month=13))
    faulty = replace(house, context=context, app=create_app(context))
    with capture_logs() as lines:
        answer = faulty.ask("POST", f"/u/{house.token()}")
    assert answer.status_code == 500
    assert "Something went wrong here" in text_of(answer.text)
    assert not re.search(r"Traceback|ValueError|month", answer.text)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert (lines[0]["event"], lines[0]["log_level"]) == ("unforeseen error", "error")
    assert lines[0]["exc_info"]
    assert house.state() == "active"


def test_the_page_has_the_look_of_its_newsletter(make_house: Callable[..., House]) -> None:
    """Friday's masthead is a band, and its colours come by the stylesheet."""
    house = make_house("friday")
    page = house.ask("GET", f"/u/{house.token()}").text
    assert '<html lang="en" dir="ltr" data-newsletter="friday">' in page
    assert '<header class="band">' in page


def test_a_list_without_a_newsletter_can_still_be_left(house: House, make_house: Callable[..., House]) -> None:
    """A newsletter is given up; its mails are still out there. The page then names the list."""
    given_up = {slug: n for slug, n in house.context.newsletters.items() if n.list != "daily"}
    context = replace(house.context, newsletters=given_up)
    after = replace(house, context=context, app=create_app(context))
    assert "Unsubscribe from daily?" in text_of(after.ask("GET", f"/u/{house.token()}").text)
    assert after.ask("POST", f"/u/{house.token()}").status_code == 200
    assert house.state() == "unsubscribed"


def test_a_title_is_text(make_house: Callable[..., House], content: Path) -> None:
    """Whatever an editor calls a newsletter, the page stays the page."""
    file = content / "newsletters" / "daily.toml"
    file.write_text(file.read_text().replace('"The Morning Run"', '"<b>Grain & Steel</b>"'))
    house = make_house()
    page = house.ask("GET", f"/u/{house.token()}").text
    assert "&lt;b&gt;Grain &amp; Steel&lt;/b&gt;" in page
    assert "<b>" not in page
