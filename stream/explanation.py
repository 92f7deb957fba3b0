"""Explanation: which rules hold in a text, which nearly held and what took them away, and whom the text is about.

For the person who keeps the rules and for the one on duty who asks why; slower than `assess` and of the same answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sentiment.engine import Engine
from sentiment.normalise import normalise
from stream.assess import Reader, SecondLook, hit_of
from stream.assessment import Hit, Target
from stream.danger import words as kind_words
from stream.doubt import ALREADY, UNSURE, doubted, plainest, signs_count
from stream.doubt import WORDS as DOUBT
from stream.match import Page, target_fits
from stream.rules import Category, Rule, Slot
from stream.stance import WORDS, Span, Stance

NEARLY_SHOWN = 6
TERMS_SHOWN = 4
LEVELS = "ⅠⅡⅢⅣ"
CATEGORIES = {
    Category.INCIDENT: "事故", Category.GRIEVANCE: "不满", Category.QUESTION: "咨询", Category.RUMOUR: "传言",
    Category.MOOD: "情绪", Category.PROHIBITED: "官方帖文禁止的内容", Category.ILLEGAL: "违法内容",
    Category.ECHO: "附和", Category.ESCALATION: "升级迹象", Category.IRONY: "反话", Category.ADVERT: "广告",
}  # fmt: skip
TARGETS = {
    Target.SCHOOL: "学校", Target.STAFF: "教职工", Target.SERVICE: "学校的服务", Target.STUDENT: "学生",
    Target.OUTSIDER: "外校", Target.NONE: "没有说到谁",
}  # fmt: skip
SLOTS = {Slot.OWN_POST: "官方账号的帖文", Slot.COMMENT: "评论", Slot.MESSAGE: "私信", Slot.LEAD: "线索"}
STEPS = {
    "width": "全角或变体字", "invisible": "隐形字符", "mark": "附加符号", "case": "大小写", "traditional": "繁体",
    "gap": "字间插符", "split": "拆字", "pinyin": "拼音", "initials": "首字母", "homophone": "谐音",
    "emoji": "表情代字", "lookalike": "形近字",
}  # fmt: skip
"""What the steps by which a disguised word was found are called, here, in `fengxin score` and on the desk."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, where it stands in the writer's text, which disguises were undone, what it reads as."""

    text: str
    start: int
    end: int
    steps: tuple[str, ...]
    reading: str
    stance: Stance


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds."""

    rule: Rule
    words: tuple[Word, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nearly:
    """A rule that nearly held: the words that were there, and a Chinese sentence for each thing in the way."""

    rule: Rule
    words: tuple[Word, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to be said of one text in one slot. `named`: the words that decided the target. `felt`: what the model
    adds to the rules, where it was asked; `is_doubted`: it takes a danger that a rule names for none."""

    slot: Slot
    target: Target
    named: tuple[str, ...]
    held: tuple[Held, ...]
    nearly: tuple[Nearly, ...]
    felt: Hit | None = None
    is_doubted: bool = False


