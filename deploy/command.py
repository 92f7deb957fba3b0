"""The command line: `fengxin`. What an operator reads is Chinese; every refusal says what to do."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from deploy.dead_command import dead
from deploy.evaluation.command import evaluate
from deploy.manual import Command, Group
from deploy.moving.command import backup, restore
from deploy.policy.command import OfSchool, merged, policy
from deploy.reindexing import reindex
from deploy.roster_command import roster
from deploy.rules_command import rules as rule_files
from deploy.settings import Settings, SettingsError, load
from deploy.training import train
from deploy.verdict_export import verdicts

app = typer.Typer(
    name="fengxin",
    cls=Group,
    help="风信：高校官方新媒体舆情监测与上报。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
SettingsFile = Annotated[Path, typer.Option("--settings", help="设置文件。")]
HERE = Path("fengxin.toml")
WIDE = 220
"""Columns of a table that is written into a file, so that no cell of it is cut or folded."""


def fail(text: str) -> typer.Exit:
    """Say why on the error stream; raise what this gives."""
    typer.echo(text, err=True)
    return typer.Exit(1)


def read(path: Path) -> Settings:
    """The settings, or a list of what is wrong and exit code 1."""
    try:
        return load(path)
    except SettingsError as error:
        lines = "\n".join(f"  ✘ {one}" for one in error.problems)
        raise fail(f"设置不能用，共 {len(error.problems)} 处：\n{lines}") from None


def with_tables(given: Settings) -> Settings:
    """The same, once the store's tables are there; else what to do and exit code 1."""
    from deploy.starting import NotReady, tables

    try:
        tables(given)
    except NotReady as error:
        raise fail(str(error)) from None
    return given


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fengxin {version('fengxin')}")
        raise typer.Exit


