"""The room where an edition becomes a message: Jinja2 → MJML → premailer → proof.

In: an `Edition`, its `Newsletter` and `Organisation`, a folder of templates, the base URL. Out: a `Message`, the same
bytes for every reader, and the proof's `Finding`s. It must not know who the readers are, how mail is sent, where
stories come from, or what time it is; what differs for each reader stands in the message as `[[token]]`.
"""

from __future__ import annotations

from newsletter.rendering.render import render
from newsletter.rendering.tokens import TOKENS

__all__ = ["TOKENS", "render"]
