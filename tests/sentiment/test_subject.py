"""Subject: grave and theme, learned from the corpus, asked of texts of concern, and the stretches that weighed most."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import study, subject
from sentiment.engine import engine_by_name
from sentiment.grams import HEAD, TAIL, grams, stood
from sentiment.labelled import Kind, Labelled, Row
from sentiment.subject import ASKED_FROM, STRETCH_LONGEST, STRETCHES, Subjects, heaviest, whole_words

pytest.importorskip("sklearn")

GRAVE = "三号楼有人倒在楼梯口，满脸是血，第{}个人去喊人了"
MILD = "二食堂的米饭又夹生了，这是第{}回"
QUIET = "图书馆八点开门，第{}排有位置"


def corpus() -> list[Labelled]:
    def row(pattern: str, n: int, risk: int, theme: str) -> Row:
        return Row(pattern.format(n), "x", risk=risk, concern=risk > 0, family=f"{theme}-{n}", theme=theme)

    rows = [
        row(pattern, n, risk, theme)
        for n in range(30)
        for pattern, risk, theme in ((GRAVE, 3, "safety"), (MILD, 1, "canteen"), (QUIET, 0, "none"))
    ]
    return [Labelled(Path("x.tsv"), Kind.CORPUS, tuple(rows))]


@pytest.fixture(scope="module")
def subjects() -> Subjects:
    known = study.study(corpus())
    assert known is not None
    return study.fit(known)


def test_grave_and_theme_are_learned(subjects: Subjects) -> None:
    told, grumbled = subjects.judge(grams([GRAVE.format(99), MILD.format(99)]))
    assert (told[2], grumbled[2]) == ("safety", "canteen")
    assert grumbled[0] < 0.3 < 0.7 < told[0]
    assert grumbled[1] < 0.3 < 0.7 < told[1]


def test_stretches_are_those_words_that_make_the_difference(subjects: Subjects) -> None:
    text = "图书馆八点开门，三号楼有人倒在楼梯口"
    shown = "".join(text[start:end] for start, end in subjects.stretches(text, "safety"))
    assert shown
    assert not set(shown) & set("图书馆八点开门")


def test_file_gives_the_same_subjects_again_and_the_same_bytes(subjects: Subjects, tmp_path: Path) -> None:
    path = study.write(subjects, tmp_path)
    again = subject.load(path)
    assert again is not None
    assert subject.content(again) == path.read_bytes()
    assert again.judge(grams([GRAVE])) == subjects.judge(grams([GRAVE]))
    known = study.study(corpus())
    assert known is not None
    assert subject.content(study.fit(known)) == path.read_bytes()


def test_missing_file_judges_nothing_and_a_broken_one_is_refused(subjects: Subjects, tmp_path: Path) -> None:
    assert subject.load(tmp_path / subject.FILE) is None
    path = study.write(subjects, tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="fengxin train"):
        subject.load(path)


def test_without_a_grave_row_there_is_nothing_to_study() -> None:
    (file,) = corpus()
    mild = tuple(row for row in file.rows if row.risk != 3)
    assert study.study([Labelled(file.path, file.kind, mild)]) is None


@given(st.text(max_size=60))
def test_grams_that_stand_are_the_grams_of_the_text(text: str) -> None:
    text = text.replace("\ue000", "")
    slots, starts, ends = stood(text)
    assert np.unique(slots).tolist() == grams([text]).slots.tolist()
    assert ((starts >= 0) & (starts <= ends) & (ends <= len(text))).all()


@given(st.text(max_size=HEAD + TAIL + 40), st.data())
def test_stretches_lie_in_the_text_and_are_few(text: str, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(-2, 2), min_size=len(text), max_size=len(text)))
    spans = heaviest(weights, text)
    assert len(spans) <= STRETCHES
    assert all(0 <= start < end <= len(text) and end - start <= STRETCH_LONGEST for start, end in spans)
    assert all(text[start:end].isalnum() for start, end in spans)


def test_stretches_are_widened_to_the_words_they_cut_and_what_then_meets_is_one() -> None:
    text, words = "宿舍楼的热水", ("宿舍楼", "的", "热水")
    assert whole_words(text, ((1, 3), (4, 5)), words) == ((0, 3), (4, 6))
    assert whole_words(text, ((1, 2), (4, 5), (2, 3)), words) == ((0, 3), (4, 6))
    assert whole_words(text, ((2, 5),), words) == ((0, 6),)
    assert whole_words(text, ((1, 3),), ()) == ((1, 3),)
    address = "见https://example.cn处"
    assert whole_words(address, ((2, 5),), ("见", address[1:-1], "处")) == ((2, 5),), "no word of a reader"


@given(st.text(min_size=1, max_size=40), st.data())
def test_widened_stretches_lie_in_the_text_hold_the_old_ones_and_never_meet(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    words = [text[start:end] for start, end in pairwise(cuts)]
    starts = data.draw(st.lists(st.integers(0, len(text) - 1), max_size=3))
    spans = [(start, data.draw(st.integers(start + 1, len(text)))) for start in starts]
    wide = whole_words(text, spans, words)
    assert all(0 <= start < end <= len(text) for start, end in wide)
    assert all(any(one[0] <= start and end <= one[1] for one in wide) for start, end in spans)
    assert all(a[1] <= b[0] or b[1] <= a[0] for a, b in combinations(wide, 2))


def test_grounds_of_the_shipped_engine_are_whole_words() -> None:
    text = "宿舍楼道没有着火"
    (one,) = engine_by_name("blend").score([text])
    assert one.stretches
    assert "宿舍楼" in {text[start:end] for start, end in one.grounds}


def test_shipped_engine_answers_only_where_the_concern_is_worth_it() -> None:
    texts = ["今天天气真好", "宿舍三楼有人被打得满脸是血，没人管", "食堂米饭又夹生了，投诉三次没人理", ""]
    scores = engine_by_name().score(texts)
    for text, one in zip(texts, scores, strict=True):
        asked = one.p_concern is not None and one.p_concern >= ASKED_FROM
        assert (one.p_grave is not None, one.p_weighty is not None, one.theme is not None) == (asked, asked, asked)
        assert all(0 <= start < end <= len(text) for start, end in one.stretches)
    assert scores[1].p_grave is not None
    assert scores[1].p_grave > (scores[2].p_grave or 0.0)
