"""The notify role: clocks that ran out, and deliveries that wait. Both are rows; a killed process changes nothing.

A clock's effects and its mark are one transaction. A delivery is taken, sent, and its outcome recorded: killed between
sending and recording, it is sent again with the same number. A process that lives repeats nothing (`ledger.py`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from escalation import alert, auditor, chore, hung, jump, lapse, machine_audit, reignition, sight, silence, timer
from escalation.alteration import look as alteration
from escalation.channels import Channel
from escalation.channels.breaker import Breaker
from escalation.chore import Chore
from escalation.deed import hold_incident
from escalation.duty import look as duty_look
from escalation.incident import MACHINE, StateMoved
from escalation.incident.state import IllegalStep
from escalation.jump import Reading, Steady
from escalation.ledger import Ledger
from escalation.notice import detour, stranded, unreached
from escalation.notice.docket import hold
from escalation.notice.issue import Letterhead
from escalation.notice.taking import take
from escalation.procedure import Pack
from escalation.procedure.desk_duty import DeskDuty
from escalation.task import unheld
from escalation.timer import Timer, TimerKind
from stream.kill_point import reach
from stream.store import Store, StoreUnavailable

Clock = Callable[[], datetime]
CLOCK_FAILED = "timer:"
LONGEST_STEP = 10.0
"""Seconds after which clocks are looked at again, however much waits to be sent: a slow channel delays no clock."""


class Notify:
    """One notify worker; several may run at once and take different deliveries (`notice/taking.py`)."""

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
        self._ledger = Ledger(store, letterhead, channels, lambda name, now: self._breaker(name).rests(now))
        self._chores = self._all_chores()

    def step(self, limit: int = 50) -> int:
        """Fire the clocks that ran out, then send what waits; gives how much was done."""
        try:
            self._watch_clock()
            self._ledger.write_down()
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
        read = Reading(self._clock(), self._steady())
        leap = jump.between(self._read, read) if self._read is not None else None
        if leap is not None:
            self._store.run(lambda conn: jump.absorb(conn, self._letterhead.school, leap, read.wall))
            self._holds_until = read.wall + jump.HOLD if leap > timedelta(0) else None
            self._looked, self._breakers = None, {}
        self._read = read  # last: a jump that could not be absorbed is seen again at the next step

    def _holds_dates(self, now: datetime) -> bool:
        """Whether clocks that stand for a date wait, since the clock was just set forward."""
        return self._holds_until is not None and now < self._holds_until

    def _look(self) -> None:
        now = self._clock()
        if self._looked is None or now - self._looked >= sight.LOOK_EVERY:
            chore.do_each(self._store, self._letterhead.school, self._chores, now)
            self._looked = now

    def _all_chores(self) -> tuple[Chore, ...]:
        school, head = self._letterhead.school, self._letterhead

        def inside(look: Callable[[Connection, datetime], object]) -> Callable[[datetime], object]:
            return lambda now: self._store.run(lambda conn: look(conn, now))

        def stranded_ones(conn: Connection, now: datetime) -> None:
            stranded.look(conn, school, frozenset(self._channels), now)

        return (
            Chore("sight", "看得见", inside(lambda conn, now: sight.look(conn, school, now))),
            Chore("stranded", "停用通道的通知", inside(stranded_ones)),
            Chore("unreached", "送不到的通知", inside(lambda conn, now: unreached.look(conn, school, now))),
            Chore("unheld", "无人可办的任务", inside(lambda conn, now: unheld.look(conn, school, now))),
            Chore("silence", "静默到期", inside(lambda conn, now: silence.look(conn, school, now))),
            Chore("jump", "时钟跳变", inside(lambda conn, now: jump.hush(conn, school, now))),
            Chore("hung", "卡死后重启的进程", inside(lambda conn, now: hung.hush(conn, school, now))),
            Chore("clocks", "处理失败的时限", inside(self._hush_clocks)),
            Chore("auditor", "稽核是否在运行", inside(self._listen)),
            Chore("accounts", "账号变动", self._look_at_accounts),
            Chore("duty", "值守与人员变动", lambda now: duty_look.look(self._store, head, self._desk, now)),
            Chore("records", "补登送达结果", self._ledger.write_rest),
            Chore("watches", "开始观察", self._begin_watches),
        )

    def _look_at_accounts(self, now: datetime) -> None:
        """Whether the platform shows every account as the book has it."""
        pack = self._pack
        if pack is not None:
            self._store.run(lambda conn: alteration.look(conn, self._letterhead, pack, now))

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
            taken = self._store.run(partial(take, now=now, channels=self._ready(now), letterhead=self._letterhead))
            if taken is None:
                break
            reach("notify.claimed_before_send")
            outcome = self._channels[taken.channel].send(taken.joint or taken.message)
            reach("notify.sent_before_recorded")
            self._breakers[taken.channel] = self._breaker(taken.channel).after(outcome, self._clock())
            self._ledger.keep(taken, outcome, self._clock())
            self._ledger.write_down()
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
