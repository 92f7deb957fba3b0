"""An office for every test of the core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.escalation.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """People who hold every office, and nothing reported."""
    made = Office.at(tmp_path)
    yield made
    made.store.close()
