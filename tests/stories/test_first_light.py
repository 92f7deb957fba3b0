"""It must show 1 (issue 3): from a comment on a platform to signed notices and a row of the weekly report.

The clock moves only by hand; the sandbox, the crawl, SMTP, the webhook and the desk are real.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from escalation.incident import entries, open_keys
from escalation.notice import calls, notices
from escalation.report.fetch import week_rows
from escalation.report.figures import figures
from escalation.report.week import Week
from escalation.task import tasks
from stream.kept import posts
from tests.stories.town import PUBLIC, WAVE, Town, path_of, words_of

RECIPIENTS = {
    "school": ("主管校领导", "第十三条"),
    "publicity": ("宣传部", "第十三条、第十四条"),
    "leader": ("单位领导", "第十四条"),
    "keeper": ("官方新媒体管理人员", "系统默认，非校规"),
}
"""JY: a damaging comment meets 第十三条 and 第十四条; the keeper is told by default, no article has him told."""
SILENT = {"school", "leader", "keeper"}


@pytest.fixture
def opened(town: Town) -> Town:
    """The town after a wave of comments under one post, and nobody has signed yet."""
    thread = town.sandbox.post("【菜谱】本周暖冬套餐上新")["thread"]
    town.crawl()
    for text in WAVE[:3]:
        town.sandbox.clock.advance(60)
        town.sandbox.comment(thread, text)
    town.crawl()
    town.pass_on()
    return town


def link_of(town: Town, who: str, kind: str = "首报") -> str:
    """The path of the one signed link in somebody's first mail."""
    (letter,) = [one for one in town.inbox.letters() if one.who == who and kind in one.subject]
    (link,) = letter.links
    return path_of(link)


def headings(town: Town) -> list[str]:
    return [row.heading for row in town.rows(entries)]


def test_exactly_the_people_whom_the_articles_name_are_told_once_each(opened: Town) -> None:
    assert {who: (row.office, row.basis) for who, row in opened.first().items()} == RECIPIENTS
    letters = opened.inbox.letters()
    assert sorted(one.who for one in letters) == sorted(RECIPIENTS)
    for one in letters:
        assert RECIPIENTS[one.who][0] in one.text
        others = {who: told for who, told in RECIPIENTS.items() if who != one.who}
        told = re.sub(r"\s", "", one.text.partition("同时通知")[2].partition("为什么报")[0])
        assert all(office in told and f"（{basis}）" in told for office, basis in others.values()), told
    (robot,) = opened.inbox.said()
    assert f"{PUBLIC}/incidents/{opened.incident().number}" in robot
    assert "虫" not in robot.partition("\n")[2], "no comment's words in a group"
    assert len(opened.rows(posts)) == 4
    assert opened.incident().state == "notified"


def test_a_mail_scanner_that_follows_the_link_signs_nothing(opened: Town) -> None:
    page = opened.desk.get(link_of(opened, "publicity"))
    assert page.status_code == 200
    assert "第十三条" in words_of(page.text)
    assert opened.first()["publicity"].opened_at == opened.now()
    assert opened.running() == set(RECIPIENTS)


def test_signing_stops_that_clock_and_silence_is_followed_up_for_the_others_only(opened: Town) -> None:
    opened.later(minutes=10)
    assert opened.desk.post(link_of(opened, "publicity")).status_code == 200
    assert opened.running() == SILENT
    assert opened.desk.post(link_of(opened, "publicity")).status_code == 410, "a second signature is none"
    before = len(opened.inbox.letters())

    opened.later(hours=1, minutes=51)  # half of the four hours of level Ⅳ
    reminded = opened.inbox.letters()[before:]
    assert sorted(one.who for one in reminded) == sorted(SILENT)
    assert all("催签" in one.subject and one.links for one in reminded)
    assert all(path_of(one.links[0]) for one in reminded)
    assert opened.called() == set()

    opened.later(hours=2)  # past the deadline: the telephone
    overdue = {heading.partition(" ")[0] for heading in headings(opened) if "逾期未签收" in heading}
    assert overdue == {"沈澄", "罗广平", "谢晓"}
    assert opened.called() >= SILENT
    assert "publicity" not in opened.called()
    assert not [row for row in opened.rows(notices) if row.kind == "escalated"], "nobody above hears before the call"

    opened.later(hours=2)  # half the deadline later: upwards
    escalated = [(row.addressee, row.created_at) for row in opened.rows(notices) if row.kind == "escalated"]
    assert {who for who, _ in escalated} == {"school", "leader"}
    first = opened.first()["school"]
    span = (first.sign_by - first.created_at) / 2
    assert {at for _, at in escalated} == {first.sign_by + span}, "at its own moment, not when the test looked"


def test_a_ladder_that_nobody_answers_comes_to_its_end(opened: Town) -> None:
    opened.later(days=3)
    told, phoned = len(opened.rows(notices)), len(opened.rows(calls))
    opened.later(days=30)
    assert (len(opened.rows(notices)), len(opened.rows(calls))) == (told, phoned)
    (task,) = opened.rows(tasks)
    ended = [row.addressee for row in opened.rows(notices) if row.step == f"task:{task.id}:unanswered:1"]
    assert (task.state, ended) == ("set", ["monitor"]), "nothing is asked for ever, and nothing ends unseen"


def test_all_signatures_together_acknowledge_and_stand_in_the_weekly_report(opened: Town) -> None:
    opened.later(minutes=10)
    for who in ("publicity", "leader", "keeper"):
        opened.desk.post(link_of(opened, who))
    assert opened.incident().state == "notified"
    opened.later(hours=5)
    opened.desk.post(link_of(opened, "school"))
    assert opened.incident().state == "acknowledged", "above 主管校领导 nobody had to be told"
    assert "逾期签收" in [row.text for row in opened.rows(entries) if row.heading == "沈澄 签收"]

    week = Week.of(opened.now())
    with opened.store.read() as conn:
        made = figures(week_rows(conn, opened.school, "风林职业技术学院", week), opened.now())
    assert (made.opened.value, made.comments.value, made.negative.value <= 3) == (1, 3, True)
    assert (made.signed_late.value, made.in_time.value) == (1, 3)
    (case,) = made.unfinished
    assert (case.number, case.level, case.comments) == (opened.incident().number, 4, 3)
    assert made.sign_median == timedelta(minutes=10)
    page = opened.signed_in().get(f"/reports/{week}")
    assert (page.status_code, case.number in page.text) == (200, True)


def test_reading_the_same_pages_again_tells_nobody_anything(opened: Town) -> None:
    before = [len(opened.rows(table)) for table in (notices, entries, open_keys, posts)]
    for _ in range(3):
        opened.crawl()
        opened.pass_on()
    assert [len(opened.rows(table)) for table in (notices, entries, open_keys, posts)] == before
    assert len(opened.inbox.letters()) == 4


def test_what_was_said_before_the_watch_began_opens_nothing(town: Town) -> None:
    early = town.now() - timedelta(days=2)
    thread = town.sandbox.post("【菜谱】上周的套餐", at=early.isoformat())["thread"]
    for n, text in enumerate(WAVE):
        town.sandbox.comment(thread, text, at=(early + timedelta(minutes=n)).isoformat())
    town.crawl()
    town.pass_on()
    assert len(town.rows(posts)) == 7
    assert town.rows(notices) == []
    assert town.inbox.letters() == []
