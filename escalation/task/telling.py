"""What a task's holder, and on silence the next role of the chain, is told: an errand with a link to its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from escalation import people
from escalation.clock_words import moment
from escalation.duty.proxy import Acting
from escalation.link import Link, Purpose, token
from escalation.notice import DeliveryState, NoticeKind, deliveries, notices
from escalation.notice.addressee import Addressee, acting_as
from escalation.notice.errand import LIVES, Errand
from escalation.notice.issue import Letterhead, issue
from escalation.notice.outbox import with_notice
from escalation.notice.withdrawal import withdraw
from escalation.notice.wording import Article
from escalation.people import Person
from escalation.procedure import Source, thaw
from escalation.task import KIND_WORDS, TaskKind, tasks

BY_PERSON = "person"
"""The source of a deadline that whoever set the task chose."""
ASK = "打开链接，办理后填写答复。"
ASKS = {
    TaskKind.PLATFORM_CONTACT: "与平台沟通，在页面上登记渠道和工单号；平台答复后登记答复。",
    TaskKind.CORRECTION: "更正或删除该内容，然后在页面上登记做了什么。",
}


def name_of(task: Row[Any]) -> str:
    """The kind in Chinese: 情况说明."""
    return KIND_WORDS[TaskKind(task.kind)]


def clock_label(task: Row[Any]) -> str:
    """Whose figure the deadline is: an article, 系统默认，非校规, who set the task, or 校规未规定."""
    if task.source == BY_PERSON:
        return "由布置人设定"
    return str(task.clock_article) if task.source == Source.RULE else Source(task.source).label


def page_path(letterhead: Letterhead, task_id: int, person_id: str, now: datetime) -> str:
    """The path of the task's page for one person, with a fresh link."""
    return f"/t/{token(letterhead.link_key, Purpose.TASK, Link(task_id, person_id, now + LIVES))}"


def tell_holder(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], step: str, why: str, now: datetime
) -> Acting | None:
    """Tell the holder, once per step: what is asked, by when, by which article. `why` is the first sentence.

    While the holder is away it is told to whoever stands in; the task stays the holder's. Gives who was told.
    """
    person = people.person(conn, task.school, task.person_id)
    if person is None:
        return None
    who = people.acting(conn, task.school, [person], now, letterhead.channels) or Acting(person)
    one = acting_as(who, task.role, task.office, (), task.article, "")
    if who.absent is None or who.alone:
        one = replace(one, acts_for=task.acts_for)
    errand = _errand(incident, task, (ASKS.get(TaskKind(task.kind), ASK),), why, now)
    issue(conn, letterhead, incident, [one], NoticeKind.TASK, _step(task, step), now, errand=errand)
    return who


def tell_above(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], above: Person, role: str,
    now: datetime,
) -> None:  # fmt: skip
    """Tell the next role that a task is overdue, once for the task."""
    one = Addressee(above, role, (people.office_in(thaw(incident.frozen["pack"]), role),), (), Source.DEFAULT.label, "")
    _tell_on(conn, letterhead, incident, task, one, "overdue", ("逾期未答复", "请督促办理。"), now)


def tell_unanswered(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], who: Person, role: str, n: int,
    now: datetime,
) -> None:  # fmt: skip
    """Tell that all reminders are used up, once for each time the task was set or returned."""
    what = (f"提醒 {n} 次仍未答复，不再自动提醒", "请电话督办并代为登记答复；不再需要的，请撤销任务。")
    one = Addressee(who, role, (people.office_in(thaw(incident.frozen["pack"]), role),), (), Source.DEFAULT.label, "")
    _tell_on(conn, letterhead, incident, task, one, f"unanswered:{task.round}", what, now)


def _tell_on(
    conn: Connection, letterhead: Letterhead, incident: Row[Any], task: Row[Any], one: Addressee, step: str,
    what: tuple[str, str], now: datetime,
) -> None:  # fmt: skip
    holder = people.person(conn, task.school, task.person_id)
    said, ask = what
    why = f"{holder.name if holder else task.person_id}（{task.office}）的任务“{name_of(task)}”{said}"
    errand = _errand(incident, task, (ask,), why, now)
    issue(conn, letterhead, incident, [one], NoticeKind.TASK_OVERDUE, _step(task, step), now, errand=errand)


def _errand(incident: Row[Any], task: Row[Any], asks: tuple[str, ...], why: str, now: datetime) -> Errand:
    pack = thaw(incident.frozen["pack"])
    cited = f"《{pack.title}》{task.article}" if task.article and pack.title else str(task.article)
    return Errand(
        title=f"任务“{name_of(task)}”：{incident.title}", facts=_facts(task, why, now), asks=asks, verb="答复",
        articles=(Article(article=cited) if cited else Article(source=Source.NONE.label),), source=_clock_words(task),
        log="须答复", due=_due(task, now), purpose=Purpose.TASK, about=task.id,
    )  # fmt: skip


def call_back(conn: Connection, task: Row[Any], why: str, now: datetime) -> None:
    """What was written of this task and has not left is not sent any more."""
    waiting = deliveries.c.state.in_([DeliveryState.WAITING, DeliveryState.SENDING])
    for row in conn.execute(with_notice().where(of_task(task), waiting)).all():
        withdraw(conn, row, why, now)


def was_told(conn: Connection, task: Row[Any], person_id: str) -> bool:
    """Whether this person heard of the task (overdue, or as a substitute), and so may look at it."""
    mine = of_task(task) & (notices.c.addressee == person_id)
    return conn.execute(select(notices.c.id).where(mine).limit(1)).first() is not None


def of_task(task: Row[Any]) -> ColumnElement[bool]:
    """The condition on `notices` for those that speak of this task."""
    mine = notices.c.step.startswith(_step(task, ""), autoescape=True)
    return and_(notices.c.school == task.school, mine)


def again(conn: Connection, task_id: int) -> Row[Any]:
    """The task's row as it stands."""
    return conn.execute(select(tasks).where(tasks.c.id == task_id)).one()


def _step(task: Row[Any], step: str) -> str:
    return f"task:{task.id}:{step}"


def _facts(task: Row[Any], why: str, now: datetime) -> tuple[str, ...]:
    said: tuple[str, ...] = (why, f"任务：{task.words}")
    if task.acts_for:
        said += (f"本应由{task.acts_for}办理，由您代收，请转达并督促",)
    if task.due_at is not None:
        late = "已于" if task.due_at <= now else "请于"
        said += (f"{late} {moment(task.due_at, now)} {'到期' if task.due_at <= now else '前答复'}",)
    return said


def _due(task: Row[Any], now: datetime) -> str:
    """By when, for the holder's subject; nothing where it is over."""
    return moment(task.due_at, now) if task.due_at is not None and task.due_at > now else ""


def _clock_words(task: Row[Any]) -> str:
    return f"答复期限：{clock_label(task)}" if task.due_at is not None else f"答复期限：{Source.NONE.label}"
