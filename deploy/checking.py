"""`fengxin check`: what is missing before this school can be watched, and how to mend it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from sqlalchemy import func, select

from deploy import migrations, rostering
from deploy.combination import EVERY_ADDRESS, is_loopback
from deploy.parts import channels, described, load_pack, outside, role_words, shared_windows
from deploy.roster import PLATFORMS, PersonRow
from deploy.settings import Settings
from escalation import heartbeat
from escalation.channels import Accepted, Partial, RateLimited
from escalation.duty.readiness import told_roles
from escalation.people import CONTACTS, Role
from escalation.procedure import Channel, Pack, load
from stream import rules
from stream.dead_letter import ANOTHER_SCHOOL, dead_letters
from stream.log import LogError, open_log
from stream.post import Route
from stream.rules import RuleError
from stream.search import SearchUnavailable, open_search
from stream.store import Store, StoreUnavailable

CONNECTED = "已连上，未发信；值班台“送达”页的测试会真发一封给您。"
SPOKEN = "测试消息已发出，请到群里查看。"
HANDED_IN = "测试消息已交给对方系统，请到该系统查看。"
BEATEN = "心跳网址已调用一次，对方已回应。"
PROXY_UNKNOWN = (
    "对外地址是 https，而值班台对外监听且没有写 web.trusted_proxies：反向代理在别的机器上时，"
    "全校的登录会被当成同一个地址（一分钟 20 次后一起被限），审计里的地址也都是代理的；请写上代理的地址。"
    "代理就在本机的，把 web.host 改回 127.0.0.1。"
)
UNREAD = "?"
"""Stands for an address that is there and cannot be read: it is told as that, and not as missing too."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer. `good` False means: not ready, and `words` says how to mend it. `aside`: only told."""

    good: bool
    what: str
    words: str
    aside: bool = False


def findings(settings: Settings, *, probe: bool) -> Iterator[Finding]:
    """Every check in turn. `probe` also speaks to the mail server and the robot (which says a test line)."""
    for check in CHECKS:
        yield from check(settings)
    if probe:
        yield from speak(settings)


def what_can_be_read(settings: Settings) -> Iterator[Finding]:
    """What else is to be mended in settings or a roster with mistakes; see `deploy.legible`."""
    for check in (rule_files, accounts, people, secrets):
        with suppress(AttributeError, ValueError):  # it hangs on what could not be read, which is told already
            yield from (one for one in check(settings) if not one.good)


def store(settings: Settings) -> Iterator[Finding]:
    """Reachable, and at the newest revision."""
    opened = Store(settings.store_url)
    try:
        with opened.read() as conn:
            at, newest = migrations.standing(conn), migrations.newest()
        if at == newest:
            yield Finding(True, "存储", f"可用，表结构为 {at}。")
        else:
            old = f"表结构为 {at}，需要 {newest}" if at else "还没有建表"
            if opened.sqlite:
                yield Finding(True, "存储", f"{old}；运行时自动完成，不必处理。", aside=True)
            else:
                yield Finding(False, "存储", f"{old}；请执行 fengxin migrate。")
    except StoreUnavailable as error:
        yield Finding(False, "存储", f"{error}；请检查 store.url 与数据库是否启动。")
    finally:
        opened.close()


def log(settings: Settings) -> Iterator[Finding]:
    """The log would take a record now."""
    try:
        with closing(open_log(settings.log_url)) as opened:
            opened.healthy()
    except LogError as error:
        yield Finding(False, "日志流", str(error))
    else:
        yield Finding(True, "日志流", f"可用。{names_on_kafka(settings.log_url)}")


def neighbours(settings: Settings) -> Iterator[Finding]:
    """Nothing of another school has come by our log."""
    opened = Store(settings.store_url)
    theirs = dead_letters.c.reason.startswith(ANOTHER_SCHOOL.partition("{")[0])
    try:
        with suppress(StoreUnavailable), opened.read() as conn:  # said by its own check
            if migrations.standing(conn) == migrations.newest():
                found = conn.execute(select(func.count(), func.max(dead_letters.c.reason)).where(theirs)).one()
                if many := found[0]:
                    yield Finding(False, "日志流", f"有 {many} 封死信{found[1]}死信用 fengxin dead list 查看、了结。")
    finally:
        opened.close()


