"""Words for editors as a mail: without a template, since it must go when templates are broken."""

from __future__ import annotations

import html

from newsletter.model import Message, Newsletter, Organisation
from newsletter.rendering.render import fingerprint

_PAGE = """<!DOCTYPE html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:24px;font:16px/1.5 Menlo,Consolas,monospace">
<h1 style="font-size:18px;margin:0 0 16px">{title}</h1>
{paragraphs}
<p style="margin:24px 0 0;font-size:14px">{foot}</p>
</body></html>
"""
_FOOT = "Written by the newsletter's clock for {readers} of {title}, {name}, {address}."


def notice(
    subject: str, text: str, newsletter: Newsletter, organisation: Organisation, *, readers: str = "the editors"
) -> Message:
    """A notice to editors, or to other `readers`: paragraphs are parted by blank lines, lines within them are kept."""
    foot = _FOOT.format(
        readers=readers,
        title=newsletter.title,
        name=organisation.name,
        address=", ".join(organisation.postal_address.splitlines()),
    )
    paragraphs = "\n".join(
        f'<p style="margin:0 0 16px">{html.escape(part).replace(chr(10), "<br>" + chr(10))}</p>'
        for part in text.strip().split("\n\n")
    )
    page = _PAGE.format(
        language=html.escape(newsletter.language),
        direction=newsletter.direction,
        title=html.escape(subject),
        paragraphs=paragraphs.replace("  ", "&nbsp; "),
        foot=html.escape(foot),
    )
    plain = f"{subject}\n\n{text.strip()}\n\n-- \n{foot}\n"
    return Message(
        subject=subject,
        preheader="",
        html=page,
        text=plain,
        links=(),
        fingerprint=fingerprint(subject, "", page, plain),
        language=newsletter.language,
    )
