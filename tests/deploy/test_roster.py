from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from deploy import installation, roster_file
from deploy.parts import role_words
from deploy.roster import SHEETS, Roster, read_platform
from deploy.settings import load
from escalation.procedure import codes
from escalation.procedure import load as load_pack
from stream.post import Route
from tests.deploy.test_settings import GOOD

ROWS: dict[str, list[dict[str, Any]]] = {
    "units": [{"name": "党委宣传部"}, {"name": "校团委"}],
    "accounts": [
        {"platform": "微博", "name": "某某学院", "native_id": 1234567890, "unit": "党委宣传部",
         "watch_from": datetime(2026, 11, 21, 8), "main": "是"},
    ],
    "people": [{"id": 2016001.0, "name": "张三", "unit": "党委宣传部", "email": "zhang@school.example"}],
    "offices": [{"role": "主管校领导", "person": "2016001"}],
    "keepers": [{"account": "某某学院", "person": 2016001}],
    "shifts": [{"person": 2016001, "starts_at": "2026-11-21 08:00", "ends_at": "2026/11/21 20:00", "leads": "否"}],
}  # fmt: skip


def taken(path: Path) -> tuple[Roster, list[str]]:
    placed, problems = roster_file.read(path)
    roster, between = roster_file.assemble(placed, frozenset(SHEETS) - placed.keys())
    return roster, [str(one) for one in problems + between]


def test_a_good_workbook_is_taken_in_whole(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, ROWS)
    roster, problems = taken(path)
    assert problems == []
    assert roster.accounts[0].key == "weibo:1234567890"
    assert roster.accounts[0].watch_from == datetime(2026, 11, 21, 0, tzinfo=UTC)
    assert roster.people[0].id == roster.keepers[0].person == "2016001"
    assert roster.shifts[0].ends_at == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_every_wrong_row_is_named_by_sheet_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    rows = {
        **ROWS,
        "accounts": [*ROWS["accounts"], {**ROWS["accounts"][0], "platform": "贴吧", "route": "爬虫", "main": "也许"}],
    }
    rows["people"] = [*ROWS["people"], {"id": "2", "name": "", "email": "nobody"}]
    roster_file.write(path, rows)
    _, problems = taken(path)
    assert problems == [
        "accounts.xlsx 工作表“账号” 第 3 行，“平台”列：不认识平台“贴吧”，"
        "可写：微博、微信、抖音、视频号、B 站、快手、小红书、知乎、今日头条。",
        "accounts.xlsx 工作表“账号” 第 3 行，“采集方式”列：不认识采集方式“爬虫”，可写：接口、人工巡查；留空即“接口”。",
        "accounts.xlsx 工作表“账号” 第 3 行，“学校主账号”列：“也许”读不懂，请写“是”或“否”。",
        "accounts.xlsx 工作表“人员” 第 3 行，“姓名”列：缺少这一项，请补上。",
        "accounts.xlsx 工作表“人员” 第 3 行，“邮箱”列：“nobody”不是邮箱地址，请更正。",
    ]