def names_on_kafka(url: str) -> str:
    """By what topics and groups begin on the brokers; nothing of a log of another kind. Raises LogError."""
    if not url.startswith("kafka:"):
        return ""
    from stream.log.kafka_settings import read_address

    if prefix := read_address(url).prefix:
        return f"Kafka 上的主题与消费组名字以“{prefix}-”开头。"
    return (
        "Kafka 上的主题与消费组没有前缀：这个 Kafka 只能给一所学校用；几所学校共用时，"
        "第二所起请在地址末尾写前缀（kafka://主机:端口/前缀），已有记录的不要再改。"
    )


def search(settings: Settings) -> Iterator[Finding]:
    """The search answers. Alarms go out without it."""
    try:
        with closing(open_search(settings.search_url)) as opened:
            opened.healthy()
    except SearchUnavailable as error:
        yield Finding(False, "检索", f"{error}；告警不受影响，恢复后自动补上。")
    else:
        yield Finding(True, "检索", "可用。")


def rule_files(settings: Settings) -> Iterator[Finding]:
    """The rules that come with us can be read."""
    del settings
    try:
        book = rules.load()
    except RuleError as error:
        for line in str(error).splitlines():
            yield Finding(False, "规则", line)
    else:
        yield Finding(True, "规则", f"{len(book.rules)} 条规则可用。")


def accounts(settings: Settings) -> Iterator[Finding]:
    """There is something to watch, a keeper for each account, and a way to read each platform."""
    watched = [row for row in settings.roster.accounts if row.active]
    if not watched:
        yield Finding(False, "账号", "名册里没有启用的账号，没有可看的；请在“账号”表填写。")
        return
    kept = {kept.key for row in settings.roster.keepers if (kept := settings.roster.account(row.account))}
    routed = {route.account_id for route in settings.routes}
    for row in watched:
        shown = f"{PLATFORMS[row.platform][0]}“{row.name}”（{row.key}）"
        if row.key not in kept:
            yield Finding(False, "账号", f"{shown}没有管理员；管理员是第一报告人，请在“管理员”表填写。")
        if row.route == Route.MANUAL:
            yield Finding(True, "账号", f"{shown}由人工巡查，系统看不到评论，请安排人员补录线索。")
        elif row.key not in routed:
            yield Finding(
                False,
                "账号",
                f"{shown}没有采集路线，看不到评论；请在设置里加一段 [[routes]]，或把“采集方式”写成“人工巡查”。",
            )
    yield Finding(True, "账号", f"{len(watched)} 个账号启用。")


def used_contacts(settings: Settings) -> list[str]:
    """The columns of the roster by which the channels that are set up find a person; the mail's where none is."""
    set_up = {name for name, _, _ in described(settings)} | ({"mail"} if settings.mail is not None else set())
    return [contact for channel, contact in CONTACTS.items() if channel in set_up] or [CONTACTS["mail"]]


def people(settings: Settings) -> Iterator[Finding]:
    """Everybody whom the pack may tell can be reached, for every unit that runs an account."""
    pack, roster = load_pack(settings), settings.roster
    words = role_words(pack)
    used = used_contacts(settings)
    missing = "或".join(PersonRow.model_fields[one].title or one for one in used)
    written = {row.id for row in roster.people if any(getattr(row, one, UNREAD) for one in used)}
    contact = written | {row.id for row in roster.people if getattr(row, "mobile", UNREAD)}
    held: dict[tuple[str, str], list[str]] = {}
    for row in roster.offices:
        held.setdefault((words.get(row.role, row.role), row.scope), []).append(row.person)
    units = sorted({row.unit for row in roster.accounts if row.active})
    for role in told_roles(pack):
        title = pack.offices[role].words[0] if role in pack.offices else role
        for unit in units if role == Role.UNIT_LEADER else [""]:
            where = f"{unit}的{title}" if unit else title
            holders = held.get((role, unit), [])
            if not holders and role == Role.CARE:
                continue  # `_care` says who gets a cry for help then
            if not holders:
                yield Finding(False, "人员", f"没有人担任{where}，依规程须通知此人；请在“任职”表填写。")
            elif not contact.intersection(holders):
                yield Finding(False, "人员", f"{where}没有可用的{missing}，也没有手机；请在“人员”表补上。")
            elif not written.intersection(holders):
                yield Finding(False, "人员", f"{where}没有{missing}，目前只能电话通知；请在“人员”表补上{missing}。")
    yield from _care(pack, {role for role, _ in held})
    for keeper in sorted({row.person for row in roster.keepers} - written):
        yield Finding(False, "人员", f"账号管理员（工号 {keeper}）没有{missing}；请在“人员”表补上。")
    if not any(role == Role.ADMINISTRATOR for role, _ in held):
        yield Finding(False, "人员", "没有人担任系统管理员，试运行无法结束；请在“任职”表填写“系统管理员”。")
    yield Finding(True, "人员", f"名册 {len(roster.people)} 人，规程包 {pack.label}。")


