"""A station: an office with its watch, two watched accounts and a log to say things into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from escalation.incident import incidents
from escalation.watch import Watch
from stream import account
from stream.account import Account
from stream.assessment import Assessment
from stream.log.sqlite import SqliteLog
from stream.post import Counts, Post
from stream.topic import ASSESSED, ASSESSED_HISTORY
from tests.escalation.office import UNIT, Office
from tests.stream.said import SCHOOL, START, a_post, assessed

EARLY = START - timedelta(days=30)
ACCOUNTS = (
    Account(SCHOOL, "canteen", "weibo", "青禾后勤", "1", UNIT, "api", EARLY),
    Account(SCHOOL, "main", "weibo", "青禾职院", "2", "宣传部", "api", EARLY, main=True),
)


class Station:
    """What is said is watched at once; the clock of the office is the clock of the watch."""

    def __init__(self, folder: Path) -> None:
        self.office = Office.at(folder)
        with self.office.store.write() as conn:
            account.enter(conn, ACCOUNTS)
        self.log = SqliteLog(folder / "log.db")
        self.log.ensure({ASSESSED: 1, ASSESSED_HISTORY: 1})
        self.watch = self.watcher()
        self._said = 0

    def watcher(self) -> Watch:
        """Another watch on the same log and store."""
        office = self.office
        return Watch(self.log, office.store, SCHOOL, office.ground, lambda: office.now)

    def append(self, *records: Assessment | Counts) -> None:
        """Put records on the log."""
        self.log.append(ASSESSED, [(SCHOOL, one.wire()) for one in records])

    def say(self, text: str, *, negative: bool = True, **changes: Any) -> Post:
        """Somebody new says something a minute later, and it is watched."""
        self._said += 1
        self.office.now += timedelta(minutes=1)
        post = a_post(text, changes.pop("post_id", f"weibo:{self._said}"), **{"at": self.office.now} | changes)
        self.append(assessed(post, negative=negative))
        self.listen()
        return post

    def listen(self) -> None:
        """Watch everything that waits."""
        while self.watch.step(wait=0):
            pass

    def incidents(self) -> list[Row[Any]]:
        """Every incident, the oldest first."""
        return self.office.rows(incidents)

    def close(self) -> None:
        """End it."""
        self.watch.close()
        self.log.close()
        self.office.store.close()


@contextmanager
def open_station(folder: Path) -> Iterator[Station]:
    """A station that is closed in any case."""
    made = Station(folder)
    try:
        yield made
    finally:
        made.close()
