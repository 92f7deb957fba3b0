"""What was not seen: recorded gaps, silent machines, ended tokens, accounts without a way to be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.report.rows import GapRow, SourceRow
from escalation.report.unseen import EXPIRED, NO_SOURCE, UNSAID, Unseen, unseen
from stream.coverage import Lamp
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
    assert (found.total, found.reason) == (timedelta(days=7), NO_SOURCE)


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
    assert found[0].total == timedelta(days=3)
    later = replace(BOOK, watch_from=at(23, 8))
    assert unseen(replace(empty(), accounts=(later,)), NOW) == ()
