"""What differs for each reader stands in a message as `[[name]]`; the ESP substitutes it.

HTML and text have names of their own, since values are put in raw: each part gets its own, escaped for it. The
spelling passes through Jinja, MJML and premailer untouched, in text and in links.
"""

from __future__ import annotations

import re
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"
UNSUBSCRIBE_TEXT: Final = "unsubscribe_text"

TOKENS: Final = frozenset({UNSUBSCRIBE, UNSUBSCRIBE_TEXT})
"""Every name that a message may hold: `[[unsubscribe]]` in the HTML, `[[unsubscribe_text]]` in the text."""

TOKEN: Final = re.compile(r"\[\[([A-Za-z0-9_-]+)\]\]")
