"""What a pack says of the school's own posts, in words: the ban, the permit, submissions, relaying."""

from __future__ import annotations

from escalation.procedure import Pack, Source, say_span
from stream.platform import platform_name

NONE = Source.NONE.label
SCOPES = {"all": "全部官方账号", "main": "学校官方账号", "second": "二级账号"}


def own_posts(pack: Pack) -> dict[str, tuple[str, ...]]:
    """By what it is about, the parts of what is said; 校规未规定 where the document is silent."""
    return {
        "未经授权不得发布": _ban(pack), "授权发布": _permit(pack), "逐篇送审": _submissions(pack),
        "转发与提及": _relay(pack),
    }  # fmt: skip


def _ban(pack: Pack) -> tuple[str, ...]:
    ban = pack.standing_ban
    said = NONE if ban.source is Source.NONE else ban.basis
    return _kept(said, f"“{ban.quote}”" if ban.quote else "", ban.reading)


def _permit(pack: Pack) -> tuple[str, ...]:
    permit = pack.permit
    if permit.source is Source.NONE:
        return (NONE,)
    clock = permit.expires
    return _kept(
        f"由“{permit.office}”授权（{permit.basis}）", f"{say_span(clock.after)}内有效（{clock.label}）",
        permit.left_open, permit.filing,
    )  # fmt: skip


def _submissions(pack: Pack) -> tuple[str, ...]:
    if not pack.submission:
        return (NONE,)
    parts = []
    for one in pack.submission:
        where = "、".join([SCOPES[one.scope], *map(platform_name, one.platforms)])
        unit = f"“{one.unit}”{'审签' if one.centre else '审核同意'}" if one.unit else ""
        unit += "（系统默认，非校规）" if one.unit_by_default else ""
        steps = "，".join(_kept(unit + ("，加盖公章" if one.seal else ""), f"“{one.centre}”审核" if one.centre else ""))
        parts.append(f"{one.article}：{where}；{steps}；由学校启用后才核对")
    return tuple(parts)


def _relay(pack: Pack) -> tuple[str, ...]:
    relay = pack.relay
    if relay.source is Source.NONE:
        return (NONE,)
    span = f"按发布后 {say_span(relay.span.after)}内统计（{relay.span.label}），只列清单"
    return _kept(
        relay.article, "只对二级账号" if relay.second_only else "",
        "只限重大宣传活动，不计比例" if relay.campaigns_only else span,
    )  # fmt: skip


def _kept(*parts: str) -> tuple[str, ...]:
    return tuple(part for part in parts if part)
