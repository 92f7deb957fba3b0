"""The store's contract, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import socket
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError

from escalation.incident import entries, open_keys
from escalation.people import people
from stream.assessment import Polarity, Target
from stream.dead_letter import bury, dead_letters
from stream.kept import assessments
from stream.position import Fenced, advance, positions, stored
from stream.pulse import beat, freshest, pulses
from stream.store import FULL, Store, StoreUnavailable, add_new, insert_new, put
from tests.mould import lay

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_an_instant_comes_back_aware_and_in_utc(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    with store.write() as conn:
        beat(conn, "watch", datetime(2026, 11, 3, 0, 30, tzinfo=shanghai))
    with store.read() as conn:
        assert freshest(conn, NOON)["watch"].at == datetime(2026, 11, 2, 16, 30, tzinfo=UTC)
        same = select(pulses.c.role).where(pulses.c.at == datetime(2026, 11, 2, 16, 30, tzinfo=UTC))
        assert conn.execute(same).scalar_one() == "watch"


def test_a_pulse_from_the_future_is_no_sign_of_life(store: Store) -> None:
    with store.write() as conn:
        put(conn, pulses, [_pulse("watch", "old:1", NOON + timedelta(hours=8)), _pulse("watch", "new:2", NOON)])
        put(conn, pulses, [_pulse("index", "old:1", NOON + timedelta(hours=8))])
    with store.read() as conn:
        found = freshest(conn, NOON + timedelta(hours=3))
    assert found["watch"].at == NOON
    assert not found["watch"].alive(NOON + timedelta(hours=3))
    assert not found["index"].alive(NOON + timedelta(hours=3))
    assert found["index"].alive(NOON + timedelta(hours=8)), "when its time has come it says what any other says"


def test_a_beat_removes_what_its_role_left_long_ago_or_from_the_future(store: Store) -> None:
    with store.write() as conn:
        old, future = NOON - timedelta(hours=2), NOON + timedelta(hours=8)
        put(conn, pulses, [_pulse("watch", "dead:1", old), _pulse("watch", "ahead:2", future)])
        put(conn, pulses, [_pulse("watch", "twin:3", NOON - timedelta(seconds=5)), _pulse("index", "dead:1", old)])
        beat(conn, "watch", NOON)
        kept = {(row.role, row.instance) for row in conn.execute(select(pulses))}
    assert kept == {("watch", "twin:3"), ("index", "dead:1"), ("watch", f"{socket.gethostname()}:{os.getpid()}")}


def _pulse(role: str, instance: str, at: datetime) -> dict[str, object]:
    return {"role": role, "instance": instance, "at": at, "trouble": ""}


def test_a_naive_time_is_refused_with_a_sentence(store: Store) -> None:
    with pytest.raises(StatementError, match="时间须带时区"), store.write() as conn:
        beat(conn, "watch", datetime(2026, 11, 3))


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    def halfway() -> None:
        with store.write() as conn:
            beat(conn, "watch", NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        halfway()
    with store.read() as conn:
        assert freshest(conn, NOON) == {}


def test_insert_new_says_which_rows_were_new(store: Store) -> None:
    row = {"reader": "r", "partition": 0, "next": 1}
    with store.write() as conn:
        assert insert_new(conn, positions, [row]) == [("r", 0)]
        assert insert_new(conn, positions, [row, row | {"partition": 1}]) == [("r", 1)]


def test_insert_new_raises_for_any_other_clash(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as conn:
        insert_new(conn, open_keys, [{"school": "s", "key": "k", "incident_id": 4711}])


ASSESSED = {
    "school": "s", "post_id": "p", "revision": "r" * 16, "polarity": Polarity.NEGATIVE, "p_negative": 0.25, "snow": 1.0,
    "engine": "blend", "target": Target.NONE, "hits": [{"words": ["没熟'; --"], "spans": [[0, 2]]}], "themes": [],
    "risk": 3, "reasons": [{"name": "负面", "share": 100}], "assessed_at": NOON,
    "watched_at": NOON.astimezone(timezone(timedelta(hours=8))),
}  # fmt: skip


def test_add_new_keeps_what_insert_new_keeps(store: Store) -> None:
    rows = [ASSESSED | {"post_id": name} for name in ("a", "b😂", "c")]
    kept = []
    for write in (insert_new, add_new):
        with store.write() as conn:
            conn.execute(assessments.delete())
            write(conn, assessments, rows)
            kept.append(conn.execute(select(assessments).order_by(assessments.c.post_id)).all())
    assert kept[0] == kept[1]
    assert [row.post_id for row in kept[1]] == ["a", "b😂", "c"]
    assert kept[1][0].watched_at == NOON


def test_add_new_leaves_alone_what_is_there_and_what_comes_twice(store: Store) -> None:
    with store.write() as conn:
        add_new(conn, assessments, [])
        add_new(conn, assessments, [ASSESSED])
        add_new(conn, assessments, [ASSESSED | {"risk": 9}, ASSESSED | {"post_id": "q"}, ASSESSED | {"post_id": "q"}])
        found = conn.execute(select(assessments.c.post_id, assessments.c.risk).order_by(assessments.c.post_id)).all()
    assert [tuple(row) for row in found] == [("p", 3), ("q", 3)]


def test_add_new_raises_for_any_other_clash_and_for_what_does_not_fit(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as conn:
        add_new(conn, open_keys, [{"school": "s", "key": "k", "incident_id": 4711}])
    with pytest.raises(ValueError, match="超过 32"), store.write() as conn:
        add_new(conn, assessments, [ASSESSED | {"school": "s" * 33}])
    with pytest.raises(ValueError, match="时区"), store.write() as conn:
        add_new(conn, assessments, [ASSESSED | {"watched_at": datetime(2026, 11, 3, 12)}])
    with store.read() as conn:
        assert conn.execute(select(assessments.c.post_id)).all() == []


def test_put_brings_a_row_up_to_date(store: Store) -> None:
    row = {"school": "s", "id": "p", "name": "甲", "title": "", "unit": "", "email": "", "mobile": "", "active": True}
    with store.write() as conn:
        put(conn, people, [row])
        put(conn, people, [row | {"name": "乙"}])
        assert conn.execute(select(people.c.name)).scalars().all() == ["乙"]


def test_a_text_that_is_too_long_is_refused_on_both(store: Store) -> None:
    row = {
        "school": "s" * 33,
        "id": "p",
        "name": "",
        "title": "",
        "unit": "",
        "email": "",
        "mobile": "",
        "active": True,
    }
    with pytest.raises(StatementError, match="超过 32"), store.write() as conn:
        put(conn, people, [row])


@pytest.mark.parametrize("words", ["长" * 5000, "%_" * 40, "一\x00二"])
def test_what_is_looked_for_may_be_longer_than_what_can_be_kept(store: Store, words: str) -> None:
    with store.read() as conn:
        held = people.c.name.contains(words, autoescape=True) | (people.c.id == words) | people.c.id.in_([words])
        assert conn.execute(select(people.c.id).where(held)).all() == []


def test_no_error_of_the_store_tells_what_somebody_wrote(store: Store) -> None:
    letter = {
        "reader": "r", "topic": "posts", "partition": 0, "offset": 3, "digest": "secret-digest", "body": b"secret-body",
        "reason": "secret-reason", "at": NOON,
    }  # fmt: skip
    for row in ([letter, letter], [letter | {"reason": None}], [letter | {"digest": "secret" * 20}]):
        with pytest.raises(StatementError) as caught, store.write() as conn:
            conn.execute(dead_letters.insert(), row)
        told = "".join(traceback.format_exception(caught.value))
        assert "INSERT INTO dead_letters" in told
        assert "secret" not in told


def test_a_position_moves_only_from_where_it_stands(store: Store) -> None:
    with store.write() as conn:
        advance(conn, "r", 0, None, 5)
        advance(conn, "r", 0, 5, 9)
    with pytest.raises(Fenced), store.write() as conn:
        advance(conn, "r", 0, 5, 7)
    with pytest.raises(Fenced), store.write() as conn:
        advance(conn, "r", 0, None, 7)
    with store.read() as conn:
        assert stored(conn, "r", [0, 1]) == {0: 9}


def test_burying_a_letter_twice_keeps_one(store: Store) -> None:
    def once() -> bool:
        with store.write() as conn:
            return bury(
                conn, reader="r", topic="posts", partition=0, offset=3, body=b"\xff\x00", reason="坏了", now=NOON
            )

    assert (once(), once()) == (True, False)
    with store.read() as conn:
        assert conn.execute(select(dead_letters.c.body)).scalars().all() == [b"\xff\x00"]


def test_an_incident_line_needs_its_incident(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(
            entries.insert().values(
                incident_id=4711, at=NOON, kind="machine", heading="", text="", actor="", article=""
            )
        )


def test_a_file_put_in_the_place_of_another_is_read_and_written_from_then_on(tmp_path: Path) -> None:
    store, other = Store(lay(tmp_path / "store.db")), Store(lay(tmp_path / "other.db"))
    for one, role in ((store, "watch"), (other, "index")):
        with one.write() as conn:
            beat(conn, role, NOON)
    other.close()
    for left in tmp_path.glob("store.db*"):
        left.rename(left.with_name(f"aside{left.name.removeprefix('store')}"))
    (tmp_path / "other.db").rename(tmp_path / "store.db")
    with store.write() as conn:
        beat(conn, "notify", NOON)
    store.close()
    anew = Store(f"sqlite:///{tmp_path}/store.db")
    with anew.read() as conn:
        assert set(freshest(conn, NOON)) == {"index", "notify"}
    anew.close()


def test_a_full_disk_is_said_in_words_and_leaves_nothing_and_room_is_found_again(store: Store) -> None:
    """The real thing stands in `tests/live/test_full_disk.py`; here the database is told that there is no room."""
    if store.sqlite:
        with store.write() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def write(role: str) -> None:
        with store.write() as conn:
            put(conn, pulses, [_pulse(role, "one:1", NOON) | {"trouble": "满" * 100_000}])
            if role == "watch" and not store.sqlite:
                conn.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$")

    with pytest.raises(StoreUnavailable, match=FULL):
        write("watch")
    with store.write() as conn:
        assert not conn.execute(select(pulses)).all()
        if store.sqlite:
            conn.exec_driver_sql("PRAGMA max_page_count = 1073741823")
    write("index")
    with store.read() as conn:
        assert conn.execute(select(pulses.c.role)).scalars().all() == ["index"]
