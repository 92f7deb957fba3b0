"""A school per test, copied from one that was built once (password hashes cost time)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.escalation.web.house import House


@pytest.fixture(scope="session")
def mould(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a school with people and users, and nothing that happened."""
    folder = tmp_path_factory.mktemp("mould")
    House.at(folder).store.close()
    return folder / "store.db"


@pytest.fixture
def house(mould: Path, tmp_path: Path) -> House:
    """A school of one's own."""
    shutil.copy(mould, tmp_path / "store.db")
    return House.at(tmp_path, enrolled=True)
