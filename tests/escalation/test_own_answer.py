"""What an account answers under a post while its subject is held: found without a word of it, unless asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.breach import breaches
from escalation.deed import incident_of
from escalation.incident import entries
from escalation.notice import notices
from escalation.task import TaskKind
from escalation.task.setting import named, set_task
from stream.post import Kind
from tests.escalation.office import IN_LEAD
from tests.escalation.papers import ask, found, grant, school
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED

THANKS = "收到，谢谢大家，这就去转告老师"
DENIED = "网传食堂有同学上吐下泻，经了解系谣言，师生用餐一切正常，请勿传播"
HERE, ELSEWHERE = "weibo:t1", "weibo:t9"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        school(made)
        yield made


def answer(
    station: Station, text: str = THANKS, thread: str = HERE, parent: str | None = None, account: str = "canteen"
) -> None:
    kind = Kind.COMMENT if parent is None else Kind.REPLY
    station.say(
        text, negative=False, thread=thread, parent=parent or thread, kind=kind, by_school=True, account=account
    )


def test_an_answer_where_the_matter_is_spoken_of_is_found_told_by_letter_and_opens_nothing(station: Station) -> None:
    answer(station)
    assert found(station) == [], "nothing was held yet"
    station.say(POISONED)
    (first,) = station.incidents()
    answer(station)
    (row,) = station.office.rows(breaches)
    assert (row.kind, row.account_id, row.basis) == ("held", "canteen", "第十条、第十五条")
    assert row.why == f"{first.number} 的事项暂停发声：在管控事项的帖下"
    assert row.held_incident_id == first.id
    assert len(station.incidents()) == 1
    letters = [one for one in station.office.rows(notices) if one.matter and one.step == "found"]
    assert {one.addressee for one in letters} == {"keeper", "publicity"}
    headings = [one.heading for one in station.office.rows(entries) if one.incident_id == first.id]
    assert f"擅自发声：暂停发声的事项，核对单 {row.number}" in headings


def test_an_answer_to_a_line_of_the_matter_is_found_and_one_to_another_line_there_is_not(station: Station) -> None:
    said = station.say(POISONED)
    other = station.say("桂花开得真好看", negative=False, thread=HERE, parent=HERE)
    answer(station, parent=other.id)
    assert found(station) == []
    answer(station, parent=said.id)
    assert [kind for kind, _, _ in found(station)] == ["held"]


def test_under_another_post_only_an_answer_that_speaks_of_the_matter_is_found(station: Station) -> None:
    station.say(POISONED)
    answer(station, thread=ELSEWHERE)
    assert found(station) == []
    answer(station, DENIED, thread=ELSEWHERE)
    (row,) = station.office.rows(breaches)
    assert "在管控事项的帖下" not in row.why
    assert "否认的说法" in row.why


def test_the_schools_own_account_and_who_has_leave_for_the_words_answer_freely(station: Station) -> None:
    station.say(POISONED)
    answer(station, account="main")
    grant(station, ask(station, DENIED))
    answer(station, DENIED)
    assert found(station) == []


def test_whoever_was_asked_to_answer_in_public_does_so(station: Station) -> None:
    station.say(POISONED)
    (one,) = station.incidents()
    office = station.office
    with office.store.write() as conn:
        row = incident_of(conn, one.id)
        set_task(
            conn, office.head, row, TaskKind.PUBLIC_ANSWER, named("keeper"), IN_LEAD, office.now, "请在该帖下公开答复"
        )  # fmt: skip
    answer(station)
    assert found(station) == []
