"""Words that stand on several pages: polarity, kinds of post, platforms, roles of processes."""

from __future__ import annotations

from collections.abc import Mapping

from stream.coverage import Lamp
from stream.platform import platform_name

POLARITY = {"negative": ("负面", "neg"), "neutral": ("中性", "neu"), "positive": ("正面", "pos")}
"""Word and CSS modifier."""
KINDS = {"post": "原帖", "comment": "评论", "reply": "回复", "message": "来信", "lead": "线索"}
ROLES: Mapping[str, str] = {
    "sandbox": "沙箱",
    "crawl": "采集",
    "assess": "研判",
    "watch": "监测",
    "notify": "通知",
    "index": "检索",
    "audit": "稽核",
    "web": "页面",
}
LAMPS = {Lamp.ON: "看全", Lamp.LATE: "迟", Lamp.BLIND: "盲", Lamp.OFF: "已停用"}
LEVEL_NAMES = {1: "特别重大", 2: "重大", 3: "较大", 4: "一般"}
"""Shown where an incident's own pack does not name its levels."""
CARE_TITLE = "疑似心理求助，原文已收起"
CARE_THEMES = frozenset({"self_harm"})
UNJUDGED_TEXT = "（待判，判完再显示原文）"
"""In the place of words of which nobody knows yet whether they are a cry for help."""


platform = platform_name
"""The platform's formal name."""


CLOCKS = "{name}进程的报到时间晚于本机时间，无法判断它是否在运行，请核对各机器的时钟。"


def process(name: str) -> str:
    """What a process of ours does, in a word."""
    return ROLES.get(name, name)
