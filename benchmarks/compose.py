"""Story files to message, step by step, beside the bare libraries; and a saved story to its preview.

    .venv/bin/python -m benchmarks.compose --rounds 50

Each round is what `newsletter edition plan` does for eight stories: the files are read (what was parsed before is not
parsed again), put together, rendered and proofed. The steps are timed within that very call. The bare libraries get the
MJML and the styles that ours got, with the same options, and do nothing else. A preview is asked over HTTP as a browser
asks it; its time begins when the story's file is saved, and ends when the mail has the new words.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import premailer
from mjml import mjml2html

from benchmarks.desk import EDITION, NOW, multiply, opened, spread
from newsletter.pipeline import composing, gathering
from newsletter.pipeline.context import Context, Target, target
from newsletter.pipeline.previewing import Preview
from newsletter.rendering import links, markup
from newsletter.rendering.templates import TEXT_SUFFIX, Templates
from newsletter.web.preview.server import showing

STORIES = 8

render = importlib.import_module("newsletter.rendering.render")
"""The module: the package gives its function by the same name."""

STEPS: tuple[tuple[str, Any, str], ...] = (
    ("read, parsed before", gathering, "load_stories"),
    ("what went before", gathering, "history"),
    ("assemble", gathering, "assemble"),
    ("set out for the templates", render, "view"),
    ("fill", Templates, "fill"),
    ("compile the MJML", markup, "compile_mjml"),
    ("write styles into elements", markup, "inline"),
    ("read the links", links, "collect"),
    ("take the fingerprint", render, "fingerprint"),
    ("proof", composing, "proof"),
)
"""Each step: its name, and the function that does it, where its caller looks for it."""


Took = tuple[float, float]
"""Milliseconds of the wall clock, and of the CPU."""


class Watch:
    """What each step took in each round; and the last MJML and HTML that passed, for the bare libraries."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[Took]] = defaultdict(list)
        self.mjml = ""
        self.html = ""
        self._round: dict[str, Took] = {}
        for name, place, function in STEPS:
            setattr(place, function, self._timed(name, getattr(place, function)))

    def turn(self, work: Callable[[], object]) -> None:
        """One round."""
        self._round.clear()
        whole, cpu = both(work)[1]
        for name, took in self._round.items():
            self.rounds[name].append(took)
        proof, proof_cpu = self._round["proof"]
        self.rounds["whole"].append((whole - proof, cpu - proof_cpu))

    def _timed(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            made, took = both(lambda: real(*given, **named))
            known = name
            if name == "fill":
                known = "fill the plain text" if str(given[1]).endswith(TEXT_SUFFIX) else "fill the MJML"
            self._round[known] = took
            if name == "compile the MJML":
                self.mjml, self.html = given[0], made
            return made

        return step


def both(work: Callable[[], Any]) -> tuple[Any, Took]:
    """What the work gives, and what it took."""
    began, began_cpu = time.perf_counter(), time.thread_time()
    made = work()
    return made, ((time.perf_counter() - began) * 1000, (time.thread_time() - began_cpu) * 1000)


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="compose-", dir="/tmp") as name:
        folder = Path(name)
        context = opened(folder)
        multiply(folder, asked.files)
        saved = [saved_to_shown(context, folder, number) for number in range(asked.rounds // 5 + 2)][2:]
        watch = Watch()
        on = eight(context)
        for _ in range(3):  # what a process loads or compiles once is loaded and compiled by then
            composed(context, on)
        for _ in range(asked.rounds):
            watch.turn(lambda: composed(context, on))
        bare = [both(lambda: bare_libraries(watch))[1] for _ in range(asked.rounds + 2)][2:]
        context.store.close()
    show(watch, bare, saved, asked)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument(
        "--files", type=int, default=0, help="so many story files on the desk; the shipped ones if fewer"
    )
    return parser.parse_args()


def eight(context: Context) -> Target:
    on = target(context, EDITION, NOW)
    return replace(on, newsletter=replace(on.newsletter, maximum=STORIES))


def composed(context: Context, on: Target) -> composing.Composed:
    """What is measured: files to message, and the proof."""
    edition = gathering.gather(context, on, NOW).assembly.edition
    assert edition is not None
    assert len(edition.stories) == STORIES
    return composing.compose(context, on.newsletter, edition)


def bare_libraries(watch: Watch) -> None:
    """MJML and premailer alone, on the same input."""
    mjml2html(watch.mjml, fonts={})
    premailer.Premailer(html=None, cache_css_parsing=True, **markup.PREMAILER).transform(watch.html)


def saved_to_shown(context: Context, folder: Path, number: int) -> float:
    """Milliseconds from a story that is saved until its words stand in the preview, the watch over files included."""
    story = next((folder / "content" / "stories").glob("*-ports-reopen-after-two-day-stoppage.md"))
    text = story.read_text(encoding="utf-8")
    with showing(Preview(context, EDITION), 0) as url:
        place = urlsplit(url)
        connection = HTTPConnection(place.hostname or "", place.port)
        known = int(got(connection, "/?drafts=1").partition('data-number="')[2].partition('"')[0])
        time.sleep(0.3)  # the watch over files has begun by then
        began = time.perf_counter()
        story.write_text(text.replace("Dock workers", f"Dockers {number}"), encoding="utf-8")
        got(connection, f"/changes?since={known}")
        got(connection, "/?drafts=1")
        mail = got(connection, "/mail/briefing?drafts=1")
        took = (time.perf_counter() - began) * 1000
        assert f"Dockers {number}" in mail
        connection.close()
    story.write_text(text, encoding="utf-8")
    return took


def got(connection: HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    return connection.getresponse().read().decode()


def show(watch: Watch, bare: list[Took], saved: list[float], asked: argparse.Namespace) -> None:
    print(f"{asked.rounds} rounds, {STORIES} stories, Python {platform.python_version()}; milliseconds")
    print("| step | wall clock | CPU | share of the CPU |\n|---|---|---|---|")
    whole = cpu_of(watch.rounds["whole"])
    steps = {name: times for name, times in watch.rounds.items() if name not in {"whole", "proof"}}
    for name, times in steps.items():
        print(f"{row(name, times)} {100 * cpu_of(times) / whole:.0f} % |")
    rest = whole - sum(map(cpu_of, steps.values()))
    print(f"| all between | | {rest:.1f} | {100 * rest / whole:.0f} % |")
    print(f"{row('**files to message**', watch.rounds['whole'])} 100 % |")
    print(f"{row('the proof of it, apart', watch.rounds['proof'])} |")
    print(f"{row('bare: MJML and premailer on the same input', bare)} |")
    print(f"| a story saved until the preview has it, over HTTP | {spread(saved)} | | |")


def row(name: str, times: list[Took]) -> str:
    return f"| {name} | {spread([wall for wall, _ in times])} | {cpu_of(times):.1f} |"


def cpu_of(times: list[Took]) -> float:
    return statistics.median(cpu for _, cpu in times)


if __name__ == "__main__":
    main()
