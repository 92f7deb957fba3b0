"""It must show 1 (issue 4): `fengxin rehearse` prints the same course for the stories of the school's own posts.

A post on a fire without leave while nothing is open (the seventh); a denial after a hold, in other words (the sixth);
a question that nobody answers. What the print says is laid beside what the store of a running town has, and beside what
the document says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.course import LAPSED, Outcomes
from deploy.rehearsal import House, SubmissionsError, rehearse, submissions_of
from deploy.scenario import College, Line, Page, Scenario, Unit
from escalation import breach, people
from escalation.breach import breaches
from escalation.consultation import consultations
from escalation.incident import incidents
from escalation.notice import KIND_WORDS, NoticeKind, calls, deliveries, notices, ways
from escalation.people import Held, Person, Role
from escalation.procedure import Channel, load
from sentiment.snow import Snow
from stream import account, rules
from stream.account import Account
from stream.post import Kind
from tests.stories.five import COMMENT, OURS, TELEPHONE
from tests.stories.town import START, UNIT, Town, built
from tests.stream.said import a_post

FIRE = "今日上午我院实训楼突发火情，现场师生均已疏散，无人员受伤，原因正在调查"
DENIAL = "网传我院东区食堂爆炸有学生烧伤，经了解系谣言，师生用餐一切正常，请勿传播"
QUESTION = "请问图书馆周末几点关门呀，自习区要预约吗"
WALK = "今日份校园随拍，喜欢哪一张？"
MAIN, UNITS, TEACHING = "wb_main", "wb_jw", "教务处"
MAIL, GROUP = "邮件", "企业微信群机器人"
Said = tuple[tuple[str, str, str, Kind, int], ...]
"""What comes in: id, account, text, kind, and at which minute."""
SEVENTH: Said = (("p1", UNITS, FIRE, Kind.POST, 0),)
SIXTH: Said = (
    ("p0", MAIN, WALK, Kind.POST, 0), ("c1", MAIN, COMMENT, Kind.COMMENT, 1), ("p1", UNITS, DENIAL, Kind.POST, 31),
)  # fmt: skip
ASKED: Said = (("p0", MAIN, WALK, Kind.POST, 0), ("c1", MAIN, QUESTION, Kind.COMMENT, 1))
Course = set[tuple[int, str, str, str, str]]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town by the rules of JY with the account of a unit beside the main one."""
    with built(tmp_path, f"sqlite:///{tmp_path}/log.db", whole=True) as made:
        with made.store.write() as conn:
            keeper = Person(made.school, "jw", "何晓", "管理员", TEACHING, "jw@fenglin.example", "13800000000")
            people.enter(conn, [keeper], [Held(Role.KEEPER, UNITS, "jw"), Held("duty_lead", "", "lead")])
            early = START - timedelta(days=1)
            account.enter(conn, [Account(made.school, UNITS, "weibo", "风林教务", "21", TEACHING, "api", early)])
        yield made


def live(town: Town, said: Said, hours: int) -> None:
    """Let it come in at its minutes; then nobody does anything."""
    begun = town.now()
    for name, account_id, text, kind, minute in said:
        town.later(seconds=(begun + timedelta(minutes=minute) - town.now()).total_seconds())
        ours = kind is Kind.POST
        thread = name if ours else "p0"
        town.put(
            a_post(text, name, thread=thread, school=town.school, account=account_id, at=town.now(), kind=kind,
                   by_school=ours)
        )  # fmt: skip
        town.pass_on()
    town.later(hours=hours)


def play(said: Said, pack: str = "JY", *, submissions: bool = False) -> Outcomes:
    """The same lines in a rehearsal."""
    lines = tuple(
        Line(
            id=name, kind=kind, account=account_id, thread=name if kind is Kind.POST else "p0", parent=None,
            author="school" if kind is Kind.POST else "u1", text=text, at=START + timedelta(minutes=minute), likes=0,
        )
        for name, account_id, text, kind, minute in said
    )  # fmt: skip
    college = College(
        college="风林职业技术学院",
        units=(Unit(key="hq", name=UNIT, leader_role="书记"), Unit(key="jw", name=TEACHING, leader_role="处长")),
        accounts=(
            Page(key=MAIN, platform="weibo", name="风林职院", unit=UNIT, main=True),
            Page(key=UNITS, platform="weibo", name="风林教务", unit=TEACHING),
        ),
    )
    channels = (Channel.MAIL, Channel.WECOM_ROBOT)
    house = House(Snow(), rules.load(), load(pack), channels, submissions)
    return rehearse(Scenario("one", lines, college), house)


