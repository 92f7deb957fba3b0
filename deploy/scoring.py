"""`fengxin score`: one text through the same engine, rules and risk as a comment, with nothing around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from sentiment.engine import Engine, engine_by_name
from stream import rules
from stream.assess import Reader, assess
from stream.assessment import Assessment
from stream.evidence import Ledger
from stream.impression import IMPRESSIONS
from stream.post import Kind, Post, Route, door
from stream.risk import Risk, risk

NOON = datetime(2026, 1, 1, 4, tzinfo=UTC)
"""A text from the command line has no time of its own; all are taken as written at one noon."""
STEPS = {
    "width": "全角或变体字", "invisible": "隐形字符", "mark": "附加符号", "case": "大小写", "traditional": "繁体",
    "gap": "字间插符", "split": "拆字", "pinyin": "拼音", "initials": "首字母", "homophone": "谐音",
    "emoji": "表情代字", "lookalike": "形近字",
}  # fmt: skip
"""What the steps by which a disguised word was found are called."""
POLARITY = {"negative": "负面", "neutral": "中性", "positive": "正面"}


class Scoring:
    """Engine and rulebook, loaded once."""

    def __init__(self, engine: Engine | None = None) -> None:
        """Load the rules. `engine`: another than the product's. Raises RuleError."""
        self._engine = engine or engine_by_name()
        self._reader = Reader(rules.load())

    def judge(self, text: str) -> dict[str, Any]:
        """What the engine says (`sentiment.engine.Score`), `rules`, `reasons` and `risk` (0 to 100) of one text."""
        one, found = self._judged(text, "comment")
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
        }  # fmt: skip

    def concern_of(self, text: str, slot: str = "comment") -> tuple[int, float | None]:
        """The risk, 0 to 100, and the engine's own share for it, 0..1, where it gives one.

        `slot`: `post` (the school's own), `comment` or `message`.
        """
        one, found = self._judged(text, slot)
        return found.value, one.p_concern

    def _judged(self, text: str, slot: str) -> tuple[Assessment, Risk]:
        one = assess([_post(text, slot)], self._engine, self._reader, NOON)[0]
        return one, risk(Ledger({}).note(one), NOON)


def told(answer: Mapping[str, Any]) -> Iterator[str]:
    """The same for a person: risk, polarity, each rule with the words it found, each reason."""
    yield f"风险　{answer['risk']}（0 至 100）"
    doubt = "，拿不准" if answer["unsure"] else ""
    yield (
        f"情感　{POLARITY[answer['polarity']]}{doubt}"
        f"（负面 {answer['p_negative']:.0%}，正面 {answer['p_positive']:.0%}；SnowNLP 原分 {answer['snow']:.2f}，"
        "越近 0 越负面，只供对照）"
    )
    if answer["p_concern"] is not None:
        yield f"另判　值得学校看 {answer['p_concern']:.0%}（只作参考，不单独据此立事件）"
    if all(hit["rule"] in IMPRESSIONS for hit in answer["rules"]):
        yield "规则　未命中"
    for hit in answer["rules"]:
        words = "、".join(_shown(hit))
        undone = "、".join(STEPS[step] for step in hit["steps"])
        cited = f"，依据 {hit['article']}" if hit["article"] else ""
        label = "推断" if hit["rule"] in IMPRESSIONS else "规则"
        yield f"{label}　{hit['rule']} {hit['title']}：{words}{f'（{undone}）' if undone else ''}{cited}"
    for reason in answer["reasons"]:
        yield f"理由　{reason['name']} {reason['share']}%：{reason['sentence']}"
    yield "只看这一句话；立不立事件还要看有多少人说、增长多快。机器读的格式加 --json。"


def _shown(hit: Mapping[str, Any]) -> Iterator[str]:
    """Each word as it was written, and what a disguised one was read as."""
    for word, reading in zip_longest(hit["words"], hit["readings"], fillvalue=""):
        yield f"“{word}”" + (f"读作“{reading}”" if reading else "")


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 6)


def _post(text: str, slot: str) -> Post:
    kept, digest, cut = door(text)
    return Post(
        school="score", id="score:1", kind=Kind(slot), by_school=slot == Kind.POST, platform="score",
        account_id="score", thread_id="score:0",
        text=kept, text_hash=digest, cut=cut, published_at=NOON, first_seen_at=NOON, fetched_at=NOON,
        revision=digest[:16], route=Route.MANUAL,
    )  # fmt: skip
