"""It must show 1 (issue 4): five schools, each from a comment to the archive, by its own document.

Who was told, when, in what order, by which article, on which channel, and what happened on silence; then everybody
signs, the matter is handled, watched, recapped, closed and filed. `fengxin rehearse` prints the same course.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.course import LAPSED
from deploy.rehearsal import House, rehearse
from deploy.scenario import College, Line, Page, Scenario, Unit
from escalation import archive, handling, keeper, people, recap, reignition, telephone
from escalation.audit import faults
from escalation.bulletin import BulletinKind
from escalation.bulletin.write import Draft, write
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.incident import Actor, entries
from escalation.incident.state import OPEN, State
from escalation.notice import KIND_WORDS, NoticeKind, calls, deliveries, is_owed, notices, ways
from escalation.people import Role
from escalation.procedure import Channel, load
from escalation.recap import Measure, Recap
from escalation.task import TaskKind, deeds
from escalation.voice import hold
from sentiment.snow import Snow
from stream import rules
from stream.post import Kind
from tests.stories.five import COMMENT, FIRST, TELEPHONE, course, in_order
from tests.stories.town import START, UNIT, Letter, Town, built, path_of

SCHOOLS = tuple(FIRST)
KINDS = {KIND_WORDS[one] for one in (NoticeKind.FIRST, NoticeKind.REMINDER, NoticeKind.ESCALATED)} | {TELEPHONE}
DESK = Actor("monitor", "陈屿", frozenset({Role.MONITOR}))
LEAD = Actor("publicity", "何岚", frozenset({Role.PUBLICITY}))
SECOND = Actor("united_front", "另一人", frozenset({Role.PUBLICITY}))
OWN = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
Said = set[tuple[int, str, str, str, str]]


@pytest.fixture(params=SCHOOLS, scope="module")
def school(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def commented(school: str, folder: Path) -> Iterator[Town]:
    """The town of a school after one comment, and nobody has signed."""
    with built(folder, f"sqlite:///{folder}/log.db", pack=school, whole=True) as town:
        thread = town.sandbox.post("【菜谱】本周暖冬套餐上新")["thread"]
        town.crawl()
        town.pass_on()
        town.sandbox.clock.advance(60)
        town.sandbox.comment(thread, COMMENT)
        town.crawl()
        town.pass_on()
        yield town


@dataclass(frozen=True, slots=True)
class Course:
    """What was told at once and in the group, and a town in which nobody signed for three hours; tests only look."""

    first: set[tuple[str, str]]
    letters: list[Letter]
    said: int
    town: Town


@pytest.fixture(scope="module")
def silent(school: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    with commented(school, tmp_path_factory.mktemp(school)) as town:
        first = {(row.office, row.basis) for row in town.first().values()}
        made = Course(first, town.inbox.letters(), len(town.inbox.said()), town)
        town.later(hours=3)
        yield made


@pytest.fixture
def opened(school: str, tmp_path: Path) -> Iterator[Town]:
    with commented(school, tmp_path) as town:
        yield town


def minutes(at: datetime, since: datetime) -> int:
    return int((at - since).total_seconds() // 60)


def lived(town: Town) -> Said:
    """The course as the store of the running service has it."""
    begun = town.incident().opened_at
    used: dict[int, set[str]] = {}
    for row in town.rows(deliveries):
        used.setdefault(row.notice_id, set()).add(ways.TITLES[Channel(row.channel)])
    told = {row.id: row for row in town.rows(notices)}
    said = {
        (minutes(row.created_at, begun), KIND_WORDS[NoticeKind(row.kind)], row.office, row.basis, channel)
        for row in told.values()
        for channel in used.get(row.id, {""})
    }
    said |= {
        (minutes(row.created_at, begun), TELEPHONE, told[row.notice_id].office, "", TELEPHONE)
        for row in town.rows(calls)
    }
    return {one for one in said if one[1] in KINDS}


def printed(school: str) -> Said:
    """The course as a rehearsal of the same two lines has it."""
    begin = START
    lines = (
        Line(id="p1", kind=Kind.POST, account="wb", thread="p1", parent=None, author="school",
             text="【菜谱】本周暖冬套餐上新", at=begin, likes=0),
        Line(id="c1", kind=Kind.COMMENT, account="wb", thread="p1", parent=None, author="u1", text=COMMENT,
             at=begin + timedelta(minutes=1), likes=0),
    )  # fmt: skip
    college = College(
        college="风林职业技术学院", units=(Unit(key="hq", name=UNIT, leader_role="书记"),),
        accounts=(Page(key="wb", platform="weibo", name="风林职院", unit=UNIT, main=True),),
    )  # fmt: skip
    channels = (Channel.MAIL, Channel.WECOM_ROBOT)
    outcomes = rehearse(Scenario("one", lines, college), House(Snow(), rules.load(), load(school), channels))
    (one,) = outcomes.opened
    found = set()
    for told in outcomes.told:
        if told.kind == LAPSED or told.kind not in KINDS:
            continue
        called = told.kind == TELEPHONE
        channel, basis = (TELEPHONE, "") if called else (told.channel, told.basis)
        found.add((minutes(told.at, one.opened_at), told.kind, told.office, basis, channel))
    return found


def test_from_a_comment_everybody_hears_in_order_by_article_and_silence_climbs(silent: Course, school: str) -> None:
    first, letters = silent.first, silent.letters
    assert first == set(FIRST[school])
    assert len(letters) == len(first) + len([one for one in letters if "首报" not in one.subject])
    for office, basis in FIRST[school]:
        assert any(office in one.text and basis.split("、")[0] in one.text for one in letters), office
    assert silent.said >= 1
    assert lived(silent.town) == course(school)
    begun, words = silent.town.incident().opened_at, {one: KIND_WORDS[one] for one in NoticeKind}
    said = [(minutes(row.created_at, begun), words[row.kind], row.office) for row in silent.town.rows(notices)]
    assert [one for one in said if one[1] in KINDS] == in_order(school), "also within one minute"


def test_rehearse_prints_the_course_that_the_story_lived(silent: Course, school: str) -> None:
    assert printed(school) == lived(silent.town) == course(school)


def test_the_matter_goes_its_way_to_the_archive(opened: Town, school: str) -> None:
    """Signed by everybody, handled, answered, watched for the pack's days, recapped, closed, filed: all in the log."""
    town = opened
    town.later(minutes=5)
    _sign(town)
    number = town.incident().id
    with town.store.write() as conn:
        handling.confirm(conn, number, DESK, town.now(), "属实")
        keeper.report(conn, number, OWN, town.now(), seen="评论称后厨爆炸", done="已联系后勤核实")
        keeper.contact(conn, number, OWN, town.now(), platform="微博", way="客服", asked="请协助核实", ticket="T-1")
        keeper.answer(conn, number, OWN, town.now(), text="学校已到场处置，受伤同学已送医。", url="https://weibo.com/1")
    _bulletin(town, number, BulletinKind.FIRST, 0)
    town.pass_on()
    _tasks(town, number)
    _sign(town)
    assert State(town.incident().state) is State.RESPONDED
    with town.store.write() as conn:
        reignition.begin(conn, number, DESK, town.now(), "转入观察")
    town.later(days=20)
    _sign(town)
    _tasks(town, number)
    with town.store.write() as conn:
        done = Measure("检修后厨管线", "后勤处", (town.now() + timedelta(days=30)).date())
        recap.write(conn, number, DESK, town.now(), Recap("管线老化", "一小时内处置", "响应快", "通报慢", (done,)))
    _bulletin(town, number, BulletinKind.FINAL, 1)
    with town.store.write() as conn:
        for held in hold.standing_of(conn, number):
            hold.lift(conn, town.head, held.id, LEAD, town.now(), "已统一通报")
    town.pass_on()
    _sign(town)
    with town.store.write() as conn:
        handling.close(conn, number, SECOND, town.now(), "已检修并通报", "首报已当面说明")
    assert State(town.incident().state) is State.CLOSED
    town.later(days=40)
    if State(town.incident().state) is State.CLOSED:
        with town.store.write() as conn:
            archive.archive(conn, number, SECOND, town.now())
    assert State(town.incident().state) is State.ARCHIVED
    assert State(town.incident().state) not in OPEN
    headings = [row.heading for row in town.rows(entries)]
    for said in ("确认研判", "上报", "对外回应", "转入观察", "写复盘", "销号"):
        assert any(said in one for one in headings), said
    with town.store.read() as conn:
        assert list(faults(conn)) == []


