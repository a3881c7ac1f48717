"""Preferences and the links of letters over HTTP: masked, private, changed by POST alone, and told plainly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from web_house import NOW, House

from newsletter.audience import tokens
from newsletter.pipeline import erasing, planning, preferences
from newsletter.pipeline.context import target
from newsletter.storage import own_data, subscriptions
from newsletter.storage.tables import metadata
from newsletter.web import limiting, posted

OTHER = ("save/daily", "leave/daily", "undo/daily", "join/friday", "leave-all", "letter")


def text_of(html: str) -> str:
    """What a reader reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2]).split()))


def everything(house: House) -> list[str]:
    """Each row of the database."""
    with house.context.store.read() as tx:
        return [str(row) for table in metadata.sorted_tables for row in tx.execute(table.select())]


def place(house: House) -> subscriptions.Subscription:
    with house.context.store.read() as tx:
        found = subscriptions.find(tx, house.ann, house.list_id)
    assert found is not None
    return found


def letter(house: House, kind: str = "access") -> str:
    """The token in the newest letter of a kind; where there is none, one to let Ann in is posted."""
    if kind == "access":
        preferences.let_in(house.context, house.token())
    with house.context.store.read() as tx:
        number = tx.exec_driver_sql(f"SELECT max(id) FROM letter WHERE kind = '{kind}'").scalar_one()
    token = tokens.Token("letter", house.ann, house.list_id, number)
    return tokens.sign(token, house.context.settings.secret_keys[0])


def links(html: str) -> Iterator[str]:
    """Where a page or a mail leads, forms too, on this site: a scanner may try them all."""
    for address in re.findall(r'(?:href|action|src)="([^"]+)"', html):
        parts = urlsplit(unescape(address))
        if parts.scheme in {"", "http"} and parts.netloc in {"", "127.0.0.1:8000"} and parts.path:
            yield f"{parts.path}?{parts.query}"


# --- scanners ---------------------------------------------------------------------------------------------------------


def test_whoever_follows_every_link_changes_nothing(house: House) -> None:
    """A real mail, and each page that can be reached from it or from a letter, by GET and by HEAD, forms included."""
    plan = planning.plan(house.context, target(house.context, "daily/2026-05-04", NOW), NOW)
    assert plan.composed is not None
    own = f"http://127.0.0.1:8000/u/{house.token()}"
    mail = plan.composed.message.html.replace("[[reader]]", house.token())
    assert own in mail
    open_ = {*links(mail), f"/p/{house.token()}", f"/m/{letter(house)}"}
    before, seen = everything(house), set[str]()
    while open_:
        path = open_.pop()
        seen.add(path)
        assert house.ask("HEAD", path).status_code in {200, 404}, path
        answer = house.ask("GET", path)
        if answer.headers["Content-Type"].startswith("text/html"):
            open_ |= set(links(answer.text)) - seen
    assert {re.sub(r"/[\w-]{46,}", "/TOKEN", path).rstrip("?") for path in seen} >= {
        "/u/TOKEN", "/u/TOKEN?page", "/p/TOKEN", "/p/TOKEN/save/daily", "/p/TOKEN/leave/daily", "/p/TOKEN/join/friday",
        "/p/TOKEN/letter", "/m/TOKEN", "/m/TOKEN/data.json", "/m/TOKEN/address", "/m/TOKEN/erase",
    }  # fmt: skip
    assert everything(house) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_token_is_any_wrong_address(house: House, method: str) -> None:
    """Tampered, cut off, of another purpose, of nobody, none at all: the same 404, headers and all, on each page."""
    mine, access = house.token(), letter(house)
    before, elsewhere = everything(house), house.ask(method, "/nothing-here")
    wrong = {
        "/u/{}": (access, mine[:-1], mine[:-2] + "AA"),
        "/u/{}/undo": (access, mine[:-1], "", "x"),
        "/p/{}": (access, mine[:-1], "B" + mine[1:], house.token(999), house.token(key="x" * 32), "%00", ""),
        **{f"/p/{{}}/{act}": (access, mine[:-1], "") for act in OTHER},
        "/m/{}": (mine, access[:-1], "B" + access[1:], ""),
        **{f"/m/{{}}/{act}": (mine, access[:-1], "") for act in ("address", "erase", "data.json")},
    }
    for path, cases in wrong.items():
        for token in cases:
            answer = house.ask(method, path.format(token), data={"sure": "yes", "address": "x@example.org"})
            if method == "POST" and token and path in {"/p/{}", "/m/{}/data.json"}:
                assert answer.status_code == 405, "it takes no POST, whatever the token"
                continue
            assert (answer.status_code, answer.content) == (404, elsewhere.content), (path, token)
            assert answer.headers == elsewhere.headers
    for path in (f"/p/{mine}/erase", f"/p/{mine}/save", f"/p/{mine}/save/daily/x", f"/m/{access}/x"):
        assert house.ask(method, path).status_code == 404
    assert everything(house) == before


