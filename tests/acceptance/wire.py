"""A line to a desk that can be cut: connections pass through it, and cut ones are gone as when a cable is pulled."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Wire:
    """Listens on a port of its own and passes bytes to the desk's, both ways, until `cut`; `mend` lets new ones in."""

    def __init__(self, port: int) -> None:
        """To the desk on this port of the same machine."""
        self._desk = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._whole = True
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """The desk, through the wire."""
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def cut(self) -> None:
        """Every connection ends now, and no new one comes about."""
        self._whole = False
        for one in [*self._held]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """New connections pass again."""
        self._whole = True

    def close(self) -> None:
        """For good."""
        self.cut()
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._desk))
                self._held += (near, far)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
