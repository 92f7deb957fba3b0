"""The rows of a week from the store, on both dialects: what lies in the week, by hour, by account, by theme."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from escalation import people
from escalation.bulletin import bulletins
from escalation.clock_words import SHANGHAI
from escalation.notice import notices
from escalation.notice.issue import Letterhead
from escalation.people import Held, Person, Role
from escalation.report import picks
from escalation.report.behind import posts_behind
from escalation.report.fetch import week_rows
from escalation.report.figures import Figures, figures
from escalation.report.unseen import UNBEGUN
from escalation.report.week import Week
from escalation.web.call_tasks import open_tasks
from escalation.web.coverage_view import units_of
from escalation.web.delivery_log import Wanted, log_of
from stream.account import accounts
from stream.coverage import gaps, scans
from stream.kept import posts
from stream.line import marks
from tests.escalation.office import conclude
from tests.escalation.web.house import NOW, SCHOOL, UNIT, House
from tests.escalation.web.records import sent, watched
from tests.mould import EITHER, of_either_kind

WEEK = Week.of(NOW)


@pytest.fixture(params=EITHER)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    store = of_either_kind(request, tmp_path / "store.db")
    letterhead = Letterhead(SCHOOL, "风林", "http://desk.test", b"k" * 32, frozenset({"mail"}))
    staff = [Person(SCHOOL, f"p{n}", f"人{n}", "", UNIT, f"p{n}@school.test", f"1380000000{n}") for n in range(4)]
    roles = (Role.PUBLICITY, Role.SCHOOL_LEADER, Role.UNIT_LEADER, Role.KEEPER)
    scopes = ("", "", UNIT, "wx-hq")
    with store.write() as conn:
        people.enter(conn, staff, [Held(r, s, p.id) for r, s, p in zip(roles, scopes, staff, strict=True)])
    yield House(store, letterhead)
    store.close()


def made(house: House, week: Week = WEEK, now: datetime = NOW) -> Figures:
    with house.store.read() as conn:
        return figures(week_rows(conn, SCHOOL, "风林", week), now)


def test_a_comment_is_counted_in_the_hour_and_week_of_beijing(house: House) -> None:
    edge = datetime(2026, 11, 16, 0, 0, tzinfo=SHANGHAI)
    for at in (edge - timedelta(minutes=1), edge, edge + timedelta(minutes=59), edge + timedelta(minutes=60)):
        house.now = at
        house.post(f"话 {at}")
    found = made(house)
    assert found.comments.value == 3
    assert [hour.lines for hour in found.trend.hours[:3]] == [2, 1, 0]
    assert found.comments_before == 1
    assert made(house, WEEK.before).trend.hours[167].lines == 1


def test_themes_are_counted_from_marks_and_lists_agree(house: House) -> None:
    first, second = house.post("食堂", minutes=5), house.post("宿舍", minutes=6)
    with house.store.write() as conn:
        for post, theme in ((first, "canteen"), (second, "canteen"), (second, "dorm"), (second, "any")):
            row = {"school": SCHOOL, "post_id": post.id, "theme": theme, "at": post.published_at, "thread_id": "t",
                   "spent": False, "mark": {}}  # fmt: skip
            conn.execute(insert(marks).values(**row))
    found = made(house)
    assert [(part.lines.value, part.share) for part in found.themes] == [(2, 67), (1, 33)]
    with house.store.read() as conn:
        listed = posts_behind(conn, SCHOOL, WEEK, found.themes[0].lines.what, 1)
    assert listed is not None
    assert listed.total == 2


def test_an_incident_of_the_store_stands_in_the_figures_with_its_notices(house: House) -> None:
    number = house.incident(minutes=30)
    sent(house, number)
    watched(house)
    found = made(house)
    assert [case.number for case in found.cases] == [number]
    assert found.cases[0].needed == 4
    assert found.cases[0].comments == 3
    assert found.failed_all.value == 1
    assert found.signed_late.value == found.must_sign.value == 4
    assert all(item.default or item.article for item in found.late)
    assert {one.account.id for one in found.unseen} == {"wb-main", "sph-1"}


def first_report(house: House) -> datetime | None:
    """When the report says that 首报 was done."""
    with house.store.read() as conn:
        rows = week_rows(conn, SCHOOL, "风林", WEEK)
    (clock,) = [one for one in rows.clocks if one.name == "first_report"]
    return picks.done_at(clock, rows.incidents[0])


def test_the_first_report_is_done_when_a_bulletin_left_and_not_when_the_machine_told(house: House) -> None:
    sent(house, house.incident(minutes=30))
    with house.store.write() as conn:
        conn.execute(update(notices).values(sent_at=NOW - timedelta(minutes=29)))
    assert first_report(house) is None, "the machine's first notice is no 首报"
    with house.store.write() as conn:
        conclude(conn, 1, NOW)
        conn.execute(update(bulletins).values(left_at=None))
    assert first_report(house) is None, "written is not sent"
    with house.store.write() as conn:
        conn.execute(update(bulletins).values(left_at=NOW - timedelta(minutes=5)))
    assert first_report(house) == NOW - timedelta(minutes=5)


def test_coverage_and_delivery_log_are_read_alike_on_both_dialects(house: House) -> None:
    sent(house, house.incident())
    watched(house)
    with house.store.read() as conn:
        lines = [line for unit in units_of(conn, SCHOOL, NOW, {}) for line in unit.lines]
        log = log_of(conn, SCHOOL, Wanted(words="人1"))
        tasks = open_tasks(conn, SCHOOL, NOW)
    assert {line.account.id: line.lamp.value for line in lines} == {"wb-main": "late", "sph-1": "blind"}
    assert sum(log.count.values()) == len(log.lines) == 1
    assert len(tasks) == 1


def test_a_busy_week_of_ten_thousand_comments_is_read_in_seconds(house: House) -> None:
    first = house.post("原话")
    columns = [column.name for column in posts.c if column.name != "row"]
    with house.store.write() as conn:
        row = {name: getattr(first, name) for name in columns}
        many = [row | {"id": f"wechat:x{n}", "published_at": NOW - timedelta(seconds=n * 20)} for n in range(10_000)]
        conn.execute(insert(posts), many)
    found = made(house)
    assert found.comments.value == 10_001
    assert sum(hour.lines for hour in found.trend.hours) == 10_001


def test_the_time_before_the_first_full_scan_was_not_seen(house: House) -> None:
    watched(house)
    with house.store.write() as conn:
        first = conn.execute(select(func.min(scans.c.at)).where(scans.c.account_id == "wb-main")).scalar_one()
        conn.execute(delete(gaps))
        conn.execute(update(accounts).where(accounts.c.id == "wb-main").values(watch_from=first - timedelta(hours=7)))
    (blind,) = (one for one in made(house).unseen if one.account.id == "wb-main")
    assert blind.spans[0].starts == max(WEEK.starts, first - timedelta(hours=7))
    assert blind.spans[0].ends == first
    assert UNBEGUN in blind.reason
