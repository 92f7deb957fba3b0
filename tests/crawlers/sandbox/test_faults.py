"""Each fault does on the server what its row in the README says."""

from __future__ import annotations

import asyncio
import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from crawlers.sandbox import faults, hand

if TYPE_CHECKING:
    from tests.crawlers.sandbox.conftest import Sandbox

README = Path(faults.__file__).with_name("README.md").read_text()


def _rows(sandbox: Sandbox, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sandbox.weibo("comments/to_me", **params).json()["comments"]
    return rows


def _ids(sandbox: Sandbox, **params: Any) -> list[int]:
    return [row["id"] for row in _rows(sandbox, **params)]


def test_readme_names_every_fault_and_no_other() -> None:
    table = README.split("| fault | no. |")[1].split("Without a switch")[0]
    first = [line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|")]
    assert {name for cell in first for name in re.findall(r"`(\w+)`", cell)} == {*faults.STANDING, *hand.DEEDS}


def test_newest_row_is_deleted_and_the_rest_stays(sandbox: Sandbox) -> None:
    before = _ids(sandbox)
    assert sandbox.fault("row_deleted") == {"done": [before[0]]}
    assert _ids(sandbox)[:49] == before[1:]


def test_burst_brings_130_new_rows_above_the_cursor(sandbox: Sandbox) -> None:
    cursor = _ids(sandbox)[0]
    sandbox.fault("burst")
    found: set[int] = set()
    up_to = 0
    while page := _ids(sandbox, since_id=cursor, max_id=up_to):
        found.update(page)
        up_to = page[-1] - 1
    assert len(found) == 130


def test_third_page_fails_and_works_again_when_asked_anew(sandbox: Sandbox) -> None:
    sandbox.fault("page_fails", page=3, times=1)
    one = _ids(sandbox, count=10)
    two = _ids(sandbox, count=10, max_id=one[-1])
    assert sandbox.weibo("comments/to_me", count=10, max_id=two[-1]).status_code == 503
    one = _ids(sandbox, count=10)
    two = _ids(sandbox, count=10, max_id=one[-1])
    assert sandbox.weibo("comments/to_me", count=10, max_id=two[-1]).status_code == 200


def test_rows_shift_between_two_pages_of_wechat(sandbox: Sandbox) -> None:
    mid = sandbox.article(20)
    sandbox.fault("shift_while_paging", new=3, deleted=0, path="comment/list")
    first = sandbox.comments(mid, count=10).json()
    second = sandbox.comments(mid, count=10, begin=10).json()
    assert [row["user_comment_id"] for row in first["comment"]] == list(range(20, 10, -1))
    assert [row["user_comment_id"] for row in second["comment"]] == list(range(13, 3, -1))
    assert (first["total"], second["total"]) == (20, 23)


def test_rows_just_shown_are_deleted_between_two_pages(sandbox: Sandbox) -> None:
    mid = sandbox.article(20)
    sandbox.fault("shift_while_paging", new=0, deleted=2)
    sandbox.comments(mid, count=10)
    second = sandbox.comments(mid, count=10, begin=10).json()
    assert [row["user_comment_id"] for row in second["comment"]] == list(range(8, 0, -1))
    assert second["total"] == 18


def test_soft_empty_first_page_claims_success(sandbox: Sandbox) -> None:
    sandbox.fault("soft_empty_page1", times=1)
    body = sandbox.weibo("comments/to_me").json()
    assert (body["comments"], body["total_number"]) == ([], 0)
    assert len(_ids(sandbox)) == 50
    mid = sandbox.article(3)
    sandbox.fault("soft_empty_page1", times=1, path="comment/list")
    assert sandbox.comments(mid).json() == {"errcode": 0, "errmsg": "ok", "total": 0, "comment": []}


def test_soft_empty_second_page_leaves_the_first_alone(sandbox: Sandbox) -> None:
    sandbox.fault("soft_empty_page2")
    first = _ids(sandbox)
    assert len(first) == 50
    assert _ids(sandbox, max_id=first[-1]) == []


def test_capped_list_ends_early_and_claims_more(sandbox: Sandbox) -> None:
    mid = sandbox.article(30)
    sandbox.fault("capped_list", rows=20, total=900)
    body = sandbox.comments(mid).json()
    assert (len(body["comment"]), body["total"]) == (20, 900)
    assert sandbox.weibo("comments/to_me", count=50).json()["total_number"] == 900
    assert len(_ids(sandbox)) == 20


def test_flickering_comment_is_missing_for_one_scan_only(sandbox: Sandbox) -> None:
    before = _ids(sandbox)
    sandbox.fault("flicker")
    assert before[0] not in _ids(sandbox)
    assert _ids(sandbox) == before


def test_flicker_hides_a_named_comment_from_batch_too(sandbox: Sandbox) -> None:
    one, two = _ids(sandbox)[:2]
    sandbox.fault("flicker", comment=str(two), scans=2)
    for expected in ([one], [one], [one, two]):
        assert [row["id"] for row in sandbox.weibo("comments/show_batch", cids=f"{one},{two}").json()] == expected


def test_vanished_comment_stays_gone(sandbox: Sandbox) -> None:
    third = _ids(sandbox)[2]
    sandbox.fault("vanish", comment=str(third))
    for _ in range(3):
        sandbox.clock.advance(3600)
        assert third not in _ids(sandbox)


def test_mass_vanish_takes_about_two_fifths_and_gives_them_back(sandbox: Sandbox) -> None:
    mid = sandbox.control("post", account="wb_main", text="热帖")["id"]
    sandbox.fault("burst", n=200)
    sandbox.fault("mass_vanish")
    seen, up_to = 0, 0
    while page := sandbox.weibo("comments/show", id=mid, max_id=up_to).json()["comments"]:
        seen, up_to = seen + len(page), page[-1]["id"] - 1
    assert 90 <= seen <= 150
    sandbox.call("DELETE", "/control/faults")
    assert len(_ids(sandbox)) == 50


def test_edited_text_keeps_the_id(sandbox: Sandbox) -> None:
    before = _rows(sandbox)[0]
    sandbox.fault("edited_text", text="改成这样")
    after = _rows(sandbox)[0]
    assert (after["id"], after["text"][-4:]) == (before["id"], "改成这样")


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_throttle_says_when_to_come_back_in_three_forms(sandbox: Sandbox, form: str) -> None:
    sandbox.fault("throttle", form=form, seconds=90, times=1)
    answer = sandbox.weibo("comments/to_me")
    assert answer.status_code == 429
    after = answer.headers.get("retry-after")
    if form == "seconds":
        assert after == "90"
    elif form == "date":
        assert (parsedate_to_datetime(after) - parsedate_to_datetime(answer.headers["date"])).total_seconds() == 90
    else:
        assert after is None
    assert sandbox.weibo("comments/to_me").status_code == 200


def test_spent_quota_comes_back_at_shanghai_midnight(sandbox: Sandbox) -> None:
    sandbox.fault("quota_spent", account="wb_main", times=1)
    assert sandbox.weibo("comments/to_me").json()["error_code"] == 10023
    assert sandbox.weibo("comments/to_me").json()["error_code"] == 10023
    sandbox.control("clock", now="2026-11-21T00:00:00+08:00")
    assert sandbox.weibo("comments/to_me").status_code == 200


def test_wechat_token_ends_in_mid_scan_and_one_refresh_mends_it(sandbox: Sandbox) -> None:
    mid = sandbox.article(5)
    old = sandbox.token().json()["access_token"]
    sandbox.fault("token_ended", after=1, account="wx_main")
    assert sandbox.comments(mid, token=old).json()["errcode"] == 0
    assert sandbox.comments(mid, token=old).json()["errcode"] == 42001
    assert sandbox.comments(mid, token=old).json()["errcode"] == 40001
    new = sandbox.token().json()["access_token"]
    assert new != old
    assert [sandbox.comments(mid, token=new).json()["errcode"] for _ in range(3)] == [0, 0, 0]


def test_weibo_token_that_ended_needs_a_person(sandbox: Sandbox) -> None:
    sandbox.fault("token_ended")
    assert [sandbox.weibo("comments/to_me").json()["error_code"] for _ in range(3)] == ["21327"] * 3
    sandbox.call("DELETE", "/control/faults", params={"name": "token_ended"})
    assert sandbox.weibo("comments/to_me").status_code == 200


@pytest.mark.parametrize(("name", "kind"), [("code_as_string", str), ("code_as_int", int)])
def test_error_code_is_written_as_string_or_number(sandbox: Sandbox, name: str, kind: type) -> None:
    sandbox.fault(name)
    assert isinstance(sandbox.weibo("comments/to_me", token="2.00nobody").json()["error_code"], kind)
    sandbox.fault("token_ended")
    assert isinstance(sandbox.weibo("comments/to_me").json()["error_code"], kind)
    assert isinstance(sandbox.comments(1, token="nobody").json()["errcode"], kind)


def test_errors_may_come_with_status_200(sandbox: Sandbox) -> None:
    sandbox.fault("errors_with_200")
    answer = sandbox.weibo("comments/to_me", token="2.00nobody")
    assert (answer.status_code, answer.json()["error_code"]) == (200, 21332)


def test_captcha_empty_body_and_cut_json_come_with_200(sandbox: Sandbox) -> None:
    sandbox.fault("captcha_html", times=1)
    answer = sandbox.weibo("comments/to_me")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "安全验证" in answer.text
    sandbox.fault("empty_body", times=1)
    assert sandbox.weibo("comments/to_me").content == b""
    sandbox.fault("cut_json", times=1)
    cut = sandbox.weibo("comments/to_me").content
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|decode"):
        json.loads(cut)
    assert cut.startswith(b'{"comments"')


def test_minute_quota_and_server_error_are_answered(sandbox: Sandbox) -> None:
    sandbox.fault("minute_quota", path="comment/list", times=1)
    assert sandbox.comments(1).json()["errcode"] == 45011
    sandbox.fault("server_error", status=502, times=1)
    assert sandbox.weibo("comments/to_me").status_code == 502


def test_openid_is_missing_in_every_row(sandbox: Sandbox) -> None:
    mid = sandbox.article(20)
    assert any("openid" in row for row in sandbox.comments(mid).json()["comment"])
    sandbox.fault("openid_missing")
    assert not any("openid" in row for row in sandbox.comments(mid).json()["comment"])


def test_new_field_and_type_change_alter_the_rows(sandbox: Sandbox) -> None:
    sandbox.fault("new_field")
    assert all(row["sandbox_new_field"]["kind"] == 7 for row in _rows(sandbox))
    sandbox.fault("type_change", path="timeline")
    row = sandbox.weibo("statuses/user_timeline").json()["statuses"][0]
    assert isinstance(row["id"], list)
    assert isinstance(row["text"], dict)


def test_personal_markers_stand_in_every_answer(sandbox: Sandbox) -> None:
    text = sandbox.weibo("comments/to_me").text
    for marker in ("网友阿檀", "avatar.invalid/atan", "虚构省"):
        assert marker in text
    sandbox.fault("personal_fields")
    assert re.search(r'"client_ip":"192\.0\.2\.\d+"', sandbox.weibo("comments/to_me").text.replace(" ", ""))
    assert "ip_region" in sandbox.comments(sandbox.article()).text


def test_false_numbers_are_spaced_and_in_full_width(sandbox: Sandbox) -> None:
    sandbox.fault("phone_numbers")
    texts = " ".join(row["text"] for row in _rows(sandbox))
    assert "138 0000 0000" in texts
    assert "１３９００００１１１１" in texts
    assert "１１０１０１" in texts


def test_account_without_rights_is_told_so(sandbox: Sandbox) -> None:
    mid = sandbox.article()
    sandbox.fault("not_enterprise", account="wx_hq")
    assert sandbox.comments(mid).json()["errcode"] == 0
    sandbox.fault("not_enterprise", account="wx_main")
    assert sandbox.comments(mid).json()["errcode"] == 48001


def test_timeline_may_be_limited_to_five_posts(sandbox: Sandbox) -> None:
    sandbox.fault("timeline_latest_5")
    assert len(sandbox.weibo("statuses/user_timeline", count=100).json()["statuses"]) == 5


def test_status_inside_comments_may_be_shortened(sandbox: Sandbox) -> None:
    made = sandbox.control("post", account="wb_main", text="很长的通知" * 20)
    sandbox.control("comment", thread=made["thread"], text="好长")
    sandbox.fault("status_text_cut")
    assert _rows(sandbox)[0]["status"]["text"].endswith("……")


def test_articles_may_come_in_no_order(sandbox: Sandbox) -> None:
    def listed() -> list[str]:
        items = sandbox.wechat("cgi-bin/freepublish/batchget", offset=0, count=20).json()["item"]
        return [item["article_id"] for item in items]

    before = listed()
    sandbox.fault("articles_shuffled")
    assert listed() != before
    assert sorted(listed()) == sorted(before)


def test_date_header_is_the_sandbox_clock_and_may_be_off(sandbox: Sandbox) -> None:
    right = parsedate_to_datetime(sandbox.weibo("comments/to_me").headers["date"])
    assert right == sandbox.clock.now()
    sandbox.fault("clock_off")
    wrong = parsedate_to_datetime(sandbox.weibo("comments/to_me").headers["date"])
    assert (wrong - right).total_seconds() == 180


def test_slow_answer_lets_others_pass(sandbox: Sandbox) -> None:
    sandbox.fault("slow", delay_s=0.2, path="user_timeline")
    order: list[str] = []

    async def ask(call: str) -> None:
        transport = httpx.ASGITransport(sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.invalid") as client:
            await client.get(f"/sim/weibo/2/{call}.json", params={"access_token": sandbox.weibo_token})
        order.append(call)

    async def both() -> None:
        await asyncio.gather(ask("statuses/user_timeline"), ask("comments/to_me"))

    asyncio.run(both())
    assert order == ["comments/to_me", "statuses/user_timeline"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "no_such_fault"},
        {"name": "throttle", "colour": "red"},
        {"name": "throttle", "seconds": "viele"},
        {"name": "throttle", "account": "wb_nobody"},
        {"name": "burst", "colour": "red"},
        {"name": "vanish", "comment": "17"},
    ],
)
def test_wrong_fault_is_refused_with_a_sentence(sandbox: Sandbox, body: dict[str, Any]) -> None:
    answer = sandbox.call("POST", "/control/faults", json=body)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 15


def test_log_tells_calls_and_faults_without_tokens(sandbox: Sandbox) -> None:
    sandbox.fault("soft_empty_page1", times=1)
    sandbox.weibo("comments/to_me", count=7)
    sandbox.token()
    served = sandbox.call("GET", "/control/log").json()["served"]
    assert [row["path"].rsplit("/", 1)[1] for row in served] == ["to_me.json", "stable_token"]
    assert served[0]["params"] == {"count": "7"}
    assert served[0]["faults"] == ["soft_empty_page1"]
    assert sandbox.weibo_token not in str(served)
    assert sandbox.secret not in str(served)
    assert sandbox.call("GET", "/control/log", params={"path": "weibo"}).json()["served"] == served[:1]
