"""Lines noted and kept together leave the same evidence and the same rows as one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from sentiment.normalise import normalise
from stream.assessment import Assessment
from stream.evidence import Evidence, Host
from stream.figures import Gatherer
from stream.kept import Keeping, Kept, assessments, keep, keep_assessment, keep_counts, posts, revisions
from stream.kept import counts as count_rows
from stream.line import hours, lines, mark_keys, marks, postings
from stream.novelty import fingerprint
from stream.store import Store
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, SCHOOL, START, WORM, a_post, assessed, counts

TABLES = (posts, revisions, assessments, lines, marks, mark_keys, postings, hours, count_rows)
HOSTS = {"canteen": Host("后勤处", False), "main": Host("宣传部", True)}
TEXTS = (RAW_CHICKEN, RAW_CHICKEN + "！", WORM, CUE, PLAIN, POISONED, "2食堂青菜里吃出虫子，还没人理", "好看")
LINE = st.tuples(
    st.sampled_from(TEXTS), st.integers(1, 8), st.integers(1, 2), st.sampled_from(["a", "b", ""]),
    st.integers(0, 90), st.sampled_from([0, 0, 12, 30]), st.booleans(), st.sampled_from(["canteen", "main"]),
    st.booleans(), st.booleans(),
)  # fmt: skip
Spoken = tuple[str, int, int, str, int, int, bool, str, bool, bool]


def said(spoken: list[Spoken]) -> list[tuple[Assessment, int, bool]]:
    """Ids repeat, so that a post comes again, in the same words or in others, earlier or later; some are roots."""
    out, at = [], START
    for text, number, thread, author, minutes, likes, negative, account, by_school, before in spoken:
        at += timedelta(minutes=minutes)
        post = a_post(
            text, f"weibo:t{number}" if number <= 2 else f"weibo:{number}", thread=f"weibo:t{thread}", author=author,
            at=at, account=account, by_school=by_school,
        )  # fmt: skip
        out.append((assessed(post, negative=negative), likes, before))
    return out


NEAR = tuple(f"{RAW_CHICKEN[start:]}，{POISONED[:end]}" for start in (0, 3, 7) for end in (4, 9, 14, 30))
"""Texts that share much or little with each other."""
COPIED = st.tuples(
    st.sampled_from(NEAR), st.integers(3, 9), st.just(1), st.sampled_from(["a", "b", ""]), st.integers(0, 90),
    st.just(0), st.booleans(), st.just("canteen"), st.just(value=False), st.just(value=False),
)  # fmt: skip


def handed(one: Assessment) -> Assessment:
    """With what a worker hands on."""
    normal = normalise(one.post.text).text
    return one.model_copy(update={"normal": normal, "prints": fingerprint(normal)})


def rows(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but the running numbers, sorted."""
    found = {}
    for table in TABLES:
        columns = [column for column in table.columns if column.name != "row"]
        found[table.name] = sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)
    return found


def one_by_one(conn: Connection, lot: list[tuple[Assessment, int, bool]]) -> list[tuple[Kept, Evidence | None]]:
    gatherer, out = Gatherer(SCHOOL, HOSTS), list[tuple[Kept, Evidence | None]]()
    for one, _, before in lot:
        kept = keep(conn, one.post)
        evidence = gatherer.note(conn, one, counts_for_incidents=not before) if kept.new_revision else None
        if kept.new_revision:
            keep_assessment(conn, one, 7, [], START)
        out.append((kept, evidence))
    return out


def together(conn: Connection, lot: list[tuple[Assessment, int, bool]]) -> list[tuple[Kept, Evidence | None]]:
    gatherer, out = Gatherer(SCHOOL, HOSTS), list[tuple[Kept, Evidence | None]]()
    keeping = Keeping(conn, SCHOOL, [one.post for one, _, _ in lot])
    with gatherer.batch(conn, [one for one, _, _ in lot], keeping.text, keeping.expect):
        for one, _, before in lot:
            kept = keeping.keep(one.post)
            evidence = gatherer.note(conn, one, counts_for_incidents=not before) if kept.new_revision else None
            if kept.new_revision:
                keeping.assess(one, 7, [], START)
            out.append((kept, evidence))
    keeping.write()
    return out


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=16), st.integers(0, 16))
def test_a_batch_gives_what_single_lines_give(kept_store: Store, spoken: list[Spoken], cut: int) -> None:
    lot = said(spoken)
    results = []
    for way in (one_by_one, together):
        with kept_store.write() as conn:
            for table in TABLES:
                conn.execute(table.delete())
            for one, likes, _ in lot:
                keep_counts(conn, counts(one.post, likes))
            found = way(conn, lot[:cut]) + way(conn, lot[cut:])
            results.append((found, rows(conn)))
    assert results[0] == results[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COPIED, min_size=2, max_size=24), st.integers(0, 24), st.booleans())
def test_near_copies_in_many_batches_and_with_what_a_worker_hands_on_are_those_of_single_lines(
    kept_store: Store, spoken: list[Spoken], cut: int, hand_on: bool
) -> None:
    lot = said(spoken)
    given_on = [(handed(one), likes, before) for one, likes, before in lot] if hand_on else lot
    results = []
    for way, some in ((one_by_one, lot), (together, given_on)):
        with kept_store.write() as conn:
            for table in TABLES:
                conn.execute(table.delete())
            found = way(conn, some[:cut]) + way(conn, some[cut:])
            results.append((found, rows(conn)))
    assert results[0] == results[1]
