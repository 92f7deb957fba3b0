"""Fixtures for every room: the real engines that tests marked `live` use, and the browser."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.live.elasticsearch import Elasticsearch
from tests.live.engines import E, EngineMissing, Kafka, Postgres, started

settings.register_profile("laptop", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "laptop")
"""On a laptop every run looks at new examples; CI judges a change, not the luck of a draw."""

expect.set_options(timeout=30_000)
"""Milliseconds: a page on a busy machine is slow, not wrong."""

CHROMIUM = Path("/usr/bin/chromium")
LIVE_REQUIRED = os.environ.get("FENGXIN_LIVE") == "required" or os.environ.get("CI") == "true"
"""`make live` and CI want the real engines and fail without them."""
MISSING = "live engine missing"


LONGEST = (
    "stories/test_virtual_month.py", "acceptance/test_evaluate.py", "acceptance/test_account_changes.py",
    "kills/test_moments.py", "acceptance/test_outage.py", "escalation/attacks/test_a13_queries.py",
    "sentiment/test_snow.py", "kills/test_points.py", "deploy/test_readme.py", "kills/test_supervised.py",
    "deploy/test_training.py", "escalation/web/test_roles.py", "escalation/incident/test_walk.py",
    "stories/test_five_schools.py",
)  # fmt: skip
"""Files that take long: they begin first, so that at the end no worker is waited for (`--no-loadscope-reorder`)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, in the order in which they are named; the rest stays in its own."""
    here, place = Path(__file__).parent, {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(here).as_posix(), len(place)))


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector of garbage need not look at all of it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run on a real engine: a skip is easily overlooked."""
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if MISSING in str(one.longrepr)]
    if skipped:
        engines = "a real Kafka, Elasticsearch or PostgreSQL"
        said = f"NOT TESTED: {len(skipped)} tests need {engines}, which is missing here (see `make live`)"
        terminalreporter.write_line(said, red=True, bold=True)


@contextmanager
def _running(make: Callable[[Path], E]) -> Iterator[E]:
    """The engine, or: the tests that need it are skipped on a laptop and fail in `make live` and in CI."""
    folder = Path(tempfile.mkdtemp(prefix="fengxin-live-"))  # pytest's own folders are closed to nobody
    folder.chmod(0o755)
    try:
        try:
            engine = started(make, folder / make.__name__.lower())
        except EngineMissing as missing:
            if LIVE_REQUIRED:
                pytest.fail(f"{MISSING}: {missing}", pytrace=False)
            pytest.skip(f"{MISSING}: {missing}")
        yield engine
        engine.down()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A running Kafka; a test that kills it must bring it back with `again`."""
    with _running(Kafka) as engine:
        yield engine


@pytest.fixture
def empty_kafka() -> Iterator[Kafka]:
    """A Kafka of its own, for a test to whom what others wrote would be in the way."""
    with _running(Kafka) as engine:
        yield engine


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[Elasticsearch]:
    """A running Elasticsearch; a test that kills it must bring it back with `again`."""
    with _running(Elasticsearch) as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; `postgres.database()` gives a test its own empty database."""
    with _running(Postgres) as engine:
        yield engine


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the system: one for all files of a worker, as one process holds one playwright at a time."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no browser: {CHROMIUM} is missing", pytrace=False)
        pytest.skip(f"no browser: {CHROMIUM} is missing")
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()
