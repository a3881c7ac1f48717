"""Files as editors give them become pictures that mails can show."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures_samples import PLATE, chart, moving, png_head, saved, turned, view
from PIL import Image, ImageCms, ImageStat

from newsletter.rendering.gifs import without_remarks
from newsletter.rendering.pictures import Made, PictureError, fitting, make


def opened(made: Made) -> Image.Image:
    image = Image.open(BytesIO(made.data))
    image.load()
    assert image.size == (made.width, made.height)
    return image


def at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a share of width and height."""
    found = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(found, tuple)
    return found


def is_near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


# --- size ------------------------------------------------------------------------------------------------------------


def test_a_large_photograph() -> None:
    """Twice the width it is printed at, for screens with small pixels; a progressive JPEG with half the colour."""
    made = make(saved(view(3000, 2000), quality=95), 536, PLATE)
    image = opened(made)
    assert (made.suffix, image.size) == ("jpg", (1072, 715))
    assert (made.original_width, made.original_height) == (3000, 2000)
    assert image.info["progressive"]
    assert image.layer == [("Y", 2, 2, 0), ("Cb", 1, 1, 1), ("Cr", 1, 1, 1)] or image.layer[0][1:3] == (2, 2)


@pytest.mark.parametrize(
    ("original", "width", "fits"),
    [((3000, 2000), 600, (1200, 800)), ((1000, 500), 536, (1000, 500)), ((300, 200), 536, (300, 200)),
     ((1, 1), 536, (1, 1)), ((20_000, 1), 536, (1072, 1)), ((1, 20_000), 536, (1, 20_000))],
)  # fmt: skip
def test_never_larger_than_it_is(original: tuple[int, int], width: int, fits: tuple[int, int]) -> None:
    assert fitting(original, width) == fits
    made = make(saved(Image.new("RGB", original, "#14566b"), "PNG"), width, PLATE)
    assert opened(made).size == fits


@pytest.mark.parametrize("density", ["twice", "once"])
def test_quality_goes_by_density(density: str) -> None:
    """At twice the pixels a lower quality is not seen: the file weighs far less than four times as much."""
    original = saved(view(1072, 600), quality=97)
    twice, once = make(original, 536, PLATE), make(original, 1072, PLATE)
    assert (twice.width, once.width) == (1072, 1072)
    assert len(twice.data) < 0.8 * len(once.data)
    made = {"twice": twice, "once": once}[density]
    difference = (
        ImageStat.Stat(opened(made).convert("L")).mean[0] - ImageStat.Stat(view(1072, 600).convert("L")).mean[0]
    )
    assert abs(difference) < 2


# --- kind ------------------------------------------------------------------------------------------------------------


def test_a_chart_stays_sharp_and_small() -> None:
    """Flat colours as a PNG with a palette."""
    made = make(saved(chart(), "PNG"), 536, PLATE)
    image = opened(made)
    assert (made.suffix, image.mode) == ("png", "P")
    assert len(made.data) < 20_000


def test_a_photograph_in_a_png() -> None:
    """Editors save photographs as PNG; readers get a tenth of it."""
    original = saved(view(), "PNG")
    made = make(original, 536, PLATE)
    assert made.suffix == "jpg"
    assert len(made.data) < len(original) / 10


def test_what_it_is_decides_and_not_what_it_is_called() -> None:
    assert make(saved(view(), "WEBP"), 536, PLATE).suffix == "jpg"
    assert make(saved(chart(), "WEBP", lossless=True), 536, PLATE).suffix == "png"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_transparency_gets_a_plate(kind: str) -> None:
    """Dark lines on nothing would be gone in dark mode: the paper's colour lies under them."""
    image = chart(mode="RGBA")
    made = make(saved(image, kind), 536, PLATE)
    shown = opened(made)
    assert "A" not in shown.getbands()
    assert "transparency" not in shown.info
    assert is_near(at(shown, 0.02, 0.1), (0xFD, 0xFC, 0xFA), by=3)


