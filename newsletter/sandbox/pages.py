"""The inbox in the browser: the list, a mail, and its parts. Server-rendered, without scripts or outside assets.

A mail's HTML is shown in a frame of its own under a policy without scripts; all else is escaped by the templates.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.sandbox.answers import Answer
from newsletter.sandbox.faults import Fault
from newsletter.sandbox.mailbox import Mailbox, custom_args_of, text_of

PAGE_SIZE = 50

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; font-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)

_VIEWS = ("html", "text", "headers", "reader")
_WIDTHS = ("desktop", "phone")
_CID = re.compile(r'src="cid:([^"]*)"', re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the list's head tells of the sandbox: faults scripted, batches of events not answered yet."""

    accept_only: bool
    accepted_count: int
    faults: tuple[Fault, ...]
    pending_batches: int


class Inbox:
    """Renders a mailbox; `standing` is asked for each list."""

    def __init__(self, mailbox: Mailbox, standing: Callable[[], Standing]) -> None:
        self._mailbox = mailbox
        self._standing = standing

    def mails(self, query: Mapping[str, str]) -> Answer:
        """`?q=` part of an address, `?edition=`, `?kind=`, `?page=` from 1."""
        filters = {name: query[name].strip() for name in ("q", "edition", "kind") if query.get(name, "").strip()}
        ids = self._ids(filters)
        last = max(1, -(-len(ids) // PAGE_SIZE))
        page = min(max(1, _number(query.get("page", ""))), last)
        shown = ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        summaries = [summary for mail_id in shown if (summary := self._mailbox.summary(mail_id))]
        return self._page(
            "list.html",
            mails=summaries,
            total=len(ids),
            first=(page - 1) * PAGE_SIZE + 1,
            page=page,
            last=last,
            filters=filters,
            standing=self._standing(),
        )

    def mail(self, mail_id: str, query: Mapping[str, str]) -> Answer:
        """`?view=` html, text, headers or reader; `?width=` desktop or phone."""
        mail = self._mailbox.mail(mail_id)
        summary = self._mailbox.summary(mail_id)
        if mail is None or summary is None:
            return self._missing()
        views = [view for view in _VIEWS if view not in ("html", "text") or text_of(mail, _PART_OF[view]) is not None]
        view = query.get("view", "")
        return self._page(
            "mail.html",
            mail=summary,
            sender=str(mail.get("from", "")),
            reply_to=str(mail.get("reply-to", "")),
            views=views,
            view=view if view in views else views[0],
            width=query["width"] if query.get("width") in _WIDTHS else "desktop",
            text=text_of(mail, "plain") or "",
            headers=[(name, str(value)) for name, value in mail.items()],
            custom_args=custom_args_of(mail),
            unsubscribe=unsubscribe_links(mail),
            one_click=str(mail.get("list-unsubscribe-post", "")),
            beside=self._mailbox.neighbours(mail_id),
        )

    def html(self, mail_id: str) -> Answer:
        """The mail's HTML for the frame: as sent, but its links open a tab of their own, and what it shows from its
        own parts (`cid:`, RFC 2392) stands in it, as mail programs have it.
        """
        mail = self._mailbox.mail(mail_id)
        html = None if mail is None else text_of(mail, "html")
        if html is None:
            return self._missing()
        shown = html if mail is None else with_its_pictures(html, mail)
        body = _HEAD.sub(lambda head: head[0] + '<base target="_blank">', shown, count=1)
        return Answer(
            status=200,
            body=body.encode("utf-8", "replace"),
            content_type="text/html; charset=utf-8",
            headers=_headers(MAIL_POLICY),
        )

    def source(self, mail_id: str) -> Answer:
        source = self._mailbox.source(mail_id)
        if source is None:
            return self._missing()
        disposition = ("Content-Disposition", f'attachment; filename="{mail_id}.eml"')
        headers = (*_headers(PAGE_POLICY), disposition)
        return Answer(status=200, body=source, content_type="message/rfc822", headers=headers)

    def style(self) -> Answer:
        style = (_FOLDER / "style.css").read_bytes()
        return Answer(status=200, body=style, content_type="text/css; charset=utf-8", headers=_headers(PAGE_POLICY))

    def _ids(self, filters: Mapping[str, str]) -> list[str]:
        if not filters:
            return self._mailbox.ids()
        address, edition, kind = (filters.get(name, "") for name in ("q", "edition", "kind"))
        return self._mailbox.found(address=address, edition=edition, kind=kind)

    def _missing(self) -> Answer:
        return self._page("missing.html", status=404)

    def _page(self, template: str, *, status: int = 200, **values: object) -> Answer:
        body = self._templates.get_template(template).render(values)
        return Answer(
            status=status,
            body=body.encode("utf-8", "replace"),
            content_type="text/html; charset=utf-8",
            headers=_headers(PAGE_POLICY),
        )

    @cached_property
    def _templates(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals["query"] = query
        return environment


_FOLDER = Path(__file__).parent / "templates"
_PART_OF = {"html": "html", "text": "plain"}


def query(*layers: Mapping[str, object], **last: object) -> str:
    """A query string with the later values over the earlier ones; an empty value takes its name out."""
    values = {name: value for layer in (*layers, last) for name, value in layer.items()}
    filled = {name: value for name, value in values.items() if value}
    return f"?{urlencode(filled)}" if filled else "?"


def with_its_pictures(html: str, mail: EmailMessage) -> str:
    """The HTML with what it shows by Content-ID in place; an id that the mail does not hold stays, as a gap."""
    parts = inline_parts(mail)

    def place(found: re.Match[str]) -> str:
        return f'src="{parts[name]}"' if (name := unquote(unescape(found[1]))) in parts else found[0]

    return _CID.sub(place, html) if parts else html


def inline_parts(mail: EmailMessage) -> dict[str, str]:
    """The pictures that the mail carries, by their Content-ID, as `data:` addresses."""
    found = {}
    for part in mail.iter_attachments():
        name = str(part.get("content-id", "")).strip().strip("<>")
        if name and part.get_content_maintype() == "image":
            content: bytes = part.get_content()
            found[name] = f"data:{part.get_content_type()};base64,{base64.b64encode(content).decode('ascii')}"
    return found


def unsubscribe_links(mail: EmailMessage) -> list[str]:
    """The addresses of List-Unsubscribe that a browser or a mail program can open."""
    links = re.findall(r"<([^<>]+)>", str(mail.get("list-unsubscribe", "")))
    return [link for link in links if link.startswith(("https://", "http://", "mailto:"))]


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 1


def _headers(policy: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )
