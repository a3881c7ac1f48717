"""Mail to operators over TLS: only to a server whose certificate is trusted and names it."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ledger_receivers import MailBox, mail_server

from newsletter.operators import mail
from newsletter.settings import load_settings

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


def certificate(folder: Path, address: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own making for an address: the file to trust, and what a server shows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
    made = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made - timedelta(days=1))
        .not_valid_after(made + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / "mail.pem"
    file.write_bytes(
        built.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(file)
    return file, shown


def tell(box: MailBox, query: str) -> None:
    url = box.url.replace("//", "//robot%40example.org:hush@") + query
    settings = load_settings({"NEWSLETTER_ALERT_SMTP_URL": url, "NEWSLETTER_ALERT_TO": "ops@example.org"}, Path("none"))
    assert settings.alert_smtp_url is not None
    mail.send(
        settings.alert_smtp_url, sender="robot@example.org", to=settings.alert_to, subject="mill: disk low",
        text="no room", at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(("scheme", "query"), [("smtps", ""), ("smtp", "?starttls")])
def test_a_server_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, query: str) -> None:
    """By a certificate of the machine's own store."""
    file, shown = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with mail_server(shown, scheme=scheme) as box:
        tell(box, query)
    assert (box.subjects, len(box.logins)) == (["mill: disk low"], 1)


@pytest.mark.parametrize(("scheme", "query"), [("smtps", ""), ("smtp", "?starttls")])
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_a_server_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, query: str, address: str
) -> None:
    """A certificate that nobody vouches for, or of another host: no password, no mail."""
    file, shown = certificate(tmp_path, address)
    if address != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with mail_server(shown, scheme=scheme) as box, pytest.raises(ssl.SSLCertVerificationError):
        tell(box, query)
    assert (box.mails, box.logins) == ([], [])


def test_a_server_that_offers_no_tls() -> None:
    """Where STARTTLS is asked for, nothing goes without it."""
    with mail_server() as box, pytest.raises(smtplib.SMTPNotSupportedError):
        tell(box, "?starttls")
    assert (box.mails, box.logins) == ([], [])
