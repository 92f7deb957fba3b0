"""Audit, replay and weekly report (issue 4), from outside: what is written down, rebuilt, and counted."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from parsel import Selector

from tests.acceptance.hands import body, does, opened, refusal
from tests.acceptance.standing import Standing, eventually, fengxin, words_of

pytestmark = pytest.mark.long

OFFICE, MONITOR = "ye.chuqing", "zheng.wanzhou"
CHAPTERS = ("处置与时限", "告知与签收", "未结任务", "统一发声", "自有账号发布", "咨询", "值守", "账号与覆盖")
ROOMS = ("handling.", "one_voice.", "tasks.", "consultations.", "own_posts.")


@pytest.fixture(scope="module")
def demo(own_demo: Standing) -> Standing:
    """This file's own: its matters would be bundled with those of other files."""
    return own_demo


def wave(demo: Standing) -> str:
    """The number of the demo's own incident."""
    return eventually("the wave opens an incident", lambda: demo.incident("二食堂"), 100)


def exported(demo: Standing, out: Path) -> list[dict[str, Any]]:
    """The rows of the audit as the command exports them; head and end of the file left out."""
    done = fengxin("audit", "export", "--out", out, "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 0, done.stderr
    return [row for row in map(json.loads, out.read_text("utf-8").splitlines()) if "action" in row]


def test_decisions_deliveries_views_and_exports_are_rows_of_the_chain(demo: Standing, tmp_path: Path) -> None:
    number, office = wave(demo), demo.signed_in(OFFICE)
    eventually("the first mail", lambda: demo.mails(words=number), 60)
    office.page(f"/incidents/{number}")
    exported(demo, tmp_path / "first.jsonl")
    rows = exported(demo, tmp_path / "second.jsonl")
    of = {action: [row for row in rows if row["action"] == action] for action in {row["action"] for row in rows}}
    assert {"machine.decide", "machine.deliver", "text.view", "audit.export"} <= set(of)
    assert any(number in json.dumps(row, ensure_ascii=False) for row in of["machine.decide"])
    assert any(number in json.dumps(row, ensure_ascii=False) for row in of["machine.deliver"])
    assert any(row["actor"] == "P10" and number in row["object"] for row in of["text.view"]), "who saw which text"
    assert "second.jsonl" not in json.dumps(of["audit.export"]), "an export is a row after what it exported"
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["previous"] == before["hash"] for before, row in pairwise(rows))


def newest(demo: Standing) -> tuple[str, Selector]:
    """The address and the page of this week's report."""
    office = demo.signed_in(OFFICE)
    weeks = [one for one in office.page("/reports").css("a::attr(href)").getall() if re.search(r"/\d{4}-W\d\d$", one)]
    return max(weeks), office.page(max(weeks))


def test_the_head_of_the_chain_stands_in_the_weekly_report_and_is_verified_by_it(demo: Standing) -> None:
    _, page = newest(demo)
    found = re.search(r"审计链：第 (\d+) 行，指纹 ([0-9a-f]{64})", words_of(page.css("body")[0]))
    assert found is not None
    place, head = int(found[1]), found[2]
    assert place > 1
    verify = ("audit", "verify", "--settings", demo.data / "fengxin.toml", "--head")
    good = fengxin(*verify, head)
    assert good.returncode == 0, good.stderr
    bad = fengxin(*verify, head[::-1])
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr


def test_every_figure_of_the_chapters_opens_exactly_so_many_items(demo: Standing) -> None:
    """Figures of comments grow while the demo talks on; they are in `tests/escalation/report` to the last one."""
    number, office = wave(demo), demo.signed_in(OFFICE)
    address, page = newest(demo)
    titles = [words_of(one).partition("、")[2] for one in page.css("h2")]
    assert [one for one in CHAPTERS if one not in titles] == []

    def uneven(asked: set[str]) -> set[str]:
        """Which of these figures are another number than their items are."""
        shown = {one.attrib["href"]: words_of(one) for one in newest(demo)[1].css("a.fig")}
        counted = {href: re.search(r" (\d+) 项", words_of(office.page(href).css("main")[0])) for href in sorted(asked)}
        return {
            href for href, found in counted.items()
            if found is None or re.findall(r"\d+", shown.get(href, "").replace(",", ""))[:1] != [found[1]]
        }  # fmt: skip

    links = {one.attrib["href"] for one in page.css("a.fig")}
    chapters = {one for one in links if one.removeprefix(f"{address}/items/").startswith(ROOMS)}
    for room in ("handling.", "one_voice."):  # what the wave alone fills; a chapter in which nothing was has no figure
        assert any(f"/items/{room}" in one for one in chapters), room
    left = [chapters]

    def even() -> bool:
        """What moved between the report and its items is no fault (a reminder, a post taken in): looked at again."""
        left.append(uneven(left[-1]))
        return not left[-1]

    eventually("every figure is as many items as it opens", even, 40)
    for what in ("handling.told", "one_voice.standing"):
        assert number in words_of(office.page(f"{address}/items/{what}").css("main")[0]), what


