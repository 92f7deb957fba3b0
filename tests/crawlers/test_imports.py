"""Leads and imports: all problems told by row and column, nothing half taken in, what is known told as known."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from pydantic import SecretStr
from sqlalchemy import select

from crawlers import imports
from crawlers.imports import read_file, take_file, template
from crawlers.lead import COLUMNS, Problem, Taken, read_lead, take_lead
from crawlers.settings import WechatRoute, article_hosts
from stream import account, kept
from stream.log import Log, LogUnavailable, PartlyAppended, open_log
from stream.log.sqlite import SqliteLog
from stream.post import Kind, Post, Route
from stream.topic import HISTORY, POSTS, partitions
from stream.workbook import SIZE_LIMIT, Unreadable
from tests.mould import pour

NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


class Desk:
    """A store with two accounts and a log."""

    def __init__(self, folder: Path) -> None:
        self.store = pour(folder / "store.db")
        self.log: Log = open_log(f"sqlite:///{folder}/log.db")
        self.log.ensure(partitions(1))
        entry = account.Account("FL", "wb", "weibo", "风林职院", "9", "宣传部", "api", NOW, main=True)
        other = account.Account("FL", "wx", "wechat", "风林后勤", "g", "后勤处", "api", NOW)
        with self.store.write() as conn:
            account.enter(conn, [entry, other])

    def file(self, name: str, data: bytes) -> Taken | tuple[Problem, ...]:
        return take_file(self.store, self.log, "FL", name, data, NOW)

    def posts(self) -> list[Post]:
        return [post for topic in (POSTS, HISTORY) for post in self.lane(topic)]

    def lane(self, topic: str) -> list[Post]:
        reader = self.log.reader(topic, "test", lambda wanted: dict.fromkeys(wanted, 0))
        found = [Post.from_wire(record.value) for record in reader.poll(2000, 0.01)]
        reader.close()
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.log.close()
    made.store.close()


def _xlsx(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in (COLUMNS, *rows):
        book.active.append(list(row))
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_lead_typed_at_the_desk_is_a_redacted_post(desk: Desk) -> None:
    form = {
        "platform": "抖音",
        "text": "食堂里有蟑螂 13800138000",
        "link": "https://v.invalid/1",
        "seen_at": "2026-11-03 11:50",
    }
    taken = take_lead(desk.store, desk.log, "FL", form, NOW)
    assert isinstance(taken, Taken)
    (post,) = desk.posts()
    assert (post.kind, post.route, post.platform, post.account_id) == (Kind.LEAD, Route.MANUAL, "douyin", "wb")
    assert post.text == "食堂里有蟑螂 〔手机号〕"
    assert post.published_at == datetime(2026, 11, 3, 3, 50, tzinfo=UTC)
    again = take_lead(desk.store, desk.log, "FL", form, NOW + timedelta(hours=1))
    assert isinstance(again, Taken)
    assert again.ids == ()
    assert "此前已录入" in again.repeated[0].message
    assert len(desk.posts()) == 1


def test_a_lead_says_by_its_id_whether_its_account_was_named(desk: Desk) -> None:
    take_lead(desk.store, desk.log, "FL", {"text": "三号楼楼顶有人"}, NOW)
    take_lead(desk.store, desk.log, "FL", {"text": "食堂涨价", "account": "风林后勤"}, NOW)
    take_lead(desk.store, desk.log, "FL", {"text": "操场积水", "account": "风林后勤", "platform": "贴吧"}, NOW)
    nowhere, named, elsewhere = sorted(desk.posts(), key=lambda post: ["三", "食", "操"].index(post.text[0]))
    assert (nowhere.platform, nowhere.account_id, nowhere.account_named) == ("other", "wb", False)
    assert (named.platform, named.account_id, named.account_named) == ("wechat", "wx", True)
    assert (elsewhere.platform, elsewhere.account_id, elsewhere.account_named) == ("tieba", "wx", True)


def test_the_main_account_of_a_lead_without_one_is_of_its_platform_and_in_use() -> None:
    def one(key: str, platform: str, *, main: bool = True, active: bool = True) -> account.Account:
        return account.Account("FL", key, platform, key, key, "处", "api", NOW, main=main, active=active)

    book = {a.id: a for a in (one("a", "wechat"), one("b", "weibo"), one("0", "weibo", active=False),
                              one("c", "douyin", main=False))}  # fmt: skip

    def routed(platform: str) -> str:
        post = read_lead({"原文": "某事", "平台": platform}, 0, "FL", book, NOW)
        assert isinstance(post, Post)
        return post.account_id

    assert [routed(name) for name in ("", "微博", "抖音", "微信")] == ["a", "b", "a", "a"]


def test_a_formula_and_a_sight_before_the_publishing_are_named_among_the_bad_rows(desk: Desk) -> None:
    rows = [
        ("微博", "", "", '=CONCATENATE("食堂","涨价")', "", ""),
        ("微博", "", "", "看得太早", "2026-11-02 18:02", "2026-11-02 17:00"),
        ("微博", "", "", "同一天", "2026-11-02 18:02", "2026-11-02"),
    ]
    found = desk.file("线索.xlsx", _xlsx(*rows))
    assert isinstance(found, tuple)
    assert [(one.row, one.column) for one in found] == [(2, "原文"), (3, "看到时间")]
    assert "公式" in found[0].message
    assert "早于发布时间" in found[1].message
    assert desk.posts() == []


@pytest.mark.parametrize("kind", ["xlsx", "utf8", "gb18030"])
def test_a_file_of_good_rows_is_taken_in_whole(desk: Desk, kind: str) -> None:
    rows = [("微博", "风林职院", "", f"第{n}条线索", "2026-11-02 18:02", "") for n in range(30)]
    if kind == "xlsx":
        taken = desk.file("线索.xlsx", _xlsx(*rows))
    else:
        text = "\r\n".join([",".join(COLUMNS), *(",".join(row) for row in rows)])
        taken = desk.file("线索.csv", text.encode("utf-8-sig" if kind == "utf8" else "gb18030"))
    assert isinstance(taken, Taken)
    assert len(taken.ids) == 30
    assert [post.text for post in desk.posts()] == [f"第{n}条线索" for n in range(30)]


def test_every_bad_row_is_told_by_row_and_column_and_nothing_is_taken(desk: Desk) -> None:
    data = _xlsx(
        ("微博", "", "", "好的一行", "", ""),
        ("人人网", "", "", "平台不认识", "", ""),
        ("微博", "不存在的账号", "javascript:alert(1)", "链接不对", "昨天", "2031-01-01 10:00"),
        ("微博", "", "", "", "", ""),
    )
    found = desk.file("a.xlsx", data)
    assert isinstance(found, tuple)
    places = {(one.row, one.column) for one in found}
    assert places == {(3, "平台"), (4, "账号"), (4, "链接"), (4, "发布时间"), (4, "看到时间"), (5, "原文")}
    assert desk.posts() == []


def test_rows_alike_within_a_file_are_taken_once_and_told(desk: Desk) -> None:
    taken = desk.file("a.xlsx", _xlsx(("", "", "", "一样的话", "", ""), ("", "", "", "一样的话 ", "", "")))
    assert isinstance(taken, Taken)
    assert len(taken.ids) == 1
    assert taken.repeated[0].row == 3
    assert "第 2 行" in taken.repeated[0].message


def test_dates_are_read_from_cells_and_a_formula_in_a_csv_file_is_plain_text(desk: Desk) -> None:
    assert isinstance(desk.file("a.csv", "原文\n=HYPERLINK(1)".encode()), Taken)
    assert desk.posts()[0].text == "=HYPERLINK(1)"
    taken = desk.file("a.xlsx", _xlsx(("微博", "", "", "食堂涨价", datetime(2026, 11, 2, 18, 2), "")))
    assert isinstance(taken, Taken)
    post = desk.posts()[-1]
    assert post.text == "食堂涨价"
    assert post.published_at == datetime(2026, 11, 2, 10, 2, tzinfo=UTC)


def _bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return held.getvalue()


def _entities() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.xlsx", b"not a zip", "另存为"),
        ("a.xlsx", _bomb(), "解压后过大"),
        ("a.xlsx", _entities(), "外部实体"),
        ("a.xls", b"x", ".xls"),
        ("a.csv", b"", "空"),
        ("a.csv", "姓名,原文\n张三,话".encode(), "不认识的列：姓名"),
        ("a.csv", "平台,账号\n微博,x".encode(), "至少有"),
        ("a.csv", '原文\n"没有收尾的引号'.encode(), "引号"),
        ("a.csv", b"\xff\xfe\x00\x81\xff", "编码"),
        ("a.csv", b"x" * (SIZE_LIMIT + 1), "10 MB"),
        ("a.csv", "原文\n".encode(), "没有可导入"),
    ],
)
def test_a_file_that_can_not_be_taken_is_one_sentence_with_the_cure(
    desk: Desk, name: str, data: bytes, word: str
) -> None:
    found = desk.file(name, data)
    assert isinstance(found, tuple)
    assert [problem.row for problem in found] == [0]
    assert word in found[0].message


def test_more_rows_than_the_limit_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "ROW_LIMIT", 3)
    found = desk.file("a.csv", "原文\n一\n二\n三\n四\n".encode())
    assert isinstance(found, tuple)
    assert "超过 3 行" in found[0].message
    assert desk.posts() == []


def test_rows_that_reach_to_the_last_column_or_never_end_are_refused(desk: Desk) -> None:
    row = (*("" for _ in COLUMNS), *("" for _ in range(16_000)), "x")
    for data, word in ((_xlsx(row), "列，请删去右侧"), (_far_row(), "超过 1048576 行")):
        found = desk.file("a.xlsx", data)
        assert isinstance(found, tuple)
        assert word in found[0].message
    assert desk.posts() == []


def _far_row() -> bytes:
    """A sheet that claims a row which no spreadsheet has."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_xlsx())) as given, zipfile.ZipFile(held, "w") as made:
        for part in given.infolist():
            data = given.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b"</sheetData>", b'<row r="2000000"><c r="A2000000"><v>1</v></c></row></sheetData>')
            made.writestr(part, data)
    return held.getvalue()


