"""Following a topic: read, take effect, move the position, so that a killed process repeats and never skips.

Effects outside the store (appending to the next topic, writing search) come first and must be idempotent; effects in
the store and the position are one transaction. A fenced or failed transaction goes back to the stored position. One
record that breaks its transaction is found by halving, buried, and the others go on.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from stream import metrics, standing_by
from stream.backlog import Backlog
from stream.dead_letter import LetterKind, bury
from stream.handed_back import LOOK_SECONDS, HandedBack
from stream.log import Log, LogError, LogUnavailable, LostPosition, Record
from stream.position import Fenced, advance, stored
from stream.store import Store, StoreUnavailable

Effects = Callable[[Connection], None]
Handle = Callable[[Sequence[Record]], Effects | None]
"""Takes one partition's records in order, does what lies outside the store, gives what belongs into the transaction."""

PAUSE_SECONDS = 0.5
HELD_SECONDS = 2.0
"""A transaction of many records is made so short that others need not wait longer for the store."""
AT_ONCE = 50
"""Records of the first transaction; as many more in the next ones as their pace allows."""
HEALTH_SECONDS = 5.0
"""Between two questions to the log while nothing comes; each may take up to 5 s."""
LAG_SECONDS = 10.0
BURIED_IN_A_ROW = 20
"""So many records in a row that nobody can take are no accident of theirs: the error is raised, the role ends red."""
FENCED = "已由另一个进程接手，本批作废，从存储里的位置重读。"
LOST_WORDS = {
    "expired": "已超过日志流的保存期，未及读取",
    "damaged": "校验不符，已跳过",
    "ahead": "读取位置越过日志流末尾（日志流被更换或恢复过），从现存最早处重新读取",
}

_log = logging.getLogger(__name__)


