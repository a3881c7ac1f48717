"""What a doctor finds outside: senders' domains, and the web app behind its address."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import pytest
from ledger_gateway import raw_server
from ledger_house import House

from newsletter.model import Health
from newsletter.pipeline.doctor import outside
from newsletter.rendering.published import name_of, publish
from newsletter.settings import Settings


@pytest.fixture
def real(sqlite_house: House) -> Settings:
    """Settings of a house that sends through SendGrid itself."""
    settings = sqlite_house.context.settings
    return replace(settings, sandbox=False, sendgrid_url="https://api.sendgrid.com")


def test_each_domain_is_looked_up_once(sqlite_house: House, real: Settings) -> None:
    """Two newsletters of one domain are one; the sandbox needs none."""
    sqlite_house.newsletter("letter")
    newsletters = sqlite_house.reload().newsletters.values()
    asked: list[str] = []

    def look(name: str, _: str) -> tuple[str, ...]:
        asked.append(name)
        return ()

    assert [check.name for check in outside.senders(real, newsletters, look)] == [
        "DKIM of example.org", "SPF of example.org", "DMARC of example.org",
    ]  # fmt: skip
    assert asked.count("_dmarc.example.org") == 1
    asked.clear()
    assert [check.health for check in outside.senders(sqlite_house.context.settings, newsletters, look)] == [Health.OK]
    assert asked == []


def test_a_real_gateway_needs_a_public_address(real: Settings) -> None:
    """Live sends are refused otherwise, so it is a failure before anything is asked."""
    (check,) = outside.web(real)
    assert (check.health, check.found) == (Health.FAIL, "http://127.0.0.1:8000 is not public https")


@pytest.mark.parametrize(("status", "health"), [
    ("200 OK", Health.OK), ("503 Service Unavailable", Health.FAIL), ("404 Not Found", Health.FAIL),
])  # fmt: skip
def test_the_web_app_behind_its_address(sqlite_house: House, status: str, health: Health) -> None:
    """Somebody answers there, and it is the web app, and its database is well."""

    def talk(connection: socket.socket) -> None:
        assert connection.recv(4096).startswith(b"GET /healthz ")
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with raw_server(talk) as url:
        (check,) = outside.web(replace(sqlite_house.context.settings, base_url=url))
    assert check.health is health


@pytest.mark.parametrize(("status", "health"), [("200 OK", Health.OK), ("404 Not Found", Health.FAIL)])
def test_pictures_behind_the_address(sqlite_house: House, status: str, health: Health) -> None:
    """Who serves may be another machine: the newest picture is asked for; where there is none, nothing is said."""
    settings = sqlite_house.context.settings
    assert outside.pictures(settings) == ()
    names = [name_of("port", data, 1072, "jpg") for data in (b"older", b"newer")]
    for number, (name, data) in enumerate(zip(names, (b"older", b"newer"), strict=True)):
        publish(settings.published, name, data)
        os.utime(settings.published / name, (number, number))

    def talk(connection: socket.socket) -> None:
        assert connection.recv(4096).startswith(f"GET /images/{names[1]} ".encode())
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with raw_server(talk) as url:
        (check,) = outside.pictures(replace(settings, base_url=url))
    assert check.health is health
    assert outside.pictures(replace(settings, base_url="http://127.0.0.1:9")) == ()
