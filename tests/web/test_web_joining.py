"""The form and the link of its letter over HTTP: one answer for everybody, bots and odd bodies, limits, other sites."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Table, func, select
from structlog.testing import capture_logs
from web_house import House

from newsletter.audience import tokens
from newsletter.errors import RenderError
from newsletter.model import ConsentEvent
from newsletter.pipeline import joining, leaving, readers
from newsletter.settings import load_newsletters
from newsletter.storage import consent, roster
from newsletter.storage import tables as t
from newsletter.web import joining as pages_of
from newsletter.web import limiting
from newsletter.web.app import create_app
from newsletter.web.pages import Pages
from newsletter.web.server import listen, running

NEW = "cy@example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def sign_up(house: House, email: str = NEW, **fields: str) -> httpx.Response:
    return house.ask("POST", "/s/daily", data={"email": email, **fields})


def place(house: House, address: str = NEW) -> str | None:
    with house.context.store.read() as tx:
        found = roster.subscriber(tx, readers.identify(house.context, address).key)
        return roster.membership_state(tx, found.id, house.list_id) if found else None


def count(house: House, table: Table = t.letter) -> int:
    """Rows, but for the entries of the log that tell how the readers of the house came."""
    wanted = select(func.count()).select_from(table)
    if table is t.consent:
        wanted = wanted.where(t.consent.c.event != "imported")
    with house.context.store.read() as tx:
        found: int = tx.execute(wanted).scalar_one()
    return found


def link(house: House, *, key: str | None = None) -> str:
    """The link of the newest letter."""
    with house.context.store.read() as tx:
        row = tx.execute(select(t.letter).order_by(t.letter.c.id.desc()).limit(1)).one()
    token = tokens.Token("confirm", row.subscriber_id, row.list_id, row.id)
    return f"/c/{tokens.sign(token, key or house.context.settings.secret_keys[0])}"


def requested(house: House, address: str = NEW) -> tuple[str, str]:
    """Wording and source of the first request in the log."""
    with house.context.store.read() as tx:
        entries = consent.of(tx, readers.identify(house.context, address).key)
    entry = next(entry for entry in entries if entry.event is ConsentEvent.REQUESTED)
    return entry.wording, entry.source


def test_in_by_three_steps(house: House) -> None:
    """The form, the page after it, the button behind the link; what was printed is what the log has."""
    form = house.ask("GET", "/s/daily").text
    mark = re.search(r'name="wording" value="(\w+)"', form)
    assert mark is not None
    answer = sign_up(house, name="Cy", wording=mark[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/s/daily/sent")
    assert "Now look into your mailbox" in house.ask("GET", "/s/daily/sent").text
    wording, source = requested(house)
    assert wording in form
    assert wording.startswith("With the button you ask Alliance of Makers and Growers to mail you The Morning Run.")
    assert source == "sign-up form"
    asked = house.ask("GET", link(house))
    assert "Yes, send it to me" in asked.text
    assert "c•••@e•••.org" in asked.text
    assert NEW not in asked.text
    assert house.ask("HEAD", link(house)).status_code == 200
    assert place(house) == "pending"
    for _ in range(2):
        assert "You are on the list of The Morning Run" in house.ask("POST", link(house)).text
        assert place(house) == "active"


def test_the_same_answer_for_everybody(house: House) -> None:
    """A stranger, a reader, one who left, one who is suppressed, one who asked too often: not a byte differs."""
    leaving.unsubscribe(house.context, "bob@example.org", "daily")
    leaving.suppress(house.context, ["di@example.org"], reason="complaint", source="test")
    addresses = [NEW, "ann@example.org", "bob@example.org", "di@example.org", *[NEW] * 6]
    answers = [sign_up(house, address, name="X") for address in addresses]
    assert len({(a.status_code, a.text, tuple(sorted(a.headers.items()))) for a in answers}) == 1
    assert [place(house, each) for each in addresses[:4]] == ["pending", "active", "unsubscribed", None]


def test_a_program_that_fills_in_every_field(house: House) -> None:
    """Is thanked like everybody, and nothing is kept."""
    assert sign_up(house, comment="Cheap pills").headers["Location"] == "/s/daily/sent"
    assert (count(house), count(house, t.consent), place(house)) == (0, 0, None)


@pytest.mark.parametrize(("typed", "words"), [
    ("", "Type your email address."), ("  ", "Type your email address."), ("cy@", "not a whole email address"),
    ("cy\0@example.org", "not a whole email address"), ('"><script>@x', "not a whole email address"),
    ("x" * 5000 + "@example.org", "not a whole email address"), ("a@example.org,b@example.org", "not a whole"),
    ("a@example.org\r\nBcc: b@example.org", "not a whole"),
])  # fmt: skip
def test_what_is_no_address(house: House, typed: str, words: str) -> None:
    """422, the fault above the form and beside its field, and what was typed still there, in no place but its own."""
    answer = sign_up(house, typed, name="Ann <b>Roe</b>")
    assert answer.status_code == 422
    assert "<title>Error: Get The Morning Run by mail" in answer.text
    assert answer.text.count(words) == 2
    assert 'aria-invalid="true" aria-describedby="email-error"' in answer.text
    assert 'value="Ann &lt;b&gt;Roe&lt;/b&gt;"' in answer.text
    assert "<script>" not in answer.text
    assert (count(house), len(answer.text) < 5000) == (0, True)


@pytest.mark.parametrize("charset", [
    "undefined", "punycode", "utf-7", 'utf-8; charset="unicode_escape"', "utf-8-sig", "utf-8x",
])  # fmt: skip
def test_a_form_in_another_encoding(house: House, charset: str) -> None:
    """Is read as none: no browser makes one, and some of Python's codecs decode to what no page could say again."""
    body = b'--X\r\nContent-Disposition: form-data; name="email"\r\n\r\n\\ud800+2AA-@example.org\r\n--X--\r\n'
    for type_, words in ((charset, "Type your email address"), ('"UTF-8" ', "not a whole email address")):
        headers = {"Content-Type": f"multipart/form-data; boundary=X; charset={type_}"}
        answer = house.ask("POST", "/s/daily", content=body, headers=headers)
        assert answer.status_code == 422
        assert words in answer.text


