"""The roster's shifts, leave and departures by the real command: what a restart, a file and a person each decide."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy import entering, rostering, upkeep
from deploy.command import app
from deploy.settings import load
from escalation import alert, people
from escalation.clock_words import SHANGHAI
from escalation.duty import departing, leave, rota
from escalation.duty.coverage import Turn
from escalation.incident import Actor
from escalation.people import Role, shifts
from escalation.user import Entry
from tests.deploy.test_entering import PASSWORD, School
from tests.escalation.duty.test_rota import PATTERN, SINGLE, book

ADMIN = Actor("P09", "许明德", frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def school(tmp_path: Path) -> School:
    """The demo's school with two shifts of two months, so that each row of the rota can be named."""
    made = School(tmp_path)
    text = made.file.read_text("utf-8")
    begins, ends = (one.astimezone(SHANGHAI).replace(microsecond=0) for one in (now(), now() + timedelta(days=60)))
    span = f"starts_at = {(begins - timedelta(days=1)).isoformat()}\nends_at = {ends.isoformat()}"
    two = f'[[shifts]]\nperson = "P08"\n{span}\n[[shifts]]\nperson = "P09"\n{span}\nleads = true\n'
    made.file.write_text(text[: text.index("[[shifts]]")] + two, "utf-8")
    upkeep.enter_roster(load(made.file))
    return made


def fengxin(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def rows(school: School) -> list[tuple[str, bool]]:
    with school.store.read() as conn:
        return [(row.person_id, row.leads) for row in conn.execute(shifts.select().order_by(shifts.c.id))]


def now() -> datetime:
    return datetime.now(UTC)


def test_a_restart_with_the_same_roster_leaves_what_was_changed_at_the_desk(school: School) -> None:
    assert rows(school) == [("P08", False), ("P09", True)]
    turn = Turn("P10", now(), now() + timedelta(hours=8))
    school.store.run(lambda conn: rota.add(conn, school.code, ADMIN, now(), turn))
    upkeep.enter_roster(load(school.file))
    assert ("P10", False) in rows(school)
    school.change('[[shifts]]\nperson = "P08"', '[[shifts]]\nperson = "P03"')
    assert rows(school) == [("P03", False), ("P09", True)], "a roster that speaks of something new is what counts"


def test_shifts_with_a_hole_are_kept_out_by_enter_and_by_the_start_and_all_else_is_taken(school: School) -> None:
    text = school.file.read_text("utf-8")
    begins = text.index("[[shifts]]")
    one = (now() + timedelta(days=3)).astimezone(SHANGHAI).replace(microsecond=0)
    ends = text[text.index("ends_at", begins) :].splitlines()[0]
    spoilt = text[:begins] + text[begins:].replace(ends, f"ends_at = {one.isoformat()}", 1)
    school.file.write_text(spoilt.replace('name = "林知远"', 'name = "林致远"'), "utf-8")
    done = fengxin("enter", "--settings", school.file)
    assert done.exit_code == 1
    assert "没有录入班次" in done.output
    with school.store.read() as conn:
        renamed = people.person(conn, school.code, "P01")
    assert renamed is not None
    assert renamed.name == "林致远", "who is to be told does not wait for the shifts"
    assert "第十三条要求 24 小时监控" in done.output
    upkeep.enter_roster(load(school.file))
    assert rows(school) == [("P08", False), ("P09", True)]
    with school.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, school.code)] == [entering.ROTA]
    school.file.write_text(text, "utf-8")
    school.change('[[shifts]]\nperson = "P08"', '[[shifts]]\nperson = "P03"')
    with school.store.read() as conn:
        assert alert.ringing(conn, school.code) == []