class Follower:
    """One member of a group that follows a topic. Not for several threads."""

    def __init__(
        self,
        log: Log,
        store: Store,
        topic: str,
        name: str,
        *,
        clock: Callable[[], datetime],
        troubles: tuple[type[Exception], ...] = (),
        committed: Callable[[], object] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
        beside: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Join the group `name`; positions rest in the store under that name. `clock` gives aware UTC.

        `troubles`: further exceptions of the effects that mean "not now": the records come again. `committed` is called
        after each commit of effects; `beside` at the end of each transaction, and may raise Fenced.
        """
        self.name = name
        self._troubles: tuple[type[Exception], ...] = (Fenced, StoreUnavailable, LogUnavailable, *troubles)
        self._committed, self._beside = committed, beside
        self._trouble = self._silence = self._stall = ""
        self._log, self._store, self._topic, self._clock, self._monotonic = log, store, topic, clock, monotonic
        self._backlog = Backlog(log, store, topic, name)
        self._handed_back = HandedBack(store, name, _kind)
        self._health_at = monotonic() + HEALTH_SECONDS
        self._lag_at = self._letters_at = monotonic()
        self._culprits = 0
        self._at_once = AT_ONCE
        self._next: dict[int, int | None] = {}
        self._reader = log.reader(topic, name, self._stored)

    @property
    def trouble(self) -> str:
        """Why it cannot work now, as a Chinese sentence, or an empty string."""
        return self._trouble or self._silence or self._stall

    def _stored(self, partitions: Collection[int]) -> dict[int, int]:
        with self._store.read() as conn:
            found = stored(conn, self.name, partitions)
        self._next.update({partition: found.get(partition) for partition in partitions})
        return found

    def step(self, handle: Handle, limit: int = 500, wait: float = 0.2) -> int:
        """Take what has come, at most `limit` records; gives how many were passed. Waits at most `wait` seconds.

        An unreachable store or log is no error: `trouble` says so and the records come again. Raises LogError, and
        what the effects raise where BURIED_IN_A_ROW records have failed one after the other.
        """
        try:
            records = self._reader.poll(limit, wait)
        except (StoreUnavailable, LogUnavailable) as error:
            self._trouble = str(error)
            time.sleep(PAUSE_SECONDS)
            return 0
        standing_by.note(self.name, self._reader.assigned())
        lost = self._reader.lost()
        self._look(idle=not records)
        failed = self._own_up(lost)
        taken = 0
        by_partition = sorted(records, key=lambda record: record.partition)
        for partition, group in groupby(by_partition, key=lambda record: record.partition):
            if partition not in failed:
                taken += self._take(partition, list(group), handle, failed)
        self._pass_over([one for one in lost if one.partition not in failed])
        self._take_letters(handle, failed)
        self._trouble = self._trouble if (records or failed) and not taken else ""
        return taken

    def _take_letters(self, handle: Handle, failed: set[int]) -> None:
        """Take dead letters that an operator handed back, of the partitions that this member has."""
        began = self._monotonic()
        if began < self._letters_at:
            return
        mine = self._reader.assigned() - failed
        self._letters_at = began + LOOK_SECONDS
        try:
            for one in self._handed_back.letters(mine):
                if one.partition in failed:
                    continue
                self._letters_at = began  # there may be more
                try:
                    if self._handed_back.take(one, handle, self._next.get(one.partition), (*self._troubles, LogError)):
                        self._committed()
                except self._troubles as error:
                    self._refuse(one.partition, error)
                    failed.add(one.partition)
                if self._monotonic() - began > HELD_SECONDS:
                    break
        except StoreUnavailable as error:
            self._trouble = str(error)

    def _look(self, *, idle: bool) -> None:
        """Ask the log, seldom, whether it is there, and where it is, how much waits; either question may hang for 5 s.

        `poll` gives nothing both where nothing is there and where the log is away.
        """
        now = self._monotonic()
        try:
            if not idle:
                self._silence, self._health_at = "", now + HEALTH_SECONDS
            elif now >= self._health_at:
                try:
                    self._log.healthy()
                finally:
                    self._health_at = self._monotonic() + HEALTH_SECONDS
                self._silence = ""
            if now >= self._lag_at and not self._silence:
                try:
                    self._stall = self._backlog.measure(now)
                finally:
                    self._lag_at = self._monotonic() + LAG_SECONDS
        except (LogUnavailable, StoreUnavailable) as error:
            self._silence = str(error)

    def _take(self, partition: int, records: list[Record], handle: Handle, failed: set[int]) -> int:
        """Take what is new of a partition, halving a stretch that fails until the one culprit is alone."""
        start = self._next.get(partition)
        stretches = [[record for record in records if start is None or record.offset >= start]]
        taken = 0
        try:
            while stretches:
                stretch = stretches.pop()
                if len(stretch) > self._at_once:
                    stretches.append(stretch[self._at_once :])
                    stretch = stretch[: self._at_once]
                began = self._monotonic()
                if stretch and not self._taken(partition, stretch, handle):
                    middle = len(stretch) // 2
                    stretches += [stretch[middle:], stretch[:middle]]
                    continue
                taken += len(stretch)
                self._at_once = paced(self._at_once, len(stretch), self._monotonic() - began)
        except self._troubles as error:
            self._refuse(partition, error)
            failed.add(partition)
        return taken

    def _taken(self, partition: int, records: list[Record], handle: Handle) -> bool:
        """Take a stretch; False where it must be halved. A lone record that fails twice is buried, which is taken."""
        for last in (False, True):
            try:
                self._commit(partition, records[-1].offset + 1, handle(records))
                self._culprits = 0
            except self._troubles:
                raise
            except LogError:
                raise
            except Exception as error:  # noqa: BLE001 (whatever it is, one record may not stop the watch)
                if len(records) > 1:
                    return False
                if last:
                    self._bury(partition, records[0], error)
            else:
                break
        return True

    def _commit(self, partition: int, end: int, effects: Effects | None) -> None:
        with self._store.write() as conn:
            if effects is not None:
                effects(conn)
            advance(conn, self.name, partition, self._next.get(partition), end)
            self._beside(conn)
        self._next[partition] = end
        if effects is not None:
            self._committed()

    def _bury(self, partition: int, record: Record, error: Exception) -> None:
        if self._culprits >= BURIED_IN_A_ROW:
            raise error
        self._culprits += 1
        reason = f"处理时出错：{_kind(error)}"

        def effects(conn: Connection) -> None:
            self._keep(conn, partition, record.offset, record.value, reason)

        self._commit(partition, record.offset + 1, effects)
        metrics.DEAD_LETTERS.labels(reader=self.name).inc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(  # without the error's text: it may hold what somebody wrote
            "%s：主题 %s 分区 %s 第 %s 条无法处理，已留存为死信，见 fengxin dead list（%s，%s:%s）。",
            self.name, self._topic, partition, record.offset, _kind(error), place.filename, place.lineno,
        )  # fmt: skip

    def _keep(
        self, conn: Connection, partition: int, offset: int, body: bytes, reason: str,
        kind: LetterKind = LetterKind.RECORD, many: int = 1,
    ) -> bool:  # fmt: skip
        return bury(
            conn, reader=self.name, topic=self._topic, partition=partition, offset=offset, body=body, reason=reason,
            now=self._clock(), kind=kind, many=many,
        )  # fmt: skip

    def _own_up(self, lost: Sequence[LostPosition]) -> set[int]:
        """Keep every range that the reader had to pass over as a dead letter; gives partitions that must come again."""
        failed: set[int] = set()
        for one in lost:
            try:
                if one.partition not in failed:
                    self._tell(one)
            except self._troubles as error:
                self._refuse(one.partition, error)
                failed.add(one.partition)
        return failed

    def _tell(self, one: LostPosition) -> None:
        reason = f"日志流记录缺失：第 {one.wanted} 至 {one.first_kept - 1} 条{LOST_WORDS[one.why]}。"
        if one.why == "ahead":
            reason = f"日志流记录缺失：原应从第 {one.wanted} 条读起，{LOST_WORDS[one.why]}（第 {one.first_kept} 条）。"
        body = {
            "lost": one.why, "topic": self._topic, "partition": one.partition, "from": one.wanted, "to": one.first_kept,
        }  # fmt: skip
        with self._store.write() as conn:
            many = max(one.first_kept - one.wanted, 0)
            told = json.dumps(body).encode()
            new = self._keep(conn, one.partition, one.wanted, told, reason, LetterKind.RANGE, many)
            if one.why != "damaged":
                advance(conn, self.name, one.partition, self._next.get(one.partition), one.first_kept)
        if one.why != "damaged":
            self._next[one.partition] = one.first_kept
        if new:
            metrics.DEAD_LETTERS.labels(reader=self.name).inc()
            _log.error("%s：主题 %s 分区 %s，%s", self.name, self._topic, one.partition, reason)

    def _pass_over(self, lost: Sequence[LostPosition]) -> None:
        """Move behind damage that no sound record follows yet, else it would be waited for."""
        for one in lost:
            stands = self._next.get(one.partition)
            if one.why == "damaged" and (stands is None or stands < one.first_kept):
                try:
                    self._commit(one.partition, one.first_kept, None)
                except self._troubles as error:
                    self._refuse(one.partition, error)

    def _refuse(self, partition: int, error: Exception) -> None:
        """Not now: let the partition come again from its stored position."""
        if isinstance(error, Fenced):
            _log.info("%s：主题 %s 分区 %s %s", self.name, self._topic, partition, FENCED)
        self._trouble = "" if isinstance(error, Fenced) else str(error)
        time.sleep(PAUSE_SECONDS)
        self._reader.back(partition)

    def assigned(self) -> frozenset[int]:
        """The partitions that this member has. No I/O."""
        return self._reader.assigned()

    def hold(self, conn: Connection) -> None:
        """Raise Fenced where somebody else has moved a position of this member; until the commit nobody can."""
        for partition in sorted(self.assigned()):
            stands = self._next.get(partition)
            if stands is not None:
                advance(conn, self.name, partition, stands, stands)

    def back(self) -> None:
        """Read everything from the stored positions again."""
        for partition in self.assigned():
            self._reader.back(partition)

    def close(self) -> None:
        """Leave the group."""
        standing_by.forget(self.name)
        self._reader.close()


def paced(at_once: int, taken: int, seconds: float) -> int:
    """How many records the next transaction may take, after one of `taken` records lasted so long. Pure."""
    if seconds > HELD_SECONDS:
        return max(1, int(taken * HELD_SECONDS / seconds))
    return at_once * 2 if taken >= at_once and seconds < HELD_SECONDS / 2 else at_once


def _kind(error: BaseException) -> str:
    """The types of an error and of what caused it, without their texts."""
    return type(error).__name__ + (f" < {_kind(error.__cause__)}" if error.__cause__ else "")
