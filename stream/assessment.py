"""Assessment: what one revision of a post says, by engine and rules; stateless, so any worker gives the same.

Wire version 2: a hit names the kinds of danger it tells of (`stream.danger`). Version 3: what the engine says beyond
polarity. Versions 1 and 2 are read, and are written again as they were.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from sentiment.polarity import Polarity as Polarity
from stream.novelty import SKETCH
from stream.post import Post
from stream.wire import Instant, Wire


class Target(StrEnum):
    """Whom the words are about."""

    SCHOOL = "school"
    STAFF = "staff"
    SERVICE = "service"
    STUDENT = "student"
    OUTSIDER = "outsider"
    NONE = "none"


class Hit(Wire):
    """One rule that matched: `spans` are (start, end) in the post's own text; `steps` name the disguises undone.

    `kinds`: of danger; empty where it tells of none, and in every record of version 1. `readings`: for each of `words`
    what a disguised one was read as (tousu: 投诉), else an empty text; empty where none was.
    """

    rule: str
    version: int
    title: str
    theme: str
    category: str
    grave: bool = False
    level_floor: int | None = Field(default=None, ge=1, le=4)
    weight: int = Field(ge=0, le=100)
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    steps: tuple[str, ...] = ()
    article: str = ""
    kinds: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


class Assessment(Wire):
    """The post (one revision, whole) with its polarity, rule hits and target; the record of topic `assessed`.

    `rules`: the edition of the rules that judged it (`Rulebook.edition`), empty where a worker of 0.1.0 did.
    `p_positive`, `unsure`, `p_abuse`, `p_concern`: as `sentiment.engine.Score` says; None in records before version
    3, in what is rebuilt from the store, and where the engine does not judge that. What decides never rests on them:
    what the model adds to a decision stands among the hits (`stream.impression`).
    `normal`, `prints`: the text's normal form and the fingerprint of that (`stream.novelty`), handed on by the worker
    that has them, so that the one ordered reader need not make them again; None, and not written, where nobody has.
    `logged_at`: when the log took the post's record, by the log's own clock; None, and not written, in what a worker
    wrote that did not hand it on.
    """

    v: Literal[1, 2, 3] = 3
    type: Literal["assessment"] = "assessment"
    post: Post
    polarity: Polarity
    p_negative: float = Field(ge=0, le=1)
    p_positive: float | None = Field(default=None, ge=0, le=1)
    unsure: bool | None = None
    p_abuse: float | None = Field(default=None, ge=0, le=1)
    p_concern: float | None = Field(default=None, ge=0, le=1)
    snow: float = Field(ge=0, le=1)
    engine: str
    hits: tuple[Hit, ...] = ()
    target: Target = Target.NONE
    assessed_at: Instant
    rules: str = Field(default="", max_length=64)
    normal: str | None = None
    prints: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] | None = Field(default=None, max_length=SKETCH)
    logged_at: Instant | None = None

    def wire(self) -> bytes:
        """As every record; one without an edition, or of version 1, stays as it was written."""
        left_out: dict[str, Any] = {} if self.rules else {"rules": True}
        left_out |= {name: True for name in ("normal", "prints", "logged_at") if getattr(self, name) is None}
        if self.v < 3:
            left_out |= dict.fromkeys(("p_positive", "unsure", "p_abuse", "p_concern"), True)
        unread: dict[int, set[str]] = {at: {"readings"} for at, hit in enumerate(self.hits) if not hit.readings}
        if self.v == 1:
            unread = {at: {"kinds", "readings"} for at, _ in enumerate(self.hits)}
        if unread:
            left_out["hits"] = unread
        return self.wire_without(left_out) if left_out else super().wire()
