"""The assess role: what was taken is on the next topic before the position moves, and no record stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from sentiment.engine import Score
from sentiment.polarity import Polarity as Three
from stream.assessing import READER, Assessing
from stream.assessment import Assessment
from stream.dead_letter import dead_letters
from stream.log import LogUnavailable, RecordTooLarge
from stream.log.sqlite import SqliteLog
from stream.position import stored
from stream.store import Store
from stream.topic import ASSESSED, POSTS, partitions
from tests.stream.said import PLAIN, SCHOOL, START, WORM, a_post, counts, reader

POISON = "这一条谁也算不出"


class Plain:
    """An engine that finds everything neutral, keeps what it was given, and breaks on one text."""

    name = "plain"

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[Score]:
        self.given.append(list(texts))
        if POISON in texts:
            raise ZeroDivisionError("不该出现在日志里的原话")
        return [Score(Three.NEUTRAL, 0.5, 0.5, 0.5) for _ in texts]


class Watched(SqliteLog):
    """The embedded log, which can be away or refuse a record, and tells what the store held when it was written to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.away, self.too_large = False, b"\x00"
        self.before: Callable[[], object] = lambda: None

    def append(self, topic: str, entries: Sequence[tuple[str, bytes]]) -> None:
        if topic == ASSESSED:
            self.before()
            if self.away:
                raise LogUnavailable("日志流不在")
            if any(self.too_large in value for _, value in entries):
                raise RecordTooLarge(1_000_000, 2_000_000, 0)
        super().append(topic, entries)


