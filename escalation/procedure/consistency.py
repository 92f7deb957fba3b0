"""What a pack must keep beyond its shape: offices exist, articles resolve, quotes are quotes, defaults say so.

Works on the raw tables, so that one mistake does not hide another; rows of a wrong shape are passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from escalation.procedure.accountability_check import accountability_findings
from escalation.procedure.desk_duty import desk_inconsistencies
from escalation.procedure.figure import parse_span, spoken_months, spoken_spans, spoken_times
from escalation.procedure.own_post_check import own_post_findings
from escalation.procedure.prohibited import items
from escalation.procedure.reignition_check import watch_findings
from escalation.procedure.words import Every

Path = tuple[str | int, ...]
Finding = tuple[Path, str]

_VAGUE = ("及时", "第一时间", "立即", "经常", "定期", "常态化")
_POWERS = ("有权", "可参照", "原则上", "尽量")
_WATCH = re.compile(r"24\s*小时[^，。；]{0,6}监[控测]")
_RESERVED = ("power", "principle", "accountability", "score")


def inconsistencies(raw: dict[str, Any]) -> Iterator[Finding]:
    """Every breach of the rules between tables, as (field path, Chinese sentence with the cure)."""
    offices = _offices(raw)
    articles = _articles(raw)
    yield from _twice(raw, offices)
    yield from _levels(raw, articles)
    yield from _ladder(raw, offices)
    for number, row in _rows(raw, "rule"):
        yield from _rule(("rule", number), row, offices, articles)
    yield from _prohibited(raw, articles)
    yield from own_post_findings(raw, offices, lambda cited: _resolve(cited, articles))
    yield from _voice(raw, offices, articles)
    yield from accountability_findings(raw, lambda cited: _resolve(cited, articles))
    for number, row in _rows(raw, "default"):
        yield from _unknown(("default", number, "tell"), row.get("tell"), offices)
    for number, row in _rows(raw, "not_in_scope"):
        yield from _cited(("not_in_scope", number, "article"), row.get("article"), articles)
    for path, clock in _clocks(raw):
        yield from _clock(path, clock, articles)
    yield from watch_findings(raw)
    yield from desk_inconsistencies(raw, lambda cited: _resolve(cited, articles))
    care = raw.get("care")
    if isinstance(care, dict):
        yield from _unknown(("care", "tell"), care.get("tell"), offices)
    interpreter = raw.get("interpreter")
    if isinstance(interpreter, str) and interpreter:
        yield from _unknown(("interpreter",), [interpreter], offices)


def _rows(raw: dict[str, Any], table: str) -> list[tuple[int, dict[str, Any]]]:
    rows = raw.get(table)
    return [(i, row) for i, row in enumerate(rows) if isinstance(row, dict)] if isinstance(rows, list) else []


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _offices(raw: dict[str, Any]) -> dict[str, set[str]]:
    return {str(row.get("key")): set(_texts(row.get("words"))) for _, row in _rows(raw, "office")}


def _articles(raw: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = [row for _, row in _rows(raw, "article")]
    return [(str(row.get("chapter")), str(row.get("number")), str(row.get("text"))) for row in rows]


def _resolve(cited: str, articles: list[tuple[str, str, str]]) -> list[str]:
    return [text for chapter, number, text in articles if cited in (number, chapter + number)]


def _says(text: str, figure: object) -> bool:
    """Whether the text gives this figure; a figure that cannot be read is the shape check's business."""
    try:
        return parse_span(figure) in spoken_spans(text)
    except ValueError:
        return True


def _twice(raw: dict[str, Any], offices: dict[str, set[str]]) -> Iterator[Finding]:
    for number, row in _rows(raw, "office"):
        if sum(other.get("key") == row.get("key") for _, other in _rows(raw, "office")[:number]):
            yield ("office", number, "key"), f"“{row.get('key')}”已有，请换一个键或并入前一处"
        for word in _texts(row.get("words")):
            others = [key for key, words in list(offices.items())[:number] if word in words]
            if others and others != [row.get("key")]:
                yield ("office", number, "words"), f"“{word}”也写在 {others[0]} 名下，一个名称只能属于一个单位"
        yield from _same_office(("office", number, "maybe_same_as"), raw, row)
    seen: Counter[tuple[str, str]] = Counter()
    for number, row in _rows(raw, "article"):
        place = (str(row.get("chapter")), str(row.get("number")))
        seen[place] += 1
        if seen[place] > 1:
            yield ("article", number, "number"), f"{''.join(place)}写了两遍，请删去一处"


