"""The school of the pages, for those who attack it."""

from __future__ import annotations

import pytest

from tests.escalation.web.conftest import house as house
from tests.escalation.web.conftest import mould as mould
from tests.escalation.web.house import House
from tests.escalation.web.role_table import Premises


@pytest.fixture
def premises(house: House) -> Premises:
    """The house with a person for every role, and an incident."""
    return Premises(house)
