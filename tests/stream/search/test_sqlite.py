"""What the embedded search keeps in its file: of what was deleted nothing, of an earlier version's file everything."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.search import Document, Query, SearchRefused, sqlite_rows
from stream.search.pairs import pairs_of_texts
from stream.search.sqlite import SqliteSearch

NOON = datetime(2026, 11, 3, 4, tzinfo=UTC)
TEXTS = st.sampled_from(["", "食堂的饭", "饭里有虫子", "食堂食堂", "Ａ1 %\x01", "か\u3099", "饭"])
STEPS = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), TEXTS), min_size=1, max_size=6) | st.integers(0, 5),
    max_size=8,
)
"""Batches of (which document, which revision, its text), and deletions."""


def document(number: int, text: str = "食堂", revision: int = 0) -> Document:
    at = NOON + timedelta(minutes=number // 3)
    fetched = at + timedelta(hours=revision)
    return Document("S", f"weibo:{number}", "comment", "weibo", "canteen", "weibo:t", text, "neutral", 0, at, fetched)


def vocabulary(file: Path) -> dict[str, int]:
    """Every pair that the index holds, and how many texts have it."""
    with closing(sqlite3.connect(file)) as beside:
        beside.execute("CREATE VIRTUAL TABLE temp.held USING fts5vocab (main, bigrams, row)")
        return dict(beside.execute("SELECT term, doc FROM temp.held").fetchall())


def of_texts(texts: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pairs in pairs_of_texts(texts):
        for pair in set(pairs.split()):
            found[pair] = found.get(pair, 0) + 1
    return found


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_the_index_holds_the_pairs_of_what_is_kept_and_no_other(steps: list[list[tuple[int, int, str]] | int]) -> None:
    with TemporaryDirectory() as folder:
        search = SqliteSearch(f"sqlite:///{folder}/search.db")
        search.healthy()
        kept: dict[str, Document] = {}
        for step in steps:
            if isinstance(step, int):
                search.delete("S", [f"weibo:{step}"])
                kept.pop(f"weibo:{step}", None)
                continue
            batch = [document(number, text, revision) for number, revision, text in step]
            search.index(batch)
            for one in batch:
                if one.id not in kept or kept[one.id].fetched_at <= one.fetched_at:
                    kept[one.id] = one
        assert {one.id: one for one in search.find(Query("S"))} == kept
        search.close()
        assert vocabulary(Path(folder, "search.db")) == of_texts([one.text for one in kept.values()])


def test_posts_of_one_instant_that_outnumber_its_rows_go_on_in_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_rows, "ROOM", 3)
    search = SqliteSearch(f"sqlite:///{tmp_path}/search.db")
    at_noon = [replace(document(number), published_at=NOON) for number in range(40)]
    next_to_it = [replace(document(number), published_at=NOON + timedelta(microseconds=2)) for number in range(40, 44)]
    search.index([*at_noon[:4], *next_to_it])
    for one in at_noon[4:20]:
        search.index([one])
    search.index(at_noon[20:])
    assert {one.id: one for one in search.find(Query("S", "食堂"))} == {one.id: one for one in at_noon + next_to_it}
    search.close()


def test_the_file_of_an_earlier_version_answers_and_keeps_no_copy(tmp_path: Path) -> None:
    file = tmp_path / "search.db"
    search = SqliteSearch(f"sqlite:///{file}")
    kept = [document(number, f"第{number}条：食堂") for number in range(1200)]
    search.index(kept)
    search.close()
    with closing(sqlite3.connect(file)) as earlier, earlier:
        earlier.execute("DROP TABLE bigrams")
        earlier.execute("CREATE VIRTUAL TABLE pairs USING fts5 (tokens, tokenize = 'ascii')")
        earlier.execute("INSERT INTO pairs (rowid, tokens) SELECT row, '' FROM documents")
    for _ in range(2):
        assert search.count(Query("S", "条：食堂")) == 1200
        assert search.find(Query("S", "第7条")) == [kept[7]]
        search.close()
    with closing(sqlite3.connect(file)) as now:
        assert now.execute("SELECT name FROM sqlite_master WHERE name LIKE 'pairs%'").fetchall() == []
    assert vocabulary(file) == of_texts([one.text for one in kept])


def test_a_file_without_the_time_of_indexing_is_given_a_place_for_it(tmp_path: Path) -> None:
    file = tmp_path / "search.db"
    search = SqliteSearch(f"sqlite:///{file}")
    search.index([document(1, "食堂")])
    search.close()
    with closing(sqlite3.connect(file)) as earlier, earlier:
        for column in ("indexed_at", "rebuilt"):
            earlier.execute(f"ALTER TABLE documents DROP COLUMN {column}")
    search.index([replace(document(2, "食堂"), indexed_at=NOON)])
    assert [(one.id, one.indexed_at) for one in search.find(Query("S", "食堂"))] == [
        ("weibo:2", NOON), ("weibo:1", None),
    ]  # fmt: skip
    search.close()


def test_what_an_earlier_version_went_on_writing_into_a_new_file_is_found_and_nothing_else(
    tmp_path: Path,
) -> None:
    """Its program runs on while the new one is tried, or comes back: it makes its own table again and writes there."""
    file = tmp_path / "search.db"
    search = SqliteSearch(f"sqlite:///{file}")
    search.index([document(1, "食堂的饭"), document(2, "图书馆")])
    search.close()
    with closing(sqlite3.connect(file)) as earlier, earlier:
        earlier.execute("CREATE VIRTUAL TABLE pairs USING fts5 (tokens, tokenize = 'ascii')")
        earlier.execute("UPDATE documents SET text = '换了文字' WHERE id = 'weibo:1'")
        earlier.execute("DELETE FROM documents WHERE id = 'weibo:2'")
    assert [one.text for one in search.find(Query("S", "换了"))] == ["换了文字"]
    assert search.count(Query("S", "食堂")) == search.count(Query("S", "图书")) == 0
    search.close()
    assert vocabulary(file) == of_texts(["换了文字"])


def test_two_processes_that_forget_the_same_leave_no_pair_behind(tmp_path: Path) -> None:
    one, other = (SqliteSearch(f"sqlite:///{tmp_path}/search.db") for _ in range(2))
    asked = threading.Barrier(2)

    def busy(search: SqliteSearch, deed: Callable[[], None]) -> None:
        asked.wait()
        for _ in range(40):
            deed()
        search.close()

    def revised(number: count[int] = count()) -> None:
        one.index([document(1, f"宿舍第{next(number)}次", 1)])

    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(busy, one, revised),
            pool.submit(busy, other, lambda: other.delete("S", ["weibo:1"])),
        ]
        assert [one.result() for one in done] == [None, None]
    with closing(SqliteSearch(f"sqlite:///{tmp_path}/search.db")) as after:
        kept = after.find(Query("S"))
    assert vocabulary(tmp_path / "search.db") == of_texts([one.text for one in kept])


def test_a_date_that_no_row_can_stand_for_is_refused_by_name_and_the_rest_is_not_kept_up(tmp_path: Path) -> None:
    search = SqliteSearch(f"sqlite:///{tmp_path}/search.db")
    far = replace(document(1), published_at=datetime(2262, 6, 1, tzinfo=UTC))
    with pytest.raises(SearchRefused, match="2262"):
        search.index([far, document(2)])
    search.index([document(2), replace(document(3), published_at=datetime(2262, 1, 1, tzinfo=UTC))])
    assert search.count(Query("S")) == 2
    search.close()
