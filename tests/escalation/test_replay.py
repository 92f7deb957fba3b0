"""A watch that is killed and reads parts of the log again comes to the same incidents, members and notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

import escalation.watch
from escalation.incident import entries, incidents, members, open_keys
from escalation.notice import deliveries, notices
from escalation.timer import timers
from escalation.watch import READER
from stream.assessment import Assessment
from stream.kept import assessments, posts, revisions
from stream.kept import counts as count_rows
from stream.line import hours, lines, mark_keys, marks
from stream.position import positions
from stream.post import Counts, Visibility
from tests.escalation.station import Station
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, SCHOOL, START, WORM, a_post, assessed

TEXTS = (
    PLAIN, RAW_CHICKEN, WORM, "汤里有飞虫，恶心的菜", "米饭里吃出钢丝球", CUE, POISONED, "真的活不下去了，活着好累",
    "食堂后厨着火了，全是浓烟，快来人救救我们", "6栋三天没热水了，报修没人理", "2食堂青菜里吃出虫子",
)  # fmt: skip
TABLES = (
    incidents, members, open_keys, notices, deliveries, timers, entries, posts, revisions, assessments, count_rows,
    lines, marks, mark_keys, hours,
)  # fmt: skip
KILL_POINTS = (
    "watch.opened_before_commit", "watch.mid_transaction", "watch.read_before_transaction", "watch.committed",
)  # fmt: skip

SAY = st.tuples(st.just("say"), st.sampled_from(TEXTS), st.integers(1, 2), st.sampled_from("abcde"))
EDIT = st.tuples(st.just("edit"), st.sampled_from(TEXTS), st.integers(0, 9), st.just(""))
VANISH = st.tuples(st.just("vanish"), st.just(""), st.integers(0, 9), st.just(""))
LIKE = st.tuples(st.just("like"), st.sampled_from(["9", "15", "80"]), st.integers(0, 9), st.just(""))
TOLD = st.lists(st.one_of(SAY, SAY, SAY, EDIT, VANISH, LIKE), min_size=3, max_size=14)
FATE = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.just("")),
        st.tuples(st.just("kill"), st.sampled_from(KILL_POINTS)),
        st.tuples(st.just("back"), st.integers(0, 6).map(str)),
    ),
    max_size=12,
)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Reaper:
    """Ends the watch at a point, once, when armed for it."""

    at: str = ""
    kills: int = 0

    def reach(self, name: str) -> None:
        if name == self.at:
            self.at, self.kills = "", self.kills + 1
            raise Killed(name)


@dataclass
class Course:
    """Stations that all start from the same office."""

    folder: Path
    reaper: Reaper
    _numbers: Iterator[int] = field(default_factory=count)

    def station(self, told: list[Assessment | Counts]) -> Station:
        at = self.folder / str(next(self._numbers))
        at.mkdir()
        made = Station(at)
        made.office.now = START + timedelta(hours=2)
        made.append(*told)
        return made


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    reaper = Reaper()
    monkeypatch.setattr(escalation.watch, "reach", reaper.reach)
    return Course(tmp_path, reaper)


def records(told: list[tuple[str, str, int, str]]) -> list[Assessment | Counts]:
    """What was said, edited, deleted and liked, as the log carries it."""
    out: list[Assessment | Counts] = []
    said: list[Assessment] = []
    for n, (what, text, number, author) in enumerate(told):
        at = START + timedelta(minutes=n)
        if what == "say":
            said.append(
                assessed(a_post(text, f"weibo:{n}", thread=f"weibo:t{number}", author=author, at=at), negative=True)
            )
            out.append(said[-1])
        elif said:
            which = number % len(said)
            old = said[which].post
            if what == "like":
                out.append(Counts(school=SCHOOL, post_id=old.id, likes=int(text), seen_at=at))
                continue
            post = a_post(text or old.text, old.id, thread=old.thread_id, author=old.author_key, at=old.published_at)
            gone = Visibility.VANISHED if what == "vanish" else Visibility.PUBLIC
            changed = post.model_copy(update={"fetched_at": at, "visibility": gone})
            said[which] = assessed(changed, negative=True)
            out.append(said[which])
    return out


def outcome(station: Station) -> dict[str, list[str]]:
    """Every row of what was decided, kept and told, whole; but the serial numbers of the timers, which nothing names:
    a question's and an incident's of one batch are set one after the other or the other way round.
    """
    found = {table.name: [tuple(row) for row in station.office.rows(table)] for table in TABLES}
    found[timers.name] = [row[1:] for row in found[timers.name]]
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def go_back(station: Station, to: int) -> None:
    """The position is put back, as after a restore, and another process takes over."""
    station.watch.close()
    with station.office.store.write() as conn:
        conn.execute(update(positions).where(positions.c.reader == READER, positions.c.next > to).values(next=to))
    station.watch = station.watcher()


def suffer(station: Station, reaper: Reaper, fate: list[tuple[str, str]], limit: int) -> None:
    """Let the watch meet its fate (a kill waits until its point is reached), then let it read to the end."""
    for what, how in fate:
        reaper.at = how if what == "kill" else reaper.at
        if what == "back":
            go_back(station, int(how) * limit)
            continue
        try:
            station.watch.step(limit, wait=0)
        except Killed:
            station.watch.close()
            station.watch = station.watcher()
    reaper.at = ""
    while station.watch.step(limit, wait=0):
        pass


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOLD, FATE, st.sampled_from([1, 2, 3, 5, 20]), st.sampled_from([1, 2, 3, 5, 20]))
def test_kills_and_replays_change_nothing(
    course: Course, told: list[tuple[str, str, int, str]], fate: list[tuple[str, str]], limit: int, other: int
) -> None:
    lot = records(told)
    limit = other if any(isinstance(one, Counts) for one in lot) else limit  # likes count from the batch they come in
    ends = []
    for way, size in (([], other), (fate, limit)):
        station = course.station(lot)
        try:
            suffer(station, course.reaper, way, size)
            ends.append(outcome(station))
        finally:
            station.close()
    assert ends[1] == ends[0]


def test_likes_that_are_read_again_do_not_bring_back_what_was_taken_back(course: Course) -> None:
    """Somebody took likes away before the line was first kept; an older sight that comes again says nothing new."""
    lot = records([("say", CUE, 1, "a"), ("like", "80", 0, ""), ("like", "15", 0, "")])
    station = course.station(lot)
    try:
        suffer(station, course.reaper, [("step", ""), ("back", "0")], 5)
        assert [row.likes for row in station.office.rows(lines)] == [15]
        assert [row.likes for row in station.office.rows(count_rows)] == [15]
    finally:
        station.close()


def test_the_courses_above_do_open_incidents_and_do_kill(course: Course) -> None:
    lot = records([("say", text, 1, author) for text, author in zip(TEXTS, "abcdeabcdea", strict=True)])
    fate = [one for point in KILL_POINTS for one in (("kill", point), ("step", ""), ("step", ""), ("back", "0"))]
    station = course.station(lot)
    try:
        suffer(station, course.reaper, fate, 3)
        assert course.reaper.kills == len(KILL_POINTS)
        assert [row.theme for row in station.incidents()] == ["canteen", "self_harm", "safety"]
        assert len(station.office.rows(members)) > 5
        assert {row.kind for row in station.office.rows(notices)} == {"first", "raised", "hold"}
    finally:
        station.close()
