"""Page readers of Weibo: parsed answers in, posts out. Pure; they read no name, picture, gender, place or device of
anybody. Of the registered account itself they read its name and whether it is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crawlers.scope import Scope
from crawlers.shape import Refusals, count, record, rows, whole, words
from crawlers.weibo.instant import read_instant
from stream.appearance import NAME_MOST, Shown
from stream.post import Counts, Kind, Post

PINNED_TYPE = 2
ADDRESS = "https://m.weibo.cn/detail/{}"


@dataclass(frozen=True, slots=True)
class Row:
    """One post of the account, or one comment; `native` orders them by age."""

    native: int
    post: Post
    counts: Counts | None = None
    pinned: bool = False
    status: Post | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `oldest`: the smallest id on it, also of rows that were not ours; `total`: what the platform claims;

    `more`: whether it promises older rows (None: it does not say).

    `refused`: what could not be read (its neighbours were). `shown`: how the account itself is shown, where it is told.
    """

    rows: tuple[Row, ...]
    size: int
    oldest: int | None
    total: int | None
    more: bool | None
    refused: Refusals
    shown: Shown | None = None

    @property
    def unreadable(self) -> bool:
        """Whether most rows could not be read: then the answer as a whole has another shape."""
        return self.refused.rows * 2 > self.size


def read_timeline(answer: Any, scope: Scope) -> Page:
    """`statuses/user_timeline`. Raises Shape where the envelope is not known."""
    return replace(_page(answer, "statuses", scope, _status_row), shown=_shown(answer, scope))


def _shown(answer: dict[str, Any], scope: Scope) -> Shown | None:
    """How the account is shown on its own posts; None where an answer does not say, or says two things at once."""
    told = set()
    for row in answer["statuses"]:
        user = row.get("user") if isinstance(row, dict) else None
        if isinstance(user, dict) and scope.native_id and str(user.get("id")) == scope.native_id:
            name, verified = user.get("screen_name"), user.get("verified")
            name = "".join(one for one in name if one.isprintable()).strip() if isinstance(name, str) else ""
            known = verified if isinstance(verified, bool) else None
            told.add(Shown(name if 0 < len(name) <= NAME_MOST else None, known))
    return told.pop() if len(told) == 1 else None


def read_comments(answer: Any, scope: Scope) -> Page:
    """`comments/to_me` and `comments/show`. Rows under posts of other accounts are left out. Raises Shape."""
    return _page(answer, "comments", scope, _comment_row)


ReadRow = Callable[[dict[str, Any], str, Scope, Refusals], Row | None]


def _page(answer: Any, name: str, scope: Scope, read: ReadRow) -> Page:
    envelope = record(answer, "$")
    found: list[Row] = []
    ids: list[int] = []
    refused = Refusals()
    raw = rows(envelope.get(name), name)
    for number, item in enumerate(raw):
        place = f"{name}[{number}]"
        with refused.sparing(place, row=True):
            one = record(item, "")
            ids.append(whole(one, "id"))
            row = read(one, place, scope, refused)
            if row is not None:
                found.append(row)
    more = bool(whole(envelope, "next_cursor")) if "next_cursor" in envelope else None
    total = count(envelope, "total_number")
    return Page(tuple(found), len(raw), min(ids, default=None), total, more, refused)


def _status_row(row: dict[str, Any], place: str, scope: Scope, refused: Refusals) -> Row | None:
    if not _ours(row, scope):
        return None
    native = whole(row, "id")
    seen = None
    with refused.sparing(place):
        seen = scope.counts(
            str(native),
            likes=count(row, "attitudes_count"),
            replies=count(row, "comments_count"),
            reposts=count(row, "reposts_count"),
        )
    return Row(native, _status(row, scope), seen, _pinned(row))


def _status(row: dict[str, Any], scope: Scope) -> Post:
    native = str(whole(row, "id"))
    long = row.get("longText")
    text = (
        words(long, "longTextContent") if isinstance(long, dict) and "longTextContent" in long else words(row, "text")
    )
    quoted = row.get("retweeted_status")
    if isinstance(quoted, dict) and isinstance(quoted.get("text"), str) and not quoted.get("deleted"):
        text = f"{text}\n//转发：{quoted['text']}"
    return scope.post(
        native=native,
        kind=Kind.POST,
        thread=native,
        raw=text,
        markup=True,
        published_at=read_instant(row.get("created_at"), scope.now),
        by_school=True,
        url=ADDRESS.format(native),
    )


def _comment_row(row: dict[str, Any], place: str, scope: Scope, refused: Refusals) -> Row | None:
    status = record(row.get("status"), "status")
    if not _ours(status, scope):
        return None
    native, thread = whole(row, "id"), str(whole(status, "id"))
    answered = row.get("reply_comment")
    parent = f"c{whole(answered, 'id')}" if isinstance(answered, dict) else None
    writer = _writer(row)
    post = scope.post(
        native=f"c{native}",
        kind=Kind.REPLY if parent else Kind.COMMENT,
        thread=thread,
        parent=parent or thread,
        raw=words(row, "text"),
        markup=True,
        published_at=read_instant(row.get("created_at"), scope.now),
        writer=writer,
        by_school=bool(writer) and writer == scope.native_id,
        url=ADDRESS.format(thread),
    )
    about = None
    with refused.sparing(f"{place}.status"):
        about = _status(status, scope) if "created_at" in status else None
    return Row(native, post, status=about)


def _ours(status: dict[str, Any], scope: Scope) -> bool:
    writer = _writer(status)
    return not writer or writer == scope.native_id


def _writer(row: dict[str, Any]) -> str:
    user = row.get("user")
    if user is None:
        return ""
    return str(whole(record(user, "user"), "id"))


def _pinned(row: dict[str, Any]) -> bool:
    kind = row.get("profile_type_id")
    title = row.get("title")
    return (
        bool(row.get("isTop"))
        or bool(row.get("is_top"))
        or row.get("mblogtype") == PINNED_TYPE
        or (isinstance(kind, str) and kind.startswith("proweibotop"))
        or (isinstance(title, dict) and title.get("text") == "置顶")
    )
