"""What an incident froze, in the few words that pages need: read once, and anew when a person had it decided anew."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from escalation.incident import incidents
from escalation.web.words import LEVEL_NAMES, platform
from stream.account import accounts

KEPT = 5_000
JUDGED = {"rules": "规则", "engine": "引擎", "program": "程序"}


@dataclass(frozen=True, slots=True)
class Words:
    """Names of the levels, of the account and its platform, the pack's label and title, whose silence goes to whom.

    `offices`: each role under the school's own name; where its rules name none, it is missing.
    `judged`: the edition of the rules, the engine and the program that found the matter.
    """

    levels: Mapping[int, str] = field(default_factory=lambda: LEVEL_NAMES)
    account: str = ""
    platform: str = ""
    pack: str = ""
    title: str = ""
    chain: Mapping[str, str] = field(default_factory=dict)
    offices: Mapping[str, str] = field(default_factory=dict)
    judged: str = ""


class Frozen:
    """The words of incidents by id; safe for several threads, bounded."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._known: dict[int, Words] = {}
        self._renewed: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def of(self, conn: Connection, ids: Iterable[int]) -> dict[int, Words]:
        """The words of these incidents, reading only what was not read before."""
        wanted = list(ids)
        renewed = _renewed(conn, wanted)
        with self._lock:
            for one in renewed.items() - self._renewed.items():
                self._known.pop(one[0], None)
            self._renewed |= renewed
            missing = [one for one in wanted if one not in self._known]
        if missing:
            read = _read(conn, missing)
            with self._lock:
                if len(self._known) > KEPT:
                    self._known.clear()
                self._known |= read
                return {one: self._known.get(one) or read.get(one, Words()) for one in wanted}
        with self._lock:
            return {one: self._known.get(one, Words()) for one in wanted}


def _renewed(conn: Connection, ids: list[int]) -> dict[int, datetime]:
    """When a person put another procedure in the place of the frozen one; only the incidents where that was done."""
    done = incidents.c.renewed_at.is_not(None)
    rows = conn.execute(select(incidents.c.id, incidents.c.renewed_at).where(incidents.c.id.in_(ids), done))
    return {row.id: row.renewed_at for row in rows}


def _read(conn: Connection, ids: list[int]) -> dict[int, Words]:
    rows = conn.execute(
        select(incidents.c.id, incidents.c.account_id, incidents.c.frozen, accounts.c.name, accounts.c.platform)
        .outerjoin(accounts, (accounts.c.school == incidents.c.school) & (accounts.c.id == incidents.c.account_id))
        .where(incidents.c.id.in_(ids))
    )
    return {row.id: words_of(row.frozen, row.name or row.account_id, platform(row.platform or "")) for row in rows}


def words_of(frozen: Mapping[str, Any], account: str, where: str) -> Words:
    """The words in one frozen copy, with the account book's where it holds none."""
    pack = frozen.get("pack", {}).get("pack", {})
    own = frozen.get("account", {})
    versions = frozen.get("versions", {})
    version = str(pack.get("version", ""))[:8]
    return Words(
        levels={**LEVEL_NAMES, **{level["number"]: level["name"] for level in pack.get("level", [])}},
        account=own.get("name") or account,
        platform=own.get("platform") or where,
        pack=f"{pack.get('code', '')}@{version}" if pack else "",
        title=str(pack.get("title", "")),
        chain=pack.get("ladder", {}).get("chain", {}),
        offices={one["key"]: one["words"][0] for one in pack.get("office", []) if one.get("words")},
        judged=" · ".join(f"{name} {said}" for key, name in JUDGED.items() if (said := versions.get(key))),
    )
