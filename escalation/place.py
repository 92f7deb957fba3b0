"""Place: where a line was found, as an incident freezes it and notices say it. No lead is given a place it has not.

A lead carries the platform that the person chose, and an account only where the person named one; to whom it goes then
follows from the school's main account, and the words say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from escalation.clock_words import moment
from stream.account import Account
from stream.platform import platform_name
from stream.post import Kind, Post

LEAD = "值班员补录的线索"
ROUTED = "未写明账号，按学校主账号归口"


def place_of(post: Post, account: Account | None) -> dict[str, str]:
    """What is frozen of a line's place: `platform` and `name` as read, `id`, and for a lead `kind` and `named`.

    `named`: the account that the person named, empty where there was none; kept for leads only.
    """
    if post.kind is not Kind.LEAD:
        platform = platform_name(account.platform if account else post.platform)
        return {"platform": platform, "name": account.name if account else post.account_id, "id": post.account_id}
    named = account.name if account is not None and post.account_named else ""
    return {
        "platform": platform_name(post.platform), "name": f"{LEAD}（{named}）" if named else LEAD,
        "id": post.account_id, "kind": Kind.LEAD.value, "named": named,
    }  # fmt: skip


def is_lead(place: Mapping[str, Any]) -> bool:
    """Whether the frozen place is a lead's."""
    return place.get("kind") == Kind.LEAD


def is_unplaced(place: Mapping[str, Any]) -> bool:
    """Whether nobody knows under which account the words stand."""
    return is_lead(place) and not place.get("named")


def found_words(incident: Any, now: datetime) -> tuple[str, ...]:
    """When and where it was found and when it was opened, in sentences without a full stop; `incident` is its row."""
    place = incident.frozen.get("account", {})
    found, opened = moment(incident.detected_at, now), moment(incident.opened_at, now)
    platform = place.get("platform", "")
    if not is_lead(place):
        return (f"{found} 在{platform}“{place.get('name', '')}”发现，{opened} 立事件",)
    source = platform if platform == platform_name("other") else f"来源：{platform}"
    about = f"，涉及账号“{place['named']}”" if place.get("named") else ""
    said = f"{found} {LEAD}，{source}{about}，{opened} 立事件"
    return (said,) if place.get("named") else (said, f"{ROUTED}{incident.unit}")
