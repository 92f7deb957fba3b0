"""The gate: every platform call goes through here, meets the faults that are on, and is written to the log."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.utils import format_datetime
from types import ModuleType
from typing import Any

from crawlers.sandbox import distort, hand, wechat, weibo
from crawlers.sandbox.answer import Answer, Call, Refusal
from crawlers.sandbox.faults import Faults
from crawlers.sandbox.thread import Thread
from crawlers.sandbox.weibo import Handler
from crawlers.sandbox.world import World

LOG_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Served:
    """One line of the log. `at` is the sandbox's time (ISO, UTC); tokens and secrets are left out."""

    at: str
    method: str
    path: str
    params: dict[str, Any]
    account: str
    agent: str
    page: int
    status: int
    code: int
    faults: list[str]


class Gate:
    """Answers platform calls for one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.log: deque[Served] = deque(maxlen=LOG_ROWS)
        self._pages: dict[tuple[str, str, str], int] = {}

    def answer(self, call: Call) -> Answer:
        """The answer to one call, faults and all."""
        call.now = self.world.catch_up()
        self.faults.met = []
        room = weibo if call.path.startswith("/sim/weibo/") else wechat
        who: Refusal | None = None
        try:
            call.account = room.account_of(self.world, call)
        except Refusal as refused:
            who = refused
        call.page = self._page(call)
        answer = distort.instead(self.faults, call) or self._platform(room, call, who)
        answer = distort.after(self.faults, call, answer)
        answer.headers["date"] = format_datetime(call.now + self._clock_off(call), usegmt=True)
        self._note(call, answer)
        return answer

    def _clock_off(self, call: Call) -> timedelta:
        fault = self.faults.meet("clock_off", call)
        return timedelta(seconds=float(fault.params["seconds"])) if fault else timedelta()

    def _platform(self, room: ModuleType, call: Call, who: Refusal | None) -> Answer:
        try:
            handler = self._admit(room, call, who)
            return Answer(handler(self.world, self.faults, call))
        except Refusal as refused:
            answer: Answer = room.refusal(call, refused)
            return answer

    def _admit(self, room: ModuleType, call: Call, who: Refusal | None) -> Handler:
        """The handler of the call, if the platform lets it in. Raises Refusal."""
        ours = room is weibo
        if call.path not in room.CALLS:
            raise Refusal(10020, "request api not found", 404) if ours else Refusal(40066, "invalid url")
        method: str
        handler: Handler
        method, handler = room.CALLS[call.path]
        if call.method != method:
            raise Refusal(10021, "HTTP METHOD is not suported", 405) if ours else Refusal(43002, "require POST method")
        if who is not None:
            raise who
        if call.account is not None and call.account.gone:
            raise Refusal(20003, "User does not exists!", 400) if ours else Refusal(50002, "user limited")
        self._token(call, ours)
        if call.account is not None and call.path != wechat.STABLE_TOKEN and "/oauth2/" not in call.path:
            self._quota(call, ours)
        if fault := self.faults.aimed("shift_while_paging", call):
            self._shift(call, fault.params)
        return handler

    def _token(self, call: Call, ours: bool) -> None:
        """A token that ends early: Weibo's needs a person, WeChat's is replaced by the next stable_token."""
        fault = self.faults.aimed("token_ended", call)
        if fault is None or call.account is None or call.path == wechat.STABLE_TOKEN:
            return
        seen = fault.notes[call.account.key] = fault.notes.get(call.account.key, 0) + 1
        if seen <= fault.params["after"]:
            return
        if ours:
            self.faults.meet("token_ended", call)
            raise Refusal(21327, "expired_token", 401)
        if seen == fault.params["after"] + 1:
            self.faults.meet("token_ended", call)
            self.world.tokens.end(call.account, call.now)
            raise Refusal(42001, "access_token expired")

    def _quota(self, call: Call, ours: bool) -> None:
        assert call.account is not None  # noqa: S101 - checked by the caller
        book = self.world.weibo_quota if ours else self.world.wechat_quota
        if self.faults.on("quota_spent", call):
            book.spend(call.account.key, call.now)
        if ours and self.faults.on("quota_hour", call):
            book.spend_hour(call.account.key, call.now)
        if book.hour_spent(call.account.key, call.now):
            raise Refusal(10022, "IP requests out of rate limit!", 403)
        if not book.take(call.account.key, call.now):
            if ours:
                raise Refusal(10023, "User requests out of rate limit!", 403)
            raise Refusal(45009, "reach max api daily quota limit")

    def _page(self, call: Call) -> int:
        """Which page of a walk this is, from 1: a call that continues below a known row follows the one before."""
        body = call.body or {}
        about = call.params.get("id", "") or f"{body.get('msg_data_id', '')}/{body.get('index', '')}"
        key = (call.path, call.account.key if call.account else "", about)
        further = call.params.get("max_id", "0") not in ("", "0") or any(
            isinstance(body.get(name), int) and body[name] > 0 for name in ("begin", "offset")
        )
        asked = call.params.get("page", "1")
        page = self._pages.get(key, 0) + 1 if further else int(asked) if asked.isascii() and asked.isdigit() else 1
        self._pages[key] = page
        return page

    def _shift(self, call: Call, params: dict[str, Any]) -> None:
        thread = self._walked(call)
        if call.page == 2 and thread is not None and self.faults.on("shift_while_paging", call):
            hand.shift(self.world, thread, int(params["new"]), int(params["deleted"]), call.now)

    def _walked(self, call: Call) -> Thread | None:
        """The post whose comments are being walked; for a stream over all posts, the newest."""
        body = call.body or {}
        if call.path.endswith("to_me.json") and call.account:
            return next(iter(self.world.threads_of(call.account, call.now)), None)
        for thread in self.world.threads.values():
            if str(thread.id) == call.params.get("id") or (
                thread.id == body.get("msg_data_id") and thread.index == body.get("index", 0)
            ):
                return thread
        return None

    def _note(self, call: Call, answer: Answer) -> None:
        shown = {**call.params, **(call.body or {})}
        shown = {k: v for k, v in shown.items() if k not in ("access_token", "secret")}
        self.log.append(
            Served(
                call.now.isoformat(), call.method, call.path, shown, call.account.key if call.account else "",
                call.agent, call.page, answer.status, answer.code, list(self.faults.met),
            )
        )  # fmt: skip

    def rows(self, path: str = "") -> list[dict[str, Any]]:
        """The log, oldest first, of paths that contain `path`."""
        return [asdict(row) for row in self.log if path in row.path]


def encode(answer: Answer) -> bytes:
    """The bytes of an answer; text outside ASCII stays readable, a lone surrogate is escaped."""
    if answer.raw is not None:
        return answer.raw
    try:
        return json.dumps(answer.body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(answer.body).encode()
