"""Checks of pictures as they are published: what they weigh, and whether they are fit to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from newsletter.model import Finding, PrintedPicture
from newsletter.rendering.printing import pictures_of
from newsletter.rendering.proof.case import Case, stop, warn

HEAVY: Final = 200_000
"""Bytes of one picture, from which on it is slow to come on a phone."""

HEAVY_TOGETHER: Final = 1_000_000

LARGEST_MAIL: Final = 5_000_000
"""Bytes of pictures that a mail may carry. They are a third more on their way; from 10 MB on servers refuse mail, and
SendGrid takes 30 MB with its readers.
"""

TALL, WIDE = 2.0, 6.0
"""Height by width, and width by height, from which on a picture is a strip."""


def pictures(case: Case) -> Iterator[Finding]:
    """Weight of each and of all, pixels, shape, words; and what the mail shows of its own is in it."""
    printed = case.message.pictures
    for picture in printed:
        yield from (warn("pictures", problem, picture.where) for problem in problems(picture))
    total = sum({picture.name: picture.byte_count for picture in printed}.values())
    if case.newsletter.pictures == "embed" and total > LARGEST_MAIL:
        problem = f"the mail would carry {_kb(total)} of pictures, more than {_kb(LARGEST_MAIL)}; take some out, or "
        yield stop("pictures", f'{problem}set pictures = "link"', case.settings)
    elif total > HEAVY_TOGETHER:
        problem = f"the pictures weigh {_kb(total)} together, more than {_kb(HEAVY_TOGETHER)}: fewer, or calmer ones"
        yield warn("pictures", problem, _heaviest(printed).where)
    yield from _without_words(case)
    held = {picture.content_id for picture in case.message.embedded}
    for image in case.page.all("img"):
        src = image.attributes.get("src", "")
        if src.startswith("cid:") and src[4:] not in held:
            yield stop("pictures", f"the mail does not carry the picture {src}", case.template)


def _without_words(case: Case) -> Iterator[Finding]:
    """Pictures of sponsors, notes and corrections; those of stories are found in the mail itself (`alt`)."""
    stories = {story.path for story in case.edition.stories}
    for path, image in pictures_of(case.edition, case.newsletter):
        if path not in stories and not image.alt.strip():
            where = f"{path}:{image.line}" if image.line else path
            yield stop("alt", f"the picture {image.src} has no alt text; say in words what it shows", where)


def _heaviest(printed: tuple[PrintedPicture, ...]) -> PrintedPicture:
    return max(printed, key=lambda picture: picture.byte_count)


def problems(picture: PrintedPicture) -> Iterator[str]:
    """What is not right about one picture, in words for its editor."""
    name, wide, tall = f"the picture {picture.original}", picture.shown_width, picture.shown_height
    if picture.byte_count > HEAVY:
        yield f"{name} weighs {_kb(picture.byte_count)} as it is published, more than {_kb(HEAVY)}: take a calmer one"
    if picture.original_width < picture.asked:
        yield (
            f"{name} is {picture.original_width} pixels wide, and there is room for {picture.asked}: it is shown "
            f"small; {2 * picture.asked} pixels are sharp everywhere"
        )
    if tall > TALL * wide:
        yield f"{name} is shown {wide} × {tall}: readers scroll past it; crop it"
    elif wide > WIDE * tall:
        yield f"{name} is shown {wide} × {tall}, a thin strip: crop it otherwise"
    if picture.still:
        yield f"{name} moves, and is too heavy to: its first frame is shown; a GIF of 500 kB at most may move"


def _kb(count: int) -> str:
    return f"{count / 1000:,.0f} kB"