def explain(
    reader: Reader, raw: str, slot: Slot = Slot.COMMENT, most: int = NEARLY_SHOWN, engine: Engine | None = None,
    known: Collection[str] | None = None,
) -> Explanation:  # fmt: skip
    """Judge a text as `reader` judges a post in this slot, and say why. `most`: rules that nearly held, at most.

    `engine`: to be asked for its impression; without one only the rules speak. `known`: the rules that counted when
    the text was judged, where that is known: a rule of signs that did not only nearly holds.
    """
    plain = normalise(raw)
    page, text = reader.page(plain), reader.look(plain)
    target = reader.targets.decide(page)
    said = engine.score([plain.text])[0] if engine is not None else None
    holding = reader.whole.find(page, slot, target)
    found = [one for one in holding if not one.rule.sign]
    is_named = any(one.rule.grave for one in found)
    signs = [one for one in holding if one.rule.sign]
    if known is not None:
        found += [one for one in signs if one.rule.id in known]
    elif signs_count(found, slot, said):
        found += plainest(signs)
    held = tuple(Held(one.rule, _words(one.rule, one.spans, text, page), one.kinds) for one in found)
    ids = {one.rule.id for one in holding}
    near = [
        (missing, one)
        for rule in reader.book.rules
        if slot in rule.applies_to and rule.id not in ids and (read := _nearly(rule, page, text, target)) is not None
        for missing, one in [read]
    ]
    if not any(one.rule.sign for one in found):
        why = (ALREADY if is_named else UNSURE,)
        near += [(0, Nearly(one.rule, _words(one.rule, one.spans, text, page), why)) for one in plainest(signs)]
    near.sort(key=lambda row: (row[0], not row[1].rule.grave, -row[1].rule.weight))
    felt, is_doubted = None, False
    if said is not None:
        hits = tuple(hit_of(one, text) for one in found)
        left = doubted(hits, slot, said.p_concern)
        is_doubted = left != hits
        felt = reader.impressions.impression(said, slot, target, left, plain)
    named = reader.targets.words(page, target)
    return Explanation(slot, target, named, held, tuple(one for _, one in near[:most]), felt, is_doubted)


def _words(rule: Rule, spans: Iterable[Span], text: SecondLook, page: Page) -> tuple[Word, ...]:
    anchors = list(page.group(rule.any))
    out: dict[Span, Word] = {}
    for span in spans:
        (first, last), steps, reading = text.written(span)
        stance = page.stance(anchors, anchors.index(span)) if span in anchors else Stance.TOLD
        out[first, last] = Word(
            text.text.raw[first:last], first, last, tuple(dict.fromkeys(step.value for step in steps)), reading, stance
        )
    return tuple(out.values())


def _nearly(rule: Rule, page: Page, text: SecondLook, target: Target) -> tuple[int, Nearly] | None:
    """What kept a rule from holding, with how many of its lists had no word; None where more than one had none."""
    anchors = page.group(rule.any)
    best: tuple[int, list[Span], list[str]] | None = None
    for at in range(min(len(anchors), 20)):
        missing, spans, why = _of_anchor(rule, page, text, anchors, at)
        if best is None or (missing, len(why)) < (best[0], len(best[2])):
            best = missing, spans, why
    if best is None or best[0] > 1 or (best[0] and len(rule.near) == 1 and not rule.grave and rule.level_floor is None):
        return None
    missing, spans, why = best
    if nots := page.group(rule.not_):
        why.append(f"{_quoted(dict.fromkeys(_raw(text, span) for span in nots))}使规则不适用。")
    if not target_fits(rule, target):
        why.append(f"说的是{TARGETS[target]}，规则不看。")
    if rule.beside and not why:
        why.append(f"同一条里没有{'、'.join(CATEGORIES[one] for one in rule.beside)}类的规则命中，单独不算。")
    return missing, Nearly(rule, _words(rule, sorted(set(spans)), text, page), tuple(why))


def _of_anchor(
    rule: Rule, page: Page, text: SecondLook, anchors: Sequence[Span], at: int
) -> tuple[int, list[Span], list[str]]:
    anchor = anchors[at]
    said = _raw(text, anchor)
    spans, why, missing = [anchor], list[str](), 0
    for group in rule.near:
        word = page.nearest(anchor, group, rule.within)
        if word is None:
            missing += 1
            shown = _quoted(group[:TERMS_SHOWN]) + ("等" if len(group) > TERMS_SHOWN else "")
            why.append(f"“{said}”前后 {rule.within} 字之内没有{shown}这样的话。")
        else:
            spans.append(word)
    guard = page.nearest(anchor, rule.unless, rule.guard) if page.has(rule.unless) else None
    if guard is not None:
        why.append(f"“{said}”近旁有“{_raw(text, guard)}”，这一处不算。")
    stance = page.stance(anchors, at)
    if rule.stance and stance not in rule.stance:
        why.append(f"“{said}”在这里{WORDS[stance]}，这一处不算。")
    return missing, spans, why


