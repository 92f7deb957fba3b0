"""The commands of `fengxin roster`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.manual import Command, Group

if TYPE_CHECKING:
    from deploy.rostering import Line

roster = typer.Typer(help="值班表：谁在班、谁请假、未来 30 日有没有空档；导入与样表。", cls=Group, no_args_is_help=True)
SettingsFile = Annotated[Path, typer.Option("--settings", help="设置文件。")]
HERE = Path("fengxin.toml")
MARKS = {True: "✔", False: "✘", None: "？"}


def _tell(found: list[Line]) -> int:
    for one in found:
        typer.echo(f"{MARKS[one.good]} {one.words}")
    return sum(one.good is False for one in found)


@roster.command(cls=Command)
def show(settings: SettingsFile = HERE) -> None:
    """谁在班、谁请假与代理、未来 30 日的空档、哪个岗位将没有可以通知的人；有须处理的以 1 结束。"""
    from deploy import rostering
    from deploy.command import fail, read, with_tables
    from stream.store import StoreUnavailable

    try:
        bad = _tell(rostering.lines(with_tables(read(settings))))
    except StoreUnavailable as error:
        raise fail(f"{error}；请稍后再试。") from None
    if bad:
        raise fail(f"有 {bad} 处须处理。")


@roster.command("import", cls=Command)
def take(
    file: Annotated[Path, typer.Argument(help="按样表填写的 .xlsx 文件。")],
    person: Annotated[str, typer.Option(help="导入人的工号，须是系统管理员或宣传部，记入审计。")],
    settings: SettingsFile = HERE,
) -> None:
    """导入值班表：有一处不对就全部不录，逐处列出；校规要求 24 小时的，未来 30 日有空档也不录。"""
    from deploy import rostering
    from deploy.command import fail, read, with_tables
    from stream.store import StoreUnavailable

    try:
        _tell(rostering.take(with_tables(read(settings)), file, person))
    except rostering.NotTaken as refused:
        raise fail(str(refused)) from None
    except OSError as error:
        raise fail(f"{file} 读不了（{error.strerror}）；请核对文件名。") from None
    except StoreUnavailable as error:
        raise fail(f"{error}；没有导入，请稍后再试。") from None


@roster.command(cls=Command)
def template(out: Annotated[Path, typer.Argument(help="写到哪个文件；已存在的不覆盖。")] = Path("值班表.xlsx")) -> None:
    """写出值班表样表：单班、轮值规律、节假日与调休，附填写说明。"""
    from deploy.command import fail
    from escalation.duty import rota_template

    try:
        with out.open("xb") as file:
            file.write(rota_template.template())
    except FileExistsError:
        raise fail(f"{out} 已经存在，未作任何改动；请换一个文件名。") from None
    typer.echo(f"已写出 {out}。填好后执行：fengxin roster import {out} --person 工号")
