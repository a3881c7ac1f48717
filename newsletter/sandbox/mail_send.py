"""The body of `POST /v3/mail/send` as a table, after SendGrid's official OpenAPI description (tsg_mail_v3, 3.1.0).

Two places follow what SendGrid does rather than what the description says: message-level `custom_args` is an object
there too (the description says string; the service answers "Expected: object"), and `from` is required at the top.
"""

from __future__ import annotations

from newsletter.sandbox.shapes import Anything, Fields, Flag, Items, Strings, Text, Whole

MAX_PERSONALIZATIONS = 1_000
MAX_CATEGORIES = 10
MAX_CATEGORY_LENGTH = 255

ADDRESS = Fields({"email": Text(minimum=1), "name": Text()}, required=("email",))

PERSONALIZATION = Fields(
    {
        "from": ADDRESS,
        "to": Items(ADDRESS, minimum=1),
        "cc": Items(ADDRESS),
        "bcc": Items(ADDRESS),
        "subject": Text(minimum=1),
        "headers": Strings(),
        "substitutions": Strings(),
        "dynamic_template_data": Anything(),
        "custom_args": Strings(),
        "send_at": Whole(),
    },
    required=("to",),
)

ATTACHMENT = Fields(
    {
        "content": Text(minimum=1),
        "type": Text(minimum=1),
        "filename": Text(minimum=1),
        "disposition": Text(one_of=("inline", "attachment")),
        "content_id": Text(),
    },
    required=("content", "filename"),
)

_SWITCH = Fields({"enable": Flag()})

MAIL_SETTINGS = Fields(
    {
        "bypass_list_management": _SWITCH,
        "bypass_spam_management": _SWITCH,
        "bypass_bounce_management": _SWITCH,
        "bypass_unsubscribe_management": _SWITCH,
        "footer": Fields({"enable": Flag(), "text": Text(), "html": Text()}),
        "sandbox_mode": _SWITCH,
    }
)

TRACKING_SETTINGS = Fields(
    {
        "click_tracking": Fields({"enable": Flag(), "enable_text": Flag()}),
        "open_tracking": Fields({"enable": Flag(), "substitution_tag": Text()}),
        "subscription_tracking": Fields(
            {"enable": Flag(), "text": Text(), "html": Text(), "substitution_tag": Text()},
        ),
        "ganalytics": Fields(
            {
                "enable": Flag(),
                "utm_source": Text(),
                "utm_medium": Text(),
                "utm_term": Text(),
                "utm_content": Text(),
                "utm_campaign": Text(),
            }
        ),
    }
)

MAIL_SEND = Fields(
    {
        "personalizations": Items(PERSONALIZATION, minimum=1, maximum=MAX_PERSONALIZATIONS),
        "from": ADDRESS,
        "reply_to": ADDRESS,
        "reply_to_list": Items(ADDRESS, maximum=1_000),
        "subject": Text(minimum=1),
        "content": Items(Fields({"type": Text(minimum=1), "value": Text(minimum=1)}, required=("type", "value"))),
        "attachments": Items(ATTACHMENT),
        "template_id": Text(minimum=1),
        "headers": Strings(),
        "categories": Items(Text(maximum=MAX_CATEGORY_LENGTH), maximum=MAX_CATEGORIES),
        "custom_args": Strings(),
        "send_at": Whole(),
        "batch_id": Text(minimum=1),
        "asm": Fields(
            {"group_id": Whole(), "groups_to_display": Items(Whole(), maximum=25)},
            required=("group_id",),
        ),
        "ip_pool_name": Text(minimum=2, maximum=64),
        "mail_settings": MAIL_SETTINGS,
        "tracking_settings": TRACKING_SETTINGS,
    },
    required=("personalizations", "from"),
)
