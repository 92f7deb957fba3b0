"""A server that is there, speaks PostgreSQL's protocol and will have nobody."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TLS_ASKED = 80_877_103
GSS_ASKED = 80_877_104


@contextmanager
def answering(words: str) -> Iterator[int]:
    """A server that refuses every connection in these words, as PostgreSQL's protocol writes them; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):  # closed at the end
                while True:
                    connection, _ = server.accept()
                    with connection:
                        refuse(connection, words)

        threading.Thread(target=answer, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def refuse(connection: socket.socket, words: str) -> None:
    """One connection: no TLS, no GSS, and then, where it does not hang up for that, the error."""
    with connection.makefile("rb") as said:
        while head := said.read(4):
            (length,) = struct.unpack("!I", head)
            (asked,) = struct.unpack("!I", said.read(length - 4)[:4])
            if asked not in (TLS_ASKED, GSS_ASKED):
                break
            connection.sendall(b"N")
        else:
            return
    fields = b"SFATAL\0VFATAL\0CXX000\0M" + words.encode() + b"\0\0"
    connection.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)
