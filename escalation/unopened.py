"""Unopened 未立: why the watch left a line alone, in a sentence with its figures. Pure; from what was kept.

What is said is what the watch saw and decided at that moment (`stream.bar`), also where the account, the border or what
others said has changed since.
"""

from __future__ import annotations

from math import floor
from typing import Any

from escalation.clock_words import second
from escalation.retention import GONE
from stream.bar import Bar, Barred
from stream.because import POLARITY, enough_at
from stream.doubt import WORDS as DOUBTED
from stream.explanation import TARGETS
from stream.passage import Passage, Version
from stream.risk import OUTLIKED_LEAST, VOICES_LEAST
from stream.rules import Category

CLEARED = "原文与命中已按保存期限清除"
UNTOLD = "当时没有立事件（风险 {risk}）；理由没有留存：由较早的版本研判，或当时所属的事件已不在"
ALONE = "同一处的另一件事件不是同一险情，这一条须单独够立"


def why_left(found: Passage) -> str:
    """Why no incident stands on this line, without a full stop."""
    version = found.current
    if version is None or version.judged is None:
        return "已留存，没有研判结果（早于现行版本，或结果已清除）"
    barred = Barred.of(version.judged.barred)
    if barred is not None and (outside := _outside(found, barred.bar)):
        return outside
    said = _said(found, version, version.judged, barred)
    return f"{said}；{CLEARED}" if version.text == GONE else said


def _said(found: Passage, version: Version, judged: Any, barred: Barred | None) -> str:
    hits, tone = judged.hits, f"{POLARITY.get(judged.polarity, judged.polarity)}，风险 {judged.risk}"
    match barred:
        case None if not hits and version.text == GONE:
            return f"当时没有立事件（风险 {judged.risk}）"
        case None if not hits:
            whose = "本校账号自己的内容，" if found.post.by_school else ""
            return f"{whose}没有命中任何规则，模型也没有推断出事由（{tone}，说的是：{TARGETS[judged.target]}）"
        case None if any(hit["category"] == Category.ADVERT for hit in hits):
            return f"像广告（{_titles(hits)}），不计风险，不立事件"
        case None:
            return UNTOLD.format(risk=judged.risk)
        case Barred(bar=Bar.ADVERT):
            return f"像广告{_named(hits)}，不计风险，不立事件"
        case Barred(bar=Bar.CUES):
            return f"只有附和、反话一类的话{_named(hits)}，自己没有说出什么事，当时也没有可附和的事（{tone}）"
        case Barred(bar=Bar.SETTLED):
            return f"同一事由的事件已了结，或已过计分的期限，这一条不再计分{_named(hits)}（{tone}）"
        case Barred(bar=Bar.ANSWER):
            return f"本校账号自己的评论、回复，不是发布的内容，不计风险{_named(hits)}"
        case Barred(bar=Bar.MAIN):
            return f"本校主账号自己发布的内容，有权发声，没有别的情形{_named(hits)}（{tone}）"
        case Barred(bar=Bar.POINTS):
            return f"{_weighed(hits, barred)}，{_short(barred)}；{_voices(barred)}{_beside(found, barred)}"
        case Barred():
            few = f"但只有 {barred.voices} 人说到，至少须 {VOICES_LEAST} 人"
            return f"{_weighed(hits, barred)}，已到 {enough_at(barred.open_at)}，{few}{_beside(found, barred)}"


def _weighed(hits: Any, barred: Barred) -> str:
    doubt = [hit for hit in hits if DOUBTED in hit["title"]]
    said = f"“{doubt[0]['title']}”" if doubt else _titles(hits)
    return f"命中 {said}，风险 {barred.risk}" if hits else f"风险 {barred.risk}"


def _short(barred: Barred) -> str:
    """How far it was from the border; a risk is whole, and of two that are alike one may lie below."""
    enough = enough_at(barred.open_at)
    if barred.risk < enough:
        return f"低于立事件的 {enough}"
    points = floor(barred.points * 10) / 10
    return f"取整前是 {points:g} 分，没有到立事件的 {barred.open_at:g} 分"


def _voices(barred: Barred) -> str:
    return f"同一事由当时有 {barred.voices} 人说到" if barred.voices else "同一事由当时没有人说到"


def _beside(found: Passage, barred: Barred) -> str:
    """What else a person should know of it."""
    liked = f"；获赞超过原帖的评论有 {barred.outliked} 人，至少须 {OUTLIKED_LEAST} 人" if barred.outliked else ""
    copy = f"；与 {found.copy_of} 几乎相同，同一段话按一条计" if found.copy_of else ""
    return f"{liked}{copy}{f'；{ALONE}' if barred.alone else ''}"


def _named(hits: Any) -> str:
    return f"（{_titles(hits)}）" if hits else ""


def _titles(hits: Any) -> str:
    return "、".join(dict.fromkeys(f"{hit['title']}（{hit['rule']}）" for hit in hits))


def _outside(found: Passage, bar: Bar) -> str:
    """What keeps a line out whatever it says; empty where it was weighed."""
    match bar:
        case Bar.UNKNOWN:
            return f"账号 {found.post.account_id} 当时不在册，不立事件"
        case Bar.OFF:
            return f"{_account(found)}当时已停用监看，不立事件"
        case Bar.BEFORE:
            return _before(found)
        case Bar.PAST:
            return "由文件导入，所记时间在导入的十天以前，只作历史与检索，不立事件、不通知"
        case Bar.LATE:
            return "读到时同一条已有更新的文字，这一版只作留存，不立事件"
        case _:
            return ""


def _account(found: Passage) -> str:
    return f"账号“{found.account.name}”" if found.account else f"账号 {found.post.account_id}"


def _before(found: Passage) -> str:
    since = found.account.watch_from if found.account else None
    if since is None or since <= found.post.published_at:
        return f"发布于{_account(found)}当时所定的开始监看时刻之前，只作历史与检索，不立事件、不通知"
    return f"发布于{_account(found)}开始监看（{second(since)}）之前，只作历史与检索，不立事件、不通知"
