"""An account is renamed, loses its verification and is gone, from the platform's answers to the people's mails.

The real crawlers read the sandbox, the clock is moved by hand; under ZG by article 10, under JY where the document is
silent by the labelled default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from escalation import alert, user
from escalation.alteration import alterations
from escalation.notice import notices
from escalation.people import Role
from escalation.report.week import Week
from escalation.timer import timers
from stream import account
from tests.escalation.web.house import csrf
from tests.stories.town import PASSWORD, Town, built, secret, words_of

NAME, NEW = "风林职业技术学院", "风林校园资讯"


@pytest.fixture
def zg(tmp_path: Path) -> Iterator[Town]:
    with built(tmp_path, f"sqlite:///{tmp_path}/log.db", pack="ZG") as town:
        yield town


@pytest.fixture
def jy(tmp_path: Path) -> Iterator[Town]:
    with built(tmp_path, f"sqlite:///{tmp_path}/log.db") as town:
        yield town


def _look(town: Town, **by: float) -> None:
    """The crawlers and then every other role, a little later."""
    town.later(**(by or {"minutes": 2}))
    town.crawl()
    town.later(minutes=1)


def _begin(town: Town) -> None:
    town.sandbox.post("图书馆周末照常开放")
    _look(town)
    assert town.rows(alterations) == []


def _alerts(town: Town) -> list[str]:
    with town.store.read() as conn:
        return [one.words for one in alert.ringing(conn, town.school) if one.cause.startswith("account:")]


def test_a_rename_starts_the_week_of_zg_ten_and_ends_with_the_book(zg: Town) -> None:
    _begin(zg)
    zg.sandbox.fault("account_renamed", to=NEW)
    _look(zg)
    (row,) = zg.rows(alterations)
    letters = {one.who: one.text for one in zg.inbox.letters()}
    assert set(letters) == {"publicity", "keeper"}
    assert "第十条" in letters["publicity"]
    assert f"原显示“{NAME}”，现显示“{NEW}”" in letters["publicity"].replace("\n", "").replace("　", "")
    desk = zg.signed_in()
    assert f"微博账号“{NAME}”已改名" in words_of(desk.get("/desk").text)
    coverage = desk.get("/accounts").text
    assert f'href="/account-changes/{row.number}">账号已改名' in coverage
    page = words_of(desk.get(f"/account-changes/{row.number}").text)
    assert "第十条 一周内" in page
    assert "变更日还没有填写，暂自上次看到原名之日起算" in page
    for _ in range(3):
        _look(zg)
    assert len([one for one in zg.rows(notices) if one.matter]) == 2, "told once"

    with zg.store.write() as conn:
        user.enrol(conn, zg.school, "xie", "keeper", secret(PASSWORD, "xie"), [Role.KEEPER], zg.now())
    desk.post("/sign-in", data={"name": "xie", "password": PASSWORD})
    path = f"/account-changes/{row.number}"
    sent = desk.post(f"{path}/date", data={"csrf": csrf(desk.get(path).text), "on": "2026-11-01"})
    assert sent.status_code == 303
    assert "自变更日 2026-11-01（谢晓 填写）起算" in words_of(desk.get(path).text)
    assert desk.post(f"{path}/settle", data={"csrf": csrf(desk.get(path).text), "why": "x"}).status_code == 403

    with zg.store.write() as conn:
        account.enter(conn, [replace(account.book(conn, zg.school)["wb_main"], name=NEW)])
    zg.later(minutes=1)
    assert [(one.state, one.ended_why) for one in zg.rows(alterations)] == [("over", "名册已改为平台显示的名称")]
    assert _alerts(zg) == []
    assert not [one for one in zg.rows(timers) if one.kind == "alteration" and one.state == "set"]
    report = words_of(zg.signed_in().get(f"/reports/{Week.of(zg.now())}").text)
    assert "本周看到账号变动1件（账号已改名1），尚待处理0件。" in "".join(report.split())


def test_nobody_is_chased_before_the_week_is_over_and_the_desk_is_told_then(zg: Town) -> None:
    _begin(zg)
    zg.sandbox.fault("account_renamed", to=NEW)
    _look(zg)
    (row,) = zg.rows(alterations)
    zg.sandbox.clock.set(row.due_at)
    zg.later(minutes=2)
    (words,) = _alerts(zg)
    assert words.startswith("已过备案期限（第十条 一周内）：")


def test_under_jy_the_default_is_told_and_says_that_it_is_none_of_the_rules(jy: Town) -> None:
    _begin(jy)
    jy.sandbox.fault("account_unverified")
    _look(jy)
    assert [(one.kind, one.basis) for one in jy.rows(alterations)] == [("unverified", "系统默认，非校规")]
    letters = {one.who: one.text for one in jy.inbox.letters()}
    assert set(letters) == {"publicity", "keeper"}
    assert all("系统默认，非校规" in text for text in letters.values())
    (words,) = _alerts(jy)
    assert "校规未规定；系统默认（非校规）已函告" in words
    jy.sandbox.fault("account_unverified", restore=True)
    _look(jy)
    assert _alerts(jy) == []
    assert jy.rows(alterations)[0].ended_why == "平台又显示已认证"


def test_one_look_that_fails_loses_no_account_and_two_with_the_platforms_word_do(jy: Town) -> None:
    _begin(jy)
    for fault in ("server_error", "cut_json", "soft_empty_page1"):
        jy.sandbox.fault(fault)
        _look(jy, minutes=10)
        jy.sandbox.calm()
    jy.sandbox.fault("account_gone")
    _look(jy)
    assert jy.rows(alterations) == []
    _look(jy, minutes=8)
    (row,) = jy.rows(alterations)
    assert (row.kind, row.state) == ("gone", "seen")
    assert "平台代码 20003" in _alerts(jy)[0]
    assert {one.who for one in jy.inbox.letters()} >= {"publicity", "keeper"}
    jy.sandbox.fault("account_gone", restore=True)
    _look(jy, minutes=30)
    assert jy.rows(alterations)[0].ended_why == "平台又能看到该账号"
