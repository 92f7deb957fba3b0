"""Dead letters at the command line: what is there, one of them as it may be shown, handing back and dropping."""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from crawlers.redaction import redact
from deploy import entering
from deploy.one_line import escaped
from deploy.settings import Settings
from deploy.upkeep import NotAllowed
from deploy.wiring import opened_store
from escalation import audit, people
from escalation.clock_words import second
from escalation.inspection import READER_WORDS
from escalation.people import Role
from stream.dead_letter import MOST, Letter, LetterKind, ask, drop, kept, letter, letters

SHOWN, ASKED, DROPPED = "dead.show", "dead.retry", "dead.drop"
SHOWN_MOST = 4000
"""Characters of a body that are shown; what is longer is cut and said."""
READ_MOST, MARGIN = 100_000, 500
"""Characters that are read for it; what the cut may have halved is not shown."""
REASON_MOST = 500
_AUTHOR = re.compile(r'("author_key"\s*:\s*")[^"]*')
KINDS = {LetterKind.RECORD: "记录", LetterKind.RANGE: "日志流缺失", LetterKind.OVERFLOW: "未留存计数"}


class NoLetter(Exception):
    """There is no such letter, or nothing of the kind can be done with it; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of letters that were handed back."""

    done: int
    failed: tuple[Letter, ...]
    waiting: int

    @property
    def words(self) -> str:
        """A sentence for each part that there is."""
        said = [f"已处理 {self.done} 封。"] if self.done else []
        said += [f"第 {one.id} 封仍处理不了：{_plain(one.reason)}" for one in self.failed[:20]]
        said += [f"另有 {len(self.failed) - 20} 封仍处理不了，见 fengxin dead list。"] if len(self.failed) > 20 else []
        if self.waiting:
            said.append(f"{self.waiting} 封等待读取进程处理：进程在运行时会自动重取，结果见 fengxin dead list。")
        return "\n".join(said)


class Desk:
    """The letters of one installation. Every method raises StoreUnavailable."""

    def __init__(self, settings: Settings) -> None:
        """Of these settings."""
        self._settings = settings
        self._asked: dict[int, int] = {}

    def lines(self, most: int) -> list[str]:
        """The list, one line a letter, and what it comes to."""
        with opened_store(self._settings) as store, store.read() as conn:
            found, total = letters(conn, most), kept(conn)
        if not total.letters:
            return ["没有死信。"]
        lines = [_line(one) for one in found]
        rest = total.letters - len(found)
        lines += [f"……另有 {rest} 封，可用 --most 多列。"] if rest else []
        lines += [f"共 {total.letters} 封" + (f"，其中 {total.asked} 封等待重取" if total.asked else "") + "。"]
        lines += [f"另有 {total.not_kept} 条因死信已满没有留存。"] if total.not_kept else []
        return [*lines, "查看：fengxin dead show 编号；重试：fengxin dead retry 编号；了结：fengxin dead drop 编号。"]

    def shown(self, number: int) -> str:
        """One letter as it may be shown; the look is written into the audit."""
        with opened_store(self._settings) as store, store.write() as conn:
            one = _there(letter(conn, number), number)
            self._record(conn, f"命令行 {_account()}", SHOWN, one)
        return "\n".join([*_facts(one), "内容：", _body(one)])

    def ask(self, number: int | None) -> list[int]:
        """Hand one letter back, or all that are records; gives their numbers. Raises NoLetter."""
        with opened_store(self._settings) as store, store.write() as conn:
            one = None if number is None else _there(letter(conn, number), number)
            if one is not None and one.kind is not LetterKind.RECORD:
                why = f"第 {one.id} 封是“{KINDS[one.kind]}”，没有可以重试的记录"
                raise NoLetter(f"{why}；核对后请用 fengxin dead drop {one.id} 了结。")
            found = ask(conn, number, datetime.now(UTC))
            if found:
                subject = f"{found[0]}-{found[-1]}" if number is None else str(number)
                audit.record(
                    conn, school=self._settings.school.code, now=datetime.now(UTC), actor=f"命令行 {_account()}"[:100],
                    action=ASKED, subject=subject, detail={"letters": len(found)},
                )  # fmt: skip
        return found

    def outcome(self, numbers: Sequence[int]) -> Outcome:
        """What has become of these since they were handed back."""
        wanted = set(numbers)
        with opened_store(self._settings) as store, store.read() as conn:
            left = [one for one in letters(conn, MOST + 100, min(wanted) - 1) if one.id in wanted] if wanted else []
        failed = tuple(one for one in left if one.asked_at is None)
        return Outcome(len(wanted) - len(left), failed, len(left) - len(failed))

    def dropped(self, number: int, reason: str, person_id: str) -> str:
        """Drop a letter in the name of an administrator. Raises NoLetter, NotAllowed."""
        reason = " ".join(reason.split())
        if not 0 < len(reason) <= REASON_MOST:
            raise NoLetter(f"请用 --reason 写明原因，{REASON_MOST} 字以内；未作更改。")
        school = self._settings.school.code
        with opened_store(self._settings) as store, store.write() as conn:
            if people.person(conn, school, person_id) is None:
                entering.enter(conn, self._settings, datetime.now(UTC))
            holders = people.holders(conn, school, Role.ADMINISTRATOR)
            if person_id not in [one.id for one in holders]:
                known = "、".join(f"{one.name}（{one.id}）" for one in holders) or "尚无，请在“任职”表填写"
                raise NotAllowed(f"工号“{person_id}”不是系统管理员；可以了结死信的人：{known}。")
            one = _there(letter(conn, number), number)
            drop(conn, number)
            self._record(conn, person_id, DROPPED, one, reason=reason)
        return f"第 {number} 封已了结，已记入审计。"

    def _record(self, conn: Connection, actor: str, action: str, one: Letter, **more: str) -> None:
        """Where it stood and why it was buried, and no word of what it holds."""
        detail = {
            "reader": one.reader, "topic": one.topic, "partition": one.partition, "offset": one.offset,
            "many": one.many, **more,
        }  # fmt: skip
        audit.record(
            conn, school=self._settings.school.code, now=datetime.now(UTC), actor=actor[:100], action=action,
            subject=str(one.id), detail=detail,
        )  # fmt: skip


