"""The settings of another college: the demo's people under the TF pack, with a second person in the 党委宣传部."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

from tests.acceptance.school import LABEL, shipped_pack, written

RELAY = "8s"
OFFICES = {"学校相关领导": "学院网络舆情工作组办公室(学生事务部网络管理处)", "学校相关部门": "学院相关机构"}
"""An office of the JY rules, and the one that the TF rules name in its place."""
HELD = [("党委宣传部", "", "P02")] + [
    ("本单位主管领导", unit, who) for unit, who in (("党委宣传部", "P02"), ("校团委", "P04"), ("后勤管理处", "P06"))
]
"""Who holds what besides: one drafts and the other approves (TF 14), and each unit has who signs for it."""


def college_pack(folder: Path) -> Path:
    """A copy of the TF pack in which a release is to be relayed within seconds; nothing else is touched."""
    pack = folder / "TF-short"
    shutil.copytree(shipped_pack("TF"), pack)
    file = pack / "voice.toml"
    text, changed = re.subn(r'(?m)^(relay_within = \{ after = )"\w+"', rf'\1"{RELAY}"', file.read_text("utf-8"))
    assert changed == 1, "the pack says by when to relay"
    file.write_text(f"{LABEL}\n{text}", "utf-8")
    return pack


def as_college(data: Path, story: datetime) -> Path:
    """Change the demo's settings in `data`: this college, in use, its story begun at `story`."""
    settings = written(data, story, college_pack(data), trial=False)
    text = settings.read_text("utf-8")
    for jiangyin, ours in OFFICES.items():
        text = text.replace(f'"{jiangyin}"', f'"{ours}"')
    for role, scope, person in HELD:
        text += f'\n[[offices]]\nrole = "{role}"\nperson = "{person}"\n' + (f'scope = "{scope}"\n' if scope else "")
    settings.write_text(text, "utf-8")
    return settings
