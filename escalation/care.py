"""Care cases 关爱个案: a cry for help is an incident with words of its own, told to the care role by telephone at once.

What makes it one is the theme of the rules (`opening.CARE_THEME`). Whom the articles name is told as of any incident;
the pack's `[care]` adds who can help. Nothing of it stands in a message: the notice says its number and where to look.
The words are folded away, shown to the care role and the desk by a stated purpose; nobody is told who wrote them, for
nobody here knows; no ranking counts it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from escalation.by_hand import CARE_TITLE
from escalation.channels.phone import OUTCOMES, CallOutcome
from escalation.incident import incidents
from escalation.incident.state import STATE_WORDS, State
from escalation.notice import calls, notices
from escalation.people import Role
from escalation.procedure import thaw

READERS = frozenset({Role.CARE, Role.MONITOR, Role.PUBLICITY})
"""Who may unfold the words, by a stated purpose that is written down."""
CARE_WORDS: Mapping[State, str] = {
    State.TRIAGED: "待转介",
    State.NOTIFIED: "已转介，待接收",
    State.ACKNOWLEDGED: "已接收",
    State.ASSESSING: "核实安全中",
    State.HANDLING: "跟进中",
    State.RESPONDED: "已联系",
    State.WATCHING: "持续关注",
    State.REFERRED: "已转专业机构",
    State.CLOSED: "已结束跟进",
    State.ARCHIVED: "已归档",
    State.FALSE_ALARM: "核实无需关爱",
    State.MERGED: "已并入",
}
UNREACHED: Mapping[State, str] = {State.NOTIFIED: "正在转介，待拨/待签", State.ACKNOWLEDGED: "已签收，尚未转介"}
"""The words of these states while nobody of the care role has signed or was reached by telephone."""
COURSE = ("发现", "核对", "转介", "跟进", "回告", "回顾", "归档")


def state_words(row: Any, *, reached: bool) -> str:
    """The state of an incident in its own words; `row` has `state` and `care`, `reached`: see `reached`."""
    state = State(row.state)
    if not row.care:
        return STATE_WORDS[state]
    return CARE_WORDS[state] if reached or state not in UNREACHED else UNREACHED[state]


def offices(frozen: Mapping[str, Any]) -> tuple[str, ...]:
    """To which offices the frozen pack of an incident hands a cry for help, in its words; empty where it has none."""
    pack = thaw(frozen["pack"])
    return pack.care.tell if pack.care is not None else ()


def reached(conn: Connection, ids: Collection[int]) -> set[int]:
    """Which of these care cases have reached the care role: somebody told as its holder signed, or a call got through.

    The duty desk standing in for nobody is not the care role.
    """
    told = conn.execute(
        select(notices.c.incident_id, notices.c.role, notices.c.office, notices.c.signed_at, calls.c.outcome)
        .outerjoin(calls, calls.c.notice_id == notices.c.id)
        .where(notices.c.incident_id.in_(ids))
        .where(notices.c.signed_at.is_not(None) | (calls.c.outcome == OUTCOMES[CallOutcome.TOLD].title))
    ).all() if ids else []  # fmt: skip
    rows = conn.execute(select(incidents.c.id, incidents.c.frozen).where(incidents.c.id.in_(ids))).all() if told else []
    named = {row.id: offices(row.frozen) for row in rows}
    return {
        one.incident_id for one in told
        if one.role == Role.CARE or any(office in one.office for office in named[one.incident_id])
    }  # fmt: skip


def placeless(incident: Row[Any], words: str) -> str:
    """Words without the unit, account and raw title of a care case, as a package may hold them; others as they are."""
    if not incident.care:
        return words
    title, account = incident.title, incident.frozen.get("account", {}).get("name", "")
    masks = {title: CARE_TITLE, account: "有关账号", incident.unit: "有关单位", incident.concerned or "": "有关单位"}
    for name in sorted(masks, key=len, reverse=True):  # 后勤处 before 后勤
        words = words.replace(name, masks[name]) if name else words
    return words
