"""Page of one role 角色自己的页: `/metrics` and `/healthz` of a role that runs by itself.

`fengxin run ROLE --metrics HOST:PORT`: on one machine the desk shows the metrics of all, on several each role its own.
`/healthz` tells whether its loop goes round (`deploy.life`), store or no store: what a container's health check asks;
and which partitions of the log it reads or that it stands by (`stream.standing_by`), which is as healthy. A role that
starts and waits for an engine has its page from the first moment: it is not well, and why (`deploy.waiting`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from deploy import life, waiting
from stream import standing_by

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STILL_AFTER = 180.0
"""Seconds; the longest step that is in order takes about two minutes."""
STILL = "进程已 {age:.0f} 秒没有动静。"
NOT_YET = "进程还在启动。"
WELL = "进程正常。"
PLAIN = ("Content-Type", "text/plain; charset=utf-8")


class BadAddress(ValueError):
    """An address that cannot be listened on; the message says what to write."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without asking for this machine's name, which takes long where the network is not there yet."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Nothing: a scrape every quarter of a minute is no news."""


def address(words: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[HOST]:PORT` or `PORT` (this machine only). Raises BadAddress."""
    host, _, port = words.rpartition(":")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise BadAddress(f"--metrics 须写“地址:端口”，例如 127.0.0.1:9464 或 0.0.0.0:9464，不能是“{words}”。")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def state(age: float | None, waits: str = "") -> tuple[HTTPStatus, str]:
    """What `/healthz` answers for a loop that gave its last sign so many seconds ago; None before it
    begins. `waits`: why it cannot yet."""
    if waits:
        return HTTPStatus.SERVICE_UNAVAILABLE, waits
    if age is None:
        return HTTPStatus.SERVICE_UNAVAILABLE, NOT_YET
    if age > STILL_AFTER:
        return HTTPStatus.SERVICE_UNAVAILABLE, STILL.format(age=age)
    return HTTPStatus.OK, WELL


def application() -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The two pages."""
    from prometheus_client import disable_created_metrics, make_wsgi_app

    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series beside every counter
    metrics = make_wsgi_app()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            pages: Any = metrics(environ, start)
            return list(pages)
        status, words = HTTPStatus.NOT_FOUND, "没有这一页。"
        if environ["PATH_INFO"] == "/healthz":
            status, words = state(life.age() if waiting.begun() else None, waiting.sentence())
            words = "\n".join(part for part in (words, standing_by.words() if waiting.begun() else "") if part)
        start(f"{status.value} {status.phrase}", [PLAIN])
        return [words.encode()]

    return answer


def serve(words: str) -> int:
    """Serve beside the role until its process ends; gives the port. Raises BadAddress."""
    host, port = address(words)
    try:
        server = _served(host, port, application())
    except OSError as error:
        raise BadAddress(f"--metrics 的 {words} 不能监听（{error.strerror}）；请换一个端口。") from None
    return server.server_port


@contextmanager
def in_place_of_the_desk(host: str, port: int) -> Iterator[None]:
    """A page at the desk's address while there is no desk yet: whatever is asked, why it waits. Nothing where the
    address is taken: the desk says so when its time has come."""

    def answer(_environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        start(f"{status.value} {status.phrase}", [PLAIN, ("Retry-After", f"{waiting.AGAIN_SECONDS:g}")])
        return [(waiting.sentence() or NOT_YET).encode()]

    try:
        server = _served(host, port, answer)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _served(host: str, port: int, pages: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> WSGIServer:
    server = make_server(host, port, pages, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
