"""Circumstance 情形: what happened in the terms of the schools' rules; what the machine tells and what a person says.

A person may say what a line is when opening an incident by hand, and may add a circumstance to an open incident: whom
its articles name and nobody told yet is told then. Only such circumstances bring an incident about; the other triggers
of a pack (consultation, relaying, review, the register's) belong to nouns of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from escalation.deed import DESK, incident_of, must_be, must_be_open, must_fit, write_down
from escalation.incident import Actor, EntryKind, incidents, log
from escalation.notice import NoticeKind
from escalation.notice.clocking import set_duty_clocks
from escalation.notice.issue import Letterhead
from escalation.procedure import Trigger, thaw
from escalation.state_table import IllegalStep
from escalation.task.setting import set_by_rule
from escalation.telling import not_yet_told, round_of, tell
from stream.post import Kind, Post

WORDS: Mapping[Trigger, str] = {
    Trigger.DAMAGING_COMMENT: "评论有损学校声誉",
    Trigger.ILLEGAL_COMMENT: "评论违法",
    Trigger.DAMAGING_OWN_ACCOUNT_POST: "官方账号自发内容有损学校声誉",
    Trigger.INAPPROPRIATE_POST: "官方账号已发布不当信息",
    Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT: "官方账号出现禁止内容",
    Trigger.CRISIS_OR_NEGATIVE_OPINION: "舆情危机或负面舆情",
    Trigger.MAJOR_EVENT_OR_URGENT: "重大事件或紧急信息",
    Trigger.SUDDEN_EVENT: "突发事件",
    Trigger.UNAUTHORISED_PUBLICATION: "擅自发布",
    Trigger.ACCOUNT_RENAMED: "发现账号已改名",
    Trigger.ACCOUNT_UNVERIFIED: "发现账号失去认证",
    Trigger.ACCOUNT_GONE: "发现账号不见了",
}
"""What brings an incident about, each with its words."""
BY_PERSON: Mapping[Trigger, str] = {
    Trigger.INAPPROPRIATE_POST: "内容是否不当要看事实和分寸，规则看不出，由人认定",
    Trigger.SUDDEN_EVENT: "一条评论说出了事，还不是突发事件；是不是由人认定，认定后按条文告知学校相关领导",
    Trigger.ACCOUNT_RENAMED: "采集不读取账号名称，由巡查的人发现后立事件",
    Trigger.ACCOUNT_UNVERIFIED: "采集不读取认证情况，由巡查的人发现后立事件",
    Trigger.ACCOUNT_GONE: "采不到时亮红条；账号是否确已不见，由人打开平台核对后立事件",
}
"""What no machine here can tell, and why; everything else of WORDS the watch finds by itself."""
_OWN = frozenset({
    Trigger.DAMAGING_OWN_ACCOUNT_POST, Trigger.INAPPROPRIATE_POST, Trigger.PROHIBITED_CONTENT_ON_OWN_ACCOUNT,
    Trigger.UNAUTHORISED_PUBLICATION,
})  # fmt: skip
_OTHERS = frozenset({Trigger.DAMAGING_COMMENT, Trigger.ILLEGAL_COMMENT})


def choices(post: Post) -> tuple[Trigger, ...]:
    """What a person may say of this line: the account's own words are no comment, and the other way; a lead may be
    anything."""
    if post.kind is Kind.LEAD:
        return tuple(WORDS)
    closed = _OTHERS if post.by_school else _OWN
    return tuple(one for one in WORDS if one not in closed)


def read(given: Sequence[str], allowed: Sequence[Trigger]) -> tuple[Trigger, ...]:
    """What a form gave, in the order of WORDS. Raises IllegalStep for what is not to be chosen here."""
    if strange := [one for one in given if one not in set(allowed)]:
        raise IllegalStep(f"“{strange[0][:40]}”不是这里可选的情形。未作任何更改。")
    return tuple(one for one in allowed if one in set(given))


def add(
    conn: Connection, letterhead: Letterhead, incident_id: int, found: Sequence[Trigger], actor: Actor,
    now: datetime, why: str,
) -> int:  # fmt: skip
    """补充情形: say what else an open incident is; gives how many persons are told by it.

    By the desk, with a reason; by the procedure that the incident froze, whose demands become tasks as at an opening.
    What was demanded when it was decided stays beside (`duties_decided`), for the replay.
    """
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "补充情形")
    must_be_open(row, "补充情形")
    why = must_fit(why, 300, "理由")
    before = tuple(Trigger(one) for one in row.triggers)
    new = [one for one in WORDS if one in set(found) and one not in before]
    if not new:
        raise IllegalStep("请选择这一事件还没有的情形。未作任何更改。")
    if not why:
        raise IllegalStep("补充情形须写明理由。未作任何更改。")
    every = (*before, *new)
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(triggers=list(every)))
    fresh = incident_of(conn, incident_id)
    answer = thaw(row.frozen["pack"]).who(every, row.level, care=row.care)
    told = not_yet_told(conn, incident_id, answer.recipients, round_of(conn, letterhead, fresh, answer.recipients, now))
    cited = "、".join(dict.fromkeys(article for one in answer.recipients for article in one.articles))
    heading = f"补充情形：{'、'.join(WORDS[one] for one in new)}"
    log(conn, incident_id, now, EntryKind.PERSON, heading, why, actor=actor.name, article=cited)
    first = {"duties_decided": row.frozen["duties"]} if "duties" in row.frozen else {}
    frozen = first | row.frozen | {"duties": [duty.model_dump(mode="json") for duty in answer.duties]}
    conn.execute(update(incidents).where(incidents.c.id == incident_id).values(frozen=frozen))
    fresh = incident_of(conn, incident_id)
    if told.addressees or told.vacant:
        tell(conn, letterhead, fresh, told, NoticeKind.FIRST, f"circumstance:{len(every)}", now)
    set_by_rule(conn, letterhead, fresh, (), now)
    set_duty_clocks(conn, fresh, now)
    write_down(conn, fresh, actor, "circumstance", now, added=[str(one) for one in new], why=why)
    return len(told.addressees)
