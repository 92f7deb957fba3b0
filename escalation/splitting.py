"""Splitting 拆分: chosen lines and keys of an incident become one of their own, with own number and own notices.

Who is told of the new one is decided by the procedure that the first one froze, from what the chosen lines are. From
then on the watch adds to the new one what belongs to the chosen keys. (Sides of one matter, and what no rule takes for
a danger, stand in one incident: this is how a person takes them apart.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from escalation.by_hand import CARE_TITLE, REASON_LIMIT, TITLE_LIMIT, URGENT_FROM, is_care
from escalation.deed import DESK, incident_of, must_be, must_be_open, must_fit, write_down
from escalation.incident import LEVELS, Actor, EntryKind, log, members, open_keys, repoint_keys
from escalation.incident.state import IllegalStep
from escalation.notice.issue import Letterhead
from escalation.opening import CARE_THEME, Ground, Hand, Matter, Origin, open_from, triggers
from escalation.place import place_of
from escalation.procedure import Trigger, thaw
from escalation.tie import TieKind, tie
from escalation.voice.subject import THEME_WORDS
from stream.account import book
from stream.assessment import Assessment
from stream.danger import words
from stream.evidence import spoken_kinds
from stream.kept import last_assessment
from stream.matter import of_theme

OWN_KEY = "split|"


@dataclass(frozen=True, slots=True)
class Part:
    """What a person takes out of an incident: lines, keys, and how the new one is called and graded."""

    post_ids: tuple[str, ...]
    keys: tuple[str, ...]
    title: str
    level: int
    reason: str


def split(conn: Connection, letterhead: Letterhead, incident_id: int, actor: Actor, now: datetime, part: Part) -> str:
    """Take a part out as a new incident; gives its number."""
    row = incident_of(conn, incident_id)
    must_be(actor, DESK, "拆分事件")
    must_be_open(row, "拆分")
    part = _sound(conn, row, part)
    kept = (last_assessment(conn, row.school, one) for one in part.post_ids)
    said = [one for one in kept if one is not None]
    if not said:
        raise IllegalStep("所选原文已按保存期限清除，不能据以另立事件。未作任何更改。")
    matter = _matter(conn, row, part, said, actor)
    first = min(said, key=lambda one: one.post.published_at).post
    found = tuple(dict.fromkeys(_triggers(said, part.level)))
    origin = Origin(row.school, first.account_id, first.thread_id, first.id, now, found)
    ground = Ground(thaw(row.frozen["pack"]), letterhead, row.frozen.get("versions", {}), rehearsal=row.rehearsal)
    new_id = open_from(conn, ground, matter, origin, now, hand=Hand(actor.id, actor.name, part.reason))
    new = incident_of(conn, new_id)
    gone = members.c.post_id.in_(list(part.post_ids))
    conn.execute(delete(members).where(members.c.incident_id == incident_id, gone))
    moved = repoint_keys(conn, incident_id, new_id, part.keys)
    tie(conn, new, row, TieKind.SPLIT, actor, now, part.reason, {"posts": list(part.post_ids), "keys": moved})
    words = f"{len(part.post_ids)} 条原文{f'；今后这 {len(moved)} 类原文归新事件' if moved else ''}"
    log(conn, incident_id, now, EntryKind.PERSON, f"拆出 {new.number}", f"{part.reason}\n{words}", actor=actor.name)
    log(conn, new_id, now, EntryKind.PERSON, f"拆自 {row.number}", f"{part.reason}\n{words}", actor=actor.name)
    write_down(conn, row, actor, "split", now, into=new.number, posts=list(part.post_ids), keys=moved)
    write_down(conn, new, actor, "split_off", now, out_of=row.number, reason=part.reason, level=part.level)
    return str(new.number)


def _sound(conn: Connection, row: Row[Any], part: Part) -> Part:
    """What was asked for, as it can be done. Raises IllegalStep with a sentence."""
    title = " ".join(must_fit(part.title, TITLE_LIMIT, "新事件标题").split())
    reason = must_fit(part.reason, REASON_LIMIT, "拆分的理由")
    own = conn.execute(select(members.c.post_id).where(members.c.incident_id == row.id)).scalars().all()
    chosen = tuple(dict.fromkeys(part.post_ids))
    held = conn.execute(select(open_keys.c.key).where(open_keys.c.incident_id == row.id)).scalars().all()
    keys = tuple(dict.fromkeys((*part.keys, *(key for key in held if of_theme(key) in part.keys))))
    if not chosen or not set(chosen) <= set(own):
        raise IllegalStep("请从本事件的原文中选择要拆出的。未作任何更改，请刷新后再选。")
    if row.opening_post_id in chosen or len(chosen) == len(own):
        raise IllegalStep("触发本事件的原文留在本事件，请选择其余原文。未作任何更改。")
    if not set(part.keys) <= set(held):
        raise IllegalStep("“今后哪些归新事件”中所选的已不属于本事件。未作任何更改，请刷新后再选。")
    if held and set(keys) >= set(held):
        raise IllegalStep("“今后哪些归新事件”不能全选，须留一项给本事件，否则今后的原文无处可归。未作任何更改。")
    if not title or not reason:
        raise IllegalStep("拆分须写明新事件的标题和理由。未作任何更改。")
    if part.level not in LEVELS:
        raise IllegalStep("请选择新事件的级别。未作任何更改。")
    return Part(chosen, keys, title, part.level, reason)


def _triggers(said: Sequence[Assessment], level: int) -> list[Trigger]:
    """What the chosen lines are, in the terms of the rules; a person says by the level that it is urgent."""
    urgent = level <= URGENT_FROM
    return [
        one for each in said
        for one in triggers(each.post, each.hits, grave=urgent or any(hit.grave for hit in each.hits))
    ]  # fmt: skip


def _matter(conn: Connection, row: Row[Any], part: Part, said: Sequence[Assessment], actor: Actor) -> Matter:
    first = min(said, key=lambda one: one.post.published_at)
    hits = [hit for one in said for hit in one.hits]
    heaviest = max(hits, key=lambda hit: (hit.theme != "any", hit.grave, hit.weight), default=None)
    care = any(is_care(one) for one in said)
    account = book(conn, row.school).get(first.post.account_id)
    risk = select(members.c.risk).where(members.c.incident_id == row.id, members.c.post_id.in_(list(part.post_ids)))
    reason = {"name": "人工拆分", "share": 100, "sentence": f"{actor.name}：{part.reason}", "article": ""}
    urgent = part.level <= URGENT_FROM or any(hit.grave for hit in hits)
    return Matter(
        title=CARE_TITLE if care else part.title,
        theme=CARE_THEME if care else heaviest.theme if heaviest else row.theme,
        level=part.level, risk=max(conn.execute(risk).scalars(), default=0), reasons=(reason,),
        keys=(f"{OWN_KEY}{first.post.id}",), grave=urgent, enough=True, care=care, member_ids=part.post_ids,
        dangers=spoken_kinds(hits) if urgent else (), first_post_id=first.post.id,
        unit=account.unit if account else row.unit,
        account=place_of(first.post, account), hits=tuple(hits), facts=(f"自 {row.number} 拆出",),
    )  # fmt: skip


def to_choose(held: Sequence[str], dangers: Sequence[str]) -> list[str]:
    """The keys of an incident among which a person chooses; what goes along with another one is left out.

    A danger's key goes with that of its theme; under one post with several `dangers` each may be chosen by itself.
    """
    apart = len(dangers) > 1
    along = {key for key in held if of_theme(key) != key and not (apart and "|thread|" in key)}
    return [
        key for key in held
        if not key.startswith(OWN_KEY) and not (key in along and of_theme(key) in held)
    ]  # fmt: skip


def key_words(key: str, said: str = "") -> str:
    """What a key gathers, for a person who chooses. `said`: the first words of the thread or wording that it names."""
    theme, _, rest = key.partition("|")
    kind, _, what = rest.partition("|")
    shown = {
        "thread": f"“{said}”之下" if said else f"原帖 {what} 下",
        "cluster": f"与“{said}”近似的说法" if said else "与之近似的说法",
        "place": f"提到“{what}”",
    }
    if theme == "hand":
        return f"人工立为事件的原文 {rest}"
    theme, _, danger = theme.partition(".")
    named = f"{THEME_WORDS.get(theme, theme)}（{words(danger)}）" if danger else THEME_WORDS.get(theme, theme)
    return f"{named} · {shown.get(kind, rest)}"
