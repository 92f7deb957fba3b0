"""What the machine asks by itself: only what a clause of the frozen pack makes an automatic duty, with the article."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation import alert, keeper, people
from escalation.incident import Actor, incidents
from escalation.notice import notices, vacancy
from escalation.opening import Ground
from escalation.people import Held, Role
from escalation.procedure import load
from escalation.task import TaskKind, tasks
from escalation.task.platform import ROUTES, Prepared, prepare, routes_of
from stream.assessment import Hit
from stream.kept import keep
from stream.platform import NAMES
from tests.escalation.office import HELD, KEEPER, Office
from tests.escalation.task.given import give
from tests.stream.said import SCHOOL


def prohibited(article: str = "天府新区第十一条第7项、宁夏职业技术学院第十九条第4项") -> Hit:
    return Hit(
        rule="UP-02", version=2, title="官方帖文含赌博、色情等禁止内容", theme="prohibited", category="prohibited",
        weight=100, spans=((0, 2),), words=("博彩",), article=article,
    )  # fmt: skip


def under(folder: Path, code: str) -> Office:
    office = Office.at(folder)
    office.ground = Ground(load(code), office.head, {"engine": "said"})
    return office


def kinds(office: Office) -> dict[str, Any]:
    return {row.kind: row for row in office.rows(tasks)}


@pytest.mark.parametrize(
    ("code", "article"),
    [
        ("JY", "第十三条、第十四条"),
        ("LG", "第十四条"),
        ("ZG", "第十四条"),
        ("TF", None),
        ("NX", None),
        ("neutral", None),
    ],
)
def test_a_damaging_comment_asks_for_contact_with_the_platform_only_where_an_article_does(
    tmp_path: Path, code: str, article: str | None
) -> None:
    office = under(tmp_path, code)
    office.open()
    found = kinds(office)
    assert found["platform_contact"].article == article if article else "platform_contact" not in found
    office.store.close()


@pytest.mark.parametrize(("code", "cited"), [("TF", "第十六条"), ("NX", "第十八条")])
def test_where_the_clause_asks_for_handling_alone_the_task_is_handling(tmp_path: Path, code: str, cited: str) -> None:
    office = under(tmp_path, code)
    office.open()
    assert set(kinds(office)) == {"handling"}
    assert cited in kinds(office)["handling"].article
    office.store.close()


@pytest.mark.parametrize(
    ("code", "item"), [("TF", "TF 第十一条第 7 项"), ("NX", "NX 第十九条第 4 项"), ("JY", ""), ("ZG", "")]
)
def test_a_prohibited_own_post_is_to_be_corrected_or_removed_with_the_item_of_the_own_list(
    tmp_path: Path, code: str, item: str
) -> None:
    office = under(tmp_path, code)
    office.open(office.post(by_school=True), hits=(prohibited(),))
    row = kinds(office)["correction"]
    assert row.data == {"post": "weibo:1"}
    assert row.due_at == office.now + timedelta(minutes=30)
    assert row.source == "default"
    others = {"TF", "NX"} - {code}
    assert not any(other in row.article for other in others), "no school is measured by another's list"
    if item:
        assert row.article.startswith(item)
        assert item in row.words
    office.store.close()


def test_nx_18_stands_in_the_words_of_the_correction(tmp_path: Path) -> None:
    office = under(tmp_path, "NX")
    office.open(office.post(by_school=True), hits=(prohibited(),))
    row = kinds(office)["correction"]
    assert "第一时间处置" in row.words
    assert "第十八条" in row.article
    office.store.close()


def test_whoever_was_just_told_of_the_incident_hears_of_the_machines_task_by_the_reminder_only(office: Office) -> None:
    office.open()
    office.work()
    assert office.told("task") == []
    office.later(hours=4, minutes=1)
    assert office.told("task") == ["keeper"]
    office.later(hours=8)
    assert office.told("task") == ["keeper"] * 3, "every four hours until it is answered"


def test_no_task_is_set_for_words_of_which_nobody_knows_where_they_stand(office: Office) -> None:
    office.open(account={"platform": "来源未注明", "name": "", "id": "", "lead": "1"})
    assert [row.kind for row in office.rows(tasks)] in ([], ["platform_contact"])


def unset(office: Office) -> list[str]:
    """What rings of tasks that nobody could be given."""
    with office.store.read() as conn:
        return [one.words for one in alert.ringing(conn, SCHOOL) if "没有布置" in one.words]


def test_where_nobody_holds_the_office_nor_the_desk_the_matter_opens_and_an_alert_names_the_task(
    tmp_path: Path,
) -> None:
    office = Office.at(tmp_path, [held for held in HELD if held.person_id in ("leader", "school")])
    office.open()
    office.work()
    assert set(office.told("first")) == {"leader", "school"}
    assert office.rows(tasks) == []
    (said,) = unset(office)
    assert "与平台沟通" in said
    assert "重新导入" in said
    assert "任务“与平台沟通”无人可办" in office.headings()
    with office.store.write() as conn:
        vacancy.look_again(conn, SCHOOL, office.now)
    assert unset(office) == [said], "a changed roster alone sets no task"
    with office.store.write() as conn:
        keeper_of = people.person(conn, SCHOOL, "keeper")
        assert keeper_of is not None
        people.enter(conn, [keeper_of], [Held(Role.KEEPER, "canteen", "keeper")])
    give(office, 1, TaskKind.PLATFORM_CONTACT)
    office.later(minutes=1)
    assert unset(office) == []
    office.store.close()


def test_further_articles_in_the_same_matter_set_their_task_once(office: Office) -> None:
    one = office.open()
    for _ in range(2):
        office.add(one, grave=True)
    assert len(office.rows(tasks, kind="platform_contact")) == 1


def test_contact_and_the_platforms_answer_move_the_task(office: Office) -> None:
    one = office.open()
    with office.store.write() as conn:
        keeper.contact(conn, one, KEEPER, office.now, platform="微博", way="工单", asked="请核查", ticket="W-1")
    assert kinds(office)["platform_contact"].state == "accepted"
    (row,) = office.rows(keeper.contacts)
    office.later(hours=5)
    with office.store.write() as conn:
        keeper.contact_answered(conn, row.id, KEEPER, office.now, "已受理并删除")
    done = kinds(office)["platform_contact"]
    assert (done.state, done.answered_by) == ("answered", "keeper")
    before = len(office.rows(notices))
    office.later(hours=30)
    assert len(office.rows(notices, kind="task")) == 1
    assert len(office.rows(notices)) >= before


def test_an_answer_that_somebody_else_wrote_down_is_kept_and_moves_nothing(office: Office) -> None:
    one = office.open()
    other = Actor("leader", "罗广平", frozenset({Role.UNIT_LEADER}))
    with office.store.write() as conn:
        keeper.contact(conn, one, other, office.now, platform="微博", way="", asked="请核查")
    (row,) = office.rows(keeper.contacts)
    with office.store.write() as conn:
        keeper.contact_answered(conn, row.id, other, office.now, "已受理")
    assert kinds(office)["platform_contact"].state == "set"
    assert office.rows(keeper.contacts)[0].answer == "已受理"


def test_the_prepared_words_name_account_and_article_and_hold_no_comment(office: Office) -> None:
    one = office.open(title="二食堂：饭菜有异物", quote="饭里有虫，我拉肚子三天")
    with office.store.read() as conn:
        made = prepare(conn, office.head, office.one(one), office.now)
    assert "二食堂：饭菜有异物" in made.words
    assert "第十三条、第十四条" in made.words
    assert office.one(one).number in made.words
    assert "拉肚子" not in made.words
    assert made.platform == "微博"


def test_the_words_of_a_care_case_ask_for_help_and_hold_nothing_of_it(office: Office) -> None:
    one = office.open(care=True, title="疑似心理求助，原文已收起", quote="")
    with office.store.read() as conn:
        made = prepare(conn, office.head, office.one(one), office.now)
    assert "危机干预" in made.words
    assert "链接" not in made.words
    assert "不索取" in made.words


@pytest.mark.parametrize("code", sorted(NAMES))
def test_every_platform_has_public_ways(code: str) -> None:
    assert routes_of(code)
    assert all(len(one) <= 64 for one in routes_of(code)), "a way fits the field it is chosen for"


PLATFORMS = {
    "weibo": ("本账号评论区出现", "按《微博社区公约》核查", "投诉类型"),
    "wechat": ("本账号文章留言区出现", "按《微信公众平台运营规范》核查", "以本公众号主体提交"),
    "channels": ("本账号视频评论区出现", "按视频号平台规则核查", "以本视频号主体提交"),
    "douyin": ("本账号视频评论区出现", "按《抖音社区自律公约》核查", "长按后举报"),
    "kuaishou": ("本账号作品评论区出现", "按快手平台规则核查", "作品链接"),
    "bilibili": ("本账号稿件评论区或弹幕出现", "按哔哩哔哩社区规则核查", "稿件号"),
    "xiaohongshu": ("本账号笔记评论区出现", "按《小红书社区公约》核查", "笔记链接"),
    "zhihu": ("本账号回答或评论区出现", "按知乎平台规则核查", "举报理由"),
    "tieba": ("本账号帖子楼层出现", "按贴吧平台规则核查", "楼层号"),
    "toutiao": ("本账号内容评论区出现", "按头条平台规则核查", "内容链接和评论时间"),
    "qq": ("本账号群或空间出现", "按贵平台规则核查", "群号"),
    "forum": ("本账号帖子出现", "按贵论坛规则核查", "楼层号"),
    "site": ("本账号页面出现", "按贵网站规则核查", "页面地址"),
    "other": ("本账号内容出现", "按贵平台规则核查", "内容链接和出现的时间"),
}
"""Of each platform where the words say that it stands, by what it is asked to look at it, and what its form wants."""


def prepared(office: Office, code: str) -> Prepared:
    """What the form of a contact begins with for a matter seen on this platform."""
    one = office.open(office.post(platform=code), title="二食堂：饭菜有异物")
    with office.store.write() as conn:
        keep(conn, office.post(platform=code))
        return prepare(conn, office.head, office.one(one), office.now)


@pytest.mark.parametrize("code", PLATFORMS)
def test_the_words_are_those_for_the_platform(office: Office, code: str) -> None:
    where, rules, hint = PLATFORMS[code]
    made = prepared(office, code)
    assert where in made.words
    assert rules in made.words
    assert hint in made.hint
    assert hint not in made.words, "what the form wants is told to who fills it in"
    same = [one for one, (there, by, _) in PLATFORMS.items() if there in made.words and by in made.words]
    assert same == [code], "no two platforms are told the same"


def test_every_platform_with_words_of_its_own_is_among_these() -> None:
    assert set(tomllib.loads(ROUTES.read_text("utf-8"))) == set(PLATFORMS)


def test_the_incident_table_is_untouched_by_tasks(office: Office) -> None:
    one = office.open()
    before = [tuple(row) for row in office.rows(incidents)]
    office.later(minutes=1)
    assert [tuple(row)[:8] for row in office.rows(incidents)] == [row[:8] for row in before]
    assert office.one(one).state == "notified"
