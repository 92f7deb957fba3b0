"""更正或删除: a post of the school's own is corrected or removed, with before and after.

The keeper says what was done. Before is the post as it was kept last; after is what the crawlers see next. The machine
compares the two when the post comes anew, and again and again: 已核实, 仍可见原文, or 尚未见到; where it cannot look, a
person of the desk does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, case, or_, select, update

from escalation import timer
from escalation.deed import incident_of, must_be_open, must_fit
from escalation.incident import Actor, EntryKind, incidents, log, members
from escalation.incident.state import OPEN, IllegalStep, State
from escalation.notice.issue import Letterhead
from escalation.people import Role
from escalation.procedure import Source
from escalation.state_table import StateTable, Step
from escalation.task import OF, TaskKind, corrections, deeds
from escalation.task.setting import To, set_task
from escalation.task.state import DESK
from escalation.timer import Timer, TimerKind
from stream.kept import posts, revisions
from stream.post import Kind, Post

LOOK_OFTEN, OFTEN = timedelta(minutes=5), 24
LOOK_SELDOM, SELDOM = timedelta(minutes=30), 144
"""Every 5 minutes for two hours, then every half hour for three days more: 系统默认，非校规."""
RECENT = 10
PUBLIC = "public"


class CorrectionAct(StrEnum):
    """What the keeper did."""

    CORRECTED = "corrected"
    REMOVED = "removed"


ACT_WORDS = {CorrectionAct.CORRECTED: "更正", CorrectionAct.REMOVED: "删除"}


class CorrectionState(StrEnum):
    """What is known of it."""

    TOLD = "told"
    STANDS = "stands"
    SEEN = "seen"
    BY_HAND = "by_hand"


class CorrectionEvent(StrEnum):
    """How more becomes known."""

    STILL = "still"
    SEE = "see"
    CHECK = "check"


STATE_WORDS = {
    CorrectionState.TOLD: "尚未见到",
    CorrectionState.STANDS: "仍可见原文",
    CorrectionState.SEEN: "已核实",
    CorrectionState.BY_HAND: "人工核实",
}
S, E = CorrectionState, CorrectionEvent
CORRECTION = StateTable(
    "更正登记",
    S.TOLD,
    {
        S.TOLD: {E.STILL: Step(S.STANDS), E.SEE: Step(S.SEEN), E.CHECK: Step(S.BY_HAND, DESK)},
        S.STANDS: {E.STILL: Step(S.STANDS), E.SEE: Step(S.SEEN), E.CHECK: Step(S.BY_HAND, DESK)},
        S.SEEN: {},
        S.BY_HAND: {},
    },
    STATE_WORDS,
    {E.STILL: "记为仍可见", E.SEE: "核实", E.CHECK: "人工核实"},
    ends=frozenset({S.SEEN, S.BY_HAND}),
)


def candidates(conn: Connection, incident: Row[Any], task: Row[Any] | None = None) -> list[Row[Any]]:
    """The account's own posts that may be meant: id, text, published_at, revision.

    The post of the incident, or the one under which it opened, comes first, then the newest. The account is the
    incident's, of a task that went over by a merging its own; so is the post.
    """
    account_id = incident.account_id if task is None else account_of(incident, task)
    before = {} if task is None else task.data.get(OF, {})
    opened_by = before.get("post", incident.opening_post_id)
    own = select(members.c.post_id).where(members.c.incident_id == incident.id)
    line = posts.alias("line")
    thread = select(line.c.thread_id).where(line.c.school == incident.school, line.c.id == opened_by).scalar_subquery()
    meant = and_(posts.c.kind == Kind.POST, posts.c.thread_id == thread)
    current = and_(
        revisions.c.school == posts.c.school, revisions.c.post_id == posts.c.id,
        revisions.c.revision == posts.c.revision,
    )  # fmt: skip
    return list(conn.execute(
        select(posts.c.id, posts.c.published_at, posts.c.revision, posts.c.fetched_at, posts.c.url, revisions.c.text,
               revisions.c.text_hash)
        .join(revisions, current)
        .where(posts.c.school == incident.school, posts.c.by_school, posts.c.account_id == account_id)
        .order_by(case((or_(posts.c.id.in_(own), meant), 0), else_=1), posts.c.published_at.desc())
        .limit(RECENT)
    ))  # fmt: skip


def account_of(incident: Row[Any], task: Row[Any]) -> str:
    """The account that a task is about."""
    return str(task.data.get(OF, {}).get("account", incident.account_id))


def correct(
    conn: Connection, task_id: int, actor: Actor, now: datetime, *, post_id: str, act: str, words: str, url: str = ""
) -> None:
    """更正 or 删除 by the holder (or the desk for them): the post as it was is kept, and the machine begins to look."""
    incident, task = deeds.held(conn, task_id)
    must_be_open(incident, "登记更正")
    if task.kind != TaskKind.CORRECTION:
        raise IllegalStep("这一任务不是更正或删除。未作任何更改。")
    if act not in set(CorrectionAct):
        raise IllegalStep("请选择“更正”或“删除”。未作任何更改。")
    words = must_fit(words, deeds.ANSWER_MOST, "说明")
    found = next((one for one in candidates(conn, incident, task) if one.id == post_id), None)
    if found is None:
        raise IllegalStep("请选择本账号的一条帖文。未作任何更改。")
    done = ACT_WORDS[CorrectionAct(act)]
    deeds.answer(conn, task_id, actor, now, f"已{done}“{_head(found.text)}”。{words}".strip(), url)
    made = conn.execute(
        corrections.insert().values(
            school=incident.school, incident_id=incident.id, task_id=task_id, post_id=post_id, act=act, words=words,
            person_id=actor.id, at=now, before_revision=found.revision, before_hash=found.text_hash,
            before_text=found.text, before_seen_at=found.fetched_at, state=CORRECTION.start,
        ).returning(corrections.c.id)
    ).scalar_one()  # fmt: skip
    _look_later(conn, incident, int(made), 1, now)


def own_task(conn: Connection, letterhead: Letterhead, incident: Row[Any], actor: Actor, now: datetime) -> int:
    """The open task of this person to correct or remove, else one that they take on themselves; `incident` is held."""
    known = [
        one.id for one in deeds.open_tasks(conn, incident.id)
        if one.kind == TaskKind.CORRECTION and one.person_id == actor.id
        and account_of(incident, one) == incident.account_id
    ]  # fmt: skip
    if known:
        return int(known[0])
    words = "账号管理人员自行更正或删除本账号帖文。"
    to = To(Role.KEEPER, person_id=actor.id)
    return set_task(conn, letterhead, incident, TaskKind.CORRECTION, to, actor, now, words)


def lapse(conn: Connection, letterhead: Letterhead, clock: Timer, now: datetime) -> None:
    """Look once whether the crawlers have seen what the keeper said, and again later until they have."""
    del letterhead
    incident = conn.execute(select(incidents).where(incidents.c.id == clock.incident_id)).one()
    row = conn.execute(select(corrections).where(corrections.c.id == int(clock.data["correction"]))).one()
    if State(incident.state) not in OPEN or CorrectionState(row.state) in CORRECTION.ends:
        return
    if not look(conn, incident, row, now):
        _look_later(conn, incident, row.id, int(clock.data["n"]) + 1, now)


def seen(conn: Connection, post: Post, now: datetime) -> None:
    """An own post came from the crawlers: who waits to see it corrected sees it now, not at the next look."""
    if not post.by_school or post.kind is not Kind.POST:
        return
    waiting = conn.execute(
        select(corrections.c.id, corrections.c.incident_id)
        .join(incidents, incidents.c.id == corrections.c.incident_id)
        .where(corrections.c.school == post.school, corrections.c.post_id == post.id)
        .where(corrections.c.state.not_in(sorted(CORRECTION.ends)), incidents.c.state.in_(sorted(OPEN)))
        .order_by(corrections.c.incident_id, corrections.c.id)
    ).all()
    for correction_id, incident_id in waiting:
        incident = incident_of(conn, incident_id)
        row = conn.execute(select(corrections).where(corrections.c.id == correction_id)).one()
        if CorrectionState(row.state) not in CORRECTION.ends and look(conn, incident, row, now):
            timer.stop_begun(conn, incident_id, f"correction:{correction_id}:", now)


def look(conn: Connection, incident: Row[Any], row: Row[Any], now: datetime) -> bool:
    """Compare the post as it is kept now with what was there before; gives whether nothing is left to look for."""
    kept = conn.execute(select(posts).where(posts.c.school == row.school, posts.c.id == row.post_id)).one()
    gone = kept.visibility != PUBLIC
    changed = kept.revision != row.before_revision
    if gone or (changed and row.act == CorrectionAct.CORRECTED):
        return _see(conn, incident, row, kept, now, gone=gone)
    if kept.fetched_at > row.at and row.state == CorrectionState.TOLD:
        _move(conn, row, CorrectionEvent.STILL, None)
        said = f"{ACT_WORDS[CorrectionAct(row.act)]}尚未生效：登记后采集仍见原文"
        log(conn, incident.id, now, EntryKind.DEADLINE, said, "请账号管理人员核对；采集恢复后自动再核对")
    return False


def confirm(conn: Connection, task_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """确认办结 of any task; for what the machine has not seen corrected a person vouches, and says how they looked.

    What was said before of the same post ends with it: nobody could look at it once the task is over.
    """
    incident, task = deeds.held(conn, task_id)
    deeds.must_differ(task, actor)
    left = unseen(conn, task_id)
    if left and not note.strip():
        words = "、".join(dict.fromkeys(STATE_WORDS[CorrectionState(one.state)] for one in left))
        raise IllegalStep(f"更正或删除{words}；已人工核实的，请写明怎样核实。未作任何更改。")
    for row in corrections_of(conn, task_id):
        if CorrectionState(row.state) not in CORRECTION.ends:
            _move(conn, row, CorrectionEvent.CHECK, actor.roles)
            timer.stop_begun(conn, incident.id, f"correction:{row.id}:", now)
    deeds.confirm(conn, task_id, actor, now, f"人工核实：{note.strip()}" if left else note)


def unseen(conn: Connection, task_id: int) -> list[Row[Any]]:
    """Of a task's corrections the newest of each post, where nobody has seen it yet."""
    rows = conn.execute(select(corrections).where(corrections.c.task_id == task_id).order_by(corrections.c.id)).all()
    newest = {row.post_id: row for row in rows}.values()
    return [row for row in newest if CorrectionState(row.state) not in CORRECTION.ends]


