"""What is done about a matter: tasks, corrections, questions, reports, silences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from escalation import silence
from escalation.audit import audit_log
from escalation.bulletin import BulletinKind, bulletins
from escalation.bulletin.state import BULLETINS, series_after
from escalation.bulletin.write import Draft, write
from escalation.consultation import consultations, course
from escalation.consultation.state import CONSULTATION, WAITING
from escalation.deed import incident_of
from escalation.incident import incidents
from escalation.notice.docket import docket_lines
from escalation.silence import SILENCE, Quiet, silences
from escalation.task import TaskKind, correction, corrections, deeds, tasks
from escalation.task.correction import CORRECTION, CorrectionState
from escalation.task.setting import KEEPER as TO_KEEPER
from escalation.task.setting import set_task
from escalation.task.state import TASK, UNANSWERED
from stream.kept import keep
from stream.post import Kind, Visibility
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.papers import DEPUTY, KEEPER, LEADER, school
from tests.escalation.station import Station
from tests.escalation.walk import Press
from tests.escalation.walks.noun import Noun, Seen, on, rows_of, wait
from tests.stream.said import SCHOOL, a_post, assessed


def with_an_incident(s: Station) -> None:
    """A school with an incident of level Ⅲ."""
    school(s, "JY")
    s.office.open(level=3)


def _set(s: Station, row: Any) -> Press:
    return lambda c, by: set_task(
        c, s.office.head, incident_of(c, 1), TaskKind.FACTS, TO_KEEPER, by, s.office.now, "请办理"
    )


TASKS = Noun(
    TASK, with_an_incident, rows_of(tasks),
    {
        "set": _set, "accept": on(lambda c, s, by, row: deeds.accept(c, row.id, by, s.office.now)),
        "answer": on(lambda c, s, by, row: deeds.answer(c, row.id, by, s.office.now, "已核实")),
        "confirm": on(lambda c, s, by, row: deeds.confirm(c, row.id, by, s.office.now)),
        "return": on(lambda c, s, by, row: deeds.give_back(c, s.office.head, row.id, by, s.office.now, "请补充")),
        "withdraw": on(lambda c, s, by, row: deeds.withdraw(c, row.id, by, s.office.now, "不需要了")),
    },
    (
        ("set", IN_LEAD), ("accept", LEADER), ("accept", KEEPER), ("answer", KEEPER), ("return", IN_LEAD),
        ("answer", KEEPER), ("confirm", KEEPER), ("confirm", IN_LEAD), ("set", IN_LEAD), ("withdraw", IN_LEAD),
        ("wait", ON_DESK),
    ),
    {"accept": KEEPER, "answer": ON_DESK, "return": ON_DESK, "confirm": ON_DESK, "withdraw": ON_DESK},
    clock="task:{}:", ticks=UNANSWERED,
)  # fmt: skip
"""The same task set by two in one minute is one task."""

WRONG, RIGHT = "食堂今日停业三天", "食堂今日照常营业"


def _crawled(s: Station, text: str, visibility: Visibility = Visibility.PUBLIC) -> None:
    """The school's own post as it is fetched now; the looks at it follow within ten minutes."""
    post = a_post(text, "weibo:own", kind=Kind.POST, by_school=True, at=s.office.now)
    with s.office.store.write() as conn:
        keep(conn, post.model_copy(update={"visibility": visibility}))
        correction.seen(conn, post, s.office.now)
    s.office.later(minutes=10)


def _own_post(s: Station) -> None:
    """An incident on an own post."""
    school(s, "JY")
    _crawled(s, WRONG)
    s.office.open(a_post(WRONG, "weibo:own", at=s.office.now), member_ids=("weibo:own",), first_post_id="weibo:own")


def _ask(s: Station, row: Any) -> Press:
    del row
    return lambda c, by: set_task(
        c, s.office.head, incident_of(c, 1), TaskKind.CORRECTION, TO_KEEPER, by, s.office.now, "请更正"
    )


def _newest_task(s: Station) -> int:
    return int(next((row.id for row in reversed(s.office.rows(tasks, kind=TaskKind.CORRECTION))), 0))


def _told(act: str) -> Seen:
    def tell(s: Station, row: Any) -> Press:
        del row
        task, now = _newest_task(s), s.office.now
        return lambda c, by: correction.correct(c, task, by, now, post_id="weibo:own", act=act, words="日期写错")

    return tell


def _of_task(s: Station, row: Any) -> int:
    return int(getattr(row, "task_id", 0)) or _newest_task(s)


def _vouch(s: Station, row: Any) -> Press:
    task = _of_task(s, row)
    return lambda c, by: correction.confirm(c, task, by, s.office.now, "打开网页看过")


def _back(s: Station, row: Any) -> Press:
    task = _of_task(s, row)
    return lambda c, by: deeds.give_back(c, s.office.head, task, by, s.office.now, "仍可见")


