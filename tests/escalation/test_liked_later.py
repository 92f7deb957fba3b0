"""Likes that rise after a line was read: once it stands above its post it is judged again, and never for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import handling
from escalation.handling import FalseAlarm
from escalation.incident import members
from escalation.notice import notices
from stream.kept import assessments
from stream.post import Counts, Kind, Post
from tests.escalation.office import IN_LEAD
from tests.escalation.station import Station, open_station
from tests.stream.said import RAW_CHICKEN, SCHOOL, WORM

DRY = ("宿舍空调呢", "先把热水修好再亮灯", "好看是好看", "钱花在这里了")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def like(station: Station, post: Post, likes: int) -> None:
    station.office.now += timedelta(minutes=1)
    station.append(Counts(school=SCHOOL, post_id=post.id, likes=likes, seen_at=station.office.now))
    station.listen()


def a_thread(station: Station, texts: tuple[str, ...] = DRY) -> tuple[Post, list[Post]]:
    """A post of the main account that fifty people like, and what is said under it, which nobody likes yet."""
    root = station.say(
        "新校门亮灯",
        post_id="weibo:t1",
        thread="weibo:t1",
        by_school=True,
        kind=Kind.POST,
        account="main",
        negative=False,
    )
    like(station, root, 50)
    return root, [station.say(text, account="main", negative=False) for text in texts]


def test_four_comments_that_are_liked_above_their_post_later_open_a_matter(station: Station) -> None:
    _, said = a_thread(station)
    assert station.incidents() == []
    station.office.now += timedelta(hours=5)
    for n, post in enumerate(said):
        like(station, post, 80)
        assert len(station.incidents()) == (n == 3)
    (one,) = station.incidents()
    assert (one.theme, one.opening_post_id, one.late) == ("image", said[3].id, False)
    assert station.office.rows(notices, incident_id=one.id) != []


def test_more_likes_of_the_same_comments_tell_nobody_again(station: Station) -> None:
    _, said = a_thread(station)
    for likes in (80, 81, 5000):
        for post in said:
            like(station, post, likes)
    assert len(station.incidents()) == 1
    told = station.office.rows(notices)
    assert len({(row.addressee, row.step) for row in told}) == len(told)
    assert {row.step for row in told} == {"first"}


def test_likes_raise_the_risk_of_the_matter_that_a_line_belongs_to(station: Station) -> None:
    texts = (RAW_CHICKEN, WORM, "汤里有飞虫，恶心的菜", "米饭里吃出钢丝球")
    _, said = a_thread(station, texts)
    (one,) = station.incidents()
    kept = station.office.rows(assessments, post_id=said[0].id)[0].risk
    like(station, said[0], 80)
    (after,) = station.incidents()
    assert after.id == one.id
    assert after.risk > one.risk
    assert station.office.rows(assessments, post_id=said[0].id)[0].risk > kept
    assert any("获赞超过原帖" in reason["sentence"] for reason in after.reasons)


def test_fewer_likes_than_the_post_or_than_ten_change_nothing(station: Station) -> None:
    _, said = a_thread(station)
    for post in said:
        like(station, post, 50)
    assert station.incidents() == []


def test_an_older_sight_of_likes_is_no_rise(station: Station) -> None:
    _, said = a_thread(station)
    for post in said[:3]:
        like(station, post, 80)
    late = Counts(school=SCHOOL, post_id=said[3].id, likes=80, seen_at=station.office.now - timedelta(hours=1))
    like(station, said[3], 3)
    station.append(late)
    station.listen()
    assert station.incidents() == []


def test_likes_do_not_bring_back_a_matter_that_was_settled(station: Station) -> None:
    _, said = a_thread(station, (*DRY, "校门有空调吗"))
    for post in said[:4]:
        like(station, post, 80)
    (one,) = station.incidents()
    with station.office.store.write() as conn:
        handling.dismiss(conn, station.office.head, one.id, IN_LEAD, station.office.now, FalseAlarm.MISREAD)
    joined = {row.post_id for row in station.office.rows(members, incident_id=one.id)}
    for post in said[:4]:
        if post.id in joined:
            like(station, post, 3)
            like(station, post, 9000)
    assert len(station.incidents()) == 1


def test_what_is_older_than_any_evidence_is_left_alone(station: Station) -> None:
    _, said = a_thread(station)
    station.office.now += timedelta(days=11)
    for post in said:
        like(station, post, 80)
    assert station.incidents() == []