def lived(town: Town) -> Course:
    """(minute, kind, office, article, channel) of everything that the store of the running town says was told."""
    used: dict[int, set[str]] = {}
    for row in town.rows(deliveries):
        used.setdefault(row.notice_id, set()).add(ways.TITLES[Channel(row.channel)])
    told = {row.id: row for row in town.rows(notices)}
    said = {
        (
            int((row.created_at - START).total_seconds() // 60),
            row.view["kind"] if row.kind == NoticeKind.LETTER else KIND_WORDS[NoticeKind(row.kind)],
            row.office, row.basis, channel,
        )
        for row in told.values()
        for channel in used.get(row.id, {""})
    }  # fmt: skip
    return said | {
        (int((row.created_at - START).total_seconds() // 60), TELEPHONE, told[row.notice_id].office, "", TELEPHONE)
        for row in town.rows(calls)
    }


def printed(outcomes: Outcomes, minutes: int) -> Course:
    """The same of a rehearsal, as far as the town lived."""
    found = set()
    for told in outcomes.told:
        minute = int((told.at - START).total_seconds() // 60)
        if told.kind != LAPSED and minute <= minutes:
            called = told.kind == TELEPHONE
            channel, basis = (TELEPHONE, "") if called else (told.channel, told.basis)
            found.add((minute, told.kind, told.office, basis, channel))
    return found


def findings(town: Town) -> list[tuple[str, str, str, str, str, str]]:
    """Kind, account, post, article, reason and whether it has an incident, as the running town has them."""
    numbers = {row.id: row.number for row in town.rows(incidents)}
    return [
        (breach.KIND_WORDS[breach.Kind(row.kind)], row.account_id, row.post_id, row.basis,
         bare(row.why), str(list(numbers).index(row.incident_id)) if row.incident_id else "")
        for row in town.rows(breaches)
    ]  # fmt: skip


def rehearsed(outcomes: Outcomes) -> list[tuple[str, str, str, str, str, str]]:
    """The same as printed."""
    numbers = [one.number for one in outcomes.opened]
    keys = {"风林教务": UNITS, "风林职院": MAIN}
    return [
        (one.kind, keys[one.account], one.post, one.basis, bare(one.why),
         str(numbers.index(one.incident)) if one.incident else "")
        for one in outcomes.found
    ]  # fmt: skip


def bare(why: str) -> str:
    """A reason without the number that the house gave the incident whose hold it names."""
    return why.partition(" 的事项")[2] or why


def test_rehearse_prints_the_seventh_as_it_was_lived_with_article_ten(town: Town) -> None:
    live(town, SEVENTH, 3)
    outcomes = play(SEVENTH)
    (one,) = outcomes.found
    assert (one.kind, one.account, one.post, one.basis) == ("擅自发声：没有授权", "风林教务", "p1", "第十条")
    assert one.incident == outcomes.opened[0].number
    assert rehearsed(outcomes) == findings(town)
    course = printed(outcomes, 180)
    assert {(office, basis) for minute, kind, office, basis, _ in course if (minute, kind) == (0, "首报")} == {
        ("官方新媒体管理人员", OURS), ("党委宣传部", OURS), ("", ""),
    }  # fmt: skip
    assert course == lived(town)


def test_rehearse_prints_the_sixth_with_the_hold_that_was_broken_in_other_words(town: Town) -> None:
    live(town, SIXTH, 3)
    outcomes = play(SIXTH)
    (one,) = outcomes.found
    assert (one.kind, one.post, one.held) == ("擅自发声：暂停发声的事项", "p1", outcomes.opened[0].number)
    assert "第十条" in one.basis
    assert rehearsed(outcomes) == findings(town)
    course = printed(outcomes, 180)
    assert (1, "暂停发声", "官方新媒体管理人员", one.basis, MAIL) in course
    assert course == lived(town)


def test_rehearse_prints_a_question_with_its_clause_its_clock_and_what_silence_causes(town: Town) -> None:
    live(town, ASKED, 30)
    outcomes = play(ASKED)
    assert outcomes.opened == ()
    (one,) = outcomes.asked
    (row,) = town.rows(consultations)
    assert (one.due_at, one.post) == (row.due_at, "c1")
    assert one.basis == "第十一条要求“及时”答复；时限数字为系统默认，非校规"
    assert (one.end, row.overdue_at is not None) == ("逾期未答复", True)
    course = printed(outcomes, 30 * 60)
    assert {kind for _, kind, *_ in course} == {"咨询待办", "咨询催办"}
    titles = {"微博管理员": "风林职院管理员", "部长": "党委宣传部"}  # who is written to as a person is called otherwise
    assert course == {(at, kind, titles.get(office, office), *rest) for at, kind, office, *rest in lived(town)}


def test_missing_submissions_are_printed_by_article_only_where_asked_for_and_demanded() -> None:
    assert play(ASKED, "TF").found == ()
    (one,) = play(ASKED, "TF", submissions=True).found
    assert (one.kind, one.account, one.basis, one.incident) == ("未送审", "风林职院", "第十四条", "")
    with pytest.raises(SubmissionsError, match="JY 没有要求逐篇送审（校规未规定）"):
        submissions_of(load("JY"), True)
