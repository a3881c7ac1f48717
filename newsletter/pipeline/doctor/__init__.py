"""`newsletter doctor`: everything that an installation needs is looked at, and what to do is said. It changes nothing.

`inside` looks at settings, files and keys, `ledger` at the database, `outside` at SendGrid, DNS, mail server and web.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.errors import ConfigError
from newsletter.model import Check, Health, Newsletter, Organisation
from newsletter.operators.dns import Lookup
from newsletter.pipeline.context import Context
from newsletter.pipeline.doctor import inside, ledger, outside
from newsletter.sending.gateway import Gateway
from newsletter.settings import Settings, load_holidays, load_newsletters, load_organisation
from newsletter.storage import Store


def examine(settings: Settings, *, clock: Callable[[], datetime], look: Lookup) -> tuple[Check, ...]:
    """Every check, in the order in which an operator mends things. `look` asks DNS."""
    made = inside.database(settings)
    store = Store(settings.database_url) if made.health is Health.OK else None
    try:
        content, read = _content(settings)
        context = _context(settings, content, store, clock) if content and store else None
        return (
            Check(name="settings", health=Health.OK, found="each can be read"),
            read,
            *inside.keys(settings),
            *inside.disk(settings),
            *(ledger.examine(settings, store, context, clock()) if store else (made,)),
            *outside.gateway(settings, clock),
            *outside.webhook(settings),
            *outside.web(settings),
            *outside.pictures(settings),
            *outside.alerts(settings),
            *outside.senders(settings, content.newsletters.values() if content else (), look),
        )
    finally:
        if store is not None:
            store.close()


def unreadable(error: ConfigError) -> tuple[Check, ...]:
    """What can be said where the settings cannot be read: nothing of the rest."""
    rest = "everything else"
    return (
        Check(name="settings", health=Health.FAIL, found=str(error), cure="mend .env or the environment"),
        Check(name=rest, health=Health.UNKNOWN, found="the settings cannot be read", cure="mend them first"),
    )


def healthy(checks: tuple[Check, ...]) -> bool:
    """Whether nothing fails; what is warned of or could not be looked at is no failure."""
    return all(check.health is not Health.FAIL for check in checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    organisation: Organisation
    newsletters: Mapping[str, Newsletter]
    holidays: Mapping[date, str]


def _content(settings: Settings) -> tuple[_Content | None, Check]:
    """What stands in `content/`, where it can be read, and the check that says so."""
    try:
        organisation = load_organisation(settings.content)
        newsletters = load_newsletters(settings.content, organisation)
        holidays = load_holidays(settings.content)
    except ConfigError as error:
        return None, Check(name="content", health=Health.FAIL, found=str(error), cure="mend what is named")
    content = _Content(organisation=organisation, newsletters=newsletters, holidays=holidays)
    if not settings.templates.is_dir():
        words = f"{settings.templates} is no folder of templates"
        return content, Check(name="content", health=Health.FAIL, found=words, cure="set NEWSLETTER_TEMPLATES")
    found = f"newsletters: {', '.join(sorted(newsletters))}"
    return content, Check(name="content", health=Health.OK, found=found)


def _context(settings: Settings, content: _Content, store: Store, clock: Callable[[], datetime]) -> Context:
    return Context(
        settings=settings, organisation=content.organisation, newsletters=content.newsletters,
        holidays=content.holidays, store=store, gateway=_no_gateway, clock=clock,
    )  # fmt: skip


def _no_gateway() -> Gateway:
    raise ConfigError("a doctor sends nothing")
