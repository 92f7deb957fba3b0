"""A school in which two matters stand still: one that nobody signs to the end, one of which no notice leaves."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests.acceptance.hands import MONITOR, opened
from tests.acceptance.school import brisk_pack, written
from tests.acceptance.standing import Person, Standing, eventually, fengxin, free_ports, words_of

CLOCKS: dict[int | str, dict[str, str]] = {2: {"sign": "2s", "remind": "1s", "phone": "2s", "tell": "3s 4s"}}
LADDER = re.compile("催签|电话|报上一级|签收到期")
CALLED = ("林知远", "叶初晴", "顾文清", "陈思源")
UNSIGNED, UNTOLD = "东门外的路灯杆歪了，风一吹就晃", "西操场的篮球架底座松了，一投篮就晃"


@dataclass(frozen=True)
class Still:
    """The standing school, and the numbers of the two incidents. Its notify role is paused (`goes_on` ends that)."""

    standing: Standing
    unsigned: str
    untold: str

    def findings(self, what: str, number: str) -> list[str]:
        """The lines of the page of findings of one kind about an incident."""
        page = self.standing.signed_in(MONITOR).page("/findings")
        rows = [words_of(one) for one in page.css("main .panel")[0].css("tbody tr")]
        return [one for one in rows if what in one and number in one]

    def ended(self, what: str, number: str) -> bool:
        """Whether no such line stands there any more."""
        return not self.findings(what, number)

    def goes_on(self) -> None:
        """The notify role goes on."""
        os.kill(self.standing.roles()["notify"], signal.SIGCONT)


def still(folder: Path) -> Iterator[Still]:
    """Started, brought to a standstill, and stopped in the end."""
    data, port = folder / "data", free_ports()
    assert fengxin("init", data, "--demo", "--port", port).returncode == 0
    pack = brisk_pack(data, "JY", CLOCKS)
    settings = written(data, datetime.now(UTC) - timedelta(minutes=15), pack, trial=False)
    for standing in Standing(data, port, ("run", "--settings", str(settings))).running():
        for text in (UNSIGNED, UNTOLD):
            standing.lead(text)
        unsigned = opened(standing, UNSIGNED, 2)
        eventually("nothing more is asked", partial(_spent, standing.signed_in(MONITOR), unsigned), 100)
        os.kill(standing.roles()["notify"], signal.SIGSTOP)
        yield Still(standing, unsigned, opened(standing, UNTOLD, 2))


def _spent(desk: Person, number: str) -> bool:
    """Whether each of the four was telephoned, which is written down, and no step of the ladder is ahead."""
    page = desk.page(f"/incidents/{number}")
    calls = page.css("#calls form[action*='/calls/']:not([action$='/again'])::attr(action)").getall()
    for action in calls:
        desk.send(action, f"/incidents/{number}", outcome="told")
    ahead = [one for one in page.css("ol.log .is-next") if LADDER.search(words_of(one))]
    log = words_of(page.css("ol.log")[0])
    return not ahead and not calls and all(f"{name}：接通并转达" in log for name in CALLED)