@app.callback()
def top(
    _version: Annotated[
        bool, typer.Option("--version", help="显示版本后退出。", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """风信：高校官方新媒体舆情监测与上报。"""


@app.command(cls=Command)
def init(
    folder: Annotated[Path, typer.Argument(help="写到哪个目录。")] = Path(),
    demo: Annotated[bool, typer.Option("--demo", help="写演示用的设置（虚构学校与本机沙箱）。")] = False,
    port: Annotated[int, typer.Option(help="演示的端口，其后三个也会用到。")] = 8700,
) -> None:
    """写出带中文说明的设置文件、名册样表与密钥。"""
    from deploy import installation

    if demo:
        typer.echo(f"已写出演示设置 {installation.write_demo(folder, port, datetime.now(UTC))}")
        return
    try:
        made = installation.write(folder)
    except installation.AlreadyThere as error:
        raise fail(str(error)) from None
    typer.echo("已写出：\n" + "\n".join(f"  {path}" for path in made))
    typer.echo(f"请填写设置与名册，然后执行：fengxin check --settings {made[0]}")


@app.command(cls=Command)
def check(
    settings: SettingsFile = HERE,
    probe: Annotated[
        bool, typer.Option("--probe", help="真实连接邮件服务器，让机器人发一条测试消息，并调用一次心跳网址。")
    ] = False,
) -> None:
    """检查设置、存储、日志流、规则、规程包与人员，指出缺什么、怎么补。"""
    from deploy.checking import Finding, findings, what_can_be_read

    def tell(one: Finding) -> bool:
        typer.echo(f"{'·' if one.aside else '✔' if one.good else '✘'} {one.what}：{one.words}")
        return not one.good

    try:
        given = load(settings)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"✘ 设置：{problem}")
        more = sum(map(tell, what_can_be_read(error.legible))) if error.legible else 0
        others = f"另有 {more} 处须处理。" if more else ""
        raise fail(f"设置不能用，共 {len(error.problems)} 处。{others}") from None
    bad = sum(map(tell, findings(given, probe=probe)))
    if bad:
        raise fail(f"还有 {bad} 处须处理。")
    typer.echo("可以运行。")


@app.command(cls=Command)
def migrate(settings: SettingsFile = HERE) -> None:
    """建立或升级存储的表结构。"""
    from deploy import migrations
    from stream.store import Store, StoreUnavailable

    store = Store(read(settings).store_url)
    try:
        migrations.migrate(store)
        with store.read() as conn:
            typer.echo(f"存储的表结构已是 {migrations.standing(conn)}。")
    except StoreUnavailable as error:
        raise fail(f"{error}；请检查 store.url 与数据库是否启动。") from None
    finally:
        store.close()


@app.command(cls=Command)
def run(
    role: Annotated[str, typer.Argument(help="只运行一个角色；不写则由监督进程运行全部。")] = "",
    settings: SettingsFile = HERE,
    metrics: Annotated[
        str, typer.Option("--metrics", help="只运行一个角色时，它自己的 /metrics 与 /healthz 的地址，如 0.0.0.0:9464。")
    ] = "",
) -> None:
    """运行风信。多台机器时每台执行 fengxin run 角色。"""
    if role:
        from deploy import role as one

        one.run(role, settings, alone=True, page=metrics)
        return
    if metrics:
        raise fail("--metrics 须与角色同写；一台机器运行全部时，指标在值班台的 /metrics。")
    start(settings, read(settings))


@app.command(cls=Command)
def demo(
    port: Annotated[int, typer.Option(help="值班台的端口，其后三个也会用到。")] = 8700,
    data: Annotated[Path, typer.Option(help="数据目录。")] = Path("data"),
) -> None:
    """用虚构学校与本机沙箱演示全过程，不需要任何账号。"""
    from deploy import installation

    file = installation.write_demo(data, port, datetime.now(UTC))
    start(file, read(file))


def start(file: Path, settings: Settings) -> None:
    """Hold the data folder, wait for the store and prepare it, then supervise every role until told to stop."""
    from deploy.starting import NotReady, ready
    from deploy.supervisor import DataInUse, held, supervise
    from deploy.wiring import commands, wanted

    try:
        with held(settings.data_folder):
            for line in ready(settings):
                typer.echo(line)
            supervise(commands(file, wanted(settings), os.getpid()), settings.data_folder)
    except (DataInUse, NotReady) as error:
        raise fail(str(error)) from None


@app.command(cls=Command)
def score(
    text: Annotated[str | None, typer.Argument(help="要研判的文字；与 --jsonl 二选一。")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="从标准输入逐行读带 text 的 JSON，逐行输出结果。")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="输出一行 JSON（不在屏幕上显示而转给程序或文件时，总是 JSON）。")
    ] = False,
    name: Annotated[
        list[str] | None,
        typer.Option("--school", help="本校的名称或别称，可写几次；不写时，写到校名的话可能当成外校。"),
    ] = None,
) -> None:
    """给文字打分：情感、命中规则、风险与理由。"""
    from deploy.policy.lines import labelled, terminal_width
    from deploy.scoring import Scoring, told

    if jsonl == (text is not None):
        raise fail("请写出要研判的文字，或用 --jsonl 从标准输入读，二者选一。")
    scoring, odd = Scoring(names=name or ()), 0
    if text is not None:
        answer = scoring.judge(text)
        for_person = sys.stdout.isatty() and not as_json
        typer.echo(labelled(told(answer), terminal_width()) if for_person else json.dumps(answer, ensure_ascii=False))
        return
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            given = None
        if not isinstance(given, str):
            typer.echo(
                f"第 {number} 行不是带 text 的 JSON 对象（或嵌套过深），这一行没有结果；请检查这一行。", err=True
            )
            odd += 1
            continue
        sys.stdout.write(json.dumps(scoring.judge(given)) + "\n")
    if odd:
        raise typer.Exit(1)


