"""The ledger of what left 送达登记: each attempt's outcome, and what follows from it in the matter's log and alerts.

A message that left is written down before anything else is taken. Where the store is away its outcome waits here, in
the process that knows it, and nothing is sent twice; only what a dead process did not write down leaves once more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from escalation import alert, machine_audit, unrecorded
from escalation.bulletin import clock as bulletin_clock
from escalation.channels import Channel, Fault, Outcome, RateLimited
from escalation.duty import contact
from escalation.duty.contact import Refused
from escalation.incident import EntryKind
from escalation.notice import GROUP, DeliveryState, NoticeKind, metrics, notices, unreached, ways
from escalation.notice.calling import DEAD_DELIVERY, call
from escalation.notice.docket import hold_of, tell
from escalation.notice.issue import Letterhead
from escalation.notice.outbox import (
    CHANNEL_FAULTS,
    GIVE_UP_AFTER,
    Taken,
    Verdict,
    jitter,
    judge,
    neutral_text,
    settle,
)
from stream.logbook import about
from stream.store import Store, StoreUnavailable

GRAVE = 2
"""Levels up to this one do not wait for a channel's minute to pass."""
TRIED_ENOUGH = 3
"""After so many attempts the person's next channel is used as well."""
TOGETHER = "短时间内通知较多，{count} 份合并为一条发送（首份 {number}）"
NEXT_WAY = "前一通道未送达，见“送达”页"
FAILING = "{title}连续送不出：{reason}。请在“送达”页测试该通道并按提示修复；未送通知会自动补发。"
FULL = "{title}发送已到上限：{reason}。通道没有坏，不必测试；未送通知按级别先后自动补发，急的请打电话。"
"""What has waited for its turn again and again; a test would take up one turn more."""


