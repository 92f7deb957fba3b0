"""A store that goes away when a test says so: locked by somebody else, or a server that is being restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from stream.store import Store, StoreUnavailable


class Shaky(Store):
    """A store that is away for as many transactions as a test says."""

    away = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("存储暂不可用：database is locked")
        with super().write() as conn:
            yield conn
