"""Fixtures for every room: the real engines that tests marked `live` use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.live.engines import E, EngineMissing, Kafka, Postgres, started

settings.register_profile("laptop", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "laptop")
"""On a laptop every run looks at new examples; CI judges a change, not the luck of a draw."""


@contextmanager
def _running(make: Callable[[Path], E]) -> Iterator[E]:
    """The engine, or: the tests that need it are skipped on a laptop and fail in CI."""
    folder = Path(tempfile.mkdtemp(prefix="fengxin-live-"))  # pytest's own folders are closed to nobody
    folder.chmod(0o755)
    try:
        try:
            engine = started(make, folder / make.__name__.lower())
        except EngineMissing as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(f"live engine missing: {missing}", pytrace=False)
            pytest.skip(f"live engine missing: {missing}")
        yield engine
        engine.down()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A running Kafka; a test that kills it must bring it back with `again`."""
    with _running(Kafka) as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; `postgres.database()` gives a test its own empty database."""
    with _running(Postgres) as engine:
        yield engine