@app.command(cls=Command)
def rehearse(
    paths: Annotated[list[Path], typer.Argument(help="场景文件或目录（.jsonl，旁边须有 accounts.json）。")],
    out: Annotated[Path | None, typer.Option("--out", help="把所立事件逐行写成 JSON，供评分。")] = None,
    pack: Annotated[str, typer.Option("--pack", help="规程包的代号或路径。")] = "neutral",
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help="视为已配置的通道，可多次给出；不写为 mail、wecom_app、sms、wecom_robot。"),
    ] = None,
    submissions: Annotated[
        bool, typer.Option("--submissions", help="视为已启用送审单：规程要求送审而未送审的，列为核对单。")
    ] = False,
    settings: OfSchool = None,
) -> None:
    """演练：让场景按自己的时钟走完整条链路，不向外发送，看会通知谁、何时、依据哪一条。"""
    from rich.console import Console
    from rich.progress import track

    from deploy import rehearsal, rehearsal_report, scenario
    from escalation.procedure import PackError
    from escalation.procedure import load as load_pack
    from sentiment.engine import engine_by_name
    from stream import rules

    console = Console(width=None if sys.stdout.isatty() else WIDE)
    try:
        chosen, one_office = merged(pack, None, settings) if settings is not None else (load_pack(pack), [])
        held = rehearsal.submissions_of(chosen, submissions)
        house = rehearsal.House(engine_by_name(), rules.load(), chosen, rehearsal.channels_of(channel or ()), held)
        played = list(scenario.read(paths))
    except (
        scenario.ScenarioError,
        PackError,
        rules.RuleError,
        rehearsal.ChannelError,
        rehearsal.SubmissionsError,
    ) as error:
        raise fail(str(error)) from None
    rehearsal_report.begin(console, house, one_office)
    rows: list[str] = []
    for one in track(played, "演练中", console=Console(stderr=True), transient=True):
        outcomes = rehearsal.rehearse(one, house)
        rehearsal_report.show(console, outcomes)
        rows += [json.dumps(opened.as_row(one.name), ensure_ascii=False) for opened in outcomes.opened]
    if out is not None:
        out.write_text("".join(f"{row}\n" for row in rows), "utf-8")
        typer.echo(f"已把 {len(rows)} 件事件写入 {out}")


@app.command(cls=Command)
def replay(
    incident: Annotated[str, typer.Argument(help="事件编号，例如 FX-2026-0001。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON。")] = False,
    settings: SettingsFile = HERE,
) -> None:
    """按事件所存的规程、情形与级别重建“通知谁”的决定，并指出今天会有哪些不同。只读，不发通知。"""
    from deploy import replaying
    from escalation.replay import NotRebuilt
    from stream.store import StoreUnavailable

    try:
        rebuilt = replaying.replayed(with_tables(read(settings)), incident.strip().upper())
    except NotRebuilt as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise fail(f"{error}；请稍后再试。") from None
    typer.echo(json.dumps(replaying.as_json(rebuilt), ensure_ascii=False) if as_json else replaying.page(rebuilt))


@app.command(cls=Command)
def trace(
    post: Annotated[str, typer.Argument(help="一条内容：平台的编号、本系统的编号（平台:编号），或它的网址。")],
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON。")] = False,
    settings: SettingsFile = HERE,
) -> None:
    """一条内容的全部经过：何时采集、研判、监看、入检索、通知了谁，最后一行说明止于哪里、为什么。只读，不显示原文。"""
    from deploy import tracing
    from stream.store import StoreUnavailable

    try:
        found = tracing.traced(with_tables(read(settings)), post, datetime.now(UTC))
    except tracing.NotFound as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise fail(f"{error}；请稍后再试。") from None
    typer.echo(tracing.as_json(found) if as_json else tracing.page(found))


@app.command(cls=Command)
def enter(settings: SettingsFile = HERE) -> None:
    """名册有改动时录入存储（fengxin run 启动时会自动录入）。不影响已立的事件。"""
    from deploy.upkeep import enter_roster
    from stream.store import StoreUnavailable

    given = with_tables(read(settings))
    try:
        untaken = enter_roster(given)
    except StoreUnavailable as error:
        raise fail(f"{error}；请稍后再执行一次。") from None
    roster = given.roster
    entered = f"已录入 {len(roster.accounts)} 个账号、{len(roster.people)} 人"
    if untaken is None:
        typer.echo(f"{entered}、{len(roster.shifts)} 个班次。")
    elif untaken.missing:
        raise fail(f"{entered}，没有录入班次：{untaken.words}")
    else:
        typer.echo(f"{entered}。{untaken.words}")


@app.command(cls=Command)
def user(
    name: Annotated[str, typer.Argument(help="登录名。")],
    person: Annotated[str, typer.Option(help="此人的工号；角色取自名册。")],
    settings: SettingsFile = HERE,
) -> None:
    """给名册里的人开通登录，或重设口令（口令从键盘或标准输入读，不显示）。"""
    from deploy.upkeep import NotAllowed, enrol
    from escalation.people import TITLES

    given = with_tables(read(settings))
    if sys.stdin.isatty():
        password = typer.prompt("口令", hide_input=True, confirmation_prompt="再输一次")
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        roles = enrol(given, name, person, password)
    except NotAllowed as error:
        raise fail(str(error)) from None
    typer.echo(f"{name} 可以登录，角色：{'、'.join(TITLES[role] for role in roles)}。")


