"""Pictures of an edition are published in the widths that its look asks for: once, whole, and for good."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pictures_samples import PLATE, chart, moving, saved, turned, view
from rendering_samples import BASE_URL, DAILY, ORGANISATION, PORTS, TEMPLATES, edition, folders, text

from newsletter.errors import ConfigError, ContentError
from newsletter.model import Extras, Image, Level, Message, Newsletter, Paragraph, Sponsor, Story
from newsletter.rendering import pictures, render
from newsletter.rendering.printing import Printer, pictures_of
from newsletter.rendering.proof import proof
from newsletter.rendering.proof.page import read
from newsletter.rendering.published import NAME, name_of, publish
from newsletter.rendering.variants import Folders, variant

EMBEDDING = replace(DAILY, pictures="embed")


def with_picture(src: str = "images/port.jpg", **changes: object) -> Story:
    return replace(PORTS, image=Image(src=src, alt="Cranes at dawn", line=6, **changes))  # type: ignore[arg-type]


@pytest.fixture
def places(tmp_path: Path) -> Folders:
    """A photograph, a chart and a film in content/images, and nothing published yet."""
    found = folders(tmp_path)
    found.originals.mkdir()
    (found.originals / "port.jpg").write_bytes(saved(view(), quality=95))
    (found.originals / "chart.png").write_bytes(saved(chart(), "PNG"))
    (found.originals / "film.gif").write_bytes(moving())
    return found


def mail(places: Folders, *stories: Story, of: Newsletter = DAILY) -> Message:
    return render(
        edition(*(stories or (with_picture(),)), of=of), of, ORGANISATION,
        templates=TEMPLATES, base_url=BASE_URL, images=places,
    )  # fmt: skip


def published(places: Folders) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in places.published.iterdir()}


def problems(message: Message, of: Newsletter = DAILY, *stories: Story) -> list[tuple[Level, str, str]]:
    found = proof(message, edition(*stories, of=of), of, ORGANISATION, loopback=False)
    return [(finding.level, finding.problem, finding.where) for finding in found if finding.check == "pictures"]


# --- in the mail -----------------------------------------------------------------------------------------------------


def test_a_picture_in_the_mail(places: Folders) -> None:
    """The file is twice as wide as its numbers; the address holds its digest and leads to what is published."""
    message = mail(places)
    (image,) = read(message.html).all("img")
    name = image.attributes["src"].removeprefix(f"{BASE_URL}/images/")
    assert NAME.fullmatch(name)
    assert re.fullmatch(r"port-[0-9a-f]{16}-1072\.jpg", name)
    assert (image.attributes["width"], image.attributes["height"]) == ("536", "302")
    assert list(published(places)) == [name]
    (printed,) = message.pictures
    assert (printed.width, printed.height, printed.byte_count) == (1072, 603, len(published(places)[name]))
    assert message.embedded == ()
    assert problems(message, DAILY, with_picture()) == []


def test_a_picture_turned_by_the_camera(places: Folders) -> None:
    """Its numbers are those of the upright picture."""
    (places.originals / "port.jpg").write_bytes(turned(6))
    image = next(read(mail(places).html).all("img")).attributes
    assert (image["width"], image["height"]) == ("536", "357")


def test_each_width_is_a_file(places: Folders) -> None:
    """A look asks for what it prints; one picture in two places of one width is one file."""
    printer = Printer(
        places=tuple(pictures_of(edition(with_picture()), DAILY)),
        base_url=BASE_URL,
        folders=places,
        embed=False,
        plate=PLATE,
    )
    shown = [printer.printed(Image(src="images/port.jpg", alt=alt), width) for alt, width in
             (("A", 600), ("B", 260), ("C", 260))]  # fmt: skip
    assert [(image.alt, image.width, image.height) for image in shown] == [
        ("A", 600, 338),
        ("B", 260, 146),
        ("C", 260, 146),
    ]
    assert shown[1].src == shown[2].src
    assert sorted(name.rpartition("-")[2] for name in published(places)) == ["1200.jpg", "520.jpg"]
    assert [picture.asked for picture in printer.pictures] == [600, 260]


def test_pictures_of_others_stay_theirs(places: Folders) -> None:
    """An https address is named as it is; nothing is fetched."""
    message = mail(places, with_picture("https://mills.org/ä.png", width=200, height=100))
    image = next(read(message.html).all("img")).attributes
    assert (image["src"], image["width"], image["height"]) == ("https://mills.org/%C3%A4.png", "200", "100")
    assert message.pictures == ()


def test_bad_pictures_are_told_all_at_once(places: Folders) -> None:
    """Each with the file and line that name it: stories, and sponsors too."""
    (places.originals / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (places.originals / "half.jpg").write_bytes(saved(view())[:9000])
    stories = with_picture("images/half.jpg"), with_picture("images/none.png")
    what = edition(stories[0], replace(stories[1], slug="other", path="content/stories/other.md"))
    slot = Sponsor(
        slug="roe",
        label="Sponsored by Roe Castings",
        blocks=(Paragraph(spans=text("Castings.")),),
        place="end",
        image=Image(src="images/drawing.svg", alt="A mark", line=4),
        path="content/sponsors/roe.md",
    )
    places_of = tuple(pictures_of(replace(what, extras=Extras(sponsors=(slot,))), DAILY))
    printer = Printer(places=places_of, base_url=BASE_URL, folders=places, embed=False, plate=PLATE)
    for image in (stories[0].image, stories[1].image, slot.image, Image(src="images/../../secret.png", alt="")):
        assert image is not None
        printer.printed(image, 536)
    told = "\n".join(map(str, printer.faults))
    assert re.search(r"content/stories/2026-05-04-ports-reopen\.md:6: .*half\.jpg: it is damaged or cut off", told)
    assert "content/stories/other.md:6: there is no picture images/none.png; put it into" in told
    assert "content/sponsors/roe.md:4: the picture images/drawing.svg: it is an SVG drawing" in told
    assert "secret.png: it leads out of" in told


def test_an_unreadable_picture(places: Folders) -> None:
    """A folder in the place of the file: somebody's mistake, in words."""
    (places.originals / "folder.png").mkdir()
    with pytest.raises(ContentError, match=r"folder\.png cannot be read \(Is a directory\)"):
        mail(places, with_picture("images/folder.png"))


