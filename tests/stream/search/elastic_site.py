"""Indices on a real Elasticsearch, for the contract of the search port."""

from __future__ import annotations

import time
from uuid import uuid4

from tests.live.elasticsearch import Elasticsearch
from tests.stream.search.site import Site


class ElasticSite(Site):
    """Indices of its own on the engine that all tests share."""

    def __init__(self, engine: Elasticsearch) -> None:
        self.engine = engine
        self.prefix = f"t{uuid4().hex[:12]}"
        self.url = engine.place(self.prefix)
        self.ask = engine.client()

    def take_away(self) -> None:
        self.engine.kill()

    def bring_back(self) -> None:
        self.engine.again()

    def corrupt(self) -> None:
        """Every file of every index, while it is closed; the engine reads it again when it is opened."""
        names = self.names()
        folders = [self.ask.indices.get_settings(index=one)[one]["settings"]["index"]["uuid"] for one in names]
        for one in names:
            self.ask.indices.close(index=one)
        for folder in folders:
            for file in (self.engine.data / "indices" / folder / "0" / "index").iterdir():
                if file.name != "write.lock":
                    file.write_bytes(b"\xff" * max(file.stat().st_size, 100))
        for one in names:
            self.ask.indices.open(index=one, wait_for_active_shards=0)
        until = time.monotonic() + 60
        while any(not self._given_up(one) for one in names):
            assert time.monotonic() < until
            time.sleep(0.05)

    def _given_up(self, index: str) -> bool:
        health = self.ask.cluster.health(index=index)
        return bool(health["status"] == "red" and not health["initializing_shards"])

    def spoil(self) -> None:
        raise NotImplementedError("the engine looks after its own pages")

    def remove(self) -> None:
        for one in self.names():
            self.ask.indices.delete(index=one)

    def names(self) -> list[str]:
        return list(self.ask.indices.get(index=f"{self.prefix}-*", expand_wildcards="all"))

    def end(self) -> None:
        self.remove()
        self.ask.close()
