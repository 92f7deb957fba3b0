"""The notify role: clocks that ran out, and deliveries that wait. Both are rows; a killed process changes nothing.

A clock's effects and its mark are one transaction. A delivery is taken, sent, and its outcome recorded: killed between
sending and recording, it is sent again with the same number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation import alert, auditor, jump, lapse, machine_audit, reignition, sight, silence, timer, unrecorded
from escalation.alteration import look as alteration
from escalation.bulletin import clock as bulletin_clock
from escalation.channels import Channel, Fault, Outcome, RateLimited
from escalation.channels.breaker import Breaker
from escalation.deed import hold_incident
from escalation.duty import contact
from escalation.duty import look as duty_look
from escalation.duty.contact import Refused
from escalation.incident import MACHINE, EntryKind, StateMoved
from escalation.incident.state import IllegalStep
from escalation.jump import Reading, Steady
from escalation.notice import GROUP, DeliveryState, NoticeKind, detour, metrics, notices, stranded, ways
from escalation.notice.calling import DEAD_DELIVERY, call
from escalation.notice.docket import hold, hold_of, tell
from escalation.notice.issue import Letterhead
from escalation.notice.outbox import CHANNEL_FAULTS, Taken, Verdict, jitter, judge, neutral_text, settle
from escalation.notice.taking import take
from escalation.procedure import Pack
from escalation.procedure.desk_duty import DeskDuty
from escalation.task import unheld
from escalation.timer import Timer, TimerKind
from stream.kill_point import reach
from stream.store import Store, StoreUnavailable

Clock = Callable[[], datetime]
CLOCK_FAILED = "timer:"
GRAVE = 2
"""Levels up to this one do not wait for a channel's minute to pass."""
LONGEST_STEP = 10.0
"""Seconds after which clocks are looked at again, however much waits to be sent: a slow channel delays no clock."""
TRIED_ENOUGH = 3
"""After so many attempts the person's next channel is used as well."""
TOGETHER = "短时间内通知较多，{count} 份合并为一条发送（首份 {number}）"
NEXT_WAY = "前一通道未送达，见“送达”页"


