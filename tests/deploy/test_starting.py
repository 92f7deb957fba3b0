"""What is told when the roles start: where phones reach the desk, and where this machine does."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from deploy import installation
from deploy.settings import load
from deploy.starting import prepare

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "本机地址　http://127.0.0.1:9100"),
        ("0.0.0.0", "本机地址　http://127.0.0.1:9100"),
        ("10.1.2.3", "本机地址　http://10.1.2.3:9100"),
        ("::1", "本机地址　http://[::1]:9100"),
    ],
)
def test_a_start_tells_the_public_address_and_this_machines_own(tmp_path: Path, host: str, told: str) -> None:
    file = installation.write_demo(tmp_path, 9100, NOW)
    text = file.read_text(encoding="utf-8").replace(
        'public_url = "http://127.0.0.1:9100"', 'public_url = "https://fx.school.example"'
    )
    file.write_text(text.replace('host = "127.0.0.1"', f'host = "{host}"', 1), encoding="utf-8")
    lines = [*islice(prepare(load(file)), 2)]
    assert lines == ["值班台　　https://fx.school.example", told]


def test_an_address_that_is_both_is_told_once(tmp_path: Path) -> None:
    lines = [*islice(prepare(load(installation.write_demo(tmp_path, 9100, NOW))), 2)]
    assert lines[0] == "值班台　　http://127.0.0.1:9100"
    assert lines[1].startswith("演示收件箱")
