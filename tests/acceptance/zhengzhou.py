"""The settings of a third school: the demo's people under the ZG pack, on clocks by which silence climbs in seconds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.acceptance.school import brisk_pack, written

CLOCKS: dict[int | str, dict[str, str]] = {
    2: {"sign": "10s", "remind": "5s", "phone": "10s", "tell": "15s 20s", "watch": "9s"}
}
"""Level Ⅱ: reminded, telephoned, brought up to the next above, then to the school's leader."""
HELD = (
    ("单位领导", "党委宣传部", "P02", 0), ("单位领导", "校团委", "P04", 0), ("单位领导", "后勤管理处", "P06", 0),
    ("党委宣传部", "", "P02", 1),
)  # fmt: skip
"""Role, unit, person, rank: the unit's leader (ZG 14); two in the 党委宣传部, as the drafter never approves."""


def as_zhengzhou(data: Path, story: datetime) -> Path:
    """Change the demo's settings in `data`: this school, in use, its story begun at `story`."""
    settings = written(data, story, brisk_pack(data, "ZG", CLOCKS), trial=False)
    text = settings.read_text("utf-8").replace('"学校相关部门"', '"授权人"')
    text = text.replace("night_slower = 1", "night_slower = 1\ngone_after_minutes = 1")
    for role, scope, person, rank in HELD:
        text += f'\n[[offices]]\nrole = "{role}"\nperson = "{person}"\nrank = {rank}\n'
        text += f'scope = "{scope}"\n' if scope else ""
    settings.write_text(text, "utf-8")
    return settings
