"""Letter 函: a notice to one person that belongs to no incident, with everything a notice has but the incident.

    letter.send(conn, letterhead, person, Letter(
        matter="permit:17",            # noun and id: one docket, one number HF-2026-0003, one log (`docket.lines_of`)
        step="asked",                  # told once per matter, person and step, however often it is sent
        kind="授权申请", heading="外国语学院申请发布招生说明会海报", lines=("……",),
        basis="《…办法》第七条", asked=("在申请页批准或退回。",), answer_by=due, source="时限 2 个工作日：…",
        path="/permits/17",            # where somebody signed in reads of it
    ), now)                            # -> the notice's id; None where this step was told before

The wording is frozen, the outbox carries it over the person's channels, a channel that fails gives way to the next and
in the end to a phone task, all of it stands in the delivery log. In a trial, and where nothing reaches the person, the
duty desk gets it and is told whose it is. The link `/r/TOKEN` shows the letter (opened is noted; `signs` asks for a
receipt); from there `path` leads on, and `personal` (`"/c/{link}"`: the braces are filled in with a link of
Purpose.LETTER for this person, read by `holder`) to a page that needs no sign-in.

Clocks of a noun's own are `timer.set_timers` rows with `matter` in place of `incident_id`, a `TimerKind` and a handler
in `escalation/lapse.py`. When the matter is over: `docket.end`. Every deed on the matter begins with `docket.hold` (or
`docket.enter`), as one on an incident begins with `deed.incident_of`.

The words of a letter go through third parties (mail, 企业微信): never a comment's or a private message's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select, update

from escalation import alert, audit, people, timer, trial
from escalation.clock_words import moment, second
from escalation.incident import EntryKind
from escalation.link import Link, Purpose, token
from escalation.notice import NoticeKind, docket, metrics, notices, outbox, ways
from escalation.notice.addressee import TRIAL_REASON, VACANT_REASON
from escalation.notice.calling import AGAIN, call, call_of
from escalation.notice.vacancy import ALERT, CAUSE
from escalation.notice.wording import LetterView
from escalation.people import Person
from escalation.procedure import Channel
from escalation.receipt import Signed
from escalation.remark import LATE, SIGNED
from escalation.timer import Timer, TimerKind
from stream.store import insert_new

if TYPE_CHECKING:
    from escalation.notice.issue import Letterhead

ORDINARY = 3
"""The place of a letter in the outbox: after incidents of levels 1 and 2."""
LIVES = timedelta(days=7)
"""How long the link of a letter works, counted from the answer's deadline where there is one."""
CHANNELS = (Channel.WECOM_APP, Channel.MAIL)
SCHEME = ("matter", "addressee", "step")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. `office`: as what the person is written to (their title where empty). `signs`: a receipt is
    asked for until `answer_by`; unsigned then, the duty desk telephones. `by_phone`: telephoned at once as well.
    `trial`: it is about an incident on trial, which stays with the desk even after the school's trial has ended.
    `series`: of which its number is, where its matter has none yet."""

    matter: str
    step: str
    kind: str
    heading: str
    lines: tuple[str, ...]
    path: str
    personal: str = ""
    basis: str = ""
    asked: tuple[str, ...] = ()
    answer_by: datetime | None = None
    source: str = ""
    office: str = ""
    role: str = ""
    signs: bool = False
    by_phone: bool = False
    urgency: int = ORDINARY
    trial: bool = False
    series: str = docket.SERIES

    def __post_init__(self) -> None:
        """A receipt that is asked for without a deadline would be waited for by nobody. Raises ValueError."""
        if self.signs and self.answer_by is None:
            raise ValueError(f"letter {self.matter} {self.step} asks for a receipt and names no deadline")


def send(conn: Connection, letterhead: Letterhead, person: Person, letter: Letter, now: datetime) -> int | None:
    """Write one letter; gives the notice's id (the first one's, where the desk stands in), None where it was told."""
    found = docket.enter(conn, letterhead.school, letter.matter, now, letter.path, series=letter.series)
    made = [
        _write(conn, letterhead, found, letter, to, reason, step, now)
        for to, reason, step in _instead(conn, letterhead, found, letter, person, now)
    ]
    return next((one for one in made if one is not None), None)


def _instead(
    conn: Connection, letterhead: Letterhead, found: Row[Any], letter: Letter, person: Person, now: datetime
) -> list[tuple[Person, str, str]]:
    """Who gets it, the words why it is not who it is meant for, and the step: the desk in a trial, or for nobody."""
    school = letterhead.school
    on_trial = letter.trial or trial.on_trial(conn, school)
    if not on_trial and person.reachable_by(letterhead.channels):
        return [(person, "", letter.step)]
    office = letter.office or person.title or person.name
    reason = TRIAL_REASON if on_trial else VACANT_REASON.format(office=office)
    if not on_trial:
        words = ALERT.format(office=office, number=found.number)
        if alert.ring(conn, school, CAUSE + office, words, now):
            docket.line(conn, school, letter.matter, now, EntryKind.NOTICE, f"“{office}”无可联系人员", "函已改发值班台")
    serving = people.desk(conn, school, now, letterhead.channels)
    if not serving:
        return [(person, "", letter.step)]
    reason = f"本应致函：{person.name}（{office}）。{reason}"
    return [(one, reason, f"{letter.step}@{person.id}"[:64]) for one in serving]


def _write(
    conn: Connection, letterhead: Letterhead, found: Row[Any], letter: Letter, person: Person, reason: str, step: str,
    now: datetime,
) -> int | None:  # fmt: skip
    same = (notices.c.school == letterhead.school) & (notices.c.matter == letter.matter)
    count = conn.execute(select(func.count()).select_from(notices).where(same)).scalar_one()
    number = f"{found.number}-{count + 1:02d}"
    values: dict[str, Any] = {
        "school": letterhead.school, "incident_id": None, "matter": letter.matter, "number": number,
        "kind": NoticeKind.LETTER, "step": step, "addressee": person.id, "role": letter.role,
        "office": letter.office or person.title, "grounds": [], "basis": letter.basis, "reason": reason,
        "needs_signature": letter.signs, "sign_by": letter.answer_by if letter.signs else None, "created_at": now,
        "late": False, "view": {},
    }  # fmt: skip
    new = insert_new(conn, notices, [values], key=("school", *SCHEME), returning=["id"])
    if not new:
        return None
    notice_id = int(new[0][0])
    metrics.ISSUED.labels(kind=NoticeKind.LETTER, level=letter.urgency).inc()
    view = _view(letterhead, letter, person, reason, number, notice_id, now)
    conn.execute(update(notices).where(notices.c.id == notice_id).values(view=view.model_dump(mode="json")))
    docket.line(
        conn, letterhead.school, letter.matter, now, EntryKind.NOTICE, f"致函 {person.name}：{letter.heading}",
        f"{letter.kind} {number}{'，须签收' if letter.signs else ''}", article=letter.basis,
    )  # fmt: skip
    _post(conn, letterhead, letter, person, notice_id, view, now)
    if letter.signs:
        timer.set_timers(conn, [{
            "school": letterhead.school, "matter": letter.matter, "notice_id": notice_id, "kind": TimerKind.LETTER,
            "name": f"sign:{notice_id}", "words": f"{letter.kind}签收", "source": "default", "set_at": now,
            "due_at": letter.answer_by,
        }])  # fmt: skip
    return notice_id


def _view(
    letterhead: Letterhead, letter: Letter, person: Person, reason: str, number: str, notice_id: int, now: datetime
) -> LetterView:
    expires = max(letter.answer_by or now, now) + LIVES
    link = Link(notice_id, person.id, expires)
    base = letterhead.public_url.rstrip("/")
    personal = letter.personal.replace("{link}", token(letterhead.link_key, Purpose.LETTER, link))
    return LetterView(
        number=number, kind=letter.kind, school=letterhead.school_name, title=letter.heading,
        sign_url=f"{base}/r/{token(letterhead.link_key, Purpose.SIGN, link)}", trial=reason.endswith(TRIAL_REASON),
        office=letter.office or person.title, person=person.name, person_title=person.title,
        facts=tuple(part for part in (*letter.lines, reason) if part), asks=letter.asked,
        deadline=moment(letter.answer_by, now) if letter.answer_by else "",
        passed=letter.answer_by is not None and letter.answer_by <= now, deadline_source=letter.source,
        basis=letter.basis, validity=moment(expires, now), duty_phone=letterhead.duty_phone, written=second(now),
        signs=letter.signs, path=letter.path, personal=personal,
    )  # fmt: skip


def _post(
    conn: Connection, letterhead: Letterhead, letter: Letter, person: Person, notice_id: int, view: LetterView,
    now: datetime,
) -> None:  # fmt: skip
    used = ways.ways_to(person, letterhead.channels, CHANNELS)
    used = used or ways.ways_to(person, letterhead.channels, ways.PERSONAL)[:1]
    places = [(channel, ways.contact(person, channel)) for channel in used]
    outbox.post(conn, ways.rows(letterhead.school, notice_id, letter.urgency, view, places), now)
    if not used:
        call_of(conn, notice_id, "no_other_way", now)
    elif letter.by_phone:
        call_of(conn, notice_id, "at_once", now)


def holder(conn: Connection, school: str, given: Link) -> tuple[Row[Any], Person] | None:
    """The letter behind a link that was read, and its addressee; None where it is nobody's or another's."""
    ours = (notices.c.school == school) & notices.c.matter.is_not(None)
    row = conn.execute(select(notices).where(notices.c.id == given.notice_id, ours)).first()
    person = people.person(conn, school, given.person_id)
    if row is None or person is None or not person.active or row.addressee != given.person_id:
        return None
    return row, person


def sign(conn: Connection, notice: Row[Any], now: datetime, *, via: str, ip: str = "") -> Signed:
    """The addressee's receipt. The docket is held, the clock stops, log and audit say so."""
    docket.hold_of(conn, notice)
    moved = conn.execute(
        update(notices)
        .where(notices.c.id == notice.id, notices.c.needs_signature, notices.c.signed_at.is_(None))
        .values(signed_at=now, signed_by=notice.addressee, signed_via=via, opened_at=notice.opened_at or now)
    )
    if moved.rowcount != 1:
        return Signed.ALREADY if notice.needs_signature else Signed.UNKNOWN
    timer.stop(conn, now, notice_id=notice.id)
    late = notice.sign_by is not None and now > notice.sign_by
    name = _name(conn, notice)
    docket.tell(conn, notice, now, EntryKind.RECEIPT, f"{name}{SIGNED}", LATE if late else "", actor=name)
    audit.record(
        conn, school=notice.school, now=now, actor=notice.addressee, action="letter.sign", subject=notice.number,
        detail={"via": via, "late": late}, ip=ip,
    )  # fmt: skip
    return Signed.NOW


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """A receipt that was not given in time, or a call that reached nobody: the duty desk telephones."""
    del letterhead
    notice = conn.execute(select(notices).where(notices.c.id == clock.notice_id)).one()
    if notice.signed_at is not None or not docket.is_open(docket.hold_of(conn, notice)):
        return
    if AGAIN not in clock.data:
        who = f"{_name(conn, notice)} 逾期未签收 {notice.number}"
        docket.tell(conn, notice, now, EntryKind.DEADLINE, who, "请值班员电话催办并登记")
    call(conn, notice, clock.name, now)


def _name(conn: Connection, notice: Row[Any]) -> str:
    found = people.person(conn, notice.school, notice.addressee)
    return found.name if found else str(notice.addressee)