def test_an_account_that_no_interface_reads_is_registered_as_watched_by_people(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    seen = {**ROWS["accounts"][0], "platform": "抖音", "native_id": "fenglin_dy", "name": "风林抖音", "main": ""}
    roster_file.write(path, {**ROWS, "accounts": [*ROWS["accounts"], {**seen, "route": "人工巡查"}]})
    roster, problems = taken(path)
    assert problems == []
    assert (roster.accounts[-1].key, roster.accounts[-1].route) == ("douyin:fenglin_dy", Route.MANUAL)
    roster_file.write(path, {**ROWS, "accounts": [*ROWS["accounts"], {**seen, "route": ""}]})
    assert taken(path)[1] == [
        "accounts.xlsx 工作表“账号” 第 3 行，“采集方式”列：抖音没有可用的接口，“采集方式”请写“人工巡查”。"
    ]


def test_rows_that_do_not_fit_together_are_named(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    rows = {**ROWS, "units": [{"name": "校团委"}], "keepers": [{"account": "没有的", "person": "9"}]}
    rows["people"] = [{"id": "2016001", "name": "甲"}, {"id": "2016001", "name": "乙"}]
    rows["shifts"] = [{"person": "2016001", "starts_at": "2026-11-21 08:00", "ends_at": "2026-11-21 07:00"}]
    roster_file.write(path, rows)
    _, problems = taken(path)
    text = "\n".join(problems)
    for expected in (
        "工作表“账号” 第 2 行，“主办单位”列：“单位”表中没有“党委宣传部”",
        "工作表“人员” 第 3 行，“工号”列：“2016001”与前面第 1 条重复",
        "工作表“管理员” 第 2 行，“账号”列：“账号”表中没有“没有的”",
        "工作表“管理员” 第 2 行，“工号”列：“人员”表中没有工号“9”",
        "工作表“值班” 第 2 行，“结束”列：结束不晚于开始",
    ):
        assert expected in text


def test_wrong_cells_and_rows_that_do_not_fit_are_told_in_one_round(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    rows = {**ROWS, "keepers": [{"account": "没有的", "person": "9"}]}
    rows["people"] = [{"id": "2016001", "name": "张三", "unit": "不存在", "email": "nobody"}]
    roster_file.write(path, rows)
    _, problems = taken(path)
    assert problems == [
        "accounts.xlsx 工作表“人员” 第 2 行，“邮箱”列：“nobody”不是邮箱地址，请更正。",
        "accounts.xlsx 工作表“人员” 第 2 行，“单位”列：“单位”表中没有“不存在”，请补上或更正。",
        "accounts.xlsx 工作表“管理员” 第 2 行，“账号”列：“账号”表中没有“没有的”，或有同名账号，请改写编号。",
        "accounts.xlsx 工作表“管理员” 第 2 行，“工号”列：“人员”表中没有工号“9”，请补上或更正。",
    ]


def test_what_hangs_on_a_cell_that_cannot_be_read_is_not_told_as_wrong(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, {**ROWS, "people": [{"name": "张三"}], "units": [{"name": "党" * 101}]})
    _, problems = taken(path)
    assert problems == [
        "accounts.xlsx 工作表“单位” 第 2 行，“单位名称”列：太长，最多 100 个字。",
        "accounts.xlsx 工作表“人员” 第 2 行，“工号”列：缺少这一项，请补上。",
    ]


def test_a_missing_sheet_or_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, ROWS)
    book = load_workbook(path)
    del book["值班"]
    book["人员"]["B1"] = "名字"
    book.create_sheet("人员名单")
    book.save(path)
    _, problems = taken(path)
    text = "\n".join(problems)
    assert "缺少工作表“值班”" in text
    assert "工作表“人员” 第 1 行，“名字”列" in text
    assert "工作表“人员” 第 1 行，“姓名”列：缺少这一列" in text
    assert "工作表“人员名单”" in text


def test_a_folder_of_csv_files_means_the_same(tmp_path: Path) -> None:
    book, folder = tmp_path / "accounts.xlsx", tmp_path / "roster"
    rows = {**ROWS, "accounts": [{**ROWS["accounts"][0], "watch_from": "2026-11-21 08:00"}]}
    roster_file.write(book, rows)
    folder.mkdir()
    for sheet in load_workbook(book).worksheets:
        lines = [
            ",".join("" if cell is None else str(cell) for cell in row) for row in sheet.iter_rows(values_only=True)
        ]
        (folder / f"{sheet.title}.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    assert taken(folder) == taken(book)


def test_a_file_that_is_no_workbook_says_so(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    path.write_bytes(b"PK not really")
    assert taken(path)[1][0].startswith("accounts.xlsx：读不了")


def test_a_formula_in_the_workbook_is_refused_by_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, ROWS)
    book: Workbook = load_workbook(path)
    book["人员"]["B2"] = '=HYPERLINK("http://x","y")'
    book.save(path)
    assert taken(path)[1] == ["accounts.xlsx 工作表“人员” 第 2 行，“姓名”列：是公式，请改为直接填写的值。"]


def test_the_template_has_every_sheet_and_its_samples_are_not_read(tmp_path: Path) -> None:
    installation.write(tmp_path)
    roster, problems = taken(tmp_path / "accounts.xlsx")
    assert problems == []
    assert roster == Roster()
    titles = load_workbook(tmp_path / "accounts.xlsx").sheetnames
    assert titles == [*(title for title, _ in SHEETS.values()), "填写说明"]


def test_settings_take_their_roster_from_the_workbook(tmp_path: Path) -> None:
    roster_file.write(tmp_path / "accounts.xlsx", ROWS)
    (tmp_path / "fengxin.toml").write_text('accounts_file = "accounts.xlsx"\n' + GOOD, encoding="utf-8")
    assert load(tmp_path / "fengxin.toml").roster.people[0].name == "张三"


def test_the_template_explains_every_column_and_the_roles_of_each_pack_and_is_not_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, ROWS)
    assert taken(path)[1] == [], "the sheet for the reader is no sheet of the roster"
    book = load_workbook(path)
    assert book.sheetnames[-1] == "填写说明"
    rows = list(book["填写说明"].iter_rows(min_row=2, values_only=True))
    for title, row in SHEETS.values():
        for info in row.model_fields.values():
            (found,) = [one for one in rows if one[:2] == (title, info.title)]
            assert found[2] == ("必填" if info.is_required() else "选填")
            assert found[3]
    said = {str(one[2]).removeprefix("规程包 "): str(one[3]).split("；") for one in rows if one[1] == "可写的角色"}
    assert set(said) == set(codes())
    for code, roles in said.items():
        assert set(roles) <= set(role_words(load_pack(code))), "each is taken in when it is written"
    assert "团委、学生处" in said["JY"], "a name may hold “、”"
    platforms = next(str(one[3]) for one in rows if one[:2] == ("账号", "平台"))
    for word in platforms.split("、"):
        assert read_platform(word)


def test_a_roster_that_this_account_may_not_read_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "accounts.xlsx"
    roster_file.write(path, ROWS)
    path.chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(10_001)
    try:
        _, problems = taken(path)
    finally:
        os.seteuid(before)
    assert problems[0] == "accounts.xlsx：没有权限读，请让运行本系统的账号可以读它。"