class Bench:
    """A log with both topics, a store, and one worker that may be made anew like a process that was killed."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store, self.log, self.engine = store, Watched(folder / "log.db"), Plain()
        self.log.ensure(partitions(1))
        self.worker = self.another()

    def another(self) -> Assessing:
        return Assessing(self.log, self.store, self.engine, reader(), lambda: START)

    def say(self, *values: bytes) -> None:
        self.log.append(POSTS, [("weibo:t1", value) for value in values])

    def position(self) -> int:
        with self.store.read() as conn:
            return stored(conn, READER, [0]).get(0, 0)

    def onward(self) -> list[bytes]:
        follower = self.log.reader(ASSESSED, "test", lambda _: {})
        found = [record.value for record in follower.poll(1000, 0.01)]
        follower.close()
        return found

    def ids(self) -> list[str]:
        return [Assessment.from_wire(value).post.id for value in self.onward()]

    def buried(self) -> list[tuple[int, bytes, str]]:
        with self.store.read() as conn:
            rows = conn.execute(select(dead_letters).order_by(dead_letters.c.id)).all()
        return [(row.offset, row.body, row.reason) for row in rows]


@pytest.fixture
def bench(tmp_path: Path, kept_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("stream.follow.PAUSE_SECONDS", 0.0)
    made = Bench(tmp_path, kept_store)
    yield made
    made.worker.close()
    made.log.close()


def wire(number: int, text: str = PLAIN) -> bytes:
    return a_post(text, f"weibo:{number}").wire()


def test_what_was_taken_is_on_the_next_topic_before_the_position_moves(bench: Bench) -> None:
    seen: list[int] = []
    bench.log.before = lambda: seen.append(bench.position())
    bench.say(wire(1), wire(2))
    assert bench.worker.step() == 2
    assert seen == [0], "appended first, and durable when append returns"
    assert bench.position() == 2
    assert bench.ids() == ["weibo:1", "weibo:2"]


def test_a_worker_killed_between_the_two_repeats_the_very_same_records(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(point: str) -> None:
        if point == "assess.appended_before_position":
            raise Killed

    bench.say(wire(1, WORM), counts(a_post(WORM, "weibo:1"), 7).wire())
    with monkeypatch.context() as patched:
        patched.setattr("stream.assessing.reach", kill)
        with pytest.raises(Killed):
            bench.worker.step()
    assert bench.position() == 0
    bench.worker.close()
    bench.worker = bench.another()
    assert bench.worker.step() == 2
    first, likes, again, likes_again = bench.onward()
    assert (first, likes) == (again, likes_again)
    assert Assessment.from_wire(first).hits


def test_posts_and_counts_go_on_in_the_order_they_came_under_their_school(bench: Bench) -> None:
    given = [wire(1), counts(a_post(PLAIN, "weibo:1"), 3).wire(), wire(2), counts(a_post(PLAIN, "weibo:2"), 4).wire()]
    bench.say(*given)
    bench.worker.step()
    kinds = [b'"type":"counts"' in value[:64] for value in bench.onward()]
    assert kinds == [False, True, False, True]
    assert [bench.onward()[n] for n in (1, 3)] == [given[1], given[3]], "counts pass as they are"
    follower = bench.log.reader(ASSESSED, "keys", lambda _: {})
    assert {record.key for record in follower.poll(9, 0.1)} == {SCHOOL}
    follower.close()


def test_one_text_that_breaks_the_engine_is_buried_alone_and_quietly(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.say(*(wire(number) for number in range(4)), wire(4, POISON), *(wire(number) for number in range(5, 9)))
    taken = 0
    while bench.position() < 9:
        taken += bench.worker.step()
    assert sorted(set(bench.ids())) == [f"weibo:{number}" for number in range(9) if number != 4]
    ((offset, body, reason),) = bench.buried()
    assert (offset, body) == (4, wire(4, POISON))
    assert reason == "处理时出错：ZeroDivisionError"
    assert "原话" not in caplog.text
    assert POISON not in caplog.text
    assert bench.worker.trouble == ""


def test_a_record_that_nobody_can_read_is_kept_whole_and_the_others_pass(bench: Bench) -> None:
    bench.say(wire(1), b"{nonsense", b'{"v":99,"type":"post"}', wire(2))
    assert bench.worker.step() == 4
    assert bench.ids() == ["weibo:1", "weibo:2"]
    assert [(offset, body) for offset, body, _ in bench.buried()] == [(1, b"{nonsense"), (2, b'{"v":99,"type":"post"}')]
    assert all(reason for _, _, reason in bench.buried())
    assert bench.engine.given == [[PLAIN, PLAIN]]


def test_an_assessment_too_large_for_the_log_is_buried_and_its_neighbours_pass(bench: Bench) -> None:
    bench.log.too_large = b"weibo:2"
    bench.say(wire(1), wire(2), wire(3))
    assert bench.worker.step() == 3
    assert bench.ids() == ["weibo:1", "weibo:3"]
    ((offset, body, reason),) = bench.buried()
    assert (offset, body) == (1, wire(2))
    assert "共 2000000 字节" in reason


def test_a_log_that_is_away_moves_nothing_and_goes_on_by_itself(bench: Bench) -> None:
    bench.log.away = True
    bench.say(wire(1))
    assert bench.worker.step() == 0
    assert (bench.worker.trouble, bench.position(), bench.buried()) == ("日志流不在", 0, [])
    bench.log.away = False
    assert bench.worker.step() == 1
    assert (bench.worker.trouble, bench.ids()) == ("", ["weibo:1"])


def test_a_refusal_is_followed_by_a_pause_and_not_by_a_storm(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("stream.follow.PAUSE_SECONDS", 0.5)
    monkeypatch.setattr("stream.follow.time.sleep", slept.append)
    bench.log.away = True
    bench.say(wire(1))
    for _ in range(3):
        bench.worker.step(wait=0)
    assert slept == [0.5] * 3


def test_nothing_to_do_asks_neither_engine_nor_log(bench: Bench) -> None:
    bench.log.before = lambda: pytest.fail("nothing came, so nothing is appended")
    assert bench.worker.step(wait=0) == 0
    assert bench.engine.given == []
    assert bench.worker.trouble == ""


def test_only_as_many_as_asked_for_are_taken_at_once(bench: Bench) -> None:
    bench.say(*(wire(number) for number in range(5)))
    assert bench.worker.step(limit=2) == 2
    assert bench.position() == 2
    assert bench.worker.step(limit=2) + bench.worker.step(limit=2) == 3
    assert bench.ids() == [f"weibo:{number}" for number in range(5)]
