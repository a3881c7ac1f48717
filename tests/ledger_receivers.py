"""What operators are told by, on loopback: a mail server that keeps what it takes, and an address that keeps posts."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

from ledger_gateway import raw_server, read_request


class MailBox:
    """What a mail server took. `answers` are its answers to the next mails, such as `451 later`; then all is taken."""

    def __init__(self) -> None:
        self.url = ""
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.logins: list[str] = []
        self.said: list[str] = []

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    def talk(self, connection: socket.socket) -> None:
        """RFC 5321, as much of it as one client needs."""
        file = connection.makefile("rw", encoding="utf-8", newline="\r\n")

        def say(line: str) -> None:
            file.write(f"{line}\n")
            file.flush()

        say("220 mail.example.org")
        for line in iter(file.readline, ""):
            self.said.append(line.rstrip())
            match line.split()[0].upper():
                case "EHLO":
                    say("250-mail.example.org")
                    say("250 AUTH PLAIN")
                case "AUTH":
                    self.logins.append(line.split()[2])
                    say("235 welcome")
                case "DATA":
                    say("354 go on")
                    lines = list(iter(lambda: file.readline().rstrip("\r\n"), "."))
                    answer = self.answers.pop(0) if self.answers else "250 taken"
                    if answer.startswith("2"):
                        parsed = message_from_string("\n".join(lines), policy=policy.default)
                        assert isinstance(parsed, EmailMessage)
                        self.mails.append(parsed)
                    say(answer)
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 well")


@contextmanager
def mail_server() -> Iterator[MailBox]:
    """A mail server for the time of the block."""
    box = MailBox()
    with raw_server(box.talk) as url:
        box.url = url.replace("http://", "smtp://")
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
