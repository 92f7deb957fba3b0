"""A flood in one matter: what is read once for a batch and counted along is what each line would find in the rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event

from stream import evidence, novelty
from stream.assessment import Assessment, Hit
from stream.copies import TextOf
from stream.crowd import Voices
from stream.evidence import Evidence, Host
from stream.figures import Gatherer
from stream.impression import COMPLAINT
from stream.kept import keep, keep_counts
from stream.line import spend
from stream.store import Store
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, SCHOOL, START, WORM, a_post, assessed, counts
from tests.stream.test_batch import TABLES, rows

HOSTS = {"canteen": Host("后勤处", False), "main": Host("宣传部", True)}
FELT = Hit(
    rule=COMPLAINT, version=3, title="疑似投诉", theme="canteen", category="grievance", weight=20, spans=(),
    words=(),
)  # fmt: skip
GAPS = (0, 1, 7, 30, 23 * 60, 25 * 60, 50 * 60, 71 * 60, 6 * 24 * 60)
TEXTS = (RAW_CHICKEN, RAW_CHICKEN + "！", WORM, CUE, PLAIN, POISONED, "felt 今天的菜真是说不过去了吧大家说呢", "好看")
LINE = st.tuples(
    st.sampled_from(TEXTS), st.integers(1, 12), st.integers(1, 2), st.sampled_from(["a", "b", "c", ""]),
    st.sampled_from(GAPS), st.sampled_from([0, 0, 9, 12, 30]), st.booleans(), st.sampled_from(["canteen", "main"]),
)  # fmt: skip
Spoken = tuple[str, int, int, str, int, int, bool, str]
Lot = list[tuple[Assessment, int]]


def said(spoken: list[Spoken], order: list[int]) -> Lot:
    """Days lie between some, they come in any order, and posts come again in other words or at another time."""
    out, at = [], START
    for text, number, thread, author, minutes, likes, negative, account in spoken:
        at += timedelta(minutes=minutes)
        name = f"weibo:t{number}" if number <= 2 else f"weibo:{number}"
        one = assessed(
            a_post(text, name, thread=f"weibo:t{thread}", author=author, at=at, account=account), negative=negative
        )
        out.append((one.model_copy(update={"hits": (FELT,)}) if text.startswith("felt") else one, likes))
    return [out[at] for at in sorted(range(len(out)), key=lambda at: order[at % len(order)])]


def told(conn: Connection, lot: Lot, *, at_once: int, text_of: TextOf | None = None) -> list[Evidence]:
    """The evidence of each line, so many noted together."""
    gatherer, out = Gatherer(SCHOOL, HOSTS), list[Evidence]()
    for start in range(0, len(lot), at_once):
        some = lot[start : start + at_once]
        for one, _ in some:
            keep(conn, one.post)
        with gatherer.batch(conn, [one for one, _ in some], text_of):
            out += [gatherer.note(conn, one, counts_for_incidents=True) for one, _ in some]
    return out


@pytest.mark.parametrize("few", [False, True], ids=["room", "little room"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spoken=st.lists(LINE, min_size=1, max_size=24), order=st.lists(st.integers(0, 3), min_size=1, max_size=24),
    at_once=st.integers(2, 24), ended=st.lists(st.integers(3, 12), max_size=6),
)  # fmt: skip
def test_what_a_batch_counts_along_is_what_every_line_finds_in_the_rows(
    kept_store: Store, few: bool, spoken: list[Spoken], order: list[int], at_once: int, ended: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if few:
            for name, most in {"ROOM": 2, "CUE_ROOM": 1, "EACH_VOICE": 1, "CUE_THREADS": 1}.items():
                patch.setattr(evidence, name, most)
            patch.setattr(novelty, "FULL", 1)
        compared(kept_store, spoken, order, at_once, ended)


def compared(store: Store, spoken: list[Spoken], order: list[int], at_once: int, ended: list[int]) -> None:
    """One by one and so many at once, some ended between."""
    lot = said(spoken, order)
    first, second = lot[: len(lot) // 2], lot[len(lot) // 2 :]
    results = []
    for size in (1, at_once):
        with store.write() as conn:
            for table in TABLES:
                conn.execute(table.delete())
            for one, likes in lot:
                keep_counts(conn, counts(one.post, likes))
                keep(conn, one.post)
            found = told(conn, first, at_once=size)
            spend(conn, SCHOOL, [f"weibo:{number}" for number in ended])
            found += told(conn, second, at_once=size)
            results.append((found, rows(conn)))
    assert results[0] == results[1]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 9))), st.integers(0, 10))
def test_voices_are_counted_by_when_they_were_last_heard(heard: list[tuple[str, int]], since: int) -> None:
    voices = Voices()
    for voice, at in heard:
        voices.heard(voice, at)
    assert voices.since(since) == len({voice for voice, at in heard if at >= since})


def asked(store: Store, lot: Lot) -> int:
    """Statements that noting these lines together takes."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine: Engine = store.engine
    with store.write() as conn:
        event.listen(engine, "before_cursor_execute", note)
        told(conn, lot, at_once=len(lot), text_of=lambda _: POISONED)
        event.remove(engine, "before_cursor_execute", note)
    return len([one for one in seen if one.startswith("SELECT")])


def test_a_flood_asks_no_more_questions_than_a_few_lines(kept_store: Store) -> None:
    def flood(first: int, many: int) -> Lot:
        return [
            (assessed(a_post(f"{POISONED}{n}", f"weibo:{n}", author=f"a{n}", at=START + timedelta(seconds=n))), 0)
            for n in range(first, first + many)
        ]

    with kept_store.write() as conn:
        told(conn, flood(0, 60), at_once=60)
    few = asked(kept_store, flood(100, 4))
    assert asked(kept_store, flood(200, 40)) == few
