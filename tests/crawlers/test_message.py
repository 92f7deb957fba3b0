"""A private message typed in: redacted, without a writer, once, and refused with every fault named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.message import read_message
from stream.account import Account
from stream.post import Kind, Post

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
BOOK = {
    "wx": Account("S", "wx", "wechat", "风林后勤", "gh", "后勤处", "wechat", NOW),
    "off": Account("S", "off", "wechat", "停用号", "gh2", "后勤处", "wechat", NOW, active=False),
}
FORM = {"account": "wx", "text": "请问转专业要什么条件？我的电话13812345678", "sent_at": "2026-11-20T15:30"}


def take(**changes: str) -> Post:
    read = read_message(FORM | changes, "S", BOOK, NOW)
    assert isinstance(read, Post)
    return read


def test_a_message_is_a_post_of_the_account_with_its_time_and_without_a_writer() -> None:
    post = take()
    assert (post.kind, post.platform, post.account_id, post.author_key) == (Kind.MESSAGE, "wechat", "wx", "")
    assert post.published_at == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
    assert "13812345678" not in post.text
    assert post.thread_id == post.id


def test_the_same_message_twice_is_one_and_another_minute_is_another() -> None:
    assert take().id == take().id
    assert take().id != take(sent_at="2026-11-20T15:31").id
    assert take(sent_at="").published_at == NOW


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"account": "off"}, "账号"), ({"account": "nobody"}, "账号"), ({"text": " "}, "原文"),
     ({"sent_at": "2026-11-21T15:30"}, "来信时间"), ({"sent_at": "昨天"}, "来信时间")],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_taken(changes: dict[str, str], column: str) -> None:
    read = read_message(FORM | changes, "S", BOOK, NOW)
    assert isinstance(read, list)
    assert [one.column for one in read] == [column]
