"""An account of the school is renamed on the platform and then gone, another loses its verification: who is told.

The school is under the ZG pack, which alone of the five says what a new name asks for (article 10).
"""

from __future__ import annotations

import re

import pytest

from tests.acceptance.standing import Mail, Standing, eventually, fengxin, words_of
from tests.acceptance.window import Watched, picture

MAIN_KEEPER, LEAGUE_KEEPER, OFFICE, MONITOR = "chen.siyuan", "zhou.yiming", "ye.chuqing", "zheng.wanzhou"
OLD, NEW = "风林职业技术学院", "风林校园资讯"
LOOK = 150.0
"""Seconds within which an account is looked at once a minute and what differs is told."""


def flat(text: str) -> str:
    return re.sub(r"\s", "", text)


def letters(standing: Standing, what: str, count: int = 0) -> dict[str, Mail]:
    """The letters about this change by addressee, once there are `count`; nobody has two."""
    found = [one for one in standing.mails() if what in flat(one.subject)]
    assert len({one.to for one in found}) == len(found) >= count, [one.to for one in found]
    return {one.to.partition("@")[0]: one for one in found}


def numbers(standing: Standing) -> dict[str, str]:
    """The paths of the changes on the list, by account and change."""
    rows = standing.signed_in(OFFICE).page("/account-changes").css("tbody tr")
    return {flat(words_of(row)): str(row.css("a[href^='/account-changes/']::attr(href)").get()) for row in rows}


def path_of(standing: Standing, *words: str) -> str:
    """The one change with these words."""
    (path,) = {path for row, path in numbers(standing).items() if all(one in row for one in words)}
    return path


def alarms(standing: Standing) -> str:
    return words_of(standing.signed_in(MONITOR).page("/desk").css("body")[0])


@pytest.mark.long
def test_a_renamed_account_is_told_by_article_ten_and_ends_with_the_book(
    zhengzhou: Standing, window: Watched, phone: Watched
) -> None:
    keeper, office = zhengzhou.signed_in(MAIN_KEEPER), zhengzhou.signed_in(OFFICE)

    def seen_whole() -> bool:
        rows = [words_of(row) for row in office.page("/accounts").css("tr")]
        return sum("主账号" in row and "微博" in row and "前" in row for row in rows) == 1

    eventually("the accounts are seen as they are registered", seen_whole, LOOK)
    assert numbers(zhengzhou) == {}
    zhengzhou.sandbox("faults", name="account_renamed", account="wb_main", to=NEW)
    zhengzhou.sandbox("faults", name="account_unverified", account="wb_tw")

    told = eventually("the new name is told", lambda: letters(zhengzhou, "账号已改名", 2), LOOK)
    assert set(told) == {OFFICE, MAIN_KEEPER}, "whom article 10 names, and the account's keeper by default"
    said = {who: flat(mail.text) for who, mail in told.items()}
    assert f"原显示“{OLD}”，现显示“{NEW}”" in said[OFFICE]
    assert "依据第十条" in said[OFFICE]
    assert "账号名变更，以书面形式报校党委宣传部备案（第十条）" in said[OFFICE]
    assert "依据系统默认，非校规" in said[MAIN_KEEPER]

    lost = eventually("the lost verification is told", lambda: letters(zhengzhou, "账号失去认证", 2), LOOK)
    assert set(lost) == {OFFICE, LEAGUE_KEEPER}
    assert all("依据系统默认，非校规" in flat(mail.text) for mail in lost.values())

    desk = alarms(zhengzhou)
    assert f"微博账号“{OLD}”已改名" in desk
    assert "依据 第十条，已函告校党委宣传部、官方新媒体管理人员" in desk
    assert "微博账号“风林职院团委”失去认证" in desk
    assert "校规未规定；系统默认（非校规）已函告" in desk
    rows = [words_of(row) for row in office.page("/accounts").css("tbody tr")]
    assert [OLD in row for row in rows if "账号已改名" in row] == [True]
    assert ["风林职院团委" in row for row in rows if "账号失去认证" in row] == [True]

    path = path_of(zhengzhou, OLD, "账号已改名")
    page = words_of(keeper.page(path).css("main")[0])
    assert "第十条 一周内" in page
    assert "变更日还没有填写，暂自上次看到原名之日起算" in page
    late = keeper.send(f"{path}/date", path, on="2099-01-01")
    assert late.status_code == 409
    assert "不能晚于系统看到新名称的那一天" in late.text
    assert "未作任何更改" in late.text
    dated = keeper.send(f"{path}/date", path, on="2026-01-05")
    assert re.search(r"自变更日 2026-01-05（陈思源 填写）起算", words_of_text(dated.text))
    eventually("the desk hears that the week is over", lambda: "已过备案期限（第十条 一周内）" in alarms(zhengzhou), 60)
    for watched, name in ((window, "account-change"), (phone, "account-change-390")):
        shown = watched.sign_in(zhengzhou, OFFICE)
        for where, part in ((path, name), ("/account-changes", f"{name}-list"), ("/accounts", f"{name}-coverage")):
            shown.goto(f"{zhengzhou.url}{where}")
            picture(shown, part)

    other = path_of(zhengzhou, "风林职院团委", "账号失去认证")
    assert zhengzhou.signed_in(LEAGUE_KEEPER).client.get(path).status_code == 404
    settled = office.send(f"{other}/settle", other, why="认证年审中，十日内恢复")
    assert "已说明" in settled.text
    assert "失去认证" not in alarms(zhengzhou)

    settings = zhengzhou.data / "fengxin.toml"
    text = settings.read_text("utf-8")
    entry = re.search(r'(?s)native_id = "9000000001"\nname = "[^"]+"', text)
    assert entry is not None
    settings.write_text(text.replace(entry[0], f'native_id = "9000000001"\nname = "{NEW}"'), "utf-8")
    entered = fengxin("enter", "--settings", settings)
    assert entered.returncode == 0, entered.stderr
    eventually("the book agrees", lambda: "名册已改为平台显示的名称" in words_of(office.page(path).css("main")[0]), 90)
    assert "已改名" not in alarms(zhengzhou)
    assert len(letters(zhengzhou, "账号已改名")) == 2, "told once"

    zhengzhou.sandbox("faults", name="account_gone", account="wb_main")
    gone = eventually("the lost account is told", lambda: letters(zhengzhou, "账号不见了", 2), 2 * LOOK)
    assert set(gone) == {OFFICE, MAIN_KEEPER}
    assert "平台代码20003" in flat(gone[MAIN_KEEPER].text)
    assert "依据系统默认，非校规" in flat(gone[OFFICE].text)
    zhengzhou.sandbox("faults", name="account_gone", account="wb_main", restore=True)

    week = office.page("/reports").css("a[href^='/reports/']::attr(href)").getall()
    report = flat(words_of(office.page(next(one for one in week if re.search(r"W\d\d$", one))).css("body")[0]))
    assert "本周看到账号变动3件（账号已改名1、账号失去认证1、账号不见了1），尚待处理" in report


def words_of_text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
