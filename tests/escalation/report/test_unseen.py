"""What was not seen: recorded gaps, silent machines, ended tokens, accounts without a way to be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.report.rows import GapRow, SourceRow
from escalation.report.unseen import EXPIRED, UNSAID, Unseen, unseen
from stream.coverage import STOPPED, UNROUTED, Lamp, worst_of
from tests.escalation.report.sample import NOW, WEEK, account, at, empty, source

BOOK = account("风林职院")


def look(*gaps: GapRow, sources: tuple[SourceRow, ...] | None = None) -> Unseen | None:
    rows = replace(empty(), accounts=(BOOK,), gaps=gaps, sources=(source(BOOK),) if sources is None else sources)
    found = unseen(rows, NOW)
    return found[0] if found else None


def test_an_account_read_to_the_end_of_the_week_is_seen_whole() -> None:
    assert look() is None


def test_overlapping_gaps_are_counted_once_with_both_reasons() -> None:
    found = look(
        GapRow(BOOK.id, at(18, 2), at(18, 6), "授权过期"),
        GapRow(BOOK.id, at(18, 4), at(18, 8), "平台限流"),
        GapRow(BOOK.id, at(18, 5), at(18, 6), "", recorded=False),
    )
    assert found is not None
    assert found.total == timedelta(hours=6)
    assert found.reason == "授权过期；平台限流"
    assert found.state is Lamp.ON


def test_a_gap_is_cut_at_the_edges_of_the_week() -> None:
    found = look(GapRow(BOOK.id, at(15, 20), at(16, 3), "授权过期"), GapRow(BOOK.id, at(22, 20), None, "平台改版"))
    assert found is not None
    assert found.total == timedelta(hours=3 + 4)
    assert found.spans[0].starts == WEEK.starts
    assert found.spans[1].ends == WEEK.ends
    assert found.state is Lamp.BLIND


def test_a_machine_that_was_off_shows_although_no_gap_was_written() -> None:
    found = look(sources=(source(BOOK, at(21, 12)),))
    assert found is not None
    assert found.total == timedelta(hours=36)
    assert found.reason == UNSAID
    assert found.state is Lamp.BLIND


def test_an_account_without_a_source_was_not_seen_at_all() -> None:
    found = look(sources=())
    assert found is not None
    assert (found.total, found.reason) == (timedelta(days=7), UNROUTED)


def test_an_ended_token_is_blindness_from_that_moment() -> None:
    found = look(sources=(source(BOOK, at(22, 12), token_until=at(22, 12)),))
    assert found is not None
    assert found.total == timedelta(hours=12)
    assert EXPIRED in found.reason


def test_a_few_comments_fewer_than_shown_are_no_shortage() -> None:
    assert look(sources=(source(BOOK, seen=2_077, shown=2_081),)) is None
    found = look(sources=(source(BOOK, seen=618, shown=655),))
    assert found is not None
    assert (found.missing, found.spans) == (37, ())


def test_an_account_entered_in_mid_week_is_blind_only_from_then_on() -> None:
    young = replace(BOOK, watch_from=at(20, 0))
    found = unseen(replace(empty(), accounts=(young,)), NOW)
    assert (found[0].total, found[0].since) == (timedelta(days=3), young.watch_from)
    later = replace(BOOK, watch_from=at(23, 8))
    assert unseen(replace(empty(), accounts=(later,)), NOW) == ()


def test_an_account_watched_only_since_mid_week_was_not_seen_whole_although_it_was_seen_since() -> None:
    young = replace(BOOK, watch_from=at(20, 0))
    (found,) = unseen(replace(empty(), accounts=(young,), sources=(source(young),)), NOW)
    assert (found.since, found.spans, found.state) == (young.watch_from, (), Lamp.ON)


def test_a_switched_off_source_is_blind_in_the_report_as_on_the_desk() -> None:
    dead = source(BOOK, at(21, 12), stream="to_me", active=False)
    found = look(sources=(source(BOOK), dead))
    assert found is not None
    assert (found.state, found.total, found.reason) == (Lamp.BLIND, timedelta(hours=36), STOPPED)
    over = source(BOOK, at(21, 12), stream="show", active=False)
    assert look(sources=(source(BOOK), over)) is None


def test_a_source_switched_off_after_the_week_was_seen_in_it() -> None:
    off = source(BOOK, at(23, 7), stream="to_me", active=False, stopped_at=at(23, 8), note="账号已停用")
    assert look(sources=(source(BOOK), off)) is None


@pytest.mark.parametrize("hours", [0.05, 0.2, 0.5, 5, 50])
def test_report_and_desk_have_one_opinion_of_a_source(hours: float) -> None:
    one = source(BOOK, WEEK.ends - timedelta(hours=hours))
    found = look(sources=(one,))
    assert (found.state if found else Lamp.ON) is worst_of([one], WEEK.ends)[0]