_BARE = [column for column in notices.c if column.name not in ("view", "grounds")]
_OURS = (
    select(*_BARE)
    .where(notices.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(notices.c.incident_id.nulls_last(), notices.c.id)
)
_ONE = select(notices).where(notices.c.id == bindparam("one"))


WORDS = {
    DeliveryState.ACCEPTED: "通知已送出", DeliveryState.WAITING: "通知未送出，将重试", DeliveryState.DEAD: "通知送不到",
}  # fmt: skip
INCIDENTS = ("FX-", "YL-")
"""How the number of a notice begins that belongs to an incident and not to a docket."""
_log = logging.getLogger(__name__)


class NextWay(Enum):
    """What became of a notice that a channel did not bring."""

    CHANNEL = auto()
    PHONE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Left:
    """A message that left, and what came of it; `at`: when."""

    taken: Taken
    outcome: Outcome
    verdict: Verdict
    at: datetime


class Ledger:
    """One worker's ledger."""

    def __init__(
        self, store: Store, letterhead: Letterhead, channels: Mapping[str, Channel],
        rests: Callable[[str, datetime], bool],
    ) -> None:  # fmt: skip
        """`rests`: whether a channel, by name, is left alone for a while."""
        self._store, self._letterhead, self._channels, self._rests = store, letterhead, channels, rests
        self._open: list[Left] = []
        metrics.begin(channels)

    def keep(self, taken: Taken, outcome: Outcome, now: datetime) -> None:
        """A message left now; `write_down` writes it down."""
        is_neutral = taken.message.text == neutral_text(taken)
        verdict = judge(
            outcome, taken.attempt, taken.give_up_at, now, jitter(), is_neutral=is_neutral, to=taken.message.to
        )
        if taken.carries and verdict.state is DeliveryState.ACCEPTED:
            words = TOGETHER.format(count=len(taken.everything), number=taken.message.notice)
            verdict = replace(verdict, reason="；".join(part for part in (verdict.reason, words) if part))
        self._open.append(Left(taken, outcome, verdict, now))

    def write_down(self) -> None:
        """Write down all that left. Raises StoreUnavailable; what could not be written stays here."""
        while self._open:
            one = self._open[0]
            try:
                self._store.run(lambda conn, one=one: self._record(conn, one))  # type: ignore[misc]
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 (what left is never sent again because it could not be recorded)
                school = self._letterhead.school
                unrecorded.note(self._store, school, one.taken, one.outcome, one.verdict, error, one.at)
            _measure(one)
            self._open.pop(0)
            _write_down(one)

    def write_rest(self, now: datetime) -> None:
        """What is still to be written down of deliveries whose record failed; each by itself."""
        with self._store.read() as conn:
            rest = unrecorded.rest(conn, self._letterhead.school)
        for taken, verdict in rest:

            def again(conn: Connection, taken: Taken = taken, verdict: Verdict = verdict) -> None:
                hold_of(conn, conn.execute(select(notices).where(notices.c.id == taken.notice_id)).one())
                if unrecorded.rings(conn, self._letterhead.school, taken.id):
                    self._tell(conn, taken, verdict, now)
                    unrecorded.hush(conn, self._letterhead.school, taken.id, now)

            unrecorded.attempt(self._store, taken, again)

    def _record(self, conn: Connection, left: Left) -> None:
        taken, outcome, verdict, now = left.taken, left.outcome, left.verdict, left.at
        ids = [one.notice_id for one in taken.everything]
        for row in conn.execute(_OURS, {"ids": ids}).all():
            hold_of(conn, row)
        settled = [one for one in taken.everything if settle(conn, one, outcome, verdict, now)]
        for one in settled:
            unrecorded.hush(conn, self._letterhead.school, one.id, now)
            self._tell(conn, one, verdict, now, limited=isinstance(outcome, RateLimited))
        if verdict.state not in (DeliveryState.ACCEPTED, DeliveryState.DEAD):
            return
        for one in settled:
            detail = {
                "channel": one.channel, "end": verdict.state, "try": one.attempt, "reason": verdict.reason,
                "request": verdict.vendor_id, "answer": outcome.answer,
            }  # fmt: skip
            machine_audit.delivered(conn, self._letterhead.school, one.message.notice, now, detail)

    def _tell(self, conn: Connection, taken: Taken, verdict: Verdict, now: datetime, *, limited: bool = False) -> None:
        """Write into its matter's log what a person must know, and ring where the channel itself is at fault."""
        title = self._channels[taken.channel].title
        school = self._letterhead.school
        cause = f"channel:{taken.channel}"
        row = conn.execute(_ONE, {"one": taken.notice_id}).one()
        self._note_contact(conn, taken, verdict, row, now)
        if verdict.state is DeliveryState.ACCEPTED:
            alert.hush(conn, school, cause, now)
            bulletin_clock.left(conn, row, now)
            words = "；".join(part for part in (f"晚 {taken.late}送出" if taken.late else "", verdict.reason) if part)
            tell(conn, row, now, EntryKind.DELIVERY, f"{title}已送出 {row.number}", words)
            return
        number, reason = row.number, verdict.reason
        if verdict.state is DeliveryState.WAITING and taken.attempt == 1:
            tell(conn, row, now, EntryKind.DELIVERY, f"{title}未送出 {number}，将重试", reason)
            if verdict.fault in CHANNEL_FAULTS and row.addressee != GROUP:
                self._next_way(conn, taken, row, f"channel:{taken.id}", now)
            elif limited and taken.message.level <= GRAVE:
                self._next_way(conn, taken, row, "", now)
        if verdict.state is DeliveryState.WAITING and taken.attempt == TRIED_ENOUGH:
            self._next_way(conn, taken, row, "", now)
        if verdict.state is DeliveryState.DEAD:
            tell(conn, row, now, EntryKind.DELIVERY, f"{title}送不到 {number}", reason)
            if not self._tell_dead(conn, taken, verdict, row, now):
                return
        if verdict.fault in CHANNEL_FAULTS or taken.attempt >= TRIED_ENOUGH or self._rests(taken.channel, now):
            words = FULL if limited else FAILING
            alert.ring(conn, school, cause, words.format(title=title, reason=_bare(verdict.reason)), now)

    def _tell_dead(self, conn: Connection, taken: Taken, verdict: Verdict, row: Row[Any], now: datetime) -> bool:
        """Ring that a notice reached nobody; False where nobody needs to hear that."""
        if row.kind == NoticeKind.DISMISSED or _is_over(row):
            return False
        words = f"通知 {row.number} 经{self._channels[taken.channel].title}送不到：{_bare(verdict.reason)}。"
        if row.addressee != GROUP:
            way = self._next_way(conn, taken, row, f"{DEAD_DELIVERY}{taken.id}", now)
            if way is NextWay.CHANNEL:
                return False
            words += unreached.PHONED if way is NextWay.PHONE else unreached.NO_WAY
        alert.ring(conn, self._letterhead.school, f"{unreached.CAUSE}{taken.id}", words, now)
        return True

    def _note_contact(self, conn: Connection, taken: Taken, verdict: Verdict, row: Row[Any], now: datetime) -> None:
        """A contact that is refused for good is found before the next incident; one that works is not."""
        school, to = self._letterhead.school, taken.message.to
        if row.addressee == GROUP:
            return
        if verdict.state is DeliveryState.DEAD and verdict.fault is Fault.CONTACT:
            title = self._channels[taken.channel].title
            contact.note(conn, school, Refused(row.addressee, taken.channel, title, to, verdict.reason, now))
        elif verdict.state is DeliveryState.ACCEPTED and verdict.fault is None:
            contact.works_again(conn, school, row.addressee, taken.channel, to)

    def _next_way(self, conn: Connection, taken: Taken, row: Row[Any], step: str, now: datetime) -> NextWay:
        """The person's next channel, or else (where `step` names it) a phone task."""
        title = ways.next_way(conn, self._letterhead.channels, taken.id, now)
        if title:
            tell(conn, row, now, EntryKind.DELIVERY, f"{row.number} 改由{title}送出", NEXT_WAY)
        if title is not None:
            return NextWay.CHANNEL
        return NextWay.PHONE if step and call(conn, row, step, now) else NextWay.NONE


def _measure(left: Left) -> None:
    taken, state = left.taken, left.verdict.state
    metrics.ATTEMPTS.labels(channel=taken.channel, outcome=state).inc()
    if state is DeliveryState.ACCEPTED:
        waited = left.at - (taken.give_up_at - GIVE_UP_AFTER)
        metrics.DELIVERED.labels(level=taken.message.level).observe(max(0.0, waited.total_seconds()))


def _write_down(left: Left) -> None:
    """Into the logbook which notices a try was for and what came of it; why not stands in the store alone."""
    words, nth = WORDS[left.verdict.state], left.taken.attempt
    for one in left.taken.everything:
        notice = one.message.notice
        incident = notice.rpartition("-")[0] if notice.startswith(INCIDENTS) else ""
        told = about(notice=notice, incident=incident, channel=one.channel)
        _log.info("%s（第 %s 次）", words, nth, extra=told)


def _is_over(notice: Row[Any]) -> bool:
    """Whether nobody waits for this notice's signature any more: nobody is telephoned because it did not arrive."""
    return any(one is not None for one in (notice.signed_at, notice.settled_at, notice.superseded_by))


def _bare(sentence: str) -> str:
    """A sentence without the mark at its end."""
    return sentence.rstrip("。；")
