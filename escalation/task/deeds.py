"""What happens to a task once it is set: accepted, answered, confirmed, returned, withdrawn.

Each is one transaction: the step of the table, the turn, the clocks, the log line and the audit row, or nothing and a
sentence.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, select, update

from escalation import audit, people, timer
from escalation.deed import incident_of, must_be_open, must_fit
from escalation.incident import MACHINE, Actor, EntryKind, StateMoved, log
from escalation.incident.state import IllegalStep
from escalation.notice.issue import Letterhead
from escalation.task import TaskKind, clock, tasks, turns
from escalation.task.state import DESK, HOLDER, OPEN_TASKS, STATE_WORDS, TASK, UNANSWERED, TaskEvent, TaskState
from escalation.task.telling import again, call_back, name_of, tell_holder

ANSWER_MOST, WHY_MOST, URL_MOST = 2000, 300, 500
CLOCK_OF = {TaskKind.FACTS: "facts", TaskKind.PUBLIC_ANSWER: "first_answer"}
"""The incident's own clock that an answer of this kind stops."""


def accept(conn: Connection, task_id: int, actor: Actor, now: datetime) -> None:
    """接受: the holder has it in hand; the clocks run on."""
    incident, task = held(conn, task_id)
    must_be_open(incident, "接受任务")
    _step(conn, task, TaskEvent.ACCEPT, actor)
    heading = f"接受任务“{name_of(task)}”{_for_whom(conn, task, actor)}"
    _write(conn, incident, task, actor, now, TaskEvent.ACCEPT, heading, "")


def answer(conn: Connection, task_id: int, actor: Actor, now: datetime, text: str, url: str = "") -> None:
    """答复: what was done or found, with a link; a further answer stands beside the first. By the holder, or the desk
    for what was said by telephone."""
    incident, task = held(conn, task_id)
    must_be_open(incident, "答复任务")
    text = must_fit(text, ANSWER_MOST, "答复")
    if not text:
        raise IllegalStep("请填写答复。未作任何更改。")
    url = web_address(url)
    last = last_answer(conn, task_id) if task.state == TaskState.ANSWERED else None
    if last is not None and (last.text, last.url) == (text, url):
        raise IllegalStep(f"{last.name}已作同样的答复。未作任何更改。")
    _step(conn, task, TaskEvent.ANSWER, actor, answered_at=now, answered_by=actor.id)
    clock.stop(conn, task, now)
    call_back(conn, task, "任务已答复，不再发送", now)
    duty = CLOCK_OF.get(TaskKind(task.kind))
    if duty is not None:
        timer.fulfil(conn, incident.id, duty, now)
    heading = f"答复任务“{name_of(task)}”{_for_whom(conn, task, actor)}"
    _write(conn, incident, task, actor, now, TaskEvent.ANSWER, heading, text, url)


def confirm(conn: Connection, task_id: int, actor: Actor, now: datetime, note: str = "") -> None:
    """确认办结: somebody of the desk who did not write the answer takes it as done.

    A correction that the machine has not seen is vouched for with words (`correction.confirm`, which calls this).
    """
    incident, task = held(conn, task_id)
    note = must_fit(note, WHY_MOST, "说明")
    must_differ(task, actor)
    _step(conn, task, TaskEvent.CONFIRM, actor, ended_at=now)
    _write(conn, incident, task, actor, now, TaskEvent.CONFIRM, f"确认任务“{name_of(task)}”办结", note)


def must_differ(task: Row[Any], actor: Actor) -> None:
    """Raises IllegalStep where this person may not confirm the task, or wrote its answer."""
    TASK.step(TaskState(task.state), TaskEvent.CONFIRM, _roles(task, actor))
    if actor.id == task.answered_by:
        raise IllegalStep("答复由您登记，请由另一名值班员或宣传部人员确认办结。未作任何更改。")


def may(task: Row[Any], event: TaskEvent, actor: Actor) -> bool:
    """Whether this person may do this to the task now: which buttons a page offers."""
    return TASK.may(TaskState(task.state), event, _roles(task, actor) or frozenset())


def give_back(conn: Connection, letterhead: Letterhead, task_id: int, actor: Actor, now: datetime, why: str) -> None:
    """退回: the answer does not do; its holder is told why, and the deadline runs anew for its whole span."""
    incident, task = held(conn, task_id)
    must_be_open(incident, "退回任务")
    why = _reason(why, "退回原因")
    span = clock.span_of(task)
    due_at = now + span if span else None
    _step(conn, task, TaskEvent.GIVE_BACK, actor, round=task.round + 1, due_at=due_at)
    _write(conn, incident, task, actor, now, TaskEvent.GIVE_BACK, f"退回任务“{name_of(task)}”", why)
    fresh = again(conn, task.id)
    clock.start(conn, incident, fresh, now)
    tell_holder(conn, letterhead, incident, fresh, f"returned:{fresh.round}", f"{actor.name} 退回，请重办：{why}", now)


def withdraw(conn: Connection, task_id: int, actor: Actor, now: datetime, why: str) -> None:
    """撤销: nobody needs it any more, with the reason; what was not sent yet does not leave."""
    incident, task = held(conn, task_id)
    _end(conn, incident, task, actor, now, _reason(why, "撤销原因"))


def call_off(conn: Connection, incident: Row[Any], actor: Actor, now: datetime, why: str) -> None:
    """Withdraw every open task of an incident that is held by the caller and ends otherwise than by closing."""
    for task in open_tasks(conn, incident.id):
        _end(conn, incident, task, actor, now, why)


