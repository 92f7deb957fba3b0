"""Inspection 稽核: what must hold of every open matter, as pure functions of rows and `now`; each breach is a finding.

No figure here is a school's: how long something may stand before it is a finding is ours (系统默认，非校规).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from escalation.case import Case, Facts, Reading, Sent, Told
from escalation.incident.state import OPEN, STATE_WORDS, TABLE, Event, State
from escalation.notice import DeliveryState, NoticeKind
from escalation.notice.lateness import say_minutes
from stream.dead_letter import Kept
from stream.topic import HISTORY, reader_of

LATE = timedelta(minutes=2)
"""A clock or a delivery may be so late: the notify role looks every second, a restart takes a minute."""
FAILING = timedelta(minutes=10)
"""A clock whose effects fail is tried again every minute; from here on it is a finding."""
UNTRIED = timedelta(minutes=5)
DEAD_END = timedelta(minutes=5)
UNHANDLED = timedelta(hours=4)
"""Signed by all, and since then nobody has it in hand and nothing was written down."""
ABANDONED = timedelta(hours=72)
"""Assigned, or a duty overdue, and since then nothing was written down."""
STANDING = timedelta(minutes=3)


class What(StrEnum):
    """What a finding is about; the cause of its alert is `auditor:` and this."""

    IDLE = "idle"
    CLOCK = "clock"
    UNTRIED = "untried"
    UNREACHED = "unreached"
    WAITING = "waiting"
    STUCK = "stuck"
    READER = "reader"
    CHAIN = "chain"
    OFFICE = "office"
    ROTA = "rota"
    CONTACT = "contact"
    LETTER = "letter"


TITLES = {
    What.IDLE: "没有下一步",
    What.CLOCK: "到期未处理",
    What.UNTRIED: "通知未尝试送达",
    What.UNREACHED: "应通知的人没有着落",
    What.WAITING: "送达无故停留",
    What.STUCK: "状态没有出路",
    What.READER: "读取停住",
    What.CHAIN: "审计链不符",
    What.OFFICE: "岗位无人可通知",
    What.ROTA: "值班空档",
    What.CONTACT: "联系方式失效",
    What.LETTER: "死信待处理",
}
READER_WORDS = {"assess": "研判", "watch": "监看", "index": "检索"}
READER_WORDS |= {reader_of(role, HISTORY): f"历史{word}" for role, word in READER_WORDS.items()}
"""What people call the readers of `stream.topic`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be. `about` tells findings of one kind apart; `words` end with the cure."""

    what: What
    about: str
    incident: str
    words: str


def inspect(facts: Facts, now: datetime) -> list[Finding]:
    """Every breach there is at `now`."""
    found = [one for case in facts.cases for check in CHECKS for one in check(case, facts, now)]
    found += [one for case in facts.letters for check in LETTER_CHECKS for one in check(case, facts, now)]
    found += _stray(facts, now)
    found += [one for reading in facts.readings for one in standing_reader(reading, now)]
    found += [Finding(What(one.kind.value), one.about, "", one.words) for one in facts.wanting]
    return found + list(broken_chain(facts.broken)) + list(dead_letters(facts.buried))


def no_next_step(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """An open incident is waited for by a clock, a phone task or a person; else nothing will ever happen to it.

    Signatures still owed come first: whatever else stands in the incident, nobody asks for them any more.
    """
    del facts
    still = now - case.touched_at
    if case.state == State.TRIAGED:
        return
    runs = bool(case.open_calls or not all(one.aside for one in case.clocks))
    if left := case.unasked if runs else case.owed:
        if still > DEAD_END:
            words = f"还有 {left} 份通知未签收，而催签与逐级上报都已走完"
            yield _idle(case, f"{words}；请催签、电话转告或代为了结。")
    elif runs:
        return
    elif case.assignee or case.lapsed:
        if still > ABANDONED:
            who = f"已交办 {case.assignee}，但" if case.assignee else "有逾期未办的时限，且"
            yield _idle(case, f"{who}已 {say_minutes(still)}没有任何记录，也没有在走的时限；请催办、改派或销号。")
    elif still > UNHANDLED:
        yield _idle(case, f"已签收，但 {say_minutes(still)}无人承办，也没有在走的时限；请交办或销号。")


def _idle(case: Case, words: str) -> Finding:
    return Finding(What.IDLE, case.number, case.number, f"{case.number} {words}")


def unfired_clock(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """A clock that ran out has fired, or its effects are tried again and that for minutes only."""
    del facts
    late = [one for one in case.clocks if now - one.due_at > LATE]
    failing = [one for one in case.clocks if one not in late and now - one.was_due > FAILING]
    if late:
        first = min(late, key=lambda one: one.due_at)
        yield Finding(
            What.CLOCK, case.number, case.number,
            f"{case.number} 有 {len(late)} 个时限到期没有处理，最早的“{first.words}”已过 "
            f"{say_minutes(now - first.due_at)}；"
            "请查看通知进程（notify）是否在运行，恢复后自动补办。",
        )  # fmt: skip
    elif failing:
        first = min(failing, key=lambda one: one.was_due)
        yield Finding(
            What.CLOCK, case.number, case.number,
            f"{case.number} 的“{first.words}”到期后反复处理失败，已 {say_minutes(now - first.was_due)}；"
            "请人工代办该步，并把通知进程的日志交给系统管理员。",
        )  # fmt: skip


def untried_notice(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Every notice was tried on some channel, or its addressee is telephoned."""
    left = [one for one in case.told if _untried(one, facts, now)]
    if left:
        who = "、".join(f"{one.name}（{one.number}）" for one in left)
        waited = say_minutes(now - min(one.created_at for one in left))
        yield Finding(
            What.UNTRIED, case.number, case.number,
            f"{case.number} 有 {len(left)} 份通知已 {waited}没有在任何通道上尝试过：{who}；"
            "请立即电话转告，并查看通知进程（notify）与“送达”页。",
        )  # fmt: skip


