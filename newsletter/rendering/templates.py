"""The templates of a folder, filled in: the sole home of Jinja2 in this room."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    select_autoescape,
)
from markupsafe import Markup

from newsletter.errors import RenderError
from newsletter.rendering import words
from newsletter.rendering.catalogue import ENGLISH
from newsletter.rendering.story_view import StoryView, rows

MJML_SUFFIX: Final = ".mjml.j2"
TEXT_SUFFIX: Final = ".txt.j2"
FRAME: Final = "base"
LETTER: Final = "letter"
REPORT: Final = "report"
NO_LOOKS: Final[Mapping[str, str]] = {
    FRAME: "the frame that all looks share",
    LETTER: "what letters to single readers are made of",
    REPORT: "the report to editors",
}
"""Pairs that no newsletter can have as its look, and what they are."""

_VIEW: Final = re.compile(r"'newsletter\.rendering\.\w+\.(\w+?)(?:View)? object' has no attribute")

_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold, and DEL."""


class Templates:
    """A folder of templates. Files that change are read again; nothing else is kept but their compiled form."""

    def __init__(self, folder: Path, catalogue: NullTranslations = ENGLISH) -> None:
        self._folder = folder
        self._environment = _environment(folder, catalogue)

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """The template `name` with the values. Raises RenderError: template, line and what to do."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateNotFound as error:
            raise self._not_found(error, asked=name) from error
        except TemplateSyntaxError as error:
            where = f"{error.name or name}:{error.lineno}"
            raise RenderError(f"{where}: {error.message}; mend the template's Jinja code there") from error
        except UndefinedError as error:
            raise RenderError(
                f"{self._where(error, name)}: {_missing(error.message)}; "
                "docs/templates.md lists what a template can print"
            ) from error
        except RecursionError as error:
            raise RenderError(
                f"{self._where(error, name)}: the template includes itself, directly or through another; "
                "take one of the includes out"
            ) from error
        except UnicodeDecodeError as error:
            raise RenderError(
                f"{self._undecodable()}: it is not UTF-8 at byte {error.start + 1}; save it anew as UTF-8"
            ) from error
        except (TemplateError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            raise RenderError(
                f"{self._where(error, name)}: {type(error).__name__}: {error}; mend the expression there"
            ) from error

    def _undecodable(self) -> str:
        """The first template that is not UTF-8: what Jinja raises names no file."""
        for path in sorted(self._folder.rglob("*.j2")):
            try:
                path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                return path.relative_to(self._folder).as_posix()
        return self._folder.name  # mended since

    def locate(self, name: str, needle: str) -> tuple[str, ...]:
        """`template:line` of these words, at their first place in the template `name` and in each that it takes in."""
        if not needle:
            return ()
        whole = re.compile(re.escape(needle) + (r"(?![\w-])" if needle.startswith("<") else ""))
        return tuple(place for each in self._taken_in(name) if (place := self._first(each, whole)))

    def _first(self, name: str, words: re.Pattern[str]) -> str | None:
        lines = enumerate(self._source(name).split("\n"), start=1)
        return next((f"{name}:{number}" for number, line in lines if words.search(line)), None)

    def _taken_in(self, name: str) -> list[str]:
        """The template and those that it extends, includes and imports, and so on, each once."""
        found = [name]
        for each in found:
            named = meta.find_referenced_templates(self._environment.parse(self._source(each)))
            others = (other for other in dict.fromkeys(named) if other is not None and other not in found)
            found += [other for other in others if (self._folder / other).is_file()]
        return found

    def _source(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")

    def _not_found(self, error: TemplateNotFound, *, asked: str) -> RenderError:
        missing = str(error.name or error)
        names = self._environment.list_templates()
        near = get_close_matches(missing, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        if missing == asked:
            return RenderError(
                f"{missing}: there is no such template in {self._folder}{hint} (a newsletter's `template` names it)"
            )
        return RenderError(f"{self._where(error, asked)}: it asks for {missing}, which is not there{hint}")

    def _where(self, error: BaseException, name: str) -> str:
        """The innermost line of a template that the error came through; Jinja puts its own lines into the traceback."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if path.is_relative_to(self._folder):
                return f"{path.relative_to(self._folder).as_posix()}:{frame.lineno}"
        return name


@lru_cache(maxsize=8)
def load(folder: Path, catalogue: NullTranslations = ENGLISH) -> Templates:
    """The templates of a folder in one language, one object for each, so that they are compiled once."""
    return Templates(folder, catalogue)


def looks(folder: Path) -> tuple[str, ...]:
    """The names of the looks in a folder of mail templates, in their order: each pair of HTML and plain text, but for
    those of NO_LOOKS.
    """
    names = (path.name.removesuffix(MJML_SUFFIX) for path in folder.glob(f"*{MJML_SUFFIX}"))
    return tuple(sorted(name for name in names if name not in NO_LOOKS and (folder / f"{name}{TEXT_SUFFIX}").is_file()))


def _environment(folder: Path, catalogue: NullTranslations) -> Environment:
    environment = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=FileSystemLoader(folder, encoding="utf-8"),
        # all but plain text is escaped; select_autoescape's own list knows `.html`, and would leave `.mjml.j2` open
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True, default_for_string=True),
        # a misspelt name is an error; the default prints nothing in its place
        undefined=StrictUndefined,
        # a control character from a story is no fault of a template's, which MJML's XML would make of it
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # newstyle: placeholders are filled after the translation is looked up, and their values are escaped
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(words.FILTERS)
    environment.tests["closed"] = words.is_closed
    environment.globals.update(link=_link, kind=words.kind, rows=rows)
    return environment


def _missing(message: str | None) -> str:
    """Jinja's words, with a view named as templates name it: `story has no 'titel'`."""
    return _VIEW.sub(lambda found: f"{found[1].lower()} has no", message or "")


def _printable(value: Any) -> Any:
    if isinstance(value, str) and _NOT_XML.search(value):
        return type(value)(_NOT_XML.sub("", value))
    return value


def _link(url: str, role: str, story: Any = None) -> Markup:
    """The attributes of an `<a>`: its address and what it is. `links.collect` reads the second and takes it away.

    `story` is a story, or whatever else the link stands in, which is told by its role alone.
    """
    place = f"{role} {story.slug} {story.section}" if isinstance(story, StoryView) else role
    return Markup('href="{}" data-link="{}"').format(url, place)
