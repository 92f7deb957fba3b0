"""What people do to an incident by the forms of its page, as the tests of the cycle need it again and again."""

from __future__ import annotations

import re

from parsel import Selector

from tests.acceptance.standing import Person, Standing, eventually, words_of

OFFICE, MONITOR, LEADER, UNIT, KEEPER = "ye.chuqing", "zheng.wanzhou", "lin.zhiyuan", "gu.wenqing", "chen.siyuan"
FOUR = (OFFICE, LEADER, UNIT, KEEPER)
"""Whom JY 13 and 14 name for a comment under the main account, and the account's keeper."""
TEXT = "今日三号楼一实验室发生爆炸，两名同学受伤，学校已送医救治并封闭楼栋，正在排查原因，进展以学校通报为准。"


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
    assert "未作任何更改" in said, said
    return said


def signs(standing: Standing, number: str, *names: str) -> None:
    """Each of these signs whatever of this incident waits on their own page; a newer one answers for an older."""
    for name in names:
        person = standing.signed_in(name)

        def waiting(of: Person = person) -> list[str]:
            rows = [row for row in of.page("/me").css(".mine") if number in words_of(row)]
            return [path for row in rows for path in row.css("a[href^='/r/']::attr(href)").getall()]

        for path in eventually(f"{name} has something to sign", waiting, 60):
            answer = person.client.post(path)
            assert answer.status_code == 200 or "该通知已签收" in answer.text, answer.text[:300]


def judged(standing: Standing, text: str) -> str:
    """The path on which the duty monitor opens an incident from this lead, once it is judged; empty: not yet."""
    rows = [row for row in standing.signed_in(MONITOR).page("/leads").css("#recent tbody tr")
            if text[:12] in words_of(row) and "待判" not in words_of(row)]  # fmt: skip
    return rows[0].css("a[href^='/raise']::attr(href)").get("") if rows else ""


def opened(standing: Standing, text: str, level: int, title: str = "") -> str:
    """The incident that the duty monitor opens from a lead."""
    desk = standing.signed_in(MONITOR)
    path = eventually("the lead is judged", lambda: judged(standing, text), 30)
    post = desk.page(path).css("input[name=post]::attr(value)").get("")
    given = {"post": post, "level": str(level), "title": title or text[:20], "reason": "值班员认为应当上报"}
    answer = desk.send("/raise", path, **given)
    assert answer.status_code == 200, answer.text[:400]
    return answer.url.path.rpartition("/")[2]


def reports(person: Person, number: str, kind: str, facts: str, **more: str) -> str:
    """Write one 情况报告 by its form; the path of its page."""
    form = f"/incidents/{number}/bulletins/new"
    after = person.page(form).css("input[name=after]::attr(value)").get("")
    given = {
        "kind": kind,
        "facts": facts,
        "done": "已封闭楼栋",
        "next_step": "排查线路",
        "after": after,
        "read": "1",
    } | more
    answer = person.send(f"/incidents/{number}/bulletins", form, **given)
    assert answer.status_code == 200, answer.text[:300]
    return answer.url.path


def keeper_path(standing: Standing, number: str) -> str:
    """The keeper's own page of an incident, after signing."""
    return standing.signed_in(KEEPER).page(f"/incidents/{number}").css("a[href^='/k/']::attr(href)").get("")


def drafted(office: Person, number: str) -> str:
    """A statement, drafted by the 宣传部 and gone through, submitted for approval; the path of its page."""
    path = f"/statements/{number}"
    office.send(f"{path}/draft", path, text=TEXT)
    version = _version(office, path)
    items = office.page(path).css(f"form[action='{version}/check'] input[name=item]::attr(value)").getall()
    assert {"secrecy", "internal", "personal", "prohibited"} <= set(items), "a pack may ask for more"
    for item in items:
        office.send(f"{version}/check", path, item=item, passed="yes")
    assert "待审批" in office.send(f"{version}/submit", path).text
    return path


def _version(office: Person, path: str) -> str:
    action = office.page(path).css("form[action*='/versions/']::attr(action)").get("")
    return re.sub(r"(/versions/\d+).*", r"\1", action)


def published(standing: Standing, number: str) -> None:
    """A statement, drafted by the 宣传部, approved by the school leader, released: the public answer."""
    office, leader = standing.signed_in(OFFICE), standing.signed_in(LEADER)
    path = drafted(office, number)
    form = leader.page(path).css("form[action*='/approvals/']")[0]
    seal = form.css("input[name=seal]::attr(value)").get("")
    leader.send(form.attrib["action"], path, verdict="approve", seal=seal)
    released(office, number)


def released(office: Person, number: str) -> None:
    """The approved statement has gone out by the school's own account, and nobody is to relay it."""
    path = f"/statements/{number}"
    out = office.page(path).css("form[action$='/release']")[0]
    given = {name: out.css(f"[name={name}] option::attr(value), [name={name}]::attr(value)").get("")
             for name in ("account", "text_hash")}  # fmt: skip
    token = office.page(path).css("input[name=csrf]::attr(value)").get("")
    nobody = {"csrf": token, "url": "https://weibo.com/1/fire", "listed": "yes", **given}  # every box unticked
    said = office.client.post(out.attrib["action"], data=nobody)
    assert said.status_code == 200, said.text[:300]


def step_of(standing: Standing, number: str, event: str) -> str:
    """The path under the incident of the newest measure that has this step."""
    forms = standing.signed_in(OFFICE).page(f"/incidents/{number}").css(f"#measures form[action$='/{event}']")
    return str(forms[0].attrib["action"]).removeprefix(f"/incidents/{number}/").removesuffix(f"/{event}")


def task_of(standing: Standing, number: str, kind: str) -> str:
    """The number of the task of this kind."""
    tasks = standing.signed_in(OFFICE).page(f"/incidents/{number}").css("#tasks .task")
    found = next(one for one in tasks if words_of(one).startswith(kind))
    (one,) = set(re.findall(r"/tasks/(\d+)/", found.get()))
    return str(one)
