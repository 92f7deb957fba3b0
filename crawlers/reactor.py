"""Twisted's asyncio reactor, installed once per process on one event loop. Import this before anything of Twisted.

Scrapy downloads through the reactor, our service is plain asyncio; both run on the same loop. The reactor is started
without taking the loop or the signals over: whoever calls `run` keeps them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from scrapy.utils.reactor import install_reactor, is_reactor_installed

ASYNCIO = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
_T = TypeVar("_T")
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The loop on which reactor and service run; made and installed at the first call.

    Raises RuntimeError where some import installed another reactor before.
    """
    global _loop  # noqa: PLW0603 (a process has one reactor, for ever)
    if _loop is None:
        if is_reactor_installed():
            raise RuntimeError("采集进程的网络循环已被别的模块占用，请先导入 crawlers.reactor")
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
        install_reactor(ASYNCIO)
        from twisted.internet import reactor

        running: Any = reactor  # Twisted's interface is not typed as it is called
        running.getThreadPool().threadFactory = partial(threading.Thread, daemon=True)  # else no process would end
        running.startRunning(installSignalHandlers=False)
    return _loop


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on the loop to its end. May be called again and again in one process."""
    return loop().run_until_complete(main)
