"""Why a line is or is not a risk, on a page of its own; and which words an incident was heard by, as they were read."""

from __future__ import annotations

import dataclasses
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from escalation.audit import audit_log
from escalation.web.app import build
from escalation.web.heard import heard, undone
from sentiment.polarity import Polarity
from stream.doubt import MARK
from stream.kept import assessments
from stream.post import Kind, Post
from tests.escalation.web.house import House
from tests.stream.said import a_post, assessed


def said(house: House, post: Post, name: str = "monitor") -> str:
    page = house.client(name).get(f"/why?post={post.id}").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2].partition("</main>")[0]))


def weigh(house: House, post: Post, risk: int, *reasons: tuple[str, int, str]) -> None:
    made = [{"name": name, "share": share, "sentence": words, "article": ""} for name, share, words in reasons]
    with house.store.write() as conn:
        conn.execute(update(assessments).where(assessments.c.post_id == post.id).values(risk=risk, reasons=made))


def test_a_risk_is_shown_with_its_shares_words_readings_target_and_both_tones(house: House) -> None:
    post = house.post("三号窗口的红烧鱼里吃出一只cang蝇", words=["cang蝇"])
    weigh(house, post, 22, ("饭菜有异物", 78, "1 人说到"), ("指向本校", 22, "1 人明指"))
    page = said(house, post)
    assert "值得留意，单独一条不立事件" in page
    assert "份额合计 100%" in page
    assert "“cang蝇”（拼音，读作“苍蝇”）" in page
    assert "学校的服务（“窗口”）" in page
    assert re.search(r"负面(，拿不准)?（负面 90%，正面 \d+%；SnowNLP 原分 0\.10，越近 0 越负面，只供对照）", page)
    assert "为什么不算" not in page


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("没有人受伤，宿舍也没着火，别传了", "“着火”在这里是在否认，这一处不算"),
        ("消防演练：六栋冒烟，大家有序撤离", "“演练”使规则不适用"),
        ("隔壁大学食堂又吃出老鼠头", "说的是外校"),
        ("<script>window.harmed=1</script>", "没有说到规则所列的事故、不满、求助或传言"),
    ],
)
def test_what_is_no_risk_says_why_not(house: House, text: str, why: str) -> None:
    post = house.post(text, polarity=Polarity.NEUTRAL, risk=0)
    page = said(house, post)
    assert "不算风险" in page
    assert why in page
    assert "<script>window" not in house.client("monitor").get(f"/why?post={post.id}").text


def test_a_cry_for_help_and_a_letter_are_folded_and_not_explained(house: House) -> None:
    for post in (
        house.post("活不下去了，今晚就走", theme="self_harm", words=["活不下去"]),
        house.post("我的助学贷款被人冒领了", kind=Kind.MESSAGE, words=["冒领"]),
    ):
        page = said(house, post)
        assert "原文已收起，不作说明" in page
        assert "活不下去" not in page
        assert "冒领" not in page
        assert "命中的话" not in page


def test_the_view_is_in_the_audit_and_an_unknown_line_is_said(house: House) -> None:
    post = house.post("食堂的面里有一根头发", words=["头发"])
    client = house.client("monitor")
    client.get(f"/why?post={post.id}")
    with house.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.action == "text.view")).all()
    assert [(row.actor, row.detail["purpose"]) for row in rows] == [("monitor", "研判说明")]
    assert client.get("/why?post=wechat:none").status_code == 404
    assert client.get("/why?post=%00").status_code == 404


def test_an_incident_names_the_words_of_its_rules_and_leads_to_each_line(house: House) -> None:
    number = house.incident(comments=3)
    page = house.client("monitor").get(f"/incidents/{number}").text
    box = page[page.index("命中的话") :].partition("</div>")[0]
    assert "CT-01 · 3 条" in box
    assert "“拉肚子” 3" in box
    assert "SnowNLP 0.10" in page
    assert page.count('href="/why?post=') == 3


def hit(
    *words: str, steps: tuple[str, ...] = (), readings: tuple[str, ...] = (), rule: str = "FD-01"
) -> dict[str, object]:
    return {"rule": rule, "title": "疑似食物中毒", "words": words, "steps": steps, "readings": readings}


def test_disguised_words_are_counted_by_the_disguise_and_told_with_their_reading() -> None:
    (one, model) = heard(
        [
            [hit("lds", steps=("initials",), readings=("拉肚子",))],
            [hit("拉肚子", "吃完", readings=("", "")), hit("一整句" * 9, rule="MD-01")],
            [hit("VIP", steps=("case",))],
        ]
    )
    assert (one.lines, one.label, model.label) == (3, "规则", "推断")
    assert one.disguised == "经还原的条数：首字母 1（“lds”读作“拉肚子”）"
    assert model.told == f"“{('一整句' * 9)[:16]}…”"
    assert model.disguised == ""
    assert undone([hit("lds", steps=("initials",), readings=("拉肚子",))]) == "首字母：“lds”读作“拉肚子”"
    assert undone([]) == ""


def test_the_width_of_punctuation_is_no_disguise_that_anybody_is_told_of() -> None:
    (comma, wide) = (
        [one.model_dump() for one in assessed(a_post(text)).hits]
        for text in ("校车和一辆电动车撞了，有个学姐躺在地上不动", "ｓｈｉｔａｎｇ又涨价了，气死了")
    )
    assert any("，" in word for one in comma for word in one["words"])
    assert {one.disguised for one in heard([comma])} == {""}
    (said,) = {one.disguised for one in heard([wide])} - {""}
    assert said == "经还原的条数：全角或变体字 1、拼音 1（“ｓｈｉｔａｎｇ”读作“食堂”）"


def test_a_rule_that_the_model_doubted_in_some_lines_is_told_by_its_own_title() -> None:
    said = [{"rule": "SF-01", "title": title, "words": ("着火",)} for title in ("着火", f"着火{MARK}")]
    (rule,) = heard([[one] for one in reversed(said)])
    assert (rule.title, rule.lines) == ("着火", 2)


def test_what_the_model_felt_is_told_without_its_degree() -> None:
    hits = [
        {"rule": "MD-01", "title": f"疑似投诉（模型推断，{sure}）", "words": words}
        for sure, words in (("把握大", ("二食堂",)), ("把握较大", ("二食堂",)))
    ]
    (model,) = heard([[one] for one in hits])
    assert (model.title, model.lines, model.told) == ("疑似投诉（模型推断）", 2, "“二食堂” 2")


def test_a_line_that_calls_the_school_by_its_short_name_speaks_of_this_school(house: House) -> None:
    post = house.post("有没有记者关注一下，风林职院二食堂疑似集体食物中毒", words=["食物中毒"])
    names = dataclasses.replace(house.desk(), aliases=("风林职院",))
    client = TestClient(build(names), follow_redirects=False)
    client.cookies.set("fengxin", house.session("monitor"))
    page = client.get(f"/why?post={post.id}").text
    assert "外校" not in page
    assert "疑似食物中毒" in page[page.index('id="heard"') :]


def test_a_share_that_is_less_than_one_in_a_hundred_is_not_called_none(house: House) -> None:
    post = house.post("三号窗口的红烧鱼里吃出一只苍蝇", words=["苍蝇"])
    weigh(house, post, 22, ("饭菜有异物", 100, "9 人说到"), ("多人附和", 0, "1 人附和"))
    page = said(house, post)
    assert "多人附和 不足 1%" in page or "多人附和不足 1%" in page
    assert " 0%" not in page
