"""A new installation: the commented settings, the roster's template, fresh keys; and the demo's, which is the same."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

from deploy import demo_rota, roster_file
from deploy.settings import SettingsError, load
from escalation.clock_words import SHANGHAI

TEMPLATES = Path(__file__).resolve().parent / "templates"
SETTINGS_FILE = "fengxin.toml"
ROSTER_FILE = "accounts.xlsx"
KEYS = ("web", "crawl")
SAMPLE: dict[str, list[dict[str, Any]]] = {
    "units": [{"name": "# 样例：党委宣传部（以 # 开头的行不读入，可删）"}],
    "accounts": [
        {
            "id": "# 样例：weibo:1234567890", "platform": "微博", "name": "某某学院", "native_id": "1234567890",
            "unit": "党委宣传部", "watch_from": "2026-11-21 08:00", "route": "接口", "main": "是", "active": "是",
        }
    ],
    "people": [
        {
            "id": "# 样例：2016001", "name": "张三", "title": "宣传部部长", "unit": "党委宣传部",
            "email": "zhangsan@school.example", "mobile": "13900000000",
            "wecom": "zhangsan",
        }
    ],
    "offices": [
        {"role": "# 样例：主管校领导", "person": "2016001"},
        {"role": "# 样例：单位党政主要负责人", "scope": "党委宣传部", "person": "2016001", "rank": 0},
    ],
    "keepers": [{"account": "# 样例：weibo:1234567890", "person": "2016001", "rank": 0}],
    "shifts": [
        {"person": "# 样例：2016001", "starts_at": "2026-11-21 08:00", "ends_at": "2026-11-21 20:00", "leads": "否"}
    ],
}  # fmt: skip


class AlreadyThere(Exception):
    """A file that would be overwritten; the message is for the operator."""


def write(folder: Path) -> list[Path]:
    """Write settings, roster template and keys into `folder`. Raises AlreadyThere and then writes nothing."""
    made = [folder / SETTINGS_FILE, folder / ROSTER_FILE]
    for path in made:
        if path.exists():
            raise AlreadyThere(f"{path} 已经存在，未作任何改动；请换一个目录，或先移走它。")
    folder.mkdir(parents=True, exist_ok=True)
    made[0].write_text((TEMPLATES / SETTINGS_FILE).read_text(encoding="utf-8"), encoding="utf-8")
    roster_file.write(made[1], SAMPLE)
    return [*made, *keys(folder)]


def keys(folder: Path) -> list[Path]:
    """Make the keys that are not there yet, readable by the owner only; existing ones are never changed."""
    place = folder / "secrets"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    for name in KEYS:
        path = place / f"{name}.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
            made.append(path)
    return made


def write_demo(folder: Path, port: int, now: datetime) -> Path:
    """Write the demo's settings for `port` (web; the three after it serve the sandboxes). Its start is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    keys(folder)
    path = folder / SETTINGS_FILE
    start = _start_of(path) or now.astimezone(UTC).replace(microsecond=0)
    text = Template((TEMPLATES / "demo.toml").read_text(encoding="utf-8")).substitute(
        port=port, sandbox_port=port + 1, inbox_port=port + 2, smtp_port=port + 3,
        start=start.astimezone(SHANGHAI).isoformat(),
        shifts=demo_rota.written(start, now),
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


def _start_of(path: Path) -> datetime | None:
    try:
        demo = load(path).sandbox
    except SettingsError:
        return None
    return demo.start if demo else None