def test_a_palette_with_transparency() -> None:
    """The colour that stands for nothing is not shown."""
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 0, 20, 86, 107])
    image.paste(1, (0, 0, 50, 100))
    shown = opened(make(saved(image, "PNG", transparency=0), 100, PLATE))
    assert is_near(at(shown, 0.2, 0.5), (20, 86, 107), by=3)
    assert is_near(at(shown, 0.8, 0.5), (0xFD, 0xFC, 0xFA), by=3)


def test_sixteen_bits() -> None:
    """Scaled to 8 bits; cut off at 255 nearly all of it would be white."""
    image = Image.new("I;16", (256, 64))
    image.putdata([x * 257 for _ in range(64) for x in range(256)])
    shown = opened(make(saved(image, "PNG"), 256, PLATE))
    assert [is_near(at(shown, x, 0.5), (wanted,) * 3, by=4) for x, wanted in ((0.1, 25), (0.5, 128), (0.9, 230))] == [
        True, True, True,
    ]  # fmt: skip


def test_grey_and_two_colours() -> None:
    assert opened(make(saved(view(mode="L")), 536, PLATE)).mode == "L"
    plain = chart().convert("1", dither=Image.Dither.NONE)
    assert make(saved(plain, "PNG"), 536, PLATE).suffix == "png"


# --- colours ---------------------------------------------------------------------------------------------------------


def test_colours_for_print_become_those_of_screens() -> None:
    """CMYK, which most mail programs show inverted or not at all."""
    red = saved(Image.new("RGB", (400, 300), "red").convert("CMYK"))
    shown = opened(make(red, 200, PLATE))
    assert shown.mode == "RGB"
    assert is_near(at(shown, 0.5, 0.5), (254, 0, 0))


def test_a_wide_profile_becomes_srgb() -> None:
    """The numbers change so that the colour stays, since mail programs take every picture for sRGB."""
    lab = ImageCms.createProfile("LAB")
    image = Image.new("RGB", (50, 50), (200, 30, 30))
    swapped = saved(image, icc_profile=swapped_profile(), quality=95)
    shown = opened(make(swapped, 50, PLATE))
    assert is_near(at(shown, 0.5, 0.5), (30, 200, 30), by=25), at(shown, 0.5, 0.5)
    assert "icc_profile" not in shown.info
    broken = saved(image, icc_profile=b"not a profile", quality=95)
    assert is_near(at(opened(make(broken, 50, PLATE)), 0.5, 0.5), (200, 30, 30))
    foreign = saved(image, icc_profile=ImageCms.ImageCmsProfile(lab).tobytes(), quality=95)
    assert is_near(at(opened(make(foreign, 50, PLATE)), 0.5, 0.5), (200, 30, 30))


