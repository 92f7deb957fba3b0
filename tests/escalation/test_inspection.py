"""Inspection: each check on rows made by hand, and the same rows mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from escalation.case import Case, Clock, Facts, Named, Reading, Sent, Told
from escalation.inspection import TITLES, What, inspect
from stream.dead_letter import Kept

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def ago(**by: float) -> datetime:
    return NOW - timedelta(**by)


def ahead(**by: float) -> datetime:
    return NOW + timedelta(**by)


RUNNING = Clock("签收", ahead(hours=1), ahead(hours=1))
ASIDE = Clock("口径第 1 版即将过有效期", ahead(days=9), ahead(days=9), aside=True)
MAIL = Sent("mail", "accepted", 1, ago(hours=1), None, "")
TOLD = Told("FX-1-01", "he", "何岚", "first", ago(hours=2), reached=True, over=False, called=False, sent=(MAIL,))
SOUND = Case(
    "FX-1", "notified", ago(hours=2), ago(hours=1), owed=1, clocks=(RUNNING,), told=(TOLD,),
    named=(Named("he", "何岚", "宣传部"),),
)  # fmt: skip
ROLES = frozenset({"monitor", "publicity"})


def found(case: Case, **facts: object) -> list[tuple[What, str]]:
    given: dict[str, object] = {"channels": frozenset({"mail"}), "held": ROLES} | facts
    return [(one.what, one.words) for one in inspect(Facts(cases=(case,), **given), NOW)]  # type: ignore[arg-type]


def kinds(case: Case, **facts: object) -> list[What]:
    return [what for what, _ in found(case, **facts)]


def test_a_sound_incident_gives_no_finding() -> None:
    assert found(SOUND) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [What.IDLE]),
        ({"clocks": (RUNNING,)}, []),
        ({"clocks": (RUNNING,), "unasked": 1}, [What.IDLE]),
        ({"open_calls": 1, "unasked": 1}, [What.IDLE]),
        ({"clocks": (RUNNING,), "unasked": 1, "touched_at": ago(minutes=4)}, []),
        ({"open_calls": 1}, []),
        ({"assignee": "罗广平"}, [What.IDLE]),
        ({"lapsed": 1}, [What.IDLE]),
        ({"lapsed": 1, "open_calls": 1}, []),
        ({"touched_at": ago(minutes=4)}, []),
        ({"assignee": "罗广平", "touched_at": ago(minutes=4)}, []),
        ({"owed": 0, "assignee": "罗广平"}, []),
        ({"owed": 0, "lapsed": 1}, []),
        ({"owed": 0, "assignee": "罗广平", "touched_at": ago(hours=73)}, [What.IDLE]),
        ({"owed": 0, "lapsed": 1, "touched_at": ago(hours=73)}, [What.IDLE]),
        ({"owed": 0, "state": "acknowledged"}, []),
        ({"owed": 0, "state": "acknowledged", "touched_at": ago(hours=5)}, [What.IDLE]),
        ({"owed": 0, "state": "acknowledged", "touched_at": ago(hours=5), "clocks": (RUNNING,)}, []),
        ({"owed": 0, "state": "acknowledged", "touched_at": ago(hours=5), "clocks": (ASIDE,)}, [What.IDLE]),
        ({"owed": 0, "state": "acknowledged", "touched_at": ago(hours=5), "clocks": (ASIDE, RUNNING)}, []),
    ],
)
def test_an_incident_that_nothing_and_nobody_waits_for_is_found(
    changes: dict[str, object], expected: list[What]
) -> None:
    assert kinds(replace(SOUND, **{"clocks": ()} | changes)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("due", "was_due", "said"),
    [
        (ago(minutes=1), ago(minutes=1), ""),
        (ago(minutes=3), ago(minutes=3), "已过 3 分钟"),
        (ahead(seconds=30), ago(minutes=9), ""),
        (ahead(seconds=30), ago(minutes=11), "反复处理失败，已 11 分钟"),
    ],
)
def test_a_clock_that_ran_out_and_was_not_fired_is_found_beyond_its_tolerance(
    due: datetime, was_due: datetime, said: str
) -> None:
    words = found(replace(SOUND, clocks=(RUNNING, Clock("催签", due, was_due))))
    assert [what for what, _ in words] == ([What.CLOCK] if said else [])
    assert said in "".join(one for _, one in words)


WAITS = Sent("mail", "waiting", 0, ahead(minutes=1), None, "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sent": ()}, [What.UNTRIED, What.UNREACHED]),
        ({"sent": (), "called": True}, []),
        ({"sent": (), "over": True}, []),
        ({"sent": (), "kind": "dismissed", "person": "another"}, [What.UNREACHED]),
        ({"sent": (), "created_at": ago(minutes=4)}, []),
        ({"sent": (WAITS,)}, [What.UNTRIED]),
        ({"sent": (replace(WAITS, attempts=2, reason="连不上"),)}, []),
        ({"sent": (replace(WAITS, state="dead", attempts=1, reason="地址不存在"),)}, []),
        ({"sent": (replace(WAITS, channel="gone", reason="通道已不在设置中"),)}, []),
        ({"sent": (replace(WAITS, channel="gone"),)}, [What.UNTRIED]),
    ],
)
def test_a_notice_that_was_tried_on_no_channel_is_found(changes: dict[str, object], expected: list[What]) -> None:
    told = replace(TOLD, **{"reached": False} | changes)  # type: ignore[arg-type]
    assert kinds(replace(SOUND, told=(told,))) == expected


def test_a_named_person_without_notice_and_an_office_without_one_are_found() -> None:
    case = replace(SOUND, named=(*SOUND.named, Named("shen", "沈澄", "主管校领导")), missing=("党委学工部",))
    (words,) = [words for what, words in found(case) if what is What.UNREACHED]
    assert "点名的 沈澄（主管校领导） 没有通知" in words
    assert "应通知的 “党委学工部” 没有通知" in words
    assert found(replace(case, opened_at=ago(minutes=4))) == [], "the notices of a new incident are still on their way"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (replace(WAITS, attempts=1, next_at=ago(minutes=1)), []),
        (replace(WAITS, attempts=1, next_at=ago(minutes=3)), [What.WAITING]),
        (replace(WAITS, attempts=1, next_at=ago(minutes=3), channel="gone", reason="通道已不在设置中"), []),
        (replace(WAITS, state="sending", attempts=1, taken_until=ago(minutes=3)), [What.WAITING]),
        (replace(WAITS, state="sending", attempts=1, taken_until=ahead(seconds=20)), []),
        (replace(WAITS, state="withdrawn", next_at=ago(hours=3)), []),
    ],
)
def test_a_delivery_that_waits_past_its_time_is_found_in_open_and_ended_incidents(
    sent: Sent, expected: list[What]
) -> None:
    told = replace(TOLD, reached=True, sent=(sent,))
    assert kinds(replace(SOUND, told=(told,))) == expected
    assert kinds(SOUND, stray=(("FX-9", sent),)) == expected


@pytest.mark.parametrize(
    ("case", "held", "said"),
    [
        (replace(SOUND, state="lost"), ROLES, "不认识的状态“lost”"),
        (replace(SOUND, state="triaged"), ROLES, "一直没有发出通知"),
        (replace(SOUND, state="triaged", opened_at=ago(minutes=4)), ROLES, ""),
        (SOUND, frozenset({"administrator"}), "没有人可以办理下一步"),
        (SOUND, frozenset({"keeper"}), ""),
    ],
)
def test_a_state_from_which_nobody_can_go_on_is_found(case: Case, held: frozenset[str], said: str) -> None:
    words = [words for what, words in found(case, held=held) if what is What.STUCK]
    assert len(words) == bool(said)
    assert said in "".join(words)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading("watch", 5, ago(minutes=4)), [What.READER]),
        (Reading("watch", 5, ago(minutes=2)), []),
        (Reading("watch", 0, ago(hours=9)), []),
    ],
)
def test_a_reader_that_stands_while_records_wait_is_found(reading: Reading, expected: list[What]) -> None:
    assert kinds(SOUND, readings=(reading,)) == expected


def test_a_broken_chain_is_one_finding_with_its_first_fault() -> None:
    ((what, words),) = found(SOUND, broken=("第 3 行内容与其指纹不符。", "第 4 行……"))
    assert what is What.CHAIN
    assert "有 2 处不符：第 3 行内容与其指纹不符。" in words


def test_dead_letters_are_one_finding_that_names_the_command_and_what_found_no_room() -> None:
    ((what, words),) = found(SOUND, buried=Kept(3, 1, 0, ("assess", "watch")))
    assert what is What.LETTER
    assert "有 3 封死信（研判、监看）待处理；" in words
    assert "fengxin dead list" in words
    ((_, words),) = found(SOUND, buried=Kept(3, 0, 12, ("assess",)))
    assert "另有 12 条因死信已满没有留存" in words


def test_every_kind_of_finding_has_a_title() -> None:
    assert set(TITLES) == set(What)
