"""How the report says numbers, spans and names: thousands, one decimal, whole shares that add up to 100."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from escalation.clock_words import SHANGHAI
from escalation.voice.subject import EVERY_THEME
from stream.coverage import Lamp
from stream.platform import platform_name

ROMAN = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")
THEMES: Mapping[str, str] = EVERY_THEME
CHANNELS: Mapping[str, str] = {
    "mail": "邮件",
    "sms": "短信",
    "wecom_robot": "企业微信群机器人",
    "wecom_app": "企业微信应用消息",
    "dingtalk_robot": "钉钉群机器人",
    "feishu_robot": "飞书群机器人",
    "webhook": "网络回调",
    "phone": "电话通知",
}
ROUTES: Mapping[str, str] = {
    "api": "接口", "push": "接口 · 推送", "feed": "订阅", "manual": "人工巡查", "sandbox": "平台沙箱",
    "weibo": "接口", "wechat": "接口",
}  # fmt: skip
LAMPS: Mapping[Lamp, str] = {Lamp.ON: "看全", Lamp.LATE: "迟", Lamp.BLIND: "盲", Lamp.OFF: "已停用"}


def thousands(number: int) -> str:
    """`21,406`."""
    return f"{number:,}"


def percent(part: int, whole: int) -> str:
    """One decimal, `9.4%`; `—` where there is nothing to take a share of. Halves go up, as on paper."""
    if whole <= 0:
        return "—"
    tenths = (part * 2_000 + whole) // (whole * 2)
    return f"{tenths // 10:,}.{tenths % 10}%"


def change(now: int, before: int) -> str:
    """`较上周增 18.2%`, `较上周减 3.0%`, `与上周持平`; a week without any before it has no share."""
    if before == 0:
        return "上周无评论，不作比较" if now else "上周亦无评论"
    if now == before:
        return "与上周持平"
    return f"较上周{'增' if now > before else '减'} {percent(abs(now - before), before)}"


def shares(counts: Sequence[int]) -> tuple[int, ...]:
    """Whole percentages that add up to exactly 100 (largest remainder); all zero where there is nothing to share."""
    whole = sum(counts)
    if whole <= 0:
        return tuple(0 for _ in counts)
    floors = [count * 100 // whole for count in counts]
    order = sorted(range(len(counts)), key=lambda n: (-(counts[n] * 100 % whole), n))
    for n in order[: 100 - sum(floors)]:
        floors[n] += 1
    return tuple(floors)


def span(length: timedelta) -> str:
    """`40 分`, `2 时 48 分`, `31 小时`, `3 日 2 时`: never more than two units."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, rest = divmod(minutes, 1_440)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} 日 {hours} 时" if hours else f"{days} 日"
    if hours:
        return f"{hours} 时 {left} 分" if left else f"{hours} 小时"
    return f"{left} 分" if left or not length else "不足 1 分"


def clock(length: timedelta) -> str:
    """`3:12`, hours and minutes, for columns."""
    minutes = max(0, int(length.total_seconds() // 60))
    return f"{minutes // 60:,}:{minutes % 60:02d}"


def day_time(at: datetime) -> str:
    """`20日 16:37` in Beijing time, for columns of one week."""
    local = at.astimezone(SHANGHAI)
    return f"{local.day}日 {local:%H:%M}"


def month_day_time(at: datetime) -> str:
    """`11月9日 16:37` in Beijing time, for columns that reach beyond the week."""
    return f"{at.astimezone(SHANGHAI).month}月{day_time(at)}"


def middle(spans: Iterable[timedelta]) -> timedelta | None:
    """The median; None where there is none."""
    seconds = [span.total_seconds() for span in spans]
    return timedelta(seconds=median(seconds)) if seconds else None


platform = platform_name
"""The platform's formal name."""


def theme(name: str) -> str:
    """The theme's Chinese name."""
    return THEMES.get(name, name)


def channel(name: str) -> str:
    """The channel's name."""
    return CHANNELS.get(name, name)
