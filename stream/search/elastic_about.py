"""What an installation's indices on Elasticsearch are: one document that every reader and writer looks at first.

The generation that answers, the one that is being filled, and which indices there must be. It is changed only over
exactly what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

ROUNDS = 10
_WORD = {"type": "keyword"}
_PROPERTIES: dict[str, Any] = {
    "made": _WORD, "rebuilt": {"type": "boolean"}, "now": _WORD, "next": _WORD, "leaving": {"type": "boolean"},
    "indices": _WORD, "lost": _WORD, "school": _WORD, "row": {"type": "long"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """`made`: what tells these indices from others made in their place; `rebuilt`: by a rebuild and not by accident.
    `now`, `next`: generations. `leaving`: the alias does not point to `now` yet, others are still to be dropped.
    `indices`: those of `now` that hold something; `lost`: those that were found missing."""

    made: str
    rebuilt: bool = False
    now: str = ""
    next: str = ""
    leaving: bool = False
    indices: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def generations(self) -> tuple[str, ...]:
        """Those that are written to."""
        return (self.now, self.next) if self.next else (self.now,)

    def source(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "made": self.made, "rebuilt": self.rebuilt, "now": self.now, "next": self.next, "leaving": self.leaving,
            "indices": list(self.indices), "lost": list(self.lost),
        }  # fmt: skip


class Abouts:
    """The index `prefix-about`. Every method raises what the client raises."""

    def __init__(self, client: Elasticsearch, prefix: str) -> None:
        self._client, self.index = client, f"{prefix}-about"

    def furnish(self) -> None:
        """The template; what an earlier version made gets the fields it lacks."""
        template = {
            "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
            "mappings": {"dynamic": "strict", "properties": _PROPERTIES},
        }
        indices = self._client.indices
        indices.put_index_template(name=self.index, index_patterns=[self.index], priority=200, template=template)
        indices.put_mapping(
            index=self.index, properties=_PROPERTIES, ignore_unavailable=True, allow_no_indices=True,
            expand_wildcards="open",
        )  # fmt: skip

    def read(self) -> About | None:
        """As it is now, or None."""
        try:
            found = self._client.get(index=self.index, id="1")
        except NotFoundError:
            return None
        held = found["_source"]
        return About(
            str(held["made"]), bool(held["rebuilt"]), held.get("now") or "", held.get("next") or "",
            bool(held.get("leaving")), tuple(held.get("indices") or ()), tuple(held.get("lost") or ()),
            {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]},
        )  # fmt: skip

    def introduce(self) -> str:
        """Where there is none; gives its `made`, or that of whoever was quicker."""
        one = About(uuid4().hex)
        try:
            self._client.create(index=self.index, id="1", document=one.source(), refresh=True)
        except ConflictError:
            found = self.read()
            return found.made if found else ""
        return one.made

    def put(self, about: About) -> None:
        """Whatever was there."""
        self._client.index(index=self.index, id="1", document=about.source(), refresh=True)

    def change(self, how: Callable[[About], About | None]) -> bool:
        """Write what `how` makes of what is there; False where it makes None, or where nothing is there."""
        for _ in range(ROUNDS):
            found = self.read()
            made = how(found) if found else None
            if found is None or made is None:
                return False
            if made == found:
                return True
            try:
                self._client.index(index=self.index, id="1", document=made.source(), refresh=True, **found.seen)
            except ConflictError:
                continue
            return True
        return False

    def reached(self, generation: str, school: str) -> int:
        """The row up to which a generation is filled."""
        try:
            return int(self._client.get(index=self.index, id=_mark(generation, school))["_source"]["row"])
        except NotFoundError:
            return 0

    def reach(self, generation: str, school: str, row: int) -> None:
        """Keep it."""
        held = {"school": school, "row": row}
        self._client.index(index=self.index, id=_mark(generation, school), document=held)

    def forget_marks(self, generation: str, schools: list[str]) -> None:
        """What was reached is of no use any more."""
        for school in schools:
            self._client.options(ignore_status=404).delete(index=self.index, id=_mark(generation, school))


def with_index(name: str) -> Callable[[About], About]:
    """Know an index."""
    return lambda about: replace(about, indices=tuple(sorted({*about.indices, name})))


def without_index(name: str) -> Callable[[About], About]:
    """Know of an index no more."""
    return lambda about: replace(about, indices=tuple(one for one in about.indices if one != name))


def _mark(generation: str, school: str) -> str:
    return f"{generation}:{school}"
