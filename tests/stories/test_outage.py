"""It must show 5 (issue 3): five minutes without search, mail or broker; alarms open or resume, once each."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from crawlers.service import LOG_DOWN
from escalation import alert
from escalation.incident import incidents
from stream import pulse
from stream.kept import posts
from stream.search import Query
from tests.live.engines import Kafka
from tests.stories.town import WAVE, Town, built, words_of

READERS = {"assess", "watch", "index"}
ALL_FOUR = {"school": 1, "publicity": 1, "leader": 1, "keeper": 1}


def wave(town: Town, thread: str) -> None:
    for text in WAVE[:3]:
        town.sandbox.comment(thread, text)


def started(town: Town) -> str:
    """A post that is known; the platform's name for it."""
    thread = str(town.sandbox.post("【菜谱】本周暖冬套餐上新")["thread"])
    town.crawl()
    town.pass_on()
    return thread


def told(town: Town) -> dict[str, int]:
    return dict(Counter(one.who for one in town.inbox.letters()))


def ringing(town: Town) -> dict[str, str]:
    with town.store.read() as conn:
        return {one.cause: one.words for one in alert.ringing(conn, town.school)}


def strip_of(town: Town) -> str:
    """The watch strip of the desk as a duty officer reads it."""
    page = town.signed_in().get("/desk")
    assert page.status_code == 200, page.text[:300]
    (strip,) = re.findall(r'<section class="watch".*?</section>', page.text, re.DOTALL)
    return words_of(strip)


def troubles(town: Town) -> dict[str, str]:
    with town.store.read() as conn:
        return {role: one.trouble for role, one in pulse.freshest(conn, town.now()).items() if one.trouble}


def test_without_search_alarms_go_out_and_search_catches_up(town: Town) -> None:
    town.site.take_away()
    wave(town, started(town))
    town.crawl()
    town.pass_on()
    assert told(town) == ALL_FOUR
    assert set(troubles(town)) == {"index"}
    health = town.desk.get("/healthz")
    assert (health.status_code, health.json()["failing"]) == (503, ["index"])
    town.later(minutes=5)

    town.site.bring_back()
    town.until(lambda: troubles(town) == {})
    found = town.search.find(Query(town.school, "吃出虫子"))
    assert len(found) == 2, "what came meanwhile is found"
    assert told(town) == ALL_FOUR


def test_without_mail_the_group_is_told_and_one_mail_each_comes_late(town: Town) -> None:
    thread = started(town)
    town.inbox.demo.smtp.stop()
    wave(town, thread)
    town.crawl()
    town.pass_on()
    town.later(minutes=5)
    assert told(town) == {}
    assert len(town.inbox.said()) == 1, "the other channel is not held up"
    assert "邮件连续送不出" in ringing(town)["channel:mail"]
    assert {row.sent_at for row in town.first().values()} == {None}, "never marked sent before it was taken"

    town.inbox.demo.smtp.start()
    town.later(minutes=5)
    assert told(town) == ALL_FOUR
    assert ringing(town) == {}
    for one in town.inbox.letters():
        assert "【迟发】" in one.subject
        assert re.search(r"拟发，晚\d+分钟送出。", "".join(one.text.split()))


def test_a_working_role_that_was_away_opens_one_late_incident_with_one_notice_each(town: Town) -> None:
    thread = started(town)
    town.down.add("assess")
    wave(town, thread)
    town.crawl()
    town.later(minutes=5)
    assert town.rows(incidents) == []
    health = town.desk.get("/healthz")
    assert (health.status_code, "assess" in health.json()["failing"]) == (503, True)

    town.down.clear()
    town.pass_on()
    assert town.incident().late
    assert told(town) == ALL_FOUR
    assert all("【迟报】" in one.subject for one in town.inbox.letters())


def test_an_incident_in_time_is_not_called_late(town: Town) -> None:
    wave(town, started(town))
    town.crawl()
    town.later(minutes=2)
    assert not town.incident().late
    assert not any("迟报" in one.subject for one in town.inbox.letters())


@pytest.mark.live
def test_without_the_broker_all_waits_says_so_and_goes_on_once(kafka: Kafka, tmp_path: Path) -> None:
    with built(tmp_path, kafka.url) as town:
        thread = started(town)
        town.until(lambda: len(town.rows(posts)) == 1)
        wave(town, thread)
        town.crawl()
        kafka.kill()
        try:
            town.sandbox.comment(thread, WAVE[3])
            assert town.look().startswith(LOG_DOWN), "the crawl says so in its own words"
            town.sandbox.clock.advance(300)
            town.until(lambda: set(troubles(town)) >= READERS)
            told_of = town.desk.get("/healthz")
            assert (told_of.status_code, set(told_of.json()["failing"])) == (503, READERS | {"crawl"})
            assert LOG_DOWN in told_of.json()["words"]
            assert all(f"{name}受阻" in strip_of(town) for name in ("采集", "研判", "监测", "检索")), strip_of(town)
            assert told(town) == {}
        finally:
            kafka.again()
        town.until(lambda: len(town.rows(posts)) >= 4)
        town.until(lambda: not town.look())
        town.until(lambda: len(town.rows(posts)) == 5 and told(town) == ALL_FOUR)
        town.until(lambda: not troubles(town))
        assert town.desk.get("/healthz").status_code == 200
        assert "受阻" not in strip_of(town)
        assert town.incident().late
        assert told(town) == ALL_FOUR
