"""It must show 8 (issue 3): a wheel of this tree works in an empty environment in another folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.live
def test_the_wheel_passes_check_and_rehearse_in_an_empty_environment() -> None:
    done = subprocess.run([ROOT / ".ci" / "wheel", sys.executable], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "可以运行。" in done.stdout
    assert "works in an empty environment" in done.stdout
