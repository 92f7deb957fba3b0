"""A week as the tests of the report see it: rows made by hand, small or rich."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from escalation.alteration.compare import Kind as Change
from escalation.alteration.state import State as Altered
from escalation.audit import Head
from escalation.breach import Kind
from escalation.breach import State as Breach
from escalation.clock_words import SHANGHAI
from escalation.consultation.state import State as Consulted
from escalation.duty.absence import AbsenceKind
from escalation.duty.handover_state import State as Handed
from escalation.incident.state import State
from escalation.notice import NoticeKind
from escalation.people import Role
from escalation.report.chapters.alterations import Changed
from escalation.report.chapters.consultations import Asked
from escalation.report.chapters.duty import Duty, Gone, HandOver
from escalation.report.chapters.handling import Telling
from escalation.report.chapters.hot_words import Said
from escalation.report.chapters.one_voice import HoldRow, OutRow, RelayRow
from escalation.report.chapters.own_posts import Found, Pair, Paper
from escalation.report.chapters.own_posts import Rows as OwnPosts
from escalation.report.chapters.tasks import Set
from escalation.report.rows import (
    AccountRow,
    AlertRow,
    ClockRow,
    DeliveryRow,
    GapRow,
    HourRow,
    IncidentRow,
    NoticeRow,
    SourceRow,
    ThemeRow,
    WeekRows,
)
from escalation.report.week import Week
from escalation.task import TaskKind
from escalation.task.state import TaskState
from escalation.voice.state import HoldState, RelayState, StatementState
from escalation.voice.statement import Kind as Spoken

WEEK = Week(2026, 47)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026 in Beijing time."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def empty(week: Week = WEEK) -> WeekRows:
    """A week in which nothing was seen and nothing happened."""
    return WeekRows("fl", "风林职业技术学院", "党委宣传部", week, Head(0, "0" * 64))


def incident(key: int, opened: datetime, level: int = 3, **more: Any) -> IncidentRow:
    """An incident; `more` replaces fields."""
    made = IncidentRow(
        id=key, number=f"FX-2026-{key:04d}", title=f"事由{key}", theme="canteen", state=State.HANDLING,
        level=level, unit="后勤服务中心", triggers=("damaging_comment",), detected_at=opened, opened_at=opened,
        closed_at=None, late=False, trial=False, rehearsal=False, care=False,
    )  # fmt: skip
    return replace(made, **more)


def notice(key: int, of: IncidentRow, minutes: int = 16, signed: int | None = 6, **more: Any) -> NoticeRow:
    """A notice of an incident, to be signed within `minutes`, signed after `signed` (None: not at all)."""
    made = NoticeRow(
        id=key, incident_id=of.id, number=f"{of.number}-{key:02d}", person_id=f"p{key}", person="曹卫东",
        office="单位党政主要负责人", unit="后勤服务中心", basis="第十三条", created_at=of.opened_at,
        sign_by=of.opened_at + timedelta(minutes=minutes),
        signed_at=None if signed is None else of.opened_at + timedelta(minutes=signed),
    )  # fmt: skip
    return replace(made, **more)


def account(name: str, platform: str = "weibo", unit: str = "党委宣传部", **more: Any) -> AccountRow:
    """An active account, watched since long ago."""
    made = AccountRow(f"{platform}:{name}", name, platform, unit, "api", active=True, watch_from=at(1, 0))
    return replace(made, **more)


def source(of: AccountRow, last_full: datetime | None = NOW, **more: Any) -> SourceRow:
    """The one essential source of an account, promised every five minutes."""
    made = SourceRow(of.id, "timeline", True, True, 300, last_full, None, None, 100, 100, "", "")
    return replace(made, **more)


def rich() -> WeekRows:
    """A week like the one of the mock: waves, flags, late things, blind accounts, a rehearsal, a care case."""
    fire = incident(1, at(20, 16, 1), 1, title="7 号宿舍楼起火传言", unit="保卫处", comments=131, theme="rumour",
                    state=State.CLOSED, closed_at=at(21, 9), answered_at=at(20, 17, 30),
                    first_report_at=at(20, 16, 2))  # fmt: skip
    food = incident(2, at(20, 15, 52), 2, title="二食堂就餐后多人腹泻", comments=1_094, state=State.RESPONDED,
                    answered_at=at(20, 19, 6), first_report_at=at(20, 15, 53), reported_at=at(20, 16, 20))  # fmt: skip
    care = incident(
        3, at(19, 23, 10), 2, title="不可外露的标题", theme="self_harm", care=True, unit="学生工作部", comments=3
    )
    power = incident(4, at(18, 22, 6), title="北区宿舍连续停电", comments=388, first_report_at=at(18, 22, 7))
    paper = incident(5, at(20, 11, 20), title="《高等数学》期中试卷质疑", unit="教务处", comments=162)
    loud = incident(6, at(20, 16, 37), title="管控期内单位微博擅自发文", comments=47, theme="unauthorised_post",
                    state=State.CLOSED, closed_at=at(22, 18), triggers=("unauthorised_publication",))  # fmt: skip
    wrong = incident(7, at(17, 9), 4, title="校庆祝贺刷屏", state=State.FALSE_ALARM, closed_at=at(17, 9, 40),
                     dismissal="玩笑或夸张")  # fmt: skip
    drill = incident(8, at(19, 8), 2, number="YL-2026-0003", title="八点例行演练", rehearsal=True)
    cases = (fire, food, care, power, paper, loud, wrong, drill)
    notices = tuple(
        notice(10 * one.id + n, one, signed=3 + n, person_id=f"p{n}") for one in cases for n in range(2)
    ) + (
        notice(98, food, signed=31, person_id="p7"),
        notice(99, power, signed=None, person_id="p8", person="罗广平", article="第十三条", default=False),
    )  # fmt: skip
    clocks = (
        ClockRow(1, power.id, "facts", "情况说明", at(19, 0, 6), None, "第十五条", default=False),
        ClockRow(2, food.id, "first_answer", "首次回应", at(20, 17, 52), None, "", default=True),
        ClockRow(3, fire.id, "first_answer", "首次回应", at(20, 18, 1), None, "", default=True),
    )
    main = account("风林职院")
    young = account("风林青年说", "channels", "团委", route="manual")
    machine = account("风林机电", unit="机电学院")
    video = account("风林职院", "douyin")
    return replace(
        empty(), head=Head(4_812, "9f" * 32), incidents=cases, notices=notices, clocks=clocks,
        deliveries=(
            DeliveryRow(1, food.id, "FX-2026-0002-01", "wecom_robot", "工作群", "", at(20, 15, 53), 5,
                        "企业微信拒收（93000：机器人已被移出群）", reached=False),
        ),
        accounts=(main, young, machine, video),
        sources=(source(main, seen=2_077, shown=2_081), source(machine), source(video, seen=618, shown=655)),
        gaps=(GapRow(machine.id, at(19, 2), at(19, 8, 10), "授权过期"),
              GapRow(main.id, at(10, 2), at(11, 8, 10), "上周的缺口")),
        hours=_hours(main, video), usual=_usual(main),
        themes=(ThemeRow("canteen", 812, 640), ThemeRow("dorm", 433, 300), ThemeRow("rumour", 120, 40),
                ThemeRow("self_harm", 3, 3)),
        alerts=(AlertRow("“主管校领导”没有可联系的人员，通知已改发值班台。", at(20, 16), None),),
        letters={"message": 12, "lead": 3}, engines=("snow",), chapters=_chapters(notices),
    )  # fmt: skip


def _chapters(found: tuple[NoticeRow, ...]) -> dict[str, Any]:
    """Rows of every chapter, under its name."""
    roles = (Role.KEEPER, Role.UNIT_LEADER, Role.SCHOOL_LEADER, "an_office_of_the_pack")
    told = [
        Telling(one.id, one.incident_id, one.number, NoticeKind.FIRST, roles[n % 4], one.person, one.office,
                one.created_at, one.created_at + timedelta(minutes=1) if n % 3 else None)
        for n, one in enumerate(found)
    ]  # fmt: skip
    late = replace(told[1], kind=NoticeKind.REMINDER, id=900, number=told[1].number + "-c")
    above = replace(told[1], kind=NoticeKind.ESCALATED, id=901, number=told[1].number + "-s", silent=told[1].role)
    return {
        "handling": (*told, late, above),
        "tasks": TASKS,
        "consultations": ASKED,
        "own_posts": OWN_POSTS,
        "one_voice": VOICE,
        "duty": DUTY,
        "alterations": ALTERATIONS,
        "hot_words": HOT_WORDS,
    }


def said(number: int, text: str, **more: Any) -> Said:
    """A negative comment of the week's fifth day."""
    made = Said(at(20, 12, number % 60), "wechat", "风林后勤", "negative", 40, "https://example.test/1", text)
    return replace(made, **more)