def _care(pack: Pack, held: set[str]) -> Iterator[Finding]:
    """Nobody for a cry for help: the duty desk would get it, and should know that before it comes."""
    if pack.care is not None and Role.CARE not in held:
        where = "、".join(pack.care.tell)
        words = f"没有人担任{where}，疑似心理求助将由值班台代收；请在“任职”表填写“关爱联系人”。"
        yield Finding(True, "关爱", words, aside=True)


def offices(settings: Settings) -> Iterator[Finding]:
    """Whose rules these are; departments that may be one: what the school has said of them, and what not yet."""
    apart = load(settings.path(settings.school.pack) if _own(settings) else settings.school.pack)
    ours = {settings.school.name, *settings.school.aliases}
    if apart.school_names and not ours & {apart.school, *apart.school_names}:
        words = (
            f"现用的是{apart.school}的规程，与本校校名不同：告知对象与时限都按该校条文；"
            "不是本校规定的，请改用 neutral，或本校的规程包。"
        )
        yield Finding(True, "规程包", words, aside=True)
    for office in apart.office:
        if not office.maybe_same_as:
            continue
        names = f"“{office.words[0]}”与“{apart.offices[office.maybe_same_as].words[0]}”"
        if office.key in settings.school.same_offices:
            yield Finding(True, "规程包", f"学校已确认{names}是一家，只告知一次，各条仍显示原词。")
        else:
            words = f'{names}可能是一家，现在各告知各的；确认是一家的，请写 school.same_offices = ["{office.key}"]。'
            yield Finding(True, "规程包", words, aside=True)


def _own(settings: Settings) -> bool:
    return settings.path(settings.school.pack).exists()


def duty(settings: Settings) -> Iterator[Finding]:
    """The rota and the offices of the coming 30 days."""
    try:
        found = rostering.findings(settings)
    except StoreUnavailable:
        return  # said by its own check
    for bad, words in found:
        yield Finding(not bad, "值守", words, aside=not bad)
    if not found:
        yield Finding(True, "值守", "未来 30 日的值班表没有空档，各岗位都有可以通知的人。")


def proxy(settings: Settings) -> Iterator[Finding]:
    """The desk speaks plain HTTP, so an https address means a proxy before it; its machine must be known."""
    given = settings.web
    if given.trusted_proxies:
        yield Finding(True, "反向代理", f"来访地址由 {'、'.join(given.trusted_proxies)} 转告。")
        return
    reached = given.host in EVERY_ADDRESS or not is_loopback(given.host)
    if reached and settings.school.public_url.startswith("https://"):
        yield Finding(True, "反向代理", PROXY_UNKNOWN, aside=True)


def secrets(settings: Settings) -> Iterator[Finding]:
    """Key files that others on this machine can read."""
    for path in sorted(settings.path("secrets").glob("*")):
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding(False, "密钥", f"本机其他用户能读 {path.name}；请执行 chmod 600 {path}。")


def speak(settings: Settings) -> Iterator[Finding]:
    """Each channel proves its credentials."""
    with shared_windows(settings) as windows:
        told = [(channel, channel.probe()) for channel in channels(settings, windows).values()]
    for channel, outcome in told:
        if isinstance(outcome, (Accepted, Partial)):
            spoken = HANDED_IN if channel.name == Channel.WEBHOOK else SPOKEN
            yield Finding(True, channel.title, CONNECTED if channel.quiet else spoken)
        elif isinstance(outcome, RateLimited):
            yield Finding(True, channel.title, f"已连通，但暂时限速：{outcome.reason}")
        else:
            yield Finding(False, channel.title, outcome.reason)
    yield from beat(settings)


def beat(settings: Settings) -> Iterator[Finding]:
    """The heartbeat's address is called once, where there is one."""
    place = outside(settings)
    if place.url:
        content = {"service": "fengxin", "school": settings.school.code, "check": True}
        why = place.call(place.method, place.url, content)
        yield Finding(not why, "稽核心跳", heartbeat.URL_WORDS.format(host=place.host, why=why) if why else BEATEN)


Check = Callable[[Settings], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    store,
    log,
    neighbours,
    search,
    rule_files,
    accounts,
    people,
    offices,
    duty,
    proxy,
    secrets,
)
