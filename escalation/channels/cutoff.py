"""The hard end of a conversation: a watchdog that shuts the socket when the time is up.

A socket's own timeout starts anew with every byte, so a peer that drips bytes could hold a sender for ever.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType


class Cutoff:
    """Use as a context manager; `hold` each socket of the conversation.

    After `seconds` the held socket is shut down, so that any read or write on it ends at once with an error.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self.passed = False

    @property
    def left(self) -> float:
        """Seconds left, never below 0.05 (a socket timeout of 0 would mean non-blocking)."""
        return max(0.05, self._end - time.monotonic())

    def hold(self, sock: socket.socket) -> None:
        """Watch this socket from now on (the latest one held is the one that is shut)."""
        with self._lock:
            self._socket = sock
            late = self.passed
        if late:
            self._shut()

    def _shut(self) -> None:
        with self._lock:
            self.passed = True
            sock = self._socket
        if sock is not None:
            with suppress(OSError):
                # SSLSocket.shutdown would wait for the peer; the plain one does not.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def __enter__(self) -> Cutoff:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
