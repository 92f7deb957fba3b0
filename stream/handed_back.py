"""Handed back 重取: dead letters that an operator gave to their reader again.

The reader that has the letter's partition takes it, alone. Its effects, the end of the letter and a look whether the
position still is this reader's are one transaction, so it takes effect once, whoever is killed or paused where. What
lies outside the store (the next topic, the search) may be repeated, as with every record. One that fails again stays
where it is, under its number, with the new reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, delete, update

from stream import metrics
from stream.dead_letter import Letter, asked, dead_letters
from stream.log import Record
from stream.position import Fenced, advance
from stream.store import Store

AT_ONCE = 20
"""Letters of one look, so that the records of the log need not wait for thousands."""
LOOK_SECONDS = 2.0
TAKING = ""
"""The reason of a letter while it is taken again: who buries it anew gives it one."""

Effects = Callable[[Connection], None]


class HandedBack:
    """The letters handed back to one reader. Not for several threads."""

    def __init__(self, store: Store, reader: str, kind_of: Callable[[BaseException], str]) -> None:
        """Of the reader of that name; `kind_of` names an error without the words it may hold."""
        self._store, self._reader, self._kind_of = store, reader, kind_of

    def letters(self, partitions: Collection[int]) -> list[Letter]:
        """What waits for who has these partitions, the oldest first, at most AT_ONCE. Raises StoreUnavailable."""
        with self._store.read() as conn:
            return asked(conn, self._reader, partitions, AT_ONCE) if partitions else []

    def take(
        self, one: Letter, handle: Callable[[Sequence[Record]], Effects | None], stands: int | None,
        troubles: tuple[type[Exception], ...],
    ) -> bool:  # fmt: skip
        """Take one letter; `stands`: the position of its partition as this reader knows it (None: there is none).
        Gives whether its effects are committed; else it failed again.

        Raises Fenced where the position or the letter is somebody else's by now, and `troubles`: it is tried again.
        """
        taken = False
        try:
            effects = handle([one.record()])
            with self._store.write() as conn:
                self._begin(conn, one, stands)
                if effects is not None:
                    effects(conn)
                conn.execute(delete(dead_letters).where(dead_letters.c.id == one.id, dead_letters.c.reason == TAKING))
            taken = effects is not None
        except troubles:
            raise
        except Exception as error:  # noqa: BLE001 (as when it was read first: whatever it is, it stops nothing)
            with self._store.write() as conn:
                self._begin(conn, one, stands)
                again = update(dead_letters).where(dead_letters.c.id == one.id)
                conn.execute(again.values(reason=f"处理时出错：{self._kind_of(error)}"))
        metrics.RETRIED.labels(reader=self._reader).inc()
        return taken

    def _begin(self, conn: Connection, one: Letter, stands: int | None) -> None:
        if stands is not None:
            advance(conn, self._reader, one.partition, stands, stands)
        wanted = update(dead_letters).where(dead_letters.c.id == one.id, dead_letters.c.asked_at == one.asked_at)
        if not conn.execute(wanted.values(reason=TAKING, asked_at=None, tries=dead_letters.c.tries + 1)).rowcount:
            raise Fenced(f"{self._reader}/{one.partition}")