def _there(found: Letter | None, number: int) -> Letter:
    if found is None:
        raise NoLetter(f"没有第 {number} 封死信：可能已处理或已了结；现有的见 fengxin dead list。")
    return found


def _line(one: Letter) -> str:
    state = "，等待重取" if one.asked_at else f"，重试过 {one.tries} 次" if one.tries else ""
    many = f"，{one.many} 条" if one.kind is not LetterKind.RECORD else ""
    return (
        f"{one.id}  {_reader(one)}  {one.topic}/{one.partition}  {second(one.at)}  {_size(one)}{many}{state}  "
        f"{_plain(one.reason)}"
    )


def _facts(one: Letter) -> list[str]:
    return [
        f"编号：{one.id}（{KINDS[one.kind]}）",
        f"读取者：{_reader(one)}",
        f"位置：主题 {one.topic}，分区 {one.partition}，第 {one.offset} 条",
        f"时间：{second(one.at)}",
        f"大小：{_size(one)}，代表 {one.many} 条记录",
        f"重试：{one.tries} 次{'，现等待重取' if one.asked_at else ''}",
        f"原因：{_plain(one.reason)}",
    ]


def _reader(one: Letter) -> str:
    return f"{READER_WORDS[one.reader]}（{one.reader}）" if one.reader in READER_WORDS else escaped(one.reader)


def _size(one: Letter) -> str:
    return f"{one.size:,} 字节"


def _plain(words: str) -> str:
    """Words that may hold some of the record: redacted, on one line."""
    return escaped(redact(words))


def _body(one: Letter) -> str:
    """The record as text: redacted before it is escaped, as an escape may stand inside a number."""
    text = _AUTHOR.sub(r"\1〔已遮盖〕", _text(one.body))
    told = redact(text[:READ_MOST])
    told = escaped(told if len(text) <= READ_MOST else told[:-MARGIN])
    rest = f"\n……（只显示前 {SHOWN_MOST} 字，全长 {len(text):,} 字）" if len(told) > SHOWN_MOST else ""
    return (told[:SHOWN_MOST] or "（空）") + rest


def _text(body: bytes) -> str:
    """JSON with its letters written out, as a number may be spelled in escapes; anything else as it is."""
    text = body.decode("utf-8", "backslashreplace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _account() -> str:
    """The account of the operating system that asked."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
