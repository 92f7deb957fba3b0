"""WeChat official accounts: stable_token, published articles, comments, and the figures of the day after."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime, time, timedelta
from typing import Any

from crawlers.sandbox.answer import Answer, Call, Refusal
from crawlers.sandbox.clock import SHANGHAI
from crawlers.sandbox.faults import Faults
from crawlers.sandbox.people import Account
from crawlers.sandbox.thread import Comment, Thread
from crawlers.sandbox.weibo import Handler
from crawlers.sandbox.world import World

ARTICLES_MOST, COMMENTS_BELOW = 20, 50
FIGURES_READY = time(8, 0)
"""Asia/Shanghai time of the next day at which a day's figures are there."""
STABLE_TOKEN = "/sim/wechat/cgi-bin/stable_token"  # noqa: S105 - a path


def refusal(call: Call, refused: Refusal) -> Answer:
    """WeChat's error body; `errmsg` ends in a request id."""
    rid = hashlib.sha256(f"{call.path}{call.now}".encode()).hexdigest()[:24]
    return Answer({"errcode": refused.code, "errmsg": f"{refused.text} rid: {rid}"}, refused.status, refused.code)


def account_of(world: World, call: Call) -> Account | None:
    """Whose token the query carries; stable_token itself needs none. Raises Refusal."""
    if call.path == STABLE_TOKEN:
        wanted = (call.body or {}).get("appid")
        return next((a for a in world.accounts.values() if a.native_id == wanted), None)
    return world.tokens.holder(call.params.get("access_token", ""), call.now)


def _body(call: Call) -> dict[str, Any]:
    if call.body is None:
        raise Refusal(47001, "data format error")
    return call.body


