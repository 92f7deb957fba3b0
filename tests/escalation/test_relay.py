"""转发与提及: what counts as passing on, within which time, for whom; and for whom the document says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.notice import notices
from escalation.relay import Relays, relays
from stream.account import Account, enter
from tests.escalation.papers import publish, school
from tests.escalation.station import EARLY, Station, open_station
from tests.stream.said import SCHOOL, START

NEWS = "我校在全省职业技能大赛中获得数控赛项一等奖，将代表全省参加国赛"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def listed(station: Station, word: str = "") -> Relays | None:
    office = station.office
    with office.store.read() as conn:
        return relays(conn, office.ground.pack, SCHOOL, START - timedelta(days=1), office.now, office.now, word)


def relayed(station: Station) -> set[str]:
    found = listed(station)
    assert found is not None
    (item,) = found.items
    return set(item.relayed)


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (f"喜讯！//转发：{NEWS}", True),
        (NEWS.replace("将代表全省", "即将代表全省"), True),
        ("喜讯，我校在全省职业技能大赛中获奖啦", False),
        ("周末晚会欢迎大家来参加，地点在大学生活动中心", False),
    ],
)
def test_a_relay_keeps_the_words_and_a_mere_mention_of_the_matter_is_none(
    station: Station, words: str, counts: bool
) -> None:
    school(station)
    publish(station, NEWS, "m1", account="main")
    publish(station, words, "c1")
    assert relayed(station) == ({"canteen"} if counts else set())


def test_one_that_comes_before_or_after_the_span_does_not_count(station: Station) -> None:
    school(station)
    publish(station, f"//转发：{NEWS}", "c0")
    publish(station, NEWS, "m1", account="main")
    station.office.now += timedelta(hours=25)
    publish(station, f"//转发：{NEWS}", "c1")
    assert relayed(station) == set()


def test_the_share_is_of_the_accounts_that_are_seen_and_the_others_are_named(station: Station) -> None:
    school(station, "TF")
    with station.office.store.write() as conn:
        enter(conn, [Account(SCHOOL, "hand", "weibo", "青禾社团", "9", "团委", "manual", EARLY)])
    publish(station, NEWS, "m1", account="main")
    publish(station, f"//转发：{NEWS}", "c1")
    found = listed(station)
    assert found is not None
    (item,) = found.items
    assert (item.share, item.running, [one.id for one in item.missing]) == (50, True, ["article"])
    assert found.share is None, "nothing is reckoned before the span is over"
    station.office.now += timedelta(hours=25)
    found = listed(station)
    assert found is not None
    assert (found.share, [one.id for one in found.unseen], found.mentions) == (50, ["hand"], ())


def test_mentions_are_counted_where_the_clause_asks_them(station: Station) -> None:
    school(station, "JY")
    publish(station, "社团招新开始啦，地点在操场 @青禾职院", "c1")
    publish(station, "周末停水通知，请提前储水备用", "c2")
    found = listed(station)
    assert found is not None
    assert [(one.account.id, one.posts, one.mentioned) for one in found.mentions if one.posts] == [("canteen", 2, 1)]


@pytest.mark.parametrize("code", ["LG", "ZG", "neutral", "neutral3"])
def test_where_the_document_asks_no_relay_nothing_is_reckoned(station: Station, code: str) -> None:
    school(station, code)
    publish(station, NEWS, "m1", account="main")
    assert listed(station) is None


def test_in_ningxia_a_person_names_the_campaign(station: Station) -> None:
    school(station, "NX")
    publish(station, NEWS, "m1", account="main")
    publish(station, f"//转发：{NEWS}", "c1")
    found = listed(station)
    assert found is not None
    assert found.items == ()
    found = listed(station, "职业技能大赛")
    assert found is not None
    assert [set(one.relayed) for one in found.items] == [{"canteen"}]


def test_nobody_is_told_anything_of_it(station: Station) -> None:
    school(station)
    publish(station, NEWS, "m1", account="main")
    station.office.later(hours=30)
    assert listed(station) is not None
    assert station.office.rows(notices) == []


def test_a_relay_is_seen_however_much_was_published_afterwards(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.relay.POSTS_MOST", 3)
    school(station)
    publish(station, NEWS, "m1", account="main")
    publish(station, f"//转发：{NEWS}", "c1")
    station.office.now += timedelta(hours=30)
    for n in range(4):
        publish(station, f"第{n}则通知：周末停水，请提前储水备用 @青禾职院", f"d{n}")
    found = listed(station)
    assert found is not None
    (item,) = found.items
    assert (set(item.relayed), item.cut, item.share) == ({"canteen"}, False, 50)
    assert [(one.posts, one.mentioned) for one in found.mentions if one.posts] == [(5, 4)]


def test_where_more_was_published_within_the_span_than_is_read_nobody_is_called_missing(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.relay.POSTS_MOST", 3)
    school(station)
    publish(station, NEWS, "m1", account="main")
    publish(station, f"//转发：{NEWS}", "c1")
    for n in range(4):
        publish(station, f"第{n}则通知：周末停水，请提前储水备用", f"d{n}")
    station.office.now += timedelta(hours=25)
    found = listed(station)
    assert found is not None
    (item,) = found.items
    assert (item.cut, item.missing, item.share, found.share) == (True, (), None, None)


def test_older_posts_of_the_school_that_are_left_out_are_said_and_there_is_no_total(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.relay.ITEMS_MOST", 1)
    school(station)
    publish(station, NEWS, "m1", account="main")
    publish(station, "本周六上午校园开放日，欢迎家长和同学们到校参观交流", "m2", account="main")
    station.office.now += timedelta(hours=25)
    found = listed(station)
    assert found is not None
    assert (len(found.items), found.cut, found.share) == (1, True, None)
