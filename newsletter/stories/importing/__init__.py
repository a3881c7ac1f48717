"""A text that somebody has → drafts of stories.

In: the bytes of a file (plain text, HTML, a mail, Markdown, Word), and the organisation, whose labels, furniture,
voices, outlets and marks are the house style that is looked for. Out: `Imported`: drafts, all that was left out, and
each guess with its line. Every import is a guess; what is written from it is a draft, and a person reads the warnings.

The way: `formats` (which one it is) → its reader (`page` for plain text, `html`, `mail`, `markdown`, `word`), which
gives lines, with their styles where the format has any → `furniture` (the page's own lines come off) → `split` (one
sheet a story) → `heading` (labels, headline, alt text) → `passages` and `body` (paragraphs, run-in heads, lists) →
citations → `doubts`. `read` has it as two lists of steps, which know no formats.

This package writes no files and must not know which stories there are: `fingerprint` lets others tell a second import.
"""

from newsletter.stories.importing.decode import read_plain
from newsletter.stories.importing.draft import Doubt, Draft, Dropped, Imported, PossibleLink, fingerprint
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.importing.read import import_file, import_text
from newsletter.stories.importing.report import import_report

__all__ = [
    "Doubt",
    "Draft",
    "Dropped",
    "Imported",
    "PossibleLink",
    "fingerprint",
    "import_file",
    "import_report",
    "import_text",
    "normalise",
    "read_plain",
]
