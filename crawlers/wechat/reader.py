"""Page readers of WeChat: parsed answers in, posts out. Pure; an openid becomes a pseudonym and goes no further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawlers.scope import Scope
from crawlers.shape import Refusals, Shape, count, epoch, record, rows, whole, words
from crawlers.wechat.link import ArticleKey, read_link, read_msgid
from stream.post import Kind, Post, Visibility, sound_text

TITLE_LIMIT = 200


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
    """One answer of `freepublish/batchget`; `ids`, `size` and `total` count sendings; each may hold several articles.

    `refused`: what could not be read (its neighbours were); a sending without a readable id is in `size` only.
    """

    articles: tuple[Article, ...]
    ids: tuple[str, ...]
    size: int
    total: int
    refused: Refusals

    @property
    def unreadable(self) -> bool:
        """Whether most articles could not be read: then the answer as a whole has another shape."""
        return self.refused.rows > len(self.articles)


@dataclass(frozen=True, slots=True)
class CommentPage:
    """One answer of `comment/list`: posts (comments, the account's replies), ids in order, what the platform claims.

    `last`: the id of the last row, None where it has none; `refused`: what could not be read (its neighbours were).
    """

    posts: tuple[Post, ...]
    ids: tuple[int, ...]
    last: int | None
    size: int
    total: int
    refused: Refusals

    @property
    def unreadable(self) -> bool:
        """Whether most comments could not be read: then the answer as a whole has another shape."""
        return self.refused.rows * 2 > self.size


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the day's statistics: the key that comments need, and the title."""

    key: ArticleKey
    title: str


@dataclass(frozen=True, slots=True)
class FigurePage:
    """One day of `datacube/getarticletotaldetail`; `refused`: lines that could not be read."""

    figures: tuple[Figure, ...]
    refused: Refusals

    @property
    def unreadable(self) -> bool:
        """Whether most lines could not be read: then the answer as a whole has another shape."""
        return self.refused.rows > len(self.figures)


def native(scope: Scope, key: ArticleKey | str) -> str:
    """An article's id without the platform: `mid` counts per account, so the account is part of it."""
    return f"{scope.account_id}:{key}"


def read_articles(answer: Any, scope: Scope) -> ArticlePage:
    """`freepublish/batchget`. Raises Shape where the envelope is not known."""
    envelope = record(answer, "$")
    found: list[Article] = []
    ids: list[str] = []
    refused = Refusals()
    raw = rows(envelope.get("item"), "item")
    for number, one in enumerate(raw):
        place = f"item[{number}]"
        with refused.sparing(place, row=True):
            item = record(one, "")
            ids.append(words(item, "article_id"))
            content = record(item.get("content"), "content")
            timed = content if "create_time" in content or "update_time" not in item else item
            at = epoch(timed, "create_time" if "create_time" in timed else "update_time", scope.now)
            for index, news in enumerate(rows(content.get("news_item"), "content.news_item")):
                with refused.sparing(f"{place}.content.news_item[{index}]", row=True):
                    found.append(_article(record(news, ""), ids[-1], index + 1, at, scope))
    return ArticlePage(tuple(found), tuple(ids), len(raw), whole(envelope, "total_count"), refused)


def _article(item: dict[str, Any], article_id: str, place: int, at: datetime, scope: Scope) -> Article:
    title, link = sound_text(words(item, "title")), sound_text(words(item, "url"))
    key = read_link(link)
    body = item.get("content")
    deleted = bool(item.get("is_deleted"))
    name = native(scope, key or f"{article_id}_{place}")
    post = article_post(scope, name, title, body if isinstance(body, str) else "", at, link, deleted=deleted)
    return Article(key, post, title[:TITLE_LIMIT], bool(count(item, "need_open_comment")), deleted)


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
    """`comment/list` of the article whose id (without the platform) is `thread`. Raises Shape where the envelope is
    not known."""
    envelope = record(answer, "$")
    posts: list[Post] = []
    ids: list[int] = []
    last: int | None = None
    refused = Refusals()
    raw = rows(envelope.get("comment"), "comment")
    for number, one in enumerate(raw):
        place, last = f"comment[{number}]", None
        with refused.sparing(place, row=True):
            row = record(one, "")
            last = whole(row, "user_comment_id")
            ids.append(last)
            comment = _comment(row, last, scope, thread, link)
            posts.append(comment)
            with refused.sparing(f"{place}.reply"):
                posts.extend(_reply(row, f"{thread}:{last}", comment, scope))
    return CommentPage(tuple(posts), tuple(ids), last, len(raw), whole(envelope, "total"), refused)


def _comment(row: dict[str, Any], number: int, scope: Scope, thread: str, link: str) -> Post:
    writer = row.get("openid", "")
    if not isinstance(writer, str):
        raise Shape("openid")
    return scope.post(
        native=f"{thread}:{number}",
        kind=Kind.COMMENT,
        thread=thread,
        parent=thread,
        raw=words(row, "content"),
        published_at=epoch(row, "create_time", scope.now),
        writer=writer,
        visibility=Visibility.PUBLIC if whole(row, "comment_type") else Visibility.HIDDEN,
        url=link,
    )


def _reply(row: dict[str, Any], name: str, comment: Post, scope: Scope) -> list[Post]:
    """The account's reply to a comment whose id (without the platform) is `name`; none where there is none."""
    if row.get("reply") is None:
        return []
    said = record(row["reply"], "")
    answer = scope.post(
        native=f"{name}:r",
        kind=Kind.REPLY,
        thread=comment.thread_id.partition(":")[2],
        parent=name,
        raw=words(said, "content"),
        published_at=epoch(said, "create_time", scope.now),
        by_school=True,
        visibility=comment.visibility,
        url=comment.url,
    )
    return [answer]


def read_figures(answer: Any) -> FigurePage | None:
    """`datacube/getarticletotaldetail` of one day; None where the platform has not counted it yet. Raises Shape where
    the envelope is not known."""
    envelope = record(answer, "$")
    if envelope.get("is_delay") is True:
        return None
    found: list[Figure] = []
    refused = Refusals()
    for number, one in enumerate(rows(envelope.get("list"), "list")):
        with refused.sparing(f"list[{number}]", row=True):
            row = record(one, "")
            key = read_msgid(words(row, "msgid"))
            if key is None:
                raise Shape("msgid")
            found.append(Figure(key, sound_text(words(row, "title"))[:TITLE_LIMIT]))
    return FigurePage(tuple(found), refused)
