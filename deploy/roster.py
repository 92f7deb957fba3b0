"""The roster 名册: units, accounts, people, offices, keepers, shifts; xlsx sheets, CSV files or tables of the settings.

Every row is checked; all that is wrong is listed by sheet, row and column, and nothing is half taken in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from stream.post import Route
from stream.workbook import read_flag, read_moment, read_text

PLATFORMS = {
    "weibo": ("微博", "新浪微博"), "wechat": ("微信", "微信公众号", "公众号"), "douyin": ("抖音", "抖音号"),
    "channels": ("视频号", "微信视频号"), "bilibili": ("B 站", "B站", "哔哩哔哩"), "kuaishou": ("快手",),
    "xiaohongshu": ("小红书",), "zhihu": ("知乎",), "toutiao": ("今日头条", "头条号"),
}  # fmt: skip
READ = frozenset({"weibo", "wechat"})
"""Platforms with an interface that the crawlers read; what stands on the others is seen by people."""
WAYS: Mapping[str, tuple[Route, tuple[str, ...]]] = {
    "接口": (Route.API, ("自动", "自动采集")),
    "人工巡查": (Route.MANUAL, ("人工", "手工", "线索", "导入", "补录", "无接口")),
}
"""How an account is watched: the word the template shows, what it is in the book, other words for the same."""
_MOBILE = re.compile(r"\+?[0-9][0-9\- ]{6,18}[0-9]")
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_MAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\"]+")


def read_platform(value: object) -> str:
    """微博 or 微信公众号, or the code. Raises ValueError with what is known."""
    text = read_text(value)
    for code, words in PLATFORMS.items():
        if text.lower() == code or text in words:
            return code
    known = "、".join(words[0] for words in PLATFORMS.values())
    raise ValueError(f"不认识平台“{text}”，可写：{known}。")


def read_way(value: object) -> Route:
    """接口 or 人工巡查, another word for it, or the code; empty is 接口. Raises ValueError with what is allowed."""
    text = read_text(value)
    for word, (route, others) in WAYS.items():
        if text in (word, route.value, *others) or not text:
            return route
    raise ValueError(f"不认识采集方式“{text}”，可写：{'、'.join(WAYS)}；留空即“接口”。")


def _matching(pattern: re.Pattern[str], sentence: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = read_text(value)
        if text and not pattern.fullmatch(text):
            raise ValueError(sentence.format(text))
        return text

    return read


def _filled(value: object) -> str:
    text = read_text(value)
    if not text:
        raise ValueError("不能为空，请填写。")
    return text


Needed = Annotated[str, BeforeValidator(_filled)]
Text = Annotated[str, BeforeValidator(read_text)]
Flag = Annotated[bool, BeforeValidator(read_flag)]
Time = Annotated[datetime, BeforeValidator(read_moment)]
Mail = Annotated[str, BeforeValidator(_matching(_MAIL, "“{}”不是邮箱地址，请更正。"))]
Mobile = Annotated[str, BeforeValidator(_matching(_MOBILE, "“{}”不是电话号码，请只写数字。"))]

Member = Annotated[
    str,
    BeforeValidator(_matching(_MEMBER, "“{}”不是企业微信账号，请写管理后台通讯录中该成员的“账号”（不是姓名）。")),
]


class Row(BaseModel):
    """One row; unknown columns are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitRow(Row):
    """单位."""

    name: Needed = Field(title="单位名称", max_length=100)


class AccountRow(Row):
    """账号: one registered official account. An empty id becomes `platform:native_id`.

    `route`: read by an interface of the platform, or watched by people who type leads or import what they saw.
    """

    id: Text = Field(default="", title="编号", max_length=100)
    platform: Annotated[str, BeforeValidator(read_platform)] = Field(title="平台")
    name: Needed = Field(title="账号名称", max_length=100)
    native_id: Needed = Field(title="平台内编号", max_length=100)
    unit: Needed = Field(title="主办单位", max_length=100)
    watch_from: Time = Field(title="起始时间")
    route: Annotated[Literal[Route.API, Route.MANUAL], BeforeValidator(read_way)] = Field(
        default=Route.API, title="采集方式"
    )
    main: Flag = Field(default=False, title="学校主账号")
    active: Flag = Field(default=True, title="启用")

    @property
    def key(self) -> str:
        """The account's id in the book."""
        return self.id or f"{self.platform}:{self.native_id}"


class PersonRow(Row):
    """人员. `wecom` is the account in the 企业微信 contact book: application messages find the person by it."""

    id: Needed = Field(title="工号", max_length=64)
    name: Needed = Field(title="姓名", max_length=64)
    title: Text = Field(default="", title="职务", max_length=100)
    unit: Text = Field(default="", title="单位", max_length=100)
    email: Mail = Field(default="", title="邮箱", max_length=254)
    mobile: Mobile = Field(default="", title="手机", max_length=32)
    wecom: Member = Field(default="", title="企业微信账号", max_length=64)


class OfficeRow(Row):
    """任职: who holds which office of the rules, for the whole school (empty scope) or for a unit."""

    role: Needed = Field(title="角色", max_length=64)
    scope: Text = Field(default="", title="单位", max_length=100)
    person: Needed = Field(title="工号", max_length=64)
    rank: Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)] = Field(
        default=0, title="顺序", ge=0
    )


class KeeperRow(Row):
    """管理员: who keeps which account (its id, or its name where that is unique)."""

    account: Needed = Field(title="账号", max_length=100)
    person: Needed = Field(title="工号", max_length=64)
    rank: Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)] = Field(
        default=0, title="顺序", ge=0
    )


