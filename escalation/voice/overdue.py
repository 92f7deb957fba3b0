"""What follows when a clock of one voice runs out: the person is reminded once, and the 宣传部 gets the list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from escalation import people
from escalation.clock_words import moment
from escalation.duty import absence
from escalation.duty.proxy import Acting
from escalation.incident import EntryKind, incidents, log
from escalation.incident.state import OPEN, State
from escalation.notice import NoticeKind
from escalation.notice.addressee import Addressee, acting_as
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.notice.wording import Article
from escalation.people import Role
from escalation.procedure import Basis, Clock, Source, basis_words, say_span, thaw
from escalation.timer import Timer
from escalation.voice import approval, hold, hold_notice, relay
from escalation.voice.hold import hold_accounts, hold_confirmations, holds
from escalation.voice.hold_notice import Reached
from escalation.voice.state import HoldState, RelayState, StatementState
from escalation.voice.subject import read
from stream.account import book
from stream.post import Route

UNSEEN = "（人工巡查，系统看不到）"
Lapse = Callable[[Connection, Letterhead, Row[Any], Timer, datetime], None]


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """The handler of `TimerKind.VOICE`; its name before the colon says which clock it is."""
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    if State(incident.state) in OPEN:
        LAPSES[clock.name.partition(":")[0]](conn, letterhead, incident, clock, now)


def unconfirmed(conn: Connection, hold_id: int, n: int) -> list[Row[Any]]:
    """Whom the hold reached and who has not confirmed this version of its subject, by account and person."""
    done = select(hold_confirmations.c.account_id).where(
        hold_confirmations.c.hold_id == hold_id, hold_confirmations.c.n == n
    )
    return list(
        conn.execute(
            select(hold_accounts)
            .where(hold_accounts.c.hold_id == hold_id, hold_accounts.c.account_id.not_in(done))
            .order_by(hold_accounts.c.account_id, hold_accounts.c.person_id)
        )
    )


def _hold(conn: Connection, letterhead: Letterhead, incident: Row[Any], clock: Timer, now: datetime) -> None:
    held = conn.execute(select(holds).where(holds.c.id == clock.data["hold"])).one()
    now_stands = hold.current(conn, held.id)
    left = unconfirmed(conn, held.id, now_stands.n)
    if HoldState(held.state) is not HoldState.STANDING or now_stands.n != clock.data["n"] or not left:
        return
    pack, subject, known = thaw(incident.frozen["pack"]), read(now_stands.subject), book(conn, incident.school)
    names = [hold_notice.named(known[one]) for one in dict.fromkeys(row.account_id for row in left) if one in known]
    told = f"{len(names)} 个账号未确认暂停发声"
    log(conn, incident.id, now, EntryKind.DEADLINE, f"{told}（逾期）", "、".join(names), article=held.basis)
    asked = Errand(
        title=f"请确认知悉：暂停就{subject.said()}发声", verb=hold_notice.CONFIRM, log="逾期未确认，提醒一次",
        facts=(f"暂停就{subject.said()}发声的通知已过确认时限，尚未见您确认",), asks=("请即在页面上确认知悉",),
        articles=hold_notice.articles(pack, pack.voice.hold), source=_label("确认", pack.voice.confirm),
    )  # fmt: skip
    found = hold_notice.now_answering(conn, letterhead, incident.school, [row.account_id for row in left], now)
    hold.answer_for(conn, held.id, found)
    _remind(
        conn,
        letterhead,
        incident,
        found,
        {row.person_id for row in left},
        NoticeKind.HOLD,
        clock,
        asked,
        pack.voice.hold,
        now,
    )
    tell_office(conn, letterhead, incident, f"{clock.name}:list", f"{told}：{subject.said()}", names, now)


def _remind(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], found: Sequence[Reached], before: Collection[str],
    kind: NoticeKind, clock: Timer, ask: Errand, basis: Sequence[Basis], now: datetime,
) -> None:  # fmt: skip
    """Remind who was asked before; who answers for an account only since then is asked for the first time."""
    whom = hold_notice.addressees(found, basis_words(basis), thaw(incident.frozen["pack"]))
    whom = [] if incident.trial else whom
    for step, fresh in ((f"remind:{clock.name}", False), (clock.name, True)):
        some = [one for one in whom if (one.person.id not in before) is fresh]
        issue(conn, letterhead, incident, some, kind, step, now, errand=ask)


def _persons(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], ids: Mapping[str, None], basis: str
) -> list[Addressee]:
    found = [people.person(conn, incident.school, one) for one in ids]
    title = (people.office_in(thaw(incident.frozen["pack"]), Role.KEEPER),)
    return [
        Addressee(one, Role.KEEPER, title, (), basis, "")
        for one in found
        if one and one.reachable_by(letterhead.channels)
    ]


def tell_office(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], step: str, title: str, names: list[str],
    now: datetime,
) -> None:  # fmt: skip
    """Give the 宣传部 a list, or who stands in there; the duty desk where nobody there can be reached."""
    held = people.holders(conn, incident.school, Role.PUBLICITY)
    who = people.acting(conn, incident.school, held, now, letterhead.channels)
    desk = [] if who is not None else people.desk(conn, incident.school, now, letterhead.channels)
    able = [who] if who is not None else [Acting(one) for one in desk[:1]]
    office = people.office_in(thaw(incident.frozen["pack"]), Role.PUBLICITY)
    whom = [acting_as(one, Role.PUBLICITY, office, (), Source.DEFAULT.label, "") for one in able]
    errand = Errand(
        title=title, facts=("、".join(names),), asks=("请催办，或电话落实后代为登记",), verb="阅看", log="清单"
    )
    issue(conn, letterhead, incident, whom, NoticeKind.VOICE, step[:64], now, errand=errand)


def _approval(conn: Connection, letterhead: Letterhead, incident: Row[Any], clock: Timer, now: datetime) -> None:
    asked, found, _ = approval.approval_of(conn, clock.data["approval"])
    if asked.decision is not None or StatementState(found.state) is not StatementState.REVIEW:
        return
    log(conn, incident.id, now, EntryKind.DEADLINE, f"口径第 {found.n} 版{asked.words}审批逾期", article=asked.basis)
    ask = Errand(
        title=f"请审批口径第 {found.n} 版（已过时限）", verb="审批", facts=("口径等候您审批，已过时限",),
        asks=("请即审批：同意，或写明意见退回",), log="逾期未审批，提醒一次",
        articles=(Article(**{"source" if asked.basis == Source.DEFAULT.label else "article": asked.basis}),),
        source=_label("审批", thaw(incident.frozen["pack"]).voice.approve),
    )  # fmt: skip
    waits_for = _now_asked(conn, asked, found, incident, now)
    gone = absence.away(conn, incident.school, now).get(waits_for)
    if waits_for and gone is None:
        whom = _persons(conn, letterhead, incident, {waits_for: None}, asked.basis)
        issue(conn, letterhead, incident, whom, NoticeKind.APPROVAL, f"remind:{clock.name}", now, errand=ask)
    title = f"口径第 {found.n} 版{asked.words}审批逾期"
    name = hold_notice.name_of(conn, incident.school, waits_for or asked.asked)
    said = [] if waits_for else [f"{name}已不在此岗位，名册中没有现任，请在人员表中补上"]
    said += [f"{name}{gone.word}至 {moment(gone.ends_at, now)}，审批不由代理人代行，未再提醒"] if gone else []
    said.append("可电话催办，或改写后另行送审")
    tell_office(conn, letterhead, incident, f"{clock.name}:list", title, said, now)


def _now_asked(conn: Connection, asked: Row[Any], found: Row[Any], incident: Row[Any], now: datetime) -> str:
    """Whom a step waits for: who was asked, or, where they hold the office no more, who holds it now and is there.

    Then the step is theirs. Empty where nobody who may decide it is there.
    """
    able = approval.may_decide(conn, asked, found, incident)
    if asked.asked in able:
        return str(asked.asked)
    held = people.holders(conn, incident.school, asked.office, unit=incident.unit, account_id=incident.account_id)
    gone = absence.away(conn, incident.school, now)
    fresh = next((one for one in held if one.id in able and one.id not in gone), None)
    if fresh is None:
        return ""
    own = approval.approvals.c.id == asked.id
    conn.execute(update(approval.approvals).where(own).values(asked=fresh.id))
    words = f"口径第 {found.n} 版{asked.words}的审批人已不在此岗位，改请 {fresh.name} 审批"
    log(conn, incident.id, now, EntryKind.MACHINE, words, article=asked.basis)
    return fresh.id


def _relay(conn: Connection, letterhead: Letterhead, incident: Row[Any], clock: Timer, now: datetime) -> None:
    statement_id = int(clock.data["statement"])
    down = clock.name.startswith("recall:")
    left = [one for one in relay.lapse(conn, statement_id, now) if (one.state == RelayState.RECALLED) is down]
    if not left:
        return
    verb, pack = "撤下" if down else "转发", thaw(incident.frozen["pack"])
    known = book(conn, incident.school)
    late = [known[one.account_id] for one in left if one.account_id in known]
    names = [f"{hold_notice.named(one)}{UNSEEN if one.route == Route.MANUAL else ''}" for one in late]
    told = _told(verb, len(left), sum(one.route == Route.MANUAL for one in late))
    log(conn, incident.id, now, EntryKind.DEADLINE, told, "、".join(names))
    ask = Errand(
        title=f"请即{verb}学校口径（已过时限）", verb=f"登记{verb}",
        facts=(f"学校口径已过{verb}时限，尚未见您的账号{verb}",),
        asks=(f"请即{verb}；已{verb}的，请在页面上登记",), log=f"逾期未{verb}，提醒一次",
        articles=hold_notice.articles(pack, () if down else pack.voice.relay),
        source=_label(verb, pack.voice.relay_within),
    )  # fmt: skip
    before = {person for one in left for person in relay.persons_of(conn, one)}
    found = hold_notice.now_answering(conn, letterhead, incident.school, [one.account_id for one in left], now)
    relay.answer_for(conn, statement_id, found)
    cited = () if down else pack.voice.relay
    _remind(conn, letterhead, incident, found, before, NoticeKind.RELAY, clock, ask, cited, now)
    tell_office(conn, letterhead, incident, f"{clock.name}:list", told, names, now)


def _told(verb: str, left: int, unseen: int) -> str:
    """How many are late, and of how many of these the system cannot know."""
    if not unseen:
        return f"{left} 个账号逾期未{verb}口径"
    apart = f"{unseen} 个人工巡查的账号未登记{verb}，系统看不到"
    return apart if unseen == left else f"{left - unseen} 个账号逾期未{verb}口径，另有 {apart}"


def _label(verb: str, clock: Clock) -> str:
    """How long there was, and whose figure that is."""
    return f"{verb}时限 {say_span(clock.after)}：{clock.label}"


LAPSES: dict[str, Lapse] = {"hold": _hold, "approval": _approval, "relay": _relay, "recall": _relay}
