"""The manual: `--help` of every command with Chinese headings, where the library that prints it knows English only."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup

HEADINGS = {"Arguments": "参数", "Options": "选项", "Commands": "命令"}
USAGE = {"[OPTIONS]": "[选项]", "COMMAND": "命令", "[ARGS]...": "[参数]…"}
KINDS = {"<list[Path]>": "<路径>", "<path>": "<路径>", "<str>": "<文字>", "<int>": "<整数>"}
WORDS = {"Show this message and exit.": "显示这段说明后退出。", "[required]": "[必填]"}
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
        told = [
            (said(name, KINDS), _DEFAULT.sub(lambda found: f"[默认：{found[1]}]", said(text, WORDS)))
            for name, text in rows
        ]
        super().write_dl(told, col_max, col_spacing)


class Context(typer.Context):
    """Where a command finds its page."""

    formatter_class = Page


class Command(TyperCommand):
    """A command whose help is in Chinese."""

    context_class = Context


class Group(TyperGroup):
    """A group of commands whose help is in Chinese."""

    context_class = Context
