"""A sponsor's file → a booking."""

from __future__ import annotations

from newsletter.errors import ContentError
from newsletter.model import SLUG, Sponsor
from newsletter.stories.extras.names import newsletters_of, required
from newsletter.stories.extras.supply import Booking, Known
from newsletter.stories.fields import Fields, nearest
from newsletter.stories.figures import Figures
from newsletter.stories.frontmatter import line_of
from newsletter.stories.opened import opened

KEYS = ("label", "place", "newsletters", "from", "until", "priority", "url", "link_text", "image")
"""What front matter may hold."""

LEAD, END = "lead", "end"
"""Places that each edition has: after its lead, and after all of it. The others are slugs of sections."""


def parse_sponsor(slug: str, raw: bytes, *, known: Known, shown: str) -> Booking:
    """The booking of a file's bytes; `slug` is the file's name. Raises `ContentError` with every fault."""
    file = opened(raw, what="a sponsor", organisation=known.organisation, shown=shown)
    fields = file.fields
    if not SLUG.match(slug):
        fields.fault_of_file("a sponsor's file is named slug.md, in lower-case letters, digits and hyphens: rename it")
    fields.known(KEYS)
    newsletters = newsletters_of(fields, known)
    label = required(file, "label", "say in words that it is paid for: `label: Sponsored by …`")
    place = _place(fields, newsletters, known)
    figures = Figures(fields, known.images)
    blocks, image = figures.seen_in(file.blocks), figures.image("image")
    if file.whole and not blocks and image is None and "image" not in fields.entries:
        fields.fault_of_file("the sponsor says nothing: write its text below the front matter, or give it an `image`")
    url, link_text = _link(fields)
    booking = None
    if label is not None:
        sponsor = Sponsor(
            slug=slug, label=label, blocks=blocks, place=place, url=url, link_text=link_text, image=image, path=shown,
            lines={key: line_of(entry.key) for key, entry in fields.entries.items()},
        )  # fmt: skip
        booking = _booking(fields, sponsor, newsletters)
    file.require()
    if booking is None:
        raise ContentError(tuple(fields.faults))
    return booking


def _booking(fields: Fields, sponsor: Sponsor, newsletters: tuple[str, ...] | None) -> Booking:
    since, until = fields.day("from"), fields.day("until")
    if since is not None and until is not None and until < since:
        fields.fault(fields.entries["until"].value, "`until` is before `from`: the sponsor would never go")
    priority = fields.number("priority", low=1, high=999) or 0
    return Booking(sponsor=sponsor, newsletters=newsletters, since=since, until=until, priority=priority)


def _place(fields: Fields, newsletters: tuple[str, ...] | None, known: Known) -> str:
    """Where it stands, `end` where nothing is said."""
    place = fields.slug("place") or END
    wanted = [known.newsletters[name] for name in newsletters or known.newsletters if name in known.newsletters]
    places = dict.fromkeys([LEAD, *(section.slug for each in wanted for section in each.sections), END])
    if place not in places:
        problem = f"`place: {place}` is no place of a newsletter that it is for: {nearest(place, places)}"
        fields.fault(fields.entries["place"].value, problem)
    return place


def _link(fields: Fields) -> tuple[str | None, str | None]:
    """The address and its words: both, or neither."""
    url, words = fields.url("url"), fields.text("link_text")
    if url is not None and words is None:
        fields.fault(
            fields.entries["url"].value,
            "`url` needs words that say where it leads: add `link_text: Visit Roe Castings`",
        )
    if words is not None and "url" not in fields.entries:
        fields.fault(fields.entries["link_text"].value, "`link_text` has no `url` to lead to: add it")
    return url, words
