"""The pages of templates/web, filled in: the web's sole home of Jinja2.

Each module of routes fills its pages once for trial when the server starts. So a mistake in a template is a designer's
to see at the start, and never comes between a reader and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError

from newsletter.errors import RenderError
from newsletter.model import Newsletter, Organisation
from newsletter.rendering import catalogue
from newsletter.rendering import words as words_of

FOLDER: Final = "web"
SHEET: Final = "style.css"

PROBLEMS: Final = (404, 405, 500, 503)
"""Each has words of its own in problem.html.j2; any other status is shown in those of 500."""


def environment(folder: Path, words: NullTranslations = catalogue.ENGLISH) -> Environment:
    """The pages of a folder, in a language, for whoever fills them in."""
    made = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=FileSystemLoader(folder, encoding="utf-8"),
        # by default nothing is escaped
        autoescape=True,
        # a misspelt name is an error; the default prints nothing in its place
        undefined=StrictUndefined,
        # what was tried at the start is what is shown, until the next start
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # how blocks of stories are told apart, and run-in heads end, as in templates of mails
    made.tests["closed"] = words_of.is_closed
    made.globals["kind"] = words_of.kind
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    return made


def one_of_each_language(newsletters: Iterable[Newsletter]) -> tuple[Newsletter | None, ...]:
    """None, and a newsletter of each language: what pages are filled for once for trial, as words may be missing."""
    return None, *{newsletter.language: newsletter for newsletter in newsletters}.values()


class Pages:
    """The pages of one organisation, from the folder `web` of `templates`, each in its newsletter's language.

    `root` is the path of the base URL: `` or `/news`, where a proxy takes it away; `language` is that of pages of no
    newsletter. Raises RenderError, which names the
    template and what to do, where one is missing or cannot be filled.
    """

    def __init__(self, templates: Path, *, organisation: Organisation, root: str) -> None:
        self._templates = templates
        self._folder = templates / FOLDER
        self._organisation = organisation
        self._environments: dict[str, Environment] = {}
        self.root = root.rstrip("/")
        self.language = organisation.language
        self._problems = {status: self.fill("problem.html.j2", None, status=status) for status in PROBLEMS}
        self.style = "\n".join(self._text(path.name).rstrip() for path in self._sheets()) + "\n"

    def fill(self, name: str, newsletter: Newsletter | None, **values: object) -> str:
        """The template `name`, in the look and language of a newsletter, or of the house where there is none.

        Beside the values it can print `organisation`, `newsletter`, `language`, `direction` and `root`.
        """
        language = newsletter.language if newsletter else self._organisation.language
        frame = {
            "organisation": self._organisation,
            "newsletter": newsletter,
            "language": language,
            "direction": newsletter.direction if newsletter else "ltr",
            "root": self.root,
        }
        try:
            return self._environment(language).get_template(name).render(frame | values)
        except TemplateSyntaxError as error:
            where = f"{self._folder / (error.name or name)}:{error.lineno}"
            raise RenderError(f"{where}: {error.message}; mend the template's Jinja code there") from error
        except TemplateError as error:
            raise RenderError(f"{self._folder / name}: {type(error).__name__}: {error}; mend the template") from error

    def problem(self, status: int) -> str:
        """The page that says, without any detail, why there is no other."""
        return self._problems.get(status, self._problems[500])

    def _environment(self, language: str) -> Environment:
        if language not in self._environments:
            self._environments[language] = environment(self._folder, catalogue.load(language, self._templates))
        return self._environments[language]

    def _sheets(self) -> list[Path]:
        """The house's own sheet first, those of single parts after it."""
        return sorted(
            {*self._folder.glob("*.css"), self._folder / SHEET}, key=lambda path: (path.name != SHEET, path.name)
        )

    def _text(self, name: str) -> str:
        path = self._folder / name
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(f"{path}: cannot be read as UTF-8 text ({error}); put it back") from error
