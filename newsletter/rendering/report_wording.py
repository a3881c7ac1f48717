"""The words of a report, from the same catalogues: its labels, its rates with what they are of, what is odd in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import NullTranslations

from newsletter.model import EditionReport, Rate, complaints, graded
from newsletter.model.reports import BOUNCES_OVER, COMPLAINTS_ALARM, COMPLAINTS_WARN, bounces_high
from newsletter.rendering import dates


@dataclass(frozen=True)
class Words:
    """A language's words, numbers and shares."""

    language: str
    catalogue: NullTranslations

    def number(self, count: float) -> str:
        return dates.number(count, self.language)

    def share(self, share: float) -> str:
        """`9.12%`, `96.1%`: two digits where it is small; never 0 or 100 of what is not none or all."""
        _, digits = self.catalogue.gettext, 2 if share < 0.1 else 1
        least = 0.0001
        if 0 < share < least:
            return _("under {share}").format(share=dates.percent(least, self.language, 2))
        if 0.9995 <= share < 1:
            return _("over {share}").format(share=dates.percent(0.999, self.language, 1))
        return dates.percent(share, self.language, digits)

    def measure(self, name: str, share: float) -> str:
        """A share, or of clicks how many there were for each hundred copies."""
        if name != "clicks":
            return self.share(share)
        per_100 = self.catalogue.gettext("{count} for 100 copies")
        return per_100.format(count=self.number(round(share * 100, 1)))

    def of(self, rate: Rate) -> str:
        """`12 of 2,431 delivered`: a count, and of what."""
        _ = self.catalogue.gettext
        if not rate.whole:  # as of what is so old that the copies themselves are forgotten
            return self.number(rate.count)
        forms = {
            "candidates": _("{count} of {whole} candidates"),
            "accepted": _("{count} of {whole} accepted"),
            "delivered": _("{count} of {whole} delivered"),
            "seen": _("{count} of {whole} delivered to readers who agreed to it"),
        }
        return forms[rate.of].format(count=self.number(rate.count), whole=self.number(rate.whole))


def labels(words: Words) -> Mapping[str, str]:
    """The name of everything that is counted."""
    _ = words.catalogue.gettext
    return {
        "accepted": _("Accepted by the mail service"),
        "excluded": _("Left out"),
        "refused": _("Refused by the mail service"),
        "in_doubt": _("In doubt"),
        "pending": _("Still to go"),
        "delivered": _("Delivered"),
        "waiting": _("On the way"),
        "deferred": _("put off, tried again"),
        "bounced": _("Bounced"),
        "blocked": _("Blocked"),
        "dropped": _("Dropped"),
        "hard": _("the address is gone"),
        "soft": _("full or busy"),
        "policy": _("not wanted there"),
        "sender": _("our own settings or standing"),
        "opened": _("Opened"),
        "clicked": _("Readers who followed a link"),
        "clicks": _("Clicks"),
        "unsubscribed": _("Unsubscribed"),
        "complained": _("Marked as spam"),
    }


def roles(words: Words) -> Mapping[str, str]:
    """What a link is to a story, or in the mail (model.ROLES)."""
    _ = words.catalogue.gettext
    return {
        "story": _("to the story"),
        "source": _("to a source"),
        "body": _("in the text"),
        "share": _("to share it"),
        "sponsor": _("of a sponsor"),
        "brief": _("in the news in brief"),
        "calendar": _("in the calendar"),
        "correction": _("in a correction"),
        "feedback": _("an answer"),
        "archive": _("to the archive"),
        "furniture": _("in the frame"),
    }


