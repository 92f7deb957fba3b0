"""The rota: holes of 30 days refused where a clause demands 24 hours, patterns, swapped days, one file in one round."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from escalation.clock_words import SHANGHAI
from escalation.duty import calendar, coverage, rota, rota_file, rota_template
from escalation.duty.calendar import SpecialDay
from escalation.duty.coverage import Turn, holes
from escalation.duty.rota import Plan
from escalation.incident import Actor
from escalation.people import shifts
from escalation.procedure import load
from escalation.state_table import IllegalStep
from tests.escalation.duty.test_proxy import departs, effect, goes, office
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import SCHOOL

__all__ = ["office"]
JY, LG = load("JY").desk, load("LG").desk
HOUR = timedelta(hours=1)
KNOWN = {"monitor", "keeper", "lead"}


def book(**sheets: Sequence[Sequence[Any]]) -> bytes:
    made = Workbook()
    assert made.active is not None
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


SINGLE = ("工号", "开始", "结束", "带班领导")
PATTERN = ("从", "至", "适用", "开始", "结束", "轮值人员", "每人连值")

LATER = [
    (f"2027-{n:02}-08", "休", name)
    for n, name in enumerate(("春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"), 3)
]
"""The other holidays of a year that the library does not have, somewhere later in it."""


def read(special: Mapping[date, SpecialDay] | None = None, **sheets: Sequence[Sequence[Any]]) -> tuple[Plan, list[str]]:
    plan, problems = rota_file.read(book(**sheets), KNOWN, special or calendar.arranged())
    return plan, [str(one) for one in problems]


def around(office: Office, days: int = 40) -> Plan:
    """Day and night in turns, from now on."""
    return Plan(tuple(
        Turn(("monitor", "keeper")[n % 2], office.now + n * 12 * HOUR, office.now + (n + 1) * 12 * HOUR)
        for n in range(days * 2)
    ))  # fmt: skip


def save(office: Office, plan: Plan, desk: Any = JY, by: Actor = IN_LEAD) -> list[coverage.Span]:
    return office.store.run(lambda conn: rota.save(conn, SCHOOL, desk, by, office.now, plan, "值班表.xlsx"))


def gaps(office: Office) -> list[coverage.Span]:
    with office.store.read() as conn:
        return coverage.holes_ahead(conn, SCHOOL, office.now)


def test_holes_are_what_no_span_covers() -> None:
    at = datetime(2026, 12, 1, tzinfo=SHANGHAI)
    spans = [(at + HOUR, at + 3 * HOUR), (at + 2 * HOUR, at + 4 * HOUR), (at + 6 * HOUR, at + 20 * HOUR)]
    assert holes(spans, at, at + 8 * HOUR) == [(at, at + HOUR), (at + 4 * HOUR, at + 6 * HOUR)]
    assert holes([], at, at + HOUR) == [(at, at + HOUR)]
    assert holes([(at - HOUR, at + 9 * HOUR)], at, at + HOUR) == []


def test_a_file_of_leads_only_leaves_the_monitors_their_shifts(office: Office) -> None:
    save(office, around(office))
    led = Plan((Turn("lead", office.now, office.now + 20 * 24 * HOUR, leads=True),))
    assert save(office, led) == []
    assert gaps(office) == []
    save(office, around(office))
    assert len(office.rows(shifts, leads=True)) == 1
    assert len(office.rows(shifts, leads=False)) == 80


def test_a_rota_with_a_hole_is_refused_by_the_clause_and_the_hole_is_named(office: Office) -> None:
    plan = around(office)
    left = Plan(plan.turns[:5] + plan.turns[6:])
    with pytest.raises(IllegalStep, match=r"空档：.*第十三条要求 24 小时监控，未作任何更改"):
        save(office, left)
    assert office.rows(shifts) == []
    short = Plan(plan.turns[:20])
    with pytest.raises(IllegalStep, match="空档"):
        save(office, short)
    assert save(office, plan) == []
    assert gaps(office) == []


def test_without_the_clause_the_same_rota_is_taken_and_its_holes_are_given(office: Office) -> None:
    plan = around(office)
    left = save(office, Plan(plan.turns[:5] + plan.turns[6:]), LG)
    assert left[0] == (plan.turns[5].starts_at, plan.turns[5].ends_at)
    assert len(office.rows(shifts)) == 79


def test_a_leave_without_substitute_makes_a_hole_and_one_with_a_substitute_none(office: Office) -> None:
    save(office, around(office))
    goes(office, "monitor", starts=office.now + 24 * HOUR, hours=12)
    assert gaps(office) == [(office.now + 24 * HOUR, office.now + 36 * HOUR)]
    goes(office, "keeper", "lead", starts=office.now + 36 * HOUR, hours=12)
    assert len(gaps(office)) == 1


def test_who_leaves_leaves_holes_and_the_desk_falls_to_the_others(office: Office) -> None:
    save(office, around(office))
    departs(office, "keeper", office.now + 30 * HOUR)
    assert gaps(office)[0] == (office.now + 36 * HOUR, office.now + 48 * HOUR)
    office.now += 30 * HOUR
    effect(office)
    assert gaps(office)[0] == (office.now + 6 * HOUR, office.now + 18 * HOUR)


def test_an_import_replaces_the_span_it_speaks_of_and_no_more(office: Office) -> None:
    plan = around(office)
    save(office, plan)
    later = Plan(tuple(Turn("lead", one.starts_at, one.ends_at) for one in plan.turns[10:20]))
    save(office, later)
    people_of = [row.person_id for row in office.rows(shifts)]
    assert people_of.count("lead") == 10
    assert len(people_of) == 80
    assert gaps(office) == []


def test_a_shift_that_runs_when_an_imported_one_begins_ends_there_and_nobody_serves_twice(office: Office) -> None:
    save(office, around(office))
    begins = office.now + 6 * HOUR
    office.now += HOUR
    save(office, Plan((Turn("lead", begins, begins + 40 * 24 * HOUR),)))
    kept = [(row.person_id, row.starts_at, row.ends_at) for row in office.rows(shifts)]
    assert kept == [("monitor", begins - 6 * HOUR, begins), ("lead", begins, begins + 40 * 24 * HOUR)]
    assert gaps(office) == []


def test_a_shift_cannot_be_taken_out_where_that_leaves_a_hole_that_the_clause_forbids(office: Office) -> None:
    save(office, around(office))
    row = office.rows(shifts)[3]
    with pytest.raises(IllegalStep, match="这样改会留下空档"):
        office.store.run(lambda conn: rota.remove(conn, SCHOOL, JY, IN_LEAD, office.now, row.id))
    assert len(office.rows(shifts)) == 80
    office.store.run(lambda conn: rota.give(conn, SCHOOL, JY, IN_LEAD, office.now, row.id, "lead"))
    assert office.rows(shifts, id=row.id)[0].person_id == "lead"
    office.store.run(lambda conn: rota.remove(conn, SCHOOL, LG, IN_LEAD, office.now, row.id))
    assert len(office.rows(shifts)) == 79


def test_only_who_keeps_the_rota_changes_it(office: Office) -> None:
    turn = Turn("lead", office.now, office.now + HOUR)
    for act in (
        lambda: save(office, around(office), by=ON_DESK),
        lambda: office.store.run(lambda conn: rota.add(conn, SCHOOL, ON_DESK, office.now, turn)),
    ):
        with pytest.raises(IllegalStep, match="由系统管理员或宣传部维护。未作任何更改"):
            act()
    assert office.rows(shifts) == []


def test_one_person_does_not_serve_two_shifts_at_once(office: Office) -> None:
    def add(turn: Turn) -> None:
        office.store.run(lambda conn: rota.add(conn, SCHOOL, IN_LEAD, office.now, turn))

    add(Turn("lead", office.now, office.now + 8 * HOUR))
    for turn, words in (
        (Turn("lead", office.now + HOUR, office.now + 2 * HOUR), "与此重叠"),
        (Turn("keeper", office.now + HOUR, office.now), "结束不晚于开始"),
        (Turn("keeper", office.now - 2 * HOUR, office.now - HOUR), "已经过去"),
        (Turn("nobody", office.now, office.now + HOUR), "没有此人"),
    ):
        with pytest.raises(IllegalStep, match=words):
            add(turn)
    assert len(office.rows(shifts)) == 1


def test_a_pattern_turns_through_its_people_over_night_and_counts_swapped_days() -> None:
    plan, problems = read(
        轮值=[
            PATTERN,
            ("2026-12-28", "2027-01-08", "工作日", "08:00", "20:00", "monitor、keeper", 2),
            ("2026-12-28", "2027-01-08", "休息日", time(20, 0), time(8, 0), "lead", ""),
        ],
        节假日=[("日期", "安排", "名称"), ("2027-01-01", "休", "元旦"), ("2027-01-03", "班", "元旦调休"), *LATER],
    )
    assert problems == []
    days = [one for one in plan.turns if one.person != "lead"]
    assert [one.starts_at.day for one in days] == [28, 29, 30, 31, 3, 4, 5, 6, 7, 8], (
        "1 Jan is off, Sunday 3 Jan worked"
    )
    assert [one.person for one in days[:5]] == ["monitor", "monitor", "keeper", "keeper", "monitor"]
    nights = [one for one in plan.turns if one.person == "lead"]
    assert [one.starts_at.day for one in nights] == [1, 2]
    assert nights[0].ends_at == datetime(2027, 1, 2, 8, tzinfo=SHANGHAI), "not later than its begin: the next morning"
    assert [one.name for one in plan.days][:2] == ["元旦", "元旦调休"]


def test_days_the_school_entered_before_count_for_a_later_file(office: Office) -> None:
    with office.store.write() as conn:
        entered = [SpecialDay(date.fromisoformat(day), False, name) for day, _, name in LATER]
        calendar.enter(conn, SCHOOL, [SpecialDay(date(2027, 1, 1), False, "元旦"), *entered])
        special = calendar.read(conn, SCHOOL)
    plan, _ = read(special, 轮值=[PATTERN, ("2027-01-01", "2027-01-01", "工作日", "08:00", "20:00", "monitor", 1)])
    assert plan.turns == ()
    assert not calendar.works(date(2027, 1, 1), special)
    assert calendar.works(date(2027, 1, 4), special)


def test_every_mistake_of_a_file_is_told_in_one_round_and_nothing_is_taken() -> None:
    plan, problems = read(
        值班=[
            SINGLE,
            ("monitor", "明天", "2026-12-01 20:00", ""),
            ("nobody", "2026-12-01 08:00", "2026-12-01 20:00", "也许"),
            ("keeper", "2026-12-01 08:00", "2026-12-01 08:00", ""),
            ("lead", "=NOW()", "2026-12-02 08:00", ""),
            ("lead", "2026-12-03 08:00", "2026-12-03 20:00", "否"),
            ("lead", "2026-12-03 19:00", "2026-12-04 08:00", "否"),
            ("", "2026-12-03 08:00", "2026-12-03 20:00", ""),
        ],
        轮值=[PATTERN, ("2026-12-09", "2026-12-01", "礼拜天", "8点", "20:00", "monitor、外人", "0")],
        节假日=[("日期", "安排"), ("元旦", "放"), ("2027-01-01", "休"), ("2027-01-01", "班")],
        人员=[("工号",)],
    )
    assert plan == Plan()
    assert problems == [
        "工作表“人员”：没有这个工作表，可用：值班、轮值、节假日。",
        "工作表“值班” 第 2 行，“开始”列：“明天”不是时间，请写成 2026-11-21 08:00。",
        "工作表“值班” 第 3 行，“带班领导”列：“也许”读不懂，请写“是”或“否”。",
        "工作表“值班” 第 3 行，“工号”列：名册里没有在岗的工号“nobody”，请更正或先在名册中补上。",
        "工作表“值班” 第 4 行，“结束”列：不晚于开始，请更正。",
        "工作表“值班” 第 5 行，“开始”列：是公式，请改为直接填写的值。",
        "工作表“值班” 第 7 行，“开始”列：lead 与工作表“值班”第 6 行的班次重叠，请更正。",
        "工作表“值班” 第 8 行，“工号”列：缺少这一项，请补上。",
        "工作表“轮值” 第 2 行，“适用”列：不认识“礼拜天”，可写："
        "每天、工作日、休息日、周一、周二、周三、周四、周五、周六、周日。",
        "工作表“轮值” 第 2 行，“开始”列：“8点”不是钟点，请写成 08:00。",
        "工作表“轮值” 第 2 行，“每人连值”列：“0”不是 1 到 31 的整数。",
        "工作表“轮值” 第 2 行，“轮值人员”列：名册里没有在岗的工号“外人”，请更正或先在名册中补上。",
        "工作表“节假日” 第 2 行，“日期”列：“元旦”不是日期，请写成 2026-11-21。",
        "工作表“节假日” 第 2 行，“安排”列：“放”读不懂，请写“休”或“班”。",
        "工作表“节假日” 第 4 行，“日期”列：2027-01-01 写了两遍，请删去其一。",
    ]


def test_a_file_of_endless_patterns_stops_at_the_first_shift_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    expand = rota_file.recurring

    def counted(*given: Any) -> list[Turn]:
        nonlocal made
        found = expand(*given)
        made += len(found)
        return found

    monkeypatch.setattr(rota_file, "recurring", counted)
    year = ("2026-01-01", "2027-01-01", "每天", "08:00", "20:00", "monitor", 1)
    plan, problems = read(轮值=[PATTERN, *[year] * 200])
    assert plan == Plan()
    assert "文件：超过 5000 班，请分期导入。" in problems
    assert made <= rota_file.MOST + 401


def test_patterns_that_look_through_too_many_days_are_refused_though_they_give_no_shift() -> None:
    six_days = ("2026-11-24", "2026-11-29", "周一", "08:00", "20:00", "monitor", 1)
    assert read(轮值=[PATTERN, *[six_days] * 16_666])[1] == []
    plan, problems = read(轮值=[PATTERN, *[six_days] * 16_667])
    assert plan == Plan()
    assert problems == ["工作表“轮值” 第 16668 行：到这一行共 100002 天，超过 100000 天，请分期导入。"]


@pytest.mark.parametrize("body", [b"", b"PK no workbook", b"a,b\n1,2"])
def test_a_file_that_is_no_workbook_is_one_sentence(body: bytes) -> None:
    plan, problems = rota_file.read(body, KNOWN, {})
    assert plan == Plan()
    assert [one.row for one in problems] == [0]
    assert "xlsx" in str(problems[0])


def test_the_template_has_its_sheets_and_is_no_rota_by_itself() -> None:
    data = rota_template.template()
    assert load_workbook(io.BytesIO(data)).sheetnames == ["值班", "轮值", "节假日", "填写说明"]
    assert [str(one) for one in rota_file.read(data, KNOWN, {})[1]] == ["文件：没有任何数据行，请按模板填写。"]
