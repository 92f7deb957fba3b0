"""Judged together: whatever stands beside a text in its batch, its assessment is as if it stood alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sentiment
from sentiment.engine import engine_by_name
from sentiment.normalise import normalise
from stream.assess import assess
from stream.assessment import Assessment
from stream.post import Kind, Post
from tests.stream.test_assess import NOW, READER, post

ENGINE = engine_by_name()
CORPUS = Path(sentiment.__file__).parent / "corpus" / "train"
DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = ("evasion_test", "risk_dev", "cold_test", "weibo_bin_test", "events_test")
STANDS = (
    *[(Kind.COMMENT, False)] * 5,
    *((Kind.POST, True), (Kind.MESSAGE, False), (Kind.LEAD, False), (Kind.COMMENT, True)),
)
PIECES = (
    *(
        "食堂",
        "投诉",
        "tousu",
        "tou su",
        "tou诉",
        "偷素",
        "评仑",
        "木交",
        "🔥灾",
        "fdy",
        "辅导员打人",
        "有人跳楼了",
        "没有人受伤",
    ),
    *(
        "食 堂 吃",
        "食·堂",
        "《",
        "1",
        "a",
        " ",
        "\ud800",
        "，",
        "\n",
        "ｘ",
        "😀",
        "❤️",
        "不是演练",
        "隔壁大学",
        "的天气" * 1500,
    ),
)


def rows(path: Path) -> Iterator[str]:
    """The texts of a file of the corpus or of the data."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from (row["text"] for row in csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def posts(texts: Sequence[str]) -> list[Post]:
    """Comments mostly, and each other place where words stand."""
    return [post(text, kind, by_school=by, number=number) for number, text in enumerate(texts)
            for kind, by in [STANDS[number % len(STANDS)]]]  # fmt: skip


def alone(given: Post) -> Assessment:
    (answer,) = assess([given], ENGINE, READER, NOW)
    return answer


def differing(texts: Sequence[str]) -> list[str]:
    """The texts that are judged otherwise in company: forwards, and backwards with copies among them."""
    given = posts(texts)
    apart = [alone(one) for one in given]
    copies = [one for one in reversed(given) for _ in range(2)]
    twice = [one for one in reversed(apart) for _ in range(2)]
    together = [*assess(given, ENGINE, READER, NOW), *assess(copies, ENGINE, READER, NOW)]
    return [one.post.text for one, other in zip(together, [*apart, *twice], strict=True) if one != other]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.tsv")), ids=lambda path: path.stem)
def test_corpus_is_judged_together_as_one_at_a_time(path: Path) -> None:
    texts = list(islice(rows(path), 0, None, 12))
    assert texts
    assert differing(texts) == []


@pytest.mark.parametrize("name", FILES)
def test_data_is_judged_together_as_one_at_a_time(name: str) -> None:
    path = DATA / f"{name}.csv"
    if not path.exists():
        pytest.skip("the data files are not here")
    assert differing(list(islice(rows(path), 0, 3000, 15))) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8))
def test_any_writing_is_judged_together_as_alone(texts: list[str]) -> None:
    assert differing(texts) == []


def test_same_words_in_another_place_are_judged_for_that_place() -> None:
    words = "宿舍楼着火了，有人被困"
    given = [post(words), post(words, by_school=True, number=2), post(words, Kind.POST, by_school=True, number=3)]
    found = assess(given, ENGINE, READER, NOW)
    assert found == [alone(one) for one in given]
    assert found[0].hits
    assert not found[1].hits


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8))
def test_second_look_at_many_texts_is_that_at_each(texts: list[str]) -> None:
    read = [normalise(text) for text in texts]
    look = READER.disguises
    assert look.look_all(read) == [look.look(one) for one in read]
