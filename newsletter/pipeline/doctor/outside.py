"""SendGrid, the webhook's key, the web app from the outside, the ways of alerts, and DNS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime

from newsletter.errors import GatewayError, Refused
from newsletter.model import Check, Health, Newsletter
from newsletter.operators import mail, page, sender
from newsletter.operators.dns import Lookup
from newsletter.sending.sendgrid import SendGrid
from newsletter.settings import Settings, on_this_machine
from newsletter.tracking import usable

OFF_WARN_S, OFF_FAIL_S = 30, 300
"""A minute off sends a minute off; five would make the log and the reports of both sides hard to compare."""

_OFFLINE = "run it again with a network"


def gateway(settings: Settings, clock: Callable[[], datetime]) -> tuple[Check, ...]:
    """What the key may do, and whether SendGrid's time is ours."""
    name = "SendGrid's key"
    if settings.sendgrid_api_key is None:
        cure = "set NEWSLETTER_SENDGRID_API_KEY; until then live sends are refused"
        return (Check(name=name, health=Health.FAIL, found="none is set", cure=cure),)
    try:
        account = SendGrid(settings.sendgrid_api_key, settings.sendgrid_url, settings.sendgrid_timeout_s).account()
    except Refused as error:
        return (Check(name=name, health=Health.FAIL, found=str(error), cure="make a key with the right Mail Send"),)
    except GatewayError as error:
        cure = "run `newsletter sandbox`" if settings.on_loopback else _OFFLINE
        return (Check(name=name, health=Health.UNKNOWN, found=str(error), cure=cure),)
    if "mail.send" in account.scopes:
        key = Check(name=name, health=Health.OK, found="it may send mail")
    else:
        found, cure = "it may not send mail", "give it the right Mail Send in SendGrid (Settings, API Keys)"
        key = Check(name=name, health=Health.FAIL, found=found, cure=cure)
    return (key, _time(account.date, clock()))


def _time(date: str, now: datetime) -> Check:
    try:
        off_s = abs((parsedate_to_datetime(date) - now).total_seconds())
    except (ValueError, TypeError):
        words = "SendGrid's answer carries no time that can be read"
        return Check(name="time", health=Health.UNKNOWN, found=words, cure=_OFFLINE)
    off = Health.FAIL if off_s > OFF_FAIL_S else Health.WARN if off_s > OFF_WARN_S else Health.OK
    found = f"this machine's clock and SendGrid's differ by {off_s:.0f} s"
    return Check(name="time", health=off, found=found, cure="" if off is Health.OK else "run NTP")


def webhook(settings: Settings) -> tuple[Check, ...]:
    """The key that events are checked with."""
    key = settings.webhook_public_key()
    if key is None:
        bad = Health.WARN if settings.on_loopback else Health.FAIL
        cure = "set NEWSLETTER_SENDGRID_WEBHOOK_KEY: without it no bounce suppresses anybody"
        return (Check(name="webhook's key", health=bad, found="none is set", cure=cure),)
    if not usable(key):
        cure = "copy the Verification Key of SendGrid's Event Webhook once more"
        return (Check(name="webhook's key", health=Health.FAIL, found="it is no point of the curve", cure=cure),)
    return (Check(name="webhook's key", health=Health.OK, found="signed events can be checked"),)


def web(settings: Settings) -> tuple[Check, ...]:
    """Whether readers can reach the base URL: it is public, and the web app answers there."""
    name, url = "base URL", settings.base_url
    if settings.gateway_kind == "sendgrid" and not settings.public:
        cure = "set NEWSLETTER_BASE_URL to the public https address of `newsletter serve`"
        return (Check(name=name, health=Health.FAIL, found=f"{url} is not public https", cure=cure),)
    try:
        status = page.status(f"{url}/healthz")
    except OSError as error:
        if on_this_machine(url):
            return (Check(name=name, health=Health.WARN, found=f"nobody serves {url}", cure="run `newsletter serve`"),)
        found = f"{url} does not answer from here ({type(error).__name__})"
        return (Check(name=name, health=Health.UNKNOWN, found=found, cure="open it in a browser elsewhere"),)
    if status == 200:
        return (Check(name=name, health=Health.OK, found=f"{url} answers"),)
    cure = "look at the web server's configuration, and whether `newsletter serve` runs and its database answers"
    return (Check(name=name, health=Health.FAIL, found=f"{url}/healthz answers {status}", cure=cure),)


def pictures(settings: Settings) -> tuple[Check, ...]:
    """Whether the base URL shows the picture that was published last: who serves may not be who renders."""
    files = [path for path in settings.published.glob("*-*.*") if not path.name.startswith(".")]
    if not files:
        return ()
    name = max(files, key=lambda path: path.stat().st_mtime).name
    try:
        status = page.status(f"{settings.base_url}/images/{name}")
    except OSError:
        return ()  # the base URL's own check says so
    if status == 200:
        return (Check(name="pictures", health=Health.OK, found="the newest can be seen"),)
    found = f"{settings.base_url}/images/{name} answers {status}: readers see gaps"
    cure = f"share {settings.published} with every machine that runs `newsletter serve`"
    return (Check(name="pictures", health=Health.FAIL, found=found, cure=cure),)


def alerts(settings: Settings) -> tuple[Check, ...]:
    """Whether operators can be told, and also when SendGrid is what is broken."""
    name, server = "alerts", settings.alert_smtp_url
    if not settings.alert_to and settings.alert_webhook is None:
        cure = "set NEWSLETTER_ALERT_TO or NEWSLETTER_ALERT_WEBHOOK: now only the log tells"
        return (Check(name=name, health=Health.WARN, found="nobody is told", cure=cure),)
    if server is None:
        if settings.alert_webhook is not None:
            return (Check(name=name, health=Health.OK, found="they are posted to a webhook"),)
        cure = "set NEWSLETTER_ALERT_SMTP_URL or NEWSLETTER_ALERT_WEBHOOK: they could not tell that SendGrid fails"
        return (Check(name=name, health=Health.WARN, found="they go by SendGrid alone", cure=cure),)
    try:
        mail.greet(server)
    except OSError as error:
        found = f"the mail server {server.host} does not let us in ({type(error).__name__})"
        return (Check(name=name, health=Health.FAIL, found=found, cure="look at NEWSLETTER_ALERT_SMTP_URL"),)
    return (Check(name=name, health=Health.OK, found=f"the mail server {server.host} takes them"),)


def senders(settings: Settings, newsletters: Iterable[Newsletter], look: Lookup) -> tuple[Check, ...]:
    """SPF, DKIM and DMARC of each sender's domain; the sandbox needs none."""
    domains = sorted({newsletter.sender.address.rpartition("@")[2].lower() for newsletter in newsletters})
    if settings.on_loopback:
        return (Check(name="DNS", health=Health.OK, found="the sandbox asks for none"),)
    return tuple(check for domain in domains for check in sender.examine(domain, look))
