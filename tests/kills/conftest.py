"""Proofs say what differed: their assertions are explained like those of a test."""

import pytest

pytest.register_assert_rewrite("tests.kills.house", "tests.kills.proof")
