"""The environment and `.env`: each setting, each wrong value with its name and fix, and the two keys."""

from __future__ import annotations

import base64
import re
import stat
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ConfigError
from newsletter.model import MailServer
from newsletter.settings import SANDBOX_API_KEY, SETTING_NAMES, Settings, ensure_keys, load_settings
from newsletter.settings.keys import make_key

ROOT = Path(__file__).parents[2]
KEY, OTHER_KEY = "k" * 32, "o" * 40
NO_DOTENV = Path("no-such.env")


def load(**environ: str) -> Settings:
    return load_settings({f"NEWSLETTER_{name}": value for name, value in environ.items()}, NO_DOTENV)


def refused(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return str(caught.value)


def webhook_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def test_the_defaults() -> None:
    """Nothing needs to be set: a laptop without an account starts."""
    settings = load_settings({"HOME": "/home/ann"}, NO_DOTENV)
    assert (settings.content, settings.templates, settings.var) == (Path("content"), Path("templates"), Path("var"))
    assert settings.database_url == f"sqlite:///{Path('var/newsletter.db').absolute()}"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert (settings.secret_keys, settings.address_key, settings.sendgrid_api_key) == ((), None, None)
    assert (settings.sendgrid_timeout_s, settings.send_concurrency, settings.batch_size) == (30.0, 8, 1000)
    assert (settings.sendgrid_url, settings.gateway_kind) == ("https://api.sendgrid.com", "sendgrid")
    assert (settings.on_loopback, settings.public, settings.is_postgresql) == (False, False, False)
    assert settings.epoch_file.parent == Path("/home/ann/.local/state/newsletter")
    assert (settings.heartbeat_url, settings.log, settings.webhook_public_key()) == (None, "info", None)


def test_all_settings_are_read() -> None:
    """Each variable reaches its field."""
    key = webhook_key()
    settings = load(
        CONTENT="c", TEMPLATES="t", VAR="v", DATABASE_URL="postgresql+psycopg://ann:pw@db/news",
        BASE_URL="https://news.example.org/daily/", SECRET_KEYS=f"{KEY}, {OTHER_KEY}", ADDRESS_KEY=OTHER_KEY,
        SENDGRID_API_KEY="SG.abc", SANDBOX="off", SENDGRID_URL="https://api.eu.sendgrid.com/",
        SENDGRID_WEBHOOK_KEY=key, SENDGRID_TIMEOUT_S="2.5", SEND_CONCURRENCY="3", BATCH_SIZE="10", QUEUE="workers",
        EPOCH_FILE="/state/epoch", HEARTBEAT_URL="https://beat.example.org/x?token=1", LOG="DEBUG",
        ALERT_TO="ops@example.org, ann@example.org", ALERT_SMTP_URL="smtps://ops%40example.org:p%2Fw@mail.example.org",
        ALERT_WEBHOOK="https://chat.example.org/x?token=1", METRICS_TOKEN=KEY,
        TRUSTED_PROXIES="10.0.0.0/8, ::1",
        KEEP_EVENTS_DAYS="30", KEEP_DELIVERIES_DAYS="365",
    )  # fmt: skip
    assert settings == Settings(
        content=Path("c"), templates=Path("t"), var=Path("v"), database_url="postgresql+psycopg://ann:pw@db/news",
        base_url="https://news.example.org/daily", secret_keys=(KEY, OTHER_KEY), address_key=OTHER_KEY,
        sendgrid_api_key="SG.abc", sandbox=False, sendgrid_url="https://api.eu.sendgrid.com",
        sendgrid_webhook_key=key, sendgrid_timeout_s=2.5, send_concurrency=3, batch_size=10, queue="workers",
        epoch_file=Path("/state/epoch"), heartbeat_url="https://beat.example.org/x?token=1", log="debug",
        alert_to=("ops@example.org", "ann@example.org"),
        alert_smtp_url=MailServer(
            host="mail.example.org", port=465, security="tls", user="ops@example.org", password="p/w"
        ),
        alert_webhook="https://chat.example.org/x?token=1", metrics_token=KEY, trusted_proxies=("10.0.0.0/8", "::1"),
        keep_events_days=30, keep_deliveries_days=365,
    )  # fmt: skip
    assert settings.public
    assert settings.is_postgresql
    assert settings.webhook_public_key() == key


def test_secrets_do_not_show() -> None:
    """Nor does the password of a database, or the token in the monitor's address."""
    settings = load(
        SECRET_KEYS=KEY, ADDRESS_KEY=OTHER_KEY, SENDGRID_API_KEY="SG.hush", HEARTBEAT_URL="https://b.example.org/hush",
        DATABASE_URL="postgresql+psycopg://ann:hush@db/news", ALERT_TO="ops@example.org",
        ALERT_SMTP_URL="smtps://ops:hush@mail.example.org", ALERT_WEBHOOK="https://chat.example.org/hush",
        METRICS_TOKEN=KEY,
    )  # fmt: skip
    assert not re.search(f"hush|{KEY}|{OTHER_KEY}", repr(settings))


@pytest.mark.parametrize(("name", "value", "words"), [
    ("BATCH_SIZE", "2000", "from 1 to 1000"), ("BATCH_SIZE", "0", "from 1 to 1000"), ("BATCH_SIZE", "²", "whole"),
    ("BATCH_SIZE", "9" * 5000, "whole"), ("SEND_CONCURRENCY", "many", "from 1 to 64"),
    ("SENDGRID_TIMEOUT_S", "nan", "seconds from 1 to 120"), ("SENDGRID_TIMEOUT_S", "0.1", "seconds"),
    ("SANDBOX", "perhaps", "write 1 or 0"), ("LOG", "loud", "debug, info, warning or error"),
    ("DATABASE_URL", "postgres://a:hush@db/n", "postgresql+psycopg://"), ("DATABASE_URL", "mysql://hush", "sqlite:///"),
    ("DATABASE_URL", "sqlite://", "needs a file"), ("DATABASE_URL", "sqlite:///:memory:", "needs a file"),
    ("SECRET_KEYS", "hush", "32 or more"), ("SECRET_KEYS", ",", "names no key"),
    ("SECRET_KEYS", f"{KEY},{KEY}", "twice"),
    ("ADDRESS_KEY", "hush" * 8 + " x", "blank"), ("SENDGRID_API_KEY", "None", "is no API key"),
    ("SENDGRID_API_KEY", "SG.hush hush", "is no API key"), ("SENDGRID_WEBHOOK_KEY", "hush", "Verification Key"),
    ("BASE_URL", "news.example.org", "https://"), ("BASE_URL", "https://a:hush@example.org", "password"),
    ("BASE_URL", "https://example.org:port", "https://"), ("BASE_URL", "https://[example.org", "https://"),
    ("SENDGRID_URL", "http://stand-in.example.org", "in the clear"), ("HEARTBEAT_URL", "hush", "https://"),
    ("ALERT_TO", "ops", "not a mail address"), ("ALERT_TO", ",", "names no address"),
    ("ALERT_SMTP_URL", "mail.example.org", "smtp://user"), ("ALERT_SMTP_URL", "https://hush@x", "smtp://user"),
    ("ALERT_SMTP_URL", "smtp://ops:hush@mail.example.org", "in the clear"),
    ("ALERT_SMTP_URL", "smtp://ops:hush@mail.example.org?tls", "smtp://user"),
    ("ALERT_SMTP_URL", "smtps://hush@mail.example.org", "without a password"),
    ("ALERT_SMTP_URL", "smtps://ops:hush@mail.example.org:port", "smtp://user"),
    ("ALERT_SMTP_URL", "smtps://ops:hush@mail.example.org:0", "smtp://user"),
    ("ALERT_SMTP_URL", "smtp://mail.example.org", "nobody is named"),
    ("ALERT_WEBHOOK", "http://chat.example.org/hush", "in the clear"), ("ALERT_WEBHOOK", "hush", "https://"),
    ("METRICS_TOKEN", "hush", "32 or more"), ("TRUSTED_PROXIES", "127.0.0.1,proxy", "'proxy' is no IP address"),
    ("TRUSTED_PROXIES", "*", "is no IP address"), ("TRUSTED_PROXIES", "10.0.0.1/8", "is no IP address"),
    ("KEEP_EVENTS_DAYS", "7", "from 30 to 3650"), ("KEEP_DELIVERIES_DAYS", "60", "fewer than the 90"),
    ("EPOCH_FILE", "var/epoch", "lies inside var"), ("CONTENT", "~nobody-of-that-name/x", "in full"),
])  # fmt: skip
def test_a_wrong_value_names_its_setting_and_the_fix(name: str, value: str, words: str) -> None:
    """And no secret is repeated."""
    message = refused(**{name: value})
    assert message.startswith(f"NEWSLETTER_{name}: ")
    assert words in message
    assert "hush" not in message
    assert "\n" not in message


@pytest.mark.parametrize(("url", "port", "security"), [
    ("smtps://ops:pw@mail.example.org", 465, "tls"), ("smtp://ops:pw@mail.example.org?starttls", 587, "starttls"),
    ("smtp://mail.example.org:2525", 2525, "none"), ("smtp://ops:pw@127.0.0.1:2525/", 2525, "none"),
    ("smtp://ops:pw@[::1]", 25, "none"),
])  # fmt: skip
def test_mail_servers(url: str, port: int, security: str) -> None:
    """The usual ports; a password in the clear stays on this machine."""
    server = load(ALERT_SMTP_URL=url, ALERT_TO="ops@example.org").alert_smtp_url
    assert server is not None
    assert (server.port, server.security) == (port, security)


def test_wrong_values_are_told_at_once() -> None:
    """With names that do not exist, and the nearest that does; other programs' variables are left alone."""
    message = refused(BATCHSIZE="5", LOG="loud", SANDBOX="2")
    assert len(message.splitlines()) == 3
    assert "NEWSLETTER_BATCHSIZE: there is no such setting (did you mean NEWSLETTER_BATCH_SIZE?)" in message
    load_settings({"PATH": "x", "NEWSLETTER_TEST_POSTGRES_URL": "x", "NEWSLETTERS": "x"}, NO_DOTENV)


@given(st.sampled_from(SETTING_NAMES), st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_whatever_the_value_it_is_read_or_refused_by_name(name: str, value: str) -> None:
    """Nothing but ConfigError comes out."""
    outcome = ""
    try:
        load_settings({name: value}, NO_DOTENV)
    except ConfigError as error:
        outcome = str(error)
    assert not outcome or name in outcome


def test_the_sandbox_is_asked_for() -> None:
    """Its address and its key are the defaults then; its signing key is looked for each time."""
    settings = load(SANDBOX="1")
    assert (settings.gateway_kind, settings.on_loopback) == ("sandbox", True)
    assert (settings.sendgrid_url, settings.sendgrid_api_key) == ("http://127.0.0.1:8025", SANDBOX_API_KEY)


@pytest.mark.parametrize(("address", "on_loopback"), [
    ("http://127.0.0.1:9", True), ("http://localhost:9", True), ("http://[::1]:9", True), ("https://127.8.9.1", True),
    ("https://127.0.0.1.example.org", False), ("https://localhost.example.org", False), ("https://10.0.0.1", False),
])  # fmt: skip
def test_a_stand_in_on_this_machine_counts_as_the_sandbox(address: str, *, on_loopback: bool) -> None:
    """By its host, not by how its name begins."""
    settings = load(SENDGRID_URL=address)
    assert settings.on_loopback is on_loopback
    assert settings.gateway_kind == ("sandbox" if on_loopback else "sendgrid")


def test_sandbox_and_reality_never_mix() -> None:
    """The sandbox with a gateway elsewhere is refused."""
    assert "never mix" in refused(SANDBOX="1", SENDGRID_URL="https://api.sendgrid.com")
    assert load(SANDBOX="1", SENDGRID_URL="http://127.0.0.1:9").sendgrid_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(("address", "public"), [
    ("https://news.example.org", True), ("http://news.example.org", False), ("https://localhost", False),
    ("https://127.0.0.1", False), ("https://192.168.1.4", False), ("https://desk.local", False),
    ("https://intranet", False), ("https://8.8.8.8", True), ("https://[fe80::1]", False),
])  # fmt: skip
def test_what_readers_can_reach(address: str, *, public: bool) -> None:
    """Public is https at a host of the open network."""
    assert load(BASE_URL=address).public is public


def test_the_sandboxes_key_is_found_once_it_is_there(tmp_path: Path) -> None:
    """The sandbox makes it when it first starts, perhaps after us; a key that is set goes before."""
    settings = load(SANDBOX="1", VAR=str(tmp_path))
    assert settings.webhook_public_key() is None
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "webhook-key.pub").write_text("MFkw\n")
    assert settings.webhook_public_key() == "MFkw"
    assert load(VAR=str(tmp_path)).webhook_public_key() is None
    key = webhook_key()
    assert load(SANDBOX="1", VAR=str(tmp_path), SENDGRID_WEBHOOK_KEY=key).webhook_public_key() == key


def test_each_database_has_its_own_epoch_file() -> None:
    """Two installations on one machine do not guard each other; a changed password is the same database."""
    urls = ["sqlite:////a/n.db", "sqlite:////b/n.db", "postgresql+psycopg://a:x@db/n", "postgresql+psycopg://a:y@db/n"]
    files = [load(DATABASE_URL=url).epoch_file for url in urls]
    assert len(set(files)) == 3
    assert files[2] == files[3]
    state = load_settings({"XDG_STATE_HOME": "/state", "HOME": "/h"}, NO_DOTENV)
    assert state.epoch_file.parent == Path("/state/newsletter")


def test_dotenv_gives_way_to_the_environment(tmp_path: Path) -> None:
    """Quotes, comments and `export` as in shells; an empty value is none."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "# mine\n\nexport NEWSLETTER_LOG=debug  # much\nNEWSLETTER_BATCH_SIZE=7\n"
        'NEWSLETTER_VAR=\'my var\'\nNEWSLETTER_CONTENT="a\\"b"  # quoted\nNEWSLETTER_SANDBOX=1\n'
        "OTHER = x\nNEWSLETTER_TEMPLATES=\nNEWSLETTER_EPOCH_FILE=/tmp/a#b c # x\r\n"
    )
    settings = load_settings({"NEWSLETTER_BATCH_SIZE": "9", "NEWSLETTER_SANDBOX": ""}, dotenv)
    assert (settings.log, settings.batch_size, settings.var) == ("debug", 9, Path("my var"))
    assert (settings.content, settings.sandbox, settings.templates) == (Path('a"b'), False, Path("templates"))
    assert settings.epoch_file == Path("/tmp/a#b c")


def test_bad_lines_of_dotenv_are_told_at_once(tmp_path: Path) -> None:
    """With their numbers, without their text: it may hold a secret."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("hush\nNEWSLETTER_LOG=debug\nNEWSLETTER_LOG=info\nNEWSLETTER_VAR='hush\n")
    with pytest.raises(ConfigError) as caught:
        load_settings({}, dotenv)
    assert [line.removeprefix(str(dotenv)).split(":")[1] for line in str(caught.value).splitlines()] == ["1", "3", "4"]
    assert "hush" not in str(caught.value)
    dotenv.write_bytes(b"NEWSLETTER_LOG=\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings({}, dotenv)


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    """In files of mode 0600; the second start finds the first one's."""
    first = ensure_keys(load(VAR=str(tmp_path / "var")))
    again = ensure_keys(load(VAR=str(tmp_path / "var")))
    assert first == again
    assert len(first.secret_keys[0]) >= 32
    assert first.secret_keys[0] != first.address_key
    files = sorted((tmp_path / "var").iterdir())
    assert [file.name for file in files] == ["address-key", "secret-keys"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_whoever_makes_a_key_second_leaves_the_first(tmp_path: Path) -> None:
    """Between looking for the file and making it, another process may have made it."""
    make_key(tmp_path / "address-key")
    first = (tmp_path / "address-key").read_text()
    make_key(tmp_path / "address-key")
    assert (tmp_path / "address-key").read_text() == first
    assert [file.name for file in tmp_path.iterdir()] == ["address-key"]


def _address_key(var: str) -> str | None:
    return ensure_keys(load(VAR=var)).address_key


def test_processes_that_start_together_get_the_same_keys(tmp_path: Path) -> None:
    """Two different address keys would make two different people of one."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_address_key, [str(tmp_path / "var")] * 16))
    assert len(set(found)) == 1


def test_keys_that_are_set_are_taken(tmp_path: Path) -> None:
    """And nothing is written."""
    settings = ensure_keys(load(VAR=str(tmp_path / "var"), SECRET_KEYS=f"{KEY},{OTHER_KEY}", ADDRESS_KEY=KEY))
    assert (settings.secret_keys, settings.address_key) == ((KEY, OTHER_KEY), KEY)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("changes", [
    {"DATABASE_URL": "postgresql+psycopg://db/n"}, {"BASE_URL": "https://news.example.org"},
])  # fmt: skip
def test_shared_or_public_installations_must_be_given_their_keys(tmp_path: Path, changes: dict[str, str]) -> None:
    """Both are named at once, and nothing is made."""
    with pytest.raises(ConfigError) as caught:
        ensure_keys(load(VAR=str(tmp_path / "var"), **changes))
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "NEWSLETTER_SECRET_KEYS", "NEWSLETTER_ADDRESS_KEY",
    ]  # fmt: skip
    assert not (tmp_path / "var").exists()
    assert ensure_keys(load(VAR=str(tmp_path / "var"), SECRET_KEYS=KEY, ADDRESS_KEY=KEY, **changes)).address_key == KEY


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    """A new one would forget everybody who left; the message names the file and the setting."""
    (tmp_path / "address-key").write_bytes(content)
    with pytest.raises(ConfigError, match=r"address-key: .*backup, or set NEWSLETTER_ADDRESS_KEY"):
        ensure_keys(load(VAR=str(tmp_path)))
    assert (tmp_path / "address-key").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """No traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="set NEWSLETTER_SECRET_KEYS"):
        ensure_keys(load(VAR=str(tmp_path / "file" / "var")))


def test_each_setting_is_documented() -> None:
    """One row in docs/settings.md and one line in .env.example for each, and no other."""
    assert len(SETTING_NAMES) == len(fields(Settings))
    rows = re.findall(r"^\| `(NEWSLETTER_\w+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert rows == list(SETTING_NAMES)
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^# .+\n# (NEWSLETTER_\w+)=", example, re.MULTILINE) == list(SETTING_NAMES)


def test_the_example_as_it_stands_sets_nothing(tmp_path: Path) -> None:
    """Copied unchanged, it changes nothing; with the marks taken away, it is well formed."""
    text = (ROOT / ".env.example").read_text()
    copy = tmp_path / ".env"
    copy.write_text(text)
    assert load_settings({"HOME": "/h"}, copy) == load_settings({"HOME": "/h"}, NO_DOTENV)
    copy.write_text(re.sub(r"^# (NEWSLETTER_(?!SENDGRID_URL)\w+=)", r"\1", text, flags=re.MULTILINE))
    assert load_settings({"HOME": "/h"}, copy).sandbox
