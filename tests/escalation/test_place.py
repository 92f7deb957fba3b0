"""A lead stands where the person said and nowhere else: nothing of its place is invented, in mail, robot or page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.notice.wording import NoticeView
from escalation.place import LEAD, ROUTED
from stream.post import NAMED_LEAD, Kind, Route
from tests.escalation.station import Station, open_station
from tests.stream.said import POISONED

MAIN_NAME = "青禾职院"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def lead(station: Station, post_id: str, platform: str, account: str = "main", text: str = POISONED) -> int:
    """A lead as the desk takes it in; gives the id of the incident it opened."""
    station.say(
        text, post_id=post_id, thread=post_id, kind=Kind.LEAD, account=account, route=Route.MANUAL, author="",
        platform=platform,
    )  # fmt: skip
    return int(station.incidents()[-1].id)


def view(station: Station, who: str) -> NoticeView:
    return NoticeView.model_validate(station.office.notice(who).view)


def test_a_lead_without_an_account_is_said_to_stand_nowhere(station: Station) -> None:
    one = station.office.one(lead(station, "lead:1", "other"))
    assert one.frozen["account"] == {
        "platform": "来源未注明", "name": LEAD, "id": "main", "kind": "lead", "named": "",
    }  # fmt: skip
    assert one.unit == "宣传部"
    assert MAIN_NAME not in one.title
    found = view(station, "school")
    assert found.facts[0].startswith(f"12:01 {LEAD}，来源未注明，12:01 立事件")
    assert f"{ROUTED}宣传部" in found.facts
    station.office.work()
    for sent in (*station.office.mail.sent, *station.office.robot.sent):
        said = sent.subject + sent.text + (sent.html or "")
        if "暂停" not in said:  # a hold names every account that it holds
            assert MAIN_NAME + "”" not in said
        assert "”发现" not in said
        assert "评论摘录" not in said
    assert any("线索摘录" in sent.text for sent in station.office.mail.sent)


def test_nobody_is_asked_to_talk_to_the_platform_of_an_account_that_was_not_named(station: Station) -> None:
    lead(station, "lead:1", "tieba", account="canteen")
    asked = view(station, "keeper").asks
    assert not any("账号所在平台" in one or "注册网站" in one for one in asked)
    assert any(one.startswith("核对本账号下有无这一内容") for one in asked)


def test_a_lead_that_names_its_account_says_so_and_asks_as_ever(station: Station) -> None:
    one = station.office.one(lead(station, f"{NAMED_LEAD}1", "weibo", account="canteen"))
    assert one.frozen["account"]["name"] == f"{LEAD}（青禾后勤）"
    facts = view(station, "keeper").facts
    assert facts[0].startswith(f"12:01 {LEAD}，来源：微博，涉及账号“青禾后勤”")
    assert not any(ROUTED in fact for fact in facts)
    assert any("账号所在平台" in one for one in view(station, "keeper").asks)


def test_a_crawled_comment_is_found_where_it_stands(station: Station) -> None:
    station.say(POISONED)
    assert "在微博“青禾后勤”发现" in view(station, "school").facts[0]
    assert not view(station, "school").lead
