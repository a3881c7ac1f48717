"""The inbox in the browser, and the sandbox as a process: start, stop, hosts."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from sandbox_requests import Reply, a_mail, call, post

from newsletter.sandbox import Sandbox, SandboxError
from newsletter.sandbox.pages import PAGE_SIZE

Make = Callable[..., Sandbox]

EVIL = "<script>alert(1)</script>\"'&"


def get(sandbox: Sandbox, path: str, headers: dict[str, str] | None = None) -> Reply:
    return call(sandbox, "GET", path, key=None, headers=headers)


def text(reply: Reply) -> str:
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    return reply.body.decode()


def newest(sandbox: Sandbox) -> str:
    return sandbox.mails()[-1].stem


def test_empty(sandbox: Sandbox) -> None:
    """The first page a person sees says what will come."""
    assert "No mail yet" in text(get(sandbox, "/"))


def test_newest_first_page_by_page(sandbox: Sandbox) -> None:
    """120 mails: 50, 50 and 20, the newest on top."""
    for start in (0, 60):
        post(sandbox, a_mail(*(f"r{number:03}@example.org" for number in range(start, start + 60))))
    pages = [text(get(sandbox, f"/?page={number}")) for number in (1, 2, 3)]
    shown = [re.findall(r'class="to"[^>]*>([^<]+)<', page) for page in pages]
    assert [len(addresses) for addresses in shown] == [PAGE_SIZE, PAGE_SIZE, 20]
    assert [address for addresses in shown for address in addresses] == [
        f"r{number:03}@example.org" for number in reversed(range(120))
    ]
    assert "120 mails" in pages[0]
    assert "101–120 of 120" in pages[2]


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "²", "999"])
def test_pages_that_are_not_there(sandbox: Sandbox, page: str) -> None:
    """Any number leads to the nearest page."""
    post(sandbox, a_mail())
    assert "1–1 of 1" in text(get(sandbox, f"/?page={quote(page)}"))


def test_search(sandbox: Sandbox) -> None:
    """By a part of an address, an edition, a kind; together they narrow."""
    post(sandbox, a_mail("ann@example.org", "Joann@example.org", "bo@example.org"))
    post(sandbox, a_mail("ann@example.org", custom_args={"kind": "test"}))
    weekly = a_mail("ann@example.org")
    weekly["personalizations"][0]["custom_args"]["edition"] = "weekly/2026-05-08"
    post(sandbox, weekly)

    def found(query: str) -> int:
        match = re.search(r"<h1>([\d,]+) found</h1>", text(get(sandbox, f"/?{query}")))
        assert match
        return int(match[1])

    assert found("q=ANN") == 4
    assert found("q=bo%40") == 1
    assert found("q=%22") == 0
    assert found("edition=weekly/2026-05-08") == 1
    assert found("kind=test") == 1
    assert found("kind=live&q=ann") == 3
    assert found("q=ann&edition=daily/2026-05-04&kind=live") == 2


def test_search_passes_over_removed_mails(sandbox: Sandbox) -> None:
    """The files are what there is."""
    post(sandbox, a_mail("ann@example.org", "anna@example.org"))
    sandbox.mails()[0].unlink()
    assert "1 found" in text(get(sandbox, "/?q=ann"))
    assert "1 mail<" in text(get(sandbox, "/"))


def test_a_mail(sandbox: Sandbox) -> None:
    """Its parts in tabs, its HTML in a frame without scripts, its source as a file."""
    post(sandbox, a_mail("ann@example.org", "bounce@example.org"))
    mail = f"/mail/{newest(sandbox)}"
    page = text(get(sandbox, mail))
    assert f'src="{mail}/html"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Ports reopen, Reader 1" in page
    assert 'class="stage phone"' in text(get(sandbox, f"{mail}?width=phone"))
    assert "Good morning, Reader 1: “so it goes”." in text(get(sandbox, f"{mail}?view=text"))
    assert "multipart/alternative" in text(get(sandbox, f"{mail}?view=headers"))
    reader = text(get(sandbox, f"{mail}?view=reader"))
    assert 'href="https://example.org/u/1"' in reader
    assert "delivery_id" in reader
    source = get(sandbox, f"{mail}/source")
    assert source.body == sandbox.mails()[-1].read_bytes()
    assert source.headers["content-disposition"] == f'attachment; filename="{newest(sandbox)}.eml"'


def test_a_mail_without_html(sandbox: Sandbox) -> None:
    """What a mail does not have, has no tab."""
    post(sandbox, a_mail(content=[{"type": "text/plain", "value": "only text"}]))
    page = text(get(sandbox, f"/mail/{newest(sandbox)}?view=html"))
    assert "only text" in page
    assert ">HTML<" not in page
    assert get(sandbox, f"/mail/{newest(sandbox)}/html").status == 404


def test_a_mail_shows_the_pictures_that_it_carries(sandbox: Sandbox) -> None:
    """By Content-ID, as mail programs do; one that it does not carry stays a gap, and what is no picture stays out."""
    html = (
        '<html><head></head><body><img src="cid:a%2Bb&amp;c@images"><img src="cid:none@images">'
        '<img src="cid:page@images">[[reader]]</body></html>'
    )
    shared = {"disposition": "inline", "content": base64.b64encode(b"GIF89a").decode()}
    pictures = [
        {**shared, "filename": "a.gif", "type": "image/gif", "content_id": "a+b&c@images"},
        {**shared, "filename": "b.html", "type": "text/html", "content_id": "page@images"},
    ]
    content = [{"type": "text/plain", "value": "text"}, {"type": "text/html", "value": html}]
    assert post(sandbox, a_mail(content=content, attachments=pictures)).status == 202
    shown = text(get(sandbox, f"/mail/{newest(sandbox)}/html"))
    assert f'<img src="data:image/gif;base64,{base64.b64encode(b"GIF89a").decode()}">' in shown
    assert '<img src="cid:none@images">' in shown
    assert '<img src="cid:page@images">' in shown
    assert b"Content-ID: <a+b&c@images>" in sandbox.mails()[-1].read_bytes()


def test_the_frame_runs_no_scripts(sandbox: Sandbox) -> None:
    """The mail's own HTML comes under a policy of its own; links open outside of the frame."""
    post(sandbox, a_mail())
    reply = get(sandbox, f"/mail/{newest(sandbox)}/html")
    policy = reply.headers["content-security-policy"]
    assert "script-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert '<head><base target="_blank">' in text(reply)


