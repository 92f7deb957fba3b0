"""How a post speaks: whether it denies, tells of something that happened, or only teaches. Pure; for the holds.

A unit that tells or denies what is held does so in plain words, often with one name of the matter or none. A lesson, a
drill, or advice for a case that may come speaks of no event, whatever its words are.
"""

from __future__ import annotations

import re
from collections.abc import Collection

DENIES = re.compile(
    "不实|失实|不属实|谣言|辟谣|造谣|虚假|不存在|并非事实|误传|子虚乌有|摆拍|捏造|杜撰|无中生有|恶意剪辑|恶意拼接"
    "|旧闻|旧图|旧视频|移花接木|[与跟和同][^。！？!?；;，,\n]{1,12}无关|没有(?:此事|这回事)|未发生|没有发生"
)
ACCUSES = re.compile("瞒报|隐瞒|内幕|真相|黑幕|包庇|前科|封口|掩盖|造假|扩散|曝光")
TELLS = re.compile(
    "一事|涉事|事发|网传|网上流传|网上反映|网友反映|(?:经|据)(?:初步)?(?:了解|核实|核查|排查|调查|查|检查|诊断)|经(?:校)?医院|接诊|就诊|救治"
    "|送医|送检|病情|情况稳定|体征平稳|(?:停业|停餐)整[改顿]|暂停(?:相关|涉事|该)?(?:窗口|供餐|营业|使用)|家属|警方"
)
LESSON = re.compile(
    "演练|演习|讲座|培训|科普|知识|宣传[周月日]|主题(?:班会|活动|教育)|课程|公开课|案例|竞赛|反诈|防诈|诈骗|误区"
)
ADVICE = re.compile("预防|谨防|防范|提醒|倡议|如何|(?:如|若|如果|一旦)(?:有|出现|发生|遇)")
OF_A_CASE = re.compile("一事|涉事|网传|网上流传")
SCHOOL = re.compile("我院|我校|我系|我部|本院|本校|学校|学院|校方|校内|校园|同学|学生|师生")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
FACILITY = re.compile("医院$|医务室$|校医$|急诊$|^120$")
"""A house of help is named in any notice; it is no sign that something happened."""
FIELDS: dict[str, tuple[str, ...]] = {
    "canteen": ("食堂", "餐厅", "就餐", "用餐", "供餐", "饭菜", "后厨", "餐饮"),
    "dorm": ("宿舍", "寝室", "公寓", "住宿"),
    "fees": ("收费", "学费", "缴费", "退费"),
    "teacher": ("师德",),
    "bullying": ("欺凌", "霸凌", "殴打", "打人", "围殴"),
    "exam": ("考试", "试卷", "考场", "试题"),
    "admissions": ("招生", "录取", "报考"),
    "privacy": ("个人信息", "隐私"),
    "internship": ("实习",),
    "awards": ("评奖", "评优", "奖学金", "助学金"),
}
"""Everyday words of a theme: alone they say nothing, beside a name of the matter they say that it is this one.

None for 校园安全: a fire, a fall and a crush of people have no word in common."""


def denies(plain: str) -> bool:
    """Whether a normalised text denies something, and does not teach about rumours."""
    return any(DENIES.search(one) for one in _of_events(plain))


def denies_of_the_school(plain: str) -> bool:
    """Whether a normalised text denies something about the school; where it has no word of what, a person looks."""
    return any(DENIES.search(one) and SCHOOL.search(one) for one in _of_events(plain))


def tells(plain: str) -> bool:
    """Whether a normalised text tells of something that happened."""
    return any(TELLS.search(one) for one in _of_events(plain))


def _of_events(plain: str) -> list[str]:
    """The sentences that may speak of an event: none of a text that begins as a lesson, and no advice."""
    sentences = _SENTENCE.findall(plain)
    if sentences and LESSON.search(sentences[0]):
        return []
    return [one for one in sentences if not LESSON.search(one) and (OF_A_CASE.search(one) or not ADVICE.search(one))]


def field(themes: Collection[str], plain: str) -> str:
    """An everyday word of one of these themes that stands in the text; empty where none does."""
    return next((word for theme in themes for word in FIELDS.get(theme, ()) if word in plain), "")
