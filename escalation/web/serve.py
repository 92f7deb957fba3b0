"""Serving the desk: a uvicorn server that ends its streams before it waits for its connections."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI

from escalation.web.live import Lookout

OWN_MACHINE = ("127.0.0.1", "::1")
GRACE = 2
"""Seconds that open requests have to end after SIGTERM; streams end at once."""


class Harbour(uvicorn.Server):
    """One server for one application made by `build`."""

    def __init__(self, app: FastAPI, host: str, port: int, proxies: Sequence[str] = ()) -> None:
        """Listen on `host` and `port` when `run` is called. `proxies`: whose `X-Forwarded-For` is believed, besides
        this machine's; the environment says nothing about that."""
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE, proxy_headers=True,
            forwarded_allow_ips=[*OWN_MACHINE, *proxies],
        )  # fmt: skip
        super().__init__(config)
        self._lookout: Lookout = app.state.lookout

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: end the streams, then stop."""
        self._lookout.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: object = None) -> None:
        """Stop, however it was asked for."""
        self._lookout.close()
        await super().shutdown(sockets)  # type: ignore[arg-type]
