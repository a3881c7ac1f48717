"""Which stories make an edition, in which order, and why the others wait."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories_samples import DIGEST, MONDAY, ZONE, newsletter, story

from newsletter.errors import ConfigError
from newsletter.model import Approval, Citation, Level, Paragraph, Section, Status, Story, plain
from newsletter.stories.assemble import Assembly, History, assemble, unfit
from newsletter.stories.corrections import correction_edition

DAY = timedelta(days=1)


def edition(
    *stories: Story, at: datetime = MONDAY, now: datetime | None = None, history: History | None = None, **changes: Any
) -> Assembly:
    return assemble(
        newsletter(**changes), stories, on=at.date(), planned_at=at, now=now or at, history=history or History()
    )


def slugs(assembly: Assembly) -> list[str]:
    return [each.slug[11:] for part in assembly.chosen for each in part.stories]


def reasons(assembly: Assembly) -> list[str]:
    return [waiting.reason for waiting in assembly.waiting]


def test_order() -> None:
    """Sections in the newsletter's order; priority 1 first, then none; the newest first; then by name."""
    made = edition(
        story("w", section="workforce", priority=1),
        story("b"), story("a"), story("older", date=date(2026, 5, 1)),
        story("two", priority=2), story("one", priority=1),
    )  # fmt: skip
    assert slugs(made) == ["one", "two", "a", "b", "older", "w"]
    assert made.edition is not None
    assert made.edition.id == "daily/2026-05-04"
    assert made.edition.lead.slug == "2026-05-04-one"
    assert not made.waiting
    assert not made.problems


def test_a_section_takes_its_maximum() -> None:
    """The last of too many wait."""
    sections = (Section(slug="trade", title="Trade", maximum=2),)
    made = edition(story("a"), story("b"), story("c", priority=1), sections=sections)
    assert slugs(made) == ["c", "a"]
    assert [(each.slug, each.reason) for each in made.waiting] == [("2026-05-04-b", "no room: Trade takes 2")]


def test_an_edition_takes_its_maximum() -> None:
    """The lead stays; of the others the weakest priority waits, from the end."""
    stories = [
        story("lead"),
        story("mid"),
        story("w", section="workforce", priority=1),
        story("x", section="workforce"),
    ]
    assert slugs(edition(*stories, maximum=2)) == ["lead", "w"]
    made = edition(*stories, maximum=3)
    assert slugs(made) == ["lead", "mid", "w"]
    assert reasons(made) == ["no room: an edition of Daily takes 3"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": Status.DRAFT}, "a draft"),
        ({"status": Status.READY}, "ready, waits for approval: `newsletter story approve 2026-05-04-ports --by NAME`"),
        ({"status": Status.KILLED}, "killed"),
        ({"approval": None}, "`status: approved` was typed without a seal"),
        ({"digest": "sha256:1"}, "approved, then changed: approve it again with `newsletter story approve"),
        ({"go_live": MONDAY + timedelta(minutes=1)}, "embargoed until Mon 4 May 06:31"),
        ({"go_live": datetime(2099, 1, 4, 11, tzinfo=ZONE)}, "embargoed until Sun 4 Jan 2099 11:00"),
        ({"expires": MONDAY}, "expired unused on Mon 4 May 06:30"),
        ({"section": "sport", "newsletters": ("daily",)}, "its section `sport` is not one of Daily"),
    ],
)
def test_why_a_story_waits(changes: dict[str, Any], reason: str) -> None:
    """Each story for this newsletter that does not go has its reason in words."""
    made = edition(story(**changes))
    assert [text.startswith(reason) for text in reasons(made)] == [True], reasons(made)
    assert made.problems == ("Daily has no story for 2026-05-04",)
    assert made.edition is None


@pytest.mark.parametrize("changes", [{"go_live": MONDAY}, {"expires": MONDAY + timedelta(minutes=1)}])
def test_at_the_very_moment(changes: dict[str, Any]) -> None:
    """An embargo ends at its time, and a story lasts until its own."""
    assert slugs(edition(story(**changes))) == ["ports"]


def test_other_newsletters_stories_are_silent() -> None:
    """By name or by section, what is not meant for this newsletter does not appear."""
    made = edition(story("a", newsletters=("friday",)), story("b", section="sport"))
    assert (made.chosen, made.waiting) == ((), ())


