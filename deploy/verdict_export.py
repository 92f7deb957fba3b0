"""`fengxin verdicts`: verdicts as labelled texts for `fengxin train`: approved by a person, marked, in the audit."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.settings import Settings
    from escalation.people import Person
    from escalation.verdict.lesson import Lesson

EXPORTED = "verdict.export"
COLUMNS = ("text", "label", "source", "exported")
SOMEBODY = "某某"


class NotExported(Exception):
    """Nothing was written; the message says why and what to do."""


def verdicts(
    out: Annotated[Path, typer.Option("--out", help="写到哪个 .csv 文件；已存在的不覆盖。")],
    person: Annotated[str, typer.Option(help="批准导出的宣传部人员的工号，写在每一行并记入审计。")],
    settings: Annotated[Path, typer.Option("--settings", help="设置文件。")] = Path("fengxin.toml"),
) -> None:
    """把研判结论导出为带标签的评论，供 fengxin train 学习；不含求助、私信、账号和本校人员的姓名。"""
    from deploy.command import fail, read, with_tables
    from stream.store import StoreUnavailable

    try:
        look, overlook = export(with_tables(read(settings)), out, person.strip(), datetime.now(UTC))
    except NotExported as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise fail(f"{error}；没有导出，请稍后再试。") from None
    typer.echo(f"已导出 {look + overlook} 条到 {out}：值得学校看的 {look} 条，误报的 {overlook} 条。导出已记入审计。")
    typer.echo(f"训练：fengxin train {out} --out weights。训练后请删除这个文件。")


def export(settings: Settings, out: Path, person_id: str, now: datetime) -> tuple[int, int]:
    """Write them into a new file that only its owner may read; gives how many of either label.

    Raises NotExported, StoreUnavailable.
    """
    from deploy.wiring import opened_store
    from escalation import audit, people
    from escalation.people import Role
    from escalation.verdict.lesson import lessons

    school = settings.school.code
    with opened_store(settings) as store:
        with store.read() as conn:
            may = {one.id: one for one in people.holders(conn, school, Role.PUBLICITY)}
            found = lessons(conn, school)
            known = [one.name for one in people.everyone(conn, school)]
        if person_id not in may:
            who = "、".join(f"{one.name}（{one.id}）" for one in may.values()) or "尚无，请在“任职”表填写"
            raise NotExported(f"工号“{person_id}”不能批准导出；可以批准的人：{who}。没有导出。")
        if not found:
            raise NotExported("还没有可供学习的研判结论，或其原文已按保存期限清除。没有导出。")
        _write(out, found, may[person_id], known, now)
        try:
            with store.write() as conn:
                audit.record(
                    conn, school=school, now=now, actor=person_id, action=EXPORTED, subject=out.name[:100],
                    detail={"rows": len(found), "purpose": "训练"},
                )  # fmt: skip
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    look = sum(one.look for one in found)
    return look, len(found) - look


def _write(out: Path, found: Sequence[Lesson], by: Person, known: Sequence[str], now: datetime) -> None:
    from crawlers.redaction import redact
    from escalation.clock_words import SHANGHAI

    if out.suffix != ".csv":
        raise NotExported(f"{out} 应以 .csv 结尾，fengxin train 才认得。没有导出。")
    mark = f"{now.astimezone(SHANGHAI):%Y-%m-%d} {by.name}（{by.id}）批准，仅供训练"
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotExported(f"{out} 已存在，不覆盖；请换一个文件名。") from None
    except OSError as error:
        raise NotExported(f"{out} 写不了（{error.strerror}）；请检查目录是否存在、可写。") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for one in found:
            rows.writerow([nameless(redact(one.text), known), int(one.look), f"verdict {one.number}", mark])


def nameless(text: str, known: Sequence[str]) -> str:
    """The text without the names of the school's own people, the longest first."""
    for name in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(name, SOMEBODY)
    return text