def test_the_handling_stands_by_role_and_adds_up(demo: Standing) -> None:
    """Who is told by JY 13 and 14, each in a line of their own; every cell opens its items."""
    number = wave(demo)
    eventually("the first mail", lambda: demo.mails(words=number), 60)
    address, page = newest(demo)
    (table,) = [one for one in page.css("table") if "各职务告知与签收" in words_of((one.css("caption") or [None])[0])]
    assert [words_of(one) for one in table.css("th")][:5] == ["职务", "告知", "应签", "按时", "逾期"]
    told = {words_of(row.css("td.u")[0]): words_of(row.css("td")[1]) for row in table.css("tbody tr")}
    assert {"主管校领导", "宣传部", "单位领导", "官方新媒体管理人员"} <= set(told), "the school's own names"
    (all_told,) = set(map(words_of, page.css(f"a.fig[href='{address}/items/handling.told']")))
    assert sum(map(int, told.values())) == int(all_told) >= 4
    for row in table.css("tbody tr"):
        must, in_time, late = (int(words_of(cell)) for cell in row.css("td")[2:5])
        assert in_time + late <= must, words_of(row)
        for cell in row.css("td")[1:5]:
            assert cell.css("a::attr(href)").get("").startswith(f"{address}/items/handling."), words_of(row)


def test_replay_names_the_office_that_another_person_holds_today(demo: Standing, tmp_path: Path) -> None:
    """On a copy of the store, as a school would try it: nothing of the running service is touched."""
    number, settings = wave(demo), demo.data / "fengxin.toml"
    shutil.copytree(demo.data / "secrets", tmp_path / "secrets")
    running = f"file:{demo.data / 'store.db'}?mode=ro"
    with closing(sqlite3.connect(running, uri=True)) as store, closing(sqlite3.connect(tmp_path / "store.db")) as copy:
        store.backup(copy)
    held = 'role = "主管校领导"\nperson = "P01"'
    text = settings.read_text("utf-8")
    assert text.count(held) == 1
    changed = tmp_path / "fengxin.toml"
    changed.write_text(text.replace(held, held.replace("P01", "P09")), "utf-8")
    assert fengxin("enter", "--settings", changed).returncode == 0
    done = fengxin("replay", number, "--settings", changed)
    assert done.returncode == 0, done.stderr
    assert "与所存的决定：一致" in done.stdout, "what was decided then stands"
    assert "有 1 处不同" in done.stdout
    assert "“主管校领导”的人员：当时 林知远；今天 许明德" in done.stdout
    assert "没有不同" in fengxin("replay", number, "--settings", settings).stdout


def test_the_desk_says_which_unit_a_matter_concerns_and_hands_it_over_with_what_is_asked(demo: Standing) -> None:
    """The register knows whose account it was; the unit a person names is printed, both are kept, and the decision
    is rebuilt as it was."""
    demo.lead("三号宿舍楼停水两天没有人来修，大家只能买水洗漱")
    number, desk = opened(demo, "三号宿舍楼停水两天没有人来修", 3), demo.signed_in(MONITOR)
    assert "未写明账号，按学校主账号归口：党委宣传部" in body(desk, number)
    assert "更正涉事单位须写明理由" in refusal(desk, number, "concerned", unit="后勤管理处")
    said = does(desk, number, "concerned", unit="后勤管理处", why="停水的是学生宿舍")
    assert "涉事单位后勤管理处" in said
    assert "尚未通知该单位" in said
    assert not demo.mails("sun.jianguo", number), "naming a unit tells nobody"
    does(desk, number, "assign", unit="后勤管理处", note="请派人抢修并送水")
    (mail,) = eventually("who leads that unit is told", lambda: demo.mails("sun.jianguo", number), 30)
    asked = words_of(demo.signed_in("sun.jianguo").page(mail.sign_path).css("ol.asks")[0])
    assert "办理：请派人抢修并送水" in asked
    replayed = fengxin("replay", number, "--settings", demo.data / "fengxin.toml").stdout
    assert "与所存的决定：一致" in replayed
    assert "涉事单位由人工写明为“后勤管理处”（账号主办单位“党委宣传部”），不改变当时的决定" in replayed
    address, _ = newest(demo)
    (row,) = [
        words_of(one)
        for one in demo.signed_in(OFFICE).page(f"{address}/items/opened").css("tr")
        if number in words_of(one)
    ]
    assert "后勤管理处" in row