def test_the_word_alone_where_it_is_trusted() -> None:
    """`approvals = "status"` takes stories without a seal, or with a broken one; drafts wait all the same."""
    stories = [story("a", approval=None), story("b", digest="sha256:1"), story("c", status=Status.READY)]
    assert slugs(edition(*stories, approvals="status")) == ["a", "b"]


def test_late_the_expiry_counts_now() -> None:
    """An edition that goes after its time does not carry what has expired meanwhile."""
    made = edition(story(expires=MONDAY + timedelta(hours=1)), now=MONDAY + timedelta(hours=2))
    assert reasons(made) == ["expired unused on Mon 4 May 07:30"]


def test_sent_before_is_over() -> None:
    """A story goes to a list once, and does not wait any more."""
    made = edition(story(), history=History(sent=frozenset({"2026-05-04-ports"})))
    assert (made.chosen, made.waiting) == ((), ())


@pytest.mark.parametrize(("missed", "carry_over", "goes"), [(0, 0, True), (1, 0, False), (1, 1, True), (2, 1, False)])
def test_carry_over_counts_editions(missed: int, carry_over: int, goes: bool) -> None:
    """The first edition after approval, and `carry_over` more; the days between do not count."""
    times = tuple(MONDAY + 7 * DAY * number for number in reversed(range(missed)))
    history = History(edition_times=(*times, MONDAY - 3 * DAY))
    made = edition(story(), at=MONDAY + 70 * DAY, history=history, carry_over=carry_over)
    assert (slugs(made) == ["ports"]) is goes
    if not goes:
        assert reasons(made)[0].startswith("expired unused: ")


def test_an_embargo_delays_the_count() -> None:
    """Editions before go-live are none that a story missed."""
    history = History(edition_times=(MONDAY + 2 * DAY, MONDAY + DAY, MONDAY))
    late = story(go_live=MONDAY + 2 * DAY + timedelta(hours=1))
    assert slugs(edition(late, at=MONDAY + 3 * DAY, history=history, carry_over=0)) == ["ports"]


def test_until_it_expires() -> None:
    """With `expires` a story waits as long as that, whatever it missed."""
    history = History(edition_times=(MONDAY + 2 * DAY, MONDAY + DAY, MONDAY))
    assert slugs(edition(story(expires=MONDAY + 9 * DAY), at=MONDAY + 3 * DAY, history=history)) == ["ports"]


def test_a_digest_gathers_since_its_last_edition() -> None:
    """All that became ready since, nothing from before, however much carries over."""
    history = History(edition_times=(MONDAY, MONDAY - 7 * DAY))
    stories = [story("before"), story("since", approval=_approved(MONDAY + DAY))]
    made = edition(*stories, at=MONDAY + 7 * DAY, history=history, gathers="since_last", carry_over=5)
    assert slugs(made) == ["since"]
    assert slugs(edition(*stories, at=MONDAY + 7 * DAY, gathers="since_last")) == ["before", "since"]


def _approved(at: datetime) -> Any:
    return type(story().approval)(by="ann", at=at, digest=DIGEST)


def test_too_few() -> None:
    """Under the minimum there is no edition, but what there is can be shown."""
    made = edition(story(), minimum=2)
    assert (made.edition, slugs(made)) == (None, ["ports"])
    assert made.problems == ("Daily has 1 story for 2026-05-04, and goes with 2 or more",)


def test_unfit_at_the_last_moment() -> None:
    """A frozen story is asked again: killed, revoked, changed, embargoed, expired."""
    daily = newsletter()
    assert unfit(story(), daily, MONDAY) is None
    assert unfit(story(status=Status.KILLED), daily, MONDAY) == "killed"
    assert str(unfit(story(digest="sha256:1"), daily, MONDAY)).startswith("approved, then changed")
    assert str(unfit(story(go_live=MONDAY + DAY), daily, MONDAY)).startswith("embargoed until Tue 5 May")


def test_an_extra_edition_has_its_suffix() -> None:
    """`daily/2026-05-04-alert`."""
    made = assemble(
        newsletter(), [story()], on=MONDAY.date(), planned_at=MONDAY, now=MONDAY, history=History(), suffix="alert"
    )
    assert made.edition is not None
    assert made.edition.id == "daily/2026-05-04-alert"


def test_the_subject() -> None:
    """The newsletter's pattern is filled in; a headline's own braces are left alone."""
    made = edition(story(headline="A {lead} story"), subject="{title} of {date}: {lead}")
    assert made.edition is not None
    assert made.edition.subject == "Daily of May 4, 2026: A {lead} story"


