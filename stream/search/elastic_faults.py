"""What Elasticsearch's errors mean, as Chinese sentences with the cure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError as Unreached
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from stream.search import SearchFull, SearchUnavailable

_CAUSES = {
    "CERTIFICATE_VERIFY_FAILED": "服务器证书不受信任，请检查 ca 所指的证书文件",
    "SSL": "TLS 握手失败，请检查 security 与端口是否相配",
    "refused": "该端口无服务监听，请检查地址与服务是否启动",
    "resolve": "主机名无法解析，请检查地址",
    "Name or service": "主机名无法解析，请检查地址",
    "closed connection": "连接即被断开，请检查 security 与端口是否相配",
    "aborted": "连接即被断开，请检查 security 与端口是否相配",
    "reset": "连接即被断开，请检查 security 与端口是否相配",
}
"""What a connection's error says (first found wins)."""
BLOCKED = "cluster_block_exception"
FULL = "磁盘将满，索引已转为只读；请腾出空间或加盘，之后自动补上，不会丢失"
READ_ONLY = "的索引被设为只读（{why}）；请管理员解除，之后自动补上，不会丢失"


@contextmanager
def said(where: object) -> Iterator[None]:
    """Turn what the client raises into SearchUnavailable, naming the servers and the cause."""
    try:
        yield
    except ConnectionTimeout as error:
        raise SearchUnavailable(f"检索库（Elasticsearch {where}）没有及时回应，可能正忙或已失去联系") from error
    except (Unreached, TransportError) as error:
        cause = next((words for mark, words in _CAUSES.items() if mark in _whole(error)), str(error)[:200])
        raise SearchUnavailable(f"检索库（Elasticsearch {where}）连不上：{cause}") from error
    except ApiError as error:
        raise told(where, error.meta.status, _cause(error), not_ours=isinstance(error, UnsupportedProductError)) from (
            error
        )


def told(where: object, status: int, cause: Mapping[str, Any], *, not_ours: bool = False) -> SearchUnavailable:
    """The error of a refused request, or of one document of it, that passes when a person or time has mended it."""
    kind, why = str(cause.get("type", "")), str(cause.get("reason", ""))[:200]
    here = f"检索库（Elasticsearch {where}）"
    if kind == BLOCKED:
        if "flood" in why or "read-only-allow-delete" in why or "disk" in why:
            return SearchFull(here + FULL)
        return SearchFull(here + READ_ONLY.format(why=why))
    if not_ours or (status in (404, 405) and not kind):
        return SearchUnavailable(f"{here}的服务不是 Elasticsearch，请检查 search.url 的主机与端口")
    if status == 401:
        return SearchUnavailable(f"{here}不接受用户名或密码，请检查 search.url 的 user 与 password_file")
    if status == 403:
        return SearchUnavailable(f"{here}拒绝了本账号的操作；请管理员授予读写 posts 索引、建立索引模板和查看集群的权限")
    if kind == "media_type_header_exception":
        return SearchUnavailable(f"{here}的版本太低；请用 Elasticsearch 9")
    if status == 429:
        return SearchUnavailable(f"{here}内存吃紧，暂不接收；稍后自动再试")
    return SearchUnavailable(f"{here}暂不可用（{status} {kind}）：{why}")


def _cause(error: ApiError) -> Mapping[str, Any]:
    found = error.body.get("error") if isinstance(error.body, dict) else None
    if not isinstance(found, dict):
        return {}
    roots = found.get("root_cause") or [found]
    return {**found, **(roots[0] if isinstance(roots[0], dict) else {})}


def _whole(error: BaseException) -> str:
    """All that an error and those behind it say."""
    words, more = [], [error]
    while more:
        one = more.pop()
        words.append(f"{one!r} {one}")
        more += [behind for behind in (*getattr(one, "errors", ()), one.__cause__) if behind is not None]
    return " ".join(words)
