"""An own post corrected or removed: before is what was kept, after is what the crawlers see, and who looked is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from escalation.incident.state import IllegalStep
from escalation.task import TaskKind, correction, corrections, deeds, tasks
from escalation.timer import timers
from stream.kept import keep
from stream.post import Kind, Post, Visibility
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, Office
from tests.escalation.task.given import give
from tests.stream.said import a_post

WRONG, RIGHT = "食堂今日停业三天", "食堂今日照常营业"


def own(office: Office, text: str = WRONG, *, visibility: Visibility = Visibility.PUBLIC, minutes: float = 0) -> Post:
    """The school's own post as the crawlers see it now."""
    at = office.now + timedelta(minutes=minutes)
    post = a_post(text, "weibo:own", kind=Kind.POST, by_school=True, at=at)
    with office.store.write() as conn:
        keep(conn, post.model_copy(update={"visibility": visibility}))
    return post


def opened(office: Office) -> int:
    """An incident on an own post, with the task to correct it."""
    post = own(office)
    one = office.open(post, member_ids=("weibo:own",), first_post_id="weibo:own")
    return give(office, one, TaskKind.CORRECTION, words="请更正")


def correct(office: Office, task_id: int, act: str = "corrected", **more: Any) -> None:
    given = {"post_id": "weibo:own", "act": act, "words": "日期写错"} | more
    with office.store.write() as conn:
        correction.correct(conn, task_id, KEEPER, office.now, **given)


def state(office: Office) -> Any:
    return office.rows(corrections)[-1]


def test_before_is_kept_at_once_and_after_comes_from_the_crawlers(office: Office) -> None:
    task = opened(office)
    correct(office, task)
    row = state(office)
    assert (row.state, row.before_text, row.after_text) == ("told", WRONG, None)
    assert office.rows(tasks, id=task)[0].state == "answered"
    office.later(minutes=6)
    assert state(office).state == "told", "nobody has fetched it since"
    own(office, RIGHT)
    office.later(minutes=6)
    row = state(office)
    assert (row.state, row.after_text) == ("seen", RIGHT)
    assert row.before_hash != row.after_hash
    assert "更正已核实" in office.headings()
    assert office.rows(timers, kind="correction", state="set") == []


def test_what_comes_from_the_crawlers_is_compared_at_once_and_looked_for_no_more(office: Office) -> None:
    task = opened(office)
    correct(office, task)
    office.now += timedelta(seconds=30)
    with office.store.write() as conn:
        correction.seen(
            conn, a_post("别的帖文", "weibo:other", kind=Kind.POST, by_school=True, at=office.now), office.now
        )
    assert state(office).state == "told"
    post = own(office, RIGHT)
    with office.store.write() as conn:
        correction.seen(conn, post.model_copy(update={"by_school": False}), office.now)
        assert state(office).state == "told", "only what the school itself posted"
        correction.seen(conn, post, office.now)
        correction.seen(conn, post, office.now)
    assert (state(office).state, state(office).after_text) == ("seen", RIGHT)
    assert office.headings().count("更正已核实") == 1
    assert office.rows(timers, kind="correction", state="set") == []


def test_a_removed_post_is_seen_when_it_has_vanished(office: Office) -> None:
    task = opened(office)
    correct(office, task, "removed")
    office.now += timedelta(minutes=1)
    own(office, visibility=Visibility.VANISHED)
    office.later(minutes=6)
    row = state(office)
    assert (row.state, row.after_text) == ("seen", None)
    assert row.after_seen_at is not None


def test_what_still_stands_after_it_was_said_to_be_gone_is_said_once_and_looked_at_again(office: Office) -> None:
    task = opened(office)
    correct(office, task, "removed")
    office.now += timedelta(minutes=2)
    own(office, WRONG + "。")
    office.later(minutes=20)
    assert state(office).state == "stands"
    assert office.headings().count("删除尚未生效：登记后采集仍见原文") == 1
    office.now += timedelta(minutes=1)
    own(office, WRONG + "。", visibility=Visibility.VANISHED)
    office.later(minutes=6)
    assert state(office).state == "seen"


