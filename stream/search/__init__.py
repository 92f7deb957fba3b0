"""Search: a projection of what is kept, that `fengxin reindex` rebuilds. Nothing that raises an alarm depends on it.

The contract of the port, proved for every adapter by one suite (`tests/stream/search`):

* `index` may be repeated and come out of order: of two revisions the one fetched later stays, an older one is taken as
  done. When it returns, what it took is found by the next `find`.
* `find` answers as a substring search over the folded text (`pairs.fold`) would, newest first.
* Deleting what is not there is no error.
* Making an adapter reaches for nothing, so a search that is away stops nobody at the start.
* After `clear` the search is empty and sound, also where its file was corrupt or gone: `fengxin reindex` heals it.
* What is lost while an engine is in use (its file damaged, taken away, or made anew by accident) is SearchDamaged,
  whose sentence says the cure; `healthy(whole=True)` finds damage that no question has met yet. A rebuild beside an
  open engine is no damage. An engine that looks after its own pages (Elasticsearch) needs no whole look.
* An engine that has no space, or is closed for writing, raises SearchFull from `index` and goes on answering.
* An engine that cannot be reached raises SearchUnavailable; a document that it can never take raises SearchRefused with
  the ids, and everything else of that batch is in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from urllib.parse import urlsplit


class SearchUnavailable(Exception):
    """The engine cannot be reached now; the position must not move; try again later."""


class SearchDamaged(SearchUnavailable):
    """What was indexed is damaged or gone; only `fengxin reindex` brings it back. No alarm depends on it."""


class SearchFull(SearchUnavailable):
    """The engine takes nothing in until a person gives it space or leave to write; what is in it is found."""


class SearchRefused(Exception):
    """Documents that can never be indexed; `ids` maps each to the reason."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        """Keep the refused ids."""
        super().__init__("；".join(f"{doc}：{why}" for doc, why in ids.items()))
        self.ids = dict(ids)


@dataclass(frozen=True, slots=True)
class Document:
    """One post as search knows it. Instants are aware UTC; `fetched_at` orders the revisions of one id."""

    school: str
    id: str
    kind: str
    platform: str
    account_id: str
    thread_id: str
    text: str
    polarity: str
    risk: int
    published_at: datetime
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: `words` as written by a person, all filters optional; `before` pages on from a time."""

    school: str
    words: str = ""
    account_id: str = ""
    kind: str = ""
    polarity: str = ""
    since: datetime | None = None
    before: datetime | None = None
    limit: int = 50


class Search(ABC):
    """One search engine."""

    @abstractmethod
    def index(self, documents: Sequence[Document]) -> None:
        """Take documents in; see the contract."""

    @abstractmethod
    def find(self, query: Query) -> list[Document]:
        """The newest documents that answer the query, at most `query.limit`."""

    @abstractmethod
    def count(self, query: Query) -> int:
        """How many documents answer the query; `limit` and `before` apart."""

    @abstractmethod
    def delete(self, school: str, ids: Sequence[str]) -> None:
        """Forget these documents."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, before a rebuild."""

    @abstractmethod
    def healthy(self, *, whole: bool = False) -> None:
        """Raise SearchUnavailable, with a Chinese sentence, where a query would; `whole`: where any query would, which
        reads everything and may take seconds."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections."""


ADAPTERS = {"sqlite": "stream.search.sqlite:SqliteSearch", "elasticsearch": "stream.search.elastic:ElasticSearch"}


def open_search(url: str) -> Search:
    """Open the engine that the URL's scheme names. Raises ValueError with a sentence for an address that is none."""
    scheme = urlsplit(url).scheme
    if scheme not in ADAPTERS:
        raise ValueError(f"search：不认识的地址前缀“{scheme}”，可用：{'、'.join(ADAPTERS)}")
    module, _, name = ADAPTERS[scheme].partition(":")
    make: Callable[[str], Search] = getattr(import_module(module), name)
    return make(url)
