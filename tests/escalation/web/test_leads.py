"""Leads: typed, pasted, uploaded; every bad row named, what was typed kept, a keeper only for their own account."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from escalation import audit
from escalation.web.desk import Taken
from escalation.web.leads import Problem, problem_of, table_of
from stream.log import LogUnavailable, PartlyAppended
from tests.escalation.web.house import Box, House, csrf


class Strict(Box):
    """An intake that answers what a test wants."""

    def __init__(self, answer: Taken | Exception) -> None:
        super().__init__()
        self.answer = answer
        self.files: list[tuple[str, bytes]] = []

    def _said(self) -> Taken:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def take_lead(self, form: Mapping[str, str]) -> Taken:
        self.taken.append(form)
        return self._said()

    def take_file(self, name: str, body: bytes) -> Taken:
        self.files.append((name, body))
        return self._said()


def audited(house: House) -> list[tuple[str, str, int]]:
    log = audit.audit_log
    with house.store.read() as conn:
        rows = conn.execute(select(log.c.actor, log.c.object, log.c.detail).where(log.c.action == "lead.take")).all()
    return [(row.actor, row.object, row.detail["count"]) for row in rows]


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("第 14 行“链接”：须以 http:// 开头", Problem(14, "链接", "须以 http:// 开头")),
        ("“原文”：原文与链接至少填一项", Problem(0, "原文", "原文与链接至少填一项")),
        ("第 2 行“账号”：登记册中没有“某某”", Problem(2, "账号", "登记册中没有“某某”")),
        ("“文件”：只支持 .xlsx", Problem(0, "文件", "只支持 .xlsx")),
        ("不认识“甲”，可填：乙", Problem(0, "", "不认识“甲”，可填：乙")),
    ],
)
def test_a_problem_is_found_by_row_and_column(sentence: str, problem: Problem) -> None:
    assert problem_of(sentence) == problem


def test_cells_from_a_spreadsheet_become_a_table_with_their_commas() -> None:
    body = table_of("原文\t链接\n“香锅，三个人”\thttps://a.test/1\n").decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(body))) == [["原文", "链接"], ["“香锅，三个人”", "https://a.test/1"]]


def test_a_typed_lead_is_handed_over_and_audited(house: House) -> None:
    client = house.client("monitor")
    token = csrf(client.get("/leads").text)
    answer = client.post("/leads", data={"csrf": token, "text": " 有人说\x00食堂 ", "account": "wx-hq"})
    assert answer.headers["location"] == "/leads?done=form&count=1"
    assert house.box.taken[0]["text"] == "有人说食堂"
    assert house.box.taken[0]["account"] == "wx-hq"
    assert audited(house) == [("monitor", "form", 1)]
    assert "已录入 1 条线索" in client.get(answer.headers["location"]).text


def test_an_empty_lead_is_refused_at_its_field_and_keeps_what_was_typed(house: House) -> None:
    client = house.client("monitor")
    form = {"csrf": csrf(client.get("/leads").text), "platform": "校园<墙>", "published_at": "昨天"}
    answer = client.post("/leads", data=form)
    assert answer.status_code == 422
    assert 'href="#f-text"' in answer.text
    assert 'id="e-text"' in answer.text
    assert "校园&lt;墙&gt;" in answer.text
    assert 'value="昨天"' in answer.text
    assert house.box.taken == []


def test_problems_of_the_intake_stand_at_their_fields(house: House) -> None:
    house.box = Strict(Taken(0, ("“链接”：链接须以 http:// 或 https:// 开头", "“发布时间”：“昨天”不是时间")))
    client = house.client("monitor")
    form = {"csrf": csrf(client.get("/leads").text), "text": "话", "link": "ftp://a", "published_at": "昨天"}
    said = client.post("/leads", data=form).text
    assert "有 2 处须改，未录入任何内容" in said
    assert 'id="e-link"' in said
    assert 'id="e-published_at"' in said
    assert 'value="ftp://a"' in said
    assert audited(house) == []


def test_every_bad_row_of_a_file_is_listed_by_row_and_column(house: House) -> None:
    house.box = Strict(Taken(0, tuple(f"第 {n} 行“原文”：原文与链接至少填一项" for n in range(2, 302))))
    client = house.client("publicity")
    files = {"file": ("C:\\桌面\\线索<x>.xlsx", b"PK", "application/octet-stream")}
    answer = client.post("/leads/file", data={"csrf": csrf(client.get("/leads").text)}, files=files)
    assert answer.status_code == 422
    assert "有 300 处须改" in answer.text
    assert "<td>201</td><td>原文</td>" in answer.text
    assert "另有 100 处" in answer.text
    assert house.box.files == [("线索<x>.xlsx", b"PK")]


def test_pasted_rows_go_in_as_a_table_and_stay_when_refused(house: House) -> None:
    house.box = Strict(Taken(0, ("第 2 行“链接”：不对",)))
    client = house.client("publicity")
    form = {"csrf": csrf(client.get("/leads").text), "rows": "原文\t链接\n甲\tftp://x"}
    answer = client.post("/leads/paste", data=form)
    assert answer.status_code == 422
    assert "甲\tftp://x</textarea>" in answer.text
    assert house.box.files[0][0].endswith(".csv")


def test_rows_that_were_there_before_are_told_beside_what_was_taken(house: House) -> None:
    house.box = Strict(Taken(3, ("第 5 行“链接”：此前已录入（链接或原文一致），未重复录入",)))
    client = house.client("publicity")
    answer = client.post("/leads/paste", data={"csrf": csrf(client.get("/leads").text), "rows": "原文\n甲"})
    assert answer.status_code == 200
    assert "已录入 3 条，另有 1 行未重复录入" in answer.text
    assert audited(house) == [("publicity", "paste", 3)]


def test_rows_of_days_long_past_are_told_to_open_nothing(house: House) -> None:
    said = "其中 2 条是 10 日以前看到的，按历史处理：可以检索，不自动立事件、不发通知。"
    for box in (Taken(3, (), 2), Taken(3, ("第 5 行“链接”：此前已录入（链接或原文一致），未重复录入",), 2)):
        assert said in pasted(house, box)
    assert "按历史处理" not in pasted(house, Taken(3))
    assert "按历史处理" not in house.client("publicity").get("/leads?done=paste&count=1&past=%E4%BA%8C%00").text


def pasted(house: House, taken: Taken) -> str:
    """The page after rows were pasted of which this became."""
    house.box = Strict(taken)
    client = house.client("publicity")
    form = {"csrf": csrf(client.get("/leads").text), "rows": "原文\n甲"}
    text: str = client.post("/leads/paste", data=form, follow_redirects=True).text
    return text


def test_a_log_that_is_down_loses_nothing_that_was_typed(house: House) -> None:
    house.box = Strict(LogUnavailable("连接被拒绝"))
    client = house.client("monitor")
    answer = client.post("/leads", data={"csrf": csrf(client.get("/leads").text), "text": "要紧的话"})
    assert answer.status_code == 503
    assert "未录入任何内容" in answer.text
    assert "要紧的话</textarea>" in answer.text
    assert audited(house) == []


def test_nothing_chosen_and_nothing_pasted_are_said_in_words(house: House) -> None:
    client = house.client("monitor")
    token = csrf(client.get("/leads").text)
    assert "没有选择文件" in client.post("/leads/file", data={"csrf": token}).text
    assert "没有粘贴任何内容" in client.post("/leads/paste", data={"csrf": token, "rows": " \n"}).text
    many = client.post("/leads/paste", data={"csrf": token, "rows": "a" * 200_001})
    assert many.status_code == 422
    assert "200,001" in many.text


def test_a_keeper_types_for_the_own_account_only_and_imports_nothing(house: House) -> None:
    client = house.client("keeper")
    page = client.get("/leads").text
    assert "风林后勤" in page
    assert "风林教务" not in page
    assert "上传文件" not in page
    token = csrf(page)
    assert client.post("/leads", data={"csrf": token, "text": "话", "account": "wb-jw"}).status_code == 403
    assert client.post("/leads", data={"csrf": token, "text": "话", "account": ""}).status_code == 403
    assert client.post("/leads", data={"csrf": token, "text": "话", "account": "wx-hq"}).status_code == 303
    assert client.post("/leads/paste", data={"csrf": token, "rows": "原文\n甲"}).status_code == 403
    assert len(house.box.taken) == 1


def test_the_template_is_a_file_to_keep(house: House) -> None:
    answer = house.client("monitor").get("/leads/template.xlsx")
    assert answer.content == b"xlsx"
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("name", ["leader", "school", "admin"])
def test_other_roles_have_no_page_of_leads(house: House, name: str) -> None:
    assert house.client(name).get("/leads").status_code == 403


def test_a_file_that_was_taken_in_part_says_how_much_and_that_it_may_be_sent_again(house: House) -> None:
    house.box = Strict(PartlyAppended(500, 900, LogUnavailable("消息服务没有应答。")))
    client = house.client("publicity")
    files = {"file": ("线索.csv", b"x", "text/csv")}
    answer = client.post("/leads/file", data={"csrf": csrf(client.get("/leads").text)}, files=files)
    assert answer.status_code == 503
    assert "只收下一部分，请原样再传一次" in answer.text
    assert "共 900 条，已收 500 条，其余未收；请原样再传一次，已收的不会重复" in answer.text
    assert "未录入任何内容" not in answer.text
    assert "未重复录入" not in answer.text


def test_recent_leads_are_told_apart_by_their_first_words_and_carry_the_way_to_an_incident(house: House) -> None:
    house.lead("图书馆三楼吊顶掉下来了，大家绕行，已经打电话给后勤处", "tieba")
    house.lead("食堂又涨价", "other")
    house.lead("不想活了", "weibo", theme="self_harm")
    page = house.client("monitor").get("/leads").text
    listed = page.split('id="recent"', 1)[1]
    assert "图书馆三楼吊顶掉下来了，大家绕行" in listed
    assert "后勤处" not in listed
    assert "食堂又涨价" in listed
    assert "不想活了" not in listed
    assert "疑似心理求助，原文已收起" in listed
    assert "百度贴吧" in listed
    assert "来源未注明" in listed
    assert "tieba" not in listed
    assert ">other<" not in listed
    assert listed.count('href="/raise?post=') == 3
