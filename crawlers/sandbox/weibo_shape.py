"""How Weibo writes statuses, comments and users in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crawlers.sandbox.clock import SHANGHAI
from crawlers.sandbox.people import Account, Author
from crawlers.sandbox.thread import Comment, Thread

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def stamp(at: datetime) -> str:
    """`Tue Nov 03 20:15:42 +0800 2026`, in English whatever the locale."""
    t = at.astimezone(SHANGHAI)
    return f"{_DAYS[t.weekday()]} {_MONTHS[t.month - 1]} {t.day:02d} {t:%H:%M:%S} +0800 {t.year}"


def _ids(number: int) -> dict[str, Any]:
    return {"id": number, "idstr": str(number), "mid": str(number)}


def _person(uid: int, name: str, avatar: str, location: str, gender: str) -> dict[str, Any]:
    return {
        "id": uid, "idstr": str(uid), "screen_name": name, "name": name, "province": "0", "city": "0",
        "location": location, "description": "", "url": "", "profile_image_url": avatar, "domain": "",
        "gender": gender, "followers_count": 0, "friends_count": 0, "statuses_count": 0, "favourites_count": 0,
        "created_at": "Wed Jan 01 08:00:00 +0800 2020", "following": False, "geo_enabled": False, "verified": False,
        "verified_type": -1,
    }  # fmt: skip


def user(author: Author | None, account: Account) -> dict[str, Any]:
    """The user object of a comment: an invented person, or the account itself."""
    if author is None:
        return school(account, 0, verified=False)
    return _person(author.uid, author.name, author.avatar, author.location, author.gender)


def school(account: Account, statuses: int, verified: bool = True) -> dict[str, Any]:
    """The user object of an official account; one that lost its verification is written like anybody's."""
    uid = int(account.native_id)
    shape = _person(uid, account.name, f"https://avatar.invalid/school/{uid}.png", "其他", "n")
    if verified:
        shape |= {"followers_count": 31_000, "statuses_count": statuses}
    if verified and account.verified:
        shape |= {"verified": True, "verified_type": 1, "verified_reason": f"{account.name}官方微博"}
    return shape


def status(thread: Thread, shown_comments: int, statuses: int, trim_user: bool) -> dict[str, Any]:
    """One row of the timeline."""
    shape = {
        "created_at": stamp(thread.at), **_ids(thread.id), "text": thread.text,
        "source": '<a href="https://app.platform.invalid/" rel="nofollow">校园发布台</a>',
        "favorited": False, "truncated": False, "in_reply_to_status_id": "", "in_reply_to_user_id": "",
        "in_reply_to_screen_name": "", "geo": None,
        "pic_urls": [
            {"thumbnail_pic": f"https://img.platform.invalid/p/{thread.id}-{n}.jpg"} for n in range(thread.pics)
        ],
        "reposts_count": shown_comments // 3, "comments_count": shown_comments, "attitudes_count": shown_comments * 4,
        "isLongText": False, "mlevel": 0, "visible": {"type": 0, "list_id": 0},
        "user": int(thread.account.native_id) if trim_user else school(thread.account, statuses),
    }  # fmt: skip
    if thread.retweet_of:
        gone = _ids(thread.id - 1_000_000)
        shape["retweeted_status"] = {
            "created_at": stamp(thread.at), **gone, "text": thread.retweet_of, "deleted": "1", "user": None
        }  # fmt: skip
    return shape


def short_status(thread: Thread, cut: bool) -> dict[str, Any]:
    """The status object inside a comment; with `cut` its text is shortened, as some answers have it."""
    text = thread.text if not cut or len(thread.text) <= 24 else thread.text[:24] + "……"
    owner = {"id": int(thread.account.native_id), "screen_name": thread.account.name}
    return {"created_at": stamp(thread.at), **_ids(thread.id), "text": text, "user": owner}


def _text(row: Comment) -> str:
    if row.answers is None:
        return row.text
    name = row.answers.author.name if row.answers.author else row.thread.account.name
    return f"回复@{name}:{row.text}"


def comment(row: Comment, cut_status: bool) -> dict[str, Any]:
    """One comment; a reply carries the comment it answers."""
    shape = {
        "created_at": stamp(row.at), **_ids(row.id), "rootid": row.id, "floor_number": 0, "text": _text(row),
        "source": '<a href="https://app.platform.invalid/m" rel="nofollow">阿檀牌手机</a>',
        "user": user(row.author, row.thread.account),
    }  # fmt: skip
    if row.answers is not None:
        first = row.answers
        shape["reply_comment"] = {
            "created_at": stamp(first.at), **_ids(first.id), "text": _text(first), "source": "",
            "user": user(first.author, row.thread.account),
        }  # fmt: skip
    shape["status"] = short_status(row.thread, cut_status)
    return shape