HOT_WORDS = (
    *(said(n, f"六栋的热水器又坏了，报修没人来，第 {n} 天") for n in range(12)),
    *(said(n, f"王建国老师说热水器没坏 <b>{n}</b>\u202e", url="javascript:1", account="<i>某\u202e") for n in range(9)),
    *(said(n, f"谢谢图书馆的热水，第 {n} 次路过", polarity="positive", risk=0) for n in range(3)),
)


def asked(key: int, when: datetime, state: Consulted = Consulted.ANSWERED, **more: Any) -> Asked:
    """A consultation, answered two hours after it was asked unless said otherwise."""
    answered = when + timedelta(hours=2) if state is Consulted.ANSWERED else None
    made = Asked(
        key, f"HF-2026-{key:04d}", "风林招生", "招生就业处", False, state, when, when + timedelta(hours=24), None,
        answered, None, "第十一条", True,
    )  # fmt: skip
    return replace(made, **more)


def task(key: int, when: datetime, state: TaskState = TaskState.SET, **more: Any) -> Set:
    """A task of the canteen's incident, due two hours after it was set."""
    made = Set(
        key, 2, TaskKind.FACTS, "罗广平", "后勤处负责人", state, when, when + timedelta(hours=2), None, None, "", True
    )
    return replace(made, **more)


