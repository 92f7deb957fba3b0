"""One open alert per cause, with what is wrong with it now; a mended cause may ring again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from escalation import alert
from escalation.alert import alerts
from tests.escalation.office import Office
from tests.stream.said import SCHOOL, START

CAUSE = "channel:mail"


def ring(office: Office, words: str, after: int = 0, *, cause: str = CAUSE, school: str = SCHOOL) -> bool:
    with office.store.write() as conn:
        return alert.ring(conn, school, cause, words, START + timedelta(minutes=after))


def hush(office: Office, after: int, *, cause: str = CAUSE, school: str = SCHOOL) -> None:
    with office.store.write() as conn:
        alert.hush(conn, school, cause, START + timedelta(minutes=after))


def heard(office: Office, school: str = SCHOOL) -> list[tuple[str, str, int]]:
    with office.store.read() as conn:
        found = alert.ringing(conn, school)
    return [(one.cause, one.words, (one.opened_at - START) // timedelta(minutes=1)) for one in found]


def test_an_alert_that_rings_again_says_what_is_wrong_now_and_since_when(office: Office) -> None:
    assert ring(office, "邮件送不出：授权码无效。")
    assert not ring(office, "邮件送不出：连接超时。", 5)
    assert heard(office) == [(CAUSE, "邮件送不出：连接超时。", 0)]
    assert len(office.rows(alerts)) == 1


def test_a_mended_cause_is_silent_and_rings_anew_when_it_comes_back(office: Office) -> None:
    ring(office, "送不出")
    hush(office, 5)
    assert heard(office) == []
    assert ring(office, "又送不出", 9)
    assert heard(office) == [(CAUSE, "又送不出", 9)]
    assert [row.words for row in office.rows(alerts)] == ["送不出", "又送不出"], "what was closed is not rewritten"


def test_hushing_twice_keeps_the_moment_it_was_mended(office: Office) -> None:
    ring(office, "送不出")
    hush(office, 5)
    hush(office, 30)
    assert [row.closed_at for row in office.rows(alerts)] == [START + timedelta(minutes=5)]


def test_causes_and_schools_do_not_touch_each_other(office: Office) -> None:
    ring(office, "机器人不通", 1, cause="channel:wecom_robot")
    ring(office, "邮件不通", 0)
    ring(office, "别校邮件不通", school="LG")
    ring(office, "邮件超时", 4)
    hush(office, 5, school="LG")
    assert heard(office) == [(CAUSE, "邮件超时", 0), ("channel:wecom_robot", "机器人不通", 1)], "the oldest first"
    assert heard(office, "LG") == []


def test_a_cause_longer_than_its_column_is_still_one_alert_and_can_be_mended(office: Office) -> None:
    long = "vacant:" + "某某办公室" * 60
    assert ring(office, "无人", cause=long)
    assert not ring(office, "仍无人", cause=long)
    hush(office, 1, cause=long)
    assert heard(office) == []


def test_the_store_itself_refuses_a_second_open_alert_of_one_cause(office: Office) -> None:
    ring(office, "送不出")
    row = {"school": SCHOOL, "cause": CAUSE, "words": "x", "opened_at": START, "closed_at": None}
    with pytest.raises(IntegrityError), office.store.write() as conn:
        conn.execute(alerts.insert().values(row))
