"""The auditor 稽核: a loop of its own that checks every few seconds that nothing stands still unseen.

It changes nothing of what it looks at. What it finds is a row, an alert and a line of the audit, and ends by itself
when it is mended. Several auditors do no harm: rows are conditional and looks that change something take turns.

After a start and after a jump of the wall clock everything looks overdue for a moment, so for SETTLE nothing new is
found; what is mended still ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from escalation import alert, finding, standing
from escalation.case import Facts
from escalation.duty.readiness import Outlook
from escalation.heartbeat import FILE, URL, Heartbeat
from escalation.inspection import TITLES, Finding, What, inspect
from escalation.procedure import Pack
from stream import pulse
from stream.log import Log, LogError
from stream.logbook import about
from stream.store import Store, StoreUnavailable
from stream.topic import READERS

_log = logging.getLogger(__name__)
ROLE = "audit"
LOOK_EVERY = 15.0
SETTLE = 60.0
JUMP = 20.0
"""Seconds by which the wall clock may differ from the machine's own between two looks."""
PAUSED = 60.0
"""A pause between two looks that long: the whole machine may have stood still."""
LOCK = 730_043
"""Key of the advisory lock under which PostgreSQL's auditors take turns; on SQLite there is one writer anyway."""
SILENT = "auditor:silent"
SILENT_AFTER = timedelta(seconds=60)
SILENT_WORDS = (
    "稽核进程（audit）已停止报到，没有人在核对时限与送达是否落实；监督进程会重启它，"
    "持续不恢复请查看 logs/audit.log，其间请值班员逐件核对未结事件。"
)


