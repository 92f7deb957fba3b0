"""What happens at each of the five schools after one grave comment, written down by hand from their documents.

Each line: the minute after the opening, what kind of word, in which office (the document's own name where an article
names it), by which article. Nobody signs. What no article says is 系统默认，非校规: the keeper's own notice, and the
whole ladder. 15 minutes to sign at level Ⅱ, reminded at half of it, telephoned at its end, brought up half of it later.
"""

from __future__ import annotations

COMMENT = "东区食堂后厨爆炸了，两个打饭的同学被烧伤，正往救护车上抬"
OURS = "系统默认，非校规"
MAIL, GROUP, TELEPHONE = "邮件", "企业微信群机器人", "电话通知"
Line = tuple[int, str, str, str]

FIRST: dict[str, tuple[tuple[str, str], ...]] = {
    "JY": (
        ("主管校领导", "第十三条"),
        ("宣传部", "第十三条、第十四条"),
        ("单位领导", "第十四条"),
        ("官方新媒体管理人员", OURS),
    ),
    "LG": (("单位领导", "第十四条"), ("党委组宣部", "第十四条"), ("官方新媒体管理人员", OURS)),
    "TF": (("学院网络舆情工作组办公室(学生事务部网络管理处)", "第十六条"), ("管理员", OURS), ("党委宣传部", OURS)),
    "ZG": (("单位领导", "第十四条"), ("党委宣传部", "第十四条"), ("官方新媒体管理人员", OURS)),
    "NX": (("党委宣传部", "第十八条"), ("管理员", OURS)),
}
"""Who is told at once, as what, and by which article. A danger (TF: no clause on it; NX: none either) adds nobody."""
HEAD = {"TF": "主办单位党政主要负责人"} | dict.fromkeys(("JY", "LG", "ZG", "NX"), "单位领导")
"""The unit's head in each document's own words, also where the document does not name that office for this matter."""
UP: dict[str, dict[int, tuple[str, ...]]] = {school: {22: ("主管校领导", head)} for school, head in HEAD.items()}
"""To whom the silence is brought once the telephone was tried: above the keeper the unit's head, above the others the
school leader in charge, and nobody above. Ours, not the schools': no document has a ladder."""
CALLED: dict[str, dict[int, tuple[str, ...]]] = {
    "JY": {15: ("主管校领导", "宣传部", "单位领导", "官方新媒体管理人员")},
    "LG": {15: ("单位领导", "党委组宣部", "官方新媒体管理人员"), 37: ("主管校领导",)},
    "TF": {
        15: ("学院网络舆情工作组办公室(学生事务部网络管理处)", "管理员", "党委宣传部"),
        37: ("主管校领导", HEAD["TF"]),
    },
    "ZG": {15: ("单位领导", "党委宣传部", "官方新媒体管理人员"), 37: ("主管校领导",)},
    "NX": {15: ("党委宣传部", "管理员"), 37: ("主管校领导", HEAD["NX"])},
}
"""Whom the duty desk has to telephone; a person is telephoned for one matter once at a time."""


def course(school: str) -> set[tuple[int, str, str, str, str]]:
    """(minute, kind, office, article, channel) of everything that is said of a school's incident while nobody signs."""
    lines = {(0, "首报", office, basis, MAIL) for office, basis in FIRST[school]} | {(0, "首报", "", "", GROUP)}
    lines |= {(7, "催签", office, basis, MAIL) for office, basis in FIRST[school]}
    for minute, offices in UP[school].items():
        lines |= {(minute, "逐级上报", office, OURS, MAIL) for office in offices}
        lines |= {(minute + 8, "催签", office, OURS, MAIL) for office in offices}
    for minute, offices in CALLED[school].items():
        lines |= {(minute, TELEPHONE, office, "", TELEPHONE) for office in offices}
    return lines


def in_order(school: str) -> list[tuple[int, str, str]]:
    """(minute, kind, office) one after the other, as they are written: persons in the order of the document's clauses,
    then the group; who is reminded and brought up, in the order in which they were told."""
    offices = [office for office, _ in FIRST[school]]
    lines = [(0, "首报", office) for office in (*offices, "")] + [(7, "催签", office) for office in offices]
    for minute, above in UP[school].items():
        lines += [(minute, "逐级上报", office) for office in above] + [(minute + 8, "催签", office) for office in above]
    return lines
