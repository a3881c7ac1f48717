"""The words of a language that tell a sentence from a head, a source from an aside, a day from a date.

Most rules of reading are about form and hold in every language. What knows words looks them up here, by the
organisation's `language`; a language that is not here has none, and is read by form alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.model import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language, all in small letters.

    finite       verb forms that make a sentence of what stands before a colon ("the message was plain:")
    questions    words that begin a question, which may be a head though it has a verb
    speech       what ends an announcement of somebody's words ("Roe said:")
    says         what an association does in the head of its own voice ("The AMG says")
    articles     what may stand before a name
    according    what leads to a source in prose
    access       the notes that say how a source is reached, as they are printed
    calendar     days and months: in parentheses they are no source
    weekdays     days of the week, from Monday
    days         words for days that are told from the day of writing ("yesterday")
    titles       what stands before a person's name: in parentheses that is no source
    short        abbreviations whose period ends no sentence
    ends         lines that end a press release by a word
    small_after  whether text after a run-in head begins with a small letter in this language
    """

    finite: frozenset[str] = frozenset()
    questions: tuple[str, ...] = ()
    speech: frozenset[str] = frozenset()
    says: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    according: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    calendar: frozenset[str] = frozenset()
    weekdays: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    titles: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    small_after: bool = False


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH = Words(
    finite=_set(
        "am is are was were been has had will would can could should must might did does"  # "do", "have", "may": nouns
    ),
    questions=("what", "why", "how", "who", "whose", "where", "when", "which"),
    speech=_set(
        "said told added wrote asked noted explained replied stated declared announced continued argued warned"
    ),
    says=("says",),
    articles=("the", "a", "an"),
    according=("according to",),
    access=("subscription", "subscription required", "registration", "registration required", "paywall", "free"),
    calendar=_set("january february march april may june july august september october november december"),
    weekdays=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    days=("yesterday", "today", "tomorrow", "tonight", "this morning", "this afternoon", "this evening", "last night"),
    titles=_set("rep sen gov mr ms mrs dr president secretary ceo chair chief director senator governor"),
    short=_set(
        "no. nos. vs. dr. mr. mrs. ms. st. jr. sr. inc. co. corp. ltd. gov. sen. sens. rep. reps. gen. col. lt. prof. "
        "dept. etc. approx. jan. feb. mar. apr. aug. sept. sep. oct. nov. dec. ph.d."
    ),
    ends=_set("end ends"),
)

GERMAN = Words(
    finite=_set(
        "ist sind war waren wird werden wurde wurden hat haben hatte hatten kann können konnte soll sollen sollte muss "
        "müssen musste darf dürfen bleibt bleiben lautet lautete"
    ),
    questions=("was", "warum", "wieso", "wie", "wer", "wessen", "wem", "wen", "wo", "wann", "welche", "welcher"),
    speech=_set("sagte sagt erklärte betonte meinte schrieb fragte ergänzte teilte kündigte warnte"),
    says=("sagt", "meint", "fordert"),
    articles=("der", "die", "das", "dem", "den", "des"),
    according=("laut", "nach angaben von", "nach angaben"),
    access=("Abo", "Abonnement", "kostenpflichtig", "Bezahlschranke", "Registrierung", "Anmeldung", "frei"),
    calendar=_set("januar februar märz april mai juni juli august september oktober november dezember"),
    weekdays=("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
    days=("gestern", "vorgestern", "heute", "morgen", "übermorgen", "gestern abend", "heute früh"),
    titles=_set(
        "herr frau dr prof präsident präsidentin minister ministerin kanzler kanzlerin vorsitzende vorsitzender"
    ),
    short=_set("nr. bzw. ca. dr. prof. str. vgl. usw. evtl. ggf. inkl. mio. mrd. abs. jan. feb. dez."),
    ends=_set("ende"),
)

SPANISH = Words(
    finite=_set(
        "es son era eran fue fueron está están estaba ha han había será serán sería puede pueden podrá debe deben hay "
        "tiene tienen"
    ),
    questions=("qué", "por qué", "cómo", "quién", "quiénes", "dónde", "cuándo", "cuál", "cuáles"),
    speech=_set("dijo afirmó añadió explicó declaró señaló escribió preguntó respondió anunció advirtió agregó"),
    says=("dice", "opina", "pide"),
    articles=("el", "la", "los", "las"),
    according=("según", "de acuerdo con"),
    access=("suscripción", "suscriptores", "de pago", "registro", "gratis"),
    calendar=_set("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    days=("ayer", "anteayer", "hoy", "mañana", "esta mañana", "esta tarde", "esta noche", "anoche"),
    titles=_set("sr sra dr dra presidente presidenta ministro ministra director directora senador senadora"),
    short=_set("sr. sra. dr. dra. ud. uds. núm. n.º pág. etc. aprox. av. ene. feb. dic."),
    ends=_set("fin"),
    small_after=True,
)

LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH}

NO_WORDS = Words()

ARTICLES = tuple(f"{article} " for words in LANGUAGES.values() for article in words.articles)
"""Of all languages: names of outlets are looked up without theirs, in whichever language the organisation writes."""


SHORT = frozenset(short for words in LANGUAGES.values() for short in words.short)
"""The abbreviations of all languages: texts quote each other's."""


def words_of(language: str) -> Words:
    """The words of a language by its tag: `de-AT` has those of `de`."""
    return LANGUAGES.get(language.casefold().partition("-")[0], NO_WORDS)


def access_notes(organisation: Organisation) -> Mapping[str, str]:
    """The notes that say how a source is reached, by their small letters: those of the language, and those that the
    organisation's outlets have.
    """
    outlets = (outlet.access for outlet in organisation.outlets if outlet.access)
    return {note.casefold(): note for note in (*words_of(organisation.language).access, *outlets)}


def without_article(name: str) -> str:
    """The name without the article before it."""
    folded = name.casefold()
    found = next((article for article in ARTICLES if folded.startswith(article)), "")
    return name[len(found) :]
