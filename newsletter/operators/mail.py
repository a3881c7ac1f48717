"""An alert as a mail to operators, by a mail server of their own: when SendGrid is what is broken, it still goes."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from newsletter.model import MailServer

TIMEOUT_S = 10


def send(server: MailServer, *, sender: str, to: Sequence[str], subject: str, text: str, at: datetime) -> None:
    """One mail to all of them. Raises OSError where the server does not take it for anybody (smtplib's errors are)."""
    mail = _mail(sender, to, subject, text, at)
    with _logged_in(server) as client:
        client.send_message(mail, from_addr=sender, to_addrs=list(to))


def greet(server: MailServer) -> None:
    """Log in, and send nothing. Raises OSError where the server cannot be reached or does not let us in."""
    with _logged_in(server) as client:
        client.noop()


@contextmanager
def _logged_in(server: MailServer) -> Iterator[smtplib.SMTP]:
    verified = ssl.create_default_context()  # checks the certificate and its name
    client = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=verified)
        if server.security == "tls"
        else smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    )
    with client:
        if server.security == "starttls":
            client.starttls(
                context=verified
            )  # raises where the server does not offer it: no password goes in the clear
        if server.user:
            client.login(server.user, server.password)
        yield client


def _mail(sender: str, to: Sequence[str], subject: str, text: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office note answers it
    mail.set_content(text)
    return mail
