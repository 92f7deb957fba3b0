"""Wrong calls are refused with the platform's own codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.crawlers.sandbox.conftest import Sandbox


@pytest.mark.parametrize(
    ("call", "params", "code"),
    [
        ("statuses/user_timeline", {"token": ""}, 10006),
        ("comments/to_me", {"token": "2.00nobody"}, 21332),
        ("statuses/user_timeline", {"uid": "9000000002"}, 21335),
        ("statuses/user_timeline", {"screen_name": "别的学校"}, 21335),
        ("comments/to_me", {"count": "viele"}, 10017),
        ("comments/to_me", {"since_id": "-5"}, 10017),
        ("comments/show", {}, 10016),
        ("comments/show", {"id": "1"}, 20101),
        ("comments/show_batch", {}, 10016),
        ("comments/show_batch", {"cids": ",".join(str(n) for n in range(51))}, 10017),
        ("comments/nowhere", {}, 10020),
    ],
)
def test_weibo_refuses_wrong_call_with_its_code(sandbox: Sandbox, call: str, params: dict[str, Any], code: int) -> None:
    answer = sandbox.weibo(call, **params)
    assert answer.status_code >= 400
    assert int(answer.json()["error_code"]) == code
    assert answer.json()["request"] == f"/2/{call}.json"


def test_weibo_timeline_by_post_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.call("POST", "/sim/weibo/2/comments/to_me.json", params={"access_token": sandbox.weibo_token})
    assert answer.json()["error_code"] == 10021


def test_weibo_takes_its_token_from_the_header_too(sandbox: Sandbox) -> None:
    header = {"Authorization": f"OAuth2 {sandbox.weibo_token}"}
    assert sandbox.call("GET", "/sim/weibo/2/comments/to_me.json", headers=header).status_code == 200


def test_weibo_token_info_tells_owner_and_end(sandbox: Sandbox) -> None:
    answer = sandbox.call("POST", "/sim/weibo/oauth2/get_token_info", data={"access_token": sandbox.weibo_token})
    assert answer.json()["uid"] == 9000000001
    assert answer.json()["expire_in"] == 30 * 86400


def test_weibo_token_ends_after_thirty_days(sandbox: Sandbox) -> None:
    sandbox.clock.advance(30 * 86400)
    assert sandbox.weibo("comments/to_me").json()["error_code"] == "21327"


def test_weibo_quota_is_hundred_a_shanghai_day(make: type[Sandbox]) -> None:
    sandbox = make(start="2026-11-20T23:30:00+08:00", weibo_quota=100)
    codes = [sandbox.weibo("comments/to_me").json().get("error_code", 0) for _ in range(101)]
    assert codes == [0] * 100 + [10023]
    assert sandbox.weibo("comments/to_me", token="2.00SANDBOXwbtwNOTASECRET").status_code == 200
    sandbox.clock.advance(29 * 60 + 59)
    assert sandbox.weibo("comments/to_me").json()["error_code"] == 10023
    sandbox.clock.advance(1)
    assert sandbox.weibo("comments/to_me").status_code == 200


def test_quota_can_be_set_and_read(sandbox: Sandbox) -> None:
    sandbox.control("quota", weibo=1)
    sandbox.weibo("comments/to_me")
    assert sandbox.weibo("comments/to_me").json()["error_code"] == 10023
    assert sandbox.call("GET", "/control/quota").json()["weibo"] == {"limit": 1, "used": {"wb_main": 1, "wb_tw": 0}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"count": 50}, 88010),
        ({"count": 0}, 88010),
        ({"index": 1}, 88001),
        ({"msg_data_id": 1}, 88001),
        ({"msg_data_id": "x"}, 47001),
        ({"begin": -1}, 40097),
        ({"type": 3}, 40097),
    ],
)
def test_wechat_refuses_wrong_comment_call(sandbox: Sandbox, body: dict[str, Any], code: int) -> None:
    asked = {"msg_data_id": sandbox.article(), "index": 0, "begin": 0, "count": 49, "type": 0, **body}
    answer = sandbox.wechat("cgi-bin/comment/list", **asked)
    assert answer.status_code == 200
    assert answer.json()["errcode"] == code
    assert "rid: " in answer.json()["errmsg"]


def test_wechat_count_of_forty_nine_is_taken(sandbox: Sandbox) -> None:
    assert sandbox.comments(sandbox.article(), count=49).json()["errcode"] == 0


def test_wechat_index_counts_from_zero_within_a_bundle(sandbox: Sandbox) -> None:
    first = sandbox.control("post", account="wx_main", title="甲", text="甲", key="a", bundle="ab")
    second = sandbox.control("post", account="wx_main", title="乙", text="乙", key="b", bundle="ab")
    sandbox.control("comment", thread="b", text="第二篇的评论")
    assert (first["id"], first["index"], second["index"]) == (second["id"], 0, 1)
    assert sandbox.comments(first["id"], index=1).json()["comment"][0]["content"] == "第二篇的评论"
    assert sandbox.comments(first["id"], index=0).json()["comment"] == []
    assert sandbox.comments(first["id"], index=2).json()["errcode"] == 88001


def test_wechat_article_of_another_account_is_not_there(sandbox: Sandbox) -> None:
    other = sandbox.control("post", account="wx_hq", title="菜单", text="菜单")
    assert sandbox.comments(other["id"]).json()["errcode"] == 88001


def test_wechat_deleted_article_answers_88001_and_stays_listed(sandbox: Sandbox) -> None:
    made = sandbox.control("post", account="wx_main", title="撤下", text="撤下")
    sandbox.control("delete", thread=made["thread"])
    assert sandbox.comments(made["id"]).json()["errcode"] == 88001
    top = sandbox.wechat("cgi-bin/freepublish/batchget", offset=0, count=1).json()["item"][0]
    assert top["content"]["news_item"][0]["is_deleted"] is True


@pytest.mark.parametrize("count", [0, 21])
def test_wechat_batchget_refuses_counts_outside_one_to_twenty(sandbox: Sandbox, count: int) -> None:
    assert sandbox.wechat("cgi-bin/freepublish/batchget", offset=0, count=count).json()["errcode"] == 40097


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": "wxnobody"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_wechat_token_refuses_wrong_credentials(sandbox: Sandbox, body: dict[str, Any], code: int) -> None:
    assert sandbox.token(**body).json()["errcode"] == code


def test_wechat_needs_post_a_body_and_a_token(sandbox: Sandbox) -> None:
    assert sandbox.call("GET", "/sim/wechat/cgi-bin/comment/list").json()["errcode"] == 43002
    assert sandbox.wechat("cgi-bin/comment/list", token="").json()["errcode"] == 41001
    token = sandbox.token().json()["access_token"]
    answer = sandbox.call("POST", "/sim/wechat/cgi-bin/comment/list", params={"access_token": token}, content=b"<xml/>")
    assert answer.json()["errcode"] == 47001


def test_stable_token_is_the_same_until_near_its_end(sandbox: Sandbox) -> None:
    first = sandbox.token().json()
    sandbox.clock.advance(3600)
    assert sandbox.token().json() == {"access_token": first["access_token"], "expires_in": 3600}
    sandbox.clock.advance(3600 - 299)
    second = sandbox.token().json()
    assert second["access_token"] != first["access_token"]
    mid = sandbox.article()
    assert sandbox.comments(mid, token=first["access_token"]).json()["errcode"] == 0  # lasts out beside the new one
    sandbox.clock.advance(299)
    assert sandbox.comments(mid, token=first["access_token"]).json()["errcode"] == 42001
    assert sandbox.comments(mid, token=second["access_token"]).json()["errcode"] == 0


def test_forced_refresh_ends_the_old_token_at_once(sandbox: Sandbox) -> None:
    old = sandbox.token().json()["access_token"]
    new = sandbox.token(force_refresh=True).json()["access_token"]
    mid = sandbox.article()
    assert sandbox.comments(mid, token=old).json()["errcode"] == 40001
    assert sandbox.comments(mid, token=new).json()["errcode"] == 0


def test_forced_refresh_is_limited_in_pace_and_number(sandbox: Sandbox) -> None:
    sandbox.token()
    assert "access_token" in sandbox.token(force_refresh=True).json()
    assert sandbox.token(force_refresh=True).json()["errcode"] == 45011
    for _ in range(19):
        sandbox.clock.advance(30)
        assert "access_token" in sandbox.token(force_refresh=True).json()
    sandbox.clock.advance(30)
    assert sandbox.token(force_refresh=True).json()["errcode"] == 45009


def test_day_figures_refuse_unfinished_days_and_spans(sandbox: Sandbox) -> None:
    def ask(begin: str, end: str) -> int:
        answer = sandbox.wechat("datacube/getarticletotaldetail", begin_date=begin, end_date=end).json()
        return int(answer.get("errcode", 0))

    assert ask("2026-11-20", "2026-11-20") == 61501
    assert ask("2026-11-17", "2026-11-18") == 61501
    assert ask("20261118", "heute") == 61500
    assert ask("2026-11-19", "2026-11-19") == 0
