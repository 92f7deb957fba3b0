"""The way of a post, told from the store alone: when it was read, judged, weighed, told; and why it ended there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from escalation import trial
from escalation.channels import Transient
from escalation.incident import incidents
from escalation.notice import notices
from escalation.receipt import sign
from escalation.retention import GONE, purge
from escalation.trace import Stage, Trace, trace
from stream import account
from stream.border import OPEN_AT
from stream.doubt import doubted
from stream.kept import assessments, posts
from stream.line import marks
from stream.post import Kind, Post
from stream.rules import Slot
from tests.escalation.station import ACCOUNTS, Station, open_station
from tests.stream.said import POISONED, RAW_CHICKEN, SCHOOL, WORM, a_post, assessed


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def way(station: Station, post: Post) -> Trace:
    with station.office.store.read() as conn:
        found = trace(conn, SCHOOL, post.id)
    assert found is not None
    return found


def words(found: Trace, stage: Stage) -> str:
    return "\n".join(step.words for step in found.steps if step.stage is stage)


def test_the_way_of_a_line_that_opened_an_incident_names_every_notice_and_its_times(station: Station) -> None:
    post = station.say(POISONED)
    opened = station.office.now
    station.office.work()
    found = way(station, post)
    (row,) = station.incidents()
    assert f"由它立为 {row.number}" in words(found, Stage.WATCHED)
    told = [step for step in found.steps if step.stage is Stage.TOLD]
    written = station.office.rows(notices, incident_id=row.id)
    assert len(told) == len(written) > 3
    assert {step.facts["notice"] for step in told} == {one.number for one in written}
    assert all(step.at == opened for step in told)
    assert any("谢晓" in step.words and "邮件" in step.words and "已送出" in step.words for step in told)
    assert any("工作群" in step.words for step in told)
    assert all(step.facts["deliveries"][0]["accepted_at"] == opened for step in told)
    assert found.sentence.startswith(f"止于通知：{row.number} 已通知 ")
    assert "份还在等签收" in found.sentence
    (logged,) = [step for step in found.steps if step.stage is Stage.LOGGED]
    assert (logged.at, logged.words) == (None, "已写入日志流（时刻没有留存：由较早的版本研判）")
    stages = [step.stage for step in found.steps]
    assert stages[:2] == [Stage.FETCHED, Stage.LOGGED]
    assert post.text not in str(found), "nobody's words"


def test_a_signature_is_told_with_its_time_and_who_gave_it(station: Station) -> None:
    post = station.say(POISONED)
    station.office.work()
    one = next(row for row in station.office.rows(notices) if row.addressee == "keeper")
    station.office.now += timedelta(minutes=2)
    with station.office.store.write() as conn:
        sign(conn, one.id, "keeper", station.office.now, via="link")
    step = next(step for step in way(station, post).steps if step.facts.get("notice") == one.number)
    assert "12:03:00 谢晓 签收" in step.words
    assert step.facts["signed_at"] == station.office.now
    assert "已签收 1 份" in way(station, post).sentence


def test_a_notice_that_no_channel_takes_says_so_in_the_last_line(station: Station) -> None:
    for channel in (station.office.mail, station.office.robot):
        channel.answers = [Transient("对方服务器没有应答")] * 50
    post = station.say(POISONED)
    station.office.work()
    found = way(station, post)
    assert found.end is Stage.TOLD
    assert "都没有送出（对方服务器没有应答）" in found.sentence
    assert "待发，已试 1 次" in words(found, Stage.TOLD)


def test_on_trial_the_last_line_says_that_only_the_desk_is_told(station: Station) -> None:
    with station.office.store.write() as conn:
        trial.begin(conn, SCHOOL, station.office.now)
    post = station.say(POISONED)
    station.office.work()
    assert "试运行中只通知值班台，" in way(station, post).sentence


def test_a_line_that_joined_says_which_incident_it_joined(station: Station) -> None:
    station.say(POISONED)
    station.office.work()
    later = station.say("我也吃了那个窗口的饭，上吐下泻，正在医院急诊")
    (row,) = station.incidents()
    found = way(station, later)
    assert f"并入 {row.number}" in words(found, Stage.WATCHED)
    assert f"没有带来新的情形，并入后未另发通知；{row.number} 已通知" in found.sentence


def test_a_question_that_is_owed_an_answer_says_so(station: Station) -> None:
    found = way(station, station.say("请问一食堂几点收餐？", negative=False))
    assert "列入咨询，须按期答复" in words(found, Stage.WATCHED)
    assert found.why.endswith("；没有立事件，已列入咨询，由每日汇总提醒答复，没有单独发通知。")
    assert "所以没有通知任何人" not in found.why


def test_below_the_border_the_figures_are_told(station: Station) -> None:
    first, second = station.say(RAW_CHICKEN), station.say(WORM)
    assert not station.incidents()
    found = way(station, second)
    assert found.end is Stage.WATCHED
    with station.office.store.read() as conn:
        risk = conn.execute(assessments.select().where(assessments.c.post_id == second.id)).one().risk
    assert f"风险 {risk}，低于立事件的 {round(100 * OPEN_AT / 160)}" in found.why
    assert "同一事由当时有 2 人说到" in found.why
    assert found.why.endswith("所以没有通知任何人。")
    assert "同一事由当时有 1 人说到" in way(station, first).why, "what came later was not known then"


@pytest.mark.parametrize(
    ("text", "negative", "why"),
    [
        ("请问几点收餐", False, "没有命中任何规则，模型也没有推断出事由（中性"),
        ("兼职日结两百，不押金，手机就能做，加V聊", False, "像广告（"),
        ("我们寝室也是，已经打12345投诉了", True, "只有附和、反话一类的话"),
    ],
)
def test_what_says_nothing_of_its_own_says_so(station: Station, text: str, negative: bool, why: str) -> None:
    assert why in way(station, station.say(text, negative=negative)).why


def test_before_watch_from_is_history(station: Station) -> None:
    post = station.say(POISONED, at=ACCOUNTS[0].watch_from - timedelta(days=1))
    assert not station.incidents()
    assert "开始监看（" in way(station, post).why
    assert "只作历史与检索" in way(station, post).why


def test_an_account_that_is_off_or_not_in_the_book_says_so(station: Station) -> None:
    before, stranger = station.say("今天天气真好"), station.say(POISONED, account="nobody")
    assert "账号 nobody 当时不在册" in way(station, stranger).why
    off = account.Account(**{**{name: getattr(ACCOUNTS[0], name) for name in account.Account.__slots__},
                             "active": False})  # fmt: skip
    with station.office.store.write() as conn:
        account.enter(conn, [off])
    assert "账号“青禾后勤”当时已停用监看" in way(station, station.say(POISONED)).why
    assert "没有命中任何规则" in way(station, before).why, "what came later was no reason then"


def test_a_doubted_danger_says_that_the_model_takes_it_for_nothing(station: Station) -> None:
    post = station.say(WORM)
    with station.office.store.write() as conn:
        row = conn.execute(assessments.select().where(assessments.c.post_id == post.id)).one()
        hits = [row.hits[0] | {"title": "食品安全（模型看不像真有其事，一条不立）"}, *row.hits[1:]]
        conn.execute(update(assessments).where(assessments.c.post_id == post.id).values(hits=hits))
    assert "模型看不像真有其事，一条不立" in way(station, post).why


def test_a_copy_names_the_line_it_copies(station: Station) -> None:
    first = station.say("三号窗口的青菜里吃出虫子，而且还是活的，太恶心了吧")
    again = station.say("三号窗口的青菜里吃出虫子，而且还是活的，太恶心了吧！")
    if station.incidents():
        pytest.fail("two people are not enough here")
    assert f"与 {first.id} 几乎相同，同一段话按一条计" in way(station, again).why


def test_the_figures_are_those_of_the_moment_whatever_is_said_and_settled_later(station: Station) -> None:
    post = station.say(WORM)
    why = way(station, post).why
    with station.office.store.write() as conn:
        conn.execute(update(marks).where(marks.c.post_id == post.id).values(spent=True))
    station.say(RAW_CHICKEN)
    assert way(station, post).why == why


def test_a_danger_beside_another_one_says_that_it_must_stand_by_itself(station: Station) -> None:
    station.say("北门保安打人了，推了一把人直接磕台阶上，嘴出血")
    station.office.now += timedelta(minutes=1)
    fire = assessed(a_post("实训楼三楼冒黑烟了，好多人往下跑", "weibo:88", at=station.office.now), negative=True)
    hits = doubted(fire.hits, Slot.COMMENT, 0.01)
    station.append(fire.model_copy(update={"hits": hits}))
    station.listen()
    assert len(station.incidents()) == 1
    found = way(station, fire.post)
    assert "模型看不像真有其事，一条不立" in found.why
    assert "；同一事由当时有 1 人说到；同一处的另一件事件不是同一险情，这一条须单独够立" in found.why


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ({"bar": "voices", "risk": 40, "points": 64.0, "voices": 1, "open_at": 56.0},
         "风险 40，已到 35，但只有 1 人说到，至少须 2 人"),
        ({"bar": "points", "risk": 35, "points": 55.96, "voices": 3, "open_at": 56.0},
         "风险 35，取整前是 55.9 分，没有到立事件的 56 分；同一事由当时有 3 人说到"),
        ({"bar": "voices", "risk": 49, "points": 78.0, "open_at": 56.0, "outliked": 3},
         "但只有 0 人说到，至少须 2 人；获赞超过原帖的评论有 3 人，至少须 4 人"),
        ({"bar": "points", "risk": 12, "points": 20.0, "voices": 1, "open_at": 56.0, "alone": True},
         "低于立事件的 35；同一事由当时有 1 人说到；同一处的另一件事件不是同一险情，这一条须单独够立"),
        ({"bar": "settled", "risk": 3}, "同一事由的事件已了结，或已过计分的期限"),
        ({"bar": "late"}, "读到时同一条已有更新的文字"),
        ({"bar": "past"}, "由文件导入，所记时间在导入的十天以前"),
        ({"bar": "answer"}, "本校账号自己的评论、回复，不是发布的内容"),
        ({"bar": "main"}, "本校主账号自己发布的内容，有权发声"),
        (None, "理由没有留存：由较早的版本研判，或当时所属的事件已不在"),
    ],
)  # fmt: skip
def test_every_bar_has_its_sentence(station: Station, kept: dict[str, object] | None, why: str) -> None:
    post = station.say(WORM)
    with station.office.store.write() as conn:
        conn.execute(update(assessments).where(assessments.c.post_id == post.id).values(barred=kept))
    assert why in way(station, post).why
    assert way(station, post).why.endswith("，所以没有通知任何人。")


def test_after_retention_the_way_is_still_there_and_says_what_is_gone(station: Station) -> None:
    post = station.say(WORM)
    with station.office.store.write() as conn:
        purge(conn, SCHOOL, [post.id])
    found = way(station, post)
    assert "原文与命中已按保存期限清除" in found.why
    assert GONE not in str(found)


def test_an_incident_without_a_notice_says_what_its_log_says(station: Station) -> None:
    post = station.say(WORM)
    opened = station.office.open(post, member_ids=(post.id,))
    with station.office.store.write() as conn:
        conn.execute(update(notices).where(notices.c.incident_id == opened).values(incident_id=None, matter="x:1"))
        conn.execute(update(incidents).where(incidents.c.id == opened).values(trial=False))
    found = way(station, post)
    assert found.end is Stage.WATCHED
    assert "没有写出任何通知" in found.why


def test_the_time_of_the_log_is_that_of_the_record(station: Station) -> None:
    post = a_post(WORM, "weibo:77", at=station.office.now)
    at = post.fetched_at + timedelta(seconds=3)
    station.append(assessed(post).model_copy(update={"logged_at": at}))
    station.listen()
    (logged,) = [step for step in way(station, post).steps if step.stage is Stage.LOGGED]
    assert (logged.at, logged.words) == (at, "已写入日志流")


def test_a_new_wording_is_a_step_of_its_own(station: Station) -> None:
    post = station.say("请问几点收餐")
    edited = post.model_copy(update={
        "text": WORM, "revision": "f" * 16, "text_hash": "f" * 64, "fetched_at": post.fetched_at + timedelta(hours=1),
    })  # fmt: skip
    station.office.now += timedelta(hours=1)
    station.append(assessed(edited, negative=True))
    station.listen()
    found = way(station, post)
    assert [step.at for step in found.steps if step.stage is Stage.FETCHED] == [post.fetched_at, edited.fetched_at]
    assert len([step for step in found.steps if step.stage is Stage.ASSESSED]) == 2


def test_a_lead_says_that_a_person_typed_it_in(station: Station) -> None:
    post = station.say(WORM, post_id="lead:1", kind=Kind.LEAD, thread="lead:1")
    assert "值班台补录或导入" in words(way(station, post), Stage.FETCHED)


def test_what_is_not_kept_has_no_way(station: Station) -> None:
    with station.office.store.read() as conn:
        assert trace(conn, SCHOOL, "weibo:none") is None
        assert trace(conn, "other", "weibo:1") is None
    assert not station.office.rows(posts)
