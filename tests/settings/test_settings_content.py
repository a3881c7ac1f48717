"""content/*.toml: what editors own is read whole, and every fault is told at once, with its file, key and fix."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ConfigError
from newsletter.model import Canary, Mailbox, Newsletter, Organisation, Outlet, Schedule, Section
from newsletter.settings import content as read
from newsletter.settings import load_holidays, load_newsletters, load_organisation, words
from newsletter.settings.shapes import Wrong

ROOT = Path(__file__).parents[2]
ORGANISATION = """
name = "Association of Machine Guilds"
short_name = "AMG"
postal_address = \"\"\"
1 Guild Street
Springfield 01234\"\"\"
zone = "America/New_York"
"""
DAILY = """
title = "The Daily"
[sender]
address = "daily@example.org"
[[sections]]
slug = "news"
title = "News"
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "newsletters").mkdir(parents=True)
    (folder / "organisation.toml").write_text(ORGANISATION)
    (folder / "newsletters" / "daily.toml").write_text(DAILY)
    return folder


def newsletter(content: Path, text: str, slug: str = "daily") -> Newsletter:
    (content / "newsletters" / f"{slug}.toml").write_text(text)
    return load_newsletters(content, load_organisation(content))[slug]


def faults(content: Path, text: str, slug: str = "daily") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        newsletter(content, text, slug)
    return [line.replace(f"{content}/newsletters/", "") for line in str(caught.value).splitlines()]


def test_the_organisation(content: Path) -> None:
    """Each key reaches its field; an address may have lines."""
    (content / "organisation.toml").write_text(
        ORGANISATION + 'language = "en-GB"\nurl = "https://amg.example.org"\nvoices = ["The AMG says"]\n'
        'labels = ["Input Stories"]\nfurniture = ["View More"]\napprovers = ["ann", "b.low"]\n'
        '[[outlets]]\nname = "The Daily Ledger"\naccess = "subscription"\naliases = ["Ledger"]\n'
    )
    assert load_organisation(content) == Organisation(
        name="Association of Machine Guilds", short_name="AMG", postal_address="1 Guild Street\nSpringfield 01234",
        zone=ZoneInfo("America/New_York"), language="en-GB", url="https://amg.example.org", voices=("The AMG says",),
        labels=("Input Stories",), furniture=("View More",), approvers=("ann", "b.low"),
        outlets=(Outlet(name="The Daily Ledger", access="subscription", aliases=("Ledger",)),),
    )  # fmt: skip


def test_what_a_newsletter_leaves_out(content: Path) -> None:
    """Zone and language are the organisation's; list and template have the slug's name."""
    daily = newsletter(content, DAILY)
    assert (daily.slug, daily.list, daily.template, daily.zone.key) == ("daily", "daily", "daily", "America/New_York")
    assert (daily.language, daily.schedule, daily.too_few) == ("en", None, "hold")
    assert daily.sections == (Section(slug="news", title="News"),)


def test_all_keys_of_a_newsletter(content: Path) -> None:
    """Each reaches its field."""
    text = DAILY.replace('title = "The Daily"', """
title = "The Daily"
list = "members"
zone = "Europe/Berlin"
language = "ar"
direction = "rtl"
template = "briefing"
tagline = "Every morning"
reason = "You asked for it."
subject = "{title}: {lead}"
minimum = 3
maximum = 9
too_few = "skip"
gathers = "since_last"
carry_over = 0
headline_length = 90
approvals = "status"
approvers = ["ann"]
four_eyes = true
sign_off = "two"
in_doubt = "resend"
audience_guard = 0.5
""")  # fmt: skip
    text += """
maximum = 4
[reply_to]
address = "desk@example.org"
name = "The desk"
[[editors]]
address = "ann@example.org"
[schedule]
days = "Mon, wed-fri"
time = "06:30"
late_until = 09:00:00
holidays = "shift"
[canary]
wait_minutes = 15
seeds = ["seed@example.org"]
[theme]
accent = "#123456"
"""
    assert newsletter(content, text) == Newsletter(
        slug="daily", title="The Daily", list="members", sender=Mailbox(address="daily@example.org"),
        zone=ZoneInfo("Europe/Berlin"), sections=(Section(slug="news", title="News", maximum=4),), template="briefing",
        language="ar", direction="rtl", tagline="Every morning", reason="You asked for it.", subject="{title}: {lead}",
        reply_to=Mailbox(address="desk@example.org", name="The desk"), editors=(Mailbox(address="ann@example.org"),),
        schedule=Schedule(days=frozenset({0, 2, 3, 4}), time=time(6, 30), late_until=time(9), holidays="shift"),
        minimum=3, maximum=9, too_few="skip", gathers="since_last", carry_over=0, headline_length=90,
        approvals="status", approvers=("ann",), four_eyes=True, sign_off="two", in_doubt="resend", audience_guard=0.5,
        canary=Canary(wait_minutes=15, seeds=("seed@example.org",)), theme={"accent": "#123456"},
    )  # fmt: skip