def reason(words: Words, said: str) -> str:
    """Why a reader was left out, by the ledger's word; one that is not known stands as it is."""
    _ = words.catalogue.gettext
    known = {
        "unsubscribed": _("left after the freeze"),
        "paused": _("pauses"),
        "consent-expired": _("consent has ended"),
        "nothing-chosen": _("chose none of its sections"),
        "reserved-domain": _("an example’s address"),
        "duplicate": _("gets it through another list"),
        "not-received": _("did not get what is corrected"),
        "cancelled": _("the send was cancelled"),
        "suppressed:bounce": _("bounced before"),
        "suppressed:complaint": _("complained before"),
        "suppressed:unsubscribe": _("left every list"),
        "suppressed:soft-bounce": _("bounced again and again"),
        "suppressed:invalid": _("no such address"),
        "suppressed:manual": _("suppressed by hand"),
        "suppressed:import": _("imported as suppressed"),
        "suppressed:erased": _("erased"),
        "suppressed:moved": _("has another address"),
    }
    return known.get(said, said)


def warnings(report: EditionReport, words: Words) -> tuple[tuple[str, str], ...]:
    """(level, sentence) of what an editor must not overlook: `alarm`, `warn`, or `note`; the worst first."""
    found = [*_promises(report, words), *_complaints(report, words), *_odd(report, words)]
    return tuple(sorted(found, key=lambda each: ("alarm", "warn", "note").index(each[0])))


def _promises(report: EditionReport, words: Words) -> list[tuple[str, str]]:
    _, send, found = words.catalogue.gettext, report.send, []
    if send.sent_twice:
        said = _("{count} readers got it twice, as events of them say.")
        found.append(("alarm", said.format(count=words.number(send.sent_twice))))
    if send.in_doubt:
        said = _("Of {count} readers nobody knows yet whether they got it.")
        found.append(("warn", said.format(count=words.number(send.in_doubt))))
    if send.state == "paused":
        found.append(("warn", _("The send is paused and waits for a person.")))
    if send.state == "cancelled":
        found.append(("warn", _("The send was cancelled before its end.")))
    if send.accepted and not send.facts:
        found.append(("warn", _("No event has come of it yet: what became of it is not known.")))
    if bounces_high(send):
        said = _("More than {share} bounced: find where these addresses are from.")
        found.append(("alarm", said.format(share=dates.percent(BOUNCES_OVER / 100, words.language, 0))))
    return found


def _complaints(report: EditionReport, words: Words) -> list[tuple[str, str]]:
    _, rate = words.catalogue.gettext, complaints(report.send)
    grade, percent = graded(rate), dates.percent
    match grade:
        case "alarm":
            line = percent(COMPLAINTS_ALARM / 1000, words.language, 1)
            said = _("Complaints: {rate}, {share}. From {line} on, mailbox providers refuse mail.")
        case "warn":
            line = percent(COMPLAINTS_WARN / 1000, words.language, 1)
            said = _("Complaints: {rate}, {share}. Mailbox providers ask senders to stay under {line}.")
        case "few":
            line = percent(COMPLAINTS_WARN / 1000, words.language, 1)
            said = _("Complaints: {rate}. That is over {line}, and too few to tell.")
        case _:
            return []
    level = "note" if grade == "few" else grade
    return [(level, said.format(rate=words.of(rate), share=words.share(rate.share or 0.0), line=line))]


def _odd(report: EditionReport, words: Words) -> list[tuple[str, str]]:
    _, names, found = words.catalogue.gettext, labels(words), []
    lower = _("{what}: {share}, lower than in each of the last {count} editions ({lowest} to {highest}).")
    higher = _("{what}: {share}, higher than in each of the last {count} editions ({lowest} to {highest}).")
    for name, rate in report.rates.items():
        told = name == "complained" and graded(rate) != "fine"
        if report.is_odd(name) and rate.share is not None and not told:
            usual = report.usual[name]
            said = (lower if rate.share < usual.lowest else higher).format(
                what=names[name], share=words.measure(name, rate.share), count=words.number(report.compared),
                lowest=words.measure(name, usual.lowest), highest=words.measure(name, usual.highest),
            )  # fmt: skip
            found.append(("note", said))
    return found