class Auditor:
    """One auditor of one school. `monotonic`: seconds of a clock that never jumps."""

    def __init__(
        self, store: Store, open_log: Callable[[], Log], school: str, channels: frozenset[str],
        clock: Callable[[], datetime], *, heartbeat: Heartbeat | None = None,
        monotonic: Callable[[], float] = time.monotonic, pack: Pack | None = None,
    ) -> None:  # fmt: skip
        """Look at `school`; `channels` are those that are set up. A log that is away is opened when it is back.

        `pack`: the school's rules, whose offices must be held in the coming days.
        """
        self._outlook = Outlook(school, pack, channels) if pack is not None else None
        self._store, self._open_log, self._school, self._channels = store, open_log, school, channels
        self._clock, self._monotonic, self._heartbeat = clock, monotonic, heartbeat
        self._log: Log | None = None
        self._frozen = standing.Frozen()
        self._due = self._steady_since = monotonic()
        self._last: tuple[datetime, float] | None = None
        self._rung: Collection[str] = (FILE, URL)  # the process before this one may have
        self.trouble = ""

    def step(self) -> int:
        """Look where it is time to, and beat outside; gives 0: between two looks there is nothing to do."""
        if self._monotonic() < self._due:
            return 0
        self._due = self._monotonic() + LOOK_EVERY
        try:
            self.trouble = ""
            self._beat(self.look())
        except StoreUnavailable as error:
            self.trouble = str(error)
        return 0

    def close(self) -> None:
        """Give the log back."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def look(self) -> int:
        """One look at everything; gives how many findings stand. Raises StoreUnavailable."""
        now = self._clock()
        begin = self._steady(now)
        ends = self._ends()
        with self._store.read() as conn:
            seen = self._facts(conn, ends, now)
            known = finding.standing(conn, self._school)
            marked = standing.marked(conn)
        if _is_news(inspect(seen, now), known, ends is None, begin, now):
            self._keep(ends, begin, now)
        if ends is not None and (marked or any(one.waiting for one in seen.readings)):
            with self._store.write() as conn:
                standing.note_positions(conn, ends, now)
        with self._store.read() as conn:
            left = finding.standing(conn, self._school)
        _write_down(known, left)
        return len(left)

    def _facts(self, conn: Connection, ends: standing.Ends | None, now: datetime) -> Facts:
        return standing.facts(conn, self._school, self._channels, ends or {}, self._frozen, now, self._outlook)

    def _keep(self, ends: standing.Ends | None, begin: bool, now: datetime) -> None:
        """Look again inside the transaction that writes, so that no other auditor's look lies between."""
        with self._store.write() as conn:
            if conn.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            found = inspect(self._facts(conn, ends, now), now)
            unseen = frozenset() if ends is not None else frozenset({What.READER})
            finding.keep(conn, self._school, found, now, begin=begin, unseen=unseen)

    def _steady(self, now: datetime) -> bool:
        """Whether the clocks have agreed and this auditor has looked for long enough to find something new."""
        ticks = self._monotonic()
        if self._last is not None:
            wall, own = (now - self._last[0]).total_seconds(), ticks - self._last[1]
            if abs(wall - own) > JUMP or own > PAUSED:
                self._steady_since = ticks
        self._last = (now, ticks)
        return ticks - self._steady_since >= SETTLE

    def _ends(self) -> standing.Ends | None:
        """How far the log goes for each of its readers; None where it cannot be asked."""
        try:
            if self._log is None:
                self._log = self._open_log()
            topics = {topic: self._log.ends(topic) for topic in dict.fromkeys(READERS.values())}
        except LogError as error:
            _log.error("%s", error)
            self.trouble = f"日志流读不到，暂不核对读取进度：{error}"
            self.close()
            return None
        return {reader: topics[topic] for reader, topic in READERS.items()}

    def _beat(self, findings: int) -> None:
        """Beat outside, and ring where that cannot be done. What another auditor that lives cannot do, on a machine of
        its own, is not hushed because this one can."""
        now = self._clock()
        wrong: dict[str, str] = {}
        if self._heartbeat is not None:
            self._heartbeat.beat(self._school, findings, now)
            wrong = {cause: words for cause, words in self._heartbeat.troubles.items() if words}
        with self._store.read() as conn:
            rings = {one.cause: one.words for one in alert.ringing(conn, self._school) if one.cause in (FILE, URL)}
            mine = self._rung if pulse.another(conn, ROLE, now) else rings
        mended = (rings.keys() - wrong.keys()) & set(mine)
        if mended or wrong.items() - rings.items():
            with self._store.write() as conn:
                for cause, words in wrong.items():
                    alert.ring(conn, self._school, cause, words, now)
                for cause in mended:
                    alert.hush(conn, self._school, cause, now)
        self._rung = tuple(wrong)


def _is_news(found: list[Finding], known: list[Row[Any]], readers_unseen: bool, begin: bool, now: datetime) -> bool:
    """Whether a look must be written down: something new, mended or said otherwise, or said long ago."""
    seen = {(one.what.value, one.about): one.words for one in found}
    rows = {(row.what, row.about): row for row in known if not (readers_unseen and row.what == What.READER)}
    if rows.keys() - seen.keys() or (begin and seen.keys() - rows.keys()):
        return True
    return any(row.words != seen[key] or finding.said_long_ago(row, now) for key, row in rows.items())


def _write_down(known: Sequence[Row[Any]], left: Sequence[Row[Any]]) -> None:
    """Into the logbook what began and what ended, by the incident's number; whom it names stands in the store alone."""
    for words, rows, others in (("稽核发现", left, known), ("稽核了结", known, left)):
        seen = {row.id for row in others}
        for row in rows:
            if row.id not in seen:
                _log.info("%s：%s", words, TITLES[row.what], extra=about(incident=row.incident))


def listen(conn: Connection, school: str, now: datetime) -> None:
    """What another role does about the auditor: ring where it lived once and is silent, hush when it is heard again."""
    heard = pulse.freshest(conn, now).get(ROLE)
    if heard is not None and not heard.alive(now, SILENT_AFTER):
        alert.ring(conn, school, SILENT, SILENT_WORDS, now)
    else:
        alert.hush(conn, school, SILENT, now)
