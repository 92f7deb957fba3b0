"""It must show 1 (issue 4), from outside: `fengxin rehearse` at the five schools against a table written by hand.

Who is told, when, in what order, by which article, on which channel, and what silence causes; a hold that an account
breaks in other words, a post without leave while nothing is open, a question.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance import five
from tests.acceptance.five import BAN, HELD, NUMBER, SCHOOLS, Line, School
from tests.acceptance.standing import fengxin

pytestmark = pytest.mark.long

COURSES = Path(__file__).with_name("courses")
FOUND, ASKED, TOLD = "【演练】本校账号所发", "【演练】咨询", "【演练】会通知谁"
LADDER = {"首报", "催签", "电话通知", "逐级上报"}
each = pytest.mark.parametrize("code", SCHOOLS)


def printed(*arguments: str) -> str:
    """What a rehearsal of the two scenarios prints."""
    done = fengxin("rehearse", COURSES, "--channel", "mail", "--channel", "wecom_robot", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def print_of(code: str) -> str:
    """The print of a school, made once."""
    return printed("--pack", code)


def part_of(page: str, scenario: str) -> list[str]:
    """The lines of one scenario."""
    lines = page.splitlines()
    heads = [place for place, line in enumerate(lines) if line.startswith("【演练】") and " 条，" in line]
    begin = next(place for place in heads if f"】{scenario}：" in lines[place])
    return lines[begin : next((place for place in heads if place > begin), len(lines))]


def wide(text: str) -> Iterator[tuple[str, int]]:
    """Each letter with the column of a terminal at which it stands."""
    at = 0
    for one in text:
        yield one, at
        at += 2 if unicodedata.east_asian_width(one) in "WF" else 1


def table(lines: list[str], title: str) -> list[tuple[str, ...]]:
    """The rows of the table with this title; none where it is not printed."""
    begin = next((place for place, line in enumerate(lines) if line.startswith(title)), None)
    if begin is None:
        return []
    header = lines[begin + 2]
    starts = [at for (one, at), before in zip(wide(header), " " + header, strict=False) if one != " " and before == " "]
    rows = []
    for line in lines[begin + 4 :]:
        if not line.strip():
            break
        cells = ["" for _ in starts]
        for one, at in wide(line):
            if at >= starts[0]:
                cells[sum(start <= at for start in starts) - 1] += one
        rows.append(tuple(cell.strip() for cell in cells))
    return rows


def said(lines: list[str], number: str, kinds: set[str] = LADDER) -> list[Line]:
    """What was told of one incident, in the order of the print."""
    return [
        (at.partition(" ")[2], kind, who.removeprefix("演练·"), office, basis, channel)
        for at, incident, kind, who, office, basis, channel, _ in table(lines, TOLD)
        if incident == number and kind in kinds
    ]


def short(lines: list[Line], least: str = "") -> list[Line]:
    """Calls after `least` without the number of the notice that nobody signed: it counts the others, too."""
    return [
        (at, kind, who, office, "未签收" if kind == "电话通知" and at > least else basis, channel)
        for at, kind, who, office, basis, channel in lines
    ]


@each
def test_a_comment_is_told_in_the_order_and_by_the_articles_of_each_document(code: str) -> None:
    school: School = SCHOOLS[code]
    lines = part_of(print_of(code), "comment")
    assert short(said(lines, NUMBER), "12:25") == five.climb(school)
    silenced = [one for one in said(lines, NUMBER, {"暂停发声"}) if one[0] == "12:10"]
    assert {(who, basis) for _, _, who, _, basis, _ in silenced} == {(who, school.hold) for who in five.HOLDERS}
    again = [one for one in said(lines, NUMBER, {"暂停发声"}) if one[0] == "14:10"]
    assert {(who, basis) for _, _, who, _, basis, _ in again} == {(who, school.hold) for who in five.HOLDERS}, (
        "reminded"
    )
    order = [row[0] for row in table(lines, TOLD)]
    assert order == sorted(order), "the print is in the order of time"


@each
def test_an_account_that_breaks_the_hold_in_other_words_is_printed_with_the_article(code: str) -> None:
    (row,) = table(part_of(print_of(code), "comment"), FOUND)
    at, number, kind, account, post, incident, basis, why = row
    assert (at, kind, account, post) == ("03-11 12:40", HELD, "青岚教务", "第 p2 条")
    assert (basis, incident) == (SCHOOLS[code].hold, "YL-2026-0002")
    assert number == "HD-2026-0001"
    assert why.startswith(f"{NUMBER} 的事项暂停发声：")


@each
def test_a_post_without_leave_is_printed_by_the_article_of_the_ban_and_not_where_there_is_none(code: str) -> None:
    school: School = SCHOOLS[code]
    lines = part_of(print_of(code), "alone")
    found = [(row[2], row[3], row[4], row[5], row[6]) for row in table(lines, FOUND)]
    assert found == ([(BAN, "青岚教务", "第 p1 条", NUMBER, school.alone)] if school.alone else [])
    assert short(said(lines, NUMBER)) == five.alone(school)
    assert ("未立事件" in lines[0]) == (not school.alone)


@each
def test_a_question_is_printed_with_its_clause_its_clock_and_its_silence(code: str) -> None:
    lines = part_of(print_of(code), "alone")
    ((at, _, account, post, basis, due, window, end),) = table(lines, ASKED)
    assert (at, account, post, basis, window) == ("03-10 09:30", "青岚教务", "第 c1 条", SCHOOLS[code].question, "")
    owed = basis != five.UNSAID
    assert (due, end) == (("03-11 09:30", "逾期未答复") if owed else ("", "待答复"))
    letters = [(row[0], row[2], row[3]) for row in table(lines, TOLD) if row[1].startswith("ZX-")]
    urged = [("03-11 09:30", "咨询催办", "演练·青岚教务管理员")]
    daily = [("03-11 08:30", "咨询待办", f"演练·{who}") for who in ("青岚教务管理员", "党委宣传部")]
    assert letters == ([*daily, *urged] if owed else [])


@each
def test_nothing_that_an_article_leaves_to_persons_is_begun_by_the_machine(code: str) -> None:
    """No closing of an account, no accountability, no handing over, nothing of 可参照 or 原则上: not one line."""
    words = ("责令", "关闭", "注销", "追究", "追责", "问责", "否决", "移交", "有权", "可参照", "原则上")
    assert [line for line in print_of(code).splitlines() if any(one in line for one in words)] == []


def test_missing_submissions_are_printed_where_asked_for_and_refused_where_no_article_demands_them() -> None:
    lines = part_of(printed("--pack", "ZG", "--submissions"), "comment")
    kinds = [(row[2], row[4], row[6]) for row in table(lines, FOUND)]
    assert ("未送审", "第 p1 条", "第十一条") in kinds, "a WeChat article"
    refused = fengxin("rehearse", COURSES, "--pack", "JY", "--submissions")
    assert refused.returncode == 1
    assert "JY 没有要求逐篇送审（校规未规定）" in refused.stderr
