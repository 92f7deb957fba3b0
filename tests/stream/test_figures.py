"""The gatherer in the store finds what the ledger in memory finds; a line counts once, however often it comes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from stream import evidence, novelty
from stream.assessment import Assessment
from stream.evidence import Evidence, Host, Ledger
from stream.figures import Gatherer
from stream.kept import counts as count_rows
from stream.kept import keep, keep_counts, posts, revisions
from stream.line import hours, lines, mark_keys, marks, note_likes, postings, spend
from stream.post import Kind
from stream.risk import decide, risk
from stream.store import Store
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, SCHOOL, START, WORM, a_post, assessed, counts

HOSTS = {"canteen": Host("后勤处", False), "main": Host("宣传部", True)}
NAMED = ("热水", "二食堂")
TEXTS = (
    RAW_CHICKEN, WORM, CUE, PLAIN, POISONED, "2食堂青菜里吃出虫子", "二食堂的鸡腿没熟，有血水",
    "到底什么时候修，一直没热水",
    "请学校正面回应：水电费为什么必须绑定指定运营商套餐，已截图", "兼职日结200，不押金，加V，食堂吃出虫子找我",
    "6栋三天没热水了，报修没人理", "好看", "呵呵，真是好学校", "第一",
)  # fmt: skip

LINE = st.tuples(
    st.sampled_from(TEXTS), st.integers(1, 3), st.sampled_from(["a", "b", "c", ""]), st.integers(0, 26 * 60),
    st.sampled_from([0, 0, 0, 9, 10, 30]), st.booleans(), st.sampled_from(["canteen", "main"]),
    st.sampled_from(["comment", "comment", "comment", "school", "root"]),
)  # fmt: skip
Spoken = tuple[str, int, str, int, int, bool, str, str]


def wipe(conn: Connection) -> None:
    for table in (lines, marks, mark_keys, postings, hours, posts, revisions, count_rows):
        conn.execute(table.delete())


def told(spoken: list[Spoken]) -> list[tuple[Assessment, int]]:
    at, out, rooted = START, [], set[str]()
    for n, (text, thread, author, minutes, likes, negative, account, what) in enumerate(spoken):
        at += timedelta(minutes=minutes)
        thread_id = f"weibo:t{thread}"
        root = what == "root" and thread_id not in rooted
        rooted |= {thread_id} if root else set()
        post = a_post(
            text, thread_id if root else f"weibo:{n:03d}", thread=thread_id, author=author, at=at, account=account,
            by_school=what != "comment", kind=Kind.POST if root else Kind.COMMENT,
        )  # fmt: skip
        out.append((assessed(post, negative=negative), likes))
    return out


def note(conn: Connection, gatherer: Gatherer, one: Assessment, likes: int = 0, **given: bool) -> Evidence:
    keep_counts(conn, counts(one.post, likes))
    keep(conn, one.post)
    return gatherer.note(conn, one, counts_for_incidents=given.get("counts_for_incidents", True))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=14))
def test_the_store_and_the_ledger_judge_every_line_alike(kept_store: Store, spoken: list[Spoken]) -> None:
    judged_alike(kept_store, spoken)


def judged_alike(kept_store: Store, spoken: list[Spoken]) -> None:
    ledger, gatherer = Ledger(HOSTS, NAMED), Gatherer(SCHOOL, HOSTS, NAMED)
    with kept_store.write() as conn:
        wipe(conn)
        for one, likes in told(spoken):
            mine = note(conn, gatherer, one, likes)
            theirs = ledger.note(one, likes)
            now = one.post.published_at
            assert (risk(mine, now), mine.marks) == (risk(theirs, now), theirs.marks)
            assert decide(mine, risk(mine, now)) == decide(theirs, risk(theirs, now))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=4, max_size=20))
def test_where_there_is_room_for_few_the_store_and_the_ledger_still_judge_alike(
    kept_store: Store, spoken: list[Spoken]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, few in {"ROOM": 2, "CUE_ROOM": 1, "EACH_VOICE": 1, "CUE_THREADS": 1}.items():
            patch.setattr(evidence, name, few)
        patch.setattr(novelty, "FULL", 1)
        judged_alike(kept_store, spoken)


def figures_of(conn: Connection) -> tuple[object, ...]:
    counted = [conn.execute(select(func.count()).select_from(t)).scalar_one() for t in (lines, marks, mark_keys)]
    by_hour = conn.execute(select(hours.c.account_id, hours.c.hour, hours.c.lines, hours.c.negative)).all()
    return *counted, sorted(by_hour)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_lines_that_come_again_change_no_figure(
    kept_store: Store, spoken: list[Spoken], start: int, end: int
) -> None:  # fmt: skip
    roots_first = sorted(spoken, key=lambda line: line[-1] != "root")  # one that comes later tells a line its place
    gatherer, lot = Gatherer(SCHOOL, HOSTS, NAMED), told(roots_first)
    with kept_store.write() as conn:
        wipe(conn)
        for one, likes in (*lot, *lot):  # a line that came before its root gains the root's place the second time
            note(conn, gatherer, one, likes)
        before = figures_of(conn)
        for one, likes in lot[start:end]:
            note(conn, gatherer, one, likes)
        assert figures_of(conn) == before


def test_what_lies_before_the_watch_feeds_the_baseline_and_leaves_no_mark(kept_store: Store) -> None:
    with kept_store.write() as conn:
        gatherer = Gatherer(SCHOOL, HOSTS)
        note(conn, gatherer, assessed(a_post(RAW_CHICKEN, "weibo:1")), counts_for_incidents=False)
        assert conn.execute(select(func.count()).select_from(marks)).scalar_one() == 0
        assert conn.execute(select(hours.c.lines)).scalar_one() == 1
        assert len(note(conn, gatherer, assessed(a_post(WORM, "weibo:2"))).marks) == 1


def test_words_of_the_school_are_kept_but_fill_no_hour(kept_store: Store) -> None:
    with kept_store.write() as conn:
        note(conn, Gatherer(SCHOOL, HOSTS), assessed(a_post("同学你好，已反映", by_school=True)))
        assert conn.execute(select(func.count()).select_from(lines)).scalar_one() == 1
        assert conn.execute(select(func.count()).select_from(hours)).scalar_one() == 0


def test_marks_that_were_spent_count_no_more(kept_store: Store) -> None:
    gatherer = Gatherer(SCHOOL, HOSTS)
    with kept_store.write() as conn:
        note(conn, gatherer, assessed(a_post(RAW_CHICKEN, "weibo:1")))
        spend(conn, SCHOOL, ["weibo:1"])
        found = note(conn, gatherer, assessed(a_post(WORM, "weibo:2")))
        assert [mark.post_id for mark in found.marks] == ["weibo:2"]


def told_by(voices: int, text: str = RAW_CHICKEN, first: int = 0) -> list[Assessment]:
    """The same matter in so many voices and words, a second apart."""
    return [
        assessed(
            a_post(f"{text}{chr(0x4E00 + 7 * n) * 9}", f"weibo:{n}", author=f"a{n}", at=START + timedelta(seconds=n)),
            negative=True,
        )
        for n in range(first, first + voices)
    ]


def test_what_many_have_said_makes_no_line_dearer_and_none_lighter(
    kept_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "ROOM", 8)
    gatherer = Gatherer(SCHOOL, HOSTS)
    with kept_store.write() as conn:
        found = [note(conn, gatherer, one) for one in told_by(30)]
        assert [len(one.marks) for one in found] == [min(n, 8 + 1) for n in range(1, 31)]
        assert all(any(mark.post_id == one.post_id for mark in one.marks) for one in found), "its own stands with it"
        weighed = [risk(one, START + timedelta(minutes=1)) for one in found]
        assert [one.points for one in weighed] == sorted(one.points for one in weighed)
        assert conn.execute(select(func.count()).select_from(marks)).scalar_one() == 30, "who counts lines counts all"
        other = note(
            conn, gatherer, assessed(a_post(POISONED, "weibo:99", author="b", at=START + timedelta(minutes=2)))
        )
        more = note(conn, gatherer, assessed(a_post(WORM, "weibo:100", author="c", at=START + timedelta(minutes=3))))
        assert "weibo:99" in {mark.post_id for mark in more.marks}, "who says something else has room"
        assert len(other.marks) == len(more.marks) - 1


def test_a_voice_that_repeats_itself_takes_no_room_from_others(
    kept_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "ROOM", 8)
    gatherer = Gatherer(SCHOOL, HOSTS)
    with kept_store.write() as conn:
        for one in told_by(30):
            same = one.model_copy(update={"post": one.post.model_copy(update={"author_key": "loud"})})
            note(conn, gatherer, same)
        for one in told_by(2, WORM, first=50):
            found = note(conn, gatherer, one)
        assert {mark.voice for mark in found.marks} == {"loud", "a50", "a51"}


def test_a_line_that_found_no_room_is_judged_with_its_own_mark_when_it_is_liked_and_never_after_its_end(
    kept_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "ROOM", 2)
    gatherer = Gatherer(SCHOOL, HOSTS)
    with kept_store.write() as conn:
        *_, last = told_by(5)
        for one in told_by(5):
            note(conn, gatherer, one)
        again = gatherer.again(conn, last, counts_for_incidents=True)
        assert last.post.id in {mark.post_id for mark in again.marks}
        spend(conn, SCHOOL, [last.post.id])
        again = gatherer.again(conn, last, counts_for_incidents=True)
        assert last.post.id not in {mark.post_id for mark in again.marks}


def test_likes_only_ever_grow_and_only_of_the_post_that_was_liked(kept_store: Store) -> None:
    gatherer = Gatherer(SCHOOL, HOSTS)
    with kept_store.write() as conn:
        for n in (1, 2):
            note(conn, gatherer, assessed(a_post(WORM, f"weibo:{n}")))
        for likes in (12, 5):
            note_likes(conn, SCHOOL, "weibo:1", likes)
        rows = conn.execute(select(lines.c.post_id, lines.c.likes).order_by(lines.c.post_id)).all()
        assert [tuple(row) for row in rows] == [("weibo:1", 12), ("weibo:2", 0)]


def test_another_school_in_the_same_store_is_never_counted(kept_store: Store) -> None:
    with kept_store.write() as conn:
        for n in range(3):
            one = assessed(a_post(RAW_CHICKEN, f"weibo:{n}", school="LG"))
            keep(conn, one.post)
            Gatherer("LG", HOSTS).note(conn, one, counts_for_incidents=True)
        found = note(conn, Gatherer(SCHOOL, HOSTS), assessed(a_post(RAW_CHICKEN, "weibo:9")))
        assert [mark.post_id for mark in found.marks] == ["weibo:9"]
        assert (found.copies, found.thread.lines) == (1, 1)
