"""The house of the web's tests, as fixtures."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from web_house import ROOT, House, open_house

from newsletter.pipeline import readers
from newsletter.storage import roster
from newsletter.web.app import create_app


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the shipped organisation, newsletters and pictures."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder)
    return folder


@pytest.fixture(scope="session")
def new_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys and the empty database of a new installation, made once: its migrations take the most of a test."""
    folder = tmp_path_factory.mktemp("new")
    open_house(ROOT / "content", folder).store.close()
    return folder / "var"


@pytest.fixture
def make_house(tmp_path: Path, content: Path, new_var: Path) -> Iterator[Callable[..., House]]:
    """A house; keywords are settings without their prefix."""

    opened = []

    def make(list_: str = "daily", **environ: str) -> House:
        shutil.copytree(new_var, tmp_path / "var")
        context = open_house(content, tmp_path, **environ)
        opened.append(context.store)
        for name in ("ann", "bob"):
            readers.add(context, f"{name}@example.org", name.title(), list_, source="test", basis="express")
        with context.store.read() as tx:
            ann = roster.subscriber(tx, readers.identify(context, "ann@example.org").key)
            list_id = roster.list_id(tx, list_)
        assert ann is not None
        assert list_id is not None
        return House(context, create_app(context), ann.id, list_id)

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()