def _number(body: dict[str, Any], name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal(47001, f"data format error hint: [{name}]")
    return value


def stable_token(world: World, faults: Faults, call: Call) -> Any:  # noqa: ARG001 - one signature for all
    """The account's current token and the seconds it has left."""
    body = _body(call)
    if body.get("grant_type") != "client_credential":
        raise Refusal(40002, "invalid grant_type")
    if not body.get("appid"):
        raise Refusal(41002, "appid missing")
    if call.account is None:
        raise Refusal(40013, "invalid appid")
    if body.get("secret") != call.account.secret:
        raise Refusal(40125, "invalid appsecret")
    token = world.tokens.stable(call.account, call.now, body.get("force_refresh") is True)
    return {"access_token": token.text, "expires_in": int((token.ends - call.now).total_seconds())}


def _link(thread: Thread) -> str:
    biz = base64.b64encode(thread.account.native_id.encode()).decode()
    sn = hashlib.sha256(thread.key.encode()).hexdigest()[:32]
    return f"http://mp.platform.invalid/s?__biz={biz}&mid={thread.id}&idx={thread.index + 1}&sn={sn}&chksm=0#rd"


def _news_item(thread: Thread, now: datetime, no_content: bool) -> dict[str, Any]:
    return {
        "title": thread.title, "author": f"{thread.account.name}新媒体", "digest": thread.text[:54],
        "content": "" if no_content else f"<p>{thread.text}</p>", "content_source_url": "",
        "thumb_media_id": f"SANDBOX_MEDIA_{thread.key}", "thumb_url": f"https://img.platform.invalid/t/{thread.id}.jpg",
        "show_cover_pic": 0, "need_open_comment": int(not thread.closed), "only_fans_can_comment": 0,
        "url": _link(thread), "is_deleted": thread.gone_at is not None and thread.gone_at <= now,
    }  # fmt: skip


def _bundles(world: World, account: Account, now: datetime) -> list[list[Thread]]:
    """Published (not mass-sent) articles by mid, newest first; deleted ones stay listed, marked."""
    found: dict[int, list[Thread]] = {}
    for thread in world.threads.values():
        if thread.account is account and not thread.mass and thread.at <= now:
            found.setdefault(thread.id, []).append(thread)
    return sorted(found.values(), key=lambda bundle: (bundle[0].at, bundle[0].id), reverse=True)


def batchget(world: World, faults: Faults, call: Call) -> Any:
    """Articles published without notification; mass-sent ones are never in this list."""
    body, account = _body(call), _of(call)
    offset, size = _number(body, "offset"), _number(body, "count")
    if offset < 0 or not 1 <= size <= ARTICLES_MOST:
        raise Refusal(40097, "invalid args")
    bundles = _bundles(world, account, call.now)
    if faults.on("articles_shuffled", call):
        bundles.sort(key=lambda bundle: hashlib.sha256(bundle[0].key.encode()).digest())
    page = faults.page(call, bundles[offset : offset + size])
    bare = _number(body, "no_content", 0) == 1
    items = [
        {
            "article_id": f"SANDBOX{hashlib.sha256(bundle[0].key.encode()).hexdigest()[:24]}",
            "content": {
                "news_item": [_news_item(t, call.now, bare) for t in bundle],
                "create_time": int(bundle[0].at.timestamp()), "update_time": int(bundle[0].at.timestamp()),
            },
            "update_time": int(bundle[0].at.timestamp()),
        }
        for bundle in page
    ]  # fmt: skip
    return {"total_count": len(bundles) if page else 0, "item_count": len(items), "item": items}


def _article(world: World, account: Account, call: Call, body: dict[str, Any]) -> Thread:
    mid, index = _number(body, "msg_data_id"), _number(body, "index", 0)
    for thread in world.threads.values():
        if thread.account is account and thread.id == mid and thread.index == index and thread.stands(call.now):
            return thread
    raise Refusal(88001, "msg_data is not exists")


def _comment(row: Comment, nameless: bool, now: datetime) -> dict[str, Any]:
    shape: dict[str, Any] = {"user_comment_id": row.number}
    if row.author is not None and not row.nameless and not nameless:
        shape["openid"] = row.author.openid
    shape |= {"create_time": int(row.at.timestamp()), "content": row.text, "comment_type": int(row.selected)}
    if row.answer is not None and row.answer[1] <= now:
        shape["reply"] = {"content": row.answer[0], "create_time": int(row.answer[1].timestamp())}
    return shape


def comment_list(world: World, faults: Faults, call: Call) -> Any:
    """Comments of one article, newest first, from `begin` on. Raises Refusal 48001, 88000, 88001, 88010, 47001."""
    body, account = _body(call), _of(call)
    if faults.on("not_enterprise", call):
        raise Refusal(48001, "api unauthorized")
    if faults.on("no_comment_feature", call):
        raise Refusal(88000, "without comment privilege")
    begin, size, sort = _number(body, "begin"), _number(body, "count"), _number(body, "type")
    if not 0 < size < COMMENTS_BELOW:
        raise Refusal(88010, "count range error. cout <= 0 or count > 50")
    if begin < 0 or sort not in (0, 1, 2):
        raise Refusal(40097, "invalid args")
    thread = _article(world, account, call, body)
    rows = [c for c in thread.comments if c.stands(call.now) and (sort == 0 or c.selected is (sort == 2))]
    shown, capped = faults.comments(call, sorted(rows, key=lambda c: c.number, reverse=True))
    page = faults.page(call, shown[begin : begin + size])
    emptied = not page and len(shown) > begin
    nameless = faults.on("openid_missing", call)
    return {
        "errcode": 0, "errmsg": "ok", "total": 0 if emptied else len(shown) if capped is None else capped,
        "comment": [_comment(c, nameless, call.now) for c in page],
    }  # fmt: skip


def _day(body: dict[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(str(body.get(name, "")))
    except ValueError:
        raise Refusal(61500, "date format error") from None


def total_detail(world: World, faults: Faults, call: Call) -> Any:  # noqa: ARG001 - one signature for all
    """Figures of the articles of one finished day, mass-sent ones among them, with `msgid` = "mid_index from 1"."""
    body, account = _body(call), _of(call)
    begin, end = _day(body, "begin_date"), _day(body, "end_date")
    today = call.now.astimezone(SHANGHAI)
    if begin != end or end >= today.date():
        raise Refusal(61501, "date range error")
    if end == today.date() - timedelta(days=1) and today.time() < FIGURES_READY:
        return {"list": [], "is_delay": True}
    rows = [t for t in world.threads.values() if t.account is account and t.at.astimezone(SHANGHAI).date() == begin]
    return {"list": [_figures(t, today.date()) for t in sorted(rows, key=lambda t: t.at)], "is_delay": False}


def _figures(thread: Thread, today: date) -> dict[str, Any]:
    ref = thread.at.astimezone(SHANGHAI).date()
    days = [ref + timedelta(days=n) for n in range(min(7, (today - ref).days))]
    counted = [sum(c.at.astimezone(SHANGHAI).date() <= day for c in thread.comments) for day in days]
    return {
        "ref_date": ref.isoformat(), "msgid": f"{thread.id}_{thread.index + 1}", "title": thread.title,
        "publish_type": int(not thread.mass),
        "detail_list": [
            {"stat_date": day.isoformat(), "read_user": 300 + 41 * n, "comment_count": n}
            for day, n in zip(days, counted, strict=True)
        ],
    }  # fmt: skip


def _of(call: Call) -> Account:
    if call.account is None:
        raise Refusal(41001, "access_token missing")
    return call.account


CALLS: dict[str, tuple[str, Handler]] = {
    STABLE_TOKEN: ("POST", stable_token),
    "/sim/wechat/cgi-bin/freepublish/batchget": ("POST", batchget),
    "/sim/wechat/cgi-bin/comment/list": ("POST", comment_list),
    "/sim/wechat/datacube/getarticletotaldetail": ("POST", total_detail),
}
"""Path to (method, handler)."""
