"""The whole proof: every check a row, what is in an edition's way a finding, and links that are asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from asking_servers import answers as page
from asking_servers import here, site, sleeps
from ledger_house import House

from newsletter.asking import Kind, Reply, ask
from newsletter.errors import ProofError
from newsletter.model import DESK_CHECKS, GUARDS, LINK_ANSWERS, MESSAGE_CHECKS, Finding, Level
from newsletter.pipeline import desk, gathering, planning, proofing, testing

SETTINGS = "content/newsletters/daily.toml"
Row = tuple[str, Level, str]


def found(house: House) -> list[Finding]:
    return list(planning.plan(house.context, house.target(), house.clock()).findings)


def rows(findings: Iterable[Finding], *checks: str) -> list[Row]:
    return [(finding.check, finding.level, finding.where) for finding in findings if finding.check in checks]


def ended(house: House) -> dict[str, str]:
    plan = planning.plan(house.context, house.target(), house.clock())
    composed = plan.composed is not None
    return proofing.rows(plan.findings, house.target().newsletter, composed=composed, asked=False)


class TestRows:
    def test_every_check_has_one(self, sqlite_house: House) -> None:
        """In the order of the table; what could not look says so."""
        house = sqlite_house
        house.readers(1)
        house.story()
        how = ended(house)
        assert list(how) == [*GUARDS, *MESSAGE_CHECKS, *DESK_CHECKS, LINK_ANSWERS]
        assert how["contrast"] == how["audience"] == how["content"] == "ok"
        assert how[LINK_ANSWERS] == "not looked at"

    def test_of_an_edition_without_stories(self, sqlite_house: House) -> None:
        house = sqlite_house
        house.readers(1)
        how = ended(house)
        assert how["content"] == "stop"
        assert how["contrast"] == how["placeholder"] == "not looked at"
        assert rows(found(house), "content") == [("content", Level.STOP, SETTINGS)]

    def test_nobody_to_mail(self, sqlite_house: House) -> None:
        house = sqlite_house
        house.story()
        assert rows(found(house), "audience") == [("audience", Level.STOP, SETTINGS)]

    def test_an_odd_audience(self, sqlite_house: House) -> None:
        """Over 20 % more than the last edition's: the number that confirms it stands in the words."""
        house = sqlite_house
        house.readers(10)
        house.story()
        house.send()
        house.readers(13, prefix="more")
        house.story("2026-05-05-rails")
        on = house.target("daily/2026-05-05")
        findings = planning.plan(house.context, on, house.clock()).findings
        (odd,) = [finding for finding in findings if finding.check == "audience"]
        assert "--confirm-count 23" in odd.problem

    def test_a_template_that_cannot_be_rendered(self, sqlite_house: House) -> None:
        house = sqlite_house
        house.readers(1)
        house.story()
        house.write(SETTINGS, (house.folder / SETTINGS).read_text().replace('"briefing"', '"nothing"'))
        house.reload()
        assert ended(house)["render"] == "stop"

    def test_a_broken_seal_is_shown_and_may_stop(self, sqlite_house: House) -> None:
        """A story that was approved and changed does not go; a newsletter may take that for a stop."""
        house = sqlite_house
        house.readers(1)
        house.story()
        slug = house.story("2026-05-04-rails")
        path = house.folder / f"content/stories/{slug}.md"
        path.write_text(path.read_text().replace("Some 40 vessels", "Some 50 vessels"))
        ((check, level, where),) = rows(found(house), "seal")
        assert (check, level) == ("seal", Level.WARN)
        assert where.startswith(f"{path}:")
        house.newsletter(keys="[proof]\nseal = 'stop'\n")
        house.reload()
        assert [level for _, level, _ in rows(found(house), "seal")] == [Level.STOP]
        with pytest.raises(ProofError, match="does not go"):
            house.freeze()

    def test_a_frozen_edition_whose_story_was_killed(self, sqlite_house: House) -> None:
        """The proof says what would hold it."""
        house = sqlite_house
        house.readers(1)
        slug = house.story()
        house.story("2026-05-04-rails")
        house.freeze()
        desk.kill(house.context, slug, by="ann")
        assert any("it would be held" in finding.problem for finding in found(house) if finding.check == "content")


