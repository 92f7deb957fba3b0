"""A second danger never hides in the first: another matter has its own incident, another side of it a new notice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row

from escalation import by_hand, merging, splitting
from escalation.belonging import kinds_told
from escalation.incident import members, open_keys
from escalation.notice import notices
from escalation.splitting import Part
from stream.assessment import Assessment
from stream.post import Kind
from tests.escalation.office import ON_DESK
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL, a_post, assessed

BEATEN = "北门保安打人了，推了一把人直接磕台阶上，嘴出血"
STRUCK = "我看见保安动手打学生，脸都肿了"
BLOOD = "救护车来了，那个男生满脸是血"
BURNING = "实训楼三楼冒黑烟了，好多人往下跑"
FLAMES = "火好大，楼道全是烟，快出来"
BLAST = "化工实验室爆炸了，有人受伤"
TOUCHED = "体育老师摸女生的腰，好几个女生都说了"
FELL = "七号楼楼顶有人，保安快来"
COLLAPSED = "操场有个女生晕倒了，校医呢"
CEILING = "图书馆三楼吊顶掉下来砸到人了，流了好多血"
GONE = "室友昨晚没回宿舍，电话也联系不上"
STILL_GONE = "家长报警说孩子失联两天"
UNCONSCIOUS = "快去！她晕倒了没有反应，快来人"
HOLLOW = "食堂的菜太咸了"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def told(station: Station, incident: Row[Any], kind: str) -> list[str]:
    found = station.office.rows(notices, incident_id=incident.id, kind=kind)
    return sorted(row.addressee for row in found if row.addressee != "robot")


def lines_of(station: Station, incident: Row[Any]) -> int:
    return len(station.office.rows(members, incident_id=incident.id))


EVERYBODY = ["keeper", "leader", "publicity", "school"]


def test_who_calls_for_help_in_reply_to_a_cry_joins_the_care_case_and_a_fire_there_does_not(station: Station) -> None:
    cry = station.say("室友说活不下去了，药都摆好了，遗书在桌上")
    station.say(UNCONSCIOUS, parent=cry.id, kind=Kind.REPLY)
    (care,) = station.incidents()
    assert (bool(care.care), lines_of(station, care)) == (True, 2)
    assert told(station, care, "danger") == told(station, care, "first") != [], "that somebody lies there is news"
    station.say(BURNING, parent=cry.id, kind=Kind.REPLY)
    assert [bool(one.care) for one in station.incidents()] == [True, False]


def test_a_lift_that_holds_three_is_no_part_of_the_care_case_that_it_replies_to(station: Station) -> None:
    cry = station.say("室友说活不下去了，药都摆好了，遗书在桌上")
    station.say("一号楼电梯坏了，三个人被困在里面出不来", parent=cry.id, kind=Kind.REPLY)
    assert lines_of(station, station.incidents()[0]) == 1


def test_said_to_nobody_the_same_words_are_a_matter_beside_the_care_case(station: Station) -> None:
    station.say("室友说活不下去了，药都摆好了，遗书在桌上")
    station.say(UNCONSCIOUS)
    assert [bool(one.care) for one in station.incidents()] == [True, False]


def test_a_fire_under_the_post_of_a_beating_has_its_own_incident_and_its_own_first_notices(station: Station) -> None:
    for text in (BEATEN, BURNING):
        station.say(text)
    beating, fire = station.incidents()
    assert [told(station, one, "first") for one in (beating, fire)] == [EVERYBODY, EVERYBODY]
    assert ("打人" in beating.title, "火情" in beating.title) == (True, False)
    assert (fire.title, kinds_told(fire.dangers)) == ("青禾后勤：火情、冒烟、漏电", ("fire",))
    assert f"同一处另有险情，已另立 {fire.number}" in station.office.headings()
    assert f"同一处的 {beating.number} 是另一种险情，本事件单独处置" in station.office.headings()
    for text in (STRUCK, FLAMES, BLOOD, "消防车来了，宿舍楼还在冒烟", "我也看到保安打人了，学生的胳膊都青了"):
        station.say(text)
    assert len(station.incidents()) == 2
    assert [lines_of(station, one) for one in (beating, fire)] == [4, 3]
    assert [told(station, one, "danger") for one in (beating, fire)] == [[], []]


def test_the_blood_that_a_beating_left_is_the_same_matter_and_tells_nobody_again(station: Station) -> None:
    station.say(BEATEN)
    before = len(station.office.rows(notices))
    for text in (BLOOD, STRUCK, "有同学满脸是血，头都破了，救护车来了"):
        station.say(text)
    (one,) = station.incidents()
    assert len(station.office.rows(notices)) == before
    assert lines_of(station, one) == 4


def test_another_side_of_the_matter_is_told_once_to_everybody_and_is_signed_anew(station: Station) -> None:
    """A teacher's touching said under the post of a beating: one matter of harm, and nobody may miss the second."""
    for text in (BEATEN, TOUCHED, TOUCHED + "，真的", STRUCK):
        station.say(text)
    (one,) = station.incidents()
    assert told(station, one, "danger") == EVERYBODY
    assert kinds_told(one.dangers) == ("violence", "sexual")
    assert "打人、伤人" in one.title
    assert "教师对学生性骚扰" in one.title
    new = station.office.notice("leader", "danger")
    assert (new.needs_signature, new.signed_at) == (True, None)
    assert new.sign_by == station.office.notice("leader").sign_by, "news give nobody more time"
    assert station.office.notice("leader").superseded_by == new.number
    assert (new.view["kind"], new.basis) == ("新的险情", station.office.notice("leader").basis)
    assert "新的险情“" in new.view["facts"][0]
    assert [words for words in station.office.headings() if words.startswith("新的险情")] == [
        f"新的险情（猥亵、偷拍、尾随）：{one.title.partition('；')[2]}"
    ]


