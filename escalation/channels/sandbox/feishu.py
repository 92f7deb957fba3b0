"""The demo 飞书 robot: it checks the signature in the body, and its five a second and hundred a minute."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.vendor import Asked, Said, Vendor

PER_MINUTE, PER_SECOND = 100, 5
BODY_BYTES = 20_480
SIGNED_WITH = "feishu-sandbox-not-a-secret"
MESSAGES = {
    0: "success",
    9499: "Bad Request",
    11232: "frequency limited",
    19001: "param invalid: incoming webhook access token invalid",
    19021: "sign match fail or timestamp is not within one hour from current time",
    19022: "Ip Not Allowed",
    19024: "Key Words Not Found",
    230020: "chat frequency limited",
}


class Feishu(Vendor):
    """`hooks` None takes any hook id."""

    place = "feishu"
    paths = ("/open-apis/bot/v2/hook/{hook}",)

    def __init__(self, ledger: Ledger, secret: str = SIGNED_WITH, hooks: frozenset[str] | None = None) -> None:
        self._ledger = ledger
        self._secret = secret
        self._hooks = hooks
        self._lock = threading.Lock()
        self._times: list[datetime] = []

    @property
    def reply_headers(self) -> Mapping[str, str]:
        """The vendor's number of the request."""
        return {"X-Tt-Logid": secrets.token_hex(8)}

    def hear(self, asked: Asked) -> Said:
        """Hook, then form, then signature, then frequency."""
        hook = asked.path.rpartition("/")[2]
        if self._hooks is not None and hook not in self._hooks:
            return 200, _answer(19001)
        found = _body(asked.body)
        content = found.get("content") if found is not None else None
        text = content.get("text") if isinstance(content, dict) else None
        if found is None or found.get("msg_type") != "text" or not isinstance(text, str) or not text:
            return 200, _answer(9499)
        if not self._signed(found):
            return 200, _answer(19021)
        with self._lock:
            if not self._room(self._ledger.now()):
                return 200, _answer(11232)
        self._ledger.keep(self.place, "群", "", text)
        return 200, _answer(0) | {"data": {}, "StatusCode": 0, "StatusMessage": "success"}

    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """The vendor's answer."""
        del asked
        return 200, _answer(int(fault))

    def _signed(self, found: Mapping[str, Any]) -> bool:
        stamp = found.get("timestamp")
        if not isinstance(stamp, str) or not stamp.isdecimal():
            return False
        if abs(int(stamp) - self._ledger.now().timestamp()) > 3600:
            return False
        said = hmac.new(f"{stamp}\n{self._secret}".encode(), b"", hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(said).decode(), str(found.get("sign", "")))

    def _room(self, now: datetime) -> bool:
        self._times = [at for at in self._times if at > now - timedelta(seconds=60)]
        second = [at for at in self._times if at > now - timedelta(seconds=1)]
        if len(self._times) >= PER_MINUTE or len(second) >= PER_SECOND:
            return False
        self._times.append(now)
        return True


def _body(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and len(raw) <= BODY_BYTES else None


def _answer(code: int) -> dict[str, object]:
    return {"code": code, "msg": MESSAGES.get(code, "error"), "data": {}}
