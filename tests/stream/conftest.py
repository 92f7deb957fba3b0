"""A store on SQLite for every test of the stream, and every table that it may need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import stream.account
import stream.coverage
import stream.dead_letter
import stream.kept
import stream.line
import stream.position
import stream.pulse  # noqa: F401
from stream.store import Store
from tests.mould import pour


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower that was refused tries again at once."""
    monkeypatch.setattr("stream.follow.PAUSE_SECONDS", 0.0)


@pytest.fixture
def kept_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store with every table that is declared."""
    store = pour(tmp_path / "kept.db")
    yield store
    store.close()