class TestWhereItStops:
    def faulty(self, house: House) -> None:
        house.readers(1)
        house.story()
        accent = '[theme]\naccent = "#c0d0d8"\n'
        house.write(SETTINGS, (house.folder / SETTINGS).read_text() + accent)
        house.reload()

    def test_before_a_test_send(self, sqlite_house: House) -> None:
        """Nothing is sent: not to editors either, since a test shows what will go."""
        self.faulty(sqlite_house)
        with pytest.raises(ProofError, match="accent on paper"):
            testing.send_test(sqlite_house.context, sqlite_house.target())
        assert sqlite_house.fake.accepted == []

    def test_at_the_freeze(self, sqlite_house: House) -> None:
        self.faulty(sqlite_house)
        with pytest.raises(ProofError, match="accent on paper"):
            sqlite_house.freeze()

    def test_not_where_its_newsletter_only_wants_to_be_shown(self, sqlite_house: House) -> None:
        self.faulty(sqlite_house)
        path = sqlite_house.folder / SETTINGS
        path.write_text(path.read_text() + '[proof]\ncontrast = "warn"\n')
        sqlite_house.reload()
        sqlite_house.freeze()
        assert Level.WARN in [level for _, level, _ in rows(found(sqlite_house), "contrast")]


class TestLinks:
    def test_of_an_edition(self, sqlite_house: House) -> None:
        """A page that is gone stops; a server that fails is shown; each at the line that has the link. What is no
        place for readers is not asked.
        """
        house = sqlite_house
        house.readers(1)
        with site({"/fine": page(200), "/broken": page(503)}) as there:
            links = "\n\n".join(
                f"See [the page of {path}]({there.url(f'/{path}', host)})."
                for path, host in (
                    ("fine", "mills.org"),
                    ("gone", "mills.org"),
                    ("broken", "mills.org"),
                    ("no-place", "mills.test"),
                )
            )
            slug = house.story(approve=False)
            path = house.folder / f"content/stories/{slug}.md"
            path.write_text(f"{path.read_text()}\n{links}\n")
            desk.approve(house.context, slug, by="ann")
            plan = planning.plan(house.context, house.target(), house.clock())
            assert plan.composed is not None
            context = replace(house.context, ask=lambda urls: ask(urls, here(there.port)))
            answered = proofing.ask_edition(context, house.target().newsletter, plan.composed)
            of_stories = proofing.ask_stories(context, gathering.read_desk(context).stories)
        lines = path.read_text().splitlines()
        gone, broken = (
            next(f"{path}:{n}" for n, line in enumerate(lines, 1) if word in line) for word in ("/gone", "/broken")
        )
        expected = [(LINK_ANSWERS, Level.STOP, gone), (LINK_ANSWERS, Level.WARN, broken)]
        assert rows(answered, LINK_ANSWERS) == expected
        assert rows(of_stories, LINK_ANSWERS) == expected
        assert {path for _, path, _ in there.asked} == {"/fine", "/gone", "/broken"}

    def test_levels_of_a_newsletter(self, sqlite_house: House) -> None:
        house = sqlite_house
        house.readers(1)
        house.newsletter(keys="[proof]\nlink-answers = 'off'\n")
        house.reload()
        how = proofing.rows((), house.target().newsletter, composed=True, asked=True)
        assert how[LINK_ANSWERS] == "off"

    def test_none_answers(self) -> None:
        """One finding, not one for each, where the machine itself has no way out."""
        with site({"/a": sleeps, "/b": sleeps}) as there:
            links = {there.url("/a"): "a.md:1", there.url("/b"): "b.md:2"}
            replies = ask(links, here(there.port), each_s=0.2)
        (only,) = proofing.answers(links, replies)
        assert (only.level, only.where) == (Level.WARN, "a.md:1")
        assert "has this machine a network?" in only.problem

    def test_each_kind_has_a_cure(self) -> None:
        for kind in Kind:
            told = list(proofing.answers({"u": "a.md:1"}, [Reply("u", kind, "words", "u")]))
            assert len(told) == (kind is not Kind.FINE)


def test_a_table_for_80_columns() -> None:
    """No line is longer, but for a name that cannot be broken."""
    finding = Finding(check="contrast", level=Level.STOP, problem="word " * 40, where="content/newsletters/daily.toml")
    lines = list(proofing.in_table([finding], {"contrast": "stop", "size": "ok", "links": "off"}))
    assert lines[0] == "stop  contrast content/newsletters/daily.toml"
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == ["ok: size", "off: links"]
