"""content/organisation.toml, content/newsletters/<slug>.toml and content/holidays.toml → the model's types.

The keys are the fields of the types; docs/settings.md has a row for each. All faults of all files are told at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from newsletter.errors import ConfigError, Fault
from newsletter.model import (
    SLUG,
    Answer,
    Canary,
    Feedback,
    Logo,
    Mailbox,
    Newsletter,
    Organisation,
    Outlet,
    Schedule,
    Section,
)
from newsletter.settings import words
from newsletter.settings.shapes import Reader, Shape, Wrong, kind_of, several

OUTLET = Shape(
    keys={"name": words.line, "access": words.line, "aliases": several(words.line)}, required=("name",), build=Outlet
)
MAILBOX = Shape(keys={"address": words.address, "name": words.line}, required=("address",), build=Mailbox)
SECTION = Shape(
    keys={"slug": words.slug, "title": words.line, "maximum": words.count}, required=("slug", "title"), build=Section
)
SCHEDULE = Shape(
    keys={
        "days": words.days,
        "time": words.clock_time,
        "late_until": words.clock_time,
        "holidays": words.choice(Schedule, "holidays"),
    },
    required=("days", "time", "late_until"),
    build=Schedule,
)
CANARY = Shape(keys={"wait_minutes": words.count, "seeds": several(words.address)}, required=(), build=Canary)
ANSWER = Shape(keys={"label": words.line, "url": words.web_or_mail}, required=("label", "url"), build=Answer)
FEEDBACK = Shape(
    keys={"question": words.line, "answers": several(ANSWER)}, required=("question", "answers"), build=Feedback
)
LOGO = Shape(
    keys={"src": words.line, "alt": words.line, "width": words.count, "height": words.count},
    required=("src", "alt", "width"),
    build=Logo,
)
ORGANISATION = Shape(
    keys={
        "name": words.line,
        "short_name": words.line,
        "postal_address": words.lines,
        "zone": words.zone,
        "language": words.language,
        "url": words.web,
        "voices": several(words.line),
        "labels": several(words.line),
        "furniture": several(words.line),
        "head_marks": several(words.line),
        "leads": several(words.line),
        "outlets": several(OUTLET),
        "approvers": several(words.line),
    },
    required=("name", "short_name", "postal_address", "zone"),
    build=Organisation,
)
NEWSLETTER_KEYS: Mapping[str, Reader] = {
    "title": words.line,
    "list": words.slug,
    "sender": MAILBOX,
    "zone": words.zone,
    "sections": several(SECTION),
    "template": words.slug,
    "correction_template": words.slug,
    "language": words.language,
    "direction": words.choice(Newsletter, "direction"),
    "tagline": words.line,
    "reason": words.line,
    "subject": words.line,
    "reply_to": MAILBOX,
    "schedule": SCHEDULE,
    "editors": several(MAILBOX),
    "minimum": words.count,
    "maximum": words.count,
    "too_few": words.choice(Newsletter, "too_few"),
    "gathers": words.choice(Newsletter, "gathers"),
    "carry_over": words.count,
    "headline_length": words.count,
    "approvals": words.choice(Newsletter, "approvals"),
    "approvers": several(words.line),
    "four_eyes": words.flag,
    "sign_off": words.choice(Newsletter, "sign_off"),
    "in_doubt": words.choice(Newsletter, "in_doubt"),
    "audience_guard": words.share,
    "canary": CANARY,
    "theme": words.named_texts,
    "logo": LOGO,
    "parts": several(words.slug),
    "feedback": FEEDBACK,
    "proof": words.levels,
    "pictures": words.choice(Newsletter, "pictures"),
    "clicks": words.choice(Newsletter, "clicks"),
    "opens": words.choice(Newsletter, "opens"),
    "sign_up": words.flag,
    "archive": words.choice(Newsletter, "archive"),
    "service": MAILBOX,
}
"""Left out: `slug`, which is the file's name."""


