"""Heads: the table in few bytes gives every weight that the heads have, and nothing elsewhere."""

import numpy as np
import pytest

from sentiment.curve import Curve
from sentiment.grams import BITS
from sentiment.heads import Head, Heads, Mix, Question

CURVE = Curve(np.array([0.0]), np.array([0.5]))


def random_heads(many: int, questions: tuple[Question, ...], seed: int) -> Heads:
    random = np.random.default_rng(seed)
    slots = np.sort(random.choice(1 << BITS, many, replace=False))
    heads: dict[Question, Head] = {}
    for question in questions:
        heads[question] = Head(
            slots[: many - len(heads)], random.integers(-127, 128, many - len(heads)).astype(np.int8), 0.1, 0.0, CURVE
        )
    return Heads(heads, Mix(np.zeros(4), CURVE))


@pytest.mark.parametrize(
    ("many", "questions", "kind"),
    [
        (3, (Question.LEANING, Question.NEUTRAL), np.uint8),
        (2_000, (Question.LEANING, Question.NEUTRAL, Question.CONCERN), np.uint16),
        (80_000, tuple(Question), np.uint32),  # more different rows than 16 bits hold
    ],
)
def test_the_table_has_the_weights_of_every_slot(many: int, questions: tuple[Question, ...], kind: type) -> None:
    heads = random_heads(many, questions, many)
    table = heads.table()
    assert table.places.dtype == kind
    plain = np.zeros((1 << BITS, len(Question)), np.int8)
    for place, question in enumerate(Question):
        if question in heads.heads:
            plain[heads.heads[question].slots, place] = heads.heads[question].steps
    assert np.array_equal(table.take(np.arange(1 << BITS)), plain)
    assert table.take(np.array([], np.int64)).shape == (0, len(Question))
