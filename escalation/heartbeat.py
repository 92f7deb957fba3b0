"""Heartbeat 心跳: a sign of life outside, so that somebody notices when the whole machine is silent.

A file whose time and content move, and an address that is called: the school's monitoring, or a dead man's switch. Only
the address of the settings is called, by http or https, without redirects and without the environment's proxies; where
its host leads into our own network, only with the permission of the settings (`address_guard`). A call runs beside the
auditor's loop, so that no server can hold it up.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from escalation.channels.address_guard import ForbiddenAddressError, Resolve, literal, pinned, resolve
from escalation.clock_words import SHANGHAI

FILE, URL = "heartbeat:file", "heartbeat:url"
"""Causes of the alerts where a heartbeat cannot be given."""
SECONDS = 5.0
HUNG_SECONDS = 30.0
PERMISSION = "auditor.heartbeat_allow_private"
"""The setting by which the address may stand in our own network."""
FILE_WORDS = "稽核心跳写不进文件 {name}：{why}。请检查该目录是否存在、可写、磁盘是否已满；外部监控会以为风信已停。"
URL_WORDS = "稽核心跳送不到 {host}：{why}。请检查 auditor.heartbeat_url 与网络；外部监控会以为风信已停。"


@dataclass(frozen=True, slots=True)
class Outside:
    """Where to beat. `every_s`: at most once in so many seconds. The address may hold a secret: it is never shown.

    `allow_private`: the address may lead to this machine or into the campus network.

    Raises:
        ValueError: an address that is none, in Chinese.
    """

    file: Path | None = None
    url: str = field(default="", repr=False)
    method: Literal["GET", "POST"] = "GET"
    every_s: float = 60.0
    allow_private: bool = False

    def __post_init__(self) -> None:
        if self.url and (why := unfit(self.url, allow_private=self.allow_private)):
            raise ValueError(why)

    @property
    def host(self) -> str:
        """The address as far as it may be shown."""
        return urlsplit(self.url).hostname or ""

    @property
    def call(self) -> Call:
        """How the address is called, with what the settings permit."""
        return partial(call, allow_private=self.allow_private)


def unfit(url: str, *, allow_private: bool = False) -> str:
    """Why an address cannot be called, as a Chinese sentence; empty where it can."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        return "不是能调用的网址，须以 https:// 或 http:// 开头写全主机名。"
    if parts.username or parts.password:
        return "网址里不能带用户名和口令（@ 之前的部分），请改用网址路径里的令牌。"
    if parts.fragment:
        return "网址里不能带 #，请删去其后的部分。"
    why = literal(parts.hostname or "", allow_private, setting=PERMISSION)
    return f"{why}。" if why else ""


Call = Callable[[str, str, Mapping[str, object]], str]
"""(method, address, content) -> why it failed, in Chinese; empty where it was answered by 2xx."""


def call(
    method: str, url: str, content: Mapping[str, object], *, allow_private: bool = False, look_up: Resolve = resolve
) -> str:
    """Call the address once, at a number that was looked at before; the answer's body is not read."""
    import httpx  # only one process beats

    body = dict(content) if method == "POST" else None
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        number = pinned(
            host, parts.port or (443 if parts.scheme == "https" else 80), allow_private, look_up, setting=PERMISSION
        )
        machine = f"[{number}]" if ":" in number else number
        place = parts._replace(netloc=machine if parts.port is None else f"{machine}:{parts.port}").geturl()
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                method, place, json=body, headers={"Host": parts.netloc}, extensions={"sni_hostname": host}
            ) as answer,
        ):
            status = answer.status_code
    except ForbiddenAddressError as refused:
        return str(refused)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return f"没有接通（{type(error).__name__}）"
    if 300 <= status < 400:
        return f"对方要求转到别的地址（{status}），为安全不跟随，请填写最终地址"
    return "" if 200 <= status < 300 else f"对方回答 {status}"


class Heartbeat:
    """Beats where the settings say. `troubles` tells by cause what is wrong now, empty where all is well."""

    def __init__(
        self, outside: Outside, call: Call | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is written or called before the first `beat`."""
        self._outside, self._monotonic = outside, monotonic
        self._call: Call = call or outside.call
        self._due = monotonic()
        self._calling: threading.Thread | None = None
        self._called_at = 0.0
        self._lock = threading.Lock()
        self._url_trouble = ""
        self._file_trouble = ""

    @property
    def troubles(self) -> dict[str, str]:
        """What cannot be done now, a sentence per cause; only of what the settings ask for."""
        with self._lock:
            url = self._url_trouble
        if self._calling is not None and self._calling.is_alive() and self._late():
            url = URL_WORDS.format(host=self._outside.host, why="迟迟没有回答")
        found = {FILE: self._file_trouble} if self._outside.file else {}
        return found | ({URL: url} if self._outside.url else {})

    def _late(self) -> bool:
        return self._monotonic() - self._called_at > HUNG_SECONDS

    def beat(self, school: str, findings: int, now: datetime) -> bool:
        """Say that the auditor has just looked and how many findings stand; False where it is too early."""
        if self._monotonic() < self._due:
            return False
        self._due = self._monotonic() + self._outside.every_s
        at = now.astimezone(SHANGHAI).isoformat(timespec="seconds")
        content: dict[str, object] = {"service": "fengxin", "school": school, "at": at, "findings": findings}
        if self._outside.file is not None:
            self._file_trouble = _write(self._outside.file, content)
        if self._outside.url and not (self._calling is not None and self._calling.is_alive()):
            self._called_at = self._monotonic()
            self._calling = threading.Thread(target=self._ask, args=(content,), daemon=True)
            self._calling.start()
        return True

    def wait(self, seconds: float) -> None:
        """Wait for a call that is under way."""
        if self._calling is not None:
            self._calling.join(seconds)

    def _ask(self, content: Mapping[str, object]) -> None:
        why = self._call(self._outside.method, self._outside.url, content)
        with self._lock:
            self._url_trouble = URL_WORDS.format(host=self._outside.host, why=why) if why else ""


def _write(file: Path, content: Mapping[str, object]) -> str:
    """Replace the file whole, so that no reader meets half of it; gives why it failed."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")
        beside.replace(file)
    except OSError as error:
        return FILE_WORDS.format(name=file.name, why=error.strerror or type(error).__name__)
    return ""
