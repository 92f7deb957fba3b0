"""The settings of the other four schools: the demo's people under another pack, on clocks by which silence climbs in
seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.acceptance.school import brisk_pack, written

CLOCKS: dict[int | str, dict[str, str]] = {
    2: {"sign": "10s", "remind": "5s", "phone": "10s", "tell": "15s 20s", "watch": "9s"}
}
"""Level Ⅱ: reminded, telephoned, brought up to the next above, then to the school's leader."""
TEAM = "学院网络舆情工作组办公室(学生事务部网络管理处)"
Held = tuple[str, str, str, int]
"""Role, unit, person, rank."""


@dataclass(frozen=True)
class Elsewhere:
    """A school: its pack, which office of the JY rules stands for which of its own (empty: there is none such), and
    who holds what besides.
    """

    code: str
    offices: dict[str, str]
    held: tuple[Held, ...]


def led(role: str) -> tuple[Held, ...]:
    """Each unit has somebody in this role."""
    units = (("党委宣传部", "P02"), ("校团委", "P04"), ("后勤管理处", "P06"))
    return tuple((role, unit, person, 0) for unit, person in units)


SECOND = "P02"
"""Who approves what the 宣传部 drafted: the drafter never does."""
ZG = Elsewhere("ZG", {"学校相关部门": "授权人"}, (*led("单位领导"), ("党委宣传部", "", SECOND, 1)))
LG = Elsewhere("LG", {"党委宣传部": "党委组宣部"}, (*led("单位领导"), ("党委组宣部", "", SECOND, 1)))
TF = Elsewhere(
    "TF", {"学校相关领导": "", "学校相关部门": "学院相关机构"},
    ((TEAM, "", "P12", 0), *led("本单位主管领导"), ("党委宣传部", "", SECOND, 1)),
)  # fmt: skip
NX = Elsewhere(
    "NX", {"学校相关领导": "党委宣传统战部", "学校相关部门": ""},
    (*led("单位领导"), ("主管负责人", "", SECOND, 0)),
)  # fmt: skip


def settled(data: Path, story: datetime, school: Elsewhere) -> Path:
    """Change the demo's settings in `data`: this school, in use, its story begun at `story`."""
    settings = written(data, story, brisk_pack(data, school.code, CLOCKS), trial=False)
    text = settings.read_text("utf-8").replace("night_slower = 1", "night_slower = 1\ngone_after_minutes = 1")
    for jiangyin, ours in school.offices.items():
        held = rf'\[\[offices\]\]\nrole = "{jiangyin}"\n'
        text, changed = re.subn(held if ours else rf'{held}person = "\w+"\n', _named(ours), text)
        assert changed == 1, jiangyin
    for role, scope, person, rank in school.held:
        text += f'\n[[offices]]\nrole = "{role}"\nperson = "{person}"\nrank = {rank}\n'
        text += f'scope = "{scope}"\n' if scope else ""
    settings.write_text(text, "utf-8")
    return settings


def _named(role: str) -> str:
    return f'[[offices]]\nrole = "{role}"\n' if role else ""