# --- carried by the mail ---------------------------------------------------------------------------------------------


def test_a_mail_that_carries_its_pictures(places: Folders) -> None:
    """Each once, shown by its Content-ID; published all the same, since the archive shows them."""
    message = mail(places, with_picture(), replace(with_picture(), slug="again"), of=EMBEDDING)
    (picture,) = message.embedded
    assert {image.attributes["src"] for image in read(message.html).all("img")} == {f"cid:{picture.content_id}"}
    assert re.fullmatch(r"port-[0-9a-f]{16}-1072\.jpg@images", picture.content_id)
    assert (picture.media_type, {picture.name: picture.content}) == ("image/jpeg", published(places))
    assert problems(message, EMBEDDING, with_picture()) == []
    stops = [finding for finding in proof(message, edition(with_picture(), of=EMBEDDING), EMBEDDING, ORGANISATION,
             loopback=False) if finding.level is Level.STOP and finding.check == "images"]  # fmt: skip
    assert stops == []


def test_a_changed_picture_is_another_message(places: Folders) -> None:
    """The fingerprint that people sign covers pictures, by the digests in their names."""
    first = [mail(places, of=of).fingerprint for of in (DAILY, EMBEDDING)]
    assert first == [mail(places, of=of).fingerprint for of in (DAILY, EMBEDDING)]
    (places.originals / "port.jpg").write_bytes(saved(view(1500, 900), quality=95))
    assert not set(first) & {mail(places, of=of).fingerprint for of in (DAILY, EMBEDDING)}


# --- once, whole, for good -------------------------------------------------------------------------------------------


def test_a_mail_that_is_out_keeps_its_pictures(places: Folders) -> None:
    """An editor changes, renames or deletes the file: what was published stays."""
    mail(places)
    before = published(places)
    (places.originals / "port.jpg").write_bytes(saved(chart(), "PNG"))
    mail(places)
    (places.originals / "port.jpg").unlink()
    assert before.items() < published(places).items()


