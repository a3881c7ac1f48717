"""What mail clients make of CSS, as caniemail.com has tested it: the data that is shipped, and how it is made anew.

`caniemail.json` holds, for each feature, one letter for each client of `CLIENTS`, in their order: y (supported),
a (partly), n (not), u (unknown). It is made from the site's own data by

    make caniemail FILE=data.json      (https://www.caniemail.com/api/data.json, fetched by whoever runs it)

and never fetched by the program. © Rémi Parmentier and contributors, MIT licence, which the file repeats.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from newsletter.errors import UsageError

FILE: Final = Path(__file__).with_name("caniemail.json")

CLIENTS: Final[Mapping[str, tuple[str, str]]] = {
    "Apple Mail": ("apple-mail", "macos"),
    "Apple Mail on iOS": ("apple-mail", "ios"),
    "Gmail": ("gmail", "desktop-webmail"),
    "Gmail on iOS": ("gmail", "ios"),
    "Gmail on Android": ("gmail", "android"),
    "Outlook on Windows": ("outlook", "windows"),
    "Outlook.com": ("outlook", "outlook-com"),
    "Outlook on macOS": ("outlook", "macos"),
    "Outlook on iOS": ("outlook", "ios"),
    "Outlook on Android": ("outlook", "android"),
    "Yahoo Mail": ("yahoo", "desktop-webmail"),
    "AOL": ("aol", "desktop-webmail"),
    "Samsung Email": ("samsung-email", "android"),
    "Thunderbird": ("thunderbird", "macos"),
}
"""The clients that nearly all readers use, by the names that findings have; families and platforms of caniemail."""

LICENCE: Final = (
    "MIT License. Copyright (c) 2019 Rémi Parmentier. Permission is hereby granted, free of charge, to any person "
    "obtaining a copy of this software and associated documentation files (the “Software”), to deal in the Software "
    "without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, "
    "sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, "
    "subject to the following conditions: The above copyright notice and this permission notice shall be included in "
    "all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY "
    "KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A "
    "PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY "
    "CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR "
    "IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."
)


@dataclass(frozen=True, slots=True)
class Tested:
    """What was tested, as of a day: a letter for each client of each feature."""

    date: str
    clients: tuple[str, ...]
    features: Mapping[str, str]

    def lacking(self, feature: str) -> tuple[str, ...]:
        """The clients that do not support a feature; none for one that was not tested."""
        letters = self.features.get(feature, "")
        return tuple(client for client, letter in zip(self.clients, letters, strict=False) if letter == "n")


@cache
def tested() -> Tested:
    """The data that is shipped."""
    data = json.loads(FILE.read_text("utf-8"))
    return Tested(data["date"], tuple(data["clients"]), data["features"])


def compact(data: Mapping[str, Any]) -> dict[str, Any]:
    """Ours of the site's. Raises UsageError for what is not the site's data."""
    try:
        date = re.match(r"\d{4}-\d\d-\d\d", str(data["last_update_date"]))
        features = {
            feature["slug"]: "".join(_letter(feature["stats"], *place) for place in CLIENTS.values())
            for feature in data["data"]
            if feature["category"] == "css"
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is not the data of caniemail.com ({error!r}); fetch its api/data.json") from error
    if date is None or len(features) < 100:
        raise UsageError(f"this has {len(features)} features and the date {data['last_update_date']!r}: not all of it")
    return {
        "source": "https://www.caniemail.com/api/data.json",
        "licence": LICENCE,
        "date": date[0],
        "clients": list(CLIENTS),
        "features": dict(sorted(features.items())),
    }


def _letter(stats: Mapping[str, Any], family: str, platform: str) -> str:
    """The support in a client's newest version: `y #1` is y with a note."""
    versions = stats.get(family, {}).get(platform, {})
    if not versions:
        return "u"
    newest = max(versions, key=lambda version: [int(number) for number in re.findall(r"\d+", version)])
    letter = str(versions[newest])[:1]
    return letter if letter in "yan" else "u"


def main(words: Sequence[str]) -> int:
    """`python -m newsletter.rendering.proof.caniemail FILE`: write the shipped data anew."""
    if len(words) != 1:
        sys.stderr.write("usage: python -m newsletter.rendering.proof.caniemail FILE\n")
        return 2
    try:
        made = compact(json.loads(Path(words[0]).read_text("utf-8")))
    except (OSError, ValueError, UsageError) as error:
        sys.stderr.write(f"{words[0]}: {error}\n")
        return 1
    FILE.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f"{len(made['features'])} features as of {made['date']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