@pytest.mark.parametrize("subject", ["{headline}", "{", "{lead.x}", "{0}"])
def test_a_subject_that_cannot_be_filled(subject: str) -> None:
    """Something else in braces is a fault of the newsletter's file."""
    with pytest.raises(ConfigError, match=r"newsletters/daily\.toml"):
        edition(story(), subject=subject)


def test_the_preheader_is_the_lede_without_its_source() -> None:
    """Short ledes are followed by the other headlines; the subject is not said again."""
    text = "Ports are open (The Daily Ledger, subscription) again."
    cited = Citation(outlet="The Daily Ledger", access="subscription", form="parenthesis", block=0)
    made = edition(story("a", text=text, citations=(cited,)), story("b"), story("c"))
    assert made.edition is not None
    assert made.edition.preheader == "Ports are open again. Also: The headline of b; The headline of c"
    again = edition(story("a", text="The headline of a."), story("b"))
    assert again.edition is not None
    assert again.edition.preheader.startswith("Also: The headline of b")


WORDS = st.text(st.sampled_from(list("ab .,[é“”(—")), max_size=200)


@given(st.lists(st.tuples(WORDS, WORDS.map(lambda text: "H" + text)), min_size=1, max_size=4), WORDS)
def test_any_preheader_fits(texts: list[tuple[str, str]], tagline: str) -> None:
    """40 to 130 characters, not the subject, and nothing the ESP would substitute."""
    stories = [story(f"s{n}", text=text, headline=headline) for n, (text, headline) in enumerate(texts)]
    made = edition(*stories, tagline=tagline).edition
    assert made is not None
    assert 40 <= len(made.preheader) <= 130
    assert made.preheader != made.subject
    assert "[[" not in made.preheader


STORIES = st.lists(
    st.builds(
        story,
        st.sampled_from([f"s{number}" for number in range(12)]),
        section=st.sampled_from(["trade", "workforce", "sport"]),
        priority=st.integers(0, 3),
        status=st.sampled_from([Status.APPROVED, Status.APPROVED, Status.READY]),
        expires=st.none() | st.sampled_from([MONDAY - DAY, MONDAY + DAY]),
    ),
    unique_by=lambda each: each.slug,
)


@given(STORIES, st.integers(1, 5), st.none() | st.integers(1, 3), st.randoms())
def test_every_story_goes_or_waits(stories: list[Story], maximum: int, room: int | None, random: Any) -> None:
    """Of those for this newsletter each is in one of both, within all limits, whatever order they come in."""
    sections = (Section(slug="trade", title="T", maximum=room), Section(slug="workforce", title="W"))
    made = edition(*stories, maximum=maximum, sections=sections)
    ours = [each.slug for each in stories if each.section != "sport"]
    chosen = [each.slug for part in made.chosen for each in part.stories]
    assert sorted([*chosen, *(each.slug for each in made.waiting)]) == sorted(ours)
    assert len(chosen) <= maximum
    assert all(len(part.stories) <= (part.section.maximum or 99) for part in made.chosen)
    shuffled = random.sample(stories, len(stories))
    assert edition(*shuffled, maximum=maximum, sections=sections) == made


# --- corrections --------------------------------------------------------------------------------------------------

WRONG = story("wrong", date=date(2026, 5, 1))
GONE = History(sent=frozenset({WRONG.slug}), dates={WRONG.slug: WRONG.date})


def fix(slug: str = "fix", **changes: Any) -> Story:
    return story(slug, **{"corrects": WRONG.slug, "text": f"It was six, not five: {slug}.", **changes})


def test_a_correction_stands_apart() -> None:
    """It is no story, counts neither for minimum nor maximum, and is dated with the wrong edition."""
    made = edition(story("a"), fix("y"), fix("x"), WRONG, history=GONE, maximum=1, minimum=1)
    assert slugs(made) == ["a"]
    assert made.edition is not None
    assert made.edition.extras.corrections == made.corrections
    assert [(entry.slug[11:], entry.corrects, entry.on) for entry in made.corrections] == [
        ("x", WRONG.slug, WRONG.date), ("y", WRONG.slug, WRONG.date),
    ]  # fmt: skip
    assert (made.waiting, made.findings) == ((), ())


def test_a_correction_of_what_went_before_its_file_was_put_away() -> None:
    """The ledger knows what went, whether the file of it is still there or not."""
    assert len(edition(story("a"), fix(), history=GONE).corrections) == 1