audit = typer.Typer(help="审计记录。", cls=Group, no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command(cls=Command)
def verify(
    settings: SettingsFile = HERE,
    head_before: Annotated[
        str, typer.Option("--head", help="以前打印过的链头（本命令的输出或周报页脚），核对它仍在记录里。")
    ] = "",
    file: Annotated[Path | None, typer.Option("--file", help="核对 fengxin audit export 写出的文件。")] = None,
) -> None:
    """逐行核对审计记录的哈希链，指出被改动或缺失的行；--file 核对导出的文件，不需要设置和数据库。"""
    from deploy.upkeep import audit_faults

    printed = head_before.strip().lower()
    if printed and not re.fullmatch("[0-9a-f]{64}", printed):
        raise fail("--head 须是以前打印的链头：64 个 0–9、a–f 的字符，请整段复制。")
    if file is not None:
        verify_file(file, printed)
        return
    faults, head = audit_faults(with_tables(read(settings)), printed)
    if faults:
        raise fail(f"审计记录有 {len(faults)} 处不符：\n" + "\n".join(f"  ✘ {one}" for one in faults))
    typer.echo(f"审计记录完整，共 {head.seq} 行，链头 {head.hash}")


def verify_file(file: Path, printed: str) -> None:
    """Verify an exported file by itself."""
    from deploy import auditing

    try:
        faults, proof = auditing.verify_file(file, printed)
    except OSError as error:
        raise fail(f"{file} 读不了（{error.strerror}）；请核对文件名。") from None
    if faults:
        shown = faults[:20] + [f"另有 {len(faults) - 20} 处"] * (len(faults) > 20)
        raise fail(f"{file} 有 {len(faults)} 处不符：\n" + "\n".join(f"  ✘ {one}" for one in shown))
    typer.echo(f"{file} 完整：第 {proof.first} 至 {proof.head.seq} 条，共 {proof.rows} 条，末条指纹 {proof.head.hash}")
    if not printed:
        typer.echo("要证明没有整份重写，请用 --head 写上这段时间里打印过的链头（周报“数据说明”中的审计链指纹）。")


@audit.command(cls=Command)
def export(
    out: Annotated[Path, typer.Option("--out", help="写到哪个文件；已存在的不覆盖。")],
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="从哪一天起（含），如 2026-11-01。")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="到哪一天止（含），如 2026-11-30。")
    ] = None,
    settings: SettingsFile = HERE,
) -> None:
    """把审计记录逐行导出为带哈希链的文件，可离线核对；记录按原样写出，不含评论原文。导出本身也记入审计。"""
    from deploy import auditing
    from stream.store import StoreUnavailable

    if since and until and since > until:
        raise fail("--since 晚于 --until，没有这样的日子；请对调。")
    given = with_tables(read(settings))
    try:
        span = auditing.export(given, out, since.date() if since else None, until.date() if until else None)
    except auditing.NotWritten as error:
        raise fail(str(error)) from None
    except StoreUnavailable as error:
        raise fail(f"{error}；没有导出，请稍后再试。") from None
    typer.echo(f"已导出 {span.rows} 条到 {out}。核对：fengxin audit verify --file {out}")


trial = typer.Typer(help="试运行。", cls=Group, no_args_is_help=True)
app.add_typer(trial, name="trial")
app.command(cls=Command)(evaluate)
app.add_typer(dead, name="dead")
app.add_typer(policy, name="policy")
app.add_typer(roster, name="roster")
app.add_typer(rule_files, name="rules")
app.command(cls=Command)(train)
app.command(cls=Command)(reindex)
app.command(cls=Command)(verdicts)
app.command(cls=Command)(backup)
app.command(cls=Command)(restore)


@trial.command(cls=Command)
def end(
    person: Annotated[str, typer.Option(help="结束试运行的系统管理员的工号，记入审计。")],
    settings: SettingsFile = HERE,
) -> None:
    """结束试运行：此后按规程通知所有应通知的人。"""
    from deploy.upkeep import NotAllowed, end_trial

    try:
        ended = end_trial(with_tables(read(settings)), person)
    except NotAllowed as error:
        raise fail(str(error)) from None
    typer.echo("试运行已结束，此后按规程通知所有应通知的人。" if ended else "不在试运行中，未作更改。")


def main() -> None:
    """Entry of the installed `fengxin`."""
    from deploy.role import leave

    try:
        app()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            leave(ended.code or 0)
        raise


if __name__ == "__main__":
    main()
