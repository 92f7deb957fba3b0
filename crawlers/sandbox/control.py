"""The hand on the sandbox: `/control/...`, for tests and rehearsals only; no platform has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crawlers.sandbox import hand
from crawlers.sandbox.clock import instant
from crawlers.sandbox.faults import AIMS, STANDING
from crawlers.sandbox.gate import Gate
from crawlers.sandbox.thread import Comment, Thread

Act = Callable[[dict[str, Any]], Any]


def _comment_row(row: Comment) -> dict[str, Any]:
    return {"comment": row.id, "thread": row.thread.key, "number": row.number, "at": row.at.isoformat()}


def _thread_row(row: Thread) -> dict[str, Any]:
    return {
        "thread": row.key, "account": row.account.key, "id": row.id, "index": row.index, "mass": row.mass,
        "at": row.at.isoformat(), "comments": len(row.comments), "title": row.title or row.text[:30],
    }  # fmt: skip


class Control:
    """Control calls over one gate. A wrong name or parameter is answered 400 with a sentence."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.world = gate, gate.world

    def routes(self) -> list[Route]:
        """One route per control path."""
        table: dict[str, dict[str, Act]] = {
            "clock": {"GET": self.clock, "POST": self.set_clock},
            "faults": {"GET": self.faults, "POST": self.add_fault, "DELETE": self.drop_faults},
            "quota": {"GET": self.quota, "POST": self.set_quota},
            "log": {"GET": self.log, "DELETE": self.clear_log},
            "threads": {"GET": self.threads},
            "comment": {"POST": self.comment},
            "post": {"POST": self.post},
            "edit": {"POST": self.edit},
            "delete": {"POST": self.delete},
        }
        return [Route(f"/control/{name}", _endpoint(acts), methods=list(acts)) for name, acts in table.items()]

    def clock(self, _: dict[str, Any]) -> Any:
        """The sandbox's present, speed and epoch."""
        clock = self.world.clock
        return {"now": clock.now().isoformat(), "rate": clock.rate, "epoch": self.world.epoch.isoformat()}

    def set_clock(self, given: dict[str, Any]) -> Any:
        """Any of `now` (ISO), `advance_s`, `rate`."""
        if not given or set(given) - {"now", "advance_s", "rate"}:
            raise ValueError("the clock takes now (ISO 8601), advance_s (seconds) and rate")
        clock = self.world.clock
        if "now" in given:
            clock.set(instant(str(given["now"])))
        if "advance_s" in given:
            clock.advance(float(given["advance_s"]))
        if "rate" in given:
            clock.run_at(float(given["rate"]))
        self.world.catch_up()
        return self.clock({})

    def faults(self, _: dict[str, Any]) -> Any:
        """Which faults are on, and all names with their parameters."""
        on = {
            f.name: {**f.params, "path": f.path, "account": f.account, "left": f.left}
            for f in self.gate.faults.active.values()
        }
        known = {name: [*params, *AIMS] for name, params in STANDING.items()}
        return {"on": on, "names": known | {name: list(params) for name, (_, params) in hand.DEEDS.items()}}

    def add_fault(self, given: dict[str, Any]) -> Any:
        """`{"name": ..., "on": true, ...}`: switches a standing fault on or off, or does a single deed."""
        name, on = str(given.get("name", "")), given.get("on", True)
        params = {k: v for k, v in given.items() if k not in ("name", "on")}
        if params.get("account"):
            self.world.account(str(params["account"]))
        if name in hand.DEEDS:
            deed, takes = hand.DEEDS[name]
            if wrong := set(params) - set(takes):
                raise ValueError(f"fault {name!r} takes {list(takes)}, not {sorted(wrong)}")
            return {"done": deed(self.world, params, self.world.catch_up())}
        self.gate.faults.switch_on(name, params)
        if not on:
            self.gate.faults.switch_off(name)
        return self.faults({})

    def drop_faults(self, given: dict[str, Any]) -> Any:
        """Switch off the fault `name`, or all."""
        self.gate.faults.switch_off(str(given["name"]) if "name" in given else None)
        return self.faults({})

    def quota(self, _: dict[str, Any]) -> Any:
        """Calls used today and the day's limits."""
        books = {"weibo": self.world.weibo_quota, "wechat": self.world.wechat_quota}
        now = self.world.catch_up()
        return {
            name: {
                "limit": book.limit,
                "used": {a.key: book.used(a.key, now) for a in self.world.accounts.values() if a.platform == name},
            }
            for name, book in books.items()
        }

    def set_quota(self, given: dict[str, Any]) -> Any:
        """`{"weibo": n}` and `{"wechat": n}`: calls per account and Asia/Shanghai day."""
        if not given or set(given) - {"weibo", "wechat"}:
            raise ValueError("the quota takes weibo and wechat: calls per account and day")
        self.world.weibo_quota.limit = int(given.get("weibo", self.world.weibo_quota.limit))
        self.world.wechat_quota.limit = int(given.get("wechat", self.world.wechat_quota.limit))
        return self.quota({})

    def log(self, given: dict[str, Any]) -> Any:
        """Calls served, oldest first; `path` keeps those that contain it."""
        return {"served": self.gate.rows(str(given.get("path", "")))}

    def clear_log(self, _: dict[str, Any]) -> Any:
        """Forget the log."""
        self.gate.log.clear()
        return {"served": []}

    def threads(self, _: dict[str, Any]) -> Any:
        """Every post and article so far."""
        self.world.catch_up()
        return {"threads": [_thread_row(t) for t in self.world.threads.values()]}

    def comment(self, given: dict[str, Any]) -> Any:
        """`text`, optional `thread` (else the newest of `account` or `platform`), `at`, `author` (-1: the account)."""
        now = self.world.catch_up()
        thread = hand.find_thread(self.world, given, now)
        text = _required(given, "text")
        author = int(given["author"]) if "author" in given else None
        answers = hand.find_comment(self.world, given["answers"]) if "answers" in given else None
        return _comment_row(hand.write(self.world, thread, text, _at(given, now), author, answers))

    def post(self, given: dict[str, Any]) -> Any:
        """`account`, `text`, optional `title`, `at`, `key`, `bundle`, `mass`, `closed`."""
        now = self.world.catch_up()
        made = hand.publish(self.world, _required(given, "account"), _required(given, "text"), _at(given, now), given)
        return _thread_row(made)

    def edit(self, given: dict[str, Any]) -> Any:
        """`comment` or `thread`, and the new `text`."""
        text = _required(given, "text")
        if "thread" in given:
            thread = self.world.find_thread(str(given["thread"]))
            thread.text = text
            return _thread_row(thread)
        row = hand.find_comment(self.world, _required(given, "comment"))
        row.text = text
        return _comment_row(row)

    def delete(self, given: dict[str, Any]) -> Any:
        """`comment` or `thread`; gone from now on. `{"restore": true}` brings it back."""
        gone = None if given.get("restore") else self.world.catch_up()
        if "thread" in given:
            thread = self.world.find_thread(str(given["thread"]))
            thread.gone_at = gone
            return _thread_row(thread)
        row = hand.find_comment(self.world, _required(given, "comment"))
        row.gone_at = gone
        return _comment_row(row)


def _required(given: dict[str, Any], name: str) -> str:
    if name not in given or given[name] == "":
        raise ValueError(f"{name!r} is missing")
    return str(given[name])


def _at(given: dict[str, Any], now: datetime) -> datetime:
    return instant(str(given["at"])) if "at" in given else now


def _endpoint(acts: dict[str, Act]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            given = {**request.query_params, **(json.loads(raw) if raw else {})}
            act = acts["GET" if request.method == "HEAD" else request.method]
            return JSONResponse(act(given))
        except (ValueError, KeyError, TypeError, IndexError) as wrong:
            return JSONResponse({"error": str(wrong.args[0] if wrong.args else wrong)}, 400)

    return endpoint
