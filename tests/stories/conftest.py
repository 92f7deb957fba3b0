"""A town on each pair of log and store: SQLite always; a real Kafka, and Kafka with PostgreSQL, in `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Town, built

PAIRS = {"sqlite": (), "kafka": ("kafka",), "kafka and postgresql": ("kafka", "postgres")}
"""What runs for real in each: the last is what README calls a real deployment."""


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.live] if PAIRS[name] else []) for name in PAIRS])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """One school with every role, and nothing said yet."""
    engines = PAIRS[request.param]
    log = request.getfixturevalue("kafka").url if "kafka" in engines else f"sqlite:///{tmp_path}/log.db"
    store = request.getfixturevalue("postgres").database() if "postgres" in engines else ""
    with built(tmp_path, log, store) as made:
        yield made