@pytest.mark.parametrize("path", ["/u/{reader}", "/p/{reader}", "/m/{letter}", "/m/{letter}/data.json", "/u/wrong"])
def test_no_other_site_shows_them_and_nobody_keeps_them(house: House, path: str) -> None:
    """No frame around them (clickjacking), no cache, no search engine, no referrer."""
    answer = house.ask("GET", path.format(reader=house.token(), letter=letter(house)))
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_links_go_by_the_base_url_and_not_by_the_host(make_house: Callable[..., House]) -> None:
    """A Host header of somebody else's leads nobody there; the path of the base URL stands before each link."""
    house = make_house(BASE_URL="http://127.0.0.1:8000/news")
    page = house.ask("GET", f"/p/{house.token()}", headers={"Host": "evil.example.org"}).text
    assert "evil" not in page
    assert f'action="/news/p/{house.token()}/letter"' in page


# --- preferences ------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_and_tells_nothing(house: House) -> None:
    """Their lists with all sections chosen, what else there is, the way to their data; never the address."""
    page = house.ask("GET", f"/p/{house.token()}").text
    assert "a•••@e•••.org" in page
    assert "ann@" not in page
    assert len(re.findall(r'name="section-[\w-]+" value="yes"[^>]* checked', page)) == 6
    assert re.findall(r'value="(\w+)" checked', page.replace('value="yes"', "")) == ["none"]
    assert "Ask for Friday Ledger Lines" in page
    assert "Leave everything" not in page, "there is one list alone"
    assert "Being seen" not in page, "the newsletter sees nobody"


def test_what_was_saved_is_said(house: House) -> None:
    """In the words that the log keeps; the page has it from then on."""
    wish = {"section-trade": "yes", "section-workforce": "yes", "pause": "date", "date": "2026-06-01"}
    answer = house.ask("POST", f"/p/{house.token()}/save/daily", data=wish)
    words = "Only these sections: Trade, Workforce. No mails until June 1, 2026."
    assert answer.status_code == 200
    assert f"Saved for The Morning Run. {words}" in text_of(answer.text)
    with house.context.store.read() as tx:
        assert own_data.consent_log(tx, house.key)[-1]["detail"] == words
    assert place(house).sections == ("trade", "workforce")
    again = house.ask("GET", f"/p/{house.token()}/save/daily").text
    assert "Paused until June 1, 2026, as it is" in text_of(again)
    assert "Saved" not in text_of(again)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, "Choose one section at least"),
        ({"section-trade": "yes", "pause": "date", "date": '"><b>x'}, "Say on which day mails are to come again"),
        ({"section-trade": "yes", "pause": "date", "date": "2026-05-04"}, "Choose a day that is still to come"),
        ({"section-trade": "yes", "pause": "date", "date": "9999-12-31"}, "A pause lasts a year at most"),
    ],
)
def test_what_cannot_be_saved_is_said_beside_its_field(house: House, wish: dict[str, str], words: str) -> None:
    """422; the title says so first, the fields are as they came, and nothing was saved."""
    answer = house.ask("POST", f"/p/{house.token()}/save/daily", data=wish)
    assert answer.status_code == 422
    assert "<title>Not saved: Your preferences" in answer.text
    assert answer.text.count(words) == 2, "above, and at the field"
    assert "<b>" not in answer.text
    assert ('name="section-trade" value="yes" id="daily-sections" checked' in answer.text) is bool(wish)
    assert place(house).sections is None