def test_a_graver_danger_of_the_same_matter_is_one_round_for_level_and_danger(station: Station) -> None:
    station.say("实验楼着火了，全是浓烟，快来人")
    station.say(BLAST)
    station.say(BLAST + "，快来人")
    (one,) = station.incidents()
    assert (one.level, kinds_told(one.dangers)) == (1, ("fire", "blast"))
    assert (told(station, one, "raised"), told(station, one, "danger")) == (EVERYBODY, [])
    assert station.office.notice("leader", "raised").step == "level:1+danger:blast"


@pytest.mark.parametrize("follows", [FELL, COLLAPSED])
def test_what_may_follow_from_any_danger_stays_in_the_incident_and_is_told(station: Station, follows: str) -> None:
    station.say(BEATEN)
    station.say(follows)
    (one,) = station.incidents()
    assert told(station, one, "raised" if follows == FELL else "danger") == EVERYBODY


def test_a_danger_in_another_post_of_the_unit_is_another_incident_and_the_same_danger_is_not(station: Station) -> None:
    for number, text in enumerate((BEATEN, COLLAPSED, BURNING, STRUCK, "体测一个男生倒地没意识，快叫救护车")):
        station.say(text, post_id=f"weibo:p{number}", thread=f"weibo:p{number}")
    assert [kinds_told(one.dangers) for one in station.incidents()] == [("violence",), ("emergency",), ("fire",)]
    assert [lines_of(station, one) for one in station.incidents()] == [2, 2, 1]


def test_one_matter_told_over_posts_of_the_main_account_by_its_place_is_one(station: Station) -> None:
    for number, text in enumerate((BEATEN, "北门那个保安打学生，流血了，报警了")):
        station.say(text, post_id=f"weibo:m{number}", thread=f"weibo:m{number}", account="main")
    assert len(station.incidents()) == 1


def test_a_danger_that_one_voice_is_not_enough_for_waits_beside_another_matter(station: Station) -> None:
    """Somebody is missing: one voice opens nothing and hides in nothing, the second one is told in the incident."""
    station.say(BEATEN)
    station.say(GONE)
    (one,) = station.incidents()
    assert kinds_told(one.dangers) == ("violence",)
    station.say(STILL_GONE)
    (one,) = station.incidents()
    assert kinds_told(one.dangers) == ("violence", "missing")
    assert told(station, one, "danger") == EVERYBODY


def test_the_grave_level_of_one_matter_raises_no_other_under_the_same_post(station: Station) -> None:
    for text in (BEATEN, BLAST, STRUCK, HOLLOW, "保安打学生，耳光都扇了，报警"):
        station.say(text)
    beating, blast = station.incidents()
    assert (beating.level, blast.level) == (2, 1)
    assert told(station, beating, "raised") == []


