"""Weibo's cursors and WeChat's offsets behave as the platforms' notes say, traps included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.crawlers.sandbox.conftest import Sandbox


def _ids(body: dict[str, Any]) -> list[int]:
    return [row["id"] for row in body["comments"]]


def _post(sandbox: Sandbox, comments: int) -> dict[str, Any]:
    made: dict[str, Any] = sandbox.control("post", account="wb_main", text="新微博")
    for n in range(comments):
        sandbox.control("comment", thread=made["thread"], text=f"第{n}条")
        sandbox.clock.advance(1)
    return made


def test_since_id_gives_the_newest_rows_above_it(sandbox: Sandbox) -> None:
    post = _post(sandbox, 30)
    everything = _ids(sandbox.weibo("comments/show", id=post["id"]).json())
    oldest = everything[-1]
    page = _ids(sandbox.weibo("comments/show", id=post["id"], since_id=oldest, count=10).json())
    assert page == everything[:10]
    assert oldest not in _ids(sandbox.weibo("comments/show", id=post["id"], since_id=oldest).json())


def test_max_id_is_inclusive_so_pages_overlap_by_one(sandbox: Sandbox) -> None:
    post = _post(sandbox, 12)
    first = sandbox.weibo("comments/show", id=post["id"], count=5).json()
    second = sandbox.weibo("comments/show", id=post["id"], count=5, max_id=_ids(first)[-1]).json()
    assert _ids(second)[0] == _ids(first)[-1]
    assert first["next_cursor"] == _ids(first)[-1]


def test_last_page_has_no_next_cursor(sandbox: Sandbox) -> None:
    post = _post(sandbox, 4)
    assert sandbox.weibo("comments/show", id=post["id"], count=5).json()["next_cursor"] == 0


def test_page_parameter_counts_from_one(sandbox: Sandbox) -> None:
    post = _post(sandbox, 12)
    everything = _ids(sandbox.weibo("comments/show", id=post["id"]).json())
    assert _ids(sandbox.weibo("comments/show", id=post["id"], count=5, page=2).json()) == everything[5:10]


def test_count_above_the_limit_is_cut(sandbox: Sandbox) -> None:
    assert len(sandbox.weibo("comments/to_me", count=200).json()["comments"]) == 50


def test_total_number_is_no_count_of_rows_to_get(sandbox: Sandbox) -> None:
    body = sandbox.weibo("statuses/user_timeline", count=100).json()
    assert body["total_number"] > 10 * len(body["statuses"])
    post = _post(sandbox, 3)
    sandbox.fault("vanish")
    shown = sandbox.weibo("comments/show", id=post["id"]).json()
    assert (len(shown["comments"]), shown["total_number"]) == (2, 3)


def test_timeline_holds_only_own_posts_newest_first(sandbox: Sandbox) -> None:
    rows = sandbox.weibo("statuses/user_timeline", count=100).json()["statuses"]
    assert {row["user"]["idstr"] for row in rows} == {"9000000001"}
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids, reverse=True)


def test_timeline_trims_the_user_to_an_id(sandbox: Sandbox) -> None:
    assert sandbox.weibo("statuses/user_timeline", trim_user=1).json()["statuses"][0]["user"] == 9000000001


def test_to_me_carries_the_post_and_leaves_out_own_words(sandbox: Sandbox) -> None:
    post = _post(sandbox, 1)
    sandbox.control("comment", thread=post["thread"], text="官方回复", author=-1)
    top = sandbox.weibo("comments/to_me").json()["comments"][0]
    assert top["text"] == "第0条"
    assert top["status"]["id"] == post["id"]
    assert top["status"]["text"] == "新微博"
    shown = sandbox.weibo("comments/show", id=post["id"]).json()["comments"]
    assert [row["text"] for row in shown] == ["官方回复", "第0条"]


def test_to_me_never_mixes_two_accounts(sandbox: Sandbox) -> None:
    sandbox.control("post", account="wb_tw", text="团委", key="tw")
    sandbox.control("comment", thread="tw", text="给团委的话")
    texts = [row["text"] for row in sandbox.weibo("comments/to_me").json()["comments"]]
    assert "给团委的话" not in texts
    mine = sandbox.weibo("comments/to_me", token="2.00SANDBOXwbtwNOTASECRET").json()["comments"]
    assert mine[0]["text"] == "给团委的话"


def test_reply_names_and_carries_the_comment_it_answers(sandbox: Sandbox) -> None:
    post = _post(sandbox, 1)
    first = sandbox.weibo("comments/to_me").json()["comments"][0]
    sandbox.control("comment", thread=post["thread"], text="同问", answers=first["id"])
    reply = sandbox.weibo("comments/to_me").json()["comments"][0]
    assert reply["reply_comment"]["id"] == first["id"]
    assert reply["text"] == f"回复@{first['user']['screen_name']}:同问"


def test_show_batch_tells_which_comments_still_stand(sandbox: Sandbox) -> None:
    post = _post(sandbox, 3)
    ids = _ids(sandbox.weibo("comments/show", id=post["id"]).json())
    sandbox.control("delete", comment=ids[1])
    answer = sandbox.weibo("comments/show_batch", cids=",".join(map(str, ids))).json()
    assert [row["id"] for row in answer] == [ids[0], ids[2]]
    sandbox.control("delete", comment=ids[1], restore=True)
    assert len(sandbox.weibo("comments/show_batch", cids=",".join(map(str, ids))).json()) == 3


def test_wechat_pages_by_offset_newest_first(sandbox: Sandbox) -> None:
    mid = sandbox.article(7)
    first = sandbox.comments(mid, begin=0, count=4).json()
    second = sandbox.comments(mid, begin=3, count=4).json()
    assert [row["user_comment_id"] for row in first["comment"]] == [7, 6, 5, 4]
    assert [row["user_comment_id"] for row in second["comment"]] == [4, 3, 2, 1]
    assert first["total"] == second["total"] == 7


def test_wechat_types_split_ordinary_and_selected(sandbox: Sandbox) -> None:
    mid = sandbox.article(20)
    counts = [len(sandbox.comments(mid, type=sort).json()["comment"]) for sort in (0, 1, 2)]
    assert counts[0] == 20 == counts[1] + counts[2]
    assert {row["comment_type"] for row in sandbox.comments(mid, type=2).json()["comment"]} == {1}


def test_mass_sent_article_appears_only_in_figures_of_the_day_after(sandbox: Sandbox) -> None:
    made = sandbox.control("post", account="wx_main", title="群发的通知", text="群发", mass=True)

    def listed() -> bool:
        items = sandbox.wechat("cgi-bin/freepublish/batchget", offset=0, count=20).json()["item"]
        return any(row["title"] == "群发的通知" for item in items for row in item["content"]["news_item"])

    def figures() -> Any:
        day = {"begin_date": "2026-11-20", "end_date": "2026-11-20"}
        return sandbox.wechat("datacube/getarticletotaldetail", **day).json()

    assert not listed()
    sandbox.control("clock", now="2026-11-21T07:59:00+08:00")
    assert figures() == {"list": [], "is_delay": True}
    sandbox.control("clock", now="2026-11-21T08:00:00+08:00")
    row = next(row for row in figures()["list"] if row["title"] == "群发的通知")
    assert (row["msgid"], row["publish_type"]) == (f"{made['id']}_1", 0)
    assert not listed()
    assert sandbox.comments(made["id"], index=0).json()["errcode"] == 0


def test_mass_sent_article_stands_in_the_past(sandbox: Sandbox) -> None:
    sandbox.world.catch_up()
    mass = [t for t in sandbox.world.threads.values() if t.mass]
    assert sorted(t.account.key for t in mass) == ["wx_hq", "wx_main"]
    assert all(t.at < sandbox.world.epoch for t in mass)