def test_every_fault_of_every_file_at_once(content: Path) -> None:
    """File, key, what is wrong, what to write; unknown keys with the nearest."""
    (content / "newsletters" / "Friday Digest.toml").write_text(DAILY)
    found = faults(content, """
titel = "The Daily"
minimum = "3"
four_eyes = 1
zone = "New York"
editors = [{address = "ann@example.org"}, {adress = "b@example.org"}, {address = "nobody"}]
sections = [{slug = "Big News", title = "Two\\nlines"}]
[sender]
address = "daily@@example.org"
[schedule]
days = "1-5"
time = "25:61"
late_until = "09:00"
[theme]
accent = 7
""")  # fmt: skip
    starts = [
        "Friday Digest.toml: the file's name is the newsletter's slug",
        "daily.toml: titel: there is no such key (did you mean title?)",
        "daily.toml: title: is missing",
        "daily.toml: minimum: is the text '3'; write a whole number, without quotes",
        "daily.toml: four_eyes: is the number 1; write true or false",
        "daily.toml: zone: 'New York' is not a time zone (did you mean America/New_York?)",
        "daily.toml: editors[2].adress: there is no such key (did you mean address?)",
        "daily.toml: editors[2].address: is missing",
        "daily.toml: editors[3].address: 'nobody' is not a mail address",
        "daily.toml: sections[1].slug: 'Big News' is not a name",
        "daily.toml: sections[1].title: goes over several lines",
        "daily.toml: sender.address: 'daily@@example.org' is not a mail address",
        "daily.toml: schedule.days: '1-5' has numbers, which some calendars count from Sunday",
        "daily.toml: schedule.time: '25:61' is not a time of day; write it as HH:MM, such as 06:30",
        "daily.toml: theme.accent: is the number 7",
    ]
    assert len(found) == len(starts)
    assert [line for line, start in zip(found, starts, strict=True) if not line.startswith(start)] == []


@pytest.mark.parametrize(("text", "start"), [
    (DAILY + '[schedule]\ndays = "fri"\ntime = "03:30"\nlate_until = "09:00"', "daily.toml: schedule: 03:30 lies"),
    (DAILY + '[schedule]\ndays = "fri"\ntime = "06:30"\nlate_until = "06:00"', "daily.toml: schedule: late_until"),
    ("minimum = 5\nmaximum = 2\n" + DAILY, "daily.toml: minimum 5 and maximum 2"),
    ("audience_guard = 2\n" + DAILY, "daily.toml: audience_guard is a share"),
    (DAILY + '[[sections]]\nslug = "news"\ntitle = "Again"', "daily.toml: sections are named once"),
    ("sections = []\n" + DAILY.partition("[[")[0], "daily.toml: a newsletter has at least one section"),
    ("sender = 'daily@example.org'\n" + DAILY.replace("[sender]", "[senders]"), "daily.toml: senders: there is no"),
    (DAILY + "[canary]", "daily.toml: [canary] has nobody to go to: add [[editors]], or seeds"),
    (DAILY + "[canary]\nwait_minutes = 0", "daily.toml: canary: wait_minutes is 1 to 240, got 0"),
    (DAILY + '[canary]\nseeds = ["nobody"]', "daily.toml: canary.seeds[1]: 'nobody' is not a mail address"),
    (DAILY + '[canary]\nwait_minutes = 31\nseeds = ["s@example.org"]\n'
     '[schedule]\ndays = "fri"\ntime = "06:30"\nlate_until = "07:00"', "daily.toml: canary.wait_minutes 31: of an"),
    ("a = 1\nb = = 2", "daily.toml:2: not TOML at column 5"),
    ("title = 'x", "daily.toml:1: not TOML"),
    ("a = 1\na = 2", "daily.toml:2: not TOML"),
    ('title = """\nx\n', "daily.toml:2: not TOML"),
    (f"minimum = {'1' * 5000}", "daily.toml:1: not TOML"),
])  # fmt: skip
def test_what_the_model_and_toml_refuse(content: Path, text: str, start: str) -> None:
    """Nonsense over several keys, and files that are no TOML, with the line."""
    assert faults(content, text)[0].startswith(start)


def test_a_file_that_is_not_text(content: Path) -> None:
    """A Word file saved under the wrong name is no traceback."""
    (content / "newsletters" / "daily.toml").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_newsletters(content, load_organisation(content))
    (content / "organisation.toml").write_bytes(b"\xef\xbb\xbf" + ORGANISATION.replace("\n", "\r\n").encode())
    assert load_organisation(content).short_name == "AMG"  # a byte order mark and Windows line ends do not matter


@pytest.mark.parametrize(("text", "days"), [
    ("mon-fri", {0, 1, 2, 3, 4}), ("fri", {4}), ("mon,wed,fri", {0, 2, 4}), ("Sat-Mon", {5, 6, 0}),
    ("monday - wednesday", {0, 1, 2}), ("mon-mon", {0}), ("mon-fri,sun", {0, 1, 2, 3, 4, 6}),
])  # fmt: skip
def test_days_are_named(text: str, days: set[int]) -> None:
    """Alone, in lists, in ranges (over the weekend too)."""
    assert words.days(text) == days


