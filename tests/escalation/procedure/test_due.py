"""Clocks of a clause: figures only where the document gives one, months by the calendar, and how days are counted."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from escalation.procedure import Deadline, Every, Source, Trigger, load, thaw
from escalation.procedure.due import UNSAID_DAYS, strictest
from escalation.procedure.figure import spoken_months, spoken_times

SMALL = load(Path(__file__).parent / "small.toml")


def rule(words: str, **more: object) -> Deadline:
    return Deadline.model_validate({"words": words, "source": Source.RULE, "article": "第一条", **more}, strict=False)


def test_seven_days_end_on_the_seventh_day_after_the_change() -> None:
    deadline = SMALL.who([Trigger.MANAGER_CHANGE], 1).deadline
    assert (deadline.value, deadline.words, deadline.anchor) == (timedelta(days=7), "7日内", "变更")
    assert deadline.last_day(date(2021, 4, 15)) == date(2021, 4, 22)


def test_one_month_is_a_calendar_month_and_not_thirty_days() -> None:
    deadline = SMALL.who([Trigger.RETROACTIVE_FILING], 1).deadline
    assert (deadline.value, deadline.months, deadline.anchor) == (None, 1, "公布")
    assert deadline.last_day(date(2016, 5, 18)) == date(2016, 6, 18)
    assert deadline.last_day(date(2021, 1, 31)) == date(2021, 2, 28)
    assert deadline.last_day(date(2020, 12, 31)) == date(2021, 1, 31)


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), months=st.integers(1, 24))
def test_months_always_end_in_the_month_that_many_later(day: date, months: int) -> None:
    last = rule("个月", months=months).last_day(day)
    assert last is not None
    assert (last.year * 12 + last.month) - (day.year * 12 + day.month) == months
    assert last.day == day.day or last.day < day.day <= 31


def test_what_comes_again_has_no_last_day_and_keeps_month_and_times() -> None:
    yearly = SMALL.who([Trigger.ANNUAL_REVIEW], 1).deadline
    termly = SMALL.who([Trigger.TRAINING], 1).deadline
    daily = SMALL.who([Trigger.GROUP_DAILY_CHECK], 1).deadline
    assert (yearly.every, yearly.in_month, yearly.words) == (Every.YEAR, 12, "每年12月")
    assert (termly.every, termly.at_least) == (Every.TERM, 1)
    assert (daily.every, daily.words) == (Every.DAY, "每天")
    assert [one.last_day(date(2021, 1, 1)) for one in (yearly, termly, daily)] == [None, None, None]
    assert [one.note for one in (yearly, termly, daily)] == ["", "", ""]


def test_days_that_the_document_does_not_explain_are_marked_so() -> None:
    assert SMALL.who([Trigger.MANAGER_CHANGE], 1).deadline.note == f"{UNSAID_DAYS}，按自然日、次日起算"
    assert SMALL.who([Trigger.RETROACTIVE_FILING], 1).deadline.note.startswith(UNSAID_DAYS)
    assert rule("3个工作日内", value="3d").note == ""
    assert rule("2 小时内", value="2h").note == ""
    assert rule("及时").note == ""
    assert SMALL.who([Trigger.MANAGER_CHANGE], 1).as_json()["deadline"]["note"].startswith(UNSAID_DAYS)


def test_hours_and_plain_words_have_no_last_day() -> None:
    assert rule("2 小时内", value="2h").last_day(date(2021, 1, 1)) is None
    assert rule("及时").last_day(date(2021, 1, 1)) is None


def test_a_span_is_stricter_than_a_longer_month_and_than_words() -> None:
    month, days, word = rule("一个月内", months=1), rule("30日内", value="30d"), rule("及时")
    assert strictest((word, month, days)) == days
    assert strictest((word, month)) == month
    assert strictest(()) == Deadline()


def test_several_words_are_shown_together_and_a_single_one_keeps_its_frequency() -> None:
    daily, word = rule("每天", every="day"), rule("及时")
    assert strictest((daily, word)).words == "每天、及时"
    assert strictest((daily,)).every is Every.DAY


def test_months_and_times_are_read_from_either_kind_of_digits() -> None:
    assert spoken_months("自公布一个月内；2个月") == {1, 2}
    assert spoken_months("每年12月") == set()
    assert spoken_times("每学期至少举行一次相关培训，每年至少2次") == {1, 2}


def test_what_a_clause_leaves_open_stands_in_the_answer_and_survives_freezing() -> None:
    for pack in (SMALL, thaw(SMALL.freeze())):
        (duty,) = pack.who([Trigger.GROUP_DAILY_CHECK], 1).duties
        assert (duty.left_open, duty.kind) == ("上报对象", "report")
        assert pack.who([Trigger.RETROACTIVE_FILING], 1).deadline.months == 1
