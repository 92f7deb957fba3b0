"""`fengxin backup` and `fengxin restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path, typer.Option("--settings", help="设置文件。")]
HERE = Path("fengxin.toml")


def backup(
    target: Annotated[Path, typer.Argument(help="写到哪个新文件，或哪个目录（文件名自动取）。")],
    settings: SettingsFile = HERE,
) -> None:
    """把存储与日志流（Kafka 上的只取尚未读取的）备份成一个可自证完整的文件；不必停服务。密钥、设置与检索不在其中。"""
    from deploy.command import fail, read
    from deploy.moving import backup as taking
    from stream.store import StoreUnavailable

    try:
        for line in taking.backup(read(settings), target, datetime.now(UTC)):
            typer.echo(line)
    except taking.NotTaken as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise fail(f"{error}；没有备份成，请稍后再试。") from None


def restore(
    file: Annotated[Path, typer.Argument(help="fengxin backup 写出的文件。")],
    only_check: Annotated[bool, typer.Option("--check", help="只核对这个文件，不恢复，也不需要设置。")] = False,
    settings: SettingsFile = HERE,
) -> None:
    """核对备份并恢复到设置所写的空存储、空日志流（SQLite 或 PostgreSQL、Kafka）；要么全部恢复，要么什么都不动。"""
    from deploy.command import fail, read
    from deploy.moving import restore as bringing
    from deploy.moving.manifest import NotSound
    from deploy.supervisor import DataInUse
    from stream.log import LogError
    from stream.store import StoreUnavailable

    try:
        for line in bringing.check(file) if only_check else bringing.restore(read(settings), file):
            typer.echo(line)
    except (bringing.NotRestored, NotSound, DataInUse) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"没有恢复成：{error.strerror or error}（{error.filename or file}）；请检查文件与磁盘。") from None
    except (LogError, StoreUnavailable) as error:
        raise fail(f"{error}；没有恢复任何内容，请处理后再试。") from None
