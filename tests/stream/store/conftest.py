"""The store on each dialect: the same tests run on SQLite always and on a real PostgreSQL in `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from stream.store import Store
from tests.mould import EITHER, of_either_kind

for _module in (
    "escalation.alert", "escalation.audit", "escalation.incident", "escalation.keeper", "escalation.notice",
    "escalation.people", "escalation.timer", "escalation.trial", "escalation.user", "stream.account",
    "stream.coverage", "stream.dead_letter", "stream.kept", "stream.position", "stream.pulse",
):  # fmt: skip
    import_module(_module)


@pytest.fixture(params=EITHER)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with every table."""
    opened = of_either_kind(request, tmp_path / "store.db")
    yield opened
    opened.close()