class Notify:
    """One notify worker; several may run at once."""

    def __init__(
        self, store: Store, letterhead: Letterhead, channels: Mapping[str, Channel], clock: Clock,
        desk: DeskDuty = DeskDuty(), steady: Steady | None = None, pack: Pack | None = None,
    ) -> None:  # fmt: skip
        """Send over `channels`, by name. `desk`: what the school's pack says of the duty desk. `steady`: a clock that
        nobody sets, by which a jump of `clock` is seen; without it none is. `pack`: by which account changes are told;
        without it they are not looked for."""
        self._pack = pack
        self._steady = steady
        self._read: Reading | None = None
        self._holds_until: datetime | None = None
        self._breakers: dict[str, Breaker] = {}
        self._desk = desk
        self._store, self._letterhead, self._channels, self._clock = store, letterhead, channels, clock
        self.trouble = ""
        self._looked: datetime | None = None
        self._listens_from: datetime | None = None

    def step(self, limit: int = 50) -> int:
        """Fire the clocks that ran out, then send what waits; gives how much was done."""
        try:
            self._watch_clock()
            self._look()
            done = self._fire(limit) + self._send(limit)
        except StoreUnavailable as error:
            self.trouble = str(error)
            time.sleep(0.5)
            return 0
        self.trouble = ""
        return done

    def _watch_clock(self) -> None:
        """Where the clock was set since the last step: the spans move along, and dates wait a little after a jump
        forward (`escalation/jump.py`)."""
        if self._steady is None:
            return
        before, self._read = self._read, Reading(self._clock(), self._steady())
        leap = jump.between(before, self._read) if before is not None else None
        if leap is None:
            return
        now = self._read.wall
        self._store.run(lambda conn: jump.absorb(conn, self._letterhead.school, leap, now))
        self._holds_until = now + jump.HOLD if leap > timedelta(0) else None
        self._looked, self._breakers = None, {}

    def _holds_dates(self, now: datetime) -> bool:
        """Whether clocks that stand for a date wait, since the clock was just set forward."""
        return self._holds_until is not None and now < self._holds_until

    def _look(self) -> None:
        now = self._clock()
        if self._looked is None or now - self._looked >= sight.LOOK_EVERY:
            with self._store.write() as conn:
                sight.look(conn, self._letterhead.school, now)
                stranded.look(conn, self._letterhead.school, frozenset(self._channels), now)
                unheld.look(conn, self._letterhead.school, now)
                silence.look(conn, self._letterhead.school, now)
                jump.hush(conn, self._letterhead.school, now)
                self._hush_clocks(conn, now)
                self._listen(conn, now)
            self._look_at_accounts(now)
            duty_look.look(self._store, self._letterhead, self._desk, now)
            self._record_rest(now)
            self._looked = now
            self._begin_watches(now)

    def _look_at_accounts(self, now: datetime) -> None:
        """Whether the platform shows every account as the book has it."""
        pack = self._pack
        if pack is not None:
            self._store.run(lambda conn: alteration.look(conn, self._letterhead, pack, now))

    def _record_rest(self, now: datetime) -> None:
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

    def _begin_watches(self, now: datetime) -> None:
        """An answered matter in which nothing is waited for any more is watched from now on; each by itself."""
        with self._store.read() as conn:
            ripe = reignition.ripe(conn, self._letterhead.school)
        for one in ripe:
            try:
                self._store.run(lambda conn, one=one: reignition.begin(conn, one, MACHINE, now))  # type: ignore[misc]
            except (IllegalStep, StateMoved):
                continue  # a person was quicker

    def _listen(self, conn: Connection, now: datetime) -> None:
        """The auditor's death is noticed here; not in our own first minute, when it may be starting like us."""
        self._listens_from = self._listens_from or now + auditor.SILENT_AFTER
        if now >= self._listens_from:
            auditor.listen(conn, self._letterhead.school, now)

    def _hush_clocks(self, conn: Connection, now: datetime) -> None:
        """A clock that rang because its effects failed is quiet once it fired or was stopped."""
        for one in alert.ringing(conn, self._letterhead.school):
            number = one.cause.removeprefix(CLOCK_FAILED)
            if number != one.cause and not timer.is_set(conn, int(number)):
                alert.hush(conn, self._letterhead.school, one.cause, now)

    def _fire(self, limit: int) -> int:
        now = self._clock()
        with self._store.read() as conn:
            due = timer.due(conn, now, limit, jump.SPANS if self._holds_dates(now) else tuple(TimerKind))
        fired = 0
        for one in due:
            try:
                fired += self._lapse(one, now)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 (one clock must not stop the others, nor the deliveries)
                self._put_off(one, error, now)
        return fired

    def _lapse(self, one: Timer, now: datetime) -> int:
        def fire(conn: Connection) -> int:
            if one.incident_id is not None:
                hold_incident(conn, one.incident_id)
            elif one.matter is not None:
                hold(conn, one.school, one.matter)
            if timer.has_moved(conn, one) or not timer.claim(conn, one.id, now):
                return 0
            reach("notify.timer_claimed")
            before = machine_audit.mark(conn)
            lapse.lapse(conn, self._letterhead, one, now)
            machine_audit.decided(conn, before, now)
            return 1

        return self._store.run(fire)

    def _put_off(self, one: Timer, error: Exception, now: datetime) -> None:
        """A clock whose effects fail rings, and is tried again a minute later; the others go on."""
        logging.getLogger(__name__).error("时钟 %s（%s）处理失败：%s", one.id, one.name, type(error).__name__)
        words = f"时限“{one.words}”到期后处理失败（{type(error).__name__}）。请联系系统管理员；将每分钟重试。"
        with self._store.write() as conn:
            timer.put_off(conn, one, now + timedelta(minutes=1))
            alert.ring(conn, one.school, f"{CLOCK_FAILED}{one.id}", words, now)

    def _send(self, limit: int) -> int:
        sent, began = 0, time.monotonic()
        while sent < limit and time.monotonic() - began < LONGEST_STEP:
            now = self._clock()
            with self._store.write() as conn:
                taken = take(conn, now, self._ready(now), letterhead=self._letterhead)
            if taken is None:
                break
            reach("notify.claimed_before_send")
            outcome = self._channels[taken.channel].send(taken.joint or taken.message)
            reach("notify.sent_before_recorded")
            self._breakers[taken.channel] = self._breaker(taken.channel).after(outcome, self._clock())
            self._record(taken, outcome)
            reach("notify.recorded")
            if self._breaker(taken.channel).rests(now := self._clock()):
                detour.around(self._store, self._letterhead.school, taken.channel, self._ready(now), now)
            sent += 1
        return sent

    def _ready(self, now: datetime) -> frozenset[str]:
        """The channels that do not rest."""
        return frozenset(name for name in self._channels if not self._breaker(name).rests(now))

    def _breaker(self, channel: str) -> Breaker:
        return self._breakers.get(channel, Breaker())

    def _record(self, taken: Taken, outcome: Outcome) -> None:
        now = self._clock()
        is_neutral = taken.message.text == neutral_text(taken)
        verdict = judge(
            outcome, taken.attempt, taken.give_up_at, now, jitter(), is_neutral=is_neutral, to=taken.message.to
        )
        if taken.carries and verdict.state is DeliveryState.ACCEPTED:
            words = TOGETHER.format(count=len(taken.everything), number=taken.message.notice)
            verdict = replace(verdict, reason="；".join(part for part in (verdict.reason, words) if part))

        def record(conn: Connection) -> None:
            ids = [one.notice_id for one in taken.everything]
            ours = select(notices).where(notices.c.id.in_(ids)).order_by(notices.c.incident_id, notices.c.id)
            for row in conn.execute(ours).all():
                hold_of(conn, row)
            settled = [one for one in taken.everything if settle(conn, one, outcome, verdict, now)]
            for one in settled:
                unrecorded.hush(conn, self._letterhead.school, one.id, now)
                self._tell(conn, one, verdict, now, limited=isinstance(outcome, RateLimited))
            if verdict.state in (DeliveryState.ACCEPTED, DeliveryState.DEAD):
                for one in settled:
                    detail = {
                        "channel": one.channel, "end": verdict.state, "try": one.attempt, "reason": verdict.reason,
                        "request": verdict.vendor_id, "answer": outcome.answer,
                    }  # fmt: skip
                    machine_audit.delivered(conn, self._letterhead.school, one.message.notice, now, detail)
            metrics.ATTEMPTS.labels(channel=taken.channel, outcome=verdict.state).inc()

        try:
            self._store.run(record)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (what left is never sent again because it could not be written down)
            unrecorded.note(self._store, self._letterhead.school, taken, outcome, verdict, error, now)

    def _tell(self, conn: Connection, taken: Taken, verdict: Verdict, now: datetime, *, limited: bool = False) -> None:
        """Write into its matter's log what a person must know, and ring where the channel itself is at fault."""
        title = self._channels[taken.channel].title
        school = self._letterhead.school
        cause = f"channel:{taken.channel}"
        row = conn.execute(select(notices).where(notices.c.id == taken.notice_id)).one()
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
            words = f"通知 {number} 经{title}送不到：{_bare(reason)}。"
            if row.kind == NoticeKind.DISMISSED or _is_over(row):
                return
            if row.addressee != GROUP:
                if not self._next_way(conn, taken, row, f"{DEAD_DELIVERY}{taken.id}", now):
                    return
                words += "已生成电话通知任务，请立即拨打并登记结果。"
            alert.ring(conn, school, f"delivery:{taken.id}", words, now)
        if verdict.fault in CHANNEL_FAULTS or taken.attempt >= 3 or self._breaker(taken.channel).rests(now):
            words = (
                f"{title}连续送不出：{_bare(verdict.reason)}。请在“送达”页测试该通道并按提示修复；未送通知会自动补发。"
            )
            alert.ring(conn, school, cause, words, now)

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

    def _next_way(self, conn: Connection, taken: Taken, row: Row[Any], step: str, now: datetime) -> bool:
        """The person's next channel, or else (where `step` names it) a phone task; gives whether it came to that."""
        title = ways.take_over(conn, self._letterhead, taken.id, now)
        if title:
            tell(conn, row, now, EntryKind.DELIVERY, f"{row.number} 改由{title}送出", NEXT_WAY)
        if title is None and step:
            call(conn, row, step, now)
            return True
        return False


def _is_over(notice: Row[Any]) -> bool:
    """Whether nobody waits for this notice's signature any more: nobody is telephoned because it did not arrive."""
    return any(one is not None for one in (notice.signed_at, notice.settled_at, notice.superseded_by))


def _bare(sentence: str) -> str:
    """A sentence without the mark at its end."""
    return sentence.rstrip("。；")
