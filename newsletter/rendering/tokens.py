"""What differs from mail to mail stands in a message as `[[name]]`, and is substituted when it goes: a reader's own by
the ESP, and `[[rq]]`, which all mails of a send share, before the ESP gets it.

HTML and text have names of their own, since values are put in raw: each part gets its own, escaped for it. The
spelling passes through Jinja, MJML and premailer untouched, in text and in links.
"""

from __future__ import annotations

import re
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"
UNSUBSCRIBE_TEXT: Final = "unsubscribe_text"

REDIRECT_QUERY: Final = "rq"
"""After each link through our own redirect: nothing in a live mail, `?t` in a test, which does not count."""

TOKENS: Final = frozenset({UNSUBSCRIBE, UNSUBSCRIBE_TEXT, REDIRECT_QUERY})
"""Every name that a message may hold: `[[unsubscribe_text]]` in the text, the others in the HTML."""

TOKEN: Final = re.compile(r"\[\[([A-Za-z0-9_-]+)\]\]")
