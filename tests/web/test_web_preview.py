"""The preview's server: for this machine alone, to look at, with policies; what a choice comes to."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from fastapi import FastAPI
from web_house import NOW, open_house

from newsletter.errors import UsageError
from newsletter.pipeline.previewing import Preview
from newsletter.web.preview.app import create_app
from newsletter.web.preview.choice import chosen, frames
from newsletter.web.preview.server import PORT, showing
from newsletter.web.server import listen


@pytest.fixture
def preview(content: Path, tmp_path: Path, new_var: Path) -> Iterator[Preview]:
    shutil.copytree(new_var, tmp_path / "var")
    context = open_house(content, tmp_path)
    yield Preview(context, "daily/2026-05-04", moment=NOW)
    context.store.close()


@pytest.fixture
def app(preview: Preview) -> FastAPI:
    return create_app(preview)


def ask(
    app: FastAPI, path: str, *, method: str = "GET", host: str = "127.0.0.1:8026", client: str = "127.0.0.1"
) -> httpx.Response:
    """An answer of the app to a request with this Host header from this address."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(client, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8026") as asking:
            return await asking.request(method, path, headers={"Host": host})

    return asyncio.run(once())


@pytest.mark.parametrize("host", ["127.0.0.1:8026", "127.0.0.1", "localhost:8026", "[::1]:8026"])
def test_this_machine_by_its_own_names(app: FastAPI, host: str) -> None:
    assert ask(app, "/", host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example.org", "evil.example.org:8026", "127.0.0.1.example.org", "192.0.2.7", "", "localhost.example.org"],
)
@pytest.mark.parametrize("path", ["/", "/looks", "/mail/briefing", "/images/port-at-dawn.png", "/changes"])
def test_another_name_is_refused(app: FastAPI, host: str, path: str) -> None:
    """A foreign page whose name was made to mean this machine (DNS rebinding) learns nothing."""
    answer = ask(app, path, host=host)
    assert answer.status_code == 403
    assert "Ports" not in answer.text


@pytest.mark.parametrize("client", ["192.0.2.7", "2001:db8::1"])
def test_another_machine_is_refused(app: FastAPI, client: str) -> None:
    """However it came here, and whatever it calls us."""
    assert ask(app, "/", client=client).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/mail/briefing", "/none"])
def test_it_is_only_looked_at(app: FastAPI, path: str, method: str) -> None:
    assert ask(app, path, method=method).status_code == 405


def test_policies(app: FastAPI) -> None:
    """The page runs its own script alone; a mail runs none, with images or without; nothing is kept."""
    page = ask(app, "/").headers
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    mail = ask(app, "/mail/briefing").headers["Content-Security-Policy"]
    assert "script-src" not in mail
    assert mail.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self'")
    assert "sandbox allow-same-origin" in mail
    assert "allow-scripts" not in mail
    assert "img-src 'none'" in ask(app, "/mail/briefing?images=off").headers["Content-Security-Policy"]
    for path in ("/", "/mail/briefing", "/images/port-at-dawn.png", "/style.css", "/none"):
        headers = ask(app, path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_mail_shows_the_pictures_of_this_machine(preview: Preview, app: FastAPI, content: Path) -> None:
    """Wherever the base URL leads, and also where the mail carries its pictures."""
    for before, after in (("", ""), ("carry_over = 1\n", 'carry_over = 1\npictures = "embed"\n')):
        file = content / "newsletters/daily.toml"
        file.write_text(file.read_text().replace(before, after, 1))
        preview.changed()
        pictures = set(re.findall(r'src="([^"]*)"', ask(app, "/mail/briefing").text))
        assert len(pictures) == 3
        for picture in pictures:
            assert ask(app, picture).headers["Content-Type"].startswith("image/")


@pytest.mark.parametrize("look", ["nothing", "base", "%2e%2e%2fx"])
def test_a_look_that_there_is_not(app: FastAPI, look: str) -> None:
    assert ask(app, f"/mail/{look}").status_code == 404
    assert ask(app, f"/?look={look}").status_code == 200


@pytest.mark.parametrize("query", ["width=x", "chosen=1", "size=9999", "look=%00", "scheme=<b>", "v=&&&=&a"])
def test_odd_choices(app: FastAPI, query: str) -> None:
    """What cannot be chosen is passed over, and never printed as it came."""
    answer = ask(app, f"/?{query}")
    assert answer.status_code == 200
    assert "<b>" not in answer.text


def test_changes_are_told_when_they_come(preview: Preview, app: FastAPI) -> None:
    """At once to whoever knows less, and to whoever ends."""
    assert ask(app, "/changes?since=0").json() == {"number": 1}
    preview.changed()
    assert ask(app, "/changes?since=1").json() == {"number": 2}
    preview.end()
    assert ask(app, "/changes?since=2").json() == {"number": 2}


def test_it_listens_on_loopback_alone(preview: Preview) -> None:
    """On the port that was asked for, or the usual one; where somebody has that, on a free one."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
    with showing(preview, port) as url:
        assert url == f"http://127.0.0.1:{port}/"
        assert httpx.get(url).status_code == 200
    with ExitStack() as usual:
        with suppress(UsageError):  # somebody else on this machine has it
            usual.enter_context(listen("127.0.0.1", PORT))
        url = usual.enter_context(showing(preview))
        assert url.startswith("http://127.0.0.1:")
        assert url != f"http://127.0.0.1:{PORT}/"


@pytest.mark.parametrize(("query", "keys"), [
    ("", ["375-light", "375-dark", "375-images-off", "680-light", "680-dark", "375-no-styles", "text"]),
    ("chosen=1", []),
    ("chosen=1&also=text", ["text"]),
    ("chosen=1&also=images-off", ["375-images-off"]),
    ("chosen=1&width=1200&width=320&scheme=inverted", ["320-inverted", "1200-inverted"]),
    ("chosen=1&width=600&also=no-styles&also=images-off", ["600-images-off", "600-no-styles"]),
    ("width=7&scheme=pink&also=x", []),
])  # fmt: skip
def test_frames_of_a_choice(query: str, keys: list[str]) -> None:
    """As usual where nobody chose; what was chosen, in the order of widths; what cannot be chosen is passed over."""
    choice = chosen(parse_qs(query))
    assert [frame.key for frame in frames(choice, "briefing", "1")] == keys
    assert choice.size == 75
