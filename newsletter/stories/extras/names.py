"""What sponsors and calendar entries have in common: keys that must be there, and the newsletters that they name."""

from __future__ import annotations

from newsletter.stories.extras.supply import Known
from newsletter.stories.fields import Fields, nearest
from newsletter.stories.opened import Opened


def newsletters_of(fields: Fields, known: Known) -> tuple[str, ...] | None:
    """The newsletters that a file is for; None where it names none, which means all."""
    names = fields.slugs("newsletters")
    for name in names or ():
        if name not in known.newsletters:
            problem = f"there is no newsletter `{name}`: {nearest(name, known.newsletters)}"
            fields.fault(fields.entries["newsletters"].value, problem)
    return names or None


def required(file: Opened, key: str, cure: str) -> str | None:
    """One line of text that must be there. `cure` says what to write."""
    text = file.fields.text(key)
    if text is None and file.whole and file.fields.value(key) is None:
        file.fields.fault_of_file(f"`{key}` is missing: {cure}", key)
    return text