def test_made_once(places: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made is noted by content: a warm render unpacks nothing; without its note it is made again, the same."""
    message = mail(places)
    stamps = {path: path.stat().st_mtime_ns for path in places.published.iterdir()}
    with monkeypatch.context() as patched:
        patched.setattr(pictures, "make", lambda *_: pytest.fail("unpacked again"))
        assert mail(places) == message
        os.utime(places.originals / "port.jpg")  # another stamp, the same content
        assert mail(places) == message
    for note in places.notes.iterdir():
        note.write_text('{"name": 3}')
    assert mail(places) == message
    assert {path: path.stat().st_mtime_ns for path in places.published.iterdir()} == stamps


def test_what_was_lost_is_published_again(places: Folders) -> None:
    """The folder was emptied, or a disk was full half-way: the next render heals it."""
    message = mail(places)
    (file,) = places.published.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert mail(places) == message
    assert file.read_bytes() == whole
    file.unlink()
    assert mail(places) == message
    assert file.read_bytes() == whole


def test_many_at_once(places: Folders) -> None:
    """Scheduler, editors and workers render at the same time: one file, whole, no drafts left."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: variant(places, places.originals / "port.jpg", 536, PLATE), range(16)))
    assert len(set(found)) == 1
    assert {name: len(data) for name, data in published(places).items()} == {found[0].name: found[0].byte_count}
    assert all(not path.name.startswith(".") for path in places.notes.iterdir())


KILLED = """
import os, sys
from pathlib import Path
from newsletter.rendering.published import publish
place = sys.argv[2]
calls = {"write": (os, "fsync"), "rename": (Path, "replace")}
owner, name = calls[place]
setattr(owner, name, lambda *_: os._exit(9))
publish(Path(sys.argv[1]), "port-0123456789abcdef-1072.jpg", b"x" * 100_000)
"""


@pytest.mark.parametrize("place", ["write", "rename"])
def test_killed_between_write_and_rename(tmp_path: Path, place: str) -> None:
    """No half file is ever under its name, nor served; the next one publishes it."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), place], check=False)
    assert done.returncode == 9
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    assert list(tmp_path.iterdir())
    name = "port-0123456789abcdef-1072.jpg"
    publish(tmp_path, name, b"x" * 100_000)
    assert (tmp_path / name).read_bytes() == b"x" * 100_000


def test_a_folder_that_cannot_be_written(places: Folders) -> None:
    """The operator's to mend, in words."""
    places.published.write_text("a file in its place")
    with pytest.raises(ConfigError, match=r"cannot be published.*see who may write there"):
        mail(places)


@pytest.mark.parametrize(
    ("stem", "words"),
    [("Port at Dawn", "port-at-dawn"), ("Bücher & Söhne (2)", "bucher-sohne-2"), ("", "picture"), ("港", "picture"),
     ("../../etc/passwd", "etc-passwd"), ("a" * 300, "a" * 60), ("x" * 59 + " y", "x" * 59)],
)  # fmt: skip
def test_names_are_plain(stem: str, words: str) -> None:
    """Whatever editors call their files: lower-case letters, digits and hyphens, so that each client asks alike."""
    name = name_of(stem, b"data", 1072, "jpg")
    assert NAME.fullmatch(name)
    assert name.removeprefix(f"{words}-").count("-") == 1


def test_a_warm_render_costs_next_to_nothing(places: Folders) -> None:
    """A look at the file, its note and what is published (measured: 0.1 ms): not a twentieth of making it."""
    path = places.originals / "port.jpg"
    first = timed(lambda: variant(places, path, 536, PLATE))
    fastest = min(timed(lambda: variant(places, path, 536, PLATE)) for _ in range(20))
    assert fastest < first / 20


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# --- what the proof says ---------------------------------------------------------------------------------------------


def test_the_proof_weighs_pictures(places: Folders) -> None:
    """Heavy ones, small ones, strips and films that stand still, each with the story's line; none of them stops."""
    noise = os.urandom(3 * 1400 * 1000)
    from PIL import Image as Images

    files = {
        "heavy.png": Images.frombytes("RGB", (1400, 1000), noise), "small.png": chart(300, 200),
        "tall.png": chart(600, 1500), "strip.png": chart(1600, 200),
    }  # fmt: skip
    for name, image in files.items():
        (places.originals / name).write_bytes(saved(image, "PNG"))
    (places.originals / "film.gif").write_bytes(moving(size=(1400, 700)))
    names = [*files, "film.gif"]
    stories = [replace(with_picture(f"images/{name}"), slug=name[:-4], path=f"{name}.md") for name in names]
    found = problems(mail(places, *stories), DAILY, *stories)
    assert {level for level, _, _ in found} == {Level.WARN}
    said = {where: problem for _, problem, where in found}
    assert re.search(r"heavy\.png weighs \d+ kB .*, more than 200 kB", said["heavy.png.md:6"])
    assert "300 pixels wide, and there is room for 536" in said["small.png.md:6"]
    assert "is shown 536 × 1340: readers scroll past it" in said["tall.png.md:6"]
    assert "is shown 536 × 67, a thin strip" in said["strip.png.md:6"]
    assert "its first frame is shown" in said["film.gif.md:6"]


def test_the_proof_weighs_them_together(places: Folders) -> None:
    """Over 1 MB is told; a mail that would carry over 5 MB is stopped."""
    message = mail(places)
    (one,) = message.pictures
    heavy = tuple(replace(one, name=f"{number}.jpg", byte_count=190_000) for number in range(6))
    ((level, problem, _),) = problems(replace(message, pictures=heavy), DAILY, with_picture())
    assert (level, "1,140 kB together" in problem) == (Level.WARN, True)
    assert problems(replace(message, pictures=heavy[:5]), DAILY, with_picture()) == []
    many = tuple(replace(one, name=f"{number}.jpg", byte_count=190_000) for number in range(27))
    carried = replace(mail(places, of=EMBEDDING), pictures=many)
    ((level, problem, where),) = problems(carried, EMBEDDING, with_picture())
    assert (level, where) == (Level.STOP, "content/newsletters/daily.toml")
    assert "would carry 5,130 kB of pictures, more than 5,000 kB" in problem


def test_a_mail_that_shows_what_it_does_not_carry(places: Folders) -> None:
    message = replace(mail(places, of=EMBEDDING), embedded=())
    ((level, problem, _),) = problems(message, EMBEDDING, with_picture())
    assert level is Level.STOP
    assert "does not carry the picture cid:port-" in problem


def test_a_sponsors_picture_without_words_is_stopped(places: Folders) -> None:
    """Whoever pays for it."""
    slot = Sponsor(
        slug="roe", label="Sponsored by Roe Castings", blocks=(Paragraph(spans=text("Castings.")),), place="end",
        image=Image(src="images/chart.png", alt="", line=4), path="content/sponsors/roe.md",
    )  # fmt: skip
    for alt, stopped in (("", True), ("The mark of Roe Castings", False)):
        sponsor = replace(slot, image=Image(src="images/chart.png", alt=alt, line=4))
        what = replace(edition(PORTS), extras=Extras(sponsors=(sponsor,)))
        found = proof(mail(places, PORTS), what, DAILY, ORGANISATION, loopback=False)
        places_found = [finding.where for finding in found if finding.check == "alt" and finding.level is Level.STOP]
        assert ("content/sponsors/roe.md:4" in places_found) == stopped


def test_a_picture_without_words_is_stopped(places: Folders) -> None:
    """Where no parse has seen it: the proof reads the mail itself."""
    story = replace(PORTS, image=Image(src="images/port.jpg", alt=" ", line=6))
    found = proof(mail(places, story), edition(story), DAILY, ORGANISATION, loopback=False)
    assert [finding.level for finding in found if finding.check == "alt"] == [Level.STOP]


def test_a_finding_of_a_picture_names_the_line_that_names_it(places: Folders) -> None:
    """The mail knows it by its published name, which no editor has seen."""
    what = edition(with_picture())
    message = render(
        what, DAILY, ORGANISATION, templates=TEMPLATES, base_url="http://mail.harbor-millers.org", images=places
    )
    findings = proof(message, what, DAILY, ORGANISATION, loopback=False)
    assert [finding.where for finding in findings if "it is not https" in finding.problem] == [f"{PORTS.path}:6"]
