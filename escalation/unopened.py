"""Unopened 未立: why the watch left a line alone, in a sentence with its figures. Pure; from what was kept.

The decision itself is made from the rows of its moment and is not kept; what is said here follows from the line's own
risk, hits and account, and names the border as it stands now.
"""

from __future__ import annotations

from typing import Any

from escalation.clock_words import second
from escalation.retention import GONE
from stream.because import POLARITY, enough_at
from stream.doubt import WORDS as DOUBTED
from stream.explanation import TARGETS
from stream.passage import Passage
from stream.post import Kind
from stream.risk import VOICES_LEAST
from stream.rules import CUES, Category


def why_left(found: Passage, open_at: float) -> str:
    """Why no incident stands on this line, without a full stop. `open_at`: points from which this school's open."""
    if barred := _barred(found):
        return barred
    version = found.current
    if version is None or version.judged is None:
        return "已留存，没有研判结果（早于现行版本，或结果已清除）"
    if version.text == GONE:
        return f"当时没有立事件（风险 {version.judged.risk}）；原文与命中已按保存期限清除，说不出更多"
    return _by_figures(found, version.judged, enough_at(open_at))


def _barred(found: Passage) -> str:
    """What keeps a line out whatever it says."""
    post, account = found.post, found.account
    if post.kind == Kind.LEAD:
        return ""
    if account is None:
        return f"账号 {post.account_id} 不在册，不立事件"
    if not account.active:
        return f"账号“{account.name}”现已停用监看，不立事件"
    if post.published_at < account.watch_from:
        return (
            f"发布于账号“{account.name}”开始监看（{second(account.watch_from)}）之前，只作历史与检索，不立事件、不通知"
        )
    return ""


def _by_figures(found: Passage, judged: Any, enough: int) -> str:
    hits, risk = judged.hits, judged.risk
    tone = f"{POLARITY.get(judged.polarity, judged.polarity)}，风险 {risk}"
    if any(hit["category"] == Category.ADVERT for hit in hits):
        return f"像广告（{_titles(hits)}），不计风险，不立事件"
    if not hits:
        whose = "本校账号自己的内容，" if found.post.by_school else ""
        return f"{whose}没有命中任何规则，模型也没有推断出事由（{tone}，说的是：{TARGETS[judged.target]}）"
    if all(hit["category"] in CUES or hit["theme"] == "any" for hit in hits):
        return f"只有附和、反话一类的话（{_titles(hits)}），自己没有说出什么事（{tone}）"
    if found.spent:
        return f"同一事由的事件已了结，这一条的计分随之结清（{_titles(hits)}；{tone}）"
    doubt = [hit for hit in hits if DOUBTED in hit["title"]]
    said = f"“{doubt[0]['title']}”" if doubt else _titles(hits)
    copy = f"；与 {found.copy_of} 几乎相同，同一段话按一条计" if found.copy_of else ""
    voices = f"同一事由当时有 {found.voices} 人说到" if found.voices else "同一事由当时没有别人说到"
    if risk < enough:
        return f"命中 {said}，风险 {risk}，低于立事件的 {enough}；{voices}{copy}"
    if found.voices < VOICES_LEAST:
        return f"命中 {said}，风险 {risk}，已到 {enough}，但只有 {found.voices} 人说到，至少须 {VOICES_LEAST} 人{copy}"
    left = f"命中 {said}，风险 {risk}，已到 {enough}，{voices}"
    return f"{left}；当时的其他条件不满足，如应立，请在“研判说明”页人工立事件{copy}"


def _titles(hits: Any) -> str:
    return "、".join(dict.fromkeys(f"{hit['title']}（{hit['rule']}）" for hit in hits))