def test_a_correction_goes_to_a_newsletter_without_its_section() -> None:
    """Who got the wrong story gets it, whatever the section that its file names."""
    made = edition(story("a"), fix(section="elsewhere"), history=GONE)
    assert len(made.corrections) == 1


def test_a_correction_is_printed_once() -> None:
    """What this list had is over."""
    history = History(sent=GONE.sent | {fix().slug}, dates=GONE.dates)
    made = edition(story("a"), fix(), history=history)
    assert (made.corrections, made.waiting) == ((), ())


def test_a_correction_is_passed_over_by_no_number_of_editions() -> None:
    """Unlike a story it waits however long."""
    history = History(sent=GONE.sent, dates=GONE.dates, edition_times=tuple(MONDAY - DAY * n for n in range(9)))
    made = edition(story("a"), fix(approval=replace_at(MONDAY - 30 * DAY)), at=MONDAY, history=history)
    assert len(made.corrections) == 1


def replace_at(at: datetime) -> Approval:
    return Approval(by="ann", at=at, digest=DIGEST)


@pytest.mark.parametrize(
    ("changes", "history", "reason"),
    [
        ({}, History(), f"it corrects `{WRONG.slug}`, which has not gone to the list daily"),
        ({"corrects": "2026-05-01-wrang"}, GONE, "which is no story: did you mean `2026-05-01-wrong`?"),
        ({"corrects": "2026-05-04-fix"}, GONE, "it corrects itself"),
        ({"corrects": "2026-05-04-first"}, GONE, "is a correction itself: write `corrects: 2026-05-01-wrong`"),
        ({"status": Status.READY}, GONE, "ready, waits for approval"),
        ({"digest": "sha256:other"}, GONE, "approved, then changed"),
        ({"go_live": MONDAY + DAY}, GONE, "embargoed until"),
        ({"status": Status.KILLED}, GONE, "killed"),
    ],
)
def test_why_a_correction_waits(changes: dict[str, Any], history: History, reason: str) -> None:
    """In words, as for any story; what nobody would expect of an approved one is called out."""
    first = fix("first", status=Status.KILLED)
    made = edition(story("a"), fix(**changes), first, WRONG, history=history)
    assert made.corrections == ()
    (found,) = [each.reason for each in made.waiting if each.slug == fix().slug]
    assert reason in found
    assert bool(made.findings) == ("corrects" in changes)


@pytest.mark.parametrize(
    ("changes", "keys", "said"),
    [
        ({"expires": MONDAY - DAY}, {}, "expired unused"),
        ({}, {"parts": ("count",)}, "the `parts` of daily.toml leave out `corrections`"),
        ({"newsletters": ("friday",)}, {}, "its `newsletters` leave out daily"),
    ],
)
def test_a_correction_is_never_left_out_in_silence(changes: dict[str, Any], keys: dict[str, Any], said: str) -> None:
    """Those who got the wrong story would not see it: called out with its place, also where there is no edition."""
    one = fix(lines={"corrects": 5}, **changes)
    for others in ((story("a"),), ()):
        made = edition(one, *others, history=GONE, **keys)
        (finding,) = made.findings
        assert (finding.check, finding.level, finding.where) == ("corrects", Level.WARN, f"{one.path}:5")
        assert said in finding.problem
        assert said in made.waiting[-1].reason


def test_somebody_elses_correction() -> None:
    """A newsletter that neither has the section nor sent the wrong story has nothing to say of it."""
    assert reasons(edition(story("a"), fix(section="elsewhere"))) == []


def test_the_mail_of_a_correction() -> None:
    """One story under a line that says what it corrects; its citations still point to their blocks."""
    cited = (Citation(outlet="The Daily Ledger", access=None, form="prose", block=0),)
    mail = correction_edition(
        newsletter(), fix(citations=cited, section="elsewhere"), wrong="Ports Shut", wrong_on=date(2026, 5, 1),
        on=date(2026, 5, 4), suffix="correction",
    )  # fmt: skip
    assert (mail.id, mail.subject) == ("daily/2026-05-04-correction", "Correction: The headline of fix")
    lede, *rest = mail.lead.blocks
    assert isinstance(lede, Paragraph)
    assert plain(lede.spans) == ("What was wrong in “Ports Shut”, which we sent you on May 1, 2026, and what is right:")
    assert tuple(rest) == fix().blocks
    assert mail.lead.citations[0].block == 1
    assert mail.preheader.startswith("What was wrong")
