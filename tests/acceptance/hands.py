"""What people do to an incident by the forms of its page, as the tests of the cycle need it again and again."""

from __future__ import annotations

import re

from parsel import Selector

from tests.acceptance.standing import Person, Standing, eventually, words_of

OFFICE, MONITOR, LEADER, UNIT, KEEPER = "ye.chuqing", "zheng.wanzhou", "lin.zhiyuan", "gu.wenqing", "chen.siyuan"
FOUR = (OFFICE, LEADER, UNIT, KEEPER)
"""Whom JY 13 and 14 name for a comment under the main account, and the account's keeper."""


def body(person: Person, number: str) -> str:
    """What the incident's page says, spaces folded."""
    return words_of(person.page(f"/incidents/{number}").css("body")[0])


def told_in(page: str) -> int:
    """How many rounds of notices the log on a page has."""
    return len(re.findall(r"通知 \d+ 人：", page))


def part(person: Person, number: str, block: str) -> str:
    """What one block of the page says, empty where it is not there."""
    found = person.page(f"/incidents/{number}").css(f"#{block}")
    return words_of(found[0]) if found else ""


def does(person: Person, number: str, act: str, /, **form: str) -> str:
    """Send one of the page's forms; what the page says then, without spaces."""
    return re.sub(r"\s+", "", person.send(f"/incidents/{number}/{act}", f"/incidents/{number}", **form).text)


def refusal(person: Person, number: str, act: str, /, **form: str) -> str:
    """Send one of the page's forms that must be refused; the sentence on top of the page."""
    answer = person.send(f"/incidents/{number}/{act}", f"/incidents/{number}", **form)
    assert answer.status_code == 409, (answer.status_code, words_of(Selector(answer.text).css("main, body")[0])[:400])
    said = words_of(Selector(answer.text).css("#refused")[0])
    assert said.endswith("未作任何更改。"), said
    return said


def signs(standing: Standing, number: str, *names: str) -> None:
    """Each of these signs whatever of this incident waits for them on their own page."""
    for name in names:
        person = standing.signed_in(name)

        def waiting(of: Person = person) -> list[str]:
            rows = [row for row in of.page("/me").css(".mine") if number in words_of(row)]
            return [path for row in rows for path in row.css("a[href^='/r/']::attr(href)").getall()]

        for path in eventually(f"{name} has something to sign", waiting, 60):
            answer = person.client.post(path)
            assert answer.status_code == 200, answer.text[:300]
