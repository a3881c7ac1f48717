"""The pages of templates/web, filled in: the web's sole home of Jinja2.

Everything is read, and each page filled once for trial, when the server starts. So a mistake in a template is a
designer's to see at the start, and never comes between a reader and the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError

from newsletter.errors import RenderError
from newsletter.model import Newsletter, Organisation
from newsletter.pipeline.readers import Leaving

PROBLEMS: Final = (404, 405, 500, 503)
"""Each has words of its own in problem.html.j2; any other status is shown in those of 500."""

_TRIALS: Final = tuple(
    Leaving(title="Title", masked=masked, inert=inert, left=left)
    for masked, inert, left in (("a•••@e•••.org", False, False), ("", False, True), ("", True, False))
)


def environment(folder: Path) -> Environment:
    """The pages of a folder, for whoever fills them in."""
    return Environment(
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


class Pages:
    """The pages of one organisation. `root` is the path of the base URL: `` or `/news`, where a proxy takes it away.

    Raises RenderError, which names the template and what to do, where one is missing or cannot be filled.
    """

    def __init__(self, folder: Path, *, organisation: Organisation, root: str) -> None:
        self._folder = folder
        self._environment = environment(folder)
        self._frame = {"organisation": organisation, "root": root.rstrip("/")}
        self._problems = {status: self._fill("problem.html.j2", status=status, newsletter=None) for status in PROBLEMS}
        for trial in _TRIALS:
            self.unsubscribe(trial, None)
        self.style = self._text("style.css")

    def unsubscribe(self, leaving: Leaving, newsletter: Newsletter | None) -> str:
        """The page behind an unsubscribe link: the question with its button, the confirmation, or that it is a test.

        `newsletter` gives the look, and is None where the list has no newsletter any more.
        """
        state = "test" if leaving.inert else "left" if leaving.left else "ask"
        return self._fill(
            "unsubscribe.html.j2", state=state, title=leaving.title, masked=leaving.masked, newsletter=newsletter
        )

    def problem(self, status: int) -> str:
        """The page that says, without any detail, why there is no other."""
        return self._problems.get(status, self._problems[500])

    def _fill(self, name: str, **values: object) -> str:
        try:
            return self._environment.get_template(name).render(self._values(values))
        except TemplateSyntaxError as error:
            where = f"{self._folder / (error.name or name)}:{error.lineno}"
            raise RenderError(f"{where}: {error.message}; mend the template's Jinja code there") from error
        except TemplateError as error:
            raise RenderError(f"{self._folder / name}: {type(error).__name__}: {error}; mend the template") from error

    def _values(self, values: Mapping[str, object]) -> Mapping[str, object]:
        return {**self._frame, **values}

    def _text(self, name: str) -> str:
        path = self._folder / name
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RenderError(f"{path}: cannot be read as UTF-8 text ({error}); put it back") from error