def corrections_of(conn: Connection, task_id: int) -> list[Row[Any]]:
    """What was said and seen of a task's posts, the newest first."""
    return list(
        conn.execute(select(corrections).where(corrections.c.task_id == task_id).order_by(corrections.c.id.desc()))
    )


def _see(conn: Connection, incident: Row[Any], row: Row[Any], kept: Row[Any], now: datetime, *, gone: bool) -> bool:
    after = None if gone else conn.execute(
        select(revisions).where(
            revisions.c.school == row.school, revisions.c.post_id == row.post_id,
            revisions.c.revision == kept.revision,
        )
    ).first()  # fmt: skip
    _move(
        conn, row, CorrectionEvent.SEE, None, after_seen_at=kept.fetched_at,
        after_revision=after.revision if after else None, after_hash=after.text_hash if after else None,
        after_text=after.text if after else None,
    )  # fmt: skip
    hashes = f"前 {row.before_hash[:12]} 后 {after.text_hash[:12] if after else ''}"
    seen = "原帖已不可见" if gone else f"原帖文字已变更，{hashes}"
    log(conn, incident.id, now, EntryKind.MACHINE, f"{ACT_WORDS[CorrectionAct(row.act)]}已核实", seen)
    return True


def _move(conn: Connection, row: Row[Any], event: CorrectionEvent, roles: frozenset[Any] | None, **values: Any) -> None:
    after = CORRECTION.step(CorrectionState(row.state), event, roles)
    conn.execute(
        update(corrections)
        .where(corrections.c.id == row.id, corrections.c.state == row.state)
        .values(state=after, **values)
    )


def _look_later(conn: Connection, incident: Row[Any], correction_id: int, n: int, now: datetime) -> None:
    if n > OFTEN + SELDOM:
        return
    timer.set_timers(conn, [{
        "school": incident.school, "incident_id": incident.id, "kind": TimerKind.CORRECTION,
        "name": f"correction:{correction_id}:{n}", "words": "更正或删除核对", "source": Source.DEFAULT, "set_at": now,
        "due_at": now + (LOOK_OFTEN if n <= OFTEN else LOOK_SELDOM), "data": {"correction": correction_id, "n": n},
    }])  # fmt: skip


def _head(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 30 else line[:30] + "…"
