"""Another process on the log, for the contract: `append` prints each acknowledged number, `read` commits to a ledger,
`hold` keeps its first batch in hand until it is told."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from stream.log import Log, Record, open_log
from stream.log.sqlite import SqliteLog
from tests.stream.log.ledger import Ledger


def open_at(url: str, session: float) -> Log:
    """The log at `url`; on SQLite with that session in seconds, which the settings do not offer."""
    if url.startswith("sqlite:///"):
        return SqliteLog(Path(url.removeprefix("sqlite:///")), session=timedelta(seconds=session))
    return open_log(url)


def append(log: Log, topic: str, name: str, batches: int) -> None:
    for number in range(batches):
        log.append(topic, [(f"{name}-{key}", f"{name}-{number}".encode()) for key in range(5)])
        print(number, flush=True)


def read(log: Log, topic: str, group: str, ledger: Path) -> None:
    store = Ledger(ledger)
    reader = log.reader(topic, group, store.positions)
    while True:
        records = reader.poll(7, 0.2)
        for partition in store.take(records):
            reader.back(partition)
        print(len(reader.assigned()), flush=True)


def hold(log: Log, topic: str, group: str, ledger: Path) -> None:
    """Hold the first batch until a line comes in, then try to commit it and read on; prints what is held, `fenced` or
    `taken`."""
    store = Ledger(ledger)
    reader = log.reader(topic, group, store.positions)
    records: list[Record] = []
    while not records:
        records = reader.poll(7, 0.2)
    print(len(records), flush=True)
    sys.stdin.readline()
    fenced = store.take(records)
    print("fenced" if fenced else "taken", flush=True)
    while True:
        for partition in fenced:
            reader.back(partition)
        fenced = store.take(reader.poll(7, 0.2))


if __name__ == "__main__":
    what, url, session, topic, third, fourth = sys.argv[1:]
    opened = open_at(url, float(session))
    if what == "append":
        append(opened, topic, third, int(fourth))
    elif what == "hold":
        hold(opened, topic, third, Path(fourth))
    else:
        read(opened, topic, third, Path(fourth))
