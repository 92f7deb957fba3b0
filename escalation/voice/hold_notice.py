"""Who is told of a hold, and in which words: each keeper once, with all the accounts that they answer for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from escalation import people, timer
from escalation.clock_words import moment
from escalation.duty.proxy import Acting
from escalation.incident import EntryKind, log
from escalation.notice import NoticeKind
from escalation.notice.addressee import TRIAL_REASON, Addressee, acting_as, gather
from escalation.notice.errand import Errand
from escalation.notice.issue import Letterhead, issue
from escalation.notice.wording import Article
from escalation.people import Person, Role
from escalation.procedure import Basis, Pack, Source, basis_words, say_span, thaw
from escalation.timer import TimerKind
from escalation.voice.subject import Subject
from stream.account import Account, book
from stream.platform import platform_name

CONFIRM = "确认知悉"
NO_KEEPER = "名册中无账号管理人员，由您代为落实"


@dataclass(frozen=True, slots=True)
class Reached:
    """An account and who answers for it: its keepers, or the substitute of one who is away.

    `kept` False: it has no reachable keeper, and somebody stands in.
    """

    account: Account
    acting: tuple[Acting, ...]
    role: str
    kept: bool

    @property
    def persons(self) -> tuple[Person, ...]:
        """The persons."""
        return tuple(one.person for one in self.acting)


def reached(conn: Connection, letterhead: Letterhead, row: Row[Any], now: datetime) -> list[Reached]:
    """Every registered account with its keepers; else the unit's leader, else the duty desk: never nobody."""
    found = []
    for one in book(conn, row.school).values():
        if one.active:
            acting, role = answering(conn, letterhead, one, now)
            found.append(Reached(one, acting, role, role == Role.KEEPER))
    return found


def answering(
    conn: Connection, letterhead: Letterhead, account: Account, now: datetime
) -> tuple[tuple[Acting, ...], str]:
    """Who answers for an account now and as what."""

    def able(held: Sequence[Person]) -> tuple[Acting, ...]:
        return tuple(people.all_acting(conn, account.school, held, now, letterhead.channels))

    if keepers := able(people.holders(conn, account.school, Role.KEEPER, account_id=account.id)):
        return keepers, Role.KEEPER
    if leaders := able(people.holders(conn, account.school, Role.UNIT_LEADER, unit=account.unit)):
        return leaders[:1], Role.UNIT_LEADER
    return tuple(Acting(one) for one in people.desk(conn, account.school, now, letterhead.channels)), Role.MONITOR


def now_answering(
    conn: Connection, letterhead: Letterhead, school: str, accounts: Iterable[str], now: datetime
) -> list[Reached]:
    """These accounts and who answers for them at this moment: a leave entered since, a new keeper, count."""
    known = book(conn, school)
    found = []
    for one in dict.fromkeys(accounts):
        if one in known:
            acting, role = answering(conn, letterhead, known[one], now)
            found.append(Reached(known[one], acting, role, role == Role.KEEPER))
    return found


def present(
    conn: Connection, letterhead: Letterhead, school: str, ids: Iterable[str], role: str, office: str, basis: str,
    now: datetime,
) -> list[Addressee]:  # fmt: skip
    """These persons as they are told now: for who is away the substitute, with both names."""
    found = []
    for one in dict.fromkeys(ids):
        person = people.person(conn, school, one)
        who = people.acting(conn, school, [person], now, letterhead.channels) if person is not None else None
        if who is not None:
            found.append(acting_as(who, role, office, (), basis, ""))
    return list(gather(found))


def addressees(found: Sequence[Reached], basis: str, pack: Pack) -> list[Addressee]:
    """One entry per person, with every account they answer for and, where they stand in for somebody, both names."""
    by_person: dict[str, list[tuple[Acting, Reached]]] = {}
    for one in found:
        for who in one.acting:
            by_person.setdefault(who.person.id, []).append((who, one))
    return [_addressee(own, basis, pack) for own in by_person.values()]


def _addressee(own: Sequence[tuple[Acting, Reached]], basis: str, pack: Pack) -> Addressee:
    role = own[0][1].role
    accounts = _accounts([one for _, one in own])
    title = people.office_in(pack, role)
    return gather(acting_as(who, role, title, (), basis, "") for who, _ in own)[0].with_reason(accounts)


