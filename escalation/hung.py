"""A role that hung 卡死: its supervisor ended it and started it again; people are told for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from escalation import alert

CAUSE = "hung:"
RINGS_FOR = timedelta(days=1)
WORDS = (
    "{title}进程（{role}）长时间没有动静，已由监督进程强行结束并重新启动，数据未丢失。"
    "本条一日后自动消除；反复出现的，请系统管理员查看 {role} 的日志，并核对磁盘、内存与所用的存储、日志流。"
)


def ring(conn: Connection, school: str, role: str, title: str, now: datetime) -> None:
    """Tell that a role was started again because it hung."""
    alert.ring(conn, school, CAUSE + role, WORDS.format(title=title, role=role), now)


def hush(conn: Connection, school: str, now: datetime) -> None:
    """End what was told a day ago."""
    alert.hush_after(conn, school, CAUSE, RINGS_FOR, now)
