"""The pairs that a search engine is given: those of the folded text, whatever characters stand beside each other."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from stream.search import pairs
from stream.search.pairs import CUT_AT_ONCE, END, fold, pairs_of_query, pairs_of_texts

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
NEIGHBOURS = [
    "a",
    "Ａ",
    "Σ",
    "가",
    "ᄀ",
    "ᅡ",
    "か",
    "\u3099",
    "\u0301",
    "İ",
    "食",
    " ",
    "\x00",
    "\x03",
    "\x1f",
    "\x7f",
    "ﾊﾟ",
    "❤️",
]
TEXTS = st.lists(st.sampled_from(NEIGHBOURS) | st.characters(codec="utf-8"), max_size=12).map("".join)


def written(text: str) -> str:
    """The reference: the folded text, its ASCII in the forms that stand in no folded text."""
    return fold(text).translate(pairs._WIDE)


def reference(text: str) -> str:
    closed = written(text) + END
    return " ".join(closed[at : at + 2] for at in range(len(closed) - 1))


@given(st.lists(TEXTS, max_size=2 * CUT_AT_ONCE + 1))
def test_texts_cut_together_are_cut_as_each_by_itself(texts: list[str]) -> None:
    assert pairs_of_texts(texts) == [reference(text) for text in texts]


@given(TEXTS)
def test_a_query_is_cut_as_the_text_without_its_end(words: str) -> None:
    folded = written(words.strip())
    assert "".join(one[0] for one in pairs_of_query(words)) + folded[-1:][: len(folded) > 1] == folded


def test_what_is_written_for_ascii_and_the_end_stands_in_no_folded_text() -> None:
    forms = {chr(code) for code in pairs._WIDE.values()} | {END}
    assert len(forms) == len(pairs._WIDE) + 1
    assert forms.isdisjoint(letter for char in EVERY for letter in fold(char))
    assert not any(letter.isascii() for char in EVERY for letter in written(char))


def test_a_character_read_by_itself_neither_composes_with_one_before_it_nor_changes_places() -> None:
    canonical = [made.split() for char in EVERY if (made := unicodedata.decomposition(char)) and made[0] != "<"]
    seconds = {chr(int(parts[1], 16)) for parts in canonical if len(parts) == 2}
    assert len(seconds) > 50
    for char in EVERY:
        if pairs._letter(char) != pairs._BY_TEXT:
            first = unicodedata.normalize("NFKC", char)[0]
            assert first not in seconds, ascii(char)
            assert unicodedata.combining(first) == 0, ascii(char)
            assert not 0x1100 <= ord(first) < 0x1200, ascii(char)
