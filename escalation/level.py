"""Level 级别: a person raises or lowers what the machine set, with a reason; both values are kept and shown.

The clocks follow the frozen pack at the new level. Raised, everybody whom the procedure then names is told anew, and
the hold that the level demands begins.
Lowered, nobody is taken off: a level sets clocks and channels, and never who is told. What a person set holds until the
machine finds something graver than it had found by then.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from escalation import verdict
from escalation.deed import DESK, incident_of, must_be, must_be_open, must_fit, write_down
from escalation.incident import LEVELS, Actor, EntryKind, incidents, log
from escalation.incident.state import LEAD, IllegalStep
from escalation.notice import NoticeKind
from escalation.notice.issue import Letterhead
from escalation.opening import CLOSELY, CLOSELY_FROM
from escalation.procedure import Trigger, thaw
from escalation.reset import reset
from escalation.telling import round_of, tell
from escalation.verdict import Verdict
from escalation.voice.demand import begin_demanded
from stream.coverage import watch_closely

WHY_MOST = 300
GRAVEST = 1


def change(
    conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, level: int, why: str,
    *, misjudged: bool = False,
) -> None:  # fmt: skip
    """Set the level of an open incident. Lowering is the 宣传部's; from Ⅰ it takes a second person.

    `misjudged`: because the machine's was wrong from the first, which is a verdict; else the matter has changed.
    """
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "改变级别")
    must_be_open(row, "改变级别")
    why = must_fit(why, WHY_MOST, "改变级别的理由")
    pack = thaw(row.frozen["pack"])
    if level not in LEVELS or pack.grade(level).number != level:
        raise IllegalStep("所依规程没有这一级别。未作任何更改。")
    if level == row.level:
        raise IllegalStep(f"事件现在就是 {LEVELS[level]}级。未作任何更改。")
    if not why:
        raise IllegalStep("改变级别须写明理由。未作任何更改。")
    if level > row.level:
        must_be(actor, LEAD, "降低级别")
        if row.level == GRAVEST and row.confirmed_by in (None, actor.id):
            raise IllegalStep("Ⅰ级事件降级须由两人：一人先确认研判，另一人降级。未作任何更改。")
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(level=level, level_by_person=level))
    verb = "升为" if level < row.level else "降为"
    if misjudged and not row.frozen.get("by_hand"):
        verdict.record(conn, row, actor, now, Verdict.WRONG_LEVEL, why, level)
    heading = f"{LEVELS[row.level]}级{verb} {LEVELS[level]}级（系统初判 {LEVELS[row.level_by_machine]}级）"
    log(conn, incident_id, now, EntryKind.LEVEL, heading, why, actor=actor.name)
    fresh = incident_of(conn, incident_id)
    if said := reset(conn, fresh, pack, now):
        log(conn, incident_id, now, EntryKind.MACHINE, "时限按新级别重算", "；".join(said))
    if level < row.level:
        if level <= CLOSELY_FROM:
            watch_closely(conn, row.school, row.account_id, now + CLOSELY, now)
        recipients = pack.who([Trigger(one) for one in row.triggers], level, care=row.care).recipients
        told = round_of(conn, letterhead, fresh, recipients, now)
        tell(conn, letterhead, fresh, told, NoticeKind.RAISED, f"level:{level}:{now:%Y%m%d%H%M%S}", now)
        begin_demanded(conn, letterhead, fresh, now)
    write_down(conn, row, actor, "level", now, before=row.level, after=level, why=why, misjudged=misjudged)