def _levels(raw: dict[str, Any], articles: list[tuple[str, str, str]]) -> Iterator[Finding]:
    rows = _rows(raw, "level")
    numbers = [row.get("number") for _, row in rows]
    for number, row in rows:
        if row.get("number") in numbers[:number]:
            yield ("level", number, "number"), f"第 {row.get('number')} 级写了两遍，请删去一处"
        if row.get("source") == "rule" and not row.get("article"):
            yield ("level", number, "source"), "写明 rule 就要写 article；校规没有分级时写 default"
        if row.get("article"):
            yield from _cited(("level", number, "article"), row["article"], articles)
    known = _numbers(raw)
    if known and known != set(range(1, max(known) + 1)):
        yield ("level",), "级别须从 1（最重）连续编号，不能跳号"


def _numbers(raw: dict[str, Any]) -> set[int]:
    return {row["number"] for _, row in _rows(raw, "level") if row.get("number") in (1, 2, 3, 4)}


def _ladder(raw: dict[str, Any], offices: dict[str, set[str]]) -> Iterator[Finding]:
    ladder = raw.get("ladder")
    if not isinstance(ladder, dict):
        return
    chain = ladder.get("chain")
    for low, high in chain.items() if isinstance(chain, dict) else ():
        for key in (low, high):
            if isinstance(key, str) and key not in offices:
                yield ("ladder", "chain", low), f"没有“{key}”这个单位键，请先在 [[office]] 中登记"
    levels, told = _numbers(raw), set()
    for number, row in _rows(ladder, "step"):
        path: Path = ("ladder", "step", number)
        if row.get("role") and str(row["role"]) not in offices:
            yield (*path, "role"), f"没有“{row['role']}”这个单位键，请先在 [[office]] 中登记"
        if row.get("role") and row.get("act") != "tell":
            yield (*path, "role"), "只有 tell 可以写 role，提醒和电话总是找未签收的本人"
        if row.get("level") in (1, 2, 3, 4) and row["level"] not in levels:
            yield (*path, "level"), f"没有第 {row.get('level')} 级，请先在 [[level]] 中登记"
        if row.get("act") == "tell" and row.get("level") in (1, 2, 3, 4):
            told.add(row["level"])
    for missing in sorted(levels - told):
        yield ("ladder",), f"第 {missing} 级没有 tell 一步，无人签收时将无人接手，请补上"


def _rule(
    path: Path, row: dict[str, Any], offices: dict[str, set[str]], articles: list[tuple[str, str, str]]
) -> Iterator[Finding]:
    yield from _unknown((*path, "tell"), row.get("tell"), offices)
    yield from _cited((*path, "article"), row.get("article"), articles)
    found = _resolve(str(row.get("article")), articles)
    text, quote = (found[0] if len(found) == 1 else None), str(row.get("quote", ""))
    if text is not None and quote not in text:
        yield (*path, "quote"), f"引文不在{row.get('article')}原文里，请逐字照抄"
    if row.get("inferred"):
        if not row.get("reading"):
            yield (*path, "reading"), "推断的规则要在 reading 里写明怎样读、为何这样读"
    else:
        for word in _texts(row.get("tell")):
            if word not in quote:
                yield (*path, "tell"), f"引文里没有“{word}”；请引全，或写 inferred = true 并说明读法"
    yield from _rule_deadline((*path, "deadline"), row.get("deadline"), quote)
    for number, duty in _rows(row, "duty"):
        yield from _duty((*path, "duty", number), duty, quote, text)


def _rule_deadline(path: Path, deadline: object, quote: str) -> Iterator[Finding]:
    if not isinstance(deadline, dict):
        return
    words = str(deadline.get("words", ""))
    if words not in quote:
        yield (*path, "words"), f"引文里没有“{words}”，期限只能用条文原词"
    given = [name for name in ("value", "months", "every") if deadline.get(name) is not None]
    if len(given) > 1:
        yield (*path, given[1]), f"{'、'.join(given)} 只能写一项，请按条文的说法留一项"
    yield from _narrowed(path, deadline, words)
    for name in given:
        if any(vague in words for vague in _VAGUE):
            yield (*path, name), f"“{words}”没有数字，不得折算成小时或天，请删去 {name}"
        elif name == "value" and _WATCH.search(quote) and re.search(r"24\s*小时", words):
            yield (*path, name), "24 小时是监控时段，不是上报期限，请删去 value"
        elif not _said_in(name, words, deadline[name]):
            yield (*path, name), f"“{words}”说的不是 {deadline[name]}，{name} 只能是条文给出的数字"
        elif name != "every" and not deadline.get("anchor"):
            yield (*path, "anchor"), '有数字的期限要写明从何时起算，例如 anchor = "变更"'


