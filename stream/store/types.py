"""Column types that mean the same on SQLite and PostgreSQL, and the one MetaData every room declares its tables on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""A counter the database gives; never given by hand."""

Json: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A document. Never compared whole; hashed only as canonical text."""


class Moment(TypeDecorator[datetime]):
    """An instant: takes aware values only, keeps UTC, gives aware UTC back on either dialect."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time with a sentence; SQLite keeps no offset, so it is given the naive UTC time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("时间须带时区")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """On SQLite at once the words that its DateTime would write, four times as fast: each line has seven."""
        return _sqlite_moment if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC, whatever the driver gave."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@lru_cache(maxsize=2048)  # most instants of a batch stand in several of its rows
def _sqlite_moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("时间须带时区")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Word(TypeDecorator[str]):
    """A bounded string without NUL, checked before either database sees it (SQLite would keep any length)."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        """At most `length` characters."""
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect | None) -> str | None:
        """Refuse what does not fit, naming the length and never the words: they may be a commenter's."""
        if value is None:
            return None
        if len(value) > self.length or "\x00" in value:
            raise ValueError(f"文字长 {len(value)}，超过 {self.length}，或含空字符")
        return value

    def fit_all(self, values: Sequence[Any]) -> Sequence[Any]:
        """The same for many values at once: of ten thousand none is wrong."""
        if None not in values and "\x00" not in "".join(values) and max(map(len, values), default=0) <= self.length:
            return values
        return [self.process_bind_param(value, None) for value in values]

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """What is looked for may be longer than what can be kept: then it is not found."""
        return Sought()


class Sought(TypeDecorator[str]):
    """A string that a column is compared with: of any length; a NUL, which no column holds, becomes U+FFFD."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """PostgreSQL refuses a NUL."""
        return value.replace("\x00", "\ufffd") if value else value
