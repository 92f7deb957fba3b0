"""`fengxin trace`: the way of a comment that opened an incident and of one that did not, and the desk's page of it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import partial
from typing import Any

from tests.acceptance.conftest import AFTER_IT, LIVE
from tests.acceptance.standing import Standing, eventually, fengxin, words_of

GRAVE = "电梯坠落，两名同学受伤流血送医院急救"
STAGES = ("fetched", "logged", "assessed", "watched", "indexed", "told")


def id_of(demo: Standing, words: str) -> str:
    """Our id of the one comment with these words, as the desk's links carry it."""
    found = demo.signed_in("zheng.wanzhou").page("/search", q=words).css("a[href^='/why']::attr(href)").get("")
    return re.sub(r"%3A", ":", found.partition("post=")[2])


def moments(machine: dict[str, Any], stage: str) -> list[datetime]:
    """The times of one stage, in order; a step without one is none."""
    return [datetime.fromisoformat(step["at"]) for step in machine["steps"] if step["stage"] == stage and step["at"]]


def logged(demo: Standing, role: str, *words: str) -> list[str]:
    """The lines of a role's log that hold each of these, as whole words: no id is another's beginning."""
    asked = [re.compile(rf"(?<![\w:-]){re.escape(one)}(?![\w-])") for one in words]
    kept = (demo.data / "logs" / f"{role}.log").read_text("utf-8").splitlines()
    return [line for line in kept if all(one.search(line) for one in asked)]


def test_the_way_of_a_comment_is_told_from_the_platform_to_who_signs(demo: Standing) -> None:
    number = eventually("the incident", lambda: demo.incident("电梯"), 90)
    post = eventually("the comment", lambda: id_of(demo, GRAVE[:8]), 60)
    settings = demo.data / "fengxin.toml"

    def told() -> str:
        done = fengxin("trace", post, "--settings", settings)
        assert done.returncode == 0, done.stderr
        return done.stdout if "检索里查得到" in done.stdout and "已通知 " in done.stdout else ""

    page = eventually("the whole way", told, 90)
    for words in ("采集　", "入流　", "研判　", "监看　", "检索　", "通知　", number, "已送出（"):
        assert words in page, page
    assert GRAVE[:8] not in page, "nobody's words"
    last = page.splitlines()[-1]
    assert last.startswith("止于通知：")
    assert number in last
    native = post.partition(":")[2]
    machine = json.loads(fengxin("trace", native, "--json", "--settings", settings).stdout)
    assert (machine["post"], machine["end"]) == (post, "told")
    at = {stage: moments(machine, stage) for stage in STAGES}
    assert all(at.values()), at
    assert [at[stage][0] for stage in STAGES[:4]] == sorted(at[stage][0] for stage in STAGES[:4]), at
    assert at["assessed"][0] < at["indexed"][0], "searched and watched beside each other, after it was judged"
    assert at["watched"][0] <= at["told"][0]
    shown = [line for line in page.splitlines() if re.match(r"\s+(采集|入流|研判|监看|检索|通知)　", line)]
    assert not [line for line in shown if "（时刻未存）" in line], page
    assert all(step["facts"]["deliveries"] for step in machine["steps"] if "notice" in step["facts"])


def test_an_incident_is_followed_by_its_number_through_the_logs_of_the_roles(demo: Standing) -> None:
    number = eventually("the incident", lambda: demo.incident("电梯"), 90)

    lines = partial(logged, demo)
    (opened,) = lines("watch", f"incident={number}", "立为事件")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO role=watch at=escalation\.watch post=\S+ ", opened)
    (post,) = re.findall(r" post=(\S+)", opened)
    assert lines("assess", post, "role=assess", "研判，有命中")
    assert eventually("a notice", lambda: lines("notify", "role=notify", f"incident={number}", "通知已送出"), 90)
    mail = eventually("a mail", lambda: demo.mails(words=number), 90)[0]
    assert not lines("web", f"incident={number}", "已签收")
    assert demo.signed_in(mail.to.partition("@")[0]).client.post(mail.sign_path).status_code == 200
    (signed,) = eventually("the signature", lambda: lines("web", f"incident={number}", "已签收"), 30)
    assert f"notice={mail.notice} " in signed
    roles = [path.stem for path in (demo.data / "logs").glob("*.log")]
    for role in roles:
        assert not lines(role, GRAVE[:8]), "nobody's words"
    assert number not in demo.errors, "the screen is left to what a person must see"


def test_a_comment_that_opens_nothing_is_followed_by_its_id_through_the_logs_of_the_roles(demo: Standing) -> None:
    post = eventually("the comment", partial(id_of, demo, LIVE[-9:]), 60)
    steps = {"crawl": "采集到", "assess": "研判，没有命中", "watch": "监看，未立事件", "index": "入检索"}
    for role, words in steps.items():
        (line,) = eventually(role, partial(logged, demo, role, post, words), 30)
        assert f"role={role} " in line
        assert LIVE[:8] not in line


def test_why_nobody_was_told_of_a_comment_stands_in_the_last_line_and_on_the_desk(demo: Standing) -> None:
    for words in (LIVE, AFTER_IT):
        post = eventually("the comment", partial(id_of, demo, words[-9:]), 60)
        done = fengxin("trace", post, "--settings", demo.data / "fengxin.toml")
        assert done.returncode == 0, done.stderr
        last = done.stdout.splitlines()[-1]
        assert last.startswith("止于监看：没有命中任何规则"), done.stdout
        assert last.endswith("所以没有通知任何人。")
        page = demo.signed_in("zheng.wanzhou").page("/why", post=post)
        assert words_of(page.css("#way footer")[0]) == last
    done = fengxin("trace", "weibo:404", "--settings", demo.data / "fengxin.toml")
    assert done.returncode == 1
    assert "没有“weibo:404”：没有采集到，也没有补录过。请核对编号或网址" in done.stderr