def test_a_danger_said_where_people_only_grumbled_joins_them_and_is_told(station: Station) -> None:
    station.say("关于我院学生受伤一事的情况说明", post_id="weibo:p1", thread="weibo:p1", by_school=True, kind=Kind.POST)
    station.say(BURNING, thread="weibo:p1")
    station.say(BEATEN, thread="weibo:p1")
    own, beating = station.incidents()
    assert (kinds_told(own.dangers), kinds_told(beating.dangers)) == (("fire",), ("violence",))


def test_an_older_worker_that_names_no_kinds_still_opens_and_joins(station: Station) -> None:
    def old(text: str) -> Assessment:
        station.office.now = later = station.office.now.replace(minute=station.office.now.minute + 1)
        found = assessed(a_post(text, f"weibo:v{later.minute}", at=later), negative=True)
        hits = tuple(hit.model_copy(update={"kinds": ()}) for hit in found.hits)
        return found.model_copy(update={"v": 1, "hits": hits})

    for text in (BEATEN, BURNING):
        station.append(old(text))
    station.listen()
    (one,) = station.incidents()
    assert (one.dangers, lines_of(station, one)) == ([], 2)
    station.say(FLAMES)
    (one,) = station.incidents()
    assert kinds_told(one.dangers) == ("fire",), "what nobody can tell apart any more is told once more"


def test_a_danger_of_which_only_the_theme_is_known_is_told_in_words(station: Station) -> None:
    """The model names no kind of danger for most themes; a theme's key is no word for anybody."""
    station.say(BURNING)
    found = assessed(a_post(FLAMES, "weibo:felt", at=station.office.now), negative=True)
    hits = tuple(hit.model_copy(update={"kinds": (), "theme": "admin"}) for hit in found.hits if hit.grave)
    station.append(found.model_copy(update={"hits": hits}))
    station.listen()
    assert len(station.incidents()) == 1
    (news,) = [words for words in station.office.headings() if words.startswith("新的险情")]
    assert news.startswith("新的险情（种类未明）：")
    assert not re.search("[a-z]", news)


def test_merged_incidents_know_both_dangers_and_parted_again_each_its_own(station: Station) -> None:
    station.say(BEATEN)
    station.say(BURNING)
    beating, fire = station.incidents()
    with station.office.store.write() as conn:
        merging.merge(conn, station.office.head, fire.id, beating.number, ON_DESK, station.office.now, "同一起纠纷")
    assert kinds_told(station.office.one(beating.id).dangers) == ("violence", "fire")
    before = len(station.office.rows(notices))
    station.say(FLAMES)
    assert (len(station.incidents()), len(station.office.rows(notices))) == (2, before)
    with station.office.store.write() as conn:
        merging.unmerge(conn, fire.id, ON_DESK, station.office.now, "不是一件事")
    assert [kinds_told(station.office.one(one.id).dangers) for one in (beating, fire)] == [("violence",), ("fire",)]
    station.say("消防车来了，宿舍楼还在冒烟")
    assert lines_of(station, fire) == 2


def test_a_part_that_a_person_splits_off_takes_the_keys_of_its_danger_along(station: Station) -> None:
    station.say(BEATEN)
    touched = station.say(TOUCHED)
    (one,) = station.incidents()
    held = [row.key for row in station.office.rows(open_keys)]
    keys = tuple(key for key in splitting.to_choose(held, kinds_told(one.dangers)) if key.startswith("safety.sexual"))
    part = Part((touched.id,), keys, "体育老师：反映猥亵", 2, "与保安打人无关")
    with station.office.store.write() as conn:
        splitting.split(conn, station.office.head, one.id, ON_DESK, station.office.now, part)
    _, new = station.incidents()
    assert kinds_told(new.dangers) == ("sexual",)
    station.say("他也摸了我们班女生的大腿，晚上跑步的时候从后面抱")
    assert lines_of(station, new) == 2
    assert splitting.key_words("safety.sexual|thread|weibo:t1", "早操") == "校园安全（猥亵、偷拍、尾随） · “早操”之下"