def _untried(one: Told, facts: Facts, now: datetime) -> bool:
    if one.reached or one.over or one.called or one.kind == NoticeKind.DISMISSED or now - one.created_at <= UNTRIED:
        return False
    return not any(
        sent.attempts or sent.state != DeliveryState.WAITING or _explained(sent, facts, now) for sent in one.sent
    )


def _explained(sent: Sent, facts: Facts, now: datetime) -> bool:
    """Whether its row says why it waits: quiet hours, or its channel is no longer set up, which rings by itself."""
    return bool(sent.reason) and (sent.channel not in facts.channels or sent.next_at > now)


def unreached_person(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Whom the frozen procedure names was told and reached, or it is shown that they were not."""
    if now - case.opened_at <= UNTRIED:
        return
    theirs = {one.person: [told for told in case.told if told.person == one.person] for one in case.named}
    untold = [f"{one.name}（{one.office}）" for one in case.named if not theirs[one.person]]
    unknown = [
        f"{one.name}（{one.office}）" for one in case.named
        if theirs[one.person] and not any(_accounted_for(told, facts, now) for told in theirs[one.person])
    ]  # fmt: skip
    parts = [
        (untold, "所定规程点名的 {} 没有通知"), (unknown, "{} 是否收到通知没有记录"),
        ([f"“{office}”" for office in case.missing], "按所定规程应通知的 {} 没有通知"),
    ]  # fmt: skip
    words = "；".join(text.format("、".join(dict.fromkeys(names))) for names, text in parts if names)
    if words:
        cure = "请立即电话转告并在事件中记录。"
        yield Finding(What.UNREACHED, case.number, case.number, f"{case.number} {words}；{cure}")


def _accounted_for(told: Told, facts: Facts, now: datetime) -> bool:
    if told.reached or told.over or told.called or now - told.created_at <= UNTRIED:
        return True
    return any(
        sent.attempts or sent.state != DeliveryState.WAITING or _explained(sent, facts, now) or sent.next_at > now
        for sent in told.sent
    )


def waiting_delivery(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """No delivery waits past the time of its next try, or in the hands of a sender that is gone."""
    late = [sent for told in case.told for sent in told.sent if _overdue(sent, facts, now)]
    yield from _waiting(case.number, late, now)


def _stray(facts: Facts, now: datetime) -> Iterator[Finding]:
    for number in dict.fromkeys(number for number, _ in facts.stray):
        late = [sent for one, sent in facts.stray if one == number and _overdue(sent, facts, now)]
        yield from _waiting(number, late, now)


def _overdue(sent: Sent, facts: Facts, now: datetime) -> bool:
    if sent.channel not in facts.channels and sent.reason:
        return False
    if sent.state == DeliveryState.SENDING:
        return sent.taken_until is None or now - sent.taken_until > LATE
    return sent.state == DeliveryState.WAITING and now - sent.next_at > LATE


def _waiting(number: str, late: list[Sent], now: datetime) -> Iterator[Finding]:
    if late:
        longest = max(now - (one.taken_until or one.next_at) for one in late)
        yield Finding(
            What.WAITING, number, number,
            f"{number} 有 {len(late)} 份送达该发而未发，最久已 {say_minutes(longest)}；"
            "请查看通知进程（notify）是否在运行、通道是否可用，恢复后自动补发。",
        )  # fmt: skip


def no_way_out(case: Case, facts: Facts, now: datetime) -> Iterator[Finding]:
    """The state is one of the table, the machine's own step was taken, and somebody may take a person's step."""
    known = case.state in {one.value for one in OPEN}
    if not known:
        words = f"处于不认识的状态“{case.state}”；请联系系统管理员，不要直接改动数据库。"
    elif case.state == State.TRIAGED and now - case.opened_at > DEAD_END:
        words = "立事件后一直没有发出通知；请按规程电话通知各岗位，并查看监看进程（watch）的日志。"
    elif not facts.held & _hands(State(case.state)):
        words = f"处于“{STATE_WORDS[State(case.state)]}”，而没有人可以办理下一步；请在名册“任职”表补上宣传部或值班员。"
    else:
        return
    yield Finding(What.STUCK, case.number, case.number, f"{case.number} {words}")


def _hands(state: State) -> set[str]:
    """Who may go on with a matter in this state; to hand it to an authority is no going on."""
    steps = TABLE[state].items()
    return {role for event, step in steps if event is not Event.REFER for role in step.by}


def standing_reader(reading: Reading, now: datetime) -> Iterator[Finding]:
    """A reader of the log moves while records wait for it."""
    still = now - reading.moved_at
    if reading.waiting and still > STANDING:
        name = READER_WORDS.get(reading.reader, reading.reader)
        yield Finding(
            What.READER, reading.reader, "",
            f"{name}进程（{reading.reader}）有 {reading.waiting} 条记录待取，已 {say_minutes(still)}没有前进；"
            "记录没有丢失，请查看该进程与日志流，必要时重启该进程。",
        )  # fmt: skip


def broken_chain(broken: tuple[str, ...]) -> Iterator[Finding]:
    """The newest rows of the audit hold together."""
    if broken:
        yield Finding(
            What.CHAIN, "newest", "",
            f"审计记录最新部分有 {len(broken)} 处不符：{broken[0]}请保留现场，执行 fengxin audit verify 核对全部记录。",
        )  # fmt: skip


def dead_letters(buried: Kept) -> Iterator[Finding]:
    """Records that nobody could take wait for a person; where there was no room for some, that is said."""
    if buried.letters:
        who = "、".join(READER_WORDS.get(one, one) for one in buried.readers)
        lost = f"，另有 {buried.not_kept} 条因死信已满没有留存" if buried.not_kept else ""
        yield Finding(
            What.LETTER, "kept", "",
            f"有 {buried.letters} 封死信（{who}）待处理{lost}；请系统管理员执行 fengxin dead list 查看原因，"
            "修好后执行 fengxin dead retry --all，不再处理的逐封用 fengxin dead drop 了结。",
        )  # fmt: skip


Check = Callable[[Case, Facts, datetime], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    no_next_step, unfired_clock, untried_notice, unreached_person, waiting_delivery, no_way_out,
)  # fmt: skip
LETTER_CHECKS: tuple[Check, ...] = (unfired_clock, untried_notice, waiting_delivery)
"""What must hold of a letter and of a clock of a matter that is no incident, open or not."""
