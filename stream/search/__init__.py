"""Search: a projection of what is kept, that `fengxin reindex` rebuilds. Nothing that raises an alarm depends on it.

The contract of the port, proved for every adapter by one suite (`tests/stream/search`):

* `index` may be repeated and come out of order: of two revisions the one fetched later stays, an older one is taken as
  done. When it returns, what it took is found by the next `find`.
* `find` answers as a substring search over the folded text (`pairs.fold`) would, newest first.
* `facets` counts exactly what `find` without a limit would give, by the same days and bands on every adapter.
* Deleting what is not there is no error.
* Making an adapter reaches for nothing, so a search that is away stops nobody at the start.
* `renew` fills a new generation beside the one that answers, and goes on where a killed rebuild stopped. Whatever is
  indexed or deleted meanwhile, by whatever process, is so in both. `Renewal.switch` puts it in place in one step: every
  answer before is of the whole old one, every answer after of the whole new one, also for adapters that are open.
* After `clear` the search is empty and sound, also where its file was corrupt or gone: `fengxin reindex` heals it.
* What is lost while an engine is in use (its file damaged, taken away, or made anew by accident; one index of several)
  is SearchDamaged, whose sentence says the cure; `healthy(whole=True)` finds damage that no question has met yet. A
  rebuild beside an open engine is no damage. An engine that looks after its own pages (Elasticsearch) needs no whole
  look.
* An engine that has no space, or is closed for writing, raises SearchFull from `index` and goes on answering.
* An engine that cannot be reached raises SearchUnavailable; a document that it can never take raises SearchRefused with
  the ids, and everything else of that batch is in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    """One post as search knows it. Instants are aware UTC; `fetched_at` orders the revisions of one id.

    `indexed_at`: when it was taken in last, None where an earlier version took it in; `rebuilt`: by a rebuild from the
    store. Neither belongs to what it is: two documents that differ in them alone are the same.
    """

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
    indexed_at: datetime | None = field(default=None, compare=False)
    rebuilt: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: `words` as written by a person, all filters optional. `since` and `until` (not included) bound
    the time of publishing, `risk_from` and `risk_to` (both included) the risk; `before` pages on from a time."""

    school: str
    words: str = ""
    account_id: str = ""
    kind: str = ""
    polarity: str = ""
    since: datetime | None = None
    before: datetime | None = None
    limit: int = 50
    platform: str = ""
    until: datetime | None = None
    risk_from: int = 0
    risk_to: int = 100


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of all that answer a query, none by who wrote it. Each of the five sums to `total`; what has none is not
    in them. `times`: by the beginning (aware UTC) of the Beijing day or hour, `step` long; `risks`: by where their band
    of `facets.RISKS` begins."""

    total: int
    step: timedelta
    times: Mapping[datetime, int]
    platforms: Mapping[str, int]
    accounts: Mapping[str, int]
    polarities: Mapping[str, int]
    risks: Mapping[int, int]


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
    def facets(self, query: Query) -> Facets:
        """How what answers is spread over time, platforms, accounts, tones and risks; `limit` and `before` apart. By
        the hour where the query names a span of two days or less, else by the day."""

    @abstractmethod
    def delete(self, school: str, ids: Sequence[str]) -> None:
        """Forget these documents."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, before a rebuild."""

    @abstractmethod
    def renew(self) -> Renewal:
        """Begin to fill a new generation, or go on with the one that is there."""

    @abstractmethod
    def healthy(self, *, whole: bool = False) -> None:
        """Raise SearchUnavailable, with a Chinese sentence, where a query would; `whole`: where any query would, which
        reads everything and may take seconds."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections."""


class Renewal(ABC):
    """A new generation that is being filled, and that nobody asks before `switch`. Its methods raise SearchUnavailable,
    also where another rebuild has put it in place or given it up."""

    @abstractmethod
    def reached(self, school: str) -> int:
        """The row of the store up to which this school's documents are in; kept as durably as they are."""

    @abstractmethod
    def fill(self, school: str, documents: Sequence[Document], row: int) -> None:
        """Take in documents of the store, up to this row. What was deleted since the beginning stays out. Raises
        SearchRefused as `Search.index`; the others are in and the row is reached."""

    @abstractmethod
    def lacking(self, school: str, ids: Sequence[str]) -> set[str]:
        """Which of these are not in, and were not deleted since the beginning."""

    @abstractmethod
    def count(self, school: str) -> int:
        """How many documents of the school are in."""

    @abstractmethod
    def switch(self) -> None:
        """Let it answer from now on, and drop the old one."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections; what is in stays."""


ADAPTERS = {"sqlite": "stream.search.sqlite:SqliteSearch", "elasticsearch": "stream.search.elastic:ElasticSearch"}


def open_search(url: str) -> Search:
    """Open the engine that the URL's scheme names. Raises ValueError with a sentence for an address that is none."""
    scheme = urlsplit(url).scheme
    if scheme not in ADAPTERS:
        raise ValueError(f"search：不认识的地址前缀“{scheme}”，可用：{'、'.join(ADAPTERS)}")
    module, _, name = ADAPTERS[scheme].partition(":")
    make: Callable[[str], Search] = getattr(import_module(module), name)
    return make(url)
