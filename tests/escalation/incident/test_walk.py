"""The state table walked over a real store: whoever does whatever, in any order, to one incident.

Each legal step is one transaction that leaves its line in the log, its row in the audit, the clocks of its state and
messages for whom it tells; a refused one ends with a cure and changes no row at all, nor does one that is cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
)
from escalation.bulletin import bulletins
from escalation.deed import incident_of
from escalation.handling import FalseAlarm
from escalation.incident import Actor, entries, incidents, open_keys
from escalation.incident.state import ENDED, INCIDENT, OPEN, IllegalStep, State
from escalation.loose_end import loose_ends
from escalation.measure import deciding, measures, proposing
from escalation.notice import notices
from escalation.procedure import load
from escalation.splitting import Part
from escalation.timer import timers
from stream.kept import keep, keep_assessment
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, RECAP, Office
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


def _any(office: Office, one: int) -> int:
    """Another incident, an open one if there is one."""
    others = [row for row in office.rows(incidents) if row.id != one]
    return int(next((row.id for row in others if State(row.state) in OPEN), others[-1].id))


def _other(office: Office, one: int) -> str:
    return str(office.one(_any(office, one)).number)


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
    "take_in": lambda c, o, i, by: merging.merge(c, o.head, _any(o, i), o.one(i).number, by, o.now, "同一件事"),
    "unmerge": lambda c, o, i, by: merging.unmerge(c, i, by, o.now, "不是一件事"),
    "split": lambda c, o, i, by: splitting.split(c, o.head, i, by, o.now, PART),
    "renew": lambda c, o, i, by: renewal.renew(c, o.head, i, by, o.now, load("NX"), {"engine": "said"}, "规程已修订"),
    "refer": _refer,
    "hand_over": _hand_over,
    "sign": _sign,
}
WAITS = {"an hour": timedelta(hours=1), "fifteen days": timedelta(days=15)}
TURNS = st.lists(
    st.tuples(st.sampled_from(sorted([*DEEDS, *WAITS, "wind_up"])), st.sampled_from([ON_DESK, IN_LEAD, KEEPER, HEAD])),
    min_size=4, max_size=10,
)  # fmt: skip
COURSE = (
    ("archive", IN_LEAD),
    ("confirm", ON_DESK),
    ("assign", IN_LEAD),
    ("lower", IN_LEAD),
    ("raise", IN_LEAD),
    ("renew", IN_LEAD),
    ("merge", ON_DESK),
    ("unmerge", ON_DESK),
    ("dismiss", ON_DESK),
    ("reopen", IN_LEAD),
    ("split", KEEPER),
    ("split", IN_LEAD),
    ("sign", ON_DESK),
    ("answer", KEEPER),
    ("no_answer", IN_LEAD),
    ("watch", ON_DESK),
    ("rekindle", ON_DESK),
    ("no_answer", IN_LEAD),
    ("watch", ON_DESK),
    ("take_in", ON_DESK),
    ("refer", IN_LEAD),
    ("hand_over", HEAD),
    ("hand_over", IN_LEAD),
    ("recap", ON_DESK),
    ("close", IN_LEAD),
)
"""The usual course of an incident, with what else may happen on the way."""


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
    elif what == "wind_up":  # no deed of the house: the papers of the level lie there, as if written and signed
        if not office.rows(bulletins, incident_id=one):
            with office.store.write() as conn:
                office.wind_up(conn, one)
    elif not take(office.store, lambda conn: DEEDS[what](conn, office, one, by)):
        return False
    elif what != "sign":
        assert len(office.rows(entries)) > lines, "a line in the log"
    _follows(office, one, stood, State(office.one(one).state), free=what in WAITS or what == "unmerge")
    return True


def test_every_deed_of_the_usual_course_is_whole_or_nothing(tmp_path: Path) -> None:
    office, one = prepared(tmp_path)
    done = {what for what, by in COURSE if turn(office, one, what, by)}
    assert done == set(DEEDS) - {"close", "archive"}
    office.store.close()


@pytest.mark.parametrize("examples", [2, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_every_step_is_whole_and_every_refusal_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, examples: int
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(turns=TURNS)
    def walk(turns: list[tuple[str, Actor]]) -> None:
        office, one = prepared(tmp_path_factory.mktemp("walk"))
        for what, by in turns:
            turn(office, one, what, by)
        office.store.close()

    walk()


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
