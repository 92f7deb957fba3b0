"""What differs between the account book and what the platform shows. Pure: an account, how it was shown, no clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from escalation.procedure import Trigger
from stream.account import Account


class Kind(StrEnum):
    """What differs. `MISNAMED`: the registered name was never seen, so nobody can say that it was changed."""

    RENAMED = "renamed"
    MISNAMED = "misnamed"
    UNVERIFIED = "unverified"
    GONE = "gone"


KIND_WORDS = {
    Kind.RENAMED: "账号已改名",
    Kind.MISNAMED: "登记名称与平台显示不同",
    Kind.UNVERIFIED: "账号失去认证",
    Kind.GONE: "账号不见了",
}
TRIGGER = {
    Kind.RENAMED: Trigger.ACCOUNT_RENAMED,
    Kind.UNVERIFIED: Trigger.ACCOUNT_UNVERIFIED,
    Kind.GONE: Trigger.ACCOUNT_GONE,
}
"""By which rows of the pack people are told; a name that never agreed is no event of any document."""
VERIFIED, UNVERIFIED, THERE = "已认证", "未认证", "可访问"


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` and `after` as the platform shows them; `before_at`: the last look that showed `before`, None where none
    did; `seen_at`: the first look that showed `after`."""

    kind: Kind
    before: str
    after: str
    before_at: datetime | None
    seen_at: datetime


def differences(account: Account, shown: Sequence[Row[Any]]) -> tuple[Difference, ...]:
    """Everything that differs now. `shown`: rows of `appearances`, the oldest first."""
    if not account.active or not shown:
        return ()
    found = (_name(account, shown), _verified(shown), _gone(shown))
    return tuple(one for one in found if one is not None)


def same_name(one: str, other: str) -> bool:
    """Whether two names are one: width, case and blanks do not count."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _name(account: Account, shown: Sequence[Row[Any]]) -> Difference | None:
    told = [row for row in shown if row.name is not None and row.told_at is not None]
    if not told or same_name(told[-1].name, account.name):
        return None
    now = told[-1].name
    others = [n for n, row in enumerate(told) if not same_name(row.name, now)]
    if not others:
        return Difference(Kind.MISNAMED, account.name, now, None, told[0].first_at)
    before, first = told[others[-1]], told[others[-1] + 1]
    return Difference(Kind.RENAMED, before.name, now, before.told_at, first.first_at)


def _verified(shown: Sequence[Row[Any]]) -> Difference | None:
    """Only what was verified can lose it."""
    told = [row for row in shown if row.verified is not None and row.told_at is not None]
    verified = [n for n, row in enumerate(told) if row.verified]
    if not verified or told[-1].verified:
        return None
    before, first = told[verified[-1]], told[verified[-1] + 1]
    return Difference(Kind.UNVERIFIED, VERIFIED, UNVERIFIED, before.told_at, first.first_at)


def _gone(shown: Sequence[Row[Any]]) -> Difference | None:
    """Only what was there can be gone: of a wrong id in the settings the platform says the same."""
    last, there = shown[-1], [row for row in shown if not row.gone]
    if not last.lost or not there:
        return None
    return Difference(Kind.GONE, THERE, last.gone, there[-1].last_at, last.first_at)