def test_of_one_danger_its_key_goes_along_with_the_theme_and_is_not_asked_for(station: Station) -> None:
    station.say("五号楼和七号楼的电动车棚都烧起来了，火苗蹿得老高")
    later = station.say("七号楼楼道里着火，有女生呛到晕倒")
    (one,) = station.incidents()
    held = [row.key for row in station.office.rows(open_keys)]
    assert {"safety|place|7栋", "safety.fire|place|7栋"} <= set(held)
    offered = splitting.to_choose(held, ["fire"])
    assert [key for key in offered if "7栋" in key] == ["safety|place|7栋"]
    by_itself = [key for key in splitting.to_choose(held, ["fire", "emergency"]) if "." in key]
    assert by_itself == sorted(key for key in held if key.startswith("safety.") and "|thread|" in key)
    assert by_itself
    part = Part((later.id,), ("safety|place|7栋",), "七号楼楼道起火", 2, "不是同一处火")
    with station.office.store.write() as conn:
        splitting.split(conn, station.office.head, one.id, ON_DESK, station.office.now, part)
    _, new = station.incidents()
    assert {row.key for row in station.office.rows(open_keys, incident_id=new.id)} >= {
        "safety|place|7栋", "safety.fire|place|7栋"
    }  # fmt: skip
    station.say("七号楼三层还在着火，消防车堵在路口", thread="weibo:other", account="main")
    assert lines_of(station, new) == 2


def test_a_person_who_opens_a_line_by_hand_tells_its_danger_and_no_machine_tells_it_again(station: Station) -> None:
    missing = station.say(GONE)
    assert station.incidents() == []
    with station.office.store.write() as conn:
        wish = by_hand.Wish(2, "学生失联", "家长来电属实")
        by_hand.open_by_hand(conn, station.office.ground, missing.id, wish, ON_DESK, station.office.now, SCHOOL)
    (one,) = station.incidents()
    assert kinds_told(one.dangers) == ("missing",)
    station.say(STILL_GONE)
    assert (len(station.incidents()), told(station, one, "danger")) == (1, [])


LINES = (BEATEN, STRUCK, BLOOD, BURNING, FLAMES, BLAST, TOUCHED, FELL, COLLAPSED, CEILING, HOLLOW, GONE, STILL_GONE)


def opened(said: Sequence[tuple[int, str, str]]) -> set[tuple[str, tuple[str, ...], frozenset[str]]]:
    """The incidents that these lines open, arriving in this order in one batch: title, dangers, members."""
    with TemporaryDirectory() as folder, open_station(Path(folder)) as station:
        office = station.office
        start = office.now
        office.now = start.replace(minute=start.minute + 30)
        posts = (
            a_post(text, f"weibo:{number}", thread=thread, at=start.replace(minute=start.minute + number))
            for number, text, thread in said
        )
        station.append(*(assessed(post, negative=True) for post in posts))
        assert station.watch.step(wait=0) == len(said)
        return {
            (one.title, kinds_told(one.dangers), frozenset(
                row.post_id for row in office.rows(members, incident_id=one.id)
            ))
            for one in station.incidents()
        }  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_order_of_arrival_within_a_batch_does_not_change_which_incidents_open(data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.sampled_from(LINES), min_size=2, max_size=7))
    threads = data.draw(st.lists(st.sampled_from(["weibo:t1", "weibo:t2"]), min_size=len(texts), max_size=len(texts)))
    said = [(number, text, thread) for number, (text, thread) in enumerate(zip(texts, threads, strict=True))]
    assert opened(data.draw(st.permutations(said))) == opened(said)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations([BEATEN, BURNING, BLOOD, FLAMES, TOUCHED, BLAST]))
def test_in_whatever_order_they_were_said_two_matters_under_one_post_are_two_incidents(texts: list[str]) -> None:
    found = opened([(number, text, "weibo:t1") for number, text in enumerate(texts)])
    kinds = sorted(sorted(set(dangers) - {"injury"}) for _, dangers, _ in found)
    assert kinds == [["blast", "fire"], ["sexual", "violence"]]


def test_a_platform_that_lists_the_newest_first_opens_what_was_said_in_order() -> None:
    said = [(0, BEATEN, "weibo:t1"), (1, FELL, "weibo:t1"), (2, COLLAPSED, "weibo:t2"), (3, COLLAPSED, "weibo:t1")]
    assert opened(said[::-1]) == opened(said)
