"""What happens at each of the five schools after one grave comment, written down by hand from their documents.

Nobody signs for an hour. The words are those of the document; what no article says is 系统默认，非校规. Every figure
(15 minutes to sign at level Ⅱ, reminded at half of it) is ours and the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = "系统默认，非校规"
MAIL, GROUP = "邮件", "企业微信群机器人"
TELEPHONE = "电话通知"
COMMENT = "东区食堂后厨爆炸了，两个打饭的同学被烧伤，正往救护车上抬"


@dataclass(frozen=True)
class School:
    """A school's course: who is told first by which article, and to whom their silence is brought.

    `first`: (office, basis). `above`: the offices told of the silence, by the minute. `called`: whom the duty desk
    telephones, by the minute.
    """

    pack: str
    first: tuple[tuple[str, str], ...]
    above: dict[int, tuple[str, ...]]
    called: dict[int, tuple[str, ...]]


FIVE = {
    "JY": School(
        "JY",
        (
            ("主管校领导", "第十三条"), ("宣传部", "第十三条、第十四条"), ("单位领导", "第十四条"),
            ("官方新媒体管理人员", OURS),
        ),
        {15: (), 30: ()}, {15: (), 30: ()},
    ),
    "LG": School("LG", (("单位领导", "第十四条"), ("党委组宣部", "第十四条"), ("官方新媒体管理人员", OURS)), {}, {}),
    "TF": School(
        "TF", (("学院网络舆情工作组办公室(学生事务部网络管理处)", "第十六条"), ("管理员", OURS), ("党委宣传部", OURS)), {}, {}
    ),
    "ZG": School("ZG", (("单位领导", "第十四条"), ("党委宣传部", "第十四条"), ("官方新媒体管理人员", OURS)), {}, {}),
    "NX": School("NX", (("党委宣传部", "第十八条"), ("管理员", OURS)), {}, {}),
}  # fmt: skip
