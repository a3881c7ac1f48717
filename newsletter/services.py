"""The composition root: settings and content become the `Context` that every use case works with. Nothing is opened
at import.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from newsletter.errors import ConfigError
from newsletter.pipeline.context import Context
from newsletter.sending.gateway import Gateway
from newsletter.settings import Settings, ensure_keys, load_holidays, load_newsletters, load_organisation
from newsletter.storage import Store, guard, schema


def utc_now() -> datetime:
    """The one place that reads the clock."""
    return datetime.now(UTC)


def open_context(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Context:
    """Read the content, make or check keys and tables, and wire the house. Raises ConfigError or StoreError."""
    organisation = load_organisation(settings.content)
    newsletters = load_newsletters(settings.content, organisation)
    holidays = load_holidays(settings.content)
    settings = ensure_keys(settings)
    store = Store(settings.database_url)
    schema.ensure(store, clock())
    if settings.queue == "workers":
        from newsletter.pipeline import queueing  # noqa: PLC0415  Procrastinate takes 0.2 s to load

        queueing.ensure(store)
    _check_address_key(store, settings.address_key or "")
    return Context(
        settings=settings,
        organisation=organisation,
        newsletters=newsletters,
        holidays=holidays,
        store=store,
        gateway=lambda: make_gateway(settings),
        clock=clock,
    )


def _check_address_key(store: Store, key: str) -> None:
    with store.read() as tx:
        if guard.knows_address_key(tx, key):
            return
    with store.write() as tx:
        guard.bind_address_key(tx, key)


def make_gateway(settings: Settings) -> Gateway:
    """The gateway to SendGrid, or to what stands in for it. Raises ConfigError without a key."""
    from newsletter.sending.sendgrid import SendGrid  # noqa: PLC0415  the library takes 0.2 s to load

    if settings.sendgrid_api_key is None:
        raise ConfigError(
            "NEWSLETTER_SENDGRID_API_KEY is not set: set it to send through SendGrid, or NEWSLETTER_SANDBOX=1 to send "
            "to the sandbox on this machine"
        )
    return SendGrid(settings.sendgrid_api_key, settings.sendgrid_url, settings.sendgrid_timeout_s)