def _said_in(name: str, words: str, figure: object) -> bool:
    """Whether the words give this figure; what has another shape is the shape check's business."""
    if name == "months":
        return not isinstance(figure, int) or figure in spoken_months(words)
    if name == "every":
        return all(figure != one or any(spoken in words for spoken in one.spoken) for one in Every)
    return _says(words, figure)


def _narrowed(path: Path, deadline: dict[str, Any], words: str) -> Iterator[Finding]:
    month, times = deadline.get("in_month"), deadline.get("at_least")
    if month is not None and deadline.get("every") != "year":
        yield (*path, "in_month"), '月份只能与 every = "year" 一起写'
    elif isinstance(month, int) and not re.search(rf"(?<!\d){month}\s*月", words):
        yield (*path, "in_month"), f"“{words}”没有 {month} 月，月份只能是条文给出的"
    if times is not None and deadline.get("every") is None:
        yield (*path, "at_least"), "至少几次要与 every 一起写"
    elif isinstance(times, int) and times not in spoken_times(words):
        yield (*path, "at_least"), f"“{words}”没有写至少 {times} 次，次数只能是条文给出的"


def _same_office(path: Path, raw: dict[str, Any], row: dict[str, Any]) -> Iterator[Finding]:
    others = {str(one.get("key")): one.get("maybe_same_as") for _, one in _rows(raw, "office")}
    other = row.get("maybe_same_as")
    if not isinstance(other, str) or not other:
        return
    if other not in others:
        yield path, f"没有“{other}”这个单位键，请先在 [[office]] 中登记"
        return
    seen: list[object] = [row.get("key")]
    while isinstance(other, str) and other and other not in seen:
        seen, other = [*seen, other], others.get(other)
    if other == row.get("key"):
        yield path, "转了一圈又回到自己；只在一处写 maybe_same_as，指向合并后留下的单位"


def _prohibited(raw: dict[str, Any], articles: list[tuple[str, str, str]]) -> Iterator[Finding]:
    """Each row stands in its item, each item has a row, and no row is written twice."""
    seen: Counter[tuple[object, object, object]] = Counter()
    listed: dict[str, set[int]] = {}
    rows = _rows(raw, "prohibited")
    for number, row in rows:
        path: Path = ("prohibited", number)
        cited, no = row.get("article"), row.get("no")
        yield from _cited((*path, "article"), cited, articles)
        found = _resolve(str(cited), articles)
        if len(found) != 1 or not isinstance(no, int):
            continue
        listed.setdefault(str(cited), set()).add(no)
        words = items(found[0]).get(no)
        if words is None:
            yield (*path, "no"), f"{cited}没有第 {no} 项，请改正项号"
        elif str(row.get("quote", "")) not in words:
            yield (*path, "quote"), f"引文不在{cited}第 {no} 项里，请逐字照抄"
        seen[(cited, no, str(row.get("tag")))] += 1
        if seen[(cited, no, str(row.get("tag")))] > 1:
            yield (*path, "tag"), f"{cited}第 {no} 项的 {row.get('tag')} 写了两遍，请删去一处"
    for article, numbers in listed.items():
        missing = sorted(set(items(_resolve(article, articles)[0])) - numbers)
        if missing:
            yield ("prohibited",), f"{article}缺第 {'、'.join(map(str, missing))} 项，清单要录全"


def _voice(
    raw: dict[str, Any], offices: dict[str, set[str]], articles: list[tuple[str, str, str]]
) -> Iterator[Finding]:
    """What one voice rests on is quoted from its article; what is ours cites none; who approves is an office."""
    voice = raw.get("voice")
    if not isinstance(voice, dict):
        return
    for table in ("hold", "publisher", "relay", "check", "approver"):
        for number, row in _rows(voice, table):
            path: Path = ("voice", table, number)
            ours = table in ("check", "approver") and row.get("source", "default") != "rule"
            if ours and (row.get("article") or row.get("quote")):
                yield path, "引了条文，来源就应是 rule；系统默认不得引条文"
            elif not ours:
                yield from _quoted(path, row, articles)
            if table == "approver" and str(row.get("office")) not in offices:
                yield (*path, "office"), f"没有“{row.get('office')}”这个单位键，请先在 [[office]] 中登记"


