"""Page readers of WeChat: parsed answers in, posts out. Pure; an openid becomes a pseudonym and goes no further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawlers.scope import Scope
from crawlers.shape import Shape, count, epoch, record, rows, whole, words
from crawlers.wechat.link import ArticleKey, read_link, read_msgid
from stream.post import Kind, Post, Visibility


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `key` None: its comments can not be asked for yet. `commented`: comments are open."""

    key: ArticleKey | None
    post: Post
    title: str
    commented: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """One answer of `freepublish/batchget`; `ids` and `total` count sendings; each may hold several articles."""

    articles: tuple[Article, ...]
    ids: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CommentPage:
    """One answer of `comment/list`: posts (comments, the account's replies), ids in order, what the platform claims."""

    posts: tuple[Post, ...]
    ids: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the day's statistics: the key that comments need, and the title."""

    key: ArticleKey
    title: str


def native(scope: Scope, key: ArticleKey | str) -> str:
    """An article's id without the platform: `mid` counts per account, so the account is part of it."""
    return f"{scope.account_id}:{key}"


def read_articles(answer: Any, scope: Scope) -> ArticlePage:
    """`freepublish/batchget`. Raises Shape."""
    envelope = record(answer, "$")
    found: list[Article] = []
    ids: list[str] = []
    for raw in rows(envelope.get("item"), "item"):
        item = record(raw, "item[]")
        ids.append(words(item, "article_id"))
        content = record(item.get("content"), "content")
        timed = item if "update_time" in item else content
        at = epoch(
            content if "create_time" in content else timed,
            "create_time" if "create_time" in content else "update_time",
            scope.now,
        )
        for place, one in enumerate(rows(content.get("news_item"), "news_item"), start=1):
            found.append(_article(record(one, "news_item[]"), ids[-1], place, at, scope))
    return ArticlePage(tuple(found), tuple(ids), whole(envelope, "total_count"))


def _article(item: dict[str, Any], article_id: str, place: int, at: datetime, scope: Scope) -> Article:
    title, link = words(item, "title"), words(item, "url")
    key = read_link(link)
    body = item.get("content")
    deleted = bool(item.get("is_deleted"))
    name = native(scope, key or f"{article_id}_{place}")
    post = article_post(scope, name, title, body if isinstance(body, str) else "", at, link, deleted=deleted)
    return Article(key, post, title, bool(count(item, "need_open_comment")), deleted)


def article_post(
    scope: Scope, name: str, title: str, body: str, at: datetime, link: str, *, deleted: bool = False
) -> Post:
    """The post of an article: its title and its words."""
    return scope.post(
        native=name,
        kind=Kind.POST,
        thread=name,
        raw=f"<p>{title}</p>{body}" if body else title,
        article=bool(body),
        published_at=at,
        by_school=True,
        visibility=Visibility.VANISHED if deleted else Visibility.PUBLIC,
        url=link,
    )


def read_comments(answer: Any, scope: Scope, thread: str, link: str) -> CommentPage:
    """`comment/list` of the article whose id (without the platform) is `thread`. Raises Shape."""
    envelope = record(answer, "$")
    posts: list[Post] = []
    ids: list[int] = []
    for raw in rows(envelope.get("comment"), "comment"):
        row = record(raw, "comment[]")
        ids.append(whole(row, "user_comment_id"))
        posts.extend(_comment(row, ids[-1], scope, thread, link))
    return CommentPage(tuple(posts), tuple(ids), whole(envelope, "total"))


def _comment(row: dict[str, Any], number: int, scope: Scope, thread: str, link: str) -> list[Post]:
    writer = row.get("openid", "")
    if not isinstance(writer, str):
        raise Shape("openid")
    shown = Visibility.PUBLIC if whole(row, "comment_type") else Visibility.HIDDEN
    name = f"{thread}:{number}"
    comment = scope.post(
        native=name,
        kind=Kind.COMMENT,
        thread=thread,
        parent=thread,
        raw=words(row, "content"),
        published_at=epoch(row, "create_time", scope.now),
        writer=writer,
        visibility=shown,
        url=link,
    )
    reply = row.get("reply")
    if reply is None:
        return [comment]
    said = record(reply, "reply")
    answer = scope.post(
        native=f"{name}:r",
        kind=Kind.REPLY,
        thread=thread,
        parent=name,
        raw=words(said, "content"),
        published_at=epoch(said, "create_time", scope.now),
        by_school=True,
        visibility=shown,
        url=link,
    )
    return [comment, answer]


def read_figures(answer: Any) -> tuple[Figure, ...] | None:
    """`datacube/getarticletotaldetail` of one day; None where the platform has not counted it yet. Raises Shape."""
    envelope = record(answer, "$")
    if envelope.get("is_delay") is True:
        return None
    found = []
    for raw in rows(envelope.get("list"), "list"):
        row = record(raw, "list[]")
        key = read_msgid(words(row, "msgid"))
        if key is None:
            raise Shape("msgid")
        found.append(Figure(key, words(row, "title")))
    return tuple(found)
