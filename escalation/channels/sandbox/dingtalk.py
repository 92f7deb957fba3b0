"""The demo 钉钉 robot: it checks the signature and the hour, and punishes the twenty-first message of a minute."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import datetime, timedelta

from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.vendor import Asked, Said, Vendor

PER_MINUTE = 20
PUNISHED = timedelta(minutes=10)
BODY_BYTES = 20_000
SIGNED_WITH = "SEC-sandbox-not-a-secret"
MESSAGES = {
    0: "ok",
    -1: "system busy",
    130101: "send too fast, exceed 20 times per minute",
    300001: "token is not exist",
    310000: "sign not match",
    400105: "msgtype not supported",
    430102: "text not allowed",
    460101: "message too long",
}


class Dingtalk(Vendor):
    """`tokens` None takes any access_token. `punished` tells since when the robot is stopped."""

    place = "dingtalk"
    paths = ("/robot/send",)

    def __init__(self, ledger: Ledger, secret: str = SIGNED_WITH, tokens: frozenset[str] | None = None) -> None:
        self._ledger = ledger
        self._secret = secret
        self._tokens = tokens
        self._lock = threading.Lock()
        self._times: list[datetime] = []
        self.punished: datetime | None = None

    def hear(self, asked: Asked) -> Said:
        """Token, then signature, then frequency, then form."""
        token = asked.query.get("access_token", "")
        if not token or (self._tokens is not None and token not in self._tokens):
            return 200, _answer(300001)
        if not self._signed(asked):
            return 200, _answer(310000)
        with self._lock:
            return 200, self._take(asked.body, self._ledger.now())

    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """The vendor's answer."""
        del asked
        return 200, _answer(int(fault))

    def _signed(self, asked: Asked) -> bool:
        stamp = asked.query.get("timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) / 1000 - self._ledger.now().timestamp()) > 3600:
            return False
        said = hmac.new(self._secret.encode(), f"{stamp}\n{self._secret}".encode(), hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(said).decode(), asked.query.get("sign", ""))

    def _take(self, body: bytes, now: datetime) -> dict[str, object]:
        if self.punished is not None and now < self.punished + PUNISHED:
            return _answer(130101) | {"status": 1111, "punish": "forbid send"}
        self._times = [at for at in self._times if at > now - timedelta(seconds=60)]
        if len(self._times) >= PER_MINUTE:
            self.punished = now
            return _answer(130101) | {"status": 1111, "wait": 600, "punish": "forbid send"}
        self._times.append(now)
        if len(body) > BODY_BYTES:
            return _answer(460101)
        try:
            found = json.loads(body)
            content = found["text"]["content"]
            called = found.get("at", {}).get("atMobiles", [])
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            return _answer(400105)
        if found.get("msgtype") != "text" or not isinstance(content, str) or not content:
            return _answer(400105)
        self._ledger.keep(self.place, "、".join(str(one) for one in called) or "群", "", content)
        return _answer(0)


def _answer(code: int) -> dict[str, object]:
    return {"errcode": code, "errmsg": MESSAGES.get(code, "error")}