def test_everything_is_escaped(sandbox: Sandbox) -> None:
    """Nothing of a mail or a query becomes markup of the inbox."""
    body = a_mail(
        subject=EVIL,
        headers={"X-Evil": EVIL, "List-Unsubscribe": "<javascript:alert(1)>"},
        content=[{"type": "text/plain", "value": EVIL}],
    )
    body["personalizations"][0] = {
        "to": [{"email": "ann@example.org", "name": "Ann"}],
        "custom_args": {"edition": EVIL, "kind": EVIL},
    }
    assert post(sandbox, body).status == 202
    mail = f"/mail/{newest(sandbox)}"
    views = [f"{mail}?view={view}" for view in ("text", "headers", "reader")]
    for path in ("/", f"/?q={quote(EVIL)}&edition={quote(EVIL)}&kind={quote(EVIL)}", *views):
        reply = get(sandbox, path)
        assert reply.status == 200
        assert "<script" not in text(reply)
        assert 'href="javascript:' not in text(reply)
        assert "default-src 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    "mail_id",
    [
        "..",
        "../webhook-key",
        "..%2Fwebhook-key",
        "%2e%2e%2fwebhook-key",
        "/etc/passwd",
        "webhook-key.pem",
        ".x",
        "a\x00b",
    ],
)
@pytest.mark.parametrize("part", ["", "/html", "/source"])
def test_no_way_out_of_the_folder(lasting: Sandbox, mail_id: str, part: str) -> None:
    """An id is a mail's name in the folder or nothing."""
    assert get(lasting, f"/mail/{quote(mail_id, safe='/%')}{part}").status == 404


@pytest.mark.parametrize("host", ["example.org", "example.org:8025", "127.0.0.1.example.org", "192.0.2.1", "", "[::2]"])
def test_only_names_of_this_machine(lasting: Sandbox, host: str) -> None:
    """A name somewhere that points here does not open the inbox."""
    post(lasting, a_mail())
    reply = get(lasting, "/", headers={"Host": host})
    assert reply.status == 421
    assert b"example.org</" not in reply.body


@pytest.mark.parametrize("host", ["localhost", "localhost:8025", "127.0.0.1", "127.1.2.3:80", "[::1]:8025"])
def test_names_of_this_machine(lasting: Sandbox, host: str) -> None:
    """With or without a port."""
    assert get(lasting, "/", headers={"Host": host}).status == 200


