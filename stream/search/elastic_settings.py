"""How to reach Elasticsearch: what an `elasticsearch://` address says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

SCHEME = "elasticsearch://"
PREFIX = "fengxin"
_SHOULD = "应为 elasticsearch://主机:端口/索引前缀，多台之间用逗号分隔"
_KNOWN = {"security", "user", "password", "password_file", "ca"}
_SECURITY = {"PLAINTEXT", "SSL"}
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the servers are, what the indices begin with, and how to sign in: `client` are the client's arguments."""

    hosts: tuple[str, ...]
    prefix: str
    client: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return "、".join(host.partition("://")[2] for host in self.hosts)


def read_address(url: str) -> Address:
    """`elasticsearch://host:port[,host:port][/prefix]?security=SSL&user=…&password_file=…&ca=…`.

    The prefix is `fengxin` when left out; two installations on one server need two. `password` may stand in place of
    `password_file`; special characters are percent-encoded. Raises ValueError with a Chinese sentence, which never
    holds the password."""
    places, _, query = url.removeprefix(SCHEME).partition("?")
    servers, _, prefix = places.partition("/")
    found = [place for place in servers.split(",") if place]
    if not found or any(not host or not port.isdigit() for host, _, port in (one.rpartition(":") for one in found)):
        raise ValueError(f"Elasticsearch 地址写法不对；{_SHOULD}。")
    prefix = prefix or PREFIX
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("Elasticsearch 地址中的索引前缀只能用小写字母、数字和下划线，以字母开头，至多 50 个。")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := given.keys() - _KNOWN:
        raise ValueError(
            f"Elasticsearch 地址中有不认识的参数 {'、'.join(sorted(unknown))}；可用：{'、'.join(sorted(_KNOWN))}。"
        )
    security = given.get("security", "PLAINTEXT").upper()
    if security not in _SECURITY:
        raise ValueError(f"Elasticsearch 地址的 security={security} 不认识；可用：{'、'.join(sorted(_SECURITY))}。")
    scheme = "https" if security == "SSL" else "http"
    return Address(tuple(f"{scheme}://{one}" for one in found), prefix, _trusted(given, security) | _signed_in(given))


def _trusted(given: dict[str, str], security: str) -> dict[str, Any]:
    if "ca" not in given:
        return {}
    if security != "SSL":
        raise ValueError("Elasticsearch 地址写了 ca，还须写明 security=SSL。")
    if not Path(given["ca"]).is_file():
        raise ValueError(f"Elasticsearch 地址中 ca 所指的证书文件 {given['ca']} 不存在。")
    return {"ca_certs": given["ca"]}


def _signed_in(given: dict[str, str]) -> dict[str, Any]:
    if not given.get("user"):
        if given.keys() & {"password", "password_file"}:
            raise ValueError("Elasticsearch 地址写了密码，还须写明 user。")
        return {}
    password = given.get("password", "")
    if "password_file" in given:
        try:
            password = Path(given["password_file"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"Elasticsearch 密码文件 {given['password_file']} 读不到：{error.strerror}。") from error
    if not password:
        raise ValueError("Elasticsearch 地址写了 user，还须写明 password_file。")
    return {"basic_auth": (given["user"], password)}