def test_the_template_explains_itself_and_is_taken_when_filled(desk: Desk) -> None:
    book = load_workbook(io.BytesIO(template()))
    assert book.sheetnames == ["线索", "填写说明"]
    book["线索"].append(["微博", "风林职院", "", "按模板填的线索", "", ""])
    held = io.BytesIO()
    book.save(held)
    taken = desk.file("模板.xlsx", held.getvalue())
    assert isinstance(taken, Taken)
    assert len(taken.ids) == 1


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx"]))
def test_no_file_makes_the_reader_raise_anything_else(data: bytes, name: str) -> None:
    with suppress(Unreadable):
        list(read_file(name, data))


def test_a_pasted_article_link_opens_the_comments_and_is_no_lead(desk: Desk) -> None:
    long = "https://mp.weixin.qq.com/s?__biz=U&mid=2290000101&idx=1&sn=x"
    taken = take_lead(desk.store, desk.log, "FL", {"account": "风林后勤", "link": long}, NOW)
    assert isinstance(taken, Taken)
    assert desk.posts() == []
    with desk.store.read() as conn:
        ids = conn.exec_driver_sql("SELECT id FROM sources").scalars().all()
    assert ids == ["wx:comments:2290000101_1"]
    short = take_lead(desk.store, desk.log, "FL", {"account": "wx", "link": "https://mp.weixin.qq.com/s/AbC"}, NOW)
    assert isinstance(short, tuple)
    assert "完整链接" in short[0].message


