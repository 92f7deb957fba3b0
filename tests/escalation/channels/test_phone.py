"""电话通知: what a named person may record, and what it means."""

from __future__ import annotations

from escalation.channels.phone import OUTCOMES, CallOutcome, refuse


def test_every_outcome_has_its_meaning_and_its_next_step() -> None:
    assert set(OUTCOMES) == set(CallOutcome)
    assert len({meaning.title for meaning in OUTCOMES.values()}) == len(OUTCOMES)
    assert all(meaning.follow.endswith("。") for meaning in OUTCOMES.values())


def test_whoever_was_reached_is_not_rung_again_and_a_bad_number_neither() -> None:
    for meaning in OUTCOMES.values():
        assert meaning.again != (meaning.reached or meaning.contact_bad)


def test_a_record_without_the_word_it_needs_is_refused() -> None:
    assert refuse("told", "") is None
    assert "代接" in (refuse("proxy", "  ") or "")
    assert refuse("proxy", "李老师代接") is None
    assert refuse("nonsense", "x") is not None
