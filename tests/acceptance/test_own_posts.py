"""What the school's own accounts publish, in the demo: a permit is asked for and used; without one a post is found."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.acceptance.standing import Standing, eventually, words_of

pytestmark = pytest.mark.long

KEEPER, GIVER, OFFICE = "zhou.yiming", "xu.mingde", "ye.chuqing"
ALLOWED = "今日上午我院实训车间突发火情，现场师生均已疏散，无人员受伤，原因正在调查，请以学校通报为准"
ALONE = "昨晚我院一名学生在操场晕倒受伤，目前已送医救治，家属正在赶来"


def place_of(answer: httpx.Response) -> str:
    """Where the form led: the last part of the address."""
    assert answer.status_code == 200, answer.text[:400]
    return answer.url.path.rpartition("/")[2]


def account_of(spare: Standing) -> str:
    """The keeper's own account, as the form offers it."""
    (found,) = spare.signed_in(KEEPER).page("/permits").css("select[name=account] option::attr(value)").getall()
    return found


@pytest.fixture
def permit(spare: Standing) -> str:
    """A permit for ALLOWED, asked for by the keeper and granted by whom the school entered."""
    keeper, giver = spare.signed_in(KEEPER), spare.signed_in(GIVER)
    asked = keeper.send(
        "/permits", "/permits", account=account_of(spare), subject="实训车间火情", text=ALLOWED, why="家长询问多"
    )
    number = place_of(asked)
    assert re.fullmatch(r"SQ-\d{4}-\d{4}", number)
    eventually("the one who decides is written to", lambda: spare.mails(to=GIVER, words="授权"), 30)
    refused = keeper.send(f"/permits/{number}/decide", f"/permits/{number}", grant="yes")
    assert refused.status_code == 409
    assert "未作任何更改" in refused.text
    granted = giver.send(f"/permits/{number}/decide", f"/permits/{number}", grant="yes", why="同意")
    assert "已授权" in words_of_answer(granted)
    eventually("who asked is told", lambda: spare.mails(to=KEEPER, words="授权"), 30)
    return number


def words_of_answer(answer: httpx.Response) -> str:
    return re.sub(r"<[^>]+>", " ", answer.text)


def test_a_post_under_a_permit_is_matched_by_the_crawler_and_raises_nothing(spare: Standing, permit: str) -> None:
    keeper = spare.signed_in(KEEPER)
    spare.sandbox("post", account="wb_tw", key=f"own-{permit}", text=ALLOWED.replace("正在调查", "正在核查"))

    def used() -> str:
        page = words_of(keeper.page(f"/permits/{permit}").css("main")[0])
        return page if "已发布的内容（存档）" in page else ""

    page = eventually("the permit is used", used, 120)
    assert "与授权的文字相同" in page
    listed = words_of(spare.signed_in(OFFICE).page("/own-posts").css("main")[0])
    assert "风林职院团委" not in listed


def test_a_post_without_leave_is_found_explained_and_decided_by_persons(spare: Standing) -> None:
    keeper, office = spare.signed_in(KEEPER), spare.signed_in(OFFICE)
    spare.sandbox("post", account="wb_tw", key="own-alone", text=ALONE)

    def found() -> str:
        rows = [row for row in office.page("/own-posts").css("tbody tr") if "风林职院团委" in words_of(row)]
        return rows[0].css("a::text").get("") if rows else ""

    number = eventually("the post is found", found, 120)
    path = f"/own-posts/{number}"
    page = words_of(office.page(path).css("main")[0])
    assert "第十条" in page
    assert "晕倒" in page
    incident = office.page(path).css("a[href^='/incidents/FX']::text").get("")
    mails = eventually("the keeper is told by mail", lambda: spare.mails(to=KEEPER, words=incident), 30)
    assert "晕倒" not in mails[0].subject

    assert keeper.send(f"{path}/decide", path, verdict="dismiss", why="我认为不算").status_code == 403
    assert "单位已说明" in words_of_answer(keeper.send(f"{path}/explain", path, text="值班同学自行发布"))
    empty = office.send(f"{path}/decide", path, verdict="confirm", why="")
    assert empty.status_code == 409
    assert "认定属实" in words_of_answer(office.send(f"{path}/decide", path, verdict="confirm", why="确未授权"))
    assert number in words_of(office.page(f"/incidents/{incident}").css("body")[0])
