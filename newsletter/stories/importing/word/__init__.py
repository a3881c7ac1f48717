"""A Word document (.docx) → lines with their styles.

In: the bytes of the file. Out: a `Page`, whose lines count paragraphs. Tracked changes are read as if they were
accepted; what was deleted, comments, pictures, headers and footers are told, never lost in silence.

The way: `package` (the archive is looked at before anybody trusts it) → mammoth (Word → HTML) → `html`.
"""

from newsletter.stories.importing.word.read import read_word

__all__ = ["read_word"]
