"""What an editor should look at before approval, and again before an edition."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from newsletter.model import (
    Block,
    BulletList,
    Finding,
    Image,
    Item,
    Level,
    Newsletter,
    Outlet,
    Paragraph,
    Quote,
    Standing,
    Status,
    Story,
    plain,
)
from newsletter.model.letters import unfit
from newsletter.stories.citations import Registry
from newsletter.stories.corrections import check_corrections
from newsletter.stories.days import stale_word
from newsletter.stories.fields import nearest
from newsletter.stories.words import NO_WORDS, words_of

_PLACEHOLDER = re.compile(r"\b(?:(?:TK)+K*|XX+X|TODO|FIXME|TBD|TBA)\b|(?i:\blorem ipsum\b)")
_HTML = re.compile(r"</?[A-Za-z][^<>]*>|<!--")

Line = tuple[int, str]
"""The number of a line in its file, and what readers see of it."""

_Found = tuple[str, Level, str, int]


def check_story(
    story: Story, *, newsletters: tuple[Newsletter, ...], outlets: tuple[Outlet, ...], now: datetime
) -> tuple[Finding, ...]:
    """What the desk finds in one story, in the order of its lines. `newsletters` are all there are."""
    found: list[_Found] = []
    lines = list(_lines(story))
    for line, text in lines:
        found += _in_text(line, text)
    found += _quotes([(line, text) for line, text in lines if line not in (_at(story, "headline"),)])
    found += _relative(story, lines, newsletters, now)
    found += _access(story, outlets)
    found += _headline(story, newsletters)
    found += _places(story, newsletters)
    found += _pictures(_images(story))
    found += _standing(story)
    if story.expires is not None and story.expires <= now:
        found.append(
            ("expired", Level.WARN, f"it expired on {_local(story.expires, newsletters)}", _at(story, "expires"))
        )
    return _findings(story.path, found)


def check_texts(path: str, lines: Sequence[Line]) -> tuple[Finding, ...]:
    """What the desk finds in texts of a file that is no story: placeholders, tokens, marks, quotes."""
    found = [each for line, text in lines for each in _in_text(line, text)]
    return _findings(path, [*found, *_quotes(list(lines))])


def check_images(path: str, images: Iterable[Image]) -> tuple[Finding, ...]:
    """What the desk finds in the images of such a file."""
    return _findings(path, list(_pictures(images)))


def _findings(path: str, found: list[_Found]) -> tuple[Finding, ...]:
    return tuple(
        Finding(check=check, level=level, problem=problem, where=f"{path}:{line}")
        for check, level, problem, line in sorted(found, key=lambda each: each[3])
    )


def _standing(story: Story) -> Iterator[_Found]:
    """An approval that does not hold: the story would wait, and its editors should know before the hour."""
    command = f"newsletter story approve {story.slug}"
    if story.standing is Standing.UNSEALED:
        yield "seal", Level.WARN, f"approved by hand, without a seal: seal it with `{command}`", _at(story, "status")
    elif story.standing is Standing.CHANGED:
        yield "seal", Level.WARN, f"approved, then changed: approve it again with `{command}`", _at(story, "approved")


def check_together(stories: Iterable[Story]) -> tuple[Finding, ...]:
    """What only shows among stories: one told twice, one headline twice, `corrects` that names no story that can be
    corrected. Killed stories are left out, but may be corrected.
    """
    all_stories = tuple(stories)
    alive = [story for story in all_stories if story.status is not Status.KILLED]
    return (*_twice(alive), *check_corrections(all_stories))


def _twice(stories: Iterable[Story]) -> Iterator[Finding]:
    bodies: dict[tuple[Block, ...], list[Story]] = defaultdict(list)
    headlines: dict[str, list[Story]] = defaultdict(list)
    for story in stories:
        if story.blocks:
            bodies[story.blocks].append(story)
        headlines[story.headline.casefold()].append(story)
    for _, first, again in _pairs(bodies.values()):
        problem = f"the same text as {first.path}: kill one of them"
        yield Finding(check="twice", level=Level.STOP, problem=problem, where=f"{again.path}:{_at(again, 'headline')}")
    for _, first, again in _pairs(headlines.values()):
        if first.blocks != again.blocks:
            problem = f"the same headline as {first.path}: tell them apart"
            where = f"{again.path}:{_at(again, 'headline')}"
            yield Finding(check="headline-twice", level=Level.WARN, problem=problem, where=where)


def _pairs(groups: Iterable[list[Story]]) -> Iterator[tuple[int, Story, Story]]:
    for group in groups:
        first, *others = sorted(group, key=lambda story: story.slug)
        for number, again in enumerate(others):
            yield number, first, again


# --- one story ------------------------------------------------------------------------------------------------------


def _at(story: Story, key: str) -> int:
    return story.lines.get(key, 1)


def _lines(story: Story) -> Iterator[Line]:
    """Every text of a story that readers see, with its line."""
    yield _at(story, "headline"), story.headline
    if story.byline:
        yield _at(story, "byline"), story.byline
    for source in story.sources:
        yield _at(story, "sources"), source.outlet
    for image in _images(story):
        yield image.line, f"{image.alt} {image.credit or ''}"
    yield from block_lines(story.blocks)


def block_lines(blocks: Iterable[Block]) -> Iterator[Line]:
    """Every text of a body, with its line."""
    for block in blocks:
        yield from _block_lines(block)


def _block_lines(block: Block) -> Iterator[Line]:
    match block:
        case Paragraph():
            yield block.line, f"{block.run_in}: {plain(block.spans)}" if block.run_in else plain(block.spans)
        case BulletList():
            yield from _item_lines(block.items)
        case Quote():
            yield from ((block.line, plain(spans)) for spans in block.paragraphs)
        case Image():
            return


def _item_lines(items: Iterable[Item]) -> Iterator[Line]:
    for item in items:
        yield item.line, f"{item.run_in}: {plain(item.spans)}" if item.run_in else plain(item.spans)
        yield from _item_lines(item.children)


def _images(story: Story) -> Iterator[Image]:
    if story.image is not None:
        yield story.image
    yield from (block for block in story.blocks if isinstance(block, Image))


def _in_text(line: int, text: str) -> Iterator[_Found]:
    if match := _PLACEHOLDER.search(text):
        yield "placeholder", Level.STOP, f"`{match[0]}` waits for its words: write them", line
    if "[[" in text:
        yield "tokens", Level.STOP, "`[[` would be replaced when the mail is sent: write it with a space between", line
    if (char := unfit(text)) is not None:
        yield "invisible", Level.STOP, f"{char}, which nobody sees, turns the order of what follows: remove it", line
    if "**" in text:
        yield "marks", Level.WARN, "readers will see `**` as it stands: strong text ends before a space or a sign", line
    if match := _HTML.search(text):
        yield "html", Level.WARN, f"readers will see `{match[0]}` as it stands: HTML is not read", line


def _quotes(lines: list[Line]) -> Iterator[_Found]:
    """Marks that do not pair. A quotation that runs on opens anew in each paragraph and closes in the last one, so
    an opening without a closing is only shown.
    """
    open_before = False
    for line, text in lines:
        opened, closed = text.count("“"), text.count("”")
        if closed > opened + open_before:
            yield "quotes", Level.STOP, "a closing ” has no opening “: put it where the quotation begins", line
        elif opened > closed:
            yield "quotes", Level.WARN, "an opening “ has no closing ” here: right only if the quotation runs on", line
        if text.count('"') % 2:
            yield "quotes", Level.WARN, 'an odd number of " marks: one is missing', line
        open_before = opened > closed


def _relative(
    story: Story, lines: Iterable[Line], newsletters: tuple[Newsletter, ...], now: datetime
) -> Iterator[_Found]:
    """Words such as "yesterday" in a story that goes out on another day than its own; weekdays only in one that was
    given its day, since most stories go in the days after they were written, when a weekday is still the last one.
    """
    goes = _local(max(now, story.go_live or now), newsletters).date()
    languages = dict.fromkeys(each.language for each in newsletters if is_for(story, each)) or ["en"]
    for line, text in lines:
        dated = story.go_live is not None
        words = (stale_word(text, story.date, goes, words_of(each), weekdays=dated) for each in languages)
        if (word := next(filter(None, words), None)) is not None:
            yield "relative-day", Level.WARN, _stale(word, story.date, goes), line


def _local(instant: datetime, newsletters: tuple[Newsletter, ...]) -> datetime:
    return instant.astimezone(newsletters[0].zone) if newsletters else instant


def _stale(word: str, written: date, goes: date) -> str:
    return f"`{word}` was written for {written.isoformat()}, and would go out on {goes.isoformat()}: name the day"


def _access(story: Story, outlets: tuple[Outlet, ...]) -> Iterator[_Found]:
    registry = Registry.of(outlets, {}, NO_WORDS)
    for citation in story.citations:
        known = registry.find(citation.outlet)
        if known is None or known.access is None or citation.access is not None:
            continue
        problem = f"{known.name} asks its readers for a {known.access}: write ({known.name}, {known.access})"
        yield "access", Level.WARN, problem, story.blocks[citation.block].line


def _headline(story: Story, newsletters: tuple[Newsletter, ...]) -> Iterator[_Found]:
    limits = [(each.headline_length, each.title) for each in newsletters if is_for(story, each)]
    limit, title = min(limits, default=(len(story.headline), ""))
    if len(story.headline) > limit:
        problem = f"the headline has {len(story.headline)} characters, {title} has room for {limit}"
        yield "headline", Level.WARN, problem, _at(story, "headline")


def _places(story: Story, newsletters: tuple[Newsletter, ...]) -> Iterator[_Found]:
    """Names of newsletters and sections that there are not."""
    if not newsletters:
        return
    by_slug = {each.slug: each for each in newsletters}
    for name in story.newsletters or ():
        if name not in by_slug:
            problem = f"there is no newsletter `{name}`: {nearest(name, by_slug)}"
            yield "newsletter", Level.STOP, problem, _at(story, "newsletters")
    wanted = [by_slug[name] for name in story.newsletters or by_slug if name in by_slug]
    sections = dict.fromkeys(section.slug for each in wanted for section in each.sections)
    if wanted and story.section not in sections:
        problem = f"no newsletter that it is for has a section `{story.section}`: {nearest(story.section, sections)}"
        yield "section", Level.STOP, problem, _at(story, "section")


def _pictures(images: Iterable[Image]) -> Iterator[_Found]:
    for image in images:
        if not image.alt:
            yield "alt", Level.STOP, f"the image {image.src} has no alt: say in words what it shows", image.line
        elif image.alt in image.src or re.search(r"\.(?:png|jpe?g|gif|webp)\Z", image.alt, re.IGNORECASE):
            yield "alt", Level.WARN, f"{image.alt!r} is a file's name: say in words what the image shows", image.line


def is_for(story: Story, newsletter: Newsletter) -> bool:
    """Whether a story is meant for a newsletter: by name, or by its section where it names none."""
    if story.newsletters is not None:
        return newsletter.slug in story.newsletters
    return any(section.slug == story.section for section in newsletter.sections)
