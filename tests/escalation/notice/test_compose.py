"""What a notice says comes from what was frozen: articles with their words, labelled defaults, figures, no guesses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation.notice.wording import NoticeView
from escalation.people import Held, Role
from escalation.procedure import Source
from tests.escalation.office import FOUR, HELD, UNIT, Office

DEFAULT = Source.DEFAULT.label


def view(office: Office, who: str, kind: str = "first") -> NoticeView:
    """What somebody's notice of that kind says."""
    return NoticeView.model_validate(office.notice(who, kind).view)


def test_an_article_stands_with_its_own_words_and_the_documents_name_once(office: Office) -> None:
    office.open()
    cited = view(office, "publicity").articles
    assert [one.article.rpartition("》")[2] for one in cited] == ["第十三条", "第十四条"]
    assert cited[0].article.startswith("《江阴职业技术学院新媒体建设与管理工作的实施办法（试行）》")
    assert "《" not in cited[1].article
    assert all("宣传部" in one.quote and not one.source for one in cited)


def test_whom_no_article_names_reads_that_the_rule_is_ours(office: Office) -> None:
    office.open()
    (only,) = view(office, "keeper").articles
    assert (only.article, only.source) == ("", DEFAULT)
    assert "系统默认" in only.quote


def test_whom_an_article_names_reads_nothing_of_a_circumstance_of_which_the_document_says_nothing(
    office: Office,
) -> None:
    office.open(crisis=True)
    cited = view(office, "publicity").articles
    assert [one.article.rpartition("》")[2] for one in cited] == ["第十三条", "第十四条"]
    assert not [one for one in cited if "未规定" in one.quote], "it does say to whom"
    (only,) = view(office, "keeper").articles
    assert (only.article, only.source) == ("", DEFAULT), "whom no article names still reads whose rule it is"


def test_each_reads_who_else_was_told_and_by_which_article(office: Office) -> None:
    office.open()
    for who in FOUR:
        others = view(office, who).others_told
        assert len(others) == 3
        assert office.notice(who).office not in {one.office for one in others}
        assert all(one.article for one in others)
    assert ("主管校领导", "沈澄", "第十三条") in {
        (one.office, one.person, one.article) for one in view(office, "leader").others_told
    }


def test_two_offices_of_one_person_stand_in_one_notice_with_both_articles(tmp_path: Path) -> None:
    held = [h for h in HELD if h.person_id != "leader"] + [Held(Role.UNIT_LEADER, UNIT, "school")]
    office = Office.at(tmp_path, held)
    office.open()
    both = view(office, "school")
    assert both.office == "主管校领导、单位领导"
    assert [one.article.rpartition("》")[2] for one in both.articles] == ["第十三条", "第十四条"]
    office.store.close()


@pytest.mark.parametrize(("level", "minutes", "said"), [(1, 5, "5 分钟"), (2, 15, "15 分钟"), (4, 240, "4 小时")])
def test_the_clauses_word_stands_beside_our_figure_which_says_that_it_is_ours(
    office: Office, level: int, minutes: int, said: str
) -> None:
    office.open(level=level)
    found = view(office, "school")
    assert "要求“及时" in found.deadline_source
    assert f"签收时限 {said}：{DEFAULT}" in found.deadline_source
    notice = office.notice("school")
    assert notice.sign_by - notice.created_at == timedelta(minutes=minutes)
    assert found.deadline


def test_the_clauses_word_is_cited_to_whom_the_clause_names_and_to_nobody_else(office: Office) -> None:
    office.open()
    said = {who: view(office, who).deadline_source.partition("要求“及时”；")[0] for who in sorted(FOUR)}
    assert said == {"keeper": "第十四条", "leader": "第十四条", "publicity": "第十三条、第十四条", "school": "第十三条"}


def test_what_follows_silence_is_told_with_its_times_and_its_source(office: Office) -> None:
    office.open(level=2)
    assert view(office, "keeper").on_silence == (
        "7 分钟 30 秒后催签，15 分钟后电话通知，22 分钟 30 秒后报单位领导，30 分钟后报主管校领导（" + DEFAULT + "）"
    )
    assert view(office, "school").on_silence == "7 分钟 30 秒后催签，15 分钟后电话通知（" + DEFAULT + "）", (
        "nobody stands above 主管校领导"
    )
    assert view(office, "leader").on_silence == (
        "7 分钟 30 秒后催签，15 分钟后电话通知，22 分钟 30 秒后报主管校领导，30 分钟后值班台再次电话（" + DEFAULT + "）"
    ), "nobody is told of silence twice"


