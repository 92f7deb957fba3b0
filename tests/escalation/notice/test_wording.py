"""The words of a notice: their order, their marks, and that nothing hostile gets through them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from escalation.notice.fold import HANG, WIDTH, columns
from escalation.notice.plain import CUT, one_line, plain
from escalation.notice.wording import Article, NoticeView, Reason, Told, render_mail, render_phone, render_robot

URL = "https://fengxin.example.edu.cn/r/7Qm2abc"
VIEW = NoticeView(
    number="FX-2026-0147-03",
    incident="FX-2026-0147",
    kind="首报",
    level=2,
    level_name="重大",
    school="风林职业技术学院",
    publisher="党委宣传部",
    title="二食堂就餐后多人腹泻",
    sign_url=URL,
    unit="后勤管理处",
    office="单位领导",
    person="罗广平",
    person_title="书记",
    facts=("15:52 起，公众号文章下有学生反映就餐后腹泻", "至 16:31 相关评论 213 条，负面 71%。"),
    quote="吃完拉了一晚上",
    why=(Reason(reason="涌量", share=59, sentence="近 1 小时 213 条"), Reason(reason="疑似食源性不适", share=41)),
    asks=("16:47 前签收", "18:32 前报情况说明。"),
    others_told=(Told(office="主管校领导", person="沈澄", article="第十三条"),),
    articles=(Article(article="《网络舆情处置办法》第十三条", quote="应及时报告"),),
    deadline="16:47",
    deadline_source="签收 15 分钟为系统默认，非校规",
    on_silence="报主管校领导 沈澄，并电话催办",
    validity="11月22日 15:51",
    duty_phone="陈屿 校内 8071",
)
HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<svg/onload=alert(1)>", "{{7*7}}", "{% raw %}",
    "javascript:alert(1)", "a\u202egnp.exe", "a\u200bb\u2066c", "a\r\nBcc: x@y.cn",
    "\ud800", "\x00\x1b[31m", "長" * 1_000_000,
)  # fmt: skip


def with_text(text: str) -> NoticeView:
    """The view with `text` in every field that takes words."""
    values: dict[str, Any] = VIEW.model_dump()
    for name, value in values.items():
        if isinstance(value, str) and name != "sign_url":
            values[name] = text
    values["facts"] = values["asks"] = (text,)
    values["why"] = ({"reason": text, "share": 100, "sentence": text},)
    values["others_told"] = ({"office": text, "person": text, "article": text},)
    values["articles"] = ({"article": text, "quote": text, "source": text},)
    return NoticeView.model_validate(values)


def in_order(text: str, parts: tuple[str, ...]) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_the_subject_says_level_deadline_title_and_number() -> None:
    assert render_mail(VIEW)[0] == "【Ⅱ级·重大】请于 16:47 前签收：二食堂就餐后多人腹泻（FX-2026-0147 首报）"


@pytest.mark.parametrize(("flag", "mark"), [("rehearsal", "【演练】"), ("trial", "【试运行】"), ("late", "【迟报】")])
def test_a_standing_is_marked_in_every_rendering_before_the_level(flag: str, mark: str) -> None:
    view = VIEW.model_copy(update={flag: True})
    subject, text, html = render_mail(view)
    for shown in (subject, text, render_robot(view)):
        assert shown.startswith(mark)
    assert f"{mark}Ⅱ级" in html
    assert mark not in "".join(render_mail(VIEW))


def test_both_parts_of_a_mail_say_the_same_in_the_same_order() -> None:
    _, text, html = render_mail(VIEW)
    body = (
        "重大", "二食堂就餐后多人腹泻", "罗广平书记", "15:52", "213 条", "吃完拉了一晚上", "查看并签收（16:47 前）",
        "请您", "16:47 前签收",
        "情况说明", "同时通知", "沈澄", "为什么报", "涌量 59%", "第十三条", "应及时报告",
        "非校规", "逾期未签", "电话催办",
        "11月22日 15:51 前有效", "校内 8071", "FX-2026-0147-03",
    )  # fmt: skip
    assert in_order(text, body[:13])
    assert all(part in text for part in body)
    assert all(part in html for part in body)
    labels = ("请您", "同时通知", "为什么报", "逾期未签", "11月22日 15:51 前有效")
    start = text.index("请您")
    assert in_order(text[start:], labels)
    assert in_order(html[html.index("请您") :], labels)
    assert URL in text
    assert f'href="{URL}"' in html


def test_no_line_of_the_text_part_is_wider_than_the_screen() -> None:
    for text in (
        render_mail(VIEW)[1],
        render_mail(with_text("长话短说，" * 60))[1],
        render_mail(with_text("。" * 390))[1],
    ):
        for line in text.splitlines():
            assert columns(line) <= WIDTH + HANG or line.startswith("http")
            assert "。。" in line or not line.strip("　 ").startswith(("，", "。", "；", "：")), line


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_shown_as_text_everywhere(text: str) -> None:
    """A1, A12, A15: in every field at once, in every rendering."""
    begun = time.monotonic()
    view = with_text(text)
    subject, body, html = render_mail(view)
    for shown in (subject, body, html, render_robot(view), render_phone(view)):
        assert shown.encode("utf-8"), "nothing unpaired is left"
        assert not set(shown) & set("\x00\x1b\r\u200b\u202e\u2066")
        assert len(shown) < 20_000
        assert "49" not in shown.replace("#e4eef9", "")
    assert "\n" not in subject
    assert len(subject) <= 150
    assert not any(tag in html for tag in ("<script", "<img", "<svg"))
    assert "&amp;lt;" not in html, "escaped once, not twice"
    assert time.monotonic() - begun < 2
    if text.startswith("<script"):
        assert "&lt;script&gt;" in html
    if len(text) > 1000:
        assert CUT in body


def test_a_care_case_shows_neither_the_quote_nor_its_title() -> None:
    view = VIEW.model_copy(update={"care": True})
    subject, text, html = render_mail(view)
    for shown in (subject, text, html, render_robot(view), render_phone(view)):
        assert "拉了一晚上" not in shown
        assert VIEW.title not in shown
        assert "疑似心理求助，原文已收起" in shown


def test_comment_text_stands_in_no_subject_and_no_group() -> None:
    for shown in (render_mail(VIEW)[0], render_robot(VIEW), render_phone(VIEW)):
        assert VIEW.quote not in shown


def test_the_group_is_told_level_title_unit_deadline_and_link_and_signs_nothing() -> None:
    shown = render_robot(VIEW.model_copy(update={"person": ""}))
    assert in_order(shown, ("Ⅱ级·重大", "二食堂", "后勤管理处", "16:47", URL))
    assert "查看并签收" not in shown


def test_a_notice_without_a_deadline_asks_to_look_and_not_to_sign() -> None:
    subject, text, html = render_mail(VIEW.model_copy(update={"deadline": ""}))
    assert "请查看" in subject
    assert "查看并签收" not in text + html


@pytest.mark.parametrize(
    ("title", "verb", "due", "subject"),
    [
        ("请审批口径第 1 版", "审批", "02:45", "请于 02:45 前审批口径第 1 版"),
        ("请转发学校口径第 1 版", "登记转发", "04:18", "请于 04:18 前转发学校口径第 1 版"),
        ("请即转发学校口径（已过时限）", "登记转发", "", "请即转发学校口径（已过时限）"),
        ("暂停就“二食堂”发声", "确认知悉", "04:05", "请于 04:05 前确认知悉：暂停就“二食堂”发声"),
        ("任务“情况说明”：二食堂", "答复", "18:00", "请于 18:00 前答复：任务“情况说明”：二食堂"),
        ("任务“情况说明”：二食堂", "答复", "", "请查看：任务“情况说明”：二食堂"),
        ("学校口径第 1 版已发布，请阅看", "阅看", "", "学校口径第 1 版已发布，请阅看"),
        ("暂停发声结束：二食堂", "阅看", "", "请查看：暂停发声结束：二食堂"),
    ],
)
def test_the_subject_of_an_errand_asks_once_and_says_by_when(title: str, verb: str, due: str, subject: str) -> None:
    view = VIEW.model_copy(update={"deadline": "", "title": title, "verb": verb, "due": due})
    said = render_mail(view)[0]
    assert said == f"【Ⅱ级·重大】{subject}（{view.incident} {view.kind}）"


def test_what_to_say_by_phone_names_the_person_the_matter_and_the_deadline() -> None:
    shown = render_phone(VIEW.model_copy(update={"rehearsal": True}))
    assert in_order(shown, ("这是演练", "罗广平书记您好", "风林职业技术学院", "FX-2026-0147", "16:47", "校内 8071"))
    assert URL not in shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", 'https://x.cn/"onclick=', "ftp://x.cn", "https://x.cn/a b", "//x.cn"]
)
def test_a_link_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        NoticeView.model_validate(VIEW.model_dump() | {"sign_url": url})


def test_an_unknown_field_is_refused_and_a_view_survives_the_store() -> None:
    with pytest.raises(ValidationError):
        NoticeView.model_validate(VIEW.model_dump() | {"tone": "angry"})
    assert NoticeView.model_validate(VIEW.model_dump(mode="json")) == VIEW


def test_plain_text_is_cut_with_a_mark_within_its_limit() -> None:
    assert plain("甲" * 100, 100) == "甲" * 100
    assert plain("甲" * 101, 100) == "甲" * (100 - len(CUT)) + CUT
    assert plain("\u200b" * 1_000_000 + "甲", 100).endswith(CUT)
    assert one_line(" a \r\n\t b ", 10) == "a b"


def test_a_reason_that_is_no_article_is_not_quoted_and_its_default_is_said_once() -> None:
    said = "该账号的管理人员。向其本人发通知是系统默认，非校规"
    basis = (Article(quote=said, source="系统默认，非校规"),)
    for text in render_mail(VIEW.model_copy(update={"articles": basis}))[1:]:
        assert f"{said}。" in "".join(text.split())
        assert f"“{said}" not in "".join(text.split())
        assert "非校规）" not in text
