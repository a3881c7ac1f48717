"""The environment and `.env` → frozen `Settings`. docs/settings.md has a row for each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeVar

from newsletter.errors import ConfigError
from newsletter.model import MailServer
from newsletter.settings import alerts, values
from newsletter.settings.dotenv import read_dotenv
from newsletter.settings.names import nearest

PREFIX = "NEWSLETTER_"
TESTS_OWN = "NEWSLETTER_TEST_"
"""Names under this are for the tests (a PostgreSQL to try against), and no typing errors."""

SENDGRID_URL = "https://api.sendgrid.com"
SANDBOX_URL = "http://127.0.0.1:8025"
SANDBOX_API_KEY = "SG.sandbox"
"""What is handed to the sandbox where no key is set; SendGrid itself refuses it."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a machine may be told, checked. Secrets do not show in `repr`.

    `secret_keys` is empty and `address_key` None until `ensure_keys` has made or found them.
    """

    content: Path
    templates: Path
    var: Path
    database_url: str = field(repr=False)
    base_url: str
    trusted_proxies: tuple[str, ...]
    secret_keys: tuple[str, ...] = field(repr=False)
    address_key: str | None = field(repr=False)
    sendgrid_api_key: str | None = field(repr=False)
    sandbox: bool
    sendgrid_url: str
    sendgrid_webhook_key: str | None
    sendgrid_timeout_s: float
    send_concurrency: int
    batch_size: int
    queue: Literal["here", "workers"]
    epoch_file: Path
    heartbeat_url: str | None = field(repr=False)
    alert_to: tuple[str, ...]
    alert_smtp_url: MailServer | None
    alert_webhook: str | None = field(repr=False)
    metrics_token: str | None = field(repr=False)
    keep_events_days: int
    keep_deliveries_days: int
    log: str

    @property
    def on_loopback(self) -> bool:
        """The gateway is on this machine: no mail can leave it."""
        return self.sandbox or values.is_loopback(self.sendgrid_url)

    @property
    def published(self) -> Path:
        """Where pictures of mails are published: the web app serves them, and nothing there is ever taken away."""
        return self.var / "images"

    @property
    def story_cache(self) -> Path:
        """Where parsed stories are kept: it may be deleted."""
        return self.var / "cache" / "stories"

    @property
    def gateway_kind(self) -> Literal["sandbox", "sendgrid"]:
        return "sandbox" if self.on_loopback else "sendgrid"

    @property
    def public(self) -> bool:
        """Readers can reach the web app: the base URL is https at a public host."""
        return values.is_public(self.base_url)

    @property
    def is_postgresql(self) -> bool:
        return self.database_url.startswith("postgresql")

    def webhook_public_key(self) -> str | None:
        """The key that signed events are checked with: base64 of DER, or None where there is none (yet).

        The sandbox writes its own into `var/sandbox/webhook-key.pub` when it first starts, so it is looked for anew.
        """
        if self.sendgrid_webhook_key or not self.on_loopback:
            return self.sendgrid_webhook_key
        try:
            return (self.var / "sandbox" / "webhook-key.pub").read_text("ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None


SETTING_NAMES = tuple(PREFIX + item.name.upper() for item in fields(Settings))
"""Every variable there is; each is a field of `Settings`."""


def load_settings(environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """The settings of this machine. What the environment says goes before what `.env` says; an empty value is none.

    Raises ConfigError with every wrong value and every unknown `NEWSLETTER_…` name at once.
    """
    environment = os.environ if environ is None else environ
    found = {**read_dotenv(dotenv), **environment}
    texts = {name: text.strip() for name, text in found.items() if text.strip()}
    reading = _Reading(texts)
    settings = _read(reading, texts)
    _check_together(settings, reading)
    if reading.faults:
        raise ConfigError("\n".join(reading.faults))
    return settings


class _Reading:
    """The texts of the settings, and the faults found so far, in the order of the fields."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.faults = [
            f"{name}: there is no such setting{nearest(name, SETTING_NAMES)}; docs/settings.md lists them"
            for name in sorted(texts)
            if name.startswith(PREFIX) and not name.startswith(TESTS_OWN) and name not in SETTING_NAMES
        ]

    def value(self, name: str, read: Callable[[str], _T], default: _T) -> _T:
        text = self.texts.get(PREFIX + name)
        if text is None:
            return default
        try:
            return read(text)
        except ValueError as error:
            self.faults.append(f"{PREFIX}{name}: {error}")
            return default


