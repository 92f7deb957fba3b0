"""A town on each set of engines: SQLite always; a real Kafka alone, and all three real engines, in `make live`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.town import Town, built
from tests.stream.search.elastic_site import ElasticSite

SETS = {"sqlite": (), "kafka": ("kafka",), "all three": ("kafka", "postgres", "elasticsearch")}
"""What runs for real in each: the last is what README calls a real deployment."""


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.live] if SETS[name] else []) for name in SETS])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """One school with every role, and nothing said yet."""
    engines = SETS[request.param]
    log = request.getfixturevalue("kafka").url if "kafka" in engines else f"sqlite:///{tmp_path}/log.db"
    store = request.getfixturevalue("postgres").database() if "postgres" in engines else ""
    site = ElasticSite(request.getfixturevalue("elasticsearch")) if "elasticsearch" in engines else None
    with built(tmp_path, log, store, site=site) as made:
        yield made