CORRECTIONS = Noun(
    CORRECTION, _own_post, rows_of(corrections),
    {
        "ask": _ask, "correct": _told("corrected"), "remove": _told("removed"), "confirm": _vouch, "return": _back,
    },
    (
        ("correct", KEEPER), ("ask", KEEPER), ("ask", IN_LEAD), ("correct", LEADER), ("correct", KEEPER),
        ("confirm", KEEPER), ("confirm", ON_DESK), ("ask", IN_LEAD), ("remove", KEEPER), ("fetched", KEEPER),
        ("return", IN_LEAD), ("correct", KEEPER), ("mended", KEEPER), ("confirm", IN_LEAD), ("ask", IN_LEAD),
        ("remove", ON_DESK), ("gone", KEEPER), ("confirm", IN_LEAD),
    ),
    {"correct": ON_DESK, "remove": ON_DESK, "confirm": IN_LEAD, "return": ON_DESK},
    {
        "wait": wait(hours=3), "fetched": lambda s: _crawled(s, WRONG),
        "mended": lambda s: _crawled(s, f"{RIGHT}{s.office.now:%d%H%M}"),
        "gone": lambda s: _crawled(s, WRONG, Visibility.VANISHED),
    },
    clock="correction:{}:", ticks=frozenset({CorrectionState.TOLD, CorrectionState.STANDS}),
)  # fmt: skip


QUESTION = "请问晚上几点收餐"


def _asked(s: Station) -> None:
    school(s, "JY")
    s.say(QUESTION, negative=False, post_id="weibo:1")
    assert s.office.rows(consultations)


def _taken_away(s: Station) -> None:
    """The question is to be seen no more."""
    post = a_post(QUESTION, "weibo:1", at=s.office.now)
    s.append(assessed(post.model_copy(update={"visibility": Visibility.VANISHED})))
    s.listen()


def _asked_again(s: Station) -> None:
    s.say(
        "那周末呢，食堂几点收",
        negative=False,
        kind=Kind.REPLY,
        parent="weibo:1",
        post_id=f"weibo:{s.office.now:%d%H%M}",
    )


def _promise(s: Station, row: Any) -> Press:
    now = s.office.now
    return lambda c, by: course.promise(c, SCHOOL, row.id, by, now, now + timedelta(days=2), "已告知")


QUESTIONS = Noun(
    CONSULTATION, _asked, rows_of(consultations),
    {
        "answer": on(lambda c, s, by, row: course.answer(c, SCHOOL, row.id, by, s.office.now, "已在评论区回复")),
        "promise": _promise,
        "dismiss": on(lambda c, s, by, row: course.dismiss(c, SCHOOL, row.id, by, s.office.now, "不是提问")),
        "reopen": on(lambda c, s, by, row: course.reopen(c, SCHOOL, row.id, by, s.office.now, "还没有答")),
    },
    (
        ("promise", KEEPER), ("answer", KEEPER), ("promise", KEEPER), ("reopen", KEEPER), ("dismiss", KEEPER),
        ("answer", KEEPER), ("reopen", IN_LEAD), ("taken away", KEEPER), ("answer", LEADER),
        ("asked again", KEEPER), ("dismiss", IN_LEAD),
    ),
    {"promise": LEADER, "answer": LEADER, "dismiss": LEADER, "reopen": LEADER},
    {"wait": wait(hours=3), "taken away": _taken_away, "asked again": _asked_again},
    log=docket_lines,
    clock="consultation:{}", ticks=frozenset(WAITING),
)  # fmt: skip


def _series(s: Station) -> Sequence[Any]:
    """Every incident as its reports stand."""
    kinds = {one.id: [row.kind for row in s.office.rows(bulletins, incident_id=one.id)] for one in s.incidents()}
    return [SimpleNamespace(id=one, state=series_after(told), number=len(told)) for one, told in kinds.items()]


def _report(kind: BulletinKind) -> Seen:
    def report(s: Station, row: Any) -> Press:
        said = Draft(kind, "已核实", "已整改", "" if kind is BulletinKind.FINAL else "继续核实", int(row.number))
        return lambda c, by: write(c, s.office.head, row.id, by, s.office.now, said, ())

    return report


REPORTS = Noun(
    BULLETINS, with_an_incident, _series,
    {
        "first": _report(BulletinKind.FIRST), "follow": _report(BulletinKind.FOLLOW),
        "final": _report(BulletinKind.FINAL),
    },
    (
        ("follow", ON_DESK), ("first", KEEPER), ("first", ON_DESK), ("first", IN_LEAD), ("follow", IN_LEAD),
        ("wait", ON_DESK), ("final", ON_DESK), ("final", ON_DESK), ("follow", ON_DESK), ("final", IN_LEAD),
    ),
    {"first": DEPUTY, "follow": DEPUTY, "final": DEPUTY},
)  # fmt: skip


def _hush(s: Station, row: Any) -> Press:
    del row
    number, now = s.office.rows(incidents)[0].number, s.office.now
    return lambda c, by: silence.begin(c, SCHOOL, Quiet.INCIDENT, number, by, now, "已当面说", now + timedelta(hours=1))


SILENCES = Noun(
    SILENCE, with_an_incident, rows_of(silences),
    {"begin": _hush, "lift": on(lambda c, s, by, row: silence.lift(c, SCHOOL, row.id, by, s.office.now))},
    (
        ("begin", KEEPER), ("begin", ON_DESK), ("begin", IN_LEAD), ("lift", KEEPER), ("lift", IN_LEAD),
        ("lift", ON_DESK), ("begin", IN_LEAD), ("wait", ON_DESK),
    ),
    {"begin": DEPUTY, "lift": ON_DESK},
    log=audit_log,
)  # fmt: skip
NOUNS = (TASKS, CORRECTIONS, QUESTIONS, REPORTS, SILENCES)