def _read(reading: _Reading, texts: Mapping[str, str]) -> Settings:
    var = reading.value("VAR", _path, Path("var"))
    database_url = reading.value("DATABASE_URL", values.database, f"sqlite:///{(var / 'newsletter.db').absolute()}")
    sandbox = reading.value("SANDBOX", values.switch, default=False)
    sendgrid_url = reading.value("SENDGRID_URL", values.gateway_address, SANDBOX_URL if sandbox else SENDGRID_URL)
    api_key = SANDBOX_API_KEY if sandbox or values.is_loopback(sendgrid_url) else None
    return Settings(
        content=reading.value("CONTENT", _path, Path("content")),
        templates=reading.value("TEMPLATES", _path, Path("templates")),
        var=var,
        database_url=database_url,
        base_url=reading.value("BASE_URL", values.web_address, "http://127.0.0.1:8000"),
        trusted_proxies=reading.value("TRUSTED_PROXIES", values.networks, ("127.0.0.1", "::1")),
        secret_keys=reading.value("SECRET_KEYS", values.keys, ()),
        address_key=reading.value("ADDRESS_KEY", values.key, None),
        sendgrid_api_key=reading.value("SENDGRID_API_KEY", values.api_key, api_key),
        sandbox=sandbox,
        sendgrid_url=sendgrid_url,
        sendgrid_webhook_key=reading.value("SENDGRID_WEBHOOK_KEY", values.webhook_key, None),
        sendgrid_timeout_s=reading.value("SENDGRID_TIMEOUT_S", values.seconds, 30.0),
        send_concurrency=reading.value("SEND_CONCURRENCY", values.whole(1, 64), 8),
        batch_size=reading.value("BATCH_SIZE", values.whole(1, 1000), 1000),
        queue=reading.value("QUEUE", values.queue, "here"),
        epoch_file=reading.value("EPOCH_FILE", _path, _default_epoch_file(texts, database_url)),
        heartbeat_url=reading.value("HEARTBEAT_URL", values.secret_address, None),
        alert_to=reading.value("ALERT_TO", alerts.addresses, ()),
        alert_smtp_url=reading.value("ALERT_SMTP_URL", alerts.mail_server, None),
        alert_webhook=reading.value("ALERT_WEBHOOK", alerts.webhook, None),
        metrics_token=reading.value("METRICS_TOKEN", values.key, None),
        keep_events_days=reading.value("KEEP_EVENTS_DAYS", values.whole(30, 3650), 90),
        keep_deliveries_days=reading.value("KEEP_DELIVERIES_DAYS", values.whole(30, 3650), 400),
        log=reading.value("LOG", values.level, "info"),
    )


def _check_together(settings: Settings, reading: _Reading) -> None:
    if settings.sandbox and not values.is_loopback(settings.sendgrid_url):
        reading.faults.append(
            f"NEWSLETTER_SENDGRID_URL: {settings.sendgrid_url} is not on this machine, and NEWSLETTER_SANDBOX asks for "
            "the sandbox; sandbox and reality never mix: leave one of the two out"
        )
    if settings.queue == "workers" and not settings.is_postgresql:
        reading.faults.append(
            "NEWSLETTER_QUEUE: workers share a PostgreSQL, and NEWSLETTER_DATABASE_URL names none; set it to "
            "postgresql+psycopg://user:password@host/database, or leave NEWSLETTER_QUEUE out"
        )
    if settings.epoch_file.absolute().is_relative_to(settings.var.absolute()):
        reading.faults.append(
            f"NEWSLETTER_EPOCH_FILE: {settings.epoch_file} lies inside {settings.var}, whose backup would bring it "
            "back together with the database that it guards; name a file elsewhere, or leave it out"
        )
    if settings.keep_deliveries_days < settings.keep_events_days:
        reading.faults.append(
            f"NEWSLETTER_KEEP_DELIVERIES_DAYS: {settings.keep_deliveries_days} days are fewer than the "
            f"{settings.keep_events_days} of NEWSLETTER_KEEP_EVENTS_DAYS, and events belong to deliveries; ask for more"
        )
    if settings.alert_smtp_url is not None and not settings.alert_to:
        reading.faults.append(
            "NEWSLETTER_ALERT_SMTP_URL: nobody is named to whom alerts go; set NEWSLETTER_ALERT_TO, or leave both out"
        )


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("a path has no NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"'{text}' names a home folder that is not known; write the path in full") from error


def _default_epoch_file(texts: Mapping[str, str], database_url: str) -> Path:
    """A file in the person's state folder (XDG Base Directory), one for each database, whatever its password is."""
    address = database_url.partition("?")[0]
    place = address.rpartition("@")[2] if address.startswith("postgresql") else address
    digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    home = Path(texts["HOME"]) if "HOME" in texts else Path.home()
    state = Path(texts.get("XDG_STATE_HOME", ""))
    # A relative XDG_STATE_HOME is to be ignored, says the specification.
    folder = state if state.is_absolute() else home / ".local" / "state"
    return folder / "newsletter" / f"epoch-{digest}"
