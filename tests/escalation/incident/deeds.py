"""Every deed of an incident by its name, an incident to try them on, and the way from any state to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from escalation import (
    archive,
    assigning,
    handling,
    keeper,
    level,
    merging,
    recap,
    receipt,
    reignition,
    renewal,
    splitting,
    telephone,
)
from escalation.bulletin import BulletinKind, bulletins_of, last_number
from escalation.bulletin.state import BULLETINS, series_after
from escalation.bulletin.write import Draft, write
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.deed import incident_of
from escalation.handling import FalseAlarm
from escalation.incident import Actor, entries, incidents, open_keys
from escalation.incident.state import ENDED, INCIDENT, OPEN, IllegalStep, State
from escalation.loose_end import loose_ends
from escalation.measure import deciding, measures, proposing
from escalation.notice import calls, notices
from escalation.procedure import load
from escalation.splitting import Part
from escalation.timer import timers
from escalation.voice import hold
from escalation.voice.subject import Subject
from stream.kept import keep, keep_assessment
from tests.escalation.office import IN_LEAD, ON_DESK, RECAP, Office
from tests.escalation.voice.course import HEAD
from tests.escalation.walk import take
from tests.stream.said import RAW_CHICKEN, WORM, a_post, assessed

Deed = Callable[[Connection, Office, int, Actor], object]


def _sign(conn: Connection, office: Office, one: int, by: Actor) -> None:
    del by
    owed = [row for row in office.rows(notices, incident_id=one) if row.needs_signature and row.signed_at is None]
    if not owed:
        raise IllegalStep("没有待签的通知。未作任何更改。")
    for row in owed:
        receipt.sign(conn, row.id, row.addressee, office.now, via="link")


def _call(conn: Connection, office: Office, one: int, by: Actor) -> None:
    mine = {row.id for row in office.rows(notices, incident_id=one)}
    open_calls = [row.id for row in office.rows(calls, outcome=None) if row.notice_id in mine]
    if not open_calls:
        raise IllegalStep("没有待拨的电话。未作任何更改。")
    for call_id in open_calls:
        telephone.record_call(conn, call_id, by, office.now, OUTCOMES[CallOutcome.TOLD].title)


def _write(kinds: frozenset[BulletinKind]) -> Deed:
    def report(conn: Connection, office: Office, one: int, by: Actor) -> None:
        """Whichever of these kinds the series asks for next."""
        before = bulletins_of(conn, one)
        steps = BULLETINS.steps[series_after([row.kind for row in before])]
        kind = next(iter(kinds & set(steps)), min(kinds))
        said = Draft(kind, "已核实", "已整改", "" if kind is BulletinKind.FINAL else "继续核实", last_number(before))
        write(conn, office.head, one, by, office.now, said, ())

    return report


def _lift(conn: Connection, office: Office, one: int, by: Actor) -> None:
    standing = hold.standing_of(conn, one)
    if not standing:
        raise IllegalStep("没有在管控中的发声。未作任何更改。")
    for held in standing:
        hold.lift(conn, office.head, held.id, by, office.now, "已当面答复")


def another(office: Office, one: int) -> int:
    """Another incident, an open one if there is one."""
    others = [row for row in office.rows(incidents) if row.id != one]
    return int(next((row.id for row in others if State(row.state) in OPEN), others[-1].id))


def _other(office: Office, one: int) -> str:
    return str(office.one(another(office, one)).number)


def _refer(conn: Connection, office: Office, one: int, by: Actor) -> None:
    row = incident_of(conn, one)
    proposing.propose_referral(conn, row, by, office.now, authority="属地公安机关", reason="涉嫌违法", manifest=[])


def _hand_over(conn: Connection, office: Office, one: int, by: Actor) -> None:
    """Whatever comes next of the newest measure."""
    asked = office.rows(measures, incident_id=one)
    event = {"proposed": "decide", "decided": "finish"}.get(asked[-1].state, "decide") if asked else "decide"
    deciding.act(conn, office.head, asked[-1].id if asked else 0, event, by, office.now, "已送达")


LINES = (("weibo:1", RAW_CHICKEN, "weibo:t1"), ("weibo:2", WORM, "weibo:t5"))
KEYS = tuple(f"canteen|thread|{thread}" for _, _, thread in LINES)
PART = Part(("weibo:2",), (KEYS[1],), "二食堂：另一件", 2, "是另一件事")
DEEDS: dict[str, Deed] = {
    "confirm": lambda c, o, i, by: handling.confirm(c, i, by, o.now),
    "assign": lambda c, o, i, by: assigning.assign(c, o.head, i, by, o.now, "后勤处"),
    "answer": lambda c, o, i, by: keeper.answer(c, i, by, o.now, text="已回应"),
    "no_answer": lambda c, o, i, by: handling.no_answer(c, i, by, o.now, "已当面答复", "沈澄"),
    "watch": lambda c, o, i, by: reignition.begin(c, i, by, o.now),
    "rekindle": lambda c, o, i, by: reignition.rekindle(c, o.head, i, by, o.now, "又来了"),
    "recap": lambda c, o, i, by: recap.write(c, i, by, o.now, RECAP),
    "raise": lambda c, o, i, by: level.change(c, o.head, i, by, o.now, 2, "家长到校"),
    "lower": lambda c, o, i, by: level.change(c, o.head, i, by, o.now, 4, "查实无事"),
    "dismiss": lambda c, o, i, by: handling.dismiss(c, o.head, i, by, o.now, FalseAlarm.JOKE),
    "close": lambda c, o, i, by: handling.close(c, i, by, o.now, "已处置", "电话办理"),
    "reopen": lambda c, o, i, by: handling.reopen(c, o.head, i, by, o.now, "又来了"),
    "archive": lambda c, o, i, by: archive.archive(c, i, by, o.now),
    "merge": lambda c, o, i, by: merging.merge(c, o.head, i, _other(o, i), by, o.now, "同一件事"),
    "take_in": lambda c, o, i, by: merging.merge(c, o.head, another(o, i), o.one(i).number, by, o.now, "同一件事"),
    "unmerge": lambda c, o, i, by: merging.unmerge(c, i, by, o.now, "不是一件事"),
    "split": lambda c, o, i, by: splitting.split(c, o.head, i, by, o.now, PART),
    "renew": lambda c, o, i, by: renewal.renew(c, o.head, i, by, o.now, load("NX"), {"engine": "said"}, "规程已修订"),
    "refer": _refer,
    "hand_over": _hand_over,
    "sign": _sign,
    "call": _call,
    "report": _write(frozenset({BulletinKind.FIRST, BulletinKind.FOLLOW})),
    "conclude": _write(frozenset({BulletinKind.FINAL})),
    "hold": lambda c, o, i, by: hold.add(c, o.head, i, by, o.now, Subject(words=("食堂",)), "统一口径"),
    "lift": _lift,
}
WAITS = {"an hour": timedelta(hours=1), "fifteen days": timedelta(days=15)}


def prepared(folder: Path) -> tuple[Office, int]:
    """An incident of two lines, and another one."""
    office = Office.at(folder)
    with office.store.write() as conn:
        for post_id, text, thread in LINES:
            post = a_post(text, post_id, thread=thread, at=office.now)
            keep(conn, post)
            keep_assessment(conn, assessed(post, negative=True), 50, [], office.now)
    one = office.open(
        post=a_post(RAW_CHICKEN, "weibo:1", at=office.now), keys=KEYS, member_ids=("weibo:1", "weibo:2"), level=3
    )
    office.open(keys=("dorm|thread|weibo:t9",), title="三栋：停热水", theme="dorm", level=3, first_post_id="weibo:9")
    office.work()
    return office, one


def turn(office: Office, one: int, what: str, by: Actor) -> bool:
    """One turn; False where it was refused."""
    stood, lines = State(office.one(one).state), len(office.rows(entries))
    if what in WAITS:
        office.later(seconds=WAITS[what].total_seconds())
    elif not take(office.store, lambda conn: DEEDS[what](conn, office, one, by)):
        return False
    elif what != "sign":
        assert len(office.rows(entries)) > lines, "a line in the log"
    _follows(office, one, stood, State(office.one(one).state), free=what in WAITS or what == "unmerge")
    return True


def _follows(office: Office, one: int, stood: State, stands: State, *, free: bool) -> None:
    """What must hold in whatever state it now is."""
    steps = {step.to for step in INCIDENT.steps[stood].values()}
    further = {step.to for state in steps for step in INCIDENT.steps[state].values()}
    assert stands == stood or stands in steps or (free and stands in further) or stood is State.MERGED, (stood, stands)
    running = office.rows(timers, state="set", incident_id=one)
    held = {row.incident_id for row in office.rows(open_keys)}
    if stands in ENDED:
        assert {row.kind for row in running} <= {"archive"}, "no clock of an ended incident runs"
        assert one not in held
        assert office.one(one).closed_at is not None
    if stands in OPEN:
        assert one in held
        assert office.one(one).closed_at is None
    watches = [row for row in running if row.kind == "watch"]
    assert len(watches) <= (stands is State.WATCHING), "a watch runs only while it is watched"
    if stands is State.CLOSED:
        assert [row.kind for row in running] == ["archive"]
        with office.store.read() as conn:
            assert all("复燃观察" in words for words in loose_ends(conn, one)), "nothing was open when it was closed"
    assert (stands is State.ARCHIVED) == bool(office.rows(archive.archives, incident_id=one))


def must(office: Office, one: int, what: str, by: Actor) -> None:
    """A turn that may not be refused here. Raises IllegalStep."""
    if not turn(office, one, what, by):
        with office.store.write() as conn:
            DEEDS[what](conn, office, one, by)
        raise AssertionError(f"{what} was refused in {office.one(one).state}, and not again")


TOWARDS: dict[State, tuple[str, Actor]] = {
    State.MERGED: ("unmerge", ON_DESK), State.FALSE_ALARM: ("reopen", IN_LEAD), State.RESPONDED: ("watch", ON_DESK),
}  # fmt: skip
"""What leads on from a state; from every other open one a decision to say nothing."""


def lead(office: Office, one: int, goal: State) -> None:
    """From wherever it stands to `goal` (观察中 or 已销号), by deeds that must all be done: it always has a way out."""
    for _ in range(len(State)):
        stands = State(office.one(one).state)
        if stands is goal:
            return
        if stands is State.WATCHING:
            _finish(office, one)
            must(office, one, "close", IN_LEAD)
        else:
            must(office, one, *TOWARDS.get(stands, ("no_answer", IN_LEAD)))
    raise AssertionError(f"{office.one(one).state} does not lead to {goal}")


def _finish(office: Office, one: int) -> None:
    """Whatever closing waits for: the watch, signatures, phone tasks, measures, the recap and the reports."""
    turn(office, one, "lift", IN_LEAD)
    turn(office, one, "report", ON_DESK)
    must(office, one, "conclude", ON_DESK)
    turn(office, one, "fifteen days", ON_DESK)
    for what, by in (("sign", ON_DESK), ("call", ON_DESK), ("hand_over", HEAD), ("hand_over", IN_LEAD)):
        turn(office, one, what, by)
    if State(office.one(one).state) is not State.WATCHING:  # what was handed over moved it
        lead(office, one, State.WATCHING)
        turn(office, one, "fifteen days", ON_DESK)
    must(office, one, "recap", ON_DESK)
