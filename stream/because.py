"""Because 缘由: why one line is or is not a risk, in sentences for the person on duty; `fengxin score` and the desk say
the same.

What holds is told with the words as they were written, how they were disguised and what they read as; what does not
hold, with what stood in the way: a denial, a question, a supposition, a drill, another school.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stream.assessment import Polarity, Target
from stream.border import OPEN_AT
from stream.explanation import STEPS, TARGETS, Explanation, Word
from stream.matter import CARE
from stream.risk import POINTS_FOR_100, SHOWN_FROM
from stream.rules import CUES, Category
from stream.stance import WORDS, Stance

POLARITY = {Polarity.NEGATIVE: "负面", Polarity.NEUTRAL: "中性", Polarity.POSITIVE: "正面"}
WHYS_SHOWN = 3
NOT_SAID = "这样的话。"
"""How the sentence of `explanation` ends that tells of words a rule missed: no reason by itself."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule that holds, or what the model adds. `words`: each with how it was read, ready to be shown."""

    label: str
    rule: str
    title: str
    article: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Because:
    """What is to be said of one line. `verdict`: one sentence; `whys`: why it is no risk, empty where it is one."""

    verdict: str
    target: str
    ruled: tuple[Ruled, ...]
    whys: tuple[str, ...]


def because(
    found: Explanation, risk: int, polarity: Polarity, *, opens: bool = True, open_at: float = OPEN_AT
) -> Because:
    """Why a line of this risk (0 to 100, by itself) is or is not one. `opens`: False where nothing that was kept of it
    is grave any more, whatever its words are by themselves: it stands under a drill or a play. `open_at`: points from
    which this school's incidents open."""
    grave = opens and (any(one.rule.grave for one in found.held) or (found.felt is not None and found.felt.grave))
    named = "".join(f"“{word}”" for word in found.named)
    target = TARGETS[found.target] + (f"（{named}）" if named else "")
    whys = tuple(_whys(found, polarity)) if risk < SHOWN_FROM else ()
    only_read = found.felt is None and all(held.rule.category in CUES for held in found.held)
    return Because(
        _verdict(risk, enough_at(open_at), grave=grave, only_read=only_read), target, tuple(_ruled(found)), whys
    )


def feeling(polarity: Polarity, p_negative: float, p_positive: float | None, snow: float, *, unsure: bool) -> str:
    """The tone in words, with its probabilities and the figure that SnowNLP as shipped gives."""
    doubt = "，拿不准" if unsure else ""
    kindly = "" if p_positive is None else f"，正面 {p_positive:.0%}"
    stock = f"SnowNLP 原分 {snow:.2f}，越近 0 越负面，只供对照"
    return f"{POLARITY[polarity]}{doubt}（负面 {p_negative:.0%}{kindly}；{stock}）"


def enough_at(open_at: float) -> int:
    """The risk, 0 to 100, at which an incident opens. `open_at`: the same in points."""
    return round(100 * open_at / POINTS_FOR_100)


def _verdict(risk: int, enough: int, *, grave: bool, only_read: bool) -> str:
    if risk < SHOWN_FROM:
        return "不算风险"
    if only_read and risk == SHOWN_FROM:
        return "值得看一眼：说的是本校的人或事，语气可能负面；没有说出规则所列的事，不计入立事件"
    if grave:
        return "一条即立事件"
    if risk >= enough:
        return "连同别人说的，已到立事件的风险"
    return f"值得留意，单独一条不立事件；有别人说同一件事，合计到 {enough} 即立"


def _ruled(found: Explanation) -> Iterator[Ruled]:
    """What held. Thanks beside a cry for help are no irony."""
    care = any(held.rule.theme == CARE for held in found.held)
    for held in found.held:
        if care and held.rule.category is Category.IRONY:
            continue
        yield Ruled("规则", held.rule.id, held.rule.title, held.rule.article, tuple(map(_shown, _whole(held.words))))
    if found.felt is not None:
        words = tuple(f"“{word}”" for word in dict.fromkeys(found.felt.words))
        yield Ruled("推断", found.felt.rule, found.felt.title, "", words)


def _whole(words: Sequence[Word]) -> list[Word]:
    """Without words that stand within another one, and each writing once."""
    kept = [
        one
        for one in words
        if not any(other != one and other.start <= one.start and one.end <= other.end for other in words)
    ]
    return list({one.text: one for one in kept}.values())


def _shown(word: Word) -> str:
    undone = [STEPS.get(step, step) for step in word.steps if step != "case"]
    how = "、".join(undone) + (f"，读作“{word.reading}”" if undone and word.reading not in ("", word.text) else "")
    meant = "" if word.stance is Stance.TOLD else WORDS[word.stance]
    said = "；".join(one for one in (how, meant) if one)
    return f"“{word.text}”" + (f"（{said}）" if said else "")


def _whys(found: Explanation, polarity: Polarity) -> Iterator[str]:
    if adverts := [held.rule.title for held in found.held if held.rule.category is Category.ADVERT]:
        yield f"像“{adverts[0]}”，按广告处理，不计风险。"
        return
    outside = found.target is Target.OUTSIDER
    if outside:
        named = "".join(f"“{word}”" for word in found.named)
        yield f"说的是外校{f'（{named}）' if named else ''}，不是本校的事。"
    in_the_way = _in_the_way(found, outside=outside)
    yield from in_the_way[:WHYS_SHOWN]
    cues = [held.rule.title for held in found.held if held.rule.category in CUES]
    if cues and len(cues) == len(found.held):
        yield f"只有“{'”“'.join(dict.fromkeys(cues))}”一类的话，没有说出什么事，单独不算。"
    elif found.held and not outside:
        yield "说到了规则所列的事，但同一原帖下只有少数人说，或原帖说的是演练、演出，计分不足以算风险。"
    elif not found.held and not in_the_way and not outside:
        yield "没有说到规则所列的事故、不满、求助或传言，模型也没有推断出来。"
    if polarity is Polarity.NEGATIVE and not found.held:
        yield "语气偏负面，但单凭语气不立事件。"


def _in_the_way(found: Explanation, *, outside: bool) -> list[str]:
    """What kept rules from holding whose words were all there or nearly, each sentence once with its rules."""
    rules: dict[str, list[str]] = {}
    for near in found.nearly:
        for sentence in near.why:
            if not sentence.endswith(NOT_SAID) and not (outside and "外校" in sentence):
                rules.setdefault(sentence.removesuffix("。"), []).append(f"{near.rule.id} {near.rule.title}")
    return [f"{sentence}（{'；'.join(named)}）。" for sentence, named in rules.items()]
