"""The demo 企业微信 application: tokens that end, members that may be unknown, the silent drop above 30 a minute."""

from __future__ import annotations

import json
import secrets
import threading
from datetime import datetime, timedelta
from typing import Any

from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.vendor import Asked, Said, Vendor

PER_MINUTE = 30
TOKEN_SECONDS = 7200
TEXT_BYTES, TITLE_BYTES, DESCRIPTION_BYTES = 2048, 128, 512
UNKNOWN = "nobody"
"""A member whose name begins so does not exist."""
MESSAGES = {
    0: "ok",
    -1: "system busy",
    40001: "invalid credential",
    40013: "invalid corpid",
    40014: "invalid access_token",
    42001: "access_token expired",
    44004: "content is empty",
    40058: "content exceed max length",
    45009: "api freq out of limit",
    47001: "data format error",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
}


class Members(Vendor):
    """`corp_id` and `secret` None take any. `dropped` counts what was swallowed without an error, as there."""

    place = "app"
    paths = ("/cgi-bin/gettoken", "/cgi-bin/message/send")

    def __init__(self, ledger: Ledger, corp_id: str | None = None, secret: str | None = None) -> None:
        self._ledger = ledger
        self._corp_id, self._secret = corp_id, secret
        self._lock = threading.Lock()
        self._tokens: dict[str, datetime] = {}
        self._times: dict[str, list[datetime]] = {}
        self._seen: dict[bytes, datetime] = {}
        self.fetched = 0
        self.dropped = 0

    def hear(self, asked: Asked) -> Said:
        """Give a token, or take a message."""
        with self._lock:
            return 200, self._token(asked) if asked.path.endswith("gettoken") else self._message(asked)

    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """40001 strikes where the token is fetched, the others where a message is sent."""
        at_token = asked.path.endswith("gettoken")
        if at_token != (fault == "40001"):
            return None
        if fault == "invaliduser":
            found = _body(asked.body) or {}
            return 200, _answer(0) | {"invaliduser": str(found.get("touser", "")).lower(), "msgid": "none"}
        return 200, _answer(int(fault))

    def _token(self, asked: Asked) -> dict[str, object]:
        if self._corp_id not in (None, asked.query.get("corpid")):
            return _answer(40013)
        if self._secret not in (None, asked.query.get("corpsecret")):
            return _answer(40001)
        self.fetched += 1
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._ledger.now() + timedelta(seconds=TOKEN_SECONDS)
        return _answer(0) | {"access_token": token, "expires_in": TOKEN_SECONDS}

    def _message(self, asked: Asked) -> dict[str, object]:
        now = self._ledger.now()
        ends = self._tokens.get(asked.query.get("access_token", ""))
        if ends is None:
            return _answer(40014)
        if ends <= now:
            return _answer(42001)
        found = _body(asked.body)
        if found is None:
            return _answer(47001)
        code, title, content, url = _words(found)
        if code:
            return _answer(code)
        members = [name for name in str(found.get("touser", "")).split("|") if name]
        bad = [name.lower() for name in members if name.startswith((UNKNOWN, "@"))]
        if not members or len(bad) == len(members):
            return _answer(81013)
        for name in members:
            if name.lower() not in bad:
                self._deliver(name, title, content, url, now, asked.body, found.get("enable_duplicate_check") == 1)
        return _answer(0) | {
            "invaliduser": "|".join(bad), "invalidparty": "", "invalidtag": "", "unlicenseduser": "",
            "msgid": secrets.token_hex(12),
        }  # fmt: skip

    def _deliver(self, name: str, title: str, content: str, url: str, now: datetime, body: bytes, once: bool) -> None:
        recent = [at for at in self._times.get(name, []) if at > now - timedelta(seconds=60)]
        self._times[name] = recent
        if len(recent) >= PER_MINUTE:
            self.dropped += 1
            return
        recent.append(now)
        before = self._seen.get(body)
        if once and before is not None and now - before < timedelta(minutes=30):
            return
        self._seen[body] = now
        self._ledger.keep(self.place, name, title, content, url)


def _answer(code: int) -> dict[str, object]:
    return {"errcode": code, "errmsg": MESSAGES.get(code, "error")}


def _body(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _words(found: dict[str, Any]) -> tuple[int, str, str, str]:
    """Code, title, content and link of a message."""
    card = found.get("textcard")
    if found.get("msgtype") == "textcard" and isinstance(card, dict):
        title, text, url = (str(card.get(name, "")) for name in ("title", "description", "url"))
        if not (title and text and url):
            return 44004, "", "", ""
        long = len(title.encode()) > TITLE_BYTES or len(text.encode()) > DESCRIPTION_BYTES
        return (40058 if long else 0), title, text, url
    text_part = found.get("text")
    content = text_part.get("content") if isinstance(text_part, dict) else None
    if not isinstance(content, str) or not content:
        return 44004, "", "", ""
    return (40058 if len(content.encode()) > TEXT_BYTES else 0), "", content, ""