def test_a_duty_of_the_clause_is_asked_of_its_own_actor_only(office: Office) -> None:
    office.open()
    frozen = office.one(1).frozen["duties"]
    keepers = [duty["what"] for duty in frozen if duty["role"] == "keeper"]
    assert keepers
    for who in FOUR:
        asked = view(office, who).asks
        assert asked[0] == "签收本通知。"
        said = "".join(asked)
        assert all((what in said) == (who == "keeper") for what in keepers)


def test_what_carries_out_a_duty_of_the_clause_is_asked_with_it_and_once(office: Office) -> None:
    office.open()
    asked = view(office, "keeper").asks
    assert asked == (
        "签收本通知。",
        "及时向单位领导和党委宣传部汇报：在“上报”页写明您看到的情况和已做的事，附链接。",
        "与新媒体的注册网站及时沟通：与账号所在平台沟通，并登记工单号和答复。",
        "妥善处理",
    )


def test_at_most_four_reasons_are_shown_the_first_first(office: Office) -> None:
    reasons: tuple[dict[str, Any], ...] = tuple(
        {"name": f"理由{n}", "share": 20, "sentence": "", "article": ""} for n in range(5)
    )
    office.open(reasons=reasons)
    assert [one.reason for one in view(office, "leader").why] == ["理由0", "理由1", "理由2", "理由3"]


def test_a_cry_for_help_shows_neither_quote_nor_title_in_any_message(office: Office) -> None:
    office.open(care=True, quote="不想活了", title="疑似：不想活了")
    office.work()
    for one in (*office.mail.sent, *office.robot.sent):
        assert "不想活了" not in one.subject + one.text + (one.html or "")
    assert view(office, "leader").quote == ""


def test_who_stands_in_reads_for_whom_and_why(tmp_path: Path) -> None:
    office = Office.at(tmp_path, [held for held in HELD if held.person_id != "school"])
    office.open()
    facts = view(office, "monitor").facts
    assert any(fact.startswith("本应通知：主管校领导。“主管校领导”没有可联系的人员") for fact in facts)
    assert not any("本应通知" in fact for fact in view(office, "leader").facts)
    office.store.close()


def test_the_groups_message_addresses_nobody_and_its_link_signs_nothing(office: Office) -> None:
    office.open()
    office.work()
    (said,) = office.robot.sent
    assert said.url == f"https://fx.example/incidents/{office.one(1).number}"
    found = NoticeView.model_validate(office.notice("robot").view)
    assert (found.person, found.office, found.asks) == ("", "", ())
    assert "/r/" not in said.text


def test_a_late_incident_says_how_late_in_figures_and_guesses_no_cause(office: Office) -> None:
    office.open(office.post(at=office.now - timedelta(minutes=48)))
    assert view(office, "leader").lateness == "采到后 48 分钟才立事件"
    office.work()
    for mail in office.mail.sent:
        words = "".join(mail.text.split())
        assert "本事件迟报：采到后48分钟才立事件。" in words
        assert "中断" not in words
        assert "【迟报】" in mail.subject


def test_an_incident_in_time_says_nothing_of_lateness(office: Office) -> None:
    office.open(office.post(at=office.now - timedelta(minutes=2)))
    office.work()
    assert (view(office, "leader").late, view(office, "leader").lateness) == (False, "")
    assert not any("迟" in mail.subject or "迟" in mail.text for mail in office.mail.sent)


def test_the_shares_of_a_mail_add_up_to_a_hundred_or_name_the_rest(office: Office) -> None:
    reasons = tuple(
        {"name": f"理由{n}", "share": share, "sentence": "", "article": ""}
        for n, share in enumerate((41, 33, 14, 9, 2, 1))
    )
    office.open(reasons=reasons)
    office.work()
    mails = office.mail.sent
    assert mails
    for one in mails:
        assert "其余 3%" in one.text
        assert "其余 3%" in (one.html or "")


def test_shares_that_are_whole_name_no_rest(office: Office) -> None:
    office.open()
    office.work()
    assert not any("其余" in one.text for one in office.mail.sent)
