"""Retention: what goes, when, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation import retention
from escalation.consultation import consultations
from escalation.incident import incidents, join
from escalation.incident.state import State
from stream.kept import keep, posts, revisions
from stream.post import Kind, Post, Route, Visibility, door
from stream.store import Store
from stream.store.types import Moment
from tests.mould import pour

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = pour(tmp_path / "store.db")
    yield opened
    opened.close()


def put(store: Store, post_id: str, days: float, **changes: object) -> None:
    kept, digest, cut = door("二食堂今天的菜")
    at = NOON - timedelta(days=days)
    values: dict[str, object] = {
        "school": "s", "id": post_id, "kind": Kind.COMMENT, "platform": "weibo", "account_id": "a", "thread_id": "t",
        "text": kept, "text_hash": digest, "cut": cut, "author_key": "key", "published_at": at, "first_seen_at": at,
        "fetched_at": at, "revision": digest[:16], "route": Route.SANDBOX, "url": "https://weibo.invalid/1",
    }  # fmt: skip
    with store.write() as conn:
        keep(conn, Post.model_validate(values | changes))


def forget(store: Store) -> list[str]:
    with store.write() as conn:
        found = retention.due(conn, "s", NOON)
        retention.purge(conn, "s", found)
        return found


def test_a_comment_goes_after_ninety_days_and_not_before(store: Store) -> None:
    put(store, "old", 90.1)
    put(store, "young", 89.9)
    assert forget(store) == ["old"]
    with store.read() as conn:
        texts = {row.post_id: row.text for row in conn.execute(select(revisions))}
        assert texts == {"old": retention.GONE, "young": "二食堂今天的菜"}
        assert conn.execute(select(posts.c.author_key).where(posts.c.id == "old")).scalar_one() == ""


def test_a_vanished_comment_goes_on_the_seventh_day(store: Store) -> None:
    put(store, "gone", 7.1, visibility=Visibility.VANISHED)
    put(store, "just", 6.9, visibility=Visibility.VANISHED)
    assert forget(store) == ["gone"]


def test_the_schools_own_posts_stay(store: Store) -> None:
    put(store, "own", 400, by_school=True, kind=Kind.POST)
    assert forget(store) == []


def test_purging_again_finds_nothing(store: Store) -> None:
    put(store, "old", 100)
    assert forget(store) == ["old"]
    assert forget(store) == []


@pytest.mark.parametrize(("state", "expected"), [(State.HANDLING, []), (State.CLOSED, ["old"])])
def test_an_open_incident_holds_its_members(store: Store, state: State, expected: list[str]) -> None:
    put(store, "old", 100)
    with store.write() as conn:
        row: dict[str, object] = {
            column.name: None if isinstance(column.type, Moment) else ""
            for column in incidents.columns if column.name != "id"
        } | {
            "school": "s", "number": "FX-2026-0001", "state": state, "level": 2, "level_by_machine": 2, "risk": 50,
            "triggers": [], "dangers": [], "reasons": [], "frozen": {},
            "detected_at": NOON, "opened_at": NOON, "confirmed_at": None,
            "closed_at": None, "resumed_at": None, "late": False, "trial": False, "rehearsal": False, "care": False,
        }  # fmt: skip
        number = conn.execute(incidents.insert().values(**row).returning(incidents.c.id)).scalar_one()
        join(conn, number, "s", ["old"], 50, NOON)
    assert forget(store) == expected


def test_a_private_message_goes_a_month_after_its_answer_and_stays_while_it_waits(store: Store) -> None:
    for name, ended in (("answered", 30.1), ("lately", 29.9), ("waiting", None)):
        put(store, name, 40, kind=Kind.MESSAGE, thread_id=name)
        with store.write() as conn:
            conn.execute(
                consultations.insert().values(
                    school="s", thread=name, post_id=name, account_id="a", platform="wechat", unit="u", private=True,
                    state="answered" if ended else "open", round=1, asked_at=NOON, first_asked_at=NOON, found_at=NOON,
                    article="", clause="", source="none", promise="", answer_url="", answer="",
                    ended_at=NOON - timedelta(days=ended) if ended else None,
                )
            )  # fmt: skip
    assert forget(store) == ["answered"]
