"""The settings of another college: the demo's people under the TF pack, with a second person in the 党委宣传部, and a
third unit with an account of its own."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

from tests.acceptance.school import LABEL, shipped_pack, written

RELAY = "8s"
OFFICES = {"学校相关领导": "学院网络舆情工作组办公室(学生事务部网络管理处)", "学校相关部门": "学院相关机构"}
"""An office of the JY rules, and the one that the TF rules name in its place."""
HELD = [("党委宣传部", "", "P02"), ("单位党政主要负责人", "学生工作部", "P12")] + [
    ("本单位主管领导", unit, who)
    for unit, who in (("党委宣传部", "P02"), ("校团委", "P04"), ("后勤管理处", "P06"), ("学生工作部", "P12"))
]
"""Who holds what besides: one drafts and the other approves (TF 14), and each unit has who signs for it."""
SECOND_MAIN = """native_id = "wxsandboxmain000"
name = "风林职业技术学院"
unit = "党委宣传部"
(watch_from = \\S+)
main = true"""
OF_A_THIRD = """native_id = "wxsandboxmain000"
name = "风林学工"
unit = "学生工作部"
\\1"""
KEPT = """account = "wechat:wxsandboxmain000"
person = "{}\""""
THIRD = {SECOND_MAIN: OF_A_THIRD, KEPT.format("P03"): KEPT.format("P12")}
"""The college has one account of its own name, at Weibo; the demo's other one is a third unit's, read as ever."""


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
    for demo, college in THIRD.items():
        text, changed = re.subn(demo, college, text)
        assert changed == 1, "the demo's accounts read otherwise than this test thinks"
    for role, scope, person in HELD:
        text += f'\n[[offices]]\nrole = "{role}"\nperson = "{person}"\n' + (f'scope = "{scope}"\n' if scope else "")
    settings.write_text(text, "utf-8")
    return settings