def test_an_imported_rota_without_a_hole_stands_whatever_the_shifts_of_the_roster_lack(
    school: School, tmp_path: Path
) -> None:
    turn = Turn("P10", now(), now() + timedelta(hours=8))
    school.store.run(lambda conn: rota.add(conn, school.code, ADMIN, now(), turn))
    with school.store.write() as conn:
        rota.note_edition(conn, school.code, "desk", "全月.xlsx", "0" * 64, "P09", now(), 2)
    text = school.file.read_text("utf-8")
    begins = text.index("[[shifts]]")
    ends = text[text.index("ends_at", begins) :].splitlines()[0]
    one = (now() + timedelta(days=3)).astimezone(SHANGHAI).replace(microsecond=0)
    school.file.write_text(text[:begins] + text[begins:].replace(ends, f"ends_at = {one.isoformat()}", 1), "utf-8")
    done = fengxin("enter", "--settings", school.file)
    assert (done.exit_code, "现用的值班表没有空档，继续使用" in done.output) == (0, True), done.output
    with school.store.read() as conn:
        assert alert.ringing(conn, school.code) == []


def test_a_rota_in_the_name_of_somebody_who_was_never_entered_says_so(school: School, tmp_path: Path) -> None:
    (tmp_path / "rota.xlsx").write_bytes(b"-")
    done = fengxin("roster", "import", tmp_path / "rota.xlsx", "--person", "P77", "--settings", school.file)
    assert done.exit_code == 1
    assert "请先执行 fengxin enter" in done.output
    assert "不是系统管理员" not in done.output


def test_who_left_stays_out_though_the_roster_still_names_them(school: School) -> None:
    school.enrol("sun", "P06")
    school.store.run(lambda conn: departing.enter(conn, school.code, ADMIN, now(), "P06", now()))
    from deploy.wiring import letterhead

    head = letterhead(load(school.file))
    school.store.run(lambda conn: departing.take_effect(conn, head, now()))
    upkeep.enter_roster(load(school.file))
    assert school.sign_in("sun", PASSWORD) == (Entry.WRONG, "")
    with school.store.read() as conn:
        assert people.holders(conn, school.code, Role.UNIT_LEADER, unit="后勤管理处") == []
    shown = fengxin("roster", "show", "--settings", school.file)
    assert shown.exit_code == 1
    assert "没有人担任后勤管理处的" in shown.output


def test_roster_shows_who_serves_who_is_away_and_what_is_wrong_ahead(school: School) -> None:
    shown = fengxin("roster", "show", "--settings", school.file)
    assert shown.exit_code == 0, shown.output
    assert "未来 30 日的值班表没有空档" in shown.output
    begins = now() + timedelta(days=2)
    school.store.run(
        lambda conn: leave.enter(conn, school.code, ADMIN, now(), "P08", "leave", begins, begins + timedelta(hours=9))
    )
    shown = fengxin("roster", "show", "--settings", school.file)
    assert shown.exit_code == 1
    assert "没有代理人" in shown.output
    assert "空档" in shown.output
    checked = fengxin("check", "--settings", school.file)
    assert checked.exit_code == 1
    assert "✘ 值守：未来 30 日的值班表有空档" in checked.output


def test_a_rota_is_imported_by_who_keeps_it_whole_or_not_at_all(school: School, tmp_path: Path) -> None:
    today, later = now().astimezone(SHANGHAI).date(), now().astimezone(SHANGHAI).date() + timedelta(days=40)
    good, bad, short = tmp_path / "好.xlsx", tmp_path / "坏.xlsx", tmp_path / "短.xlsx"
    day = (str(today), str(later), "每天", "08:00", "20:00", "P08、P03", 1)
    night = (str(today - timedelta(days=1)), str(later), "每天", "20:00", "08:00", "P10", 1)
    good.write_bytes(book(轮值=[PATTERN, day, night]))
    bad.write_bytes(book(值班=[SINGLE, ("P99", "2026-12-01 08:00", "=A1", "")]))
    with school.store.write() as conn:
        conn.execute(shifts.delete().where(shifts.c.person_id == "P08"))
    short.write_bytes(book(轮值=[PATTERN, (day[0], str(today + timedelta(days=5)), *day[2:]), night]))
    for file, person, words in (
        (good, "P08", "不是系统管理员，也不在宣传部任职"),
        (bad, "P09", "第 2 行，“结束”列：是公式"),
        (short, "P09", "还有空档"),
        (tmp_path / "没有.xlsx", "P09", "读不了"),
    ):
        refused = fengxin("roster", "import", file, "--person", person, "--settings", school.file)
        assert refused.exit_code == 1
        assert words in refused.output
        assert rows(school) == [("P09", True)]
    done = fengxin("roster", "import", good, "--person", "P09", "--settings", school.file)
    assert done.exit_code == 0, done.output
    assert {person for person, _ in rows(school)} >= {"P08", "P03", "P10"}
    upkeep.enter_roster(load(school.file))
    assert ("P10", False) in rows(school), "the unchanged roster does not undo the import"