def test_files_of_others(sandbox: Sandbox, tmp_path: Path) -> None:
    """Any .eml in the folder is shown, even one that is hardly a mail."""
    folder = tmp_path / "sandbox"
    (folder / "zz-odd.eml").write_bytes(b"\xff\xfe no mail at all")
    (folder / "zz-empty.eml").write_bytes(b"")
    (folder / "zz-args.eml").write_bytes(b"To: a@example.org\nDate: never\nX-Sandbox-Custom-Args: [1\n\nbody")
    (folder / "not shown.eml").write_bytes(b"To: a@example.org\n\nbody")
    assert "zz-odd" in text(get(sandbox, "/"))
    for name in ("zz-odd", "zz-empty", "zz-args"):
        for view in ("html", "text", "headers", "reader"):
            assert get(sandbox, f"/mail/{name}?view={view}").status == 200


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "action") and not (value or "").startswith(("/", "?", "data:,")):
                self.outside.append(value or "")


def test_no_outside_assets(sandbox: Sandbox) -> None:
    """The pages need nothing but the sandbox; the style comes from it."""
    post(sandbox, a_mail())
    for path in ("/", f"/mail/{newest(sandbox)}", "/mail/nothing"):
        links = Links()
        links.feed(text(get(sandbox, path)))
        assert links.outside == []
    style = get(sandbox, "/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert b"url(" not in style.body


def test_neighbours(sandbox: Sandbox) -> None:
    """From a mail to the ones before and after, keeping the view."""
    post(sandbox, a_mail("a@example.org", "b@example.org", "c@example.org"))
    oldest, middle, latest = (path.stem for path in sandbox.mails())
    page = text(get(sandbox, f"/mail/{middle}?view=text"))
    assert f'href="/mail/{latest}?view=text&amp;width=desktop"' in page
    assert f'href="/mail/{oldest}?view=text&amp;width=desktop"' in page


def test_mails_survive_a_restart(restartable: Make) -> None:
    """The inbox reads the folder, and the record goes on."""
    with restartable() as sandbox:
        post(sandbox, a_mail("ann@example.org"))
    with restartable() as sandbox:
        post(sandbox, a_mail("bo@example.org"))
        assert "2 mails" in text(get(sandbox, "/"))
        assert [entry.address for entry in sandbox.accepted()] == ["ann@example.org", "bo@example.org"]


def test_many_mails_are_listed_as_quickly_as_few(sandbox: Sandbox, tmp_path: Path) -> None:
    """A page reads the 50 that it shows: fifty times as many mails are not listed in ten times the time."""
    took: list[float] = []
    for numbers in (range(60), range(60, 3_000)):
        for number in numbers:
            (tmp_path / "sandbox" / f"m-{number:06}.eml").touch()
        took.append(min(_seconds(sandbox, f"{numbers.stop:,} mails") for _ in range(3)))
    assert took[1] < 10 * took[0]


def _seconds(sandbox: Sandbox, says: str) -> float:
    began = time.process_time()
    assert says in text(get(sandbox, "/"))
    return time.process_time() - began


def test_head(sandbox: Sandbox) -> None:
    """HEAD answers as GET does, without the body."""
    reply = call(sandbox, "HEAD", "/")
    assert (reply.status, reply.body) == (200, b"")


def test_a_taken_port(sandbox: Sandbox, tmp_path: Path) -> None:
    """The error says which address, and what to do."""
    port = int(sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(SandboxError, match=rf"127\.0\.0\.1:{port} .* another port"):
        Sandbox(tmp_path / "other", port=port, webhook_url=None).start()


def test_before_the_first_start(tmp_path: Path) -> None:
    """There is nothing yet, and that is no error."""
    sandbox = Sandbox(tmp_path / "none", webhook_url=None)
    assert (sandbox.mails(), sandbox.accepted(), sandbox.accepted_count()) == ([], [], 0)
    assert sandbox.url == "http://127.0.0.1:8025"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_it_listens_on_this_machine_only(tmp_path: Path, host: str) -> None:
    """No address that others could reach."""
    with pytest.raises(SandboxError, match=r"127\.0\.0\.1"):
        Sandbox(tmp_path, host=host, port=0, webhook_url=None)


def test_start_and_stop(restartable: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """A line to stderr for each start; a second start is an error, a second stop nothing."""
    sandbox = restartable()
    sandbox.start()
    url = sandbox.url
    with pytest.raises(SandboxError, match="already"):
        sandbox.start()
    post(sandbox, a_mail())
    sandbox.stop()
    sandbox.stop()
    sandbox.wait()
    address = urlsplit(url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname or "", address.port or 0), timeout=5)
    assert capsys.readouterr().err == f"sandbox: takes mail/send and shows the inbox at {url}/\n"
