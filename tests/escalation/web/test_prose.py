"""Hostile text: marked where it matched, clean of what cannot be seen, cut where it is too long, always escaped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from escalation.web.prose import SHOWN, clean, highlighted, marked, merged
from stream.post import door


def test_matched_places_are_marked_and_all_else_is_escaped() -> None:
    assert marked("<b>拉肚子</b>", [(3, 6)]) == "&lt;b&gt;<mark>拉肚子</mark>&lt;/b&gt;"


def test_overlapping_and_wild_spans_do_no_harm() -> None:
    assert merged([(5, 9), (0, 3), (2, 6), (-4, 1), (8, 999), (7, 7)], 10) == [(0, 10)]
    assert marked("一二三", [(2, 1), (9, 12)]) == "一二三"


def test_what_turns_or_hides_text_is_taken_out() -> None:
    assert clean("a\u202eb\u200bc\x00d\ufeff") == "abcd"
    assert clean("e" + "\u0301" * 50) == "e" + "\u0301" * 2
    assert clean("一\n\n\n\n二  三") == "一\n\n二 三"


def test_a_long_text_is_cut_with_a_mark_that_says_how_long_it_was() -> None:
    shown = marked("长" * 20_000, [(19_000, 19_010)])
    assert len(shown) < SHOWN + 40
    assert "全文共 20000 字" in shown


def test_of_a_text_cut_when_it_came_in_no_length_is_claimed() -> None:
    kept, _, cut = door("长" * 1_000_000)
    assert cut
    shown = highlighted(kept, ["长长"])
    assert shown.endswith("……（已截断，原文超过 20000 字）")
    assert "全文共" not in shown


def test_single_letters_are_not_marked_in_titles() -> None:
    assert highlighted("食堂的食品", ["食", "食堂"]) == "<mark>食堂</mark>的食品"


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(-5, 320), st.integers(-5, 320)), max_size=8))
def test_no_text_and_no_spans_ever_yield_a_tag_of_their_own(text: str, spans: list[tuple[int, int]]) -> None:
    shown = str(marked(text, spans))
    assert "<" not in shown.replace("<mark>", "").replace("</mark>", "")
    assert shown.count("<mark>") == shown.count("</mark>")
