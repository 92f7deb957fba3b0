"""The watch beside others: what another process was quicker at is looked at again, one bad record stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import escalation.alert
import escalation.audit
import escalation.keeper
import escalation.people
import escalation.timer
import escalation.trial
import escalation.watch
import stream.follow
import stream.line
from escalation.incident import MatterTaken, incidents
from escalation.notice.issue import Letterhead
from escalation.opening import Ground, open_matter
from escalation.procedure import load
from escalation.watch import Watch
from stream import account
from stream.account import Account
from stream.assessment import Hit
from stream.dead_letter import dead_letters
from stream.impression import COMPLAINT
from stream.kept import assessments
from stream.line import marks
from stream.log.sqlite import SqliteLog
from stream.post import Kind
from stream.topic import ASSESSED, ASSESSED_HISTORY, partitions
from tests.mould import pour
from tests.stream.said import PLAIN, POISONED, SCHOOL, START, a_post, assessed, counts


class Post:
    """A school with one watched account, a log and a watch."""

    def __init__(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "log.db")
        self.log.ensure(partitions(1))
        self.store = pour(folder / "store.db")
        head = Letterhead(SCHOOL, "青禾职院", "https://fx.example", b"k" * 32, frozenset(), "", "8071")
        with self.store.write() as conn:
            watched = Account(
                SCHOOL, "canteen", "weibo", "青禾后勤", "1", "后勤处", "api", START - timedelta(days=1), True
            )
            account.enter(conn, [watched])
        self.watch = Watch(self.log, self.store, SCHOOL, Ground(load("neutral"), head, {}), lambda: START)

    def append(self, *values: bytes) -> None:
        self.log.append(ASSESSED, [(SCHOOL, value) for value in values])

    def count(self, table: Any) -> int:
        with self.store.read() as conn:
            return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setattr(stream.follow, "PAUSE_SECONDS", 0.0)
    made = Post(tmp_path)
    yield made
    made.watch.close()
    made.log.close()
    made.store.close()


def test_a_matter_that_another_was_quicker_with_is_read_again_and_not_buried(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def quicker(*given: Any) -> Any:
        asked.append(1)
        if len(asked) == 1:
            raise MatterTaken("canteen")
        return open_matter(*given)

    monkeypatch.setattr(escalation.watch, "open_matter", quicker)
    post.append(assessed(a_post(POISONED), negative=True).wire())
    assert post.watch.step(wait=0) == 0
    assert post.watch.step(wait=0) == 1
    assert (post.count(incidents), post.count(dead_letters), post.watch.trouble) == (1, 0, "")


def test_counts_beyond_any_column_stop_nothing(post: Post) -> None:
    plain = a_post(PLAIN, "weibo:2")
    huge = counts(plain, 1).wire().replace(b'"likes":1', b'"likes":%d' % 2**70)
    post.append(huge, assessed(a_post(POISONED), negative=True).wire(), assessed(plain).wire())
    assert post.watch.step(wait=0) == 3
    assert (post.count(incidents), post.count(dead_letters)) == (1, 1)


def test_what_another_school_put_into_the_log_of_both_is_buried_with_the_cure_and_not_passed_over(post: Post) -> None:
    theirs = a_post(POISONED, "weibo:2", school="LG")
    ours = assessed(a_post(POISONED), negative=True).wire()
    post.append(assessed(theirs, negative=True).wire(), counts(theirs, 1).wire(), ours)
    assert post.watch.step(wait=0) == 3
    with post.store.read() as conn:
        kept = conn.execute(select(dead_letters.c.body, dead_letters.c.reason)).all()
        schools = conn.execute(select(incidents.c.school)).scalars().all()
    assert schools == [SCHOOL]
    assert [b'"school":"LG"' in row.body for row in kept] == [True, True]
    assert all("LG" in row.reason and SCHOOL in row.reason and "前缀" in row.reason for row in kept)


def test_a_record_that_breaks_the_transaction_is_buried_and_the_grave_line_beside_it_is_judged(post: Post) -> None:
    broken = assessed(a_post(PLAIN, "weibo:2", thread="weibo:t\x002")).wire()
    post.append(assessed(a_post(PLAIN, "weibo:3")).wire(), broken, assessed(a_post(POISONED), negative=True).wire())
    assert post.watch.step(wait=0) == 3
    assert (post.count(incidents), post.count(dead_letters)) == (1, 1)


@pytest.mark.parametrize(("kind", "quoted"), [(Kind.COMMENT, True), (Kind.MESSAGE, False)])
def test_no_notice_quotes_a_private_message(post: Post, kind: Kind, quoted: bool) -> None:
    post.append(assessed(a_post(POISONED, kind=kind), negative=True).wire())
    assert post.watch.step(wait=0) == 1
    with post.store.read() as conn:
        (row,) = conn.execute(select(incidents)).all()
    assert bool(row.frozen["quote"]) == quoted
    assert ("上吐下泻" in str(row.frozen)) == quoted


def test_a_cry_for_help_under_a_post_of_what_the_model_felt_is_a_case_of_its_own(post: Post) -> None:
    def felt(number: int) -> bytes:
        line = assessed(a_post("路过看看", f"weibo:{number}"))
        hit = Hit(rule=COMPLAINT, version=1, title="疑似投诉", theme="dorm", category="grievance", weight=60,
                  spans=((0, 1),), words=("路",))  # fmt: skip
        return line.model_copy(update={"hits": (hit,)}).wire()

    cry = assessed(a_post("真的活不下去了，活着好累，猫留给室友了", "weibo:9", at=START + timedelta(minutes=5)))
    post.append(felt(1), felt(2), cry.wire())
    assert post.watch.step(wait=0) == 3
    with post.store.read() as conn:
        kept = conn.execute(select(incidents.c.care, incidents.c.theme).order_by(incidents.c.id)).all()
    assert [tuple(row) for row in kept] == [(False, "dorm"), (True, "self_harm")]


@pytest.mark.parametrize(("kind", "topic", "opened"), [
    (Kind.LEAD, ASSESSED, 1), (Kind.LEAD, ASSESSED_HISTORY, 0), (Kind.COMMENT, ASSESSED_HISTORY, 1),
])  # fmt: skip
def test_what_a_file_tells_of_days_long_past_is_kept_and_opens_nothing(
    post: Post, kind: Kind, topic: str, opened: int
) -> None:
    post.log.append(topic, [(SCHOOL, assessed(a_post(POISONED, kind=kind), negative=True).wire())])
    while not post.watch.step(wait=0):
        pass
    assert (post.count(incidents), post.count(assessments)) == (opened, 1)


@pytest.mark.parametrize("texts", [(POISONED, PLAIN), (PLAIN, POISONED)])
@pytest.mark.parametrize("late", [False, True])
def test_a_text_that_comes_by_the_slow_lane_after_the_edit_that_replaced_it_takes_no_mark_and_opens_nothing(
    post: Post, texts: tuple[str, str], late: bool
) -> None:
    first, edited = (
        assessed(a_post(text, fetched=START + timedelta(minutes=minute)), negative=text == POISONED)
        for text, minute in zip(texts, (1, 2), strict=True)
    )
    post.append(edited.wire())
    if late:
        while not post.watch.step(wait=0):
            pass
        before = post.count(marks)
        post.log.append(ASSESSED_HISTORY, [(SCHOOL, first.wire())])
    while not post.watch.step(wait=0):
        pass
    assert (post.count(incidents), post.count(assessments)) == (texts[1] == POISONED, 1 + late)
    assert not late or post.count(marks) == before


@pytest.mark.parametrize(
    ("by_school", "said", "incidents_opened"),
    [
        (True, "三号楼着火了，好多人困在里面", 0),
        (True, "三号楼着火了，好多人困在里面，真有人受伤了", 1),
        (False, "三号楼着火了，好多人困在里面", 0),
    ],
)
def test_under_a_drill_a_joke_opens_nothing_and_an_accident_does(
    post: Post, by_school: bool, said: str, incidents_opened: int
) -> None:
    before = START - timedelta(minutes=1)
    root = a_post("今天下午三点消防演练，请勿惊慌", "weibo:t1", kind=Kind.POST, by_school=by_school, at=before)
    post.append(assessed(root).wire(), assessed(a_post(said, "weibo:2", thread="weibo:t1")).wire())
    assert post.watch.step(wait=0) == 2
    assert post.count(incidents) == incidents_opened