def _raw(text: SecondLook, span: Span) -> str:
    first, last = text.written(span)[0]
    return text.text.raw[first:last]


def _quoted(words: Iterable[str]) -> str:
    return "".join(f"“{word}”" for word in words)


def told(found: Explanation) -> Iterator[str]:
    """The same for a person, a line each."""
    named = f"（{_quoted(found.named)}）" if found.named else ""
    yield f"按{SLOTS[found.slot]}研判"
    yield f"对象　{TARGETS[found.target]}{named}"
    if not found.held:
        yield "规则　未命中"
    for held in found.held:
        yield f"命中　{_title(held.rule)}"
        for word in held.words:
            yield f"　　　“{word.text}”{_where(word)}{_how(word)}"
        if held.kinds:
            yield f"　　　险情：{'、'.join(map(kind_words, held.kinds))}"
    if found.is_doubted:
        yield f"推断　{DOUBT}，须另有人说"
    if found.felt is not None:
        yield f"推断　{found.felt.rule} {found.felt.title}{'，一条即开' if found.felt.grave else ''}"
        if found.felt.words:
            yield f"　　　最起作用的几处：{_quoted(dict.fromkeys(found.felt.words))}"
    for near in found.nearly:
        yield f"差一点　{_title(near.rule)}：有{_quoted(dict.fromkeys(word.text for word in near.words))}"
        for sentence in near.why:
            yield f"　　　{sentence}"
    yield "只看这一句话；情感与风险见 fengxin score。"


def _title(rule: Rule) -> str:
    level = f"，最轻{LEVELS[rule.level_floor - 1]}级" if rule.level_floor else ""
    alone = "，一条即开" if rule.grave else ""
    cited = f"，依据 {rule.article}" if rule.article else ""
    return f"{rule.id} {rule.title}（{CATEGORIES[rule.category]}{alone}{level}{cited}）"


def _where(word: Word) -> str:
    return f"第 {word.end} 字" if word.end == word.start + 1 else f"第 {word.start + 1} 至 {word.end} 字"


def _how(word: Word) -> str:
    reads = f"，读作“{word.reading}”" if word.steps and word.reading not in ("", word.text) else ""
    undone = f"，已还原：{'、'.join(STEPS.get(step, step) for step in word.steps)}" if word.steps else ""
    return undone + reads + ("" if word.stance is Stance.TOLD else f"，{WORDS[word.stance]}")


def broken_examples(reader: Reader) -> Iterator[str]:
    """A Chinese sentence for each example that its rule does not keep, with what was in the way."""
    for rule in reader.book.rules:
        for example in rule.examples.match:
            if (said := _broken(reader, rule, example, wanted=True)) is not None:
                yield f"规则 {rule.id} examples.match：“{example}”应命中而未命中。{said}请改词或改例句。"
        for example in rule.examples.miss:
            if (said := _broken(reader, rule, example, wanted=False)) is not None:
                yield f"规则 {rule.id} examples.miss：“{example}”不应命中，却因{said}命中。请加排除词或改例句。"


def _broken(reader: Reader, rule: Rule, example: str, *, wanted: bool) -> str | None:
    """Why an example is not as wanted; None where it is."""
    plain = normalise(example)
    page, slot = reader.page(plain), rule.applies_to[0]
    found = reader.whole.find(page, slot, reader.targets.decide(page))
    holding = next((one for one in found if one.rule.id == rule.id), None)
    if wanted == (holding is not None):
        return None
    if holding is not None:
        return _quoted(dict.fromkeys(word.text for word in _words(rule, holding.spans, reader.look(plain), page)))
    why = explain(reader, example, slot, most=len(reader.book.rules))
    return "".join(said for one in why.nearly if one.rule.id == rule.id for said in one.why) or "没有规则要的词。"