def swapped_profile() -> bytes:
    """sRGB with its red and green primaries swapped: a picture with it looks green where its numbers say red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = {bytes(profile[at : at + 4]): at + 4 for at in range(132, 132 + 12 * profile[131], 12)}
    red, green = (int.from_bytes(profile[table[tag] : table[tag] + 4]) for tag in (b"rXYZ", b"gXYZ"))
    profile[red : red + 20], profile[green : green + 20] = profile[green : green + 20], profile[red : red + 20]
    return bytes(profile)


# --- what the camera wrote --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_however_the_camera_was_held(orientation: int) -> None:
    """All eight ways of EXIF; the size is that of the upright picture."""
    made = make(turned(orientation), 200, PLATE)
    shown = opened(made)
    assert (made.original_width, made.original_height, shown.size) == (600, 400, (400, 267))
    assert is_near(at(shown, 0.25, 0.5), (254, 0, 0))
    assert is_near(at(shown, 0.75, 0.5), (0, 0, 254))


def test_nothing_is_told_of_where_and_by_whom() -> None:
    """GPS, names, comments, thumbnails and profiles stay at home; nor are they turned twice."""
    original = turned(6)
    assert b"Ann Roe" in original
    assert b"secret" in original
    data = make(original, 200, PLATE).data
    assert opened(make(original, 200, PLATE)).getexif() == {}
    assert [word for word in (b"Exif", b"Ann Roe", b"secret", b"ICC_PROFILE", b"http") if word in data] == []
    with_text = BytesIO()
    remarks = Image.Exif()
    remarks[0x010E] = "Ann Roe at home"
    chart().save(with_text, "PNG", exif=remarks, icc_profile=swapped_profile())
    png = make(with_text.getvalue(), 536, PLATE)
    assert png.suffix == "png"
    assert [word for word in (b"eXIf", b"Ann Roe", b"iCCP", b"tEXt") if word in png.data] == []


# --- what moves ------------------------------------------------------------------------------------------------------


def test_a_small_gif_moves_on() -> None:
    """Its frames and loop as they are, without its comment."""
    original = moving()
    made = make(original, 536, PLATE)
    shown = opened(made)
    assert (made.suffix, made.still, shown.n_frames, shown.info["loop"]) == ("gif", False, 4, 0)
    assert b"secret words" in original
    assert b"secret words" not in made.data
    for number in range(4):
        shown.seek(number)
        assert is_near(at(shown, 0.5, 0.5), (40 * number, 90, 120), by=8)


def test_a_heavy_one_stands_still() -> None:
    """The first frame of one that is too large; it says so."""
    made = make(moving(size=(1200, 600)), 200, PLATE)
    assert (made.suffix, made.still) == ("png", True)
    assert is_near(at(opened(made), 0.5, 0.5), (0, 90, 120), by=8)
    film = saved(Image.new("RGB", (80, 40), "red"), "WEBP", save_all=True,
                 append_images=[Image.new("RGB", (80, 40), "blue")])  # fmt: skip
    assert make(film, 80, PLATE).still


def test_a_gif_that_does_not_move_is_a_picture() -> None:
    assert make(saved(chart().quantize(16), "GIF"), 536, PLATE).suffix == "png"


def test_a_gif_cut_off() -> None:
    """Wherever it ends: an error in words, or its first frame; nothing else comes out."""
    original = moving()
    for end in range(0, len(original), 7):
        try:
            made = make(original[:end], 536, PLATE)
        except PictureError:
            continue
        opened(made)
    with pytest.raises((ValueError, IndexError)):
        without_remarks(original[:-40])


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no PNG, JPEG, GIF or WebP"),
        (b"%PDF-1.7 not a picture", "no PNG, JPEG, GIF or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing.*save it as PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG drawing"),
        (saved(view())[:-5000], "damaged or cut off"),
        (saved(chart(), "PNG")[:-600], "damaged or cut off"),
        (saved(view(64, 64), "BMP"), "no PNG, JPEG, GIF or WebP"),
        (png_head(30_000, 30_000), "30000 × 30000 pixels, more than 64 million"),
        (png_head(2**31 - 1, 2**31 - 1), "pixels, more than 64 million"),
        (b"\xff\xd8" + b"\0" * 20_000_000, "20,000,002 bytes, more than 20,000,000"),
    ],
    ids=["empty", "pdf", "svg", "xml", "jpeg cut off", "png cut off", "bmp", "bomb", "largest bomb", "heavy"],
)  # fmt: skip
def test_what_no_mail_can_show_is_refused_in_words(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says):
        make(data, 536, PLATE)


@given(place=st.integers(0, 5000), new=st.binary(min_size=1, max_size=6), kind=st.sampled_from(["JPEG", "PNG", "GIF"]))
def test_a_damaged_file_is_refused_or_shown(place: int, new: bytes, kind: str) -> None:
    """Whatever bytes are hurt: a picture, or a PictureError; no other error."""
    whole = WHOLE[kind]
    place %= len(whole)
    try:
        made = make(whole[:place] + new + whole[place + len(new) :], 100, PLATE)
    except PictureError:
        return
    opened(made)


WHOLE = {"JPEG": turned(6), "PNG": saved(chart(200, 100), "PNG"), "GIF": moving()}
