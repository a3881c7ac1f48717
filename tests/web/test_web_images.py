"""Pictures: those that are published, and nothing else of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from web_house import House

from newsletter.rendering.published import name_of, publish
from newsletter.web.images import find, kind

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """content/images with good files and with all that must not be shown, and a secret beside it."""
    images = tmp_path / "given" / "images"
    for name in ("a.png", "deep/er/b.png", "no-suffix", "ümlaut und blank.png", ".hidden.png", ".git/c.png"):
        file = images / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PNG)
    (images / "text.png").write_text("name = 'ann'\n")
    (images / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    (images / "empty.png").touch()
    (tmp_path / "given" / "secret.png").write_bytes(PNG)
    (tmp_path / "given" / "images-2").mkdir()
    (tmp_path / "given" / "images-2" / "near.png").write_bytes(PNG)
    (images / "out.png").symlink_to(tmp_path / "given" / "secret.png")
    (images / "near").symlink_to(tmp_path / "given" / "images-2")
    (images / "to-hidden.png").symlink_to(images / ".hidden.png")
    (images / ".to-shown.png").symlink_to(images / "a.png")
    (images / "ring").symlink_to(images / "ring")
    (images / "within.png").symlink_to(images / "a.png")
    return images


@pytest.mark.parametrize("name", ["a.png", "deep/er/b.png", "no-suffix", "ümlaut und blank.png", "within.png"])
def test_pictures_are_found(folder: Path, name: str) -> None:
    """By the head of the file; the name is the editor's."""
    found = find(folder, name)
    assert found is not None
    assert found[1] == "image/png"
    assert found[0].read_bytes() == PNG


@pytest.mark.parametrize("name", [
    "", ".", "..", "/", "../secret.png", "deep/../../secret.png", "deep/../a.png", "./a.png", "deep//er/b.png",
    "/etc/passwd", "..\\secret.png", "a.png/", "a.png/x", "deep", "deep/er", ".hidden.png", ".git/c.png", "text.png",
    "drawing.svg", "empty.png", "missing.png", "out.png", "near/near.png", "to-hidden.png", ".to-shown.png",
    "ring", "ring/a.png", "a.png\0", "\0", "x" * 5000, "\ud800.png", "%2e%2e/secret.png", "~/a.png",
])  # fmt: skip
def test_nothing_else_is(folder: Path, name: str) -> None:
    """No way out of the folder, nothing hidden, no folder, and no file that is not a picture."""
    assert find(folder, name) is None


def test_without_the_folder_there_is_nothing(tmp_path: Path) -> None:
    assert find(tmp_path / "none", "a.png") is None


@pytest.mark.parametrize(("head", "media_type"), [
    (b"\x89PNG\r\n\x1a\n\0\0\0\r", "image/png"), (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"GIF89a\1\0\1\0", "image/gif"), (b"GIF87a\1\0\1\0", "image/gif"), (b"RIFF\x24\0\0\0WEBP", "image/webp"),
    (b"RIFF\x24\0\0\0WAVE", None), (b"<svg xmlns=", None), (b"<!DOCTYPE ht", None), (b"%PDF-1.7", None), (b"", None),
])  # fmt: skip
def test_a_picture_is_what_its_head_says(head: bytes, media_type: str | None) -> None:
    """The four kinds that stories may show."""
    assert kind(head) == media_type


def test_a_picture_is_answered_with_its_type_and_may_be_kept(house: House) -> None:
    """Browsers may not guess another type, and proxies of mail programs may keep it."""
    answer = house.ask("GET", "/images/port-at-dawn.png")
    file = house.context.settings.published / "port-at-dawn.png"
    assert (answer.status_code, answer.content) == (200, file.read_bytes())
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_a_published_picture_is_kept_for_good(house: House) -> None:
    """Its name holds its digest: a year, and nobody needs to ask again."""
    data = (house.context.settings.published / "port-at-dawn.png").read_bytes()
    name = name_of("Port at Dawn", data, 1200, "png")
    publish(house.context.settings.published, name, data)
    answer = house.ask("GET", f"/images/{name}")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, data, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_originals_are_nobodys(house: House) -> None:
    """What editors put into content/images, with all that a camera wrote, is not served, nor is a draft."""
    originals = house.context.settings.content / "images"
    (originals / "other.png").write_bytes((originals / "port-at-dawn.png").read_bytes())
    (house.context.settings.published / ".port-0123456789abcdef-9.png.12ab").write_bytes(b"\x89PNG\r\n\x1a\n half")
    for name in ("other.png", ".port-0123456789abcdef-9.png.12ab"):
        assert house.ask("GET", f"/images/{name}").status_code == 404


def test_head_tells_the_size_alone(house: House) -> None:
    answer = house.ask("HEAD", "/images/port-at-dawn.png")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000


@pytest.mark.parametrize("path", ["/images/", "/images/none.png", "/images/%2e%2e/organisation.toml", "/images"])
def test_what_is_no_picture_is_the_404_of_any_address(house: House, path: str) -> None:
    answer = house.ask("GET", path)
    assert (answer.status_code, answer.content) == (404, house.ask("GET", "/nothing-here").content)
