"""One duty officer at the desk while the chain is measured: signed in, listening to the live line, reading the feed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import httpx

from deploy.settings import Settings
from deploy.upkeep import enrol

NAME, PASSWORD = "bench", "a desk that is measured"
PATIENCE = 90.0
FETCH_EVERY = 2.0
"""A page fetches its feed about so often while news comes in."""


@contextmanager
def desk_open(settings: Settings) -> Iterator[None]:
    """The desk with one page open, once the web role answers. Raises TimeoutError where it does not."""
    monitor = settings.roster.shifts[0].person
    enrol(settings, NAME, monitor, PASSWORD)
    client = httpx.Client(base_url=f"http://127.0.0.1:{settings.web.port}", trust_env=False, timeout=10)
    _sign_in(client)
    over = Event()
    threads = [Thread(target=work, args=(client, over), daemon=True) for work in (_listen, _read)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        client.close()
        for thread in threads:
            thread.join(5)


def _sign_in(client: httpx.Client) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            answer = client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
            if answer.status_code == 303 and client.get("/desk").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError("the desk lets nobody in")


def _listen(client: httpx.Client, over: Event) -> None:
    with suppress(httpx.HTTPError, RuntimeError), client.stream("GET", "/events", timeout=60) as answer:
        for _ in answer.iter_lines():
            if over.is_set():
                return


def _read(client: httpx.Client, over: Event) -> None:
    with suppress(httpx.HTTPError, RuntimeError):
        while not over.wait(FETCH_EVERY):
            client.get("/desk/feed")
