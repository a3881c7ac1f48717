"""A SendGrid on this machine: takes `mail/send` as SendGrid would, shows the mails, posts signed events back.

In: HTTP requests as SendGrid's official v3 description has them, and faults scripted in one line.
Out: mails as `.eml` files and in the browser, a record of every acceptance, signed events to a webhook on loopback.
Must not know: anything else of the newsletter. It imports none of its modules, since it must not share the code that
it is there to check; and it sends nothing to any other machine.
"""

from newsletter.sandbox.keys import webhook_public_key
from newsletter.sandbox.record import Accepted, Asked, accepted, accepted_count, asked
from newsletter.sandbox.sandbox import Sandbox, SandboxError

__all__ = [
    "Accepted",
    "Asked",
    "Sandbox",
    "SandboxError",
    "accepted",
    "accepted_count",
    "asked",
    "webhook_public_key",
]
