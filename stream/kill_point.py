"""Kill points: named places between two effects, where a test ends the process as a power cut would.

`FENGXIN_KILL_AT=name` arms one for a process, `FENGXIN_KILL_MARK=file` is where it says that it was there (of several
processes with one mark the first), `FENGXIN_KILL_WITH=SIGSTOP` pauses it there instead. Without the variable a point
costs one comparison. Every name that the code reaches is listed in POINTS; a test holds the two together and fails when
a point was never hit.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

POINTS = {
    "crawl.fetched_before_append": "pages read, nothing appended",
    "crawl.appended_before_cursor": "posts on the log, cursor not moved",
    "crawl.cursor_moved": "cursor committed, lease not yet given back",
    "assess.read_before_append": "posts read, assessments not appended",
    "assess.appended_before_position": "assessments on the log, position not moved",
    "assess.position_moved": "position moved, next poll not begun",
    "watch.read_before_transaction": "assessments read, nothing kept",
    "watch.mid_transaction": "figures and incident written, posts not yet, nothing committed",
    "watch.opened_before_commit": "a new incident, its notices and timers and all posts written, not committed",
    "watch.committed": "all committed, next poll not begun",
    "notify.timer_claimed": "timer marked fired, its effects not committed",
    "notify.claimed_before_send": "delivery claimed, nothing sent",
    "notify.sent_before_recorded": "the channel accepted, nothing recorded",
    "notify.recorded": "outcome recorded, next delivery not begun",
    "index.indexed_before_position": "search written, position not moved",
    "web.signed_before_commit": "receipt written, not committed",
}
_ARMED = os.environ.get("FENGXIN_KILL_AT", "")
_SIGNAL = signal.Signals[os.environ.get("FENGXIN_KILL_WITH", "SIGKILL")]


def reach(name: str) -> None:
    """End (or pause) this process here, without a last word, where the environment armed this point."""
    if name != _ARMED:
        return
    mark = os.environ.get("FENGXIN_KILL_MARK")
    if mark:
        try:
            with Path(mark).open("x") as made:
                made.write(name)
        except FileExistsError:
            return  # once is enough: the restarted process must be able to go on
    os.kill(os.getpid(), _SIGNAL)
