"""How to reach the brokers: what a `kafka://` address says, and what kafka-python's silence means."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, unquote

from kafka.errors import AuthorizationError, KafkaError

from stream.log import LogError, LogRefused, LogUnavailable

C = TypeVar("C")
_KNOWN = {"security", "mechanism", "user", "password", "password_file", "ca", "replicas"}
_SECURITY = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}
_MECHANISMS = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,49}")

# What the client's logger says where its exception says only "Unable to bootstrap" (first found wins).
_CAUSES = {
    "SaslAuthenticationFailedError": "用户名或密码不被接受",
    "Hostname mismatch": "服务器证书上没有这个主机名，请把地址写成证书上的名字，或换证书",
    "IP address mismatch": "服务器证书上没有这个地址，请把地址写成证书上的主机名，或换证书",
    "CERTIFICATE_VERIFY_FAILED": "服务器证书不受信任，请检查 ca 所指的证书文件",
    "Handshake failed": "TLS 握手失败，请检查 security 与端口是否相配",
    "ECONNREFUSED": "该端口无服务监听",
    "DNS Resolution failure": "主机名无法解析",
    "socket disconnected": "连接即被断开，请检查 security 与端口是否相配、用户名和密码是否正确",
}
_REFUSALS = frozenset(_CAUSES) - {"ECONNREFUSED", "DNS Resolution failure", "socket disconnected"}
"""What a person must mend. A broker that is only coming up breaks connections off too."""


class Brokers:
    """Where the brokers are and how to sign in. `client` are keyword arguments that every Kafka client takes; `prefix`
    begins the names of our topics and groups there, so that several schools may share the brokers."""

    def __init__(self, servers: list[str], client: dict[str, Any], replicas: int, prefix: str = "") -> None:
        self.servers = servers
        self.replicas = replicas
        self.prefix = prefix
        self.client: dict[str, Any] = {
            "bootstrap_servers": servers,
            "bootstrap_timeout_ms": 5000,
            "reconnect_backoff_max_ms": 2000,
            **client,
        }

    def named(self, name: str) -> str:
        """What a topic or a group of ours is called on the brokers."""
        return f"{self.prefix}-{name}" if self.prefix else name

    @contextmanager
    def said(self) -> Iterator[None]:
        """Turn a Kafka error into LogUnavailable (passes), LogRefused or LogError (do not), naming the brokers."""
        with _heard() as remarks:
            try:
                yield
            except AuthorizationError as error:
                raise LogError(
                    f"Kafka（{self}）拒绝了本账号的操作（{type(error).__name__}）；请管理员授予读写主题和消费组的权限。"
                ) from error
            except KafkaError as error:
                mark = next((mark for mark in _CAUSES if any(mark in r for r in remarks)), "")
                kind = LogRefused if mark in _REFUSALS else LogUnavailable
                raise kind(f"Kafka（{self}）暂不可用：{_CAUSES.get(mark) or _short(error)}。") from error

    def made(self, kind: type[C], **given: Any) -> C:
        """A client of this kind. These leave their thread and their sockets behind where nobody answers at once, and a
        process that asks through a long night would have no file left to open; here nothing is left behind."""
        begun: Any = kind.__new__(kind)  # at hand also where its `__init__` fails half-way
        try:
            begun.__init__(**self.client, **given)
        except KafkaError:
            begun._client.close()
            raise
        return cast(C, begun)

    def __str__(self) -> str:
        return "、".join(self.servers)


def _short(error: KafkaError) -> str:
    return f"{type(error).__name__} {error}"[:200]


class _Remarks(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.remarks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.remarks) < 200:
            self.remarks.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Listen to the client's network loggers: a refused password is told there and nowhere else."""
    handler, logger = _Remarks(), logging.getLogger("kafka.net")
    logger.addHandler(handler)
    try:
        yield handler.remarks
    finally:
        logger.removeHandler(handler)


def read_address(url: str) -> Brokers:
    """`kafka://host:port[,host:port][/prefix]?security=SASL_SSL&mechanism=PLAIN&user=…&password_file=…&ca=…&replicas=3`.

    `password` may stand in place of `password_file`; special characters are percent-encoded. `replicas`: copies of
    each partition of a topic that we make (the broker's default when left out). Raises LogError; the text never holds
    the password."""
    places, _, query = url.removeprefix("kafka://").partition("?")
    hosts, _, prefix = places.partition("/")
    servers = [place for place in hosts.split(",") if place]
    if not servers or any(not port.isdigit() or not host for host, _, port in (s.rpartition(":") for s in servers)):
        raise LogError("Kafka 地址写法不对；应为 kafka://主机:端口/前缀，多台之间用逗号分隔，前缀可省。")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise LogError("Kafka 地址中的前缀只能用小写字母、数字和下划线，以字母开头，至多 50 个。")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := given.keys() - _KNOWN:
        raise LogError(f"Kafka 地址中有不认识的参数 {'、'.join(sorted(unknown))}；可用：{'、'.join(sorted(_KNOWN))}。")
    security, mechanism = given.get("security", "PLAINTEXT").upper(), given.get("mechanism", "PLAIN").upper()
    if security not in _SECURITY:
        raise LogError(f"Kafka 地址的 security={security} 不认识；可用：{'、'.join(sorted(_SECURITY))}。")
    client: dict[str, Any] = {"security_protocol": security}
    if security.startswith("SASL"):
        if mechanism not in _MECHANISMS:
            raise LogError(f"Kafka 地址的 mechanism={mechanism} 不认识；可用：{'、'.join(sorted(_MECHANISMS))}。")
        if not given.get("user"):
            raise LogError(f"Kafka 地址用了 security={security}，还须写明 user 与 password_file。")
        client |= {"sasl_mechanism": mechanism, "sasl_plain_username": given["user"]}
        client["sasl_plain_password"] = _password(given)
    if "ca" in given:
        if not Path(given["ca"]).is_file():
            raise LogError(f"Kafka 地址中 ca 所指的证书文件 {given['ca']} 不存在。")
        client["ssl_cafile"] = given["ca"]
    replicas = given.get("replicas", "-1")
    if replicas != "-1" and not replicas.isdigit():
        raise LogError(f"Kafka 地址的 replicas={replicas} 应为正整数。")
    return Brokers([unquote(server) for server in servers], client, int(replicas), prefix)


def _password(given: dict[str, str]) -> str:
    if "password_file" not in given:
        return given.get("password", "")
    try:
        return Path(given["password_file"]).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LogError(f"Kafka 密码文件 {given['password_file']} 读不到：{error.strerror}。") from error
