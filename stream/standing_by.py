"""Standing by 待命: which partitions this process reads, for its own page and its log.

Of several processes of one role the log gives each partition to one; who has none stands by and takes over when that
one ends. Said by the loop that reads, read by the page beside it.
"""

from __future__ import annotations

import logging

READS = "{reader}：正在读分区 {partitions}。"
STANDS_BY = "{reader}：待命，分区由同角色的另一个进程读着；它停下后由本进程自动接手。"
_log = logging.getLogger(__name__)
_read: dict[str, frozenset[int]] = {}


def note(reader: str, partitions: frozenset[int]) -> None:
    """This process reads these partitions now, under this name; a change is written down."""
    if _read.get(reader) != partitions:
        _read[reader] = partitions
        _log.info(sentence(reader, partitions))


def forget(reader: str) -> None:
    """This process reads no more under this name."""
    _read.pop(reader, None)


def words() -> str:
    """A line for each name under which this process reads or stands by; empty where it reads no log."""
    return "\n".join(sentence(reader, partitions) for reader, partitions in sorted(_read.items()))


def sentence(reader: str, partitions: frozenset[int]) -> str:
    """What a person is told. Pure."""
    if not partitions:
        return STANDS_BY.format(reader=reader)
    return READS.format(reader=reader, partitions="、".join(map(str, sorted(partitions))))
