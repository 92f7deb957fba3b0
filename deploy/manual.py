"""The manual: `--help` of every command with Chinese headings, and what is wrong with a command as it was typed, where
the library that prints both knows English only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import typer
from typer._click import exceptions as wrong
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup

from deploy.ownership import data_folder, left_to_owner

HEADINGS = {"Arguments": "参数", "Options": "选项", "Commands": "命令"}
USAGE = {"[OPTIONS]": "[选项]", "COMMAND": "命令", "[ARGS]...": "[参数]…"}
KINDS = {
    "<list[Path]>": "<路径>", "<path>": "<路径>", "<list[str]>": "<文字>", "<str>": "<文字>", "<int>": "<整数>",
    "<int range>": "<整数>",
}  # fmt: skip
WORDS = {"Show this message and exit.": "显示这段说明后退出。", "[required]": "[必填]"}
_RANGE = re.compile(r"; (\d+)<=x<=(\d+)\]$")
_DEFAULT = re.compile(r"\[default: (.*)\]$", re.DOTALL)


def said(text: str, words: dict[str, str]) -> str:
    """The text with each of these words in its Chinese form."""
    for english, chinese in words.items():
        text = text.replace(english, chinese)
    return text


class Page(HelpFormatter):
    """One page of help."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that begins the page."""
        super().write_usage(prog, said(args, USAGE), "用法：" if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """A heading of a section."""
        self.write(f"{'':>{self.current_indent}}{HEADINGS.get(heading, heading)}：\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Names and what they are."""
        super().write_dl([(said(name, KINDS), _told(text)) for name, text in rows], col_max, col_spacing)


def _told(text: str) -> str:
    """What an option is for, with its default and its range."""
    told = _DEFAULT.sub(lambda found: f"[默认：{found[1]}]", said(text, WORDS))
    return _RANGE.sub(r"；\1 至 \2]", told)


class Context(typer.Context):
    """Where a command finds its page."""

    formatter_class = Page


class Refusal(wrong.UsageError):
    """A command that was typed wrongly, told in Chinese; exit code 2."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Usage, where to read on, and what is wrong."""
        if self.ctx is not None:
            typer.echo(self.ctx.get_usage(), file=file, err=True)
        typer.echo(f"✘ {self.message}\n说明见：在命令后加 --help。", file=file, err=True)


_NO_COMMAND = re.compile(r"No such command '(.*?)'\.(?: Did you mean '(.*?)')?", re.DOTALL)
_MORE = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)


def sentence(error: wrong.UsageError) -> str:
    """What is wrong with a command as it was typed, and what to type."""
    match error:
        case wrong.MissingParameter(param=param) if param is not None:
            what = getattr(param, "help", None) or ""
            named = "、".join(param.opts) if param.param_type_name == "option" else f"“{param.name}”"
            return f"缺少{'选项' if param.param_type_name == 'option' else '参数'} {named}：{what}请补上。"
        case wrong.NoSuchOption():
            near = f"，是否想写 {'、'.join(sorted(error.possibilities))}" if error.possibilities else ""
            return f"没有选项 {error.option_name}{near}；请更正。"
        case wrong.BadOptionUsage():
            extra = "not take a value" in error.message
            return f"选项 {error.option_name} {'不带值' if extra else '后面缺少它的值'}；请更正。"
        case wrong.BadParameter(param=param) if param is not None:
            kind = "整数" if "integer" in error.message else "说明中的写法"
            return f"{'、'.join(param.opts)} 的值不能用，应为{kind}；请更正。"
        case _ if found := _NO_COMMAND.match(error.message):
            near = f"，是否想写“{found[2]}”" if found[2] else ""
            return f"没有命令“{found[1]}”{near}；请更正。"
        case _ if found := _MORE.match(error.message):
            return f"多出了“{found[1]}”，请删去，或检查引号与空格。"
        case _:
            return "命令写法不对，请对照说明更正。"


def refused(error: wrong.UsageError) -> wrong.UsageError:
    """The same in Chinese; a page of help and what is told already stay as they are."""
    if isinstance(error, (Refusal, wrong.NoArgsIsHelpError)):
        return error
    return Refusal(sentence(error), error.ctx)


class Command(TyperCommand):
    """A command whose help and refusals are in Chinese."""

    context_class = Context

    def make_context(self, *given: Any, **more: Any) -> Any:
        """Read the words after the command. Raises Refusal."""
        try:
            return super().make_context(*given, **more)
        except wrong.UsageError as error:
            raise refused(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Run it; what root made in the data folder then belongs to the folder's owner."""
        try:
            return super().invoke(ctx)
        finally:
            settings = ctx.params.get("settings")
            folder = data_folder(settings) if isinstance(settings, Path) else None
            if folder is not None:
                left_to_owner(folder)


class Group(TyperGroup):
    """A group of commands whose help and refusals are in Chinese."""

    context_class = Context

    def make_context(self, *given: Any, **more: Any) -> Any:
        """Read the words before the command. Raises Refusal."""
        try:
            return super().make_context(*given, **more)
        except wrong.UsageError as error:
            raise refused(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Find and run the command. Raises Refusal where there is none of this name."""
        try:
            return super().invoke(ctx)
        except wrong.UsageError as error:
            raise refused(error) from None
