"""What differs between book and platform: a rename needs the former name, a loss needs that it was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from escalation.alteration.compare import Difference, Kind, differences, same_name
from stream.account import Account

T0 = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOOK = Account("FL", "wb", "weibo", "风林学院", "9", "宣传部", "api", T0)


def _row(n: int, name: str | None = "风林学院", verified: bool | None = True, gone: str = "", **changes: Any) -> Any:
    """Shown from hour `n` on, for half an hour."""
    told = T0 + n * HOUR + HOUR / 2 if name is not None and not gone else None
    values = {
        "name": name, "verified": verified, "gone": gone, "first_at": T0 + n * HOUR, "told_at": told,
        "last_at": T0 + n * HOUR + HOUR / 2, "lost": bool(gone),
    }  # fmt: skip
    return SimpleNamespace(**values | changes)


def _kinds(*rows: Any, book: Account = BOOK) -> list[Kind]:
    return [one.kind for one in differences(book, rows)]


def test_nothing_differs_where_the_name_is_the_registered_one_but_for_width_and_blanks() -> None:
    assert _kinds(_row(0)) == []
    assert _kinds(_row(0, " 风林 学院 ")) == []
    assert same_name("ＡＢＣ学院", "abc学院")
    assert _kinds() == []


def test_a_rename_tells_both_names_and_when_each_was_seen() -> None:
    found = differences(BOOK, [_row(0), _row(1, "风林资讯"), _row(2, "风林资讯", False)])
    assert found[0] == Difference(Kind.RENAMED, "风林学院", "风林资讯", T0 + HOUR / 2, T0 + HOUR)


def test_a_second_rename_is_another_change_with_the_name_between() -> None:
    (found,) = differences(BOOK, [_row(0), _row(1, "甲"), _row(2, "乙")])
    assert (found.before, found.after, found.seen_at) == ("甲", "乙", T0 + 2 * HOUR)


def test_a_name_that_never_was_the_registered_one_is_no_rename() -> None:
    (found,) = differences(BOOK, [_row(0, "风林学院官微")])
    assert (found.kind, found.before, found.after, found.before_at) == (Kind.MISNAMED, "风林学院", "风林学院官微", None)


def test_the_book_brought_up_to_date_ends_the_difference() -> None:
    rows = [_row(0), _row(1, "风林资讯")]
    book = Account("FL", "wb", "weibo", "风林资讯", "9", "宣传部", "api", T0)
    assert _kinds(*rows, book=book) == []


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([_row(0, verified=False)], []),
        ([_row(0), _row(1, verified=False)], [Kind.UNVERIFIED]),
        ([_row(0), _row(1, verified=False), _row(2)], []),
        ([_row(0), _row(1, verified=None)], []),
    ],
)
def test_only_a_verified_account_loses_its_verification(rows: list[Any], kinds: list[Kind]) -> None:
    assert _kinds(*rows) == kinds


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([_row(0), _row(1, gone="不存在")], [Kind.GONE]),
        ([_row(1, None, None, gone="不存在")], []),
        ([_row(0), _row(1, gone="不存在", lost=False)], []),
        ([_row(0), _row(1, gone="不存在"), _row(2)], []),
        ([_row(0, None, None), _row(1, None, None, gone="不存在")], [Kind.GONE]),
    ],
)
def test_an_account_is_gone_when_it_was_there_and_the_platform_said_so_twice_minutes_apart(
    rows: list[Any], kinds: list[Kind]
) -> None:
    assert _kinds(*rows) == kinds


def test_an_account_that_is_not_in_use_differs_in_nothing() -> None:
    off = Account("FL", "wb", "weibo", "风林学院", "9", "宣传部", "api", T0, active=False)
    assert _kinds(_row(0), _row(1, "风林资讯", False), _row(2, gone="不存在"), book=off) == []
