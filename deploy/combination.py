"""Combinations of settings that cannot work: each rule is a function that gives (key, sentence with the cure)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from deploy.parts import crawl_settings, described, load_pack, mail_server
from deploy.problem import sentence
from stream.post import Route
from stream.search.elastic_settings import SCHEME, read_address

if TYPE_CHECKING:
    from deploy.settings import Settings
    from escalation.procedure import Pack

Fault = tuple[str, str]
SHORTEST_KEY = 32
MOST_PROXIES = 256
STORES = ("sqlite", "postgresql+psycopg")
LOGS = ("sqlite", "kafka")
SEARCHES = ("sqlite", "elasticsearch")
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (read, not bound)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def filled_in(settings: Settings) -> Iterator[Fault]:
    """What `fengxin init` left to be written."""
    names = (("school.name", settings.school.name), *(("school.aliases", one) for one in settings.school.aliases))
    for key, text in names:
        if text.startswith("填写"):
            yield key, f"还是样例里的“{text}”，请改成本校的。"


def public_url(settings: Settings) -> Iterator[Fault]:
    """Phones must reach the links in notices; only the demo may stay on this machine."""
    url = settings.school.public_url
    if not url:
        yield (
            "school.public_url",
            "没有填写；通知里的签收链接要靠它打开，请填手机能访问的地址，例如 https://fx.school.example。",
        )
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield "school.public_url", f"“{url}”不是网址，请以 https:// 或 http:// 开头写全。"
    elif parts.query or parts.fragment:
        yield "school.public_url", "不能带 ? 或 #，请只写到域名或路径。"
    elif is_loopback(parts.hostname) and settings.sandbox is None:
        yield "school.public_url", f"“{url}”只有本机能打开，收到通知的人点不开签收链接，请改为手机能访问的地址。"


def keys(settings: Settings) -> Iterator[Fault]:
    """Keys that can be guessed protect nothing, and one key must not serve two purposes."""
    for name, key in (("web.key", settings.web.key), ("crawl.key", settings.crawl.key)):
        if len(key.get_secret_value()) < SHORTEST_KEY:
            yield name, f"密钥太短，至少 {SHORTEST_KEY} 个字符；可执行 fengxin init 生成新的，或 openssl rand -hex 32。"
    if settings.web.key.get_secret_value() == settings.crawl.key.get_secret_value():
        yield "crawl.key", "与 web.key 相同；两处用途不同，请换一个新的。"


def trusted_proxies(settings: Settings) -> Iterator[Fault]:
    """Whoever is trusted says where a sign-in comes from: machines that the school names, never everybody."""
    for one in settings.web.trusted_proxies:
        try:
            network = ipaddress.ip_network(one)
        except ValueError:
            yield "web.trusted_proxies", f"“{one}”不是地址或网段，请写反向代理的地址，例如 10.1.2.3 或 10.1.2.0/28。"
            continue
        if network.num_addresses > MOST_PROXIES:
            yield (
                "web.trusted_proxies",
                f"“{one}”太大：网段里的人都能假报来访地址，绕过登录限次；"
                f"请只写反向代理的地址，一段至多 {MOST_PROXIES} 个。",
            )


def addresses(settings: Settings) -> Iterator[Fault]:
    """Only engines that there is an adapter for."""
    for name, url, known in (
        ("store.url", settings.store_url, STORES),
        ("log.url", settings.log_url, LOGS),
        ("search.url", settings.search_url, SEARCHES),
    ):
        scheme = url.partition("://")[0]
        if scheme not in known:
            yield name, f"不认识的地址前缀“{scheme}”，可用：{'、'.join(one + '://' for one in known)}。"


def elasticsearch_address(settings: Settings) -> Iterator[Fault]:
    """What the adapter itself refuses; its servers are looked for by `fengxin check` and by who searches."""
    if settings.search_url.startswith(SCHEME):
        try:
            read_address(settings.search_url)
        except ValueError as error:
            yield "search.url", str(error)


def kafka_partitions(settings: Settings) -> Iterator[Fault]:
    """On Kafka the number of partitions is decided once: changing it later moves threads to other readers."""
    if settings.log_url.startswith("kafka://") and settings.log.partitions is None:
        yield "log.partitions", "日志用 Kafka 时必须写明分区数（以后不能改），小规模写 4 即可。"


def kafka_needs_shared_store(settings: Settings) -> Iterator[Fault]:
    """A Kafka log is for many machines; they cannot share a SQLite file, unless all runs on this one."""
    kafka = settings.log_url.startswith("kafka://")
    host = urlsplit(settings.log_url).hostname if kafka else None
    if kafka and host and not is_loopback(host) and settings.store_url.startswith("sqlite"):
        yield (
            "store.url",
            "日志用了别的机器上的 Kafka，存储却是本机 SQLite 文件，多台机器不能共用；请改用 postgresql+psycopg://。",
        )


def same_file(settings: Settings) -> Iterator[Fault]:
    """Store, log and search are three files."""
    urls = {"store.url": settings.store_url, "log.url": settings.log_url, "search.url": settings.search_url}
    seen: dict[str, str] = {}
    for name, url in urls.items():
        if url in seen:
            yield name, f"与 {seen[url]} 是同一个地址，两者不能共用一个文件，请改名。"
        seen.setdefault(url, name)


def routes(settings: Settings) -> Iterator[Fault]:
    """A route belongs to an account of the roster, on the same platform; and what the crawlers themselves refuse."""
    known = {account.key: account for account in settings.roster.accounts}
    for number, route in enumerate(settings.routes, 1):
        account = known.get(route.account_id)
        if account is None:
            yield f"routes[{number}].account_id", f"名册里没有账号“{route.account_id}”，请更正为“账号”表里的编号。"
        elif account.platform != route.platform:
            yield f"routes[{number}].platform", f"名册里 {route.account_id} 是 {account.platform} 账号，两处须一致。"
        elif account.route == Route.MANUAL:
            yield (
                f"routes[{number}].account_id",
                f"名册里 {route.account_id} 的采集方式是“人工巡查”，请改为“接口”，或删去这段采集路线。",
            )
    if len(settings.crawl.key.get_secret_value()) >= SHORTEST_KEY:
        try:
            crawl_settings(settings)
        except ValidationError as error:
            for one in error.errors():
                yield "crawl", sentence(one)


def mail(settings: Settings) -> Iterator[Fault]:
    """What the mail channel itself refuses; see `escalation.channels.mail`."""
    if settings.mail is None:
        return
    if settings.mail.ca_file and not settings.path(settings.mail.ca_file).is_file():
        yield "mail.ca_file", f"没有文件 {settings.mail.ca_file}，请更正或删去这一项。"
    try:
        mail_server(settings.mail, settings.folder)
    except ValueError as error:
        yield "mail", str(error)


def other_channels(settings: Settings) -> Iterator[Fault]:
    """What the other channels themselves refuse; see their modules in `escalation.channels`."""
    for name, section, describe in described(settings):
        if (ca_file := getattr(section, "ca_file", "")) and not settings.path(ca_file).is_file():
            yield f"{name}.ca_file", f"没有文件 {ca_file}，请更正或删去这一项。"
        try:
            describe(section, settings)
        except ValueError as error:
            yield name, str(error)


def pack(settings: Settings) -> Iterator[Fault]:
    """The policy pack must be readable; its own sentences name its file and line."""
    from escalation.procedure import PackError  # see `load_pack`

    try:
        yield from _only_for_acceptance(settings, load_pack(settings))
    except PackError as error:
        for problem in error.problems:
            yield "school.pack", str(problem)
    except ValueError as error:
        yield "school.same_offices", f"{error}。"


def _only_for_acceptance(settings: Settings, chosen: Pack) -> Iterator[Fault]:
    """A pack 仅供验收 runs only where the platforms are played and nobody outside this machine is written to."""
    reached = list(_outside(settings)) if chosen.purpose else []
    if reached:
        yield (
            "school.pack",
            f"规程包 {chosen.code} 写明“{chosen.purpose}”，时限短于学校可用的，只能在本机沙盒里运行；"
            f"现在的设置{'、'.join(reached)}。请换用学校自己的规程包。",
        )


def _outside(settings: Settings) -> Iterator[str]:
    """By what these settings leave this machine, in Chinese."""
    if settings.sandbox is None:
        yield "没有 [sandbox]"
    told = {"web.host": settings.web.host, "school.public_url": urlsplit(settings.school.public_url).hostname}
    if settings.mail is not None:
        told["mail.host"] = settings.mail.host
    for number, route in enumerate(settings.routes, 1):
        told[f"routes[{number}].base_url"] = urlsplit(route.base_url).hostname
    for name, section, _ in described(settings):
        address = section.url.get_secret_value() if name == "webhook" else section.base_url
        told[f"{name}.{'url' if name == 'webhook' else 'base_url'}"] = urlsplit(address).hostname
    for key, host in told.items():
        if not host or not is_loopback(host) or host in EVERY_ADDRESS:
            yield f"的 {key} 不在本机"


def weights(settings: Settings) -> Iterator[Fault]:
    """Weights of the school's own must be there and readable, and serve an engine that uses any."""
    folder = settings.weights_folder
    if folder is None:
        return
    if settings.sentiment.engine == "snow":
        yield "sentiment.weights", "引擎 snow 只用 SnowNLP 自带的权重；请删去这一项，或把 engine 改为 blend。"
        return
    from sentiment.linear import weights as readable

    try:
        readable(folder)
    except OSError as error:
        yield (
            "sentiment.weights",
            f"{error.filename} 读不了（{error.strerror}）；请写 fengxin train 所写的文件夹，或删去这一项用随附的权重。",
        )
    except ValueError as error:
        yield "sentiment.weights", str(error)


def ways_out(settings: Settings) -> Iterator[Fault]:
    """An alarm that can go nowhere is no alarm."""
    if settings.mail is None and not list(described(settings)):
        yield "mail", "邮件与其他通道一样都没有设置，通知发不出去；请至少填写 [mail] 一节。"


RULES: tuple[Callable[[Settings], Iterator[Fault]], ...] = (
    filled_in, public_url, keys, trusted_proxies, addresses, elasticsearch_address, kafka_partitions,
    kafka_needs_shared_store, same_file, routes, mail, other_channels, pack, weights, ways_out,
)  # fmt: skip
