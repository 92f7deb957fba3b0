"""The course of an incident's bulletins: 首报 first, then 续报, a 终报 at the end; a 续报 after it opens them anew.

The state is read from the newest bulletin; nothing else is stored.
"""

from __future__ import annotations

from enum import StrEnum

from escalation.bulletin import BulletinKind
from escalation.people import Role
from escalation.state_table import StateTable, Step

WRITERS = frozenset({Role.MONITOR, Role.PUBLICITY})


class Series(StrEnum):
    """How far the bulletins of an incident are."""

    NONE = "none"
    REPORTED = "reported"
    CONCLUDED = "concluded"


BULLETINS: StateTable[Series, BulletinKind] = StateTable(
    noun="情况报告",
    start=Series.NONE,
    steps={
        Series.NONE: {BulletinKind.FIRST: Step(Series.REPORTED, WRITERS)},
        Series.REPORTED: {
            BulletinKind.FOLLOW: Step(Series.REPORTED, WRITERS),
            BulletinKind.FINAL: Step(Series.CONCLUDED, WRITERS),
        },
        Series.CONCLUDED: {BulletinKind.FOLLOW: Step(Series.REPORTED, WRITERS)},
    },
    state_words={Series.NONE: "尚未首报", Series.REPORTED: "已首报", Series.CONCLUDED: "已终报"},
    event_words={BulletinKind.FIRST: "首报", BulletinKind.FOLLOW: "续报", BulletinKind.FINAL: "终报"},
    ends=frozenset({Series.CONCLUDED}),
)


def series_after(kinds: list[str]) -> Series:
    """The state after these bulletins, the oldest first. Pure."""
    if not kinds:
        return Series.NONE
    return Series.CONCLUDED if kinds[-1] == BulletinKind.FINAL else Series.REPORTED
