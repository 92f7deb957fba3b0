"""Weibo's authorised interface (ordinary tier), as far as a school's own account uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from crawlers.sandbox.answer import Answer, Call, Refusal
from crawlers.sandbox.faults import Faults
from crawlers.sandbox.people import Account
from crawlers.sandbox.thread import Comment, Thread
from crawlers.sandbox.weibo_shape import comment, short_status, status
from crawlers.sandbox.world import World

TOKEN_LIFE = timedelta(days=30)
TIMELINE_MOST, COMMENTS_MOST, BATCH_MOST = 100, 50, 50
_LATEST = 5


class _Numbered(Protocol):
    id: int


_Row = TypeVar("_Row", bound=_Numbered)
Handler = Callable[[World, Faults, Call], Any]


def refusal(call: Call, refused: Refusal) -> Answer:
    """Weibo's error body. The expired token has its code as a string, others as a number, as in the samples."""
    code: int | str = str(refused.code) if refused.code == 21327 else refused.code
    body = {"request": call.path.removeprefix("/sim/weibo"), "error_code": code, "error": refused.text}
    return Answer(body, refused.status, refused.code)


def account_of(world: World, call: Call) -> Account:
    """Whose token the call carries (query, form, or `Authorization: OAuth2`). Raises Refusal."""
    token = call.params.get("access_token") or call.header_token
    if not token:
        raise Refusal(10006, "source paramter(appkey) is missing", 400)
    for account in world.accounts.values():
        if account.platform == "weibo" and account.token == token:
            if call.now >= world.since + TOKEN_LIFE:
                raise Refusal(21327, "expired_token", 401)
            return account
    raise Refusal(21332, "invalid_access_token", 401)


def _number(call: Call, name: str, default: int, least: int = 0) -> int:
    raw = call.params.get(name, "")
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 19 or int(raw) < least:
        raise Refusal(10017, f"parameter ({name})'s value invalid,expect (long[{least}~]) , but get ({raw[:40]})", 400)
    return int(raw)


def _window(call: Call, rows: Sequence[_Row], most: int, default: int) -> tuple[list[_Row], bool]:
    """Newest first: ids above since_id, up to and including max_id; a count above the limit is cut.

    Returns (rows of this page, whether older rows remain).
    """
    since, up_to = _number(call, "since_id", 0), _number(call, "max_id", 0)
    size = min(_number(call, "count", default, 1), most)
    skipped = (_number(call, "page", 1, 1) - 1) * size
    wanted = [row for row in rows if row.id > since and (not up_to or row.id <= up_to)]
    return wanted[skipped : skipped + size], len(wanted) > skipped + size


def _standing(call: Call, rows: Sequence[Comment]) -> list[Comment]:
    return sorted((c for c in rows if c.stands(call.now)), key=lambda c: c.id, reverse=True)


def user_timeline(world: World, faults: Faults, call: Call) -> Any:
    """The account's own posts; any other account's are refused with 21335."""
    account = _of(call)
    uid, name = call.params.get("uid", ""), call.params.get("screen_name", "")
    if (uid and uid != account.native_id) or (name and name != account.name):
        raise Refusal(21335, "Insufficient uid permission for this request", 403)
    mine = world.threads_of(account, call.now)
    shown = mine[:_LATEST] if faults.on("timeline_latest_5", call) else mine
    page, more = _window(call, shown, TIMELINE_MOST, 20)
    page = faults.page(call, page)
    trim = call.params.get("trim_user") == "1"
    total = 6_100 + len(mine)
    return {
        "statuses": [status(t, len(_standing(call, t.comments)), total, trim) for t in page],
        "marks": [], "hasvisible": False, "previous_cursor": 0, "next_cursor": page[-1].id if page and more else 0,
        "total_number": total if page else 0, "interval": 0,
    }  # fmt: skip


def _comments(faults: Faults, call: Call, rows: list[Comment], total: int) -> dict[str, Any]:
    shown, capped = faults.comments(call, rows)
    page, more = _window(call, shown, COMMENTS_MOST, 50)
    page = faults.page(call, page)
    cut = faults.on("status_text_cut", call)
    return {
        "comments": [comment(c, cut) for c in page], "marks": [], "hasvisible": False, "previous_cursor": 0,
        "next_cursor": page[-1].id if page and more else 0,
        "total_number": 0 if not page else total if capped is None else capped,
    }  # fmt: skip


def comments_to_me(world: World, faults: Faults, call: Call) -> Any:
    """Comments received on all posts in one stream, without the account's own."""
    account = _of(call)
    rows = [c for t in world.threads.values() if t.account is account for c in t.comments if c.author is not None]
    return _comments(faults, call, _standing(call, rows), 3_000 + len(rows))


def _asked_post(world: World, call: Call) -> Thread:
    if not call.params.get("id"):
        raise Refusal(10016, "miss required parameter (id), see doc for more info", 400)
    wanted = _number(call, "id", 0)
    for thread in world.threads.values():
        if thread.account.platform == "weibo" and thread.id == wanted and thread.stands(call.now):
            return thread
    raise Refusal(20101, "target weibo does not exist!", 400)


def comments_show(world: World, faults: Faults, call: Call) -> Any:
    """All comments of one post, the account's own among them. `total_number` counts deleted ones too."""
    thread = _asked_post(world, call)
    body = _comments(faults, call, _standing(call, thread.comments), len(thread.comments))
    ids = [row["id"] for row in body["comments"]]
    body |= {"since_id": ids[0] if ids else 0, "max_id": ids[-1] if ids else 0}
    body["status"] = short_status(thread, faults.on("status_text_cut", call))
    return body


def comments_show_batch(world: World, faults: Faults, call: Call) -> Any:
    """Which of at most 50 known comments still stand: a bare array."""
    asked = [c for c in call.params.get("cids", "").split(",") if c]
    if not asked:
        raise Refusal(10016, "miss required parameter (cids), see doc for more info", 400)
    if len(asked) > BATCH_MOST or not all(c.isascii() and c.isdigit() and len(c) <= 19 for c in asked):
        raise Refusal(10017, "parameter (cids)'s value invalid,expect (at most 50 ids)", 400)
    found = [world.comments[int(c)] for c in asked if int(c) in world.comments]
    ours = [c for c in found if c.thread.account.platform == "weibo"]
    shown, _ = faults.comments(call, _standing(call, ours))
    return [comment(c, faults.on("status_text_cut", call)) for c in shown]


def get_token_info(world: World, faults: Faults, call: Call) -> Any:  # noqa: ARG001 - one signature for all
    """Whose token it is and how long it lasts, in seconds."""
    return {
        "uid": int(_of(call).native_id), "appkey": "1000000000", "scope": None,
        "create_at": int(world.since.timestamp()),
        "expire_in": int((world.since + TOKEN_LIFE - call.now).total_seconds()),
    }  # fmt: skip


def _of(call: Call) -> Account:
    if call.account is None:
        raise Refusal(10006, "source paramter(appkey) is missing", 400)
    return call.account


CALLS: dict[str, tuple[str, Handler]] = {
    "/sim/weibo/2/statuses/user_timeline.json": ("GET", user_timeline),
    "/sim/weibo/2/comments/to_me.json": ("GET", comments_to_me),
    "/sim/weibo/2/comments/show.json": ("GET", comments_show),
    "/sim/weibo/2/comments/show_batch.json": ("GET", comments_show_batch),
    "/sim/weibo/oauth2/get_token_info": ("POST", get_token_info),
}
"""Path to (method, handler); what has `/2/` in it counts against the day's quota."""
