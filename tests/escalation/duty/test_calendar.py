"""The calendar: as the State Council arranged it, over that as the school entered it, unknown where nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from escalation.audit import audit_log
from escalation.clock_words import SHANGHAI
from escalation.duty import arrangement, calendar, rota
from escalation.duty.calendar import SpecialDay
from escalation.procedure import load
from escalation.quiet_hours import quiet_until
from escalation.state_table import IllegalStep
from tests.escalation.duty.test_proxy import office
from tests.escalation.duty.test_rota import PATTERN, read
from tests.escalation.office import IN_LEAD, ON_DESK, Office
from tests.stream.said import SCHOOL

__all__ = ["office"]
NEXT = arrangement.YEARS[1] + 1
DAYS = ("日期", "安排", "名称")


def spans(*given: str) -> set[date]:
    """`0101-0103`, of 2026."""
    found: set[date] = set()
    for one in given:
        first, last = (date(2026, int(end[:2]), int(end[2:])) for end in (one.split("-") * 2)[:2])
        found |= set(calendar.span(first, last))
    return found


def test_the_year_2026_is_what_the_notice_of_the_state_council_says() -> None:
    """国务院办公厅关于2026年部分节假日安排的通知 of 4 November 2025, read from the notice and not from the library."""
    of_2026 = [one for one in calendar.arranged().values() if one.day.year == 2026]
    assert {one.day for one in of_2026 if not one.working} == spans(
        "0101-0103", "0215-0223", "0404-0406", "0501-0505", "0619-0621", "0925-0927", "1001-1007"
    )
    assert {one.day for one in of_2026 if one.working} == spans("0104", "0214", "0228", "0509", "0920", "1010")
    names = {one.name for one in of_2026 if not one.working}
    assert names == set(arrangement.STATUTORY)
    assert calendar.arranged()[date(2026, 1, 4)].name == "元旦调休"


def all_of(year: int) -> list[tuple[str, str, str]]:
    return [(f"{year}-03-{n:02}", "休", name) for n, name in enumerate(arrangement.STATUTORY, 1)]


def test_a_year_the_library_lacks_is_unknown_until_every_statutory_holiday_is_entered() -> None:
    assert calendar.untold(2026, calendar.arranged()) == ()
    assert calendar.untold(NEXT, calendar.arranged()) == tuple(arrangement.STATUTORY)
    some = {
        date(NEXT, 1, 1): SpecialDay(date(NEXT, 1, 1), False, "元旦"),
        date(NEXT, 2, 5): SpecialDay(date(NEXT, 2, 5), False, "除夕"),
        date(NEXT, 5, 1): SpecialDay(date(NEXT, 5, 1), False, "五一假期"),
        date(NEXT, 9, 30): SpecialDay(date(NEXT, 9, 30), False, "中秋国庆"),
        date(NEXT, 4, 4): SpecialDay(date(NEXT, 4, 4), True, "清明调休"),
    }
    assert calendar.untold(NEXT, some) == ("清明节", "端午节"), "a day that is worked is no day off"
    said = calendar.say_untold(NEXT, ("清明节",))
    assert said == f"{NEXT} 年的放假安排还不知道（程序库 chinesecalendar 1.11.0 有 2004 至 2026 年），尚缺清明节"


@pytest.mark.parametrize("when", ["工作日", "休息日", "周一、休息日"])
def test_a_rota_by_working_days_of_an_unknown_year_is_asked_for_and_not_guessed(when: str) -> None:
    pattern = (f"{NEXT}-06-01", f"{NEXT}-06-10", when, "08:00", "20:00", "monitor", 1)
    plan, problems = read(轮值=[PATTERN, pattern])
    assert plan.turns == ()
    (problem,) = problems
    assert problem.startswith(f"工作表“轮值” 第 2 行，“适用”列：{NEXT} 年的放假安排还不知道")
    assert problem.endswith("请在“节假日”表填写该年的放假与调休，或把“适用”写成每天、周一至周日。")
    plan, problems = read(轮值=[PATTERN, pattern], 节假日=[DAYS, *all_of(NEXT)])
    assert problems == []
    assert plan.turns
    assert read(轮值=[PATTERN, (*pattern[:2], "每天", *pattern[3:])])[1] == [], "by the weekday it needs no arrangement"


def test_a_rota_of_a_known_year_goes_by_the_arrangement_and_the_school_wins_over_it() -> None:
    pattern = ("2026-10-07", "2026-10-12", "工作日", "08:00", "20:00", "monitor", 1)

    def served(*days: Sequence[Any]) -> list[int]:
        plan, problems = read(轮值=[PATTERN, pattern], 节假日=[DAYS, *days])
        assert problems == []
        return [one.starts_at.day for one in plan.turns]

    assert served() == [8, 9, 10, 12], "the 7th is off, Saturday the 10th is worked"
    assert served(("2026-10-10", "休", ""), ("2026-10-07", "班", "")) == [7, 8, 9, 12]


def enter(office: Office, day: date, *, working: bool, by: Any = IN_LEAD, name: str = "校庆") -> None:
    office.store.run(lambda conn: rota.set_day(conn, SCHOOL, by, office.now, SpecialDay(day, working, name)))


def test_a_person_changes_a_day_and_takes_it_back_and_both_are_kept_in_the_audit(office: Office) -> None:
    day = date(2026, 12, 9)

    def works() -> bool:
        with office.store.read() as conn:
            return calendar.works(day, calendar.read(conn, SCHOOL))

    assert works()
    enter(office, day, working=False)
    assert not works()
    with office.store.read() as conn:
        assert calendar.read(conn, SCHOOL)[day].source == "本校登记"
        assert calendar.read(conn, "elsewhere").get(day) is None
        assert calendar.read(conn, SCHOOL)[date(2026, 10, 1)].source.startswith(
            "依国务院办公厅放假安排（程序库 chinese"
        )
    office.store.run(lambda conn: rota.unset_day(conn, SCHOOL, IN_LEAD, office.now, day))
    assert works()
    done = [row.object for row in office.rows(audit_log, action="duty.rota.change")]
    assert done == ["2026-12-09 登记为放假 校庆", "2026-12-09 撤销本校登记的安排"]


def test_what_cannot_be_entered_is_refused_and_changes_nothing(office: Office) -> None:
    today = office.now.astimezone(SHANGHAI).date()
    later = today + timedelta(days=3)
    for day, by, name, words in (
        (later, ON_DESK, "校庆", "由系统管理员或宣传部维护。未作任何更改"),
        (today - timedelta(days=1), IN_LEAD, "校庆", "已经过去。未作任何更改"),
        (later, IN_LEAD, "长" * 33, "至多 32 字，现为 33 字。未作任何更改"),
    ):
        with pytest.raises(IllegalStep, match=words):
            enter(office, day, working=False, by=by, name=name)
    with pytest.raises(IllegalStep, match=r"没有本校登记的安排.*未作任何更改"):
        office.store.run(lambda conn: rota.unset_day(conn, SCHOOL, IN_LEAD, office.now, later))
    with office.store.read() as conn:
        assert calendar.read(conn, SCHOOL) == dict(calendar.arranged())


def test_quiet_days_off_are_those_of_the_arrangement() -> None:
    eve = datetime(2026, 9, 30, 19, tzinfo=SHANGHAI)
    until = quiet_until(load("NX"), 3, eve, group=True, special=calendar.arranged())
    assert until == datetime(2026, 10, 8, 8, tzinfo=SHANGHAI)
