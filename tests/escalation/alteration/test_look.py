"""A change of an account is written down once, told to whom the pack names, and over when book and platform agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from escalation import alert, alteration, audit
from escalation.alteration import alterations, look
from escalation.alteration.state import State
from escalation.incident import Actor
from escalation.notice import docket, notices
from escalation.notify import Notify
from escalation.procedure import load
from escalation.state_table import IllegalStep
from escalation.timer import TimerKind, timers
from stream import account, appearance
from stream.account import Account
from stream.appearance import Shown
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, UNIT, Office
from tests.stream.said import SCHOOL

BOOK = Account(SCHOOL, "canteen", "weibo", "青禾后勤", "9", UNIT, "api", datetime(2026, 1, 1, tzinfo=UTC))
GONE = "平台答复该账号不存在，或已被封停、注销（平台代码 20003）"
MINUTE = timedelta(minutes=1)


class Register:
    """An office whose notify role knows a pack, and an account that is shown as a test wants."""

    def __init__(self, folder: Path, code: str) -> None:
        self.office = Office.at(folder)
        self.use(code)
        self.enter(BOOK)
        self.shown("青禾后勤")
        self.shown("青禾后勤", after=10 * MINUTE)

    def use(self, code: str) -> None:
        one = self.office
        one.notify = Notify(
            one.store, one.head, {"mail": one.mail, "wecom_robot": one.robot}, lambda: one.now, pack=load(code)
        )

    def enter(self, entry: Account) -> None:
        with self.office.store.write() as conn:
            account.enter(conn, [entry])

    def shown(self, name: str | None = None, verified: bool | None = True, gone: str = "", *,
              after: timedelta = MINUTE) -> None:  # fmt: skip
        """One look that tells this, a little later; then the notify role has its turn."""
        self.office.now += after
        with self.office.store.write() as conn:
            appearance.saw(conn, SCHOOL, "canteen", Shown(name, verified if name else None, gone), self.office.now)
        self.turn()

    def turn(self) -> None:
        self.office.now += MINUTE
        while self.office.notify.step():
            pass

    def rows(self, table: Any = alterations) -> list[Any]:
        with self.office.store.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))

    def alerts(self) -> list[str]:
        with self.office.store.read() as conn:
            return [one.words for one in alert.ringing(conn, SCHOOL) if one.cause.startswith(alteration.CAUSE)]

    def act(self, deed: Any, actor: Actor, words: str) -> None:
        number = self.rows()[-1].number
        self.office.store.run(lambda conn: deed(conn, SCHOOL, number, actor, self.office.now, words))

    def course(self) -> list[str]:
        with self.office.store.read() as conn:
            return [one.heading for one in docket.lines_of(conn, SCHOOL, f"alteration:{self.rows()[-1].id}")]


@pytest.fixture
def zg(tmp_path: Path) -> Register:
    return Register(tmp_path, "ZG")


@pytest.fixture
def jy(tmp_path: Path) -> Register:
    return Register(tmp_path, "JY")


def test_a_rename_under_zg_is_told_to_the_publicity_office_by_article_ten(zg: Register) -> None:
    assert zg.rows() == []
    zg.shown("青禾资讯")
    (row,) = zg.rows()
    assert (row.kind, row.before, row.after, row.basis, row.state) == (
        "renamed", "青禾后勤", "青禾资讯", "第十条", "seen",
    )  # fmt: skip
    told = {one.addressee: (one.office, one.basis, one.needs_signature) for one in zg.rows(notices)}
    assert told == {
        "publicity": ("校党委宣传部", "第十条", True), "keeper": ("官方新媒体管理人员", "系统默认，非校规", True),
    }  # fmt: skip
    (words,) = zg.alerts()
    assert "“青禾后勤”已改名：原显示“青禾后勤”，现显示“青禾资讯”" in words
    assert "依据 第十条，已函告校党委宣传部、官方新媒体管理人员。" in words
    text = "\n".join(message.text for message in zg.office.mail.sent)
    assert "条文要求（各单位）：账号名变更，以书面形式报校党委宣传部备案（第十条）" in text.replace(
        "\n　　　　　", ""
    ).replace("\n     ", "")


@pytest.mark.parametrize("code", ["JY", "LG", "TF", "NX", "neutral", "neutral3"])
def test_where_the_document_is_silent_the_default_is_told_and_labelled(tmp_path: Path, code: str) -> None:
    made = Register(tmp_path, code)
    made.shown("青禾资讯")
    (row,) = made.rows()
    assert row.basis == "系统默认，非校规"
    assert row.due_at is None
    assert {one.basis for one in made.rows(notices)} == {"系统默认，非校规"}
    assert {"keeper", "publicity"} <= {one.addressee for one in made.rows(notices)}
    assert "校规未规定；系统默认（非校规）已函告" in made.alerts()[0]
    assert [one for one in made.rows(timers) if one.kind == TimerKind.ALTERATION] == []


def test_the_week_of_zg_counts_from_the_last_sight_of_the_old_name_until_the_unit_gives_the_day(zg: Register) -> None:
    zg.shown("青禾资讯")
    before = zg.rows()[0].before_at
    assert before < zg.rows()[0].seen_at
    (clock,) = [one for one in zg.rows(timers) if one.kind == TimerKind.ALTERATION]
    assert clock.due_at == datetime(2026, 11, 10, 15, 59, 59, tzinfo=UTC), (
        "seven days on from 11-03, to the end of the day"
    )
    with pytest.raises(IllegalStep, match="不能晚于系统看到新名称"):
        zg.act(alteration.set_date, KEEPER, "2026-11-09")
    with pytest.raises(IllegalStep, match="的形式"):
        zg.act(alteration.set_date, KEEPER, "前天")
    with pytest.raises(IllegalStep, match="不能填写变更日期"):
        zg.act(alteration.set_date, ON_DESK, "2026-11-01")
    zg.act(alteration.set_date, KEEPER, "2026-11-01")
    running = [one.due_at for one in zg.rows(timers) if one.kind == TimerKind.ALTERATION and one.state == "set"]
    assert running == [datetime(2026, 11, 8, 15, 59, 59, tzinfo=UTC)] == [zg.rows()[0].due_at]
    zg.office.now = running[0] + MINUTE
    zg.turn()
    (words,) = zg.alerts()
    assert words.startswith("已过备案期限（第十条 一周内）：")
    assert "已过备案期限" in zg.course()


def test_the_same_change_is_told_once_however_often_it_is_seen(jy: Register) -> None:
    for _ in range(5):
        jy.shown("青禾资讯")
    assert len(jy.rows()) == 1
    assert len(jy.rows(notices)) == 2
    jy.shown("青禾后勤")
    assert (jy.rows()[0].state, jy.rows()[0].ended_why, jy.alerts()) == ("over", "平台又显示登记的名称", [])
    jy.shown("青禾资讯")
    assert (len(jy.rows()), jy.rows()[0].state, len(jy.rows(notices)), len(jy.alerts())) == (1, "seen", 2, 1)
    jy.shown("青禾后勤")
    jy.shown("青禾资讯", after=timedelta(days=2))
    assert [one.state for one in jy.rows()] == ["over", "seen"], "two days later it is another change"


def test_a_second_name_is_a_second_change_and_ends_the_first(jy: Register) -> None:
    jy.shown("青禾资讯")
    jy.shown("青禾广场")
    assert [(one.before, one.after, one.state) for one in jy.rows()] == [
        ("青禾后勤", "青禾资讯", "over"), ("青禾资讯", "青禾广场", "seen"),
    ]  # fmt: skip


def test_the_import_of_the_new_name_ends_it_and_its_clock(zg: Register) -> None:
    zg.shown("青禾资讯")
    zg.enter(replace(BOOK, name="青禾资讯"))
    zg.turn()
    (row,) = zg.rows()
    assert (row.state, row.ended_why) == ("over", "名册已改为平台显示的名称")
    assert zg.alerts() == []
    assert {one.state for one in zg.rows(timers)} == {"stopped"}


def test_a_person_says_why_and_it_is_told_no_second_time(jy: Register) -> None:
    jy.shown("青禾资讯")
    with pytest.raises(IllegalStep, match="不能说明了结"):
        jy.act(alteration.settle, KEEPER, "活动改名")
    with pytest.raises(IllegalStep, match="请填写“说明”"):
        jy.act(alteration.settle, IN_LEAD, "  ")
    jy.act(alteration.settle, IN_LEAD, "校庆期间临时改名，月底改回")
    assert (jy.rows()[0].state, jy.alerts()) == ("settled", [])
    with pytest.raises(IllegalStep, match=r"处于“已说明”.*未作任何更改"):
        jy.act(alteration.settle, IN_LEAD, "再来一次")
    jy.shown("青禾资讯")
    assert (len(jy.rows()), len(jy.rows(notices))) == (1, 2)
    jy.shown("青禾后勤")
    assert jy.rows()[0].state == State.OVER
    with jy.office.store.read() as conn:
        assert list(audit.faults(conn)) == []
        rows = conn.execute(select(audit.audit_log).order_by(audit.audit_log.c.seq))
        said = [(one.action, one.actor) for one in rows if one.action.startswith("alteration.")]
    assert said == [("alteration.seen", "machine"), ("alteration.settle", "publicity"), ("alteration.over", "machine")]


def test_lost_verification_and_a_lost_account_are_told_by_their_own_rows(jy: Register) -> None:
    jy.shown("青禾后勤", False)
    jy.shown(gone=GONE)
    assert [one.kind for one in jy.rows()] == ["unverified"], "one look that fails is no loss"
    jy.shown(gone=GONE, after=6 * MINUTE)
    assert [(one.kind, one.after) for one in jy.rows()] == [("unverified", "未认证"), ("gone", GONE)]
    assert [one.kind for one in jy.rows(timers) if one.kind == TimerKind.ALTERATION] == []
    jy.shown("青禾后勤", True)
    assert [(one.state, one.ended_why) for one in jy.rows()] == [
        ("over", "平台又显示已认证"), ("over", "平台又能看到该账号"),
    ]  # fmt: skip


def test_an_account_taken_out_of_use_ends_its_changes(jy: Register) -> None:
    jy.shown("青禾资讯")
    jy.enter(replace(BOOK, active=False))
    jy.turn()
    assert jy.rows()[0].ended_why == "账号已停用，或已不在名册"


def test_a_name_that_never_agreed_rings_at_the_desk_and_is_told_to_nobody(tmp_path: Path) -> None:
    made = Register(tmp_path, "ZG")
    made.enter(replace(BOOK, name="青禾职院后勤处"))
    made.turn()
    (row,) = made.rows()
    assert (row.kind, row.basis, made.rows(notices)) == ("misnamed", "系统默认，非校规", [])
    assert "登记“青禾职院后勤处”，平台显示“青禾后勤”" in made.alerts()[0]
    assert "系统默认，非校规：只告知值班台。" in made.alerts()[0]


def test_two_workers_that_see_it_again_at_once_open_it_once(jy: Register) -> None:
    jy.shown("青禾资讯")
    jy.shown("青禾后勤")
    (ended,) = jy.rows()
    for _ in range(2):  # each read the row while it was over
        jy.office.store.run(lambda conn: alteration.again(conn, ended, jy.office.now))
    assert jy.course().count("再次看到同一变动") == 1
    assert jy.rows()[0].state == "seen"


def test_two_workers_that_see_it_end_at_once_end_it_once(jy: Register) -> None:
    jy.shown("青禾资讯")
    (row,) = jy.rows()
    ended = [jy.office.store.run(lambda conn: alteration.agree(conn, row, "名册已改", jy.office.now)) for _ in range(2)]
    assert ended == [True, False]
    assert jy.course().count("已一致") == 1


def test_without_a_pack_the_notify_role_looks_at_no_account(tmp_path: Path) -> None:
    made = Register(tmp_path, "JY")
    made.office.notify = Notify(
        made.office.store, made.office.head, {"mail": made.office.mail}, lambda: made.office.now
    )
    made.shown("青禾资讯")
    assert made.rows() == []


def test_two_workers_at_once_write_one_change(jy: Register) -> None:
    with jy.office.store.write() as conn:
        appearance.saw(conn, SCHOOL, "canteen", Shown("青禾资讯", True), jy.office.now)
    for _ in range(2):
        jy.office.store.run(lambda conn: look.look(conn, jy.office.head, load("JY"), jy.office.now))
    assert len(jy.rows()) == 1
    assert len(jy.rows(notices)) == 2
