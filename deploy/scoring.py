"""`fengxin score`: one text through the same engine, rules and risk as a comment, with nothing around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sentiment.engine import Engine, engine_by_name
from stream import rules
from stream.alone import alone
from stream.assess import Reader, assess
from stream.assessment import Assessment, Polarity
from stream.because import Because, because, feeling
from stream.explanation import explain
from stream.impression import IMPRESSIONS
from stream.post import Kind, Post, Route, door
from stream.risk import Risk
from stream.rules import Slot

EXPLAINED = 2_000
"""Characters of a text that are explained; a longer one is judged whole."""
NOON = datetime(2026, 1, 1, 4, tzinfo=UTC)
"""A text from the command line has no time of its own; all are taken as written at one noon."""


class Scoring:
    """Engine and rulebook, loaded once."""

    def __init__(self, engine: Engine | None = None, names: Sequence[str] = ()) -> None:
        """Load the rules. `engine`: another than the product's; `names`: the school's own. Raises RuleError."""
        self._engine = engine or engine_by_name()
        self._reader = Reader(rules.load(), names)

    def judge(self, text: str) -> dict[str, Any]:
        """What the engine says (`sentiment.engine.Score`), `rules`, `reasons` and `risk` (0 to 100) of one text.

        `because`: why it is or is not a risk, as `stream.because.Because` has it.
        """
        one, found = self._judged(text, "comment")
        why = self._why(one, found)
        return {
            "polarity": one.polarity.value,
            "p_negative": round(one.p_negative, 6),
            "p_positive": _rounded(one.p_positive),
            "unsure": one.unsure,
            "p_abuse": _rounded(one.p_abuse),
            "p_concern": _rounded(one.p_concern),
            "snow": round(one.snow, 6),
            "rules": [
                {
                    "rule": hit.rule, "version": hit.version, "title": hit.title, "theme": hit.theme,
                    "spans": hit.spans, "words": hit.words, "steps": hit.steps, "article": hit.article,
                    "readings": hit.readings,
                }
                for hit in one.hits
            ],
            "reasons": [{"name": r.name, "share": r.share, "sentence": r.sentence} for r in found.reasons],
            "risk": found.value,
            "because": asdict(why),
        }  # fmt: skip

    def _why(self, one: Assessment, found: Risk) -> Because:
        felt = next((hit for hit in one.hits if hit.rule in IMPRESSIONS), None)
        read = explain(
            self._reader, one.post.text[:EXPLAINED], Slot.COMMENT, known={hit.rule for hit in one.hits}
        )  # fmt: skip
        opens = any(hit.grave for hit in one.hits)
        return because(replace(read, felt=felt), found.value, one.polarity, opens=opens)

    def concern_of(self, text: str, slot: str = "comment") -> tuple[int, float | None]:
        """The risk, 0 to 100, and the engine's own share for it, 0..1, where it gives one.

        `slot`: `post` (the school's own), `comment` or `message`.
        """
        one, found = self._judged(text, slot)
        return found.value, one.p_concern

    def _judged(self, text: str, slot: str) -> tuple[Assessment, Risk]:
        one = assess([as_post(text, slot)], self._engine, self._reader, NOON)[0]
        return one, alone(one)


def told(answer: Mapping[str, Any]) -> Iterator[str]:
    """The same for a person: risk, polarity, whom it is about, each rule with its words, each reason, or why not."""
    why = answer["because"]
    yield f"风险　{answer['risk']} / 100，{why['verdict']}"
    yield "情感　" + feeling(
        Polarity(answer["polarity"]), answer["p_negative"], answer["p_positive"], answer["snow"],
        unsure=answer["unsure"],
    )  # fmt: skip
    yield f"对象　{why['target']}"
    if answer["p_concern"] is not None:
        yield f"另判　值得学校看 {answer['p_concern']:.0%}（只作参考，不单独据此立事件）"
    if all(hit["rule"] in IMPRESSIONS for hit in why["ruled"]):
        yield "规则　未命中"
    for hit in why["ruled"]:
        cited = f"，依据 {hit['article']}" if hit["article"] else ""
        words = f"：{'、'.join(hit['words'])}" if hit["words"] else ""
        yield f"{hit['label']}　{hit['rule']} {hit['title']}{words}{cited}"
    for reason in answer["reasons"]:
        yield f"理由　{reason['name']} {reason['share']}%：{reason['sentence']}"
    for sentence in why["whys"]:
        yield f"不算　{sentence}"
    yield "只看这一句话；立不立事件还要看有多少人说、增长多快。机器读的格式加 --json。"


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 6)


def as_post(text: str, slot: str) -> Post:
    """A text as a post of its own, said at NOON; `slot`: a kind of post."""
    kept, digest, cut = door(text)
    return Post(
        school="score", id="score:1", kind=Kind(slot), by_school=slot == Kind.POST, platform="score",
        account_id="score", thread_id="score:0",
        text=kept, text_hash=digest, cut=cut, published_at=NOON, first_seen_at=NOON, fetched_at=NOON,
        revision=digest[:16], route=Route.MANUAL,
    )  # fmt: skip
