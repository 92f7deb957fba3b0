"""Every obligation of the five documents as `fengxin policy` shows it, the triggers by name, whom a level spares."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.test_policy import SCHOOLS, refused, said

pytestmark = pytest.mark.long

LIST = Path(__file__).resolve().parents[1] / "escalation/procedure/obligations.txt"
"""The obligations in our own words, numbered: article, trigger and kind of duty, a word that must stand there."""
TRIGGERS = {
    "damaging_comment": "评论有损学校声誉", "illegal_comment": "评论违法",
    "damaging_own_account_post": "官方账号自发内容有损学校声誉", "inappropriate_post": "官方账号已发布不当信息",
    "prohibited_content_on_own_account": "官方账号出现禁止内容", "crisis_or_negative_opinion": "舆情危机或负面舆情",
    "major_event_or_urgent": "重大事件或紧急信息", "sudden_event": "突发事件", "unauthorised_publication": "擅自发布",
    "review_before_release": "发布前审核", "consultation": "咨询业务", "platform_contact": "与平台沟通",
    "monitoring": "日常监控", "relay_duty": "转载与提及", "accountability": "追究责任",
    "referral_to_authorities": "依有关部门法规处理", "account_renamed": "发现账号已改名",
    "account_unverified": "发现账号失去认证", "account_gone": "发现账号不见了", "new_account": "开通账号",
    "retroactive_filing": "存量账号补办手续", "manager_change": "分管领导或管理员变更", "name_change": "账号更名",
    "account_change": "账号其他变更", "annual_review": "年度检查", "closing": "关闭或注销账号",
    "personal_account": "个人开通账号", "group_created": "建立工作群", "group_dissolved": "解散工作群或平台",
    "group_daily_check": "工作群日常巡查", "group_membership": "工作群成员管理", "training": "培训",
    "credential_custody": "账号口令保管", "scoring": "考核计分", "veto": "一票否决",
}  # fmt: skip


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def listed(code: str) -> list[list[str]]:
    """The lines of one school: number, article, trigger and kind or `left`, word, what it is."""
    lines = LIST.read_text("utf-8").splitlines()
    start = lines.index(code) + 1
    ends = [at for at, line in enumerate(lines) if at > start and line in SCHOOLS]
    mine = lines[start : min(ends, default=len(lines))]
    return [[part.strip() for part in line.split("|")] for line in mine if line and not line.startswith("#")]


@cache
def rules_of(page: str) -> list[tuple[str, str, str]]:
    """The rules on a page of `policy show`: article with its chapter, situations, everything else it says."""
    found = []
    for part in re.split(r"\n(?=第\S+章第\S+条（)", page)[1:]:
        article = part.partition("（")[0]
        for rule in part.split("▪ 情形：")[1:]:
            situations, _, rest = rule.partition("\n")
            found.append((article, situations, bare(rest)))
    return found


def shown(page: str, article: str, how: str, word: str) -> bool:
    """Whether the page has it: a rule of this article in this situation that says so, or a line with the reason."""
    if how == "left":
        lines = re.findall(rf"^  (?:第\S+章)?{article}：(.*)。理由：(.+)$", page, re.MULTILINE)
        return any(bare(word) in bare(what) for what, _ in lines)
    situation, clause = TRIGGERS[how.split()[0]], word.startswith("~")
    asked = r"引文：.*" if clause else r"义务：【.+】.*"
    return any(
        re.search(asked + re.escape(bare(word.removeprefix("~"))), rest)
        for place, situations, rest in rules_of(page)
        if place.endswith(article) and situation in situations.split("、")
    )


@pytest.mark.parametrize("code", SCHOOLS)
def test_show_prints_each_obligation_as_a_rule_or_with_the_reason_why_not(code: str) -> None:
    page, mine = said("show", code), listed(code)
    assert [int(one[0]) for one in mine] == list(range(1, len(mine) + 1))
    assert len(mine) >= 34
    assert [one for one in mine if not shown(page, one[1], one[2], one[3])] == []
    cut = page.replace("义务：", "")
    assert [one for one in mine if not shown(cut, one[1], one[2], one[3])], "a page without duties is noticed"


def test_the_triggers_are_exactly_these_thirty_five() -> None:
    told = refused("who", "JY", "--trigger", "nothing")
    assert dict(re.findall(r"^  ([a-z_]+)  (\S+)$", told, re.MULTILINE)) == TRIGGERS
    assert len(TRIGGERS) == 35


@pytest.mark.parametrize("code", SCHOOLS)
def test_no_level_spares_anybody_whom_an_article_names_in_any_situation(code: str) -> None:
    asked = [part for one in TRIGGERS for part in ("--trigger", one)]
    gravest, lightest = (json.loads(said("who", code, *asked, "--level", level, "--json")) for level in (1, 4))
    by_rule = [
        [(row["trigger"], row["office"], row["chapter"], row["article"]) for row in one["recipients"]
         if row["source"] == "rule"]
        for one in (gravest, lightest)
    ]  # fmt: skip
    assert sorted(by_rule[0]) == sorted(by_rule[1])
    assert len({trigger for trigger, *_ in by_rule[0]}) >= 4
    assert gravest["receipts"] != lightest["receipts"], "it does change the clocks"