def load_organisation(content: Path) -> Organisation:
    """What content/organisation.toml says. Raises ConfigError."""
    _check_folder(content)
    path = content / "organisation.toml"
    if not path.exists():
        raise ConfigError(
            f"{path}: is missing; write it with name, short_name, postal_address and zone "
            "(docs/settings.md has each key)"
        )
    organisation: Organisation = _built(path, ORGANISATION)
    return organisation


def load_newsletters(content: Path, organisation: Organisation) -> Mapping[str, Newsletter]:
    """The newsletters of content/newsletters by their slugs, in the order of these.

    Left out, `zone` and `language` are the organisation's, `list` and `template` are the slug, `direction` is the
    language's. Raises ConfigError with every fault of every file.
    """
    _check_folder(content)
    folder = content / "newsletters"
    paths = sorted(folder.glob("*.toml"), key=lambda path: path.stem)
    if not paths:
        raise ConfigError(
            f"{folder}: there is no newsletter; write {folder / 'daily.toml'} with title, [sender] and [[sections]] "
            "(docs/settings.md has each key)"
        )
    newsletters: dict[str, Newsletter] = {}
    faults: list[str] = []
    for path in paths:
        try:
            newsletters[path.stem] = _newsletter(path, organisation)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return newsletters


def load_holidays(content: Path) -> Mapping[date, str]:
    """The days of content/holidays.toml and their names; none where there is no such file. Raises ConfigError."""
    path = content / "holidays.toml"
    if not path.exists():
        return {}
    holidays: dict[date, str] = _built(path, Shape(keys={"holidays": _holidays}, required=(), build=_only_holidays))
    return holidays


def _newsletter(path: Path, organisation: Organisation) -> Newsletter:
    slug = path.stem
    if not SLUG.match(slug):
        raise ConfigError(
            f"{path}: the file's name is the newsletter's slug; use lower-case letters, digits and single hyphens"
        )
    left_out = {"list": slug, "template": slug, "zone": organisation.zone, "language": organisation.language}
    build = partial(_build_newsletter, slug, left_out)
    newsletter: Newsletter = _built(
        path, Shape(keys=NEWSLETTER_KEYS, required=("title", "sender", "sections"), build=build)
    )
    return newsletter


def _build_newsletter(slug: str, left_out: Mapping[str, Any], **given: Any) -> Newsletter:
    values = {**left_out, **given}
    right_to_left = values["language"].partition("-")[0] in words.RIGHT_TO_LEFT
    return Newsletter(slug=slug, **{"direction": "rtl" if right_to_left else "ltr", **values})


def _holidays(value: object) -> dict[date, str]:
    if not isinstance(value, dict):
        raise Wrong(f'is {kind_of(value)}; write a table with lines such as "2026-12-25" = "Christmas Day"')
    found: dict[date, str] = {}
    wrong: list[tuple[str, str]] = []
    for text, name in value.items():
        try:
            found[words.day_of_year(text)] = words.line(name)
        except Wrong as error:
            wrong.extend(error.under(text))
    if wrong:
        raise Wrong(inside=tuple(wrong))
    return dict(sorted(found.items()))


def _only_holidays(holidays: dict[date, str] | None = None) -> dict[date, str]:
    return holidays or {}


def _built(path: Path, shape: Shape) -> Any:
    try:
        return shape(_toml(path))
    except Wrong as wrong:
        raise ConfigError("\n".join(f"{path}: {_where(key)}{text}" for key, text in wrong.problems)) from wrong


def _where(key: str) -> str:
    return f"{key}: " if key else ""


def _toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    try:
        return tomllib.loads(text + "\n")  # without it, what is wrong in the last line has no line number
    except ValueError as error:
        raise ConfigError(str(_not_toml(path, text, str(error)))) from error


def _not_toml(path: Path, text: str, message: str) -> Fault:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(place[1]) if place else len(text.splitlines())
    column = f" at column {place[2]}" if place else ""
    problem = message.partition(" (at ")[0]
    return Fault(str(path), line, f"not TOML{column}: {problem}; texts stand in quotes, each key stands once")


def _check_folder(content: Path) -> None:
    if not content.is_dir():
        raise ConfigError(
            f"{content}: there is no such folder; run the command where content/ lies, or name it in NEWSLETTER_CONTENT"
        )
