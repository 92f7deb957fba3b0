"""The page of coverage: lamps, half-hours, what is to be done, and who sees which accounts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from escalation.web.coverage_view import CELL, cells_of
from stream.coverage import sources
from tests.escalation.web.house import NOW, House
from tests.escalation.web.records import source, watched

PROMISED = timedelta(minutes=5)


@pytest.fixture
def seen(house: House) -> House:
    watched(house)
    return house


def kinds(
    full: list[timedelta], promised: timedelta = PROMISED, blind: tuple[timedelta, timedelta] | None = None
) -> str:
    spans = [(NOW - blind[0], NOW - blind[1])] if blind else []
    return "".join(cell.kind for cell in cells_of([(promised, [NOW - one for one in full])], spans, NOW))


def test_scans_every_five_minutes_fill_all_half_hours() -> None:
    assert kinds([PROMISED * n for n in range(1, 300)]) == "o" * 48


def test_an_account_that_was_never_read_shows_only_gaps() -> None:
    assert kinds([]) == "g" * 48


def test_silence_turns_late_and_then_into_a_gap() -> None:
    promised = timedelta(minutes=10)
    full = [promised * n for n in range(12, 200)]
    assert kinds(full, promised) == "o" * 44 + "ottg"


def test_a_recorded_gap_wins_over_any_scan() -> None:
    shown = kinds([PROMISED * n for n in range(1, 300)], blind=(CELL * 4, CELL * 2))
    assert shown == "o" * 44 + "gg" + "oo"


def test_a_patrol_twice_a_day_leaves_half_hours_that_are_not_due() -> None:
    shown = kinds([timedelta(hours=3), timedelta(hours=15), timedelta(hours=27)], timedelta(hours=12))
    assert set(shown) == {"o", "x"}
    assert shown.count("o") == 2


def test_the_worst_source_of_an_account_decides_its_cell() -> None:
    good = [NOW - PROMISED * n for n in range(1, 300)]
    assert {cell.kind for cell in cells_of([(PROMISED, good), (PROMISED, [])], [], NOW)} == {"g"}


def test_the_page_counts_lamps_and_names_the_blind_with_their_cure(seen: House) -> None:
    said = seen.client("publicity").get("/accounts").text
    assert "4 个在册账号，1 个看得全，1 个迟，2 个盲" in said
    assert "授权已过期，请在微博开放平台重新授权" in said
    assert "平台无接口，须人工巡查并补录线索" in said
    assert "618 / 655" in said
    assert "余 11 日" in said
    assert "已过期" in said
    assert "第一责任人 罗广平" in said
    assert "迟 14 分" in said


def test_every_half_hour_is_drawn_and_said_in_words(seen: House) -> None:
    said = seen.client("monitor").get("/coverage").text
    beats = re.findall(r'<svg class="beat" viewBox="0 0 240 18".*?</svg>', said)
    assert len(beats) == 4
    for beat in beats:
        assert beat.count("<rect") == 48
        assert sum(int(n) for n in re.findall(r"(?:看全|迟|缺口|未排采集) (\d+)", beat)) == 48


def test_a_unit_leader_and_a_keeper_see_their_own_accounts_only(seen: House) -> None:
    for name in ("leader", "keeper"):
        said = seen.client(name).get("/accounts").text
        assert "1 个在册账号" in said
        assert "风林后勤" in said
        assert "风林教务" not in said


def test_the_filters_of_the_url_choose_lamp_and_unit(seen: House) -> None:
    client = seen.client("admin")
    late = client.get("/accounts?lamp=late").text
    assert "风林职院" in late
    assert '<td class="name">风林教务' not in late
    assert "没有符合筛选的账号" in client.get("/accounts?lamp=on&unit=教务处").text
    assert client.get("/accounts?lamp=%00<x>").status_code == 200


def test_a_school_leader_has_no_page_of_accounts(seen: House) -> None:
    assert seen.client("school").get("/accounts").status_code == 403


def test_without_accounts_the_page_says_how_to_begin(house: House) -> None:
    with house.store.write() as conn:
        conn.exec_driver_sql("DELETE FROM accounts")
    assert "请管理员填写账号表并导入" in house.client("admin").get("/accounts").text


def test_what_lies_before_the_first_look_is_not_due_and_no_gap() -> None:
    began = NOW - 3 * CELL
    cells = cells_of([(PROMISED, [began, NOW - CELL, NOW])], [], NOW, began)
    assert "".join(cell.kind for cell in cells).startswith("x" * 45)
    assert "g" not in "".join(cell.kind for cell in cells)


def test_an_account_whose_source_was_switched_off_is_blind_and_not_green(seen: House) -> None:
    with seen.store.write() as conn:
        conn.execute(insert(sources), [source("wx-hq", NOW, id="wx-hq/figures", essential=False)])
        conn.execute(update(sources).where(sources.c.id == "wx-hq/timeline").values(active=False))
    said = seen.client("publicity").get("/accounts").text
    assert "0 个看得全，1 个迟，3 个盲" in said
    assert "采集已停止，请联系维护人员核对该账号的采集接口" in said
    assert "盲 3" in said


def test_an_account_whose_route_was_removed_is_blind_and_named(seen: House) -> None:
    with seen.store.write() as conn:
        conn.execute(update(sources).where(sources.c.account_id == "wx-hq").values(active=False))
    said = seen.client("publicity").get("/accounts").text
    assert "0 个看得全，1 个迟，3 个盲" in said
    assert "已登记，未接采集途径" in said
    assert "在设置文件 fengxin.toml 中为它加一段 [[routes]]" in said
    assert "重新导入" not in said, "the accounts file holds no route"


def test_an_account_whose_route_is_off_or_fails_says_its_own_cause(seen: House) -> None:
    with seen.store.write() as conn:
        mine = update(sources).where(sources.c.account_id == "wx-hq")
        conn.execute(mine.values(active=False, stopped_at=NOW, note="采集途径已移除，自昨天起不再采集"))
    said = seen.client("publicity").get("/accounts").text
    assert "采集途径已移除，自昨天起不再采集" in said
    assert "已登记，未接采集途径" not in said
    with seen.store.write() as conn:
        failing = {"active": True, "stopped_at": None, "note": "", "last_full": None, "last_reason": "平台拒绝连接"}
        conn.execute(mine.values(**failing))
    said = seen.client("publicity").get("/accounts").text
    assert "平台拒绝连接" in said
    assert "已登记，未接采集途径" not in said
