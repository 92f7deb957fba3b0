"""No line of a scenario, nor a near copy of one, is in what the shipped weights were trained on. No text is printed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.evaluation.case import files, read
from deploy.evaluation.scenarios import TRAINING
from sentiment import labelled
from sentiment.normalise import normalise
from stream.novelty import ALIKE, grams

TESTS = Path(__file__).resolve().parents[2]
PUBLISHED = TESTS.parents[1] / "shared" / "scenarios"


def trained() -> list[str]:
    return [row.text for one in labelled.read([TRAINING]) for row in one.rows]


def alike(lines: Iterable[tuple[str, str]], texts: Iterable[str]) -> Iterator[str]:
    """The names of the lines (name, text) that are the same words as one of the texts."""
    named = [(name, found) for name, text in lines if (found := grams(normalise(text).text))]
    having = defaultdict[str, list[int]](list)
    for number, (_, found) in enumerate(named):
        for gram in found:
            having[gram].append(number)
    for text in texts:
        said = grams(normalise(text).text)
        for number, shared in Counter(number for gram in said for number in having.get(gram, ())).items():
            name, found = named[number]
            if shared >= ALIKE * (len(said) + len(found) - shared):
                yield name


def test_a_copy_is_found_with_a_word_changed() -> None:
    text = trained()[0]
    assert list(alike([("a", f"{text}！"), ("b", "食堂的面很好吃，下次还来"), ("c", text[:5])], [text])) == ["a"]


def test_nothing_of_a_scenario_was_trained_on() -> None:
    cases = list(read([file for folder in (TESTS, PUBLISHED) for file in files(folder)]))
    assert len(cases) > 100
    lines = [(f"{case.scenario.name} {line.id}", line.text) for case in cases for line in case.scenario.lines]
    assert sorted(set(alike(lines, trained()))) == []