class ShiftRow(Row):
    """值班: one turn at the desk; `leads` marks the 带班领导."""

    person: Needed = Field(title="工号", max_length=64)
    starts_at: Time = Field(title="开始")
    ends_at: Time = Field(title="结束")
    leads: Flag = Field(default=False, title="带班领导")


class Roster(BaseModel):
    """Everything together, checked row by row; `knots` says what does not fit between rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: tuple[UnitRow, ...] = ()
    accounts: tuple[AccountRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    offices: tuple[OfficeRow, ...] = ()
    keepers: tuple[KeeperRow, ...] = ()
    shifts: tuple[ShiftRow, ...] = ()

    def account(self, words: str) -> AccountRow | None:
        """The account with this id, or with this name where only one has it."""
        named = [one for one in self.accounts if one.name == words]
        return next((one for one in self.accounts if one.key == words), named[0] if len(named) == 1 else None)


SHEETS: Mapping[str, tuple[str, type[Row]]] = {
    "units": ("单位", UnitRow),
    "accounts": ("账号", AccountRow),
    "people": ("人员", PersonRow),
    "offices": ("任职", OfficeRow),
    "keepers": ("管理员", KeeperRow),
    "shifts": ("值班", ShiftRow),
}
"""Table of the roster → (its sheet's Chinese name, the row)."""


Knot = tuple[str, int, str, str]
"""Table, index of the row, field, sentence."""


def knots(roster: Roster, unread: frozenset[str] = frozenset()) -> list[Knot]:
    """What is wrong between rows: a doubled key, a unit, account or person that is not there, a shift ending early,
    two accounts that would both be the school's main one.

    Rows may lack what could not be read, and `unread` tables are missing: what hangs on these is not told.
    """

    def known(table: str, name: str) -> frozenset[str] | None:
        keys = [getattr(row, name, None) for row in getattr(roster, table)]
        return None if table in unread or None in keys else frozenset(key for key in keys if key is not None)

    units, persons = known("units", "name"), known("people", "id")
    found: list[Knot] = []
    for table, name, key in (("units", "name", "name"), ("accounts", "native_id", "key"), ("people", "id", "id")):
        found += _twice(table, name, [getattr(row, key, None) for row in getattr(roster, table)])
    found += _absent(roster, "accounts", "unit", units, "“单位”表中没有“{}”，请补上或更正。")
    found += _absent(roster, "people", "unit", units, "“单位”表中没有“{}”，请补上或更正。")
    found += _absent(roster, "offices", "scope", units, "“单位”表中没有“{}”；全校性角色请留空。")
    if known("accounts", "key") is not None and known("accounts", "name") is not None:
        for index, keeper in enumerate(roster.keepers):
            words = getattr(keeper, "account", None)
            if words and roster.account(words) is None:
                found.append(("keepers", index, "account", f"“账号”表中没有“{words}”，或有同名账号，请改写编号。"))
    for index, shift in enumerate(roster.shifts):
        begin, end = getattr(shift, "starts_at", None), getattr(shift, "ends_at", None)
        if begin and end and end <= begin:
            found.append(("shifts", index, "ends_at", "结束不晚于开始，请更正。"))
    for table in ("offices", "keepers", "shifts"):
        found += _absent(roster, table, "person", persons, "“人员”表中没有工号“{}”，请补上或更正。")
    return found + _mains(roster.accounts) + _unseen(roster.accounts)


def _absent(roster: Roster, table: str, field: str, known: frozenset[str] | None, sentence: str) -> list[Knot]:
    named = [(index, getattr(row, field, None)) for index, row in enumerate(getattr(roster, table))]
    return [
        (table, index, field, sentence.format(word))
        for index, word in named if known is not None and word and word not in known
    ]  # fmt: skip


def _unseen(rows: Sequence[AccountRow]) -> list[Knot]:
    """Accounts that no interface reads are watched by people, and say so."""
    return [
        ("accounts", index, "route", f"{PLATFORMS[row.platform][0]}没有可用的接口，“采集方式”请写“人工巡查”。")
        for index, row in enumerate(rows)
        if getattr(row, "platform", "weibo") not in READ and getattr(row, "route", None) == Route.API
    ]


def _mains(rows: Sequence[AccountRow]) -> list[Knot]:
    """The school's main account is one per platform, and all of one unit: leads without an account go there."""
    first: dict[str, tuple[int, str]] = {}
    found: list[Knot] = []
    for index, row in enumerate(rows):
        platform, unit = getattr(row, "platform", None), getattr(row, "unit", None)
        if not (getattr(row, "main", False) and getattr(row, "active", False) and platform and unit):
            continue
        other = first.get(platform) or next((one for one in first.values() if one[1] != unit), None)
        if other is not None:
            found.append(
                (
                    "accounts",
                    index,
                    "main",
                    f"前面第 {other[0] + 1} 条已是学校主账号；每个平台只能有一个，且须同一主办单位。",
                )
            )
        first.setdefault(platform, (index, unit))
    return found


def _twice(table: str, name: str, keys: Sequence[str | None]) -> list[Knot]:
    first: dict[str, int] = {}
    found: list[Knot] = []
    for index, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            found.append((table, index, name, f"“{key}”与前面第 {first[key] + 1} 条重复，请删去其一。"))
        first.setdefault(key, index)
    return found


def titles(row: type[Row]) -> dict[str, str]:
    """Column heading → field."""
    return {str(info.title): name for name, info in row.model_fields.items()}


def heading(row: type[Row], field: Any) -> str:
    """The column's Chinese heading."""
    info = row.model_fields.get(str(field))
    return str(info.title) if info else str(field)
