"""Links through our own redirect, from the file to the reader's press, with a real server: `newsletter link …`."""

from __future__ import annotations

import email
import re
from email.policy import default

import httpx
import pytest
from cli_house import NEWSLETTER, READERS, House, free_port, until

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0"
NEW = "https://amg.example.org/news/the-right-page"


@pytest.fixture
def counting(house: House) -> House:
    """The daily counts clicks by our own redirect."""
    house.newsletter_file(lambda text: f'clicks = "aggregate"\n{text}')
    return house


def mailed(esp: Sandbox, to: str) -> list[tuple[str, list[str], str]]:
    """Each mail that an address got: subject, where its HTML's links of the web lead, and its plain text."""
    found = []
    for path in sorted(esp.mails(), key=lambda path: path.stat().st_mtime_ns):
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
        if to in str(mail["To"]) and html is not None and plain is not None:
            hrefs = re.findall(r'\shref="(http[^"]*)"', html.get_content())
            found.append((str(mail["Subject"]), [href for href in hrefs if "/u/" not in href], plain.get_content()))
    return found


def test_from_the_mail_to_the_target_and_back(counting: House, esp: Sandbox) -> None:
    """A test's links do not count, a reader's do; a wrong target is corrected in the mail that is out."""
    house, port = counting, free_port()
    base = f"http://127.0.0.1:{port}"
    house.set(BASE_URL=base)
    assert house.run("send", "test", MONDAY, "--to", "ann@example.org").code == 0
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    ((subject, tests, _),) = mailed(esp, "ann@example.org")
    ((_, links, text),) = mailed(esp, READERS[0])
    assert subject.startswith("[TEST")
    assert tests == [f"{link}?t" for link in links]
    assert len(links) > 5
    assert all(re.fullmatch(rf"{base}/r/[a-z2-7]{{12}}", link) for link in links)
    assert "/r/" not in text

    listed = house.json("link", "list", MONDAY)
    by_code = {row["code"]: row for row in listed if not row["target"].startswith("mailto:")}
    assert [f"{base}/r/{code}" for code in by_code] == links
    code, row = next((code, row) for code, row in by_code.items() if row["role"] == "story")
    assert row["target"] in text

    with house.running(*NEWSLETTER, "serve", "--port", str(port)) as server, httpx.Client(
        headers={"User-Agent": FIREFOX}
    ) as browser:  # fmt: skip
        server.wait_for("serving")
        for link, test in zip(links, tests, strict=True):
            assert browser.get(test).headers["Location"] == browser.head(link).headers["Location"]
        assert browser.get(f"{base}/r/{code}").headers["Location"] == row["target"]
        assert browser.get(f"{base}/r/{code}", headers={"User-Agent": "curl/8"}).status_code == 302
        said = house.run("link", "change", code, NEW, "--by", "ann", "--yes")
        assert (said.code, said.out) == (0, f"changed: {code} leads to {NEW}\n")
        until(lambda: browser.get(f"{base}/r/{code}?t").headers["Location"] == NEW)
        assert server.terminate() == 0

    (after,) = (each for each in house.json("link", "list", MONDAY) if each["code"] == code)
    assert (after["raw"], after["human"]) == (2, 1)
    assert (after["target"], after["sent"]) == (NEW, row["target"])
    assert [(each["url"], each["by"]) for each in after["changes"]] == [(NEW, "ann")]
    table = house.run("link", "list", MONDAY).out
    assert f"was {row['target']} until" in table
    assert "changed by ann" in table
    assert re.search(rf"^{code} +1 +2 .* story .*{re.escape(NEW)}$", table, re.MULTILINE)


class TestChange:
    @pytest.fixture
    def code(self, counting: House, esp: Sandbox) -> str:
        assert counting.run("send", "now", MONDAY, "--yes").code == 0
        assert esp.accepted()
        return str(counting.json("link", "list", MONDAY)[0]["code"])

    def test_asks_first(self, counting: House, code: str) -> None:
        """It changes what readers get; without anybody to ask nothing is done."""
        assert counting.run("link", "change", code, NEW, typed="n\n").code == 1
        assert counting.run("link", "change", code, NEW).code == 1
        assert counting.sql("SELECT count(*) FROM retarget") == [(0,)]
        said = counting.run("link", "change", code, NEW, "--by", "ann", typed="y\n")
        assert said.code == 0
        assert NEW in said.err
        assert counting.sql('SELECT code, url, "by" FROM retarget') == [(code, NEW, "ann")]

    def test_a_second_time_does_nothing(self, counting: House, code: str) -> None:
        assert counting.run("link", "change", code, NEW, "--yes").code == 0
        said = counting.run("link", "change", code, NEW, "--yes")
        assert (said.code, "leads there already" in said.out) == (0, True)
        assert counting.sql("SELECT count(*) FROM retarget") == [(1,)]

    def test_an_international_address_is_written_in_ascii(self, counting: House, code: str) -> None:
        assert counting.run("link", "change", code, "https://mühle.example.org/ü", "--yes").code == 0
        assert counting.sql("SELECT url FROM retarget") == [("https://xn--mhle-0ra.example.org/%C3%BC",)]

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "//evil.example.org", "https://a@evil.example.org", "amg.example.org", "", "a b"]
    )
    def test_an_address_that_nobody_could_follow(self, counting: House, code: str, url: str) -> None:
        said = counting.run("link", "change", code, url, "--yes")
        assert (said.code, "cannot be a link's target" in said.err) == (2, True)
        assert counting.sql("SELECT count(*) FROM retarget") == [(0,)]

    def test_a_code_that_no_link_has(self, counting: House) -> None:
        said = counting.run("link", "change", "aaaaaaaaaaaa", NEW, "--yes")
        assert (said.code, "newsletter link list" in said.err) == (1, True)


def test_mails_that_carry_their_targets_cannot_be_changed(house: House, esp: Sandbox) -> None:
    """It says so, rather than promise what it cannot do."""
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    assert esp.accepted()
    code = house.json("link", "list", MONDAY)[0]["code"]
    said = house.run("link", "change", code, NEW, "--yes")
    assert (said.code, "carry its target itself" in said.err) == (1, True)


def test_an_edition_that_is_not_frozen_has_no_links_yet(house: House) -> None:
    said = house.run("link", "list", MONDAY)
    assert (said.code, "must be frozen first" in said.err) == (1, True)


def test_what_is_looked_at_before_it_goes_has_the_targets(counting: House) -> None:
    """The preview's files, and the plan's proof and fingerprint are of what will go."""
    said = counting.run("edition", "preview", MONDAY, "--files", "--now", "2026-05-04T05:00")
    html = (counting.var / "preview/daily-2026-05-04.html").read_text()
    assert said.code in (0, 1)
    assert "/r/" not in html
    assert "[[rq]]" not in html
    plan = counting.json("edition", "plan", MONDAY)
    assert counting.run("edition", "freeze", MONDAY, "--yes").code == 0
    assert counting.sql("SELECT fingerprint FROM edition") == [(plan["fingerprint"],)]