def test_where_articles_stand_is_what_the_routes_say(desk: Desk) -> None:
    route = WechatRoute(account_id="wx", app_id="a", app_secret=SecretStr("s"), article_host="mp.elsewhere.test")
    form = {"account": "wx", "link": "https://mp.elsewhere.test/s?__biz=U&mid=2290000101&idx=1&sn=x"}
    as_lead = take_lead(desk.store, desk.log, "FL", form, NOW)
    assert isinstance(as_lead, Taken)
    assert [post.id for post in desk.posts()] == list(as_lead.ids)
    take_lead(desk.store, desk.log, "FL", form, NOW, article_hosts([route]))
    assert len(desk.posts()) == 1
    with desk.store.read() as conn:
        assert conn.exec_driver_sql("SELECT id FROM sources").scalars().all() == ["wx:comments:2290000101_1"]
    assert article_hosts([]) == {"mp.weixin.qq.com"}


class Leaving(SqliteLog):
    """A log that goes away at its second append; `whole` False: it is a broker, which takes a file in pieces."""

    away = False
    appends = 0

    def append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        self.appends += 1
        if self.away and self.appends > 1:
            raise LogUnavailable("日志流没有应答。")
        super().append(topic, entries)


class Broker(Leaving):
    whole = False


def _nine_hundred() -> bytes:
    return ("原文\n" + "".join(f"第{n}张照片里的饭菜有虫\n" for n in range(900))).encode()


