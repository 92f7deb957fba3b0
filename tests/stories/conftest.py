"""A town on each log: SQLite always, a real Kafka broker in `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Town, built


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.live)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """One school with every role, and nothing said yet."""
    on_kafka = request.param == "kafka"
    url = request.getfixturevalue("kafka").url if on_kafka else f"sqlite:///{tmp_path}/log.db"
    with built(tmp_path, url) as made:
        yield made
