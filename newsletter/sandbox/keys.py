"""The key pair with which the sandbox signs its events, as SendGrid signs its own.

ECDSA on the curve P-256 over the timestamp header and the raw body; the public key is shown as base64 of DER.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.sandbox.whole import write_whole

PRIVATE_NAME = "webhook-key.pem"
PUBLIC_NAME = "webhook-key.pub"


class Signer:
    """Signs with the private key of a folder; the pair is made on first use."""

    def __init__(self, folder: Path) -> None:
        self._key = _private_key(folder)
        self.public_key = base64.b64encode(
            self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode()
        _publish(folder / PUBLIC_NAME, self.public_key)

    def sign(self, timestamp: str, body: bytes) -> str:
        """The signature header of a body: base64 of the DER signature."""
        return base64.b64encode(self._key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()


def webhook_public_key(folder: Path) -> str:
    """The public key of a sandbox's folder as SendGrid would show it; the pair is made where there is none yet."""
    return Signer(folder).public_key


def _private_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    path = folder / PRIVATE_NAME
    if not path.exists():
        _make_private_key(path)
    return cast("ec.EllipticCurvePrivateKey", load_pem_private_key(path.read_bytes(), password=None))


def _make_private_key(path: Path) -> None:
    """A link fails where the name is taken, so that of two that start at once the first one's key holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # somebody else was first: theirs is the key
    finally:
        draft.unlink()


def _publish(path: Path, public_key: str) -> None:
    if path.exists() and path.read_text().strip() == public_key:
        return
    write_whole(path, public_key.encode() + b"\n")
