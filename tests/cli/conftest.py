"""A house for each test: a copy of the shipped content, keys, tables and twelve readers, and a sandbox where asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_house import READERS, ROOT, House, bare_house

from newsletter.pipeline import readers
from newsletter.sandbox import Sandbox
from newsletter.services import open_context
from newsletter.settings import load_settings


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, prints: Path) -> Path:
    """The var/ of an installation with readers, made once: its tables and pictures take the most of a test."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(prints, folder / "var")
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(ROOT / "content"), "NEWSLETTER_VAR": str(folder / "var"),
            "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"), "NEWSLETTER_SANDBOX": "1",
        },
        Path("none"),
    )  # fmt: skip
    context = open_context(settings)
    for list_, people in (("daily", READERS), ("friday", READERS[:3])):
        for address in people:
            readers.add(context, address, address.partition("@")[0].title(), list_, source="test", basis="express")
    context.store.close()
    return folder / "var"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A folder with content/ alone."""
    return bare_house(tmp_path, monkeypatch)


@pytest.fixture
def house(bare: House, installed: Path) -> House:
    """An installation with twelve readers of `daily` and three of `friday`."""
    shutil.copytree(installed, bare.var)
    return bare


@pytest.fixture
def esp(house: House) -> Iterator[Sandbox]:
    """A sandbox that runs beside the commands, without a webhook."""
    with Sandbox(house.var / "sandbox", port=0, webhook_url=None) as sandbox:
        house.set(SENDGRID_URL=sandbox.url)
        yield sandbox