def _accounts(own: Sequence[Reached]) -> str:
    kept = "、".join(named(one.account) for one in own if one.kept)
    other = "、".join(named(one.account) for one in own if not one.kept)
    parts = [f"您管理的账号：{kept}"] * bool(kept) + [f"{other}：{NO_KEEPER}"] * bool(other)
    return "；".join(parts)


def named(account: Account) -> str:
    """`微博“青禾后勤”`."""
    return f"{platform_name(account.platform)}“{account.name}”"


def name_of(conn: Connection, school: str, person_id: str) -> str:
    """The person's name, else the id."""
    found = people.person(conn, school, person_id)
    return found.name if found else person_id


def articles(pack: Pack, some: Sequence[Basis]) -> tuple[Article, ...]:
    """The clauses as a notice prints them: the document's name at the first; ours labelled where there is none."""
    made = [
        Article(article=f"《{pack.title}》{one.article}" if n == 0 else one.article, quote=one.quote)
        for n, one in enumerate(some)
    ]
    return tuple(made) or (Article(source=Source.DEFAULT.label),)


def tell(
    conn: Connection, letterhead: Letterhead, row: Row[Any], found: Sequence[Reached], hold_id: int, n: int,
    subject: Subject, now: datetime,
) -> None:  # fmt: skip
    """Tell every keeper to confirm, and set the clock; on trial the duty desk alone."""
    pack = thaw(row.frozen["pack"])
    clock = pack.voice.confirm
    until = now + clock.after
    whom = addressees(found, basis_words(pack.voice.hold), pack)
    if row.trial:
        desk = people.desk(conn, row.school, now, letterhead.channels)
        whom = [
            Addressee(one, Role.MONITOR, ("值班台",), (), Source.DEFAULT.label, TRIAL_REASON) for one in desk
        ]  # fmt: skip
    changed = f"（范围第 {n} 版，以此为准）" if n > 1 else ""
    errand = Errand(
        title=f"暂停就{subject.said()}发声",
        facts=(f"即日起，各账号暂停就{subject.said()}发布、转发和评论，等候学校统一口径{changed}",),
        asks=(
            f"请于 {moment(until, now)} 前确认知悉", "已有相关内容待发的，请先停发", "确需发布的，请向宣传部申请授权",
        ),
        verb=CONFIRM, articles=articles(pack, pack.voice.hold),
        source=f"确认时限 {say_span(clock.after)}：{clock.label}；达到这一级别即暂停发声：{Source.DEFAULT.label}",
        log=f"须逐人{CONFIRM}", due=moment(until, now),
    )  # fmt: skip
    issue(conn, letterhead, row, whom, NoticeKind.HOLD, f"hold:{hold_id}:{n}", now, errand=errand)
    log(conn, row.id, now, EntryKind.NOTICE, f"暂停发声涉及 {len(found)} 个账号", _lacking(found))
    timer.set_timers(conn, [{
        "school": row.school, "incident_id": row.id, "kind": TimerKind.VOICE, "name": f"hold:{hold_id}:{n}",
        "words": "各账号确认暂停发声", "source": clock.source, "article": clock.article, "set_at": now,
        "due_at": until, "data": {"hold": hold_id, "n": n},
    }])  # fmt: skip


def _lacking(found: Sequence[Reached]) -> str:
    without = "、".join(named(one.account) for one in found if not one.kept)
    return f"无可联系的管理人员：{without}" if without else ""


def tell_end(
    conn: Connection, letterhead: Letterhead, row: Row[Any], whom: Sequence[str], hold_id: int, subject: Subject,
    why: str, now: datetime,
) -> None:  # fmt: skip
    """Tell everybody whom the hold reached that it is over, and why; its clocks stop."""
    for one in timer.running(conn, row.id, TimerKind.VOICE, f"hold:{hold_id}:"):
        timer.stop_named(conn, row.id, one, now)
    title = people.office_in(thaw(row.frozen["pack"]), Role.KEEPER)
    told = [] if row.trial else present(conn, letterhead, row.school, whom, Role.KEEPER, title, "", now)
    errand = Errand(
        title=f"暂停发声结束：{subject.said()}", facts=(why,), asks=(), verb="阅看",
        log="无需确认",
    )  # fmt: skip
    issue(conn, letterhead, row, told, NoticeKind.VOICE, f"hold_end:{hold_id}", now, errand=errand)
