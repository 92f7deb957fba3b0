"""Where persons decide, not roles alone: each route in each state of its paper, tried by every role on a real one.

`yes`: it is done. `409`: seen, and refused with a sentence; nothing changes. `404`: as if it did not exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from httpx import Response

from tests.escalation.web.house import House
from tests.escalation.web.role_table import NAMES, NOBODY, TABLE
from tests.escalation.web.role_world import World


@dataclass(frozen=True, slots=True)
class Case:
    """One deed on one paper: the route, the state it is tried in, what its places name in the world, what is typed."""

    method: str
    path: str
    when: str
    named: tuple[str, ...]
    form: Mapping[str, str] = field(default_factory=dict)

    def ask(self, world: World, column: str) -> Response:
        """Go there as this role; an act carries the whole form."""
        left = list(self.named)
        where = re.sub(r"\{event\}", self.form.get("event", ""), self.path)
        where = re.sub(r"\{\w+\}", lambda _: world.named[left.pop(0)], where)
        assert not left
        client = world.clients[column]
        if self.method == "GET":
            return client.get(where)  # type: ignore[no-any-return]
        typed = {key: value for key, value in self.form.items() if key != "event"}
        seal = world.seals.get(self.named[-1])  # of what was on the screen
        typed |= {"seen": seal, "seal": seal} if seal else {}
        data = {"csrf": f"csrf-{NAMES.get(column, '')}"} | typed
        return client.post(where, data=data)  # type: ignore[no-any-return]


def _papers() -> list[Case]:
    permits, submissions = "/permits/{number}", "/submissions/{number}"
    unit, centre = "submission with the unit", "submission with the 宣传部"
    back, approved = "returned submission", "approved submission"
    why = {"why": "另有安排"}
    return [
        Case("GET", permits, "", ("asked permit",)),
        Case("POST", f"{permits}/decide", "授权", ("asked permit",), {"grant": "yes"}),
        Case("POST", f"{permits}/decide", "不予授权", ("asked permit",), {"grant": "no"} | why),
        Case("POST", f"{permits}/decide", "已授权的", ("granted permit",), {"grant": "no"} | why),
        Case("POST", f"{permits}/withdraw", "待批准", ("asked permit",), why),
        Case("POST", f"{permits}/withdraw", "已授权", ("granted permit",), why),
        Case("GET", submissions, "", (unit,)),
        Case("POST", f"{submissions}/sign", "待单位审签", (unit,)),
        Case("POST", f"{submissions}/sign", "待部门审核", (centre,)),
        Case("POST", f"{submissions}/approve", "待单位审签", (unit,)),
        Case("POST", f"{submissions}/approve", "待部门审核", (centre,)),
        Case("POST", f"{submissions}/return", "待单位审签", (unit,), why),
        Case("POST", f"{submissions}/return", "待部门审核", (centre,), why),
        Case("POST", f"{submissions}/again", "已退回", (back,), {"text": "改好的通知，请审"}),
        Case("POST", f"{submissions}/again", "待单位审签", (unit,), {"text": "改好的通知，请审"}),
        Case("POST", f"{submissions}/withdraw", "待单位审签", (unit,), why),
        Case("POST", f"{submissions}/withdraw", "待部门审核", (centre,), why),
        Case("POST", f"{submissions}/withdraw", "已退回", (back,), why),
        Case("POST", f"{submissions}/withdraw", "已批准", (approved,), why),
    ]


def _duty() -> list[Case]:
    sheet = "/duty/handover/{number}"
    late, soon = "unwritten sheet", "written sheet"
    return [
        Case("GET", sheet, "", (late,)),
        Case("POST", f"{sheet}/write", "待交班", (f"{late}, to write",), {"words": "一切正常"}),
        Case("POST", f"{sheet}/write", "待接班", (f"{soon}, to write",), {"words": "再补一句"}),
        Case("POST", f"{sheet}/take", "待交班，已到点", (late,)),
        Case("POST", f"{sheet}/take", "待接班", (soon,)),
        Case("POST", "/duty/leave/{absence_id}/end", "", ("leave",)),
    ]


def _measures() -> list[Case]:
    base = "/incidents/{number}/measures/{measure_id}"
    here, there, ended = "incident", "other incident", "ended incident"
    words = {"words": "经校领导研究"}
    steps = [
        ("责令关闭，待批准", (here, "order proposed"), ("decide", "refuse", "withdraw")),
        ("责令关闭，待关闭", (there, "order decided"), ("finish", "lift")),
        ("责令关闭，已关闭", (here, "order carried out"), ("lift",)),
        ("移交材料，待批准", (here, "package proposed"), ("decide", "refuse", "withdraw")),
        ("移交材料，已批准", (there, "package approved"), ("finish", "withdraw")),
        ("追责，待决定", (ended, "blame proposed"), ("decide", "refuse", "withdraw")),
        ("追责，已决定", (ended, "blame decided"), ("lift",)),
    ]  # fmt: skip
    return [
        Case("POST", f"{base}/package", "待批准", (here, "package proposed")),
        Case("POST", f"{base}/package", "已批准", (there, "package approved")),
        *(
            Case("POST", f"{base}/{{event}}", f"{when}：`{event}`", named, words | {"event": event})
            for when, named, events in steps for event in events
        ),
    ]  # fmt: skip


def _voice() -> list[Case]:
    errand, relay = "/statements/{number}/approvals/{approval_id}", "/statements/{number}/relays/{relay_id}"
    asked, owed, down = ("asked statement", "approval"), "relay", "relay to be taken down"
    returned = {"verdict": "return", "comment": "请改"}
    link = {"url": "https://mp.example/2"}
    return [
        Case("POST", errand, "同意", asked, {"verdict": "approve"}),
        Case("POST", errand, "退回", asked, returned),
        Case("POST", relay, "待转发", (f"statement of {owed}", owed), link),
        Case("POST", relay, "须撤下", (f"statement of {down}", down)),
        Case("POST", f"{relay}/excuse", "待转发", (f"statement of {owed}", owed), {"why": "账号停用中"}),
        Case("POST", f"{relay}/excuse", "须撤下", (f"statement of {down}", down), {"why": "账号停用中"}),
    ]


CASES = (*_papers(), *_duty(), *_measures(), *_voice())


def tried(world: World, case: Case, column: str) -> str:
    """What comes of it, in the words of the table. Raises AssertionError where the answer and what it left differ."""
    trace, version = world.premises.trace(), world.version()
    answer = case.ask(world, column)
    wrote, where = world.version() != version, f"{case.method} {case.path} {case.when} ({column})"
    said = _said(answer)
    assert said in ("yes", "409", "404", "403", "sign-in"), f"{where}: {answer.status_code}"
    if case.method == "POST" and said == "yes":
        assert world.premises.trace() != trace, f"{where}: done, and not in the audit"
    if said == "409":  # the page comes back: that it was read is written down, and nothing else
        assert "未作任何更改" in answer.text, f"{where}: refused without a word"
        assert not wrote or world.stands() == world.stood, f"{where}: refused, and something changed"
    elif said != "yes":
        assert not wrote, f"{where}: refused, and something changed"
    if wrote:
        world.put_back()
    return said


def _said(answer: Response) -> str:
    """As `role_table.verdict`, but a refusal in words is no `yes`."""
    to = answer.headers.get("location", "")
    if answer.status_code == 401 or to.startswith("/sign-in"):
        return "sign-in"
    return "yes" if answer.status_code in (200, 303) else str(answer.status_code)


def printed(world: World) -> str:
    """The table of these cases as it was just tried, for `roles.md`."""
    columns = (NOBODY, *NAMES)
    lines = [f"| route, and its state | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for case in CASES:
        cells = " | ".join(tried(world, case, column) for column in columns)
        lines.append(f"| `{case.method} {case.path}` {case.when} | {cells} |".replace("  |", " |"))
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Print the table of these cases into `roles.md`."""
    world = World(House.at(folder))
    text = TABLE.read_text("utf-8")
    head, table = text.rpartition("\n\n| route, and its state |")[:2]
    assert table, "the table is printed below its explanation"
    TABLE.write_text(f"{head}\n\n{printed(world)}", "utf-8")
    world.close()


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        write(Path(made))