def open_tasks(conn: Connection, incident_id: int) -> list[Row[Any]]:
    """The tasks that are neither confirmed nor withdrawn, the earliest first."""
    open_ones = (tasks.c.incident_id == incident_id) & tasks.c.state.in_(sorted(OPEN_TASKS))
    return list(conn.execute(select(tasks).where(open_ones).order_by(tasks.c.id)))


def open_of(conn: Connection, incident_id: int) -> list[str]:
    """What of the tasks holds up closing, in words: what a person set, and every answer that nobody confirmed."""
    found = [one for one in open_tasks(conn, incident_id) if not _is_undone(one)]
    said = "、".join(f"“{name_of(one)}”（{one.office}，{STATE_WORDS[TaskState(one.state)]}）" for one in found)
    return [f"{len(found)} 项任务未办结：{said}；答复的请确认，不再需要的请撤销"] if found else []


def undone(conn: Connection, incident_id: int) -> list[Row[Any]]:
    """What a clause demands and nobody has answered: like the duties, closing asks why and keeps the reason."""
    return [one for one in open_tasks(conn, incident_id) if _is_undone(one)]


def _is_undone(task: Row[Any]) -> bool:
    return task.set_by == MACHINE.id and task.state in UNANSWERED


def held(conn: Connection, task_id: int) -> tuple[Row[Any], Row[Any]]:
    """The task's incident, held, and the task as it then stands. Raises IllegalStep where there is none."""
    found = conn.execute(select(tasks.c.incident_id).where(tasks.c.id == task_id)).scalar()
    if found is None:
        raise IllegalStep("没有这一任务，可能链接有误。未作任何更改。")
    incident, task = incident_of(conn, found), again(conn, task_id)
    if task.incident_id != found:
        raise StateMoved("这一任务刚随事件并入另一事件，请刷新后再试。未作任何更改。")
    return incident, task


def turns_of(conn: Connection, task_id: int) -> list[Row[Any]]:
    """The turns of a task, the oldest first."""
    return list(conn.execute(select(turns).where(turns.c.task_id == task_id).order_by(turns.c.id)))


def last_answer(conn: Connection, task_id: int) -> Row[Any] | None:
    """The newest answer (`text`, `url`, `name`, `at`), or None."""
    mine = (turns.c.task_id == task_id) & (turns.c.event == TaskEvent.ANSWER)
    return conn.execute(select(turns).where(mine).order_by(turns.c.id.desc()).limit(1)).first()


def web_address(url: str) -> str:
    """An http or https address, or nothing. Raises IllegalStep with a sentence for anything else."""
    url = must_fit(url, URL_MOST, "链接")
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise IllegalStep("链接须以 http:// 或 https:// 开头。未作任何更改。")
    return url


def _end(conn: Connection, incident: Row[Any], task: Row[Any], actor: Actor, now: datetime, why: str) -> None:
    _step(conn, task, TaskEvent.WITHDRAW, actor, ended_at=now)
    clock.stop(conn, task, now)
    call_back(conn, task, "任务已撤销，不再发送", now)
    _write(conn, incident, task, actor, now, TaskEvent.WITHDRAW, f"撤销任务“{name_of(task)}”", why)


def _reason(why: str, what: str) -> str:
    why = must_fit(why, WHY_MOST, what)
    if not why:
        raise IllegalStep(f"请写明{what}。未作任何更改。")
    return why


def _roles(task: Row[Any], actor: Actor) -> frozenset[str] | None:
    if actor.roles is None:
        return None
    own = {HOLDER} if task.person_id in (actor.id, actor.stead) else set()
    return frozenset(actor.roles & DESK) | own


def _for_whom(conn: Connection, task: Row[Any], actor: Actor) -> str:
    """Who acts where it is not the holder: the substitute of one who is away, or the desk for what was telephoned."""
    if actor.id == task.person_id:
        return ""
    if actor.stead != task.person_id:
        return "（代为登记）"
    holder = people.person(conn, task.school, task.person_id)
    return f"（代{holder.name if holder else task.person_id}）"


def _step(conn: Connection, task: Row[Any], event: TaskEvent, actor: Actor, **values: Any) -> None:
    before = TaskState(task.state)
    after = TASK.step(before, event, _roles(task, actor))
    moved = conn.execute(
        update(tasks).where(tasks.c.id == task.id, tasks.c.state == before).values(state=after, **values)
    )
    if moved.rowcount != 1:
        raise StateMoved("这一任务刚被他人处理，请刷新后再试。未作任何更改。")


def _write(
    conn: Connection, incident: Row[Any], task: Row[Any], actor: Actor, now: datetime, event: TaskEvent,
    heading: str, text: str, url: str = "",
) -> None:  # fmt: skip
    """The turn, the log line and the audit row of one act, the audit last."""
    conn.execute(turns.insert().values(
        task_id=task.id, at=now, person_id=actor.id, name=actor.name, event=event, text=text, url=url
    ))  # fmt: skip
    said = f"{text}\n{url}".strip()
    log(conn, incident.id, now, EntryKind.PERSON, heading, said, actor=actor.name, article=task.article)
    audit.record(
        conn, school=incident.school, now=now, actor=actor.id, action=f"task.{event}", subject=incident.number,
        detail={"task": task.id, "kind": task.kind, "text": text, "url": url}, ip=actor.ip,
    )  # fmt: skip
