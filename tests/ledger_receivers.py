"""What operators are told by, on loopback: a mail server that keeps what it takes, and an address that keeps posts."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

from ledger_gateway import raw_server, read_request


class MailBox:
    """What a mail server took. `answers` are its answers to the next mails, such as `451 later`; then all is taken."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.url = ""
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.logins: list[str] = []
        self.said: list[str] = []

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    def secured(self, connection: socket.socket) -> ssl.SSLSocket:
        assert self.tls is not None
        return self.tls.wrap_socket(connection, server_side=True)

    def talk_tls(self, connection: socket.socket) -> None:
        """TLS from the first byte; a client that does not trust the certificate goes away."""
        with contextlib.suppress(ssl.SSLError, ConnectionError), self.secured(connection) as secure:
            self.talk(secure)

    def _take(self, lines: list[str]) -> str:
        """Keep a mail, unless another answer stands to be given."""
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("2"):
            parsed = message_from_string("\n".join(lines), policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
        return answer

    def talk(self, connection: socket.socket, *, greeting: bool = True) -> None:
        """RFC 5321, as much of it as one client needs."""
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            self._talk(connection, greeting=greeting)

    def _talk(self, connection: socket.socket, *, greeting: bool) -> None:
        file = connection.makefile("rw", encoding="utf-8", newline="\r\n")

        def say(line: str) -> None:
            file.write(f"{line}\n")
            file.flush()

        if greeting:
            say("220 mail.example.org")
        for line in iter(file.readline, ""):
            self.said.append(line.rstrip())
            match line.split()[0].upper():
                case "STARTTLS":
                    say("220 go on")
                    with self.secured(connection) as secure:
                        self.talk(secure, greeting=False)
                    return
                case "EHLO":
                    say("250-mail.example.org")
                    if self.tls is not None and not isinstance(connection, ssl.SSLSocket):
                        say("250-STARTTLS")
                    say("250 AUTH PLAIN")
                case "AUTH":
                    self.logins.append(line.split()[2])
                    say("235 welcome")
                case "DATA":
                    say("354 go on")
                    say(self._take(list(iter(lambda: file.readline().rstrip("\r\n"), "."))))
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 well")


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, scheme: str = "smtp") -> Iterator[MailBox]:
    """A mail server for the time of the block: with `tls` it offers STARTTLS, as `smtps` it speaks TLS at once."""
    box = MailBox(tls)
    with raw_server(box.talk_tls if scheme == "smtps" else box.talk) as url:
        box.url = url.replace("http://", f"{scheme}://")
        yield box


class Posts:
    """What was posted; `status` is what is answered."""

    def __init__(self) -> None:
        self.url = ""
        self.status = "204 No Content"
        self.heads: list[bytes] = []
        self.documents: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def talk(self, connection: socket.socket) -> None:
        head, _, body = read_request(connection).partition(b"\r\n\r\n")
        with self._lock:
            self.heads.append(head)
            self.documents.append(json.loads(body))
        connection.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


@contextmanager
def webhook() -> Iterator[Posts]:
    """A receiver of posts for the time of the block."""
    posts = Posts()
    with raw_server(posts.talk) as url:
        posts.url = f"{url}/hook/t0ken"
        yield posts
