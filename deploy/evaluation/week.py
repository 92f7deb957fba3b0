"""An ordinary week 寻常一周: comments in which nothing happened, a thousand a day, through the whole chain.

What opens in it is false by the meaning of the data, and is counted by shifts of twelve hours against the alert budget.
The comments come from files that a school names; the posts they stand under, the hours and the writers are made here
and are the same for the same comments: every comment has a writer of its own, which is the hardest case, since an
incident without a danger needs several voices.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from deploy.course import Opened
from deploy.rehearsal import House, Step, rehearse
from deploy.scenario import College, Line, Page, Scenario, Unit
from escalation.clock_words import SHANGHAI
from escalation.incident import LEVELS
from escalation.verdict.budget import SHIFT_HOURS
from sentiment.labelled import Row
from stream.border import PER_SHIFT
from stream.post import Kind

PER_DAY = 1000
DAYS = 7
WHOLE = PER_DAY * DAYS
SHIFT = timedelta(hours=SHIFT_HOURS)
BEGIN = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
"""A Monday at 08:00 in Shanghai, when a day shift begins."""
POSTS_PER_DAY = 20
BUSY = (9, 9, 9, 9, 10, 9, 8, 8, 9, 10, 12, 13, 14, 14, 12, 8, 4, 2, 1, 1, 1, 1, 3, 6)
"""How many of a day's comments fall into each hour, from 08:00 on, relative to each other."""
QUIET_POSTS = (
    "本周校园讲座安排", "图书馆开放时间提示", "新学期社团招新", "校园秋色摄影作品展", "运动会精彩瞬间",
    "毕业生招聘会日程", "食堂本周菜单", "校史馆预约参观", "志愿者活动回顾", "校园歌手大赛报名",
)  # fmt: skip
PAGES = (
    Page(key="week-wx", platform="wechat", name="本校官微", unit="党委宣传部", main=True),
    Page(key="week-wb", platform="weibo", name="本校微博", unit="党委宣传部", main=True),
    Page(key="week-yl", platform="weibo", name="本校团委", unit="团委"),
    Page(key="week-hq", platform="wechat", name="本校后勤", unit="后勤处"),
    Page(key="week-dy", platform="douyin", name="本校视频号", unit="党委宣传部"),
)
COLLEGE = College(
    college="本校",
    units=(Unit(key="xc", name="党委宣传部"), Unit(key="tw", name="团委"), Unit(key="hq", name="后勤处")),
    accounts=PAGES,
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One incident that opened: what of, and the words of the line that opened it."""

    at: datetime
    title: str
    level: int
    theme: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """What a week led to. `shifts`: incidents opened in each, in order; `comments`: how many were played."""

    comments: int
    repeated: int
    shifts: tuple[int, ...]
    alarms: tuple[Alarm, ...]
    budget: int = PER_SHIFT

    @property
    def worst(self) -> int:
        """The most incidents that one shift opened."""
        return max(self.shifts, default=0)

    @property
    def kept(self) -> bool:
        """Whether every shift stayed within the budget."""
        return self.worst <= self.budget


def ordinary(rows: Iterable[Row]) -> list[Row]:
    """The comments of which the files do not say that something happened: those of school life first, each text once.

    A row that says of itself that a school should look at it (concern, risk, a verdict) is not ordinary.
    """
    quiet = [row for row in rows if not (row.concern or row.risk) and row.text.strip()]
    first: dict[str, Row] = {}
    for row in sorted(quiet, key=lambda row: not row.campus):
        first.setdefault(row.text, row)
    return list(first.values())


def lines(per_day: int, days: int) -> int:
    """How many lines a week of so many comments has, the school's posts among them."""
    return (per_day + POSTS_PER_DAY) * days


def scenario(texts: Sequence[str], *, per_day: int = PER_DAY, days: int = DAYS) -> Scenario:
    """A week of these comments, each by a writer of its own; too few, and some writers say theirs again later."""
    draw = random.Random(crc32("\n".join(texts).encode("utf-8", "replace")))
    wanted = per_day * days
    chosen = [at % len(texts) for at in range(wanted)]
    draw.shuffle(chosen)
    posts = list(_posts(days))
    lines = posts + list(_comments(texts, chosen, posts, per_day, draw))
    return Scenario("week", tuple(sorted(lines, key=lambda line: (line.at, line.id))), COLLEGE)


def _posts(days: int) -> Iterator[Line]:
    """The school's posts: the first shortly before the first comment, then evenly over each day's waking hours."""
    for day in range(days):
        for number in range(POSTS_PER_DAY):
            page = PAGES[number % len(PAGES)]
            at = BEGIN + timedelta(days=day, minutes=number * 40)
            name = f"week-{day}-{number:02}"
            yield Line(
                id=name, kind=Kind.POST, account=page.key, thread=name, parent=None, author="school",
                text=QUIET_POSTS[(day + number) % len(QUIET_POSTS)], at=at, likes=50,
            )  # fmt: skip


def _comments(
    texts: Sequence[str], chosen: Sequence[int], posts: Sequence[Line], per_day: int, draw: random.Random
) -> Iterator[Line]:
    """Each under a post of the last day, at an hour at which people write."""
    for at, which in enumerate(chosen):
        hour = draw.choices(range(24), BUSY)[0]
        when = BEGIN + timedelta(days=at // per_day, hours=hour, seconds=1 + draw.randrange(3599))
        open_now = [post for post in posts if when - timedelta(days=1) < post.at < when]
        under = draw.choice(open_now)
        yield Line(
            id=f"c-{at:05}", kind=Kind.COMMENT, account=under.account, thread=under.thread, parent=under.id,
            author=f"w-{which}", text=texts[which], at=when, likes=0,
        )  # fmt: skip


def play(
    texts: Sequence[str], house: House, step: Step, *, per_day: int = PER_DAY, days: int = DAYS, budget: int = PER_SHIFT
) -> Week:
    """Play the week with the product's own watch. `step` is called after each line."""
    played = scenario(texts, per_day=per_day, days=days)
    found = rehearse(played, house, step).opened
    shifts = [0] * (days * 2)
    for one in found:
        shifts[shift(one.opened_at)] += 1
    said = {line.id: line.text for line in played.lines}
    return Week(
        comments=per_day * days, repeated=max(0, per_day * days - len(texts)), shifts=tuple(shifts),
        alarms=tuple(_alarm(one, said) for one in found), budget=budget,
    )  # fmt: skip


def shift(at: datetime) -> int:
    """The shift of the week, from 0, that a moment falls into."""
    return (at - BEGIN) // SHIFT


def _alarm(one: Opened, said: dict[str, str]) -> Alarm:
    reasons = tuple(f"{reason['name']} {reason['share']}%" for reason in one.reasons)
    return Alarm(one.opened_at, one.title, one.level, one.theme, said.get(one.opened_at_id, ""), reasons)


def told(week: Week) -> Iterator[str]:
    """What a person reads: every incident with the line that opened it, and the count of each shift."""
    for one in week.alarms:
        at = one.at.astimezone(SHANGHAI)
        yield f"第 {shift(one.at) + 1} 班 {at:%m-%d %H:%M}　{LEVELS[one.level]}级　{one.title}（{one.theme}）"
        yield f"　　触发：{one.text}"
        yield f"　　理由：{'、'.join(one.reasons)}"
    again = f"（其中 {week.repeated} 条为凑足数量再用一遍，作者不变）" if week.repeated else ""
    yield f"寻常评论 {week.comments} 条{again}，{len(week.shifts)} 班，每班 {SHIFT_HOURS} 小时。"
    yield "没有立事件。" if not week.alarms else "所立事件按误报计，请逐一看上面的原文。"
    yield f"各班所立事件：{'、'.join(map(str, week.shifts))}。"
    yield f"最多的一班 {week.worst} 起，上限 {week.budget} 起（系统默认，非校规）。"
    yield "每班都在上限之内。" if week.kept else f"有 {sum(one > week.budget for one in week.shifts)} 班超过上限。"


def as_document(week: Week) -> dict[str, Any]:
    """The same for programs."""
    alarms = [
        {
            "at": one.at.isoformat(), "shift": shift(one.at), "title": one.title, "level": one.level,
            "theme": one.theme, "text": one.text, "reasons": list(one.reasons),
        }
        for one in week.alarms
    ]  # fmt: skip
    return {
        "comments": week.comments, "repeated": week.repeated, "shifts": list(week.shifts), "worst": week.worst,
        "budget": week.budget, "kept": week.kept, "alarms": alarms,
    }  # fmt: skip
