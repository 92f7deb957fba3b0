"""The commands of `fengxin dead`."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.manual import Command, Group

if TYPE_CHECKING:
    from deploy.dead_lettering import Desk

dead = typer.Typer(
    help="死信：研判、监看、检索读不懂或处理不了的记录，整条留存，可查看、重试、了结。", cls=Group, no_args_is_help=True
)
SettingsFile = Annotated[Path, typer.Option("--settings", help="设置文件。")]
HERE = Path("fengxin.toml")
Number = Annotated[int, typer.Argument(help="死信的编号，见 fengxin dead list。", min=1)]
LOOK_SECONDS = 0.2


def _desk(settings: Path) -> Desk:
    from deploy.command import read, with_tables
    from deploy.dead_lettering import Desk

    return Desk(with_tables(read(settings)))


def _unreached(error: Exception) -> typer.Exit:
    from deploy.command import fail

    return fail(f"{error}；未作更改，请稍后再试。")


@dead.command("list", cls=Command)
def listing(
    most: Annotated[int, typer.Option("--most", help="最多列出多少封，最早的在前。", min=1, max=10_000)] = 100,
    settings: SettingsFile = HERE,
) -> None:
    """列出死信：编号、读取者、主题、时间、大小、原因。"""
    from stream.store import StoreUnavailable

    try:
        for line in _desk(settings).lines(most):
            typer.echo(line)
    except StoreUnavailable as error:
        raise _unreached(error) from None


@dead.command(cls=Command)
def show(number: Number, settings: SettingsFile = HERE) -> None:
    """显示一封死信与其内容：个人信息已遮盖，控制字符写明；查看记入审计。"""
    from deploy.command import fail
    from deploy.dead_lettering import NoLetter
    from stream.store import StoreUnavailable

    try:
        typer.echo(_desk(settings).shown(number))
    except NoLetter as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise _unreached(error) from None


@dead.command(cls=Command)
def retry(
    number: Annotated[int | None, typer.Argument(help="死信的编号，见 fengxin dead list。", min=1)] = None,
    every: Annotated[bool, typer.Option("--all", help="重试全部能重试的死信。")] = False,
    wait: Annotated[int, typer.Option("--wait", help="最多等结果多少秒，0 为不等。", min=0, max=3600)] = 15,
    settings: SettingsFile = HERE,
) -> None:
    """把死信交回原来的读取者再处理一次：成功的随即了结，再次失败的带新原因留下；记入审计。"""
    from deploy.command import fail
    from deploy.dead_lettering import NoLetter
    from stream.store import StoreUnavailable

    if (number is None) is not every:
        raise fail("请写明一封死信的编号，或写 --all 重试全部，二者取一。")
    try:
        desk = _desk(settings)
        numbers = desk.ask(number)
        typer.echo(f"已交回 {len(numbers)} 封。" if numbers else "没有可以重试的死信。")
        until = time.monotonic() + wait
        outcome = desk.outcome(numbers)
        while outcome.waiting and time.monotonic() < until:
            with suppress(StoreUnavailable):
                outcome = desk.outcome(numbers)
            time.sleep(LOOK_SECONDS)
    except NoLetter as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise _unreached(error) from None
    if numbers:
        typer.echo(outcome.words)
    if outcome.failed:
        raise typer.Exit(1)


@dead.command(cls=Command)
def drop(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="为什么不再处理，记入审计。")],
    person: Annotated[str, typer.Option("--person", help="了结人的工号，须是系统管理员，记入审计。")],
    settings: SettingsFile = HERE,
) -> None:
    """了结一封不再处理的死信，内容随之删去；谁、为什么、哪一条记入审计。"""
    from deploy.command import fail
    from deploy.dead_lettering import NoLetter
    from deploy.upkeep import NotAllowed
    from stream.store import StoreUnavailable

    try:
        typer.echo(_desk(settings).dropped(number, reason, person))
    except (NoLetter, NotAllowed) as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise _unreached(error) from None
