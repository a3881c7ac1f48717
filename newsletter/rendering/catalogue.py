"""The templates' words in a newsletter's language: gettext catalogues, read as translators keep them.

`templates/locale/de.po` is what a translator edits; there is nothing to compile. English, which the templates are
written in, needs none.
"""

from __future__ import annotations

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from newsletter.errors import RenderError

FOLDER: Final = "locale"
"""Where the catalogues stand in the template folder: `de.po`, and `pt-BR.po` before `pt.po`."""

SOURCE: Final = "en"
"""The language that templates are written in."""

ENGLISH: Final = gettext.NullTranslations()
"""The words as the templates have them."""


def load(language: str, templates: Path) -> gettext.NullTranslations:
    """The words of a language, by its BCP 47 name.

    Raises RenderError where there is no catalogue, and where it cannot be read; a word that it lacks is an error when
    a template prints it. A mail in two languages is a fault, and silence would hide it.
    """
    names = (language, language.partition("-")[0])
    if names[1] == SOURCE:
        return ENGLISH
    folder = templates / FOLDER
    for file in (folder / f"{name}.po" for name in names):
        if file.is_file():
            return _read(file, file.stat().st_mtime_ns)
    raise RenderError(
        f"{folder / language}.po: there is no catalogue for the language {language!r}, and the mail would have English "
        "words; write one (docs/templates.md, Languages), or set the newsletter's `language`"
    )


@lru_cache(maxsize=64)
def _read(file: Path, changed_ns: int) -> gettext.NullTranslations:
    """The catalogue of a file as it was at a moment."""
    del changed_ns  # another moment is another catalogue
    try:
        with file.open("rb") as lines:
            catalogue = read_po(lines, abort_invalid=True)
        _check(catalogue, file)
        compiled = BytesIO()
        write_mo(compiled, catalogue)  # fuzzy entries are left out: nobody has looked at them
        compiled.seek(0)
        return _Words(file, compiled)
    except (OSError, PoFileError, ValueError) as error:
        raise RenderError(f"{file}: this catalogue cannot be read ({error}); mend it, or take it away") from error


def _check(catalogue: Catalog, file: Path) -> None:
    """A translation that names another placeholder than the English would fail in the middle of a mail."""
    for message in catalogue:
        for problem in message.check(catalogue) if message.id and not message.fuzzy else ():
            raise RenderError(f"{file}:{message.lineno}: {problem}; mend the translation there")


class _Words(gettext.GNUTranslations):
    """Words of a file. What it lacks is an error, as names are that a template cannot print."""

    def __init__(self, file: Path, compiled: BytesIO) -> None:
        super().__init__(compiled)
        self.add_fallback(_Missing(file))


class _Missing(gettext.NullTranslations):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def gettext(self, message: str) -> str:
        raise RenderError(f"{self._file}: there is no translation of {message!r}; `make catalogues` adds what is new")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        del msgid2, n
        return self.gettext(msgid1)

    def pgettext(self, context: str, message: str) -> str:
        del context
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        del context, msgid2, n
        return self.gettext(msgid1)