def test_the_template_is_written_once(tmp_path: Path) -> None:
    out = tmp_path / "值班表.xlsx"
    assert fengxin("roster", "template", out).exit_code == 0
    again = fengxin("roster", "template", out)
    assert again.exit_code == 1
    assert "未作任何改动" in again.output


def test_departments_that_are_one_are_told_once_where_the_school_says_so(school: School) -> None:
    related = r'\[\[offices\]\]\nrole = "学校相关[^"]+"\nperson = "P\d+"\n'
    text = re.sub(related, "", school.file.read_text("utf-8"))
    school.file.write_text(text.replace('pack = "JY"', 'pack = "NX"'), "utf-8")
    assert "“党委宣传统战部”与“党委宣传部”可能是一家" in fengxin("check", "--settings", school.file).output
    one = 'pack = "NX"\nsame_offices = ["united_front"]'
    school.file.write_text(text.replace('pack = "JY"', one), "utf-8")
    checked = fengxin("check", "--settings", school.file).output
    assert "学校已确认“党委宣传统战部”与“党委宣传部”是一家" in checked
    assert "没有人担任党委宣传统战部" not in checked
    asked = ("policy", "who", "NX", "--trigger", "crisis_or_negative_opinion", "--settings", school.file)
    apart, merged = fengxin(*asked[:-2], "--json").output, fengxin(*asked, "--json").output
    assert '"role": "united_front"' in apart
    assert '"role": "united_front"' not in merged
    assert '"office": "党委宣传统战部"' in merged, "each clause keeps its own word"
    assert "按学校确认合并" in fengxin(*asked).output
    assert "按学校确认合并" in fengxin("policy", "show", "NX", "--settings", school.file).output
    school.file.write_text(text.replace('pack = "JY"', one.replace("united_front", "publicity")), "utf-8")
    wrong = fengxin("check", "--settings", school.file)
    assert wrong.exit_code == 1
    assert "school.same_offices" in wrong.output
    assert "不能合并" in wrong.output


def test_roster_says_the_holidays_ahead_and_asks_for_a_year_that_nobody_knows(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Then(datetime):
        at: datetime

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return cls.at.astimezone(tz)

    monkeypatch.setattr(rostering, "datetime", Then)

    def shown(day: str) -> str:
        Then.at = datetime.fromisoformat(f"{day}T09:00:00+08:00")
        return fengxin("roster", "show", "--settings", school.file).output

    october = shown("2026-09-20")
    assert "✔ 2026-09-20 上班 国庆节调休，依国务院办公厅放假安排（程序库 chinesecalendar 1.11.0）" in october
    assert "✔ 2026-10-07 放假 国庆节，" in october
    assert "还不知道" not in october
    assert "？ 2027 年的放假安排还不知道" in shown("2026-12-10")


def test_before_the_first_run_the_check_goes_by_the_roster_alone(tmp_path: Path) -> None:
    assert fengxin("init", "--demo", tmp_path).exit_code == 0
    file = tmp_path / "fengxin.toml"
    assert "未来 30 日的值班表没有空档" in fengxin("check", "--settings", file).output
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("[[shifts]]")], "utf-8")
    assert "没有值班表，第十三条要求 24 小时监控" in fengxin("check", "--settings", file).output