def test_what_the_machine_has_not_seen_a_person_vouches_for_in_words(office: Office) -> None:
    task = opened(office)
    correct(office, task)
    with pytest.raises(IllegalStep, match="尚未见到"), office.store.write() as conn:
        correction.confirm(conn, task, ON_DESK, office.now)
    assert office.rows(tasks, id=task)[0].state == "answered"
    with office.store.write() as conn:
        correction.confirm(conn, task, ON_DESK, office.now, "打开网页看过")
    assert state(office).state == "by_hand"
    assert office.rows(timers, kind="correction", state="set") == [], "nothing is looked for any more"
    assert office.rows(tasks, id=task)[0].state == "confirmed"


def test_what_was_said_before_of_the_same_post_does_not_stay_open_when_the_task_is_confirmed(office: Office) -> None:
    """Before, it stood as 仍可见原文 for ever, and nobody could look at it any more."""
    task = opened(office)
    correct(office, task, "removed")
    office.now += timedelta(minutes=1)
    own(office)
    office.later(minutes=6)
    assert state(office).state == "stands"
    with office.store.write() as conn:
        deeds.give_back(conn, office.head, task, ON_DESK, office.now, "仍可见")
    correct(office, task)
    own(office, RIGHT, minutes=1)
    office.later(minutes=6)
    assert [row.state for row in office.rows(corrections)] == ["stands", "seen"]
    with office.store.write() as conn:
        correction.confirm(conn, task, ON_DESK, office.now)
    assert [row.state for row in office.rows(corrections)] == ["by_hand", "seen"]


def test_what_was_seen_needs_no_words(office: Office) -> None:
    task = opened(office)
    correct(office, task)
    own(office, RIGHT, minutes=1)
    office.later(minutes=6)
    with office.store.write() as conn:
        correction.confirm(conn, task, ON_DESK, office.now)
    assert office.rows(tasks, id=task)[0].state == "confirmed"


@pytest.mark.parametrize(
    ("given", "why"),
    [({"post_id": "weibo:1"}, "选择本账号"), ({"act": "hidden"}, "更正”或“删除"), ({"url": "javascript:1"}, "http")],
)
def test_a_correction_of_nothing_of_ours_is_refused_and_leaves_no_trace(
    office: Office, given: dict[str, Any], why: str
) -> None:
    task = opened(office)
    headings = office.headings()
    with pytest.raises(IllegalStep, match=why):
        correct(office, task, **given)
    assert office.rows(corrections) == []
    assert office.headings() == headings


def test_the_keeper_corrects_a_post_that_nobody_asked_about(office: Office) -> None:
    own(office)
    one = office.open()
    with office.store.write() as conn:
        made = correction.own_task(conn, office.head, office.one(one), KEEPER, office.now)
        again = correction.own_task(conn, office.head, office.one(one), KEEPER, office.now)
    assert made == again
    correct(office, made, "removed")
    (row,) = office.rows(tasks, kind="correction")
    assert (row.state, row.set_by) == ("answered", "keeper")


def test_the_post_under_which_it_opened_is_asked_about_first_and_then_the_newest(office: Office) -> None:
    with office.store.write() as conn:
        for hours, name in enumerate(("older", "meant", "newer", "newest")):
            at = office.now + timedelta(hours=hours)
            keep(conn, a_post(name, f"weibo:{name}", thread=f"weibo:{name}", kind=Kind.POST, by_school=True, at=at))
        said = a_post("食堂吃出了虫子", "weibo:said", thread="weibo:meant", at=office.now)
        keep(conn, said)
    one = office.open(said, first_post_id=said.id)
    with office.store.read() as conn:
        asked = [row.text for row in correction.candidates(conn, office.one(one))]
    assert asked == ["meant", "newest", "newer", "older"]


def test_a_machine_that_looks_in_vain_stops_in_the_end(office: Office) -> None:
    task = opened(office)
    correct(office, task)
    office.later(days=5)
    assert office.rows(timers, kind="correction", state="set") == []
    assert state(office).state == "told"
    assert IN_LEAD.id not in {row.answered_by for row in office.rows(tasks)}
