"""What a hand can do to the world at once: write, edit, delete, and the faults that are single deeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crawlers.sandbox.happening import NewComment, NewThread
from crawlers.sandbox.people import Account
from crawlers.sandbox.phrases import numbers_lines
from crawlers.sandbox.thread import Comment, Thread
from crawlers.sandbox.world import World

_CROWD_FROM = 700


def _account(world: World, params: dict[str, Any]) -> Account:
    """The named account, or the first of the platform (Weibo unless said). Raises KeyError with a sentence."""
    if params.get("account"):
        return world.account(str(params["account"]))
    platform = str(params.get("platform", "weibo"))
    for account in world.accounts.values():
        if account.platform == platform:
            return account
    raise KeyError(f"no platform {platform!r}; there are weibo and wechat")


def find_thread(world: World, params: dict[str, Any], now: datetime) -> Thread:
    """The thread named, or the account's newest with comments open. Raises KeyError with a sentence."""
    if params.get("thread"):
        return world.find_thread(str(params["thread"]))
    account = _account(world, params)
    for thread in world.threads_of(account, now):
        if not thread.closed:
            return thread
    raise KeyError(f"no post of {account.key!r} stands yet; POST /control/post makes one")


def write(
    world: World, thread: Thread, text: str, at: datetime, author: int | None = None, answers: Comment | None = None
) -> Comment:
    """Write a comment by hand; author -1 is the account itself, None a new person each time."""
    number = next(world.by_hand)
    who = _CROWD_FROM + number % 300 if author is None else author
    made = world.add_comment(thread, NewComment(at, f"hand:{number}", text=text, author=who), by_hand=True)
    made.answers = answers
    return made


def publish(world: World, account: str, text: str, at: datetime, params: dict[str, Any]) -> Thread:
    """Publish a post or article by hand; `mass` makes a mass-sent article, `bundle` joins articles under one mid."""
    key = str(params.get("key") or f"hand-{next(world.by_hand)}")
    if key in world.threads:
        raise ValueError(f"a thread {key!r} exists already; choose another key")
    bundle = str(params.get("bundle") or key)
    what = NewThread(
        at, key, account, text, str(params.get("title", "")), str(params.get("topic", "general")), bundle,
        mass=bool(params.get("mass", False)), closed=bool(params.get("closed", False)),
    )  # fmt: skip
    return world.add_thread(what, by_hand=True)


def find_comment(world: World, named: Any) -> Comment:
    """A comment by Weibo id, or `THREAD/NUMBER` for WeChat. Raises KeyError with a sentence."""
    name = str(named)
    if "/" in name:
        key, _, number = name.rpartition("/")
        for comment in world.find_thread(key).comments:
            if str(comment.number) == number:
                return comment
    elif name.isdigit() and int(name) in world.comments:
        return world.comments[int(name)]
    raise KeyError(f"no comment {name!r}; name it by Weibo id, or THREAD/NUMBER on WeChat")


def _newest(world: World, params: dict[str, Any], now: datetime) -> list[Comment]:
    """Standing comments newest first, of the named thread or of the whole account."""
    if params.get("thread"):
        rows = find_thread(world, params, now).comments
    else:
        account = _account(world, params)
        rows = [c for c in world.comments.values() if c.thread.account is account]
    return sorted((c for c in rows if c.stands(now) and c.author), key=lambda c: (c.at, c.id), reverse=True)


def row_deleted(world: World, params: dict[str, Any], now: datetime) -> list[int]:
    """Delete the newest row."""
    return vanish(world, params | {"n": 1}, now)


def burst(world: World, params: dict[str, Any], now: datetime) -> list[int]:
    """`n` new comments at once under one post."""
    thread = find_thread(world, params, now)
    return [write(world, thread, f"突然好多人，第 {n + 1} 楼报到", now).id for n in range(int(params.get("n", 130)))]


def vanish(world: World, params: dict[str, Any], now: datetime) -> list[int]:
    """Delete for good: the named comment, or the `n` newest."""
    if params.get("comment"):
        rows = [find_comment(world, params["comment"])]
    else:
        rows = _newest(world, params, now)[: int(params.get("n", 1))]
    for row in rows:
        row.gone_at = now
    return [row.id for row in rows]


def edited_text(world: World, params: dict[str, Any], now: datetime) -> list[int]:
    """Change the text of a comment (the newest unless named)."""
    row = find_comment(world, params["comment"]) if params.get("comment") else _newest(world, params, now)[0]
    row.text = str(params.get("text", "我改口：二食堂今天的菜里有虫，吃完一直想吐"))
    return [row.id]


def phone_numbers(world: World, params: dict[str, Any], now: datetime) -> list[int]:
    """Comments with plainly false telephone and identity numbers, spaced and in full width."""
    thread = find_thread(world, params, now)
    return [write(world, thread, line, now).id for line in numbers_lines()]


def account_renamed(world: World, params: dict[str, Any], now: datetime) -> list[int]:  # noqa: ARG001
    """The account has another name from now on."""
    _account(world, params).name = str(params.get("to", "风林校园资讯"))
    return []


def account_unverified(world: World, params: dict[str, Any], now: datetime) -> list[int]:  # noqa: ARG001
    """The account loses its verification, or has it again."""
    _account(world, params).verified = bool(params.get("restore", False))
    return []


def account_gone(world: World, params: dict[str, Any], now: datetime) -> list[int]:  # noqa: ARG001
    """The platform knows the account no longer, or knows it again."""
    _account(world, params).gone = not params.get("restore", False)
    return []


DEEDS: dict[str, tuple[Callable[[World, dict[str, Any], datetime], list[int]], tuple[str, ...]]] = {
    "row_deleted": (row_deleted, ("platform", "account", "thread")),
    "burst": (burst, ("platform", "account", "thread", "n")),
    "vanish": (vanish, ("platform", "account", "thread", "comment", "n")),
    "edited_text": (edited_text, ("platform", "account", "thread", "comment", "text")),
    "phone_numbers": (phone_numbers, ("platform", "account", "thread")),
    "account_renamed": (account_renamed, ("platform", "account", "to")),
    "account_unverified": (account_unverified, ("platform", "account", "restore")),
    "account_gone": (account_gone, ("platform", "account", "restore")),
}
"""Faults that are done at once: name to (deed, its parameters)."""


def shift(world: World, thread: Thread, new: int, deleted: int, now: datetime) -> None:
    """Between two pages: new comments on top, and some of the rows just shown deleted."""
    for row in _newest(world, {"thread": thread.key}, now)[:deleted]:
        row.gone_at = now
    for n in range(new):
        write(world, thread, f"翻页的时候又来一条（{n + 1}）", now)