TASKS = (
    task(1, at(20, 16), TaskState.CONFIRMED, answered_at=at(20, 17), ended_at=at(20, 18)),
    task(2, at(20, 16), TaskState.ANSWERED, answered_at=at(20, 17)),
    task(3, at(20, 16), person="<b>谢\u202e晓", kind=TaskKind.PLATFORM_CONTACT, article="第十三条、第十四条"),
    task(4, at(20, 16), TaskState.WITHDRAWN, ended_at=at(20, 19)),
    task(5, at(20, 16), incident_id=3, due_at=None),
    task(6, at(19, 8), incident_id=8),
)
ASKED = (
    asked(1, at(17, 9), seen=True),
    asked(2, at(17, 10), late_at=at(18, 10), answered_at=at(18, 16)),
    asked(3, at(18, 11), Consulted.OPEN, late_at=at(19, 11)),
    asked(4, at(19, 12), Consulted.PROMISED, promised_for=at(30, 12), unit="后勤\u202e处<b>"),
    asked(5, at(19, 13), Consulted.LAPSED, private=True, late_at=at(20, 13)),
)


def _hours(main: AccountRow, video: AccountRow) -> tuple[HourRow, ...]:
    rows = []
    for index in range(168):
        start = WEEK.starts + timedelta(hours=index)
        quiet = index % 24 < 6
        lines = 6 if quiet else 50 + (index * 7) % 23
        wave = max(0, 330 - 14 * (index - 112)) if 112 <= index < 136 else 0
        rows.append(HourRow(start, main.id, main.platform, lines + wave, 3 + wave // 2))
        rows.append(HourRow(start, video.id, video.platform, lines // 5, 1))
    return tuple(rows)


def _usual(main: AccountRow) -> tuple[HourRow, ...]:
    first = WEEK.starts - timedelta(days=14)
    return tuple(
        HourRow(first + timedelta(hours=n), main.id, main.platform, 8 if n % 24 < 6 else 45 + (n * 11) % 35, 4)
        for n in range(336)
    )


OWN_POSTS = OwnPosts(
    found=(
        Found("HD-2026-0001", Kind.UNAUTHORISED, "<b>风林机电", "机电学院", at(17, 9), at(17, 9, 2), Breach.FOUND,
              "第十条"),
        Found("HD-2026-0002", Kind.HELD, "风林青年说", "团委", at(18, 9), at(18, 9, 2), Breach.CONFIRMED, "第十五条"),
        Found("HD-2026-0003", Kind.UNSUBMITTED, "风林机电", "机电学院", at(19, 9), at(19, 9, 2), Breach.DISMISSED,
              "第十一条"),
    ),
    permits=(Paper("SQ-2026-0001", "/permits/SQ-2026-0001", "风林机电", "机电学院", at(17, 8), "used", used=True),),
    submissions=(Paper("SS-2026-0001", "/submissions/SS-2026-0001", "风林机电", "机电学院", at(17, 8), "approved",
                       used=False),),
    relay="第十六条",
    pairs=(
        Pair("风林职院", at(17, 10), "风林青年说", "团委", at(17, 11)),
        Pair("风林职院", at(17, 10), "风林机电", "机电学院", None),
    ),
)  # fmt: skip
VOICE = (
    (
        HoldRow(1, 2, "“二食堂”", at(20, 16), at(20, 19, 6), "口径第 1 版发布", HoldState.RELEASED, 4, 3, "第十五条"),
        HoldRow(2, 1, "“起火”", at(20, 16, 2), None, "", HoldState.STANDING, 4, 4, "第十五条"),
        HoldRow(3, 8, "“演练”", at(19, 8), None, "", HoldState.STANDING, 4, 0, "第十五条"),
    ),
    (
        OutRow(
            1,
            2,
            1,
            Spoken.STATEMENT,
            StatementState.RELEASED,
            at(20, 19, 6),
            None,
            "",
            "风林职院",
            tuple((at(20, 12 + n % 12, n % 60), n % 3 == 0) for n in range(90)),
        ),
        OutRow(2, 1, 1, Spoken.STATEMENT, StatementState.WITHDRAWN, at(20, 17, 30), at(21, 8), "数据有误", "风林职院"),
        OutRow(3, 5, 1, Spoken.SILENCE, StatementState.DECIDED, at(21, 10), None, "", ""),
    ),
    (
        RelayRow(1, 2, 1, "风林机电", "机电学院", at(20, 21, 6), at(20, 20), RelayState.DONE),
        RelayRow(2, 2, 1, "风林青年说", "团委", at(20, 21, 6), None, RelayState.OVERDUE),
        RelayRow(3, 2, 1, "风林后勤", "后勤", at(20, 21, 6), at(20, 22), RelayState.DONE),
        RelayRow(4, 2, 1, "风林图书馆", "图书馆", at(20, 21, 6), None, RelayState.EXCUSED),
    ),
)


def _handed(number: int, day: int, taken: float | None = 0, written: bool = True, told: bool = False) -> HandOver:
    """A change of shift at eight; taken over so many minutes later."""
    then = at(day, 8)
    return HandOver(
        number, then, "陈屿", "谢晓", Handed.TAKEN if taken is not None else Handed.OPEN, then + timedelta(minutes=15),
        then - timedelta(minutes=9) if written else None, "陈屿" if written else "",
        then + timedelta(minutes=taken) if taken is not None else None, "谢晓" if taken is not None else "",
        then + timedelta(minutes=30) if told else None,
    )  # fmt: skip


DUTY = Duty(
    (_handed(1, 17), _handed(2, 18, 15, written=False), _handed(3, 19, 16), _handed(4, 20, None, told=True)),
    (Gone("罗广平", AbsenceKind.LEAVE, at(17, 8), at(19, 8), "曹卫东"),
     Gone("陈屿", AbsenceKind.TRIP, at(20, 8), at(20, 18), "")),
    ((at(18, 20), at(19, 8)),),
)  # fmt: skip
DEFAULT = "系统默认，非校规"
ALTERATIONS = (
    Changed(
        "BD-2026-0001", "风林青年说（微博）", "团委", Change.UNVERIFIED, "已认证", "未认证", at(12, 9), None,
        Altered.SEEN, DEFAULT, inside=False,
    ),
    Changed(
        "BD-2026-0002", "风林职院（微博）", "党委宣传部", Change.RENAMED, "风林职院", "风林资讯", at(18, 9), at(26, 0),
        Altered.SEEN, "第十条", inside=True,
    ),
    Changed(
        "BD-2026-0003", "风林机电（微博）", "机电学院", Change.GONE, "可访问", "平台答复该账号不存在", at(19, 9), None,
        Altered.OVER, DEFAULT, inside=True,
    ),
)  # fmt: skip
