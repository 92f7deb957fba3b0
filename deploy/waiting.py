"""Waiting 等候: what a process that starts lacks until it can work. No role needs another, or an engine, to be there
first.

What is away is asked for again every few seconds; why this process waits stands on its page (`deploy.role_page`) and
once in its log, again when it changes. What no waiting cures is no matter of this module: it ends the process. Until
`begin` nothing is in hand, and a stop may end the process where it stands.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from deploy import life

AGAIN_SECONDS = 3.0
WAITS = "正在等待：{words}；每 {seconds:g} 秒再试一次，好了自动继续。"
GOES_ON = "等到了，开始工作。"
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass
class _State:
    lacks: str = ""
    begun: bool = False


_state = _State()


def lack(words: str) -> None:
    """This process cannot work yet, for this reason; an empty one: it can. A change is written down."""
    words = re.sub(r"\s*\n\s*", " ", words).rstrip("。；")
    if words == _state.lacks:
        return
    _state.lacks = words
    if words:
        _log.warning("%s", sentence())
    else:
        _log.info(GOES_ON)


def sentence() -> str:
    """What a person is told; empty where nothing is waited for."""
    return WAITS.format(words=_state.lacks, seconds=AGAIN_SECONDS) if _state.lacks else ""


def begin() -> None:
    """The loop begins: from now on a stop lets it end in order, and what it raises ends the process."""
    _state.begun = True


def begun() -> bool:
    """Whether the loop has begun."""
    return _state.begun


def asked(
    ask: Callable[[], T],
    away: tuple[type[Exception], ...],
    *,
    incurable: tuple[type[Exception], ...] = (),
    told: Callable[[Exception], object] = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
) -> T:
    """What `ask` gives, asked again every AGAIN_SECONDS while it raises one of `away`, with a sign of life each time.

    `told` is given each such error. Raises at once what is `incurable`, and whatever comes once the loop has begun.
    """
    while True:
        life.give()
        try:
            return ask()
        except away as error:
            if _state.begun or isinstance(error, incurable):
                raise
            lack(str(error))
            told(error)
        pause(AGAIN_SECONDS)