def test_a_form_of_several_parts(house: House) -> None:
    """As some scripts on other sites post it."""
    answer = house.ask("POST", "/s/daily", files={"email": (None, NEW), "name": (None, "Cÿ")})
    assert answer.status_code == 303
    assert place(house) == "pending"


ODD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", ""), "JSON": (b'{"email": "cy@example.org"}', "application/json"),
    "a type alone": (b"email=cy@example.org", "text/plain"),
    "no boundary": (b"--x\r\n\r\n--x--", "multipart/form-data"),
    "cut off": (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\ncy@example.org',
        "multipart/form-data; boundary=x",
    ),
    "a file": (
        b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\ncy@example.org\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "a part without a name": (b"--x\r\n\r\ncy\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    "bytes": (bytes(range(256)) * 4, "application/x-www-form-urlencoded"),
    "too many fields": (b"&".join(b"a=1" for _ in range(60)) + b"&email=cy@example.org", FORM["Content-Type"]),
    "too long a field": (b"email=cy@example.org&name=" + b"x" * 20_000, FORM["Content-Type"]),
    "too long": (b"&".join([b"email=cy@example.org", *[b"a=" + b"x" * 500] * 40]), FORM["Content-Type"]),
    "semicolons": (b"email;cy@example.org", FORM["Content-Type"]),
}  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_bodies_that_no_form_of_ours_makes(house: House, body: str) -> None:
    """The form again, nothing kept, no fault of the program."""
    content, kind = ODD[body]
    with capture_logs() as lines:
        answer = house.ask("POST", "/s/daily", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert "<form" in answer.text
    assert count(house, t.consent) == 0
    assert [line["event"] for line in lines] == ["request"]


def test_names_of_all_kinds_are_kept(house: House) -> None:
    """NUL, which PostgreSQL cannot hold, line ends, half of a letter, another script: a name on one line."""
    house.ask("POST", "/s/daily", content=b"email=cy@example.org&name=%00%D7%93%0D%0AB%FF%ED%A0%80+Low", headers=FORM)
    with house.context.store.read() as tx:
        found = roster.subscriber(tx, readers.identify(house.context, NEW).key)
    assert found is not None
    assert found.name == "ד B\ufffd\ufffd\ufffd\ufffd Low"


@pytest.mark.parametrize("headers", [
    {"Origin": "https://shop.example.org", "Sec-Fetch-Site": "cross-site", "Referer": "https://shop.example.org/"},
    {"Origin": "null"}, {"Host": "evil.example.org"}, {"X-Forwarded-Host": "evil.example.org"}, {"Cookie": "a=b"},
])  # fmt: skip
def test_from_another_site_and_for_another_host(house: House, headers: dict[str, str]) -> None:
    """The form may stand anywhere; the way on is a path, and the letter's link is the base URL's, whoever is asked."""
    answer = house.ask("POST", "/s/daily", data={"email": NEW}, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/s/daily/sent")
    assert "evil" not in house.ask("GET", "/s/daily", headers=headers).text
    assert place(house) == "pending"


def test_words_that_are_not_ours(house: House) -> None:
    """A form elsewhere that prints other words, or older ones: the log does not say that they were these."""
    sign_up(house, wording="0123456789abcdef")
    assert requested(house) == ("", "sign-up form elsewhere, in words that are not ours")


def test_below_a_path_of_the_base_url(make_house: Callable[..., House]) -> None:
    """A proxy takes `/news` away; the browser is sent to where it is."""
    house = make_house(BASE_URL="http://127.0.0.1:8000/news/")
    assert sign_up(house).headers["Location"] == "/news/s/daily/sent"
    assert 'href="/news/s/daily"' in house.ask("GET", "/s/daily/sent").text


def test_a_newsletter_that_takes_no_sign_ups(content: Path, make_house: Callable[..., House]) -> None:
    """Is nothing at this address, like one that there is not; letters that are out still confirm."""
    house = make_house()
    sign_up(house)
    path = link(house)
    file = content / "newsletters" / "daily.toml"
    file.write_text("sign_up = false\n" + file.read_text())
    closed = reopened(house, content)
    for method, address in (("GET", "/s/daily"), ("POST", "/s/daily"), ("GET", "/s/daily/sent"), ("GET", "/s/none")):
        assert closed.ask(method, address).status_code == 404
    assert closed.ask("POST", path).status_code == 200
    assert place(house) == "active"


def reopened(house: House, content: Path) -> House:
    """The same database and settings, with the content as it is now."""
    newsletters = load_newsletters(content, house.context.organisation)
    context = replace(house.context, newsletters=newsletters)
    return House(context, create_app(context), house.ann, house.list_id)


def test_links_that_are_none(house: House) -> None:
    """404, which tells nothing, and no page that could be told from another wrong one."""
    sign_up(house)
    good = link(house)
    wrong = [good[:-1], link(house, key="x" * 40), f"/c/{house.token()}", "/c/x", f"{good}/", "/c/" + "A" * 10_000]
    answers = [house.ask(method, path) for path in wrong for method in ("GET", "POST")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert place(house) == "pending"


def test_too_many_from_one_client(house: House) -> None:
    """429 with the form as it was filled in; another client is not held up, and readers leave as ever."""
    for number in range(20):
        assert sign_up(house, f"r{number}@example.org").status_code == 303
    answer = sign_up(house, name="Cy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    assert "Please wait a few minutes" in answer.text
    assert f'value="{NEW}"' in answer.text
    assert place(house) is None
    assert house.ask("POST", f"/u/{house.token()}").status_code == 200


@pytest.mark.parametrize(("one", "other", "same"), [
    ("192.0.2.1", "192.0.2.2", False), ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
    ("2001:db8:0:1::1", "2001:db8:0:2::1", False), ("::ffff:192.0.2.1", "192.0.2.1", True),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False), ("unix:", "unix:", True),
])  # fmt: skip
def test_who_counts_as_one_client(one: str, other: str, same: bool) -> None:
    """An IPv4 address; of IPv6 the 64 bits that a provider gives out, within which one may choose any."""
    assert (limiting.client(one) == limiting.client(other)) is same


def test_many_clients_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound the older half of the counts is forgotten, and who asked too often of late is still known."""
    monkeypatch.setattr(limiting, "MOST_KEPT", 40)
    limiter = limiting.Limiter("2 per day")
    for number in range(1000):
        assert limiter.wait_s("form", f"client {number}") is None
        assert limiter.kept <= 40
    assert limiter.wait_s("form", "client 999") is None
    assert limiter.wait_s("form", "client 999") is not None


@pytest.mark.parametrize(("trusted", "status"), [(("127.0.0.1",), 303), ((), 429), (("10.0.0.0/8",), 429)])
def test_whose_word_on_a_client_is_believed(house: House, trusted: tuple[str, ...], status: int) -> None:
    """Over the wire: X-Forwarded-For counts where it comes from a proxy of ours, and its last address alone; else one
    could write another each time.
    """
    with running(house.app, listen("127.0.0.1", 0), trusted) as url:
        for number in range(21):
            answer = httpx.post(
                f"{url}/s/daily", data={"email": ""}, headers={"X-Forwarded-For": f"192.0.2.9, 192.0.2.{number + 10}"}
            )
        assert answer.status_code == (422 if status == 303 else 429)


def test_nobody_is_in_the_log(house: House) -> None:
    """No address of a reader, no name, no client, no token."""
    with capture_logs() as lines:
        sign_up(house, name="Cy Roe")
        house.ask("POST", link(house))
        house.app.state.postman.wait(10)
    assert {"sign-up", "reader joined", "request"} <= {line["event"] for line in lines}
    said = str(lines)
    assert not [word for word in ("cy@", "Roe", "127.0.0.1", link(house)[3:]) if word in said]


def test_the_letter_goes_after_the_answer(make_house: Callable[..., House]) -> None:
    """By a thread of the web app, which ends when nothing waits; where no mail may go, the letter waits."""
    house = make_house()
    sign_up(house)
    house.app.state.postman.wait(10)
    with house.context.store.read() as tx:
        assert tx.execute(select(t.letter.c.state)).scalar_one() == "waiting"
    for _ in range(3):
        house.app.state.postman.soon()
    house.app.state.postman.wait(10)


def test_a_page_of_its_own_may_be_found(house: House) -> None:
    """The form is for everybody; what comes after it is nobody's to list."""
    assert house.ask("GET", "/s/daily").headers["X-Robots-Tag"] == "all"
    sign_up(house)
    for path in ("/s/daily/sent", link(house)):
        assert house.ask("GET", path).headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_snippet_signs_up(house: House) -> None:
    """What the command prints, filled in as a browser would: its names are those of the form, its words are ours."""
    of = house.context.newsletters["daily"]
    pages = Pages(house.context.settings.templates, organisation=house.context.organisation, root="")
    html = pages_of.snippet(pages, of, "https://news.example.org/")
    assert '<form action="https://news.example.org/s/daily" method="post"' in html
    assert not re.search(r"<script|style=|class=", html)
    fields = dict(re.findall(r'name="(\w+)"(?: value="(\w+)")?', html))
    assert sorted(fields) == ["comment", "email", "name", "wording"]
    house.ask("POST", "/s/daily", data={**fields, "email": NEW})
    wording, source = requested(house)
    assert (wording in html, source) == (True, "sign-up form")


def test_a_box_for_tracking(content: Path, make_house: Callable[..., House]) -> None:
    """Where the newsletter looks at single readers: not ticked by itself, kept with its words where it is ticked."""
    file = content / "newsletters" / "daily.toml"
    file.write_text('clicks = "individual"\nopens = "consented"\n' + file.read_text())
    house = make_house()
    form = house.ask("GET", "/s/daily").text
    assert '<input type="checkbox" name="tracked" value="yes">' in form
    mark = re.search(r'name="wording" value="(\w+)"', form)
    assert mark is not None
    sign_up(house, wording=mark[1], tracked="yes")
    box = "may see whether I open its mails, and which of their links"
    assert box in form
    assert box in requested(house)[0]
    assert box in house.ask("GET", link(house)).text
    house.ask("POST", link(house))
    with house.context.store.read() as tx:
        tracked = tx.execute(select(t.subscription.c.tracked).where(t.subscription.c.state == "active"))
        assert sorted(tracked.scalars()) == [False, False, True]
    assert "checked" in sign_up(house, "x", tracked="yes").text


def test_every_state_of_the_link(house: House) -> None:
    """Each has a heading of its own; those where nothing is to be done have no button."""
    pages = Pages(house.context.settings.templates, organisation=house.context.organisation, root="")
    shown = {}
    for state in ("ask", "confirmed", "expired", "sent", "used"):
        of = joining.Joining(title="T", list="daily", masked="a•••@e•••.org", tracked=False, state=state)  # type: ignore[arg-type]
        page = pages_of.confirmation(pages, of, house.context.newsletters["daily"])
        shown[page.partition("<h1>")[2].partition("</h1>")[0]] = page.count("<button")
    assert sorted(shown.values()) == [0, 0, 0, 1, 1]
    assert len(shown) == 5


def test_a_fault_of_a_template_is_told_at_the_start(content: Path, house: House, tmp_path: Path) -> None:
    """RenderError names the template, also for what only some reader would have met."""
    shutil.copytree(house.context.settings.templates, tmp_path / "templates")
    (tmp_path / "templates/web/confirm.html.j2").write_text("{% if state == 'used' %}{{ titel }}{% endif %}")
    settings = replace(house.context.settings, templates=tmp_path / "templates")
    with pytest.raises(RenderError, match=r"confirm\.html\.j2: .*'titel' is undefined"):
        create_app(replace(house.context, settings=settings))