def _sign(town: Town) -> None:
    """Everybody who owes a signature signs by the link of the own newest mail; telephone tasks are recorded."""
    for _ in range(3):
        with town.store.read() as conn:
            owed = conn.execute(notices.select().where(is_owed())).all()
        letters = town.inbox.letters() if owed else []
        for row in owed:
            mine = [one for one in letters if one.who == row.addressee and one.links]
            if mine:
                town.desk.post(path_of(mine[-1].links[0]))
        town.pass_on()
    with town.store.write() as conn:
        for row in conn.execute(calls.select().where(calls.c.outcome.is_(None))).all():
            telephone.record_call(conn, row.id, DESK, town.now(), OUTCOMES[CallOutcome.TOLD].title, "已告知")
        for row in conn.execute(notices.select().where(is_owed())).all():
            person = people.person(conn, town.school, row.addressee)
            assert person is not None
            handling.settle(conn, row.incident_id, row.addressee, LEAD, town.now(), "已电话告知，代为了结")


def _bulletin(town: Town, number: int, kind: BulletinKind, after: int) -> None:
    """首报 or 终报 by the 宣传部."""
    said = Draft(kind, "后厨爆炸，两人烧伤。", "已送医，现场已封控。", "继续核实。", after)
    with town.store.write() as conn:
        write(conn, town.head, number, LEAD, town.now(), said, ())


def _tasks(town: Town, number: int) -> None:
    """What was asked of the unit is answered, and taken as done by another person."""
    with town.store.write() as conn:
        for one in deeds.open_tasks(conn, number):
            if one.answered_at is None:
                deeds.answer(conn, one.id, DESK, town.now(), "已核实，见附页。")
            if one.kind != TaskKind.CORRECTION:
                deeds.confirm(conn, one.id, LEAD, town.now())
