"""WeChat's stable_token: one token per account at a time, renewed near its end, forced at most 20 times a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlers.sandbox.answer import Refusal
from crawlers.sandbox.people import Account
from crawlers.sandbox.quota import Quota

LIFE = timedelta(seconds=7200)
_RENEW_BEFORE = timedelta(minutes=5)
_FORCE_APART = timedelta(seconds=30)
FORCES_A_DAY = 20


@dataclass(slots=True)
class Token:
    """One issued token; it counts until `ends`."""

    account: Account
    text: str
    born: datetime
    ends: datetime


class Tokens:
    """Tokens issued in this world, by account. Raises Refusal as the platform would."""

    def __init__(self, flavour: str) -> None:
        self._flavour = flavour
        self._issued: dict[str, Token] = {}
        self._current: dict[str, Token] = {}
        self._forced: dict[str, datetime] = {}
        self._forces = Quota(FORCES_A_DAY)

    def stable(self, account: Account, now: datetime, force: bool) -> Token:
        """The account's token: the same until five minutes before its end (the old one then lasts out);
        a forced refresh ends the old one at once."""
        current = self._current.get(account.key)
        if force and current is not None:
            self._force(account, now)
            current.ends = min(current.ends, now)
            return self._issue(account, now)
        if current is None or current.ends - now <= _RENEW_BEFORE:
            return self._issue(account, now)
        return current

    def _force(self, account: Account, now: datetime) -> None:
        last = self._forced.get(account.key)
        if last is not None and timedelta() <= now - last < _FORCE_APART:
            raise Refusal(45011, "api minute-quota reach limit, must slower, retry next minute")
        if not self._forces.take(account.key, now):
            raise Refusal(45009, "reach max api daily quota limit")
        self._forced[account.key] = now

    def _issue(self, account: Account, now: datetime) -> Token:
        text = f"SANDBOX_{self._flavour}_{account.key}_{len(self._issued) + 1:04d}_not_a_secret"
        token = Token(account, text, now, now + LIFE)
        self._issued[text] = self._current[account.key] = token
        return token

    def holder(self, text: str, now: datetime) -> Account:
        """Whose token this is. Raises Refusal 41001, 40001 (unknown or no longer the latest) or 42001 (ran out)."""
        if not text:
            raise Refusal(41001, "access_token missing")
        token = self._issued.get(text)
        if token is None or (now >= token.ends and token.ends - token.born < LIFE):
            raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
        if now >= token.ends:
            raise Refusal(42001, "access_token expired")
        return token.account

    def end(self, account: Account, now: datetime) -> None:
        """End the account's token before its time; the next stable_token issues a new one."""
        current = self._current.pop(account.key, None)
        if current is not None:
            current.ends = min(current.ends, now)