@pytest.mark.parametrize(
    "body",
    [b"section-trade=yes&" + b"x" * posted.MAX_BYTES, b"&".join(b"a%d=b" % n for n in range(99)), b"\xff\x00=%zz&\x80"],
)
def test_a_body_that_is_no_form_of_ours_saves_nothing(house: House, body: bytes) -> None:
    """Whoever has the link may write anything."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert house.ask("POST", f"/p/{house.token()}/save/daily", content=body, headers=headers).status_code == 422
    assert place(house).sections is None


def test_leave_undo_and_leave_all(house: House) -> None:
    """Each says what was done; the undo is there for as long as it works."""
    left = house.ask("POST", f"/p/{house.token()}/leave/daily").text
    assert "You have left The Morning Run." in text_of(left)
    assert "Undo, and keep getting The Morning Run" in left
    assert "You are back on The Morning Run." in text_of(house.ask("POST", f"/p/{house.token()}/undo/daily").text)
    assert house.state() == "active"
    assert "You have left everything." in text_of(house.ask("POST", f"/p/{house.token()}/leave-all").text)
    assert house.state() == "unsubscribed"
    back = house.ask("POST", f"/u/{house.token()}/undo")
    assert "You are back on The Morning Run" in text_of(back.text)
    late = house.ask("POST", f"/u/{house.token()}/undo")
    assert (late.status_code, house.state()) == (200, "active")


def test_another_list_is_asked_for_by_letter(house: House) -> None:
    """The page says so; nobody is on it before."""
    answer = house.ask("POST", f"/p/{house.token()}/join/friday")
    assert "A letter is on its way to your address. Press the link in it, and Friday Ledger Lines comes." in text_of(
        answer.text
    )
    assert "Mail me the letter again" in answer.text
    with house.context.store.read() as tx:
        assert [(p.list, p.state) for p in subscriptions.of(tx, house.ann)] == [
            ("daily", "active"),
            ("friday", "pending"),
        ]
        assert own_data.consent_log(tx, house.key)[-1]["wording"].startswith("With the button you ask")


def test_letters_are_asked_for_so_often(make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> None:
    """429 that says when again; what posts no letter goes on."""
    monkeypatch.setattr(limiting, "RATES", "2 per 5 minutes")
    monkeypatch.setattr(limiting.Limiter.__init__, "__defaults__", ("2 per 5 minutes",))
    house = make_house()
    answers = [house.ask("POST", f"/p/{house.token()}/letter").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    later = house.ask("POST", f"/p/{house.token()}/join/friday")
    assert later.headers["Retry-After"] == "300"
    assert "Too many letters were asked for just now" in text_of(later.text)
    assert house.ask("POST", f"/p/{house.token()}/leave-all").status_code == 200


def test_the_link_of_a_test_mail(house: House) -> None:
    """Says so, whatever is pressed, and has nothing to press."""
    before = everything(house)
    for method, path in (("GET", ""), *(("POST", f"/{act}") for act in OTHER)):
        answer = house.ask(method, f"/p/{house.token(0)}{path}")
        assert answer.status_code == 200
        assert "This link is from a test" in text_of(answer.text)
        assert "<form" not in answer.text
    assert everything(house) == before


def test_agreement_to_be_seen(make_house: Callable[..., House], content: Path) -> None:
    """Only where the newsletter asks; the log has the words that stood on the page."""
    file = content / "newsletters" / "daily.toml"
    file.write_text('opens = "consented"\n' + file.read_text())
    house = make_house()
    assert "may see whether I open its mails" in text_of(house.ask("GET", f"/p/{house.token()}").text)
    house.ask("POST", f"/p/{house.token()}/save/daily", data={"section-trade": "yes", "tracked": "yes"})
    assert place(house).tracked
    with house.context.store.read() as tx:
        entry = own_data.consent_log(tx, house.key)[-1]
    assert "may see whether I open its mails" in entry["wording"]
    assert "Opens and clicks may be seen." in entry["detail"]


# --- letters ----------------------------------------------------------------------------------------------------------


def test_my_data(house: House) -> None:
    """As a page, and as a file that a browser keeps and a program reads; the same as the command says."""
    token = letter(house)
    page = house.ask("GET", f"/m/{token}")
    assert "ann@example.org" in page.text
    file = house.ask("GET", f"/m/{token}/data.json")
    assert file.headers["Content-Type"] == "application/json"
    assert file.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    found = json.loads(file.text)
    assert (found["address"], found["lists"][0]["list"]) == ("ann@example.org", "daily")
    assert house.ask("HEAD", f"/m/{token}/data.json").content == b""


def test_another_address(house: House) -> None:
    """Nothing changes before the button behind the letter to it; an odd one is told at its field."""
    token = letter(house)
    wrong = house.ask("POST", f"/m/{token}/address", data={"address": "no<b>body"})
    assert wrong.status_code == 422
    assert "This is no address that mail could go to" in wrong.text
    assert "<b>" not in wrong.text
    sent = house.ask("POST", f"/m/{token}/address", data={"address": "ann.roe@example.org"})
    assert "Your address changes when you press the link in it." in text_of(sent.text)
    new = letter(house, "address")
    asked = house.ask("GET", f"/m/{new}")
    assert "Is this your new address?" in text_of(asked.text)
    assert "example.org" not in asked.text.replace("amg.example.org", "")
    for _ in range(2):
        assert "Your address is changed" in text_of(house.ask("POST", f"/m/{new}").text)
    over = house.ask("GET", f"/m/{token}")
    assert (over.status_code, "This link is over" in over.text) == (410, True)
    assert "ann" not in text_of(over.text).replace("changed", "")


def test_erased(house: House) -> None:
    """Only who says that they mean it; afterwards no link shows anything, and the button of an old mail still works."""
    token = letter(house)
    unsure = house.ask("POST", f"/m/{token}/erase")
    assert (unsure.status_code, house.state()) == (422, "active")
    assert "Say that you mean it" in unsure.text
    assert "You are erased" in text_of(house.ask("POST", f"/m/{token}/erase", data={"sure": "yes"}).text)
    assert house.ask("GET", f"/m/{token}").status_code == 404
    assert house.ask("GET", f"/p/{house.token()}").status_code == 404
    for method in ("GET", "POST"):
        left = house.ask(method, f"/u/{house.token()}")
        assert (left.status_code, "No more editions are sent to you." in left.text) == (200, True)
        assert not re.search(r"<form|href=\"/p/", left.text)
    assert house.ask("POST", f"/p/{house.token()}/leave-all").status_code == 404


def test_an_operator_erased_them(house: House) -> None:
    """Meanwhile their page was open: the button says that there is nothing."""
    token = letter(house)
    erasing.erase(house.context, "ann@example.org", by="b.low")
    assert house.ask("POST", f"/m/{token}/erase", data={"sure": "yes"}).status_code == 404
    assert house.ask("POST", f"/p/{house.token()}/save/daily", data={"section-trade": "yes"}).status_code == 404
