"""What a rehearsal must print at each of the five schools, written down by hand from their documents.

Two short scenarios (`courses/`): a grave comment under a unit's account, then a denial by another unit's account; and
a post on a fire without leave while nothing is open, then a question. What no article says is 系统默认，非校规: the
keeper's own notice, the whole ladder, every minute. 15 minutes to sign at level Ⅱ, reminded at half of it, telephoned
at its end, brought up half of it later.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = "系统默认，非校规"
UNSAID = "校规未规定"
MAIL, GROUP, CALL = "邮件", "企业微信群机器人", "电话通知，由值班员拨打并登记"
HEAD, LEADER, KEEPER = "后勤管理处处长", "主管校领导", "青岚后勤管理员"
TEAM = "学院网络舆情工作组办公室(学生事务部网络管理处)"
BAN = "擅自发声：没有授权"
HELD = "擅自发声：暂停发声的事项"
ASKED_OURS = "第十一条要求“及时”答复；时限数字为系统默认，非校规"
Line = tuple[str, str, str, str, str, str]
"""Time, what, who, as what, by which article (a call: for which notice), on which channel."""


@dataclass(frozen=True)
class School:
    """`first`: who is told at once, as what, by which article, in this order. `late`: whom the second call reaches.

    `hold`: by which article nobody else speaks. `alone`: the article of the standing ban, empty where there is none.
    `told`: as what the keeper and the 宣传部 hear of a post without leave. `question`: by which clause it is answered.
    `head`: the unit's head in the document's own words.
    """

    first: tuple[tuple[str, str, str], ...]
    late: tuple[str, ...]
    hold: str
    alone: str
    told: tuple[str, str]
    question: str
    head: str = "单位领导"


JY = School(
    ((LEADER, "主管校领导", "第十三条"), ("党委宣传部", "宣传部", "第十三条、第十四条"),
     (HEAD, "单位领导", "第十四条"), (KEEPER, "官方新媒体管理人员", OURS)),
    (), "第十条、第十五条", "第十条", ("官方新媒体管理人员", "党委宣传部"), ASKED_OURS,
)  # fmt: skip
LG = School(
    ((HEAD, "单位领导", "第十四条"), ("党委宣传部", "党委组宣部", "第十四条"), (KEEPER, "官方新媒体管理人员", OURS)),
    (LEADER,), "第十条、第十五条", "第十条", ("官方新媒体管理人员", "党委组宣部"), ASKED_OURS,
)  # fmt: skip
TF = School(
    ((TEAM, TEAM, "第十六条"), (KEEPER, "管理员", OURS), ("党委宣传部", "党委宣传部", OURS)),
    (LEADER, HEAD), "第十二条", "第十二条", ("管理员", "党委宣传部"), UNSAID, "主办单位党政主要负责人",
)  # fmt: skip
ZG = School(
    ((HEAD, "单位领导", "第十四条"), ("党委宣传部", "党委宣传部", "第十四条"), (KEEPER, "官方新媒体管理人员", OURS)),
    (LEADER,), "第十二条", "第十二条", ("官方新媒体管理人员", "党委宣传部"), UNSAID,
)  # fmt: skip
NX = School(
    (("党委宣传部", "党委宣传部", "第十八条"), (KEEPER, "管理员", OURS)),
    (LEADER, HEAD), "第十六条（推断）", "", ("管理员", "党委宣传部"), UNSAID,
)  # fmt: skip
SCHOOLS = {"JY": JY, "LG": LG, "TF": TF, "ZG": ZG, "NX": NX}
NUMBER = "YL-2026-0001"
HOLDERS = ("青岚教务管理员", "青岚职业技术学院管理员", "青岚后勤管理员")
"""Whose accounts fall silent; only the main one's keeper speaks for the school."""


def climb(school: School) -> list[Line]:
    """The course of the comment, in order, while nobody signs; without the words to the accounts that fall silent."""
    first = [("12:10", "首报", who, office, basis, MAIL) for who, office, basis in school.first]
    group = [("12:10", "首报", "群机器人", "", "", GROUP)]
    again = [("12:17", "催签", who, office, basis, MAIL) for who, office, basis in school.first]
    calls = [
        ("12:25", "电话通知", who, office, f"未签收 {NUMBER}-{place:02d}", CALL)
        for place, (who, office, _) in enumerate(school.first, 1)
    ]
    above = [(LEADER, "主管校领导"), (HEAD, school.head)]
    up = [("12:32", "逐级上报", who, office, OURS, MAIL) for who, office in above]
    urged = [("12:40", "催签", who, office, OURS, MAIL) for who, office in above]
    late = [("12:47", "电话通知", who, dict(above)[who], "未签收", CALL) for who in school.late]
    return [*first, *group, *again, *calls, *up, *urged, *late]


def alone(school: School) -> list[Line]:
    """The course of the post without leave, in order, while nobody signs."""
    if not school.alone:
        return []
    keeper, lead = (("青岚教务管理员", school.told[0]), ("党委宣传部", school.told[1]))
    above = [("教务处处长", school.head), (LEADER, "主管校领导")]
    return [
        *(("09:00", "首报", who, office, OURS, MAIL) for who, office in (keeper, lead)),
        ("09:00", "首报", "群机器人", "", "", GROUP),
        *(("09:15", "催签", who, office, OURS, MAIL) for who, office in (keeper, lead)),
        *(("09:30", "电话通知", who, office, "未签收", CALL) for who, office in (keeper, lead)),
        *(("09:45", "逐级上报", who, office, OURS, MAIL) for who, office in above),
        *(("10:00", "催签", who, office, OURS, MAIL) for who, office in above),
        *(("10:15", "电话通知", who, office, "未签收", CALL) for who, office in above),
    ]
