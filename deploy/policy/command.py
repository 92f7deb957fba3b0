"""`fengxin policy`: what the policy packs say, in Chinese, and what is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.manual import Command, Group

if TYPE_CHECKING:
    from escalation.procedure import Pack

policy = typer.Typer(help="规程包：各校规定怎样读、通知谁、依据哪一条。", cls=Group, no_args_is_help=True)
Named = Annotated[str, typer.Argument(metavar="规程包", help="规程包的代号（自带的）或路径（本校自己的，例如 ./JY）。")]
Same = Annotated[
    list[str] | None,
    typer.Option("--same", metavar="单位键", help="看合并之后怎样：哪个单位与另一部门是一家；可写几次。"),
]
OfSchool = Annotated[Path | None, typer.Option("--settings", help="按这份设置里学校确认的 same_offices 合并。")]
Said = Annotated[list[str] | None, typer.Option("--trigger", metavar="情形", help="情形，英文或中文；可写几次。")]


def _fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(1)


def _opened(name: str) -> Pack:
    from deploy.policy.checking import open_pack
    from escalation.procedure import PackError

    try:
        return open_pack(name)
    except PackError as error:
        raise _fail(f"规程包“{name}”不能用：\n" + "\n".join(f"  ✘ {one}" for one in error.problems)) from None


def _said_as_one(apart: Pack, keys: Iterable[str]) -> Iterator[str]:
    """What was made one, by the school's own word, in a line each."""
    for key in sorted(set(keys)):
        office = apart.offices[key]
        into = apart.offices[office.maybe_same_as].words[0]
        yield f"按学校确认合并：“{office.words[0]}”就是“{into}”，只告知一次，各条仍显示原词。"


def merged(name: str, same: list[str] | None, settings: Path | None) -> tuple[Pack, list[str]]:
    """The pack with the offices that the school says are one, by the settings or as named on the command line; and what
    was made one, in a line each. What is wrong is said, with exit code 1."""
    apart, keys = _opened(name), list(same or [])
    if settings is not None:
        from deploy.settings import SettingsError, load

        try:
            keys += load(settings).school.same_offices
        except SettingsError as error:
            lines = "\n".join(f"  ✘ {one}" for one in error.problems)
            raise _fail(f"设置不能用，共 {len(error.problems)} 处：\n{lines}") from None
    try:
        return apart.merged(keys), list(_said_as_one(apart, keys))
    except ValueError as error:
        raise _fail(f"{error}。") from None


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


@policy.command("list", cls=Command)
def list_packs() -> None:
    """列出自带的规程包：学校、文件、日期，各有多少条文、规则、级别和不执行的条文。"""
    from deploy.policy.page import listing
    from escalation.procedure import codes

    typer.echo(listing([_opened(code) for code in codes()]))


@policy.command(cls=Command)
def show(
    name: Named,
    article: Annotated[str, typer.Option(metavar="条", help="只看这一条，例如 第十三条、第五章第十九条。")] = "",
    same: Same = None,
    settings: OfSchool = None,
) -> None:
    """用中文写出整个规程包：单位、逐条规则、分级时限与无人签收的步骤、不执行的条文和理由。"""
    from deploy.policy.page import pack_page

    pack, one = merged(name, same, settings)
    _say(one)
    chosen = tuple(cited for cited, one in pack.articles.items() if article in (one.number, one.chapter + one.number))
    if article and not chosen:
        known = "、".join(pack.articles) or "没有条文"
        raise _fail(f"规程包 {pack.code} 没有“{article}”；条号用汉字数字，可写：{known}")
    typer.echo(pack_page(pack, chosen))


@policy.command(cls=Command)
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="规程包", help="代号、文件或目录；不写则检查全部自带的。")
    ] = None,
) -> None:
    """检查规程包，写明每处错误的文件、行、栏和改法；有错时以 1 结束。"""
    from deploy.policy.checking import check as check_packs

    mistakes = 0
    for one in check_packs(names or []):
        mistakes += len(one.mistakes)
        if one.pack is not None and not one.mistakes:
            counts = f"条文 {len(one.pack.article)} 条，规则 {len(one.pack.rule)} 条"
            typer.echo(f"✔ {one.name} {one.pack.school}：可用，{counts}，版本 {one.pack.label}。")
        else:
            typer.echo(f"✘ {one.name}：{len(one.mistakes)} 处须处理")
        for line in one.mistakes:
            typer.echo(f"    {line}")
    if mistakes:
        raise _fail(f"共有 {mistakes} 处须处理。")


@policy.command(cls=Command)
def diff(
    one: Annotated[str, typer.Argument(metavar="甲", help="一个规程包的代号（自带的）或路径（例如 ./JY）。")],
    other: Annotated[str, typer.Argument(metavar="乙", help="另一个规程包的代号或路径。")],
    trigger: Said = None,
) -> None:
    """比较两个规程包，例如本校改过的与自带的：条文、规则、各情形告知谁、时限有何不同。"""
    from deploy.policy.decision import UnknownWord, read_triggers
    from deploy.policy.difference import differences, told_differences
    from deploy.policy.page import difference_page

    left, right = _opened(one), _opened(other)
    try:
        asked = read_triggers(trigger) if trigger else ()
    except UnknownWord as error:
        raise _fail(str(error)) from None
    found = told_differences(left, right, asked) if asked else differences(left, right)
    typer.echo(difference_page(left, right, found, (one, other)))


@policy.command(cls=Command)
def who(
    name: Named,
    trigger: Said = None,
    level: Annotated[
        str, typer.Option(metavar="级别", help="1 到 4，1 最重；不写则按最重一级。级别不影响条文点名的对象。")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出。")] = False,
    table: Annotated[bool, typer.Option("--table", help="以 Markdown 输出全部情形的总表。")] = False,
    same: Same = None,
    settings: OfSchool = None,
) -> None:
    """某种情形告知谁、依据哪一条的哪句话、多久之内、怎样签收，条文还要求做什么。"""
    from deploy.policy import decision, page

    pack, one = merged(name, same, settings)
    _say(() if as_json or table else one)
    if table:
        if trigger or level or as_json:
            raise _fail("--table 是全部情形的总表，不能与 --trigger、--level、--json 同用。")
        typer.echo(page.table(pack), nl=False)
        return
    try:
        triggers = decision.read_triggers(trigger or [])
        at = decision.read_level(pack, level)
    except decision.UnknownWord as error:
        raise _fail(str(error)) from None
    if as_json:
        typer.echo(json.dumps(decision.as_json(pack, triggers, at), ensure_ascii=False, indent=2))
    else:
        typer.echo(page.answer_page(pack, triggers, at, level_given=bool(level)))
