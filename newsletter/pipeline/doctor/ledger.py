"""The database, and what it knows of the clock, of events and of alerts."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.errors import ConfigError, StoreError
from newsletter.model import Check, Health
from newsletter.pipeline import guards, watching
from newsletter.pipeline.context import Context
from newsletter.pipeline.vitals import OPEN_WITHIN
from newsletter.settings import Settings, known_address_key
from newsletter.storage import Store, Tx, alerts, clock, guard, schema, vitals
from newsletter.storage.database import durable

_REACH = "see that the database runs, and that NEWSLETTER_DATABASE_URL leads to it with a name and password it takes"

AHEAD_AT_MOST = timedelta(minutes=1)


def examine(settings: Settings, store: Store, context: Context | None, now: datetime) -> tuple[Check, ...]:
    """All that can be asked of the ledger; one failure where it does not answer or is of another version."""
    try:
        with store.read() as tx:
            version = schema.version(tx)
            if version != schema.HEAD:
                return (_other_version(version),)
            return (
                Check(name="database", health=Health.OK, found=f"it answers, with schema {version}"),
                _durability(tx),
                _address_key(settings, tx),
                _gateway(settings, tx),
                _restored(context, tx),
                _scheduler(tx, now),
                *_workers(settings, tx, now),
                _other_clocks(tx, now),
                _events(tx, now),
                _alerts(tx, now),
            )
    except StoreError as error:
        return (Check(name="database", health=Health.FAIL, found=str(error), cure=_REACH),)


def _other_version(found: str | None) -> Check:
    if found is None:
        words, cure = "it has no tables yet", "nothing: they are made on the first run"
        return Check(name="database", health=Health.WARN, found=words, cure=cure)
    words = f"it has schema {found}, this program wants {schema.HEAD}"
    cure = "`newsletter db upgrade`, or the newer program where the schema is newer"
    return Check(name="database", health=Health.FAIL, found=words, cure=cure)


def _durability(tx: Tx) -> Check:
    weakness = durable(tx)
    if weakness is None:
        return Check(name="durability", health=Health.OK, found="a commit survives a power cut")
    return Check(name="durability", health=Health.FAIL, found=weakness, cure="live sends are refused until then")


def _address_key(settings: Settings, tx: Tx) -> Check:
    name = "address key"
    try:
        key = known_address_key(settings)
    except ConfigError as error:
        return Check(name=name, health=Health.FAIL, found=str(error), cure="mend what it names")
    if key is None:
        return Check(name=name, health=Health.FAIL, found="there is none", cure="bring it back, or set it")
    if not guard.has_address_key(tx):
        return Check(name=name, health=Health.OK, found="none was used yet; the first command uses this one")
    if guard.knows_address_key(tx, key):
        return Check(name=name, health=Health.OK, found="it is the one that this database was made with")
    cure = "set the old one in NEWSLETTER_ADDRESS_KEY: nobody who left would be known with another"
    return Check(name=name, health=Health.FAIL, found="it is not the one that this database was made with", cure=cure)


def _gateway(settings: Settings, tx: Tx) -> Check:
    try:
        guard.check_gateway(tx, settings.gateway_kind)
    except ConfigError as error:
        return Check(name="whose database", health=Health.FAIL, found=str(error), cure="use one for each")
    bound = guard.gateway(tx)
    found = (
        f"it belongs to {bound}" if bound else f"nobody's yet; the first live send gives it to {settings.gateway_kind}"
    )
    return Check(name="whose database", health=Health.OK, found=found)


def _restored(context: Context | None, tx: Tx) -> Check:
    name = "restore guard"
    if context is None:
        return Check(name=name, health=Health.UNKNOWN, found="the content cannot be read", cure="mend it first")
    try:
        guards.check_epoch(context, tx)
        if guards.is_unknown(context, tx):
            cure = "if one was lost, bring its backup back: nobody who left is known here; else nothing"
            found = "this machine has seen other databases send, this one has sent nothing yet"
            return Check(name=name, health=Health.WARN, found=found, cure=cure)
    except (StoreError, ConfigError) as error:
        return Check(name=name, health=Health.FAIL, found=str(error), cure="see docs/runbook.md, restored backup")
    return Check(name=name, health=Health.OK, found=f"{guard.epoch(tx)} beginnings and ends of sends, none unknown")


def _scheduler(tx: Tx, now: datetime) -> Check:
    name, cure = "clock", "start scheduler.py: without it nothing goes by itself"
    beats = {host: at for host, at in clock.beats(tx).items() if " " not in host}
    if not beats:
        return Check(name=name, health=Health.WARN, found="no scheduler has run yet", cure=cure)
    host = max(beats, key=lambda host: beats[host])
    ago = int((now - beats[host]).total_seconds())
    if host in clock.ended(tx):
        return Check(name=name, health=Health.WARN, found=f"{host} was stopped in order {ago} s ago", cure=cure)
    silent = now - beats[host] > watching.SILENT_AFTER
    found = f"{host} left its last sign of life {ago} s ago"
    return Check(name=name, health=Health.FAIL if silent else Health.OK, found=found, cure=cure if silent else "")


def _workers(settings: Settings, tx: Tx, now: datetime) -> tuple[Check, ...]:
    """Where batches are left to workers, whether there are any."""
    if settings.queue != "workers":
        return ()
    cure = "start `newsletter worker`: without one the batches of a send wait"
    ended = clock.ended(tx)
    alive = sorted(
        host
        for host, at in clock.beats(tx).items()
        if host.endswith(" worker") and host not in ended and now - at <= watching.SILENT_AFTER
    )
    if not alive:
        return (Check(name="workers", health=Health.FAIL, found="none gives a sign of life", cure=cure),)
    hosts = ", ".join(host.removesuffix(" worker") for host in alive)
    return (Check(name="workers", health=Health.OK, found=f"there are some on {hosts}"),)


def _other_clocks(tx: Tx, now: datetime) -> Check:
    newest = max(clock.beats(tx).values(), default=now)
    if newest - now <= AHEAD_AT_MOST:
        return Check(name="time in the ledger", health=Health.OK, found="no sign of life is of the future")
    found = f"a sign of life is {int((newest - now).total_seconds())} s ahead of this machine's clock"
    return Check(name="time in the ledger", health=Health.FAIL, found=found, cure="run NTP on every machine")


def _events(tx: Tx, now: datetime) -> Check:
    send, event = vitals.last_send(tx), vitals.last_event(tx)
    heard = f"the last one came {event.received_at:%Y-%m-%d %H:%M} UTC" if event else "none came yet"
    wrong = watching.no_events(send, event.received_at if event else None, now) if send else ""
    if wrong:
        return Check(name="events", health=Health.FAIL, found=wrong, cure="see docs/runbook.md, no events")
    return Check(name="events", health=Health.OK, found=heard)


def _alerts(tx: Tx, now: datetime) -> Check:
    counts = alerts.counts(tx, now - OPEN_WITHIN)
    if not counts:
        return Check(name="open alerts", health=Health.OK, found="none that is not over")
    found = ", ".join(f"{kind} ({count})" for kind, count in sorted(counts.items()))
    return Check(name="open alerts", health=Health.WARN, found=found, cure="see docs/runbook.md")
