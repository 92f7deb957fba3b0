"""The audit as a file proves itself: what is altered, cut, moved or added is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from escalation.audit import GENESIS, head, record
from escalation.audit_file import NO_END, NOT_OURS, Proof, lines, span_of
from stream.store import Store
from tests.mould import pour

NOON = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)
DETAIL = {"b": 1.5, "a": "字\u2028行", "list": [1, None, {"深": True}], "big": 10**20}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Six rows of audit, an hour apart; before the fifth the clock was set back by a day."""
    opened = pour(tmp_path / "store.db")
    with opened.write() as conn:
        for n, hours in enumerate((0, 1, 2, 3, -20, 5)):
            at = NOON + timedelta(hours=hours)
            record(conn, school="s", now=at, actor=f"人{n}", action="note", subject="FX", detail=DETAIL | {"n": n})
    yield opened
    opened.close()


def exported(store: Store, since: datetime | None = None, until: datetime | None = None) -> list[str]:
    with store.read() as conn:
        return list(lines(conn, span_of(conn, since, until), NOON))


def said(given: list[str], printed: str = "") -> list[str]:
    return list(Proof().faults(given, printed))


def test_a_whole_export_proves_itself_and_ends_at_the_head_of_the_chain(store: Store) -> None:
    proof = Proof()
    assert list(proof.faults(exported(store))) == []
    with store.read() as conn:
        assert proof.head == head(conn)
    assert (proof.first, proof.rows) == (1, 6)


def test_the_fields_stand_in_the_file_as_they_are_stored(store: Store) -> None:
    first = json.loads(exported(store)[1])
    assert first["detail"] == DETAIL | {"n": 0}
    assert first["at"] == "2026-11-03T12:00:00.123456+00:00"
    assert first["previous"] == GENESIS


def test_a_part_proves_itself_and_a_clock_that_was_set_back_leaves_no_gap(store: Store) -> None:
    part = exported(store, NOON + timedelta(hours=2), NOON + timedelta(hours=6))
    proof = Proof()
    assert list(proof.faults(part)) == []
    assert (proof.first, proof.rows) == (3, 4)
    empty = exported(store, NOON + timedelta(days=9))
    assert said(empty) == []
    assert len(empty) == 2


def test_an_empty_audit_is_a_file_that_proves_itself(tmp_path: Path) -> None:
    opened = pour(tmp_path / "empty.db")
    assert said(exported(opened)) == []
    opened.close()


def altered(line: str, **changes: object) -> str:
    return json.dumps(json.loads(line) | changes, ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda all_: [*all_[:2], altered(all_[2], actor="别人"), *all_[3:]], "记录 2 内容与其指纹不符"),
        (lambda all_: [*all_[:2], altered(all_[2], detail={}), *all_[3:]], "记录 2 内容与其指纹不符"),
        (lambda all_: [*all_[:2], *all_[3:]], "应为记录 2，却是记录 3"),
        (lambda all_: [*all_[:2], all_[3], all_[2], *all_[4:]], "次序被改"),
        (lambda all_: all_[:-1], NO_END),
        (lambda all_: [*all_[:-2], all_[-1]], "结尾一行写明 6 条，文件里有 5 条"),
        (lambda all_: [*all_, all_[2]], "在结尾之后"),
        (lambda all_: [*all_[:2], "{", *all_[3:]], "第 3 行不是一条审计记录"),
        (lambda all_: [*all_[:2], '{"seq": 2}', *all_[3:]], "缺少字段"),
        (lambda all_: [altered(all_[0], previous="f" * 64), *all_[1:]], "记录 1 与上一条衔接不上"),
        (lambda all_: all_[1:], NOT_OURS),
        (lambda _: [], NOT_OURS),
        (lambda _: ["[" * 100_000], NOT_OURS),
    ],
)  # fmt: skip
def test_what_was_done_to_the_file_is_named(
    store: Store, change: Callable[[list[str]], list[str]], expected: str
) -> None:
    assert any(expected in one for one in said(change(exported(store)))), said(change(exported(store)))


def test_a_printed_head_must_be_in_the_file(store: Store) -> None:
    given = exported(store)
    printed = json.loads(given[3])["hash"]
    assert said(given, printed) == []
    assert "不在这份文件里" in said(given, "e" * 64)[-1]
