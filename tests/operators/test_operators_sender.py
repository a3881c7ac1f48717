"""What DNS says of a sender: SPF, DKIM and DMARC from a nameserver on loopback."""

from __future__ import annotations

import socket

import pytest
from operators_dns import nameserver

from newsletter.model import Health
from newsletter.operators import sender
from newsletter.operators.dns import lookup

DOMAIN = "news.example.org"
S1, S2 = f"s1._domainkey.{DOMAIN}", f"s2._domainkey.{DOMAIN}"
SENDGRID = {
    (S1, "CNAME"): ["s1.domainkey.u1.wl1.sendgrid.net."], (S2, "CNAME"): ["S2.domainkey.u1.wl1.SendGrid.net."],
}  # fmt: skip
DMARC = {(f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:d@example.org"']}


def found(zone: dict[tuple[str, str], list[str]]) -> dict[str, tuple[Health, str]]:
    """SPF, DKIM and DMARC: how each stands and in which words."""
    with nameserver(zone) as look:
        return {check.name.split()[0]: (check.health, check.found) for check in sender.examine(DOMAIN, look)}


def test_a_domain_as_sendgrid_sets_it_up() -> None:
    """Two CNAMEs and a policy; the return path has an SPF of its own."""
    stands = found({**SENDGRID, **DMARC})
    assert [health for health, _ in stands.values()] == [Health.OK] * 3
    assert "quarantine" in stands["DMARC"][1]


def test_a_domain_without_any() -> None:
    """Mail fails DKIM; the others are a warning."""
    stands = found({})
    assert {name: health for name, (health, _) in stands.items()} == {
        "DKIM": Health.FAIL, "SPF": Health.WARN, "DMARC": Health.WARN,
    }  # fmt: skip


@pytest.mark.parametrize(("records", "health"), [
    ({(S1, "CNAME"): SENDGRID[S1, "CNAME"]}, Health.FAIL),
    ({**SENDGRID, (S2, "CNAME"): ["elsewhere.example.org."]}, Health.FAIL),
    ({(S1, "TXT"): ['"k=rsa; t=s; p=MIGf"'], (S2, "TXT"): ['"v=DKIM1;" "p=MIGf"']}, Health.OK),
    ({(S1, "TXT"): ['"v=DKIM1; p="'], (S2, "TXT"): ['"v=DKIM1; p="']}, Health.FAIL),
])  # fmt: skip
def test_dkim(records: dict[tuple[str, str], list[str]], health: Health) -> None:
    """Both keys, as SendGrid's CNAME or entered by hand; an empty key is a revoked one."""
    assert found(records)["DKIM"][0] is health


@pytest.mark.parametrize(("texts", "health"), [
    (['"v=spf1 include:sendgrid.net ~all"'], Health.OK),
    (['"v=spf1 include:send" "grid.net ~all"'], Health.OK),
    (['"v=spf1 mx ~all"'], Health.WARN),
    (['"v=spf10 include:sendgrid.net"', '"verification=1"'], Health.WARN),
    (['"v=spf1 include:sendgrid.net ~all"', '"v=spf1 mx -all"'], Health.FAIL),
])  # fmt: skip
def test_spf(texts: list[str], health: Health) -> None:
    """One record that names SendGrid; two are an error for whoever receives."""
    assert found({(DOMAIN, "TXT"): texts})["SPF"][0] is health


@pytest.mark.parametrize(("name", "texts", "health", "word"), [
    (f"_dmarc.{DOMAIN}", ['"v=DMARC1; p=none"'], Health.OK, "watches"),
    (f"_dmarc.{DOMAIN}", ['"v=DMARC1;p = REJECT; sp=none"'], Health.OK, "refused"),
    ("_dmarc.example.org", ['"v=DMARC1; p=reject"'], Health.OK, "refused"),
    (f"_dmarc.{DOMAIN}", ['"v=DMARC1; sp=reject"'], Health.FAIL, "no policy"),
    (f"_dmarc.{DOMAIN}", ['"v=DMARC1; p=sometimes"'], Health.FAIL, "no policy"),
    (f"_dmarc.{DOMAIN}", ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], Health.FAIL, "count as none"),
    (f"_dmarc.{DOMAIN}", ['"v=DMARC2; p=none"'], Health.WARN, "no DMARC"),
    ("_dmarc.org", ['"v=DMARC1; p=reject"'], Health.WARN, "no DMARC"),
])  # fmt: skip
def test_dmarc(name: str, texts: list[str], health: Health, word: str) -> None:
    """The policy's word, of the domain or of the one above it; a top-level domain has none to say."""
    stands = found({(name, "TXT"): texts})["DMARC"]
    assert stands[0] is health
    assert word in stands[1]


def test_a_nameserver_that_fails() -> None:
    """SERVFAIL is no answer: it could not be checked."""
    with nameserver({}) as look:
        assert {check.health for check in sender.examine("broken.example.org", look)} == {Health.UNKNOWN}


def test_offline() -> None:
    """Nobody answers within the time: it could not be checked, and it does not take long."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        look = lookup("127.0.0.1", silent.getsockname()[1], timeout_s=0.2)
        assert [check.health for check in sender.examine(DOMAIN, look)] == [Health.UNKNOWN] * 3