@pytest.mark.parametrize(
    "text", ["", "mon-", "-fri", "mon--fri", "mon;fri", "0", "1-5", "montag", "mon-fri-sun", 5, ["mon"]]
)
def test_days_that_are_none(text: object) -> None:
    """Refused with what to write."""
    with pytest.raises(Wrong, match="write"):
        words.days(text)


@pytest.mark.parametrize(("name", "hint"), [
    ("EST", "IANA"), ("america/new_york", "America/New_York"), ("Berlin", "Europe/Berlin"), ("../etc", "IANA"),
    ("America", "IANA"), ("Europe/Berln", "Europe/Berlin"), ("GMT+5", "IANA"),
])  # fmt: skip
def test_a_zone_has_a_name(name: str, hint: str) -> None:
    """Abbreviations know no summer time; the nearest is shown where there is one."""
    with pytest.raises(Wrong, match=hint):
        words.zone(name)
    assert words.zone("UTC") == ZoneInfo("UTC")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(read.NEWSLETTER_KEYS)), json_like)
def test_whatever_the_value_it_is_read_or_refused(key: str, value: object) -> None:
    """No key takes the program down."""
    with suppress(Wrong):
        read.NEWSLETTER_KEYS[key](value)


def test_holidays(content: Path) -> None:
    """Dates and names in order; none without the file; every fault at once."""
    assert load_holidays(content) == {}
    path = content / "holidays.toml"
    path.write_text('[holidays]\n"2026-12-25" = "Christmas Day"\n"2026-01-01" = "New Year’s Day"\n')
    assert list(load_holidays(content).items()) == [
        (date(2026, 1, 1), "New Year’s Day"), (date(2026, 12, 25), "Christmas Day"),
    ]  # fmt: skip
    path.write_text('[holidays]\n"25.12.2026" = "Christmas Day"\n"2026-02-30" = "x"\n2026-12-25 = ""\n')
    with pytest.raises(ConfigError) as caught:
        load_holidays(content)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "holidays.25.12.2026", "holidays.2026-02-30", "holidays.2026-12-25",
    ]  # fmt: skip
    path.write_text("")
    assert load_holidays(content) == {}


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    """The folder, the organisation, the newsletters."""
    content = tmp_path / "content"
    for load in (load_organisation, lambda folder: load_newsletters(folder, None)):
        with pytest.raises(ConfigError, match="NEWSLETTER_CONTENT"):
            load(content)
    content.mkdir()
    with pytest.raises(ConfigError, match=r"organisation\.toml: is missing; write it with name"):
        load_organisation(content)
    (content / "organisation.toml").write_text(ORGANISATION)
    with pytest.raises(ConfigError, match=r"there is no newsletter; write .*daily\.toml"):
        load_newsletters(content, load_organisation(content))


def test_keys_are_the_fields_of_the_types() -> None:
    """A field that nobody can set would be dead, and so would a key without a field."""
    for shape, kind in (
        (read.ORGANISATION, Organisation), (read.OUTLET, Outlet), (read.MAILBOX, Mailbox), (read.SECTION, Section),
        (read.SCHEDULE, Schedule), (read.CANARY, Canary),
    ):  # fmt: skip
        assert set(shape.keys) == {item.name for item in fields(kind)}
        needed = {item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}
        assert set(shape.required) == needed
    assert set(read.NEWSLETTER_KEYS) == {item.name for item in fields(Newsletter)} - {"slug"}


def test_each_key_is_documented() -> None:
    """docs/settings.md has a row for each key of each file, in its section, and no other."""
    document = (ROOT / "docs/settings.md").read_text()
    parts = {name: part for name, _, part in (part.partition("\n") for part in re.split(r"^## ", document, flags=re.M))}
    rows = {name: re.findall(r"^\| `([a-z_.]+)` \|", part, re.MULTILINE) for name, part in parts.items()}
    assert set(rows["content/organisation.toml"]) == {
        *read.ORGANISATION.keys, *(f"outlets.{key}" for key in read.OUTLET.keys),
    }  # fmt: skip
    tables = {"sender": read.MAILBOX, "reply_to": read.MAILBOX, "editors": read.MAILBOX, "sections": read.SECTION}
    tables |= {"schedule": read.SCHEDULE, "canary": read.CANARY, "logo": read.LOGO}
    tables |= {"feedback": read.FEEDBACK, "feedback.answers": read.ANSWER}
    inner = {f"{table}.{key}" for table, shape in tables.items() for key in shape.keys}
    assert set(rows["content/newsletters/SLUG.toml"]) == set(read.NEWSLETTER_KEYS) | inner
    assert rows["content/holidays.toml"] == ["holidays"]
    assert all(len(set(names)) == len(names) for names in rows.values())