def _quoted(path: Path, row: dict[str, Any], articles: list[tuple[str, str, str]]) -> Iterator[Finding]:
    if not row.get("article") or not row.get("quote"):
        yield path, "写明 rule 就要写 article 和逐字的 quote"
        return
    yield from _cited((*path, "article"), row["article"], articles)
    found = _resolve(str(row["article"]), articles)
    if len(found) == 1 and str(row["quote"]) not in found[0]:
        yield (*path, "quote"), "引文不在该条原文里，请逐字照抄"
    if row.get("inferred") and not row.get("reading"):
        yield (*path, "reading"), "推断的要在 reading 里写明怎样读、为何这样读"


def _duty(path: Path, duty: dict[str, Any], quote: str, text: str | None) -> Iterator[Finding]:
    own = str(duty.get("quote") or quote)
    if text is not None and duty.get("quote") and own not in text:
        yield (*path, "quote"), "引文不在该条原文里，请逐字照抄"
    power = next((word for word in _POWERS if word in own), None)
    if power and duty.get("kind") not in _RESERVED:
        yield (*path, "kind"), f"引文写的是“{power}”，不是自动义务，kind 请写 power 或 principle"
    if duty.get("inferred") and not duty.get("reading"):
        yield (*path, "reading"), "推断的义务要在 reading 里写明怎样读、为何这样读"


def _unknown(path: Path, told: object, offices: dict[str, set[str]]) -> Iterator[Finding]:
    for word in _texts(told):
        if not any(word in words for words in offices.values()):
            yield path, f"没有登记“{word}”这个单位，请写进 [[office]] 的 words"


def _cited(path: Path, cited: object, articles: list[tuple[str, str, str]]) -> Iterator[Finding]:
    if not isinstance(cited, str):
        return
    if not re.fullmatch(r"(第[一二三四五六七八九十百]+章)?第[一二三四五六七八九十百]+条", cited):
        yield path, f"“{cited}”不是条号，请写成“第十三条”，条号重复时写“第五章第十九条”"
        return
    found = _resolve(cited, articles)
    if not found:
        yield path, f"没有{cited}，请在 [[article]] 中录入原文或改正条号"
    elif len(found) > 1:
        yield path, f"{cited}有 {len(found)} 处，请连章名一起写"


def _clocks(raw: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for number, row in _rows(raw, "level"):
        for key, value in row.items():
            if isinstance(value, dict):
                yield ("level", number, key), value
    voice = raw.get("voice")
    for key, value in voice.items() if isinstance(voice, dict) else ():
        if isinstance(value, dict):
            yield ("voice", key), value
    task = raw.get("task")
    for kind, row in task.items() if isinstance(task, dict) else ():
        if kind == "reminders" and isinstance(row, dict):
            yield ("task", kind), row
        for key, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, dict):
                yield ("task", kind, key), value
    ladder = raw.get("ladder")
    for number, row in _rows(ladder if isinstance(ladder, dict) else {}, "step"):
        if isinstance(row.get("clock"), dict):
            yield ("ladder", "step", number, "clock"), row["clock"]


def _clock(path: Path, clock: dict[str, Any], articles: list[tuple[str, str, str]]) -> Iterator[Finding]:
    if clock.get("source") == "rule" and not clock.get("article"):
        yield path, "时限写明 rule 就要写 article；校规没有给出数字时写 default"
    if clock.get("source") == "none":
        yield path, "时限的来源只能是 rule 或 default；校规未规定且不设默认时，请删去整项"
    if clock.get("article"):
        yield from _cited((*path, "article"), clock["article"], articles)
        found = _resolve(str(clock["article"]), articles)
        if (
            len(found) == 1
            and clock.get("source") == "rule"
            and not _says(_WATCH.sub("", found[0]), clock.get("after"))
        ):
            yield (*path, "after"), f"{clock['article']}没有规定 {clock.get('after')} 这个时限；系统默认请写 default"
        if clock.get("source") != "rule":
            yield path, "写了条号，来源就应是 rule；系统默认不得引条文"
