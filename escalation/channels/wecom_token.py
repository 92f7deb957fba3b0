"""The access_token of a 企业微信 application: fetched by one at a time, kept until shortly before it ends."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from escalation.channels import Accepted, Outcome, Transient, Unknown
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import Answer, Line
from escalation.channels.letter import Clock
from escalation.channels.wecom_answer import judge_token

EARLY = timedelta(minutes=5)
"""A token is renewed so long before its end: our clock and the vendor's are not one."""


class Token:
    """One token. All threads of a process share the instance: while one fetches, the others wait for it."""

    def __init__(self, line: Line, corp_id: str, secret: str, now: Clock) -> None:
        self._line = line
        self._corp_id = corp_id
        self._secret = secret
        self._now = now
        self._lock = threading.Lock()
        self._kept = ""
        self._until: datetime | None = None

    def __repr__(self) -> str:
        return f"Token(until={self._until})"

    def give(self, cutoff: Cutoff) -> str | Outcome:
        """A token that is good as far as we know, or why there is none."""
        if not self._lock.acquire(timeout=cutoff.left):
            return Transient("等待企业微信 access_token 超时，未送出，将自动重发。")
        try:
            now = self._now()
            # A clock set back must not keep a token for ever: it never lives longer than the vendor's two hours.
            if self._until is None or not now < self._until <= now + timedelta(hours=2):
                return self._fetch(cutoff)
            return self._kept
        finally:
            self._lock.release()

    def drop(self, token: str) -> None:
        """The vendor says this token is stale; one that another thread fetched meanwhile stays."""
        with self._lock:
            if token == self._kept:
                self._until = None

    def prove(self, cutoff: Cutoff) -> Outcome:
        """Fetch anew, for the test button."""
        if not self._lock.acquire(timeout=cutoff.left):
            return Transient("等待企业微信 access_token 超时，请稍后再试。")
        try:
            found = self._fetch(cutoff)
        finally:
            self._lock.release()
        return Accepted("", answer="0") if isinstance(found, str) else found

    def _fetch(self, cutoff: Cutoff) -> str | Outcome:
        answer = self._line.call(
            cutoff, "GET", "/cgi-bin/gettoken", params={"corpid": self._corp_id, "corpsecret": self._secret}
        )
        if isinstance(answer, Unknown):  # asking for a token tells nobody anything: no message has left
            return Transient("企业微信未答复 access_token 的请求，消息未送出，将自动重发。")
        if not isinstance(answer, Answer):
            return answer
        found = judge_token(answer)
        if isinstance(found, tuple):
            self._kept, seconds = found
            self._until = self._now() + max(timedelta(seconds=seconds) - EARLY, timedelta(seconds=seconds / 2))
            return self._kept
        return found
