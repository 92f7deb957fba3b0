"""What is told when the roles start: where phones reach the desk, and where this machine does."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from deploy import installation
from deploy.settings import load
from deploy.starting import NotReady, prepare

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


def test_a_store_that_is_another_schools_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = installation.write_demo(tmp_path, 9100, NOW)
    list(prepare(load(file)))
    mine = file.read_text(encoding="utf-8")
    assert 'code = "fenglin"' in mine
    file.write_text(mine.replace('code = "fenglin"', 'code = "other"'), encoding="utf-8")
    with pytest.raises(NotReady, match=r"学校 fenglin 的内容.*代号是 other.*各用自己的存储.*Kafka 前缀与检索前缀"):
        list(prepare(load(file)))
    file.write_text(mine, encoding="utf-8")
    assert list(prepare(load(file)))
