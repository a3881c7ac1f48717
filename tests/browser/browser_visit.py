"""A page opened in the browser: what it shows as data, what it asked for, what it complained about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Frame, Page, Route

MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")

LARGEST_PHONE = 480
"""Up to this width a visit is a phone's: touch, two pixels to a pixel, and a page too wide is shrunk to fit."""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Given:
    """What a route answers in place of a server."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Visit:
    """One page, in a browser profile of its own.

    asked     every address that was asked for, the page itself first (not what its own policy kept it from)
    said      every line of the console, and every error of a script: a page without fault says nothing
    """

    def __init__(self, browser: Browser, *, width: int, scheme: Scheme, scripts: bool) -> None:
        self.asked: list[str] = []
        self.said: list[str] = []
        self.answers((), {})
        phone = width <= LARGEST_PHONE
        self._context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            is_mobile=phone,
            has_touch=phone,
            device_scale_factor=2 if phone else 1,
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(10_000)
        self._context.route("**/*", self._answer)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def answers(self, servers: tuple[str, ...], given: Mapping[str, Given]) -> None:
        """From here on: `given` by address, what begins with one of `servers` by that server, and nothing else."""
        self._servers, self._given = servers, given

    def _answer(self, route: Route) -> None:
        url = route.request.url
        self.asked.append(url)
        if url in self._given:
            one = self._given[url]
            route.fulfill(body=one.body, headers={"Content-Type": one.media_type, **one.headers})
        elif url.startswith(self._servers):
            route.continue_()
        else:
            route.abort()

    def open(self, url: str) -> int:
        """The status of the answer. What an earlier page asked for and said is forgotten."""
        self.asked.clear()
        self.said.clear()
        answer = self.page.goto(url)
        assert answer is not None
        return answer.status

    def measure(self, name: str, frame: Frame | None = None) -> Any:
        """What a function of measures.js gives, of the page or of a frame in it."""
        return (frame or self.page.main_frame).evaluate(f"{MEASURES}.{name}()")

    def text(self) -> str:
        """The words that can be seen, a space between each."""
        return " ".join(self.page.inner_text("body").split())

    def close(self) -> None:
        self._context.close()


def faint(visit: Visit, frame: Frame | None = None, least: float = 4.5) -> list[str]:
    """The texts whose contrast is under `least` (WCAG 2.2, 1.4.3), in words."""
    texts = visit.measure("texts", frame)
    assert texts, "there is no text to measure"
    return [f"{t['words']}: {t['ink']} on {t['paper']}, {t['contrast']}" for t in texts if t["contrast"] < least]


def small(visit: Visit, least: float, frame: Frame | None = None) -> list[str]:
    """The texts set smaller than `least` pixels, in words."""
    return [f"{t['words']}: {t['size']} px" for t in visit.measure("texts", frame) if t["size"] < least]


def cramped(visit: Visit, least: float = 44) -> list[str]:
    """What stands alone to be pressed and is lower than `least` pixels (WCAG 2.2, 2.5.5), in words."""
    targets = visit.measure("targets")
    return [f"{t['words']}: {t['height']} px" for t in targets if t["alone"] and t["height"] < least]


def overlapping(visit: Visit) -> list[str]:
    """Pairs of targets that share a pixel, in words: a finger would press the wrong one."""
    targets = visit.measure("targets")
    return [
        f"{one['words']} and {other['words']}"
        for number, one in enumerate(targets)
        for other in targets[number + 1 :]
        if min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 1
        and min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
    ]


def out_of_column(visit: Visit) -> list[str]:
    """Blocks of text that do not stand below the one before them, in words; cells of one row may stand side by side."""
    blocks = visit.measure("blocks")
    return [
        f"{one['words'][:40]!r} and {other['words'][:40]!r}"
        for one, other in pairwise(blocks)
        if other["top"] < one["bottom"] - 2 and not (one["row"] == other["row"] >= 0 and one["cell"] != other["cell"])
    ]
