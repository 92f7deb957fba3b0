"""The face of a deadline clock: which word, which figure, which colour, how much of the scale is left. Pure.

Thresholds and formats: the desk's design, component `.clock`. `clock.js` repaints the same face each second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.clock_words import SHANGHAI, moment

SOON, NOW = 0.5, 0.2
DAY = timedelta(days=1)
SCALE = 120


@dataclass(frozen=True, slots=True)
class Face:
    """One clock as shown. `tone` is the CSS modifier (empty, soon, now, late, done); times are aware UTC."""

    label: str
    tone: str
    word: str
    figure: str
    note: str
    left: float
    due_at: datetime
    set_at: datetime
    basis: str = ""

    @property
    def due_ms(self) -> int:
        """When it is due, for the repainting script."""
        return int(self.due_at.timestamp() * 1000)

    @property
    def set_ms(self) -> int:
        """When it was set."""
        return int(self.set_at.timestamp() * 1000)


def figure(span: timedelta) -> str:
    """`mm:ss` under an hour, `h:mm:ss` under a day, else `1 日 16 时`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds >= 86_400:
        return f"{seconds // 86_400} 日 {seconds % 86_400 // 3_600} 时"
    if seconds >= 3_600:
        return f"{seconds // 3_600}:{seconds % 3_600 // 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def face(
    label: str,
    set_at: datetime,
    due_at: datetime,
    now: datetime,
    *,
    note: str = "",
    basis: str = "",
    done_at: datetime | None = None,
    done_word: str = "已签",
) -> Face:
    """What the clock shows at `now`."""
    if done_at is not None:
        at = f"{done_at.astimezone(SHANGHAI):%H:%M:%S}"
        return Face(label, "done", done_word, at, note, 0, due_at, set_at, basis)
    rest = due_at - now
    if rest <= timedelta(0):
        return Face(label, "late", "逾期", figure(-rest), note, 0, due_at, set_at, basis)
    whole = (due_at - set_at).total_seconds()
    share = min(1.0, rest.total_seconds() / whole) if whole > 0 else 0.0
    tone = "now" if share <= NOW else "soon" if share <= SOON else ""
    note = note or f"{moment(due_at, now)} 到期"
    return Face(label, tone, "剩", figure(rest), note, round(share * SCALE, 1), due_at, set_at, basis)


def took(span: timedelta) -> str:
    """How long something took: `25 秒`, `11 分 21 秒`, `2 小时 3 分`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} 秒"
    if seconds < 3_600:
        return f"{seconds // 60} 分 {seconds % 60} 秒"
    return f"{seconds // 3_600} 小时 {seconds % 3_600 // 60} 分"


def ago(span: timedelta) -> str:
    """An age in one unit: `2 秒`, `14 分`, `26 小时`, `3 日`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400 * 2, "日"), (3_600, "小时"), (60, "分")):
        if seconds >= size:
            return f"{seconds // (86_400 if unit == '日' else size)} {unit}"
    return f"{seconds} 秒"
