"""YAML files, read for tests. The library stands in the list for developers; CI fails without it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


def read(path: Path) -> Any:
    """What a file of YAML says."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("yaml", reason="no YAML: pip install pyyaml (requirements-dev.txt)")
    import yaml

    return yaml.safe_load(path.read_text("utf-8"))
