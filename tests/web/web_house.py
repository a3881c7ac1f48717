"""A house on a real SQLite store over a copy of the shipped content, a list with readers, and ways to ask the app."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.audience import tokens
from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.storage import roster

ROOT = Path(__file__).parents[2]

PICTURE = "port-at-dawn.png"
"""Put by hand where pictures are published."""

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)

ESP = ec.generate_private_key(ec.SECP256R1())
"""The key that signs events; its public half is in the settings of the house."""


def verification_key() -> str:
    der = ESP.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(body: bytes, timestamp: str = "1777890600") -> dict[str, str]:
    """The headers under which SendGrid posts a body."""
    signature = ESP.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def bounce(address: str) -> bytes:
    """A body as SendGrid posts it, with the newline at its end that is signed too."""
    event = {
        "email": address, "event": "bounce", "type": "bounce", "timestamp": 1777890600, "reason": "550 no such user",
        "status": "5.1.1", "sg_event_id": f"bounce-{address}",
    }  # fmt: skip
    return json.dumps([event]).encode() + b"\r\n"


@dataclass
class House:
    """A context with two readers on the list `daily`, and its app."""

    context: Context
    app: Any
    ann: int
    list_id: int

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, without a socket and without following redirects."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://news.example.org") as client:
                return await client.request(method, path, **options)

        return asyncio.run(go())

    def token(self, subscriber: int | None = None, *, key: str | None = None) -> str:
        """The token of Ann's link, or of another's; 0 is a test's."""
        number = self.ann if subscriber is None else subscriber
        token = tokens.Token("reader", number, self.list_id if number else 0, 7)
        return tokens.sign(token, key or self.context.settings.secret_keys[0])

    @property
    def key(self) -> int:
        """Ann's address key."""
        return readers.identify(self.context, "ann@example.org").key

    def state(self) -> str | None:
        """Ann's place on the list."""
        with self.context.store.read() as tx:
            return roster.membership_state(tx, self.ann, self.list_id)

    @contextmanager
    def broken_database(self) -> Iterator[None]:
        """The database's file is none for a while."""
        file = self.context.settings.var / "newsletter.db"
        self.context.store.close()  # which also folds the write-ahead log into the file
        aside = file.rename(file.with_suffix(".aside"))
        file.write_bytes(b"This is no database. " * 500)
        try:
            yield
        finally:
            self.context.store.close()
            aside.replace(file)

    def suppressed(self) -> list[tuple[str, str]]:
        """Reason and source of each suppression."""
        with self.context.store.read() as tx:
            return [(reason, source) for _, _, reason, source, _ in roster.suppressions(tx)]


def open_house(content: Path, folder: Path, **environ: str) -> Context:
    """A context whose files are in `folder`; keywords are settings without their prefix, empty ones are not set."""
    given = {
        "CONTENT": str(content), "TEMPLATES": str(ROOT / "templates"), "VAR": str(folder / "var"),
        "EPOCH_FILE": str(folder / "epoch"), "SENDGRID_WEBHOOK_KEY": verification_key(), **environ,
    }  # fmt: skip
    settings = load_settings({f"NEWSLETTER_{name}": value for name, value in given.items()}, Path("none"))
    settings.published.mkdir(parents=True, exist_ok=True)
    copyfile(content / "images" / PICTURE, settings.published / PICTURE)
    return open_context(settings, lambda: NOW)