def _kept(desk: Desk) -> int:
    """How many posts the watch keeps of all that is on the log, duplicates among it."""
    with desk.store.write() as conn:
        for post in desk.posts():
            kept.keep(conn, post)
        return len(conn.execute(select(kept.posts.c.id)).all())


def test_a_file_goes_onto_a_local_log_in_one_append_or_not_at_all(desk: Desk, tmp_path: Path) -> None:
    desk.log.close()
    desk.log = log = Leaving(tmp_path / "log.db")
    log.away = True
    found = desk.file("线索.csv", _nine_hundred())
    assert isinstance(found, Taken)
    assert len(found.ids) == 900
    assert log.appends == 1


def test_a_broker_that_goes_away_midway_says_how_many_rows_went_in_and_nothing_doubles(
    desk: Desk, tmp_path: Path
) -> None:
    desk.log.close()
    desk.log = log = Broker(tmp_path / "log.db")
    log.away = True
    with pytest.raises(PartlyAppended) as told:
        desk.file("线索.csv", _nine_hundred())
    assert (told.value.done, told.value.of) == (500, 900)
    assert "已收 500 条" in str(told.value)
    assert "再传一次，已收的不会重复" in str(told.value)
    assert len(desk.posts()) == _kept(desk) == 500
    log.away = False
    again = desk.file("线索.csv", _nine_hundred())
    assert isinstance(again, Taken)
    assert (len(again.ids), again.repeated) == (900, ())
    assert len(desk.posts()) == 1400
    assert _kept(desk) == 900


def test_a_log_that_is_away_from_the_start_takes_nothing_in(desk: Desk, tmp_path: Path) -> None:
    desk.log.close()
    for make in (Leaving, Broker):
        desk.log = log = make(tmp_path / "log.db")
        log.away, log.appends = True, 1
        with pytest.raises(LogUnavailable) as told:
            desk.file("线索.csv", _nine_hundred())
        assert not isinstance(told.value, PartlyAppended)
        assert desk.posts() == []
        log.close()


def test_rows_of_days_long_past_go_by_the_lane_of_history_and_what_is_typed_never_does(desk: Desk) -> None:
    """By the day it was seen where a row says so, else by its date; to the second at the limit of ten days."""
    old, young = "2026-10-01 08:00", "2026-11-01 08:00"
    data = (
        "原文,发布时间,看到时间\n"
        f"旧帖,{old},\n旧帖今天才看到,{old},{young}\n旧帖当时就看到,{old},{old}\n新帖,{young},\n不写日期,,\n"
        "整十天,2026-10-24 12:00,\n多一秒,2026-10-24 11:59:59,\n"
    )
    assert isinstance(desk.file("一.csv", data.encode()), Taken)
    assert {post.text for post in desk.lane(HISTORY)} == {"旧帖", "旧帖当时就看到", "多一秒"}
    assert {post.text for post in desk.lane(POSTS)} == {"旧帖今天才看到", "新帖", "不写日期", "整十天"}
    typed = {"text": "值班员刚录入的旧事", "published_at": old}
    assert isinstance(take_lead(desk.store, desk.log, "FL", typed, NOW), Taken)
    assert typed["text"] in {post.text for post in desk.lane(POSTS)}
