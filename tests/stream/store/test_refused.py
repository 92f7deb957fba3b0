"""A PostgreSQL that is there and will not have us is told apart from one that is away or is only coming up."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from stream.store import Store, StoreRefused, StoreUnavailable

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


def met(url: str) -> StoreUnavailable:
    """What reading there raises."""
    store = Store(url)
    try:
        with pytest.raises(StoreUnavailable) as told, store.read():
            pass
    finally:
        store.close()
    return told.value


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ('password authentication failed for user "fx"', True),
        ('role "fx" does not exist', True),
        ('no pg_hba.conf entry for host "10.0.0.7", user "fx", database "fengxin", no encryption', True),
        ("the database system is starting up", False),
        ('database "fengxin" does not exist', False),
        ("sorry, too many clients already", False),
    ],
)
def test_what_a_server_says_tells_whether_time_may_mend_it(words: str, refused: bool) -> None:
    with answering(words) as port:
        told = met(f"postgresql+psycopg://fx:secret@127.0.0.1:{port}/fengxin")
    assert words in str(told)
    assert isinstance(told, StoreRefused) == refused
    assert "secret" not in str(told)


def test_a_server_without_the_tls_that_is_asked_for_is_refused_and_one_that_is_away_is_not() -> None:
    with answering("never reached") as port:
        assert isinstance(met(f"postgresql+psycopg://fx@127.0.0.1:{port}/fengxin?sslmode=require"), StoreRefused)
    assert not isinstance(met(f"postgresql+psycopg://fx@127.0.0.1:{port}/fengxin"), StoreRefused)
    assert not isinstance(met("postgresql+psycopg://fx@nowhere.invalid/fengxin"), StoreRefused)
