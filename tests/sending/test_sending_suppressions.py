"""SendGrid's own lists through its library: pages, what is refused, and what is lifted."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.errors import ConfigError, InDoubt, NotSent, Refused
from newsletter.sandbox import Sandbox
from newsletter.sandbox.suppressions import LISTS, Suppressions
from newsletter.sending import suppressions
from newsletter.sending.suppressions import ServiceLists


def lists(sandbox: Sandbox, key: str = "SG.test") -> ServiceLists:
    return ServiceLists(key, sandbox.url, 5)


def filled(folder: Path, name: str, count: int) -> None:
    """A sandbox's folder with addresses on a list."""
    folder.mkdir(parents=True, exist_ok=True)
    held = Suppressions(folder)
    for number in range(count):
        held.add(name, f"reader{number}@example.org", 1_780_000_000 + number, reason="550 no such user " * 20)


def test_pages(tmp_path: Path) -> None:
    """A full page says that there may be more; the last one has fewer, or none."""
    filled(tmp_path, "bounces", suppressions.PAGE + 1)
    with Sandbox(tmp_path, port=0, webhook_url=None) as sandbox:
        first, second = (lists(sandbox).page("bounces", number) for number in (0, 1))
        assert (len(first), [each.address for each in second]) == (suppressions.PAGE, ["reader0@example.org"])
        assert second[0].since.isoformat() == "2026-05-28T20:26:40+00:00"
        assert lists(sandbox).page("unsubscribes", 0) == ()


@pytest.mark.parametrize("address", ["reader0@example.org", "o'b/r+x@example.org", "jürgen@example.org"])
def test_an_address_is_lifted_everywhere(tmp_path: Path, address: str) -> None:
    """Off each list, and nobody else with it; twice is once."""
    held = Suppressions(tmp_path)
    for name in LISTS:
        held.add(name, address, 1_780_000_000)
        held.add(name, "other@example.org", 1_780_000_000)
    with Sandbox(tmp_path, port=0, webhook_url=None) as sandbox:
        for _ in range(2):
            lists(sandbox).lift(address)
            left = Suppressions(tmp_path)
            assert all([each["email"] for each in left.of(name)] == ["other@example.org"] for name in LISTS)


def test_a_key_without_the_right(tmp_path: Path) -> None:
    """Which right it needs; and without a key nothing is asked."""
    with Sandbox(tmp_path, port=0, webhook_url=None) as sandbox:
        for ask in (lambda it: it.page("bounces", 0), lambda it: it.lift("ann@example.org")):
            with pytest.raises(Refused, match="right Suppressions"):
                ask(lists(sandbox, "SG.forbidden"))
        with pytest.raises(ConfigError, match="API_KEY is not set"):
            lists(sandbox, "")
        with pytest.raises(Refused, match="NEWSLETTER_SENDGRID_URL"):
            ServiceLists("SG.test", sandbox.url + "/elsewhere", 5).page("bounces", 0)
    with pytest.raises(NotSent, match="cannot be reached"):
        lists(sandbox).page("bounces", 0)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"a": 1}', b'[{"email": "a@example.org"}]', b'[{"email": 1, "created": "x"}]']
)
def test_an_answer_that_is_no_list(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told, and nothing of it is taken."""
    there = ServiceLists("SG.test", "http://127.0.0.1:1", 5)
    monkeypatch.setattr(there, "_asked", lambda *_, **__: raw)
    with pytest.raises(InDoubt, match="cannot be read"):
        there.page("bounces", 0)
