"""Wire records: what was once written is read for ever. The golden files of `tests/wire` are never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.assessment import Assessment
from stream.novelty import fingerprint
from stream.post import CUT_MARK, TEXT_LIMIT, Counts, Post, door, sound_text
from stream.wire import Wire, WireError

WIRE = Path(__file__).parents[1] / "wire"
GOLDEN = WIRE / "v1"
DANGERS = WIRE / "v2" / "assessment-dangers.json"
KINDS: dict[str, type[Wire]] = {"post": Post, "counts": Counts, "assessment": Assessment}


@pytest.mark.parametrize("file", sorted(WIRE.glob("v*/*.json")), ids=lambda file: file.stem)
def test_a_golden_record_is_read_and_written_the_same(file: Path) -> None:
    raw = file.read_bytes().strip()
    record = KINDS[file.stem.split("-")[0]].from_wire(raw)
    assert record.wire() == raw


def test_every_kind_of_record_has_a_golden_file() -> None:
    assert {file.stem.split("-")[0] for file in GOLDEN.glob("*.json")} == set(KINDS)


def test_an_assessment_of_the_second_version_names_the_kinds_of_danger_of_each_hit() -> None:
    record = Assessment.from_wire(DANGERS.read_bytes())
    assert record.v == 2
    assert {hit.rule: hit.kinds for hit in record.hits} == {
        "SF-01": ("fire",), "SF-03": ("fall",), "SF-13": ("injury",),
    }  # fmt: skip


def test_an_assessment_of_the_first_version_is_read_and_knows_no_kinds() -> None:
    record = Assessment.from_wire((GOLDEN / "assessment-grave.json").read_bytes())
    assert (record.v, record.hits[0].grave, record.hits[0].kinds) == (1, True, ())
    assert b'"kinds"' not in record.wire()


def test_an_assessment_of_the_third_version_says_more_than_polarity() -> None:
    record = Assessment.from_wire((WIRE / "v3" / "assessment-figures.json").read_bytes())
    assert (record.v, record.p_negative, record.p_positive) == (3, 0.8125, 0.0625)
    assert (record.unsure, record.p_abuse, record.p_concern) == (False, 0.03125, 0.96875)


def test_an_engine_that_does_not_judge_abuse_says_so_on_the_wire() -> None:
    record = Assessment.from_wire((WIRE / "v3" / "assessment-snow.json").read_bytes())
    assert (record.p_positive, record.p_abuse, record.p_concern) == (0.0625, None, None)
    assert b'"p_abuse":null' in record.wire()


def test_what_a_worker_hands_on_is_read_and_is_not_written_where_nobody_has_it() -> None:
    record = Assessment.from_wire((WIRE / "v3" / "assessment-handed.json").read_bytes())
    assert record.normal == "宿舍着火了,有人从楼上掉下来了,救护车来了"
    assert record.prints == fingerprint(record.normal)
    without = Assessment.from_wire((WIRE / "v3" / "assessment-figures.json").read_bytes())
    assert (without.normal, without.prints) == (None, None)
    assert b'"prints"' not in without.wire()


def test_when_the_log_took_a_post_is_read_and_is_not_written_where_nobody_said_it() -> None:
    record = Assessment.from_wire((WIRE / "v3" / "assessment-logged.json").read_bytes())
    assert record.logged_at == datetime(2026, 11, 3, 4, 0, 2, 125_000, UTC)
    older = Assessment.from_wire((WIRE / "v3" / "assessment-handed.json").read_bytes())
    assert older.logged_at is None
    assert b"logged_at" not in older.wire()


@pytest.mark.parametrize("wrong", [b"[-1]", b"[4294967296]", b"[1,2,3,4,5,6,7]", b'["1a"]'])
def test_a_fingerprint_that_no_worker_makes_is_refused(wrong: bytes) -> None:
    raw = (WIRE / "v3" / "assessment-handed.json").read_bytes().strip()
    head, _, _ = raw.partition(b'"prints":')
    with pytest.raises(WireError, match=r"^prints"):
        Assessment.from_wire(head + b'"prints":' + wrong + b"}")


def test_assessments_before_the_third_version_know_no_figures_and_are_written_without() -> None:
    record = Assessment.from_wire(DANGERS.read_bytes())
    assert (record.p_positive, record.unsure, record.p_abuse, record.p_concern) == (None, None, None, None)
    assert b"p_positive" not in record.wire()
    assert b"unsure" not in record.wire()


def test_an_assessment_of_a_fourth_version_is_refused_by_its_name() -> None:
    raw = DANGERS.read_bytes()
    with pytest.raises(WireError, match=r"^v："):
        Assessment.from_wire(raw.replace(b'{"v":2', b'{"v":4', 1))


def test_a_field_of_a_later_version_is_passed_over() -> None:
    raw = (GOLDEN / "counts-seen.json").read_bytes().strip()
    later = raw[:-1] + b',"shares":4}'
    assert Counts.from_wire(later).wire() == raw


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ((b'"v":1', b'"v":2'), "v"),
        ((b'"kind":"comment"', b'"kind":"poem"'), "kind"),
        ((b'"published_at":"2026-11-03T04:00:00Z"', b'"published_at":"2026-11-03T04:00:00"'), "published_at"),
    ],
)
def test_a_record_that_is_none_of_ours_names_the_field(change: tuple[bytes, bytes], field: str) -> None:
    raw = (GOLDEN / "post-comment.json").read_bytes()
    assert change[0] in raw
    with pytest.raises(WireError, match=f"^{field}："):
        Post.from_wire(raw.replace(*change))


@pytest.mark.parametrize(
    ("file", "change", "field"),
    [
        ("counts-seen", (b'"likes":14', b'"likes":%d' % 2**31), "likes"),
        ("counts-seen", (b'"reposts":0', b'"reposts":%d' % 2**70), "reposts"),
        ("counts-seen", (b'"post_id":"', b'"post_id":"' + b"x" * 201), "post_id"),
        ("counts-seen", (b'"school":"', b'"school":"' + b"x" * 33), "school"),
        ("post-comment", (b'"parent_id":null', b'"parent_id":"' + b"x" * 201 + b'"'), "parent_id"),
        ("post-comment", (b'"author_key":"', b'"author_key":"' + b"x" * 65), "author_key"),
        ("post-comment", (b'"url":"', b'"url":"' + b"x" * 4001), "url"),
    ],
)
def test_what_no_column_can_hold_is_refused_at_the_door(file: str, change: tuple[bytes, bytes], field: str) -> None:
    raw = (GOLDEN / f"{file}.json").read_bytes()
    assert change[0] in raw
    with pytest.raises(WireError, match=f"^{field}："):
        KINDS[file.split("-")[0]].from_wire(raw.replace(*change))


def test_the_largest_count_that_a_column_holds_is_taken() -> None:
    raw = (GOLDEN / "counts-seen.json").read_bytes().replace(b'"likes":14', b'"likes":%d' % (2**31 - 1))
    assert Counts.from_wire(raw).likes == 2**31 - 1


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"v":1}'])
def test_noise_is_refused_as_a_wire_error(raw: bytes) -> None:
    with pytest.raises(WireError):
        Post.from_wire(raw)


@given(st.text(st.characters(codec=None)))
def test_a_sound_text_can_be_kept_anywhere_and_keeps_its_length(raw: str) -> None:
    sound = sound_text(raw)
    assert len(sound) == len(raw)
    assert "\x00" not in sound
    assert sound_text(sound) == sound
    sound.encode()


def test_a_megabyte_is_cut_at_the_door_and_known_by_the_hash_of_the_whole() -> None:
    kept, digest, cut = door("长" * 1_000_000)
    other = door("长" * 1_000_000 + "文")
    assert cut
    assert len(kept) == TEXT_LIMIT + len(CUT_MARK)
    assert kept == other[0]
    assert digest != other[1]
