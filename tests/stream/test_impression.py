"""The impression: what the model says becomes one piece of evidence, never where a word speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import labelled
from sentiment.engine import SILENT, Score, engine_by_name
from sentiment.normalise import normalise
from sentiment.polarity import Polarity
from sentiment.subject import STRETCHED_FROM, STRETCHED_FROM_GRAVE
from stream.assess import Reader, assess
from stream.assessment import Assessment, Hit, Target
from stream.evidence import Ledger
from stream.impression import CARE_BAR, COMPLAINT, COMPLAINTS, DANGER, DANGERS, Impressions
from stream.risk import SHOWN_FROM, decide, risk
from stream.rules import Slot, load
from tests.stream.test_assess import post

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
READER = Reader(load(), ("青禾职院",))
TEXT = "东边那排平房里的味道一天比一天呛人"
ORDINARY = [Path(__file__).parents[3] / "shared" / "data" / f"{name}_train.csv" for name in ("weibo_bin", "weibo3")]
MARKED_MOST = 25
"""Of 1,000 ordinary comments on school life, how many may look like a complaint (`stream/README.md`)."""


def score(
    concern: float = 0.0, grave: float = 0.0, theme: str = "dorm", stretches: tuple[tuple[int, int], ...] = ((2, 6),)
) -> Score:
    return Score(Polarity.NEGATIVE, 0.9, 0.05, 0.1, p_concern=concern, p_grave=grave, theme=theme, stretches=stretches)


def felt(
    text: str, said: Score, target: Target = Target.NONE, slot: Slot | None = Slot.COMMENT, hits: tuple[Hit, ...] = ()
) -> Hit | None:
    return READER.impressions.impression(said, slot, target, hits, normalise(text))


def rule(theme: str, weight: int, *, grave: bool = False, category: str = "grievance") -> Hit:
    return Hit(rule="XX-01", version=1, title="某条规则", theme=theme, category=category, grave=grave, weight=weight,
               level_floor=2 if grave else None, spans=((0, 1),), words=("东",))  # fmt: skip


class Says:
    """An engine that says the same of every text."""

    name = "says"

    def __init__(self, said: Score) -> None:
        self.said = said

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self.said for _ in texts]


def judged(text: str, said: Score) -> Assessment:
    return assess([post(text)], Says(said), READER, NOW)[0]


def test_complaint_weighs_more_the_likelier_it_is_and_never_opens() -> None:
    for one in COMPLAINTS:
        hit = felt(TEXT, score(concern=one.bar))
        assert hit is not None
        assert (hit.rule, hit.theme, hit.category, hit.weight, hit.grave) == (
            COMPLAINT, "dorm", "grievance", one.weight, False,
        )  # fmt: skip
    assert felt(TEXT, score(concern=COMPLAINTS[-1].bar - 0.01)) is None


def test_danger_opens_alone_only_at_the_highest_bar() -> None:
    found = [felt(TEXT, score(grave=one.bar)) for one in DANGERS]
    assert [(hit.rule, hit.weight, hit.grave, hit.level_floor) for hit in found if hit] == [
        (DANGER, 90, True, 2), (DANGER, 36, False, 2), (DANGER, 22, False, 3),
    ]  # fmt: skip
    assert felt(TEXT, score(grave=DANGERS[-1].bar - 0.01)) is None


def test_title_says_in_chinese_that_a_model_infers_it_and_how_sure_it_is() -> None:
    hit = felt(TEXT, score(grave=0.99))
    assert hit is not None
    assert hit.title == "疑似危及人身（模型推断，把握大）"
    assert hit.words == (TEXT[2:6],)


@pytest.mark.parametrize(("theme", "kinds"), [
    ("self_harm", ("self_harm",)), ("privacy", ("leak",)), ("canteen", ("poisoning",)), ("safety", ()), ("dorm", ()),
])  # fmt: skip
def test_danger_names_a_kind_only_where_its_theme_does(theme: str, kinds: tuple[str, ...]) -> None:
    hit = felt(TEXT, score(grave=0.99, theme=theme))
    assert hit is not None
    assert hit.kinds == kinds


def test_danger_of_a_theme_without_danger_does_not_open_alone() -> None:
    hit = felt(TEXT, score(grave=0.99, theme="awards"))
    assert hit is not None
    assert (hit.weight, hit.grave) == (36, False)


def test_a_low_mood_opens_no_care_case_below_a_bar_of_its_own() -> None:
    hit = felt(TEXT, score(grave=CARE_BAR - 0.01, theme="self_harm"))
    assert hit is not None
    assert (hit.weight, hit.grave) == (36, False)
    hit = felt(TEXT, score(grave=CARE_BAR, theme="self_harm"))
    assert hit is not None
    assert hit.grave


def test_a_low_mood_that_is_of_concern_is_told_by_what_else_it_is_about() -> None:
    mood = score(concern=0.99, theme="self_harm")
    assert felt(TEXT, mood) is None
    hit = felt(TEXT, replace(mood, matter="dorm"))
    assert hit is not None
    assert (hit.rule, hit.theme) == (COMPLAINT, "dorm")
    for low in (rule("self_harm", 4, category="mood"), rule("self_harm", 26, category="mood")):
        hit = felt(TEXT, replace(mood, matter="dorm"), hits=(low,))
        assert (hit.theme if hit else None) == ("dorm" if low.weight < COMPLAINTS[0].weight else None)


@pytest.mark.parametrize("text", [
    "消防演练时楼道里的味道一天比一天呛人", "电影里那排平房的味道呛人", "哈哈那排平房味道呛人", "狼人杀这局全倒下了",
])  # fmt: skip
def test_word_that_shows_nothing_is_the_matter_silences_it(text: str) -> None:
    assert felt(text, score(concern=0.99, grave=0.99)) is None


def test_silent_for_another_school_an_advert_the_schools_own_words_and_an_engine_that_does_not_judge() -> None:
    sure = score(concern=0.99, grave=0.99)
    assert felt(TEXT, sure) is not None
    assert felt(TEXT, sure, target=Target.OUTSIDER) is None
    assert felt(TEXT, sure, hits=(rule("any", 0, category="advert"),)) is None
    assert felt(TEXT, sure, slot=Slot.OWN_POST) is None
    assert felt(TEXT, sure, slot=None) is None
    assert felt("", SILENT) is None
    assert felt(TEXT, replace(sure, theme=None, p_grave=None)) is None


def test_praise_is_no_complaint_and_no_danger() -> None:
    kind = replace(score(concern=0.99, grave=0.99), p_negative=0.2, p_positive=0.6)
    assert felt(TEXT, kind) is None


def test_rule_that_says_more_is_not_repeated_and_a_weaker_one_gives_the_theme() -> None:
    assert felt(TEXT, score(concern=0.96), hits=(rule("fees", 28),)) is None
    assert felt(TEXT, score(grave=0.6), hits=(rule("dorm", 36),)) is None
    assert felt(TEXT, score(grave=0.6), hits=(rule("fees", 20, grave=True),)) is None
    assert felt(TEXT, score(grave=0.99), hits=(rule("fees", 90, grave=True),)) is None
    for weight in (16, 28, 35):
        hit = felt(TEXT, score(grave=0.6), hits=(rule("fees", weight),))
        assert hit is not None
        assert (hit.theme, hit.weight) == ("fees", 36)


@pytest.mark.parametrize(
    ("concern", "weighty", "weight"),
    [(0.96, 0.95, 70), (0.96, 0.8, 50), (0.75, 0.65, 34), (0.96, 0.5, 28), (0.96, None, 28), (0.6, 0.95, 0)],
)
def test_what_must_be_checked_weighs_more_than_a_grumble_and_only_where_there_is_concern(
    concern: float, weighty: float | None, weight: int
) -> None:
    hit = felt(TEXT, replace(score(concern=concern), p_weighty=weighty))
    assert (hit.weight if hit else 0) == weight
    assert hit is None or (hit.rule, hit.grave) == (COMPLAINT, False)
    assert hit is None or ("所说具体" in hit.title) == (weight > 28)


def test_danger_opens_under_what_the_model_or_a_rule_takes_it_for() -> None:
    for model, named in (("dorm", "fees"), ("fees", "dorm")):
        hit = felt(TEXT, score(grave=0.99, theme=model), hits=(rule(named, 30),))
        assert hit is not None
        assert (hit.theme, hit.grave) == (named, True)
    hit = felt(TEXT, score(grave=0.99, theme="fees"), hits=(rule("awards", 30),))
    assert hit is not None
    assert not hit.grave


def test_grounds_are_whole_words_and_no_single_characters() -> None:
    said = score(concern=0.99, stretches=((3, 5), (8, 9), (14, 15)))
    hit = felt(TEXT, replace(said, grounds=((2, 6), (8, 9), (13, 15))))
    assert hit is not None
    assert hit.words == (TEXT[2:6], TEXT[13:15])
    assert hit.spans == ((2, 6), (13, 15))
    hit = felt(TEXT, said)
    assert hit is not None
    assert hit.words == (TEXT[3:5],)


def on(text: str, *words: str) -> tuple[tuple[int, int], ...]:
    return tuple((text.index(word), text.index(word) + len(word)) for word in words)


def test_denied_danger_is_no_evidence() -> None:
    sure = score(concern=0.96, grave=0.99, theme="safety")
    for text, words in (
        ("平房那边没有人倒在地上起不来", ("倒在地上",)), ("宿舍楼道没有着火", ("着火", "舍楼")),
        ("并没有人被打", ("人被打",)),
    ):  # fmt: skip
        assert felt(text, replace(sure, stretches=on(text, *words))) is None


def test_what_is_told_beside_a_denied_danger_is_heard_and_a_lack_is_no_denial() -> None:
    sure = score(concern=0.96, theme="dorm")
    for text, words in (
        ("宿舍楼道没有着火，热水停了九天", ("着火", "停了九天")), ("宿舍没热水怎么洗澡", ("热水", "洗澡")),
        ("宿舍楼道着火了", ("着火",)), ("会不会着火啊这线路烧得发黑", ("着火", "发黑")),
    ):  # fmt: skip
        assert felt(text, replace(sure, stretches=on(text, *words))) is not None


@pytest.mark.parametrize(
    "text", ["借的书超期了怎么办", "意见箱在哪儿填？", "五公里报名截止到什么时候[doge]", "空调滤网找谁修呀"]
)
def test_a_plain_question_of_service_is_worth_an_eye_at_most(text: str) -> None:
    said = score(concern=0.75, theme="admin", stretches=((0, 3),))
    assert felt(text, said) is None
    assert risk(Ledger({}).note(judged(text, said)), NOW).value <= SHOWN_FROM


@pytest.mark.parametrize("text", [
    "报修三天没人来怎么办", "热水到底什么时候来", "押金被扣了找谁", "凭什么不退，钱在哪里",
    "书超期了，罚了两百块，怎么办", "室友打人怎么办",
])  # fmt: skip
def test_a_question_that_tells_of_a_wrong_is_heard(text: str) -> None:
    assert felt(text, score(concern=0.75, stretches=((0, 2),))) is not None


def test_a_question_may_be_a_danger() -> None:
    hit = felt("这个怎么办", score(grave=0.99, theme="safety", stretches=((0, 2),)))
    assert hit is not None
    assert hit.grave


@pytest.mark.parametrize(("text", "grave"), [
    ("有没有人知道刚才那辆救护车去哪栋", False), ("昨晚楼下警车是怎么回事", False),
    ("有人知道吗，三楼抬下来一个人满脸是血", True), ("三楼抬下来一个人满脸是血", True),
])  # fmt: skip
def test_who_only_wonders_what_happened_opens_nothing_alone(text: str, grave: bool) -> None:
    hit = felt(text, score(grave=0.99, theme="safety", stretches=((0, 2),)))
    assert hit is not None
    assert hit.grave == grave


def test_low_mood_is_no_complaint() -> None:
    assert felt(TEXT, score(concern=0.99, theme="self_harm")) is None


def test_one_voice_of_a_complaint_opens_nothing_and_a_grave_danger_opens() -> None:
    for said, opens in ((score(concern=0.99), False), (score(grave=0.6), False), (score(grave=0.99), True)):
        evidence = Ledger({}).note(judged(TEXT, said))
        assert (decide(evidence, risk(evidence, NOW)) is not None) == opens


TEXTS = st.lists(
    st.sampled_from(["食堂", "吃出虫子", "没人管", "宿舍", "着火了", "同问", "已截图", "好难受", "不想活了", "乱收费",
                     "*", "\u200b", "，", "？", "校園", "😀", "我们学校", "加微信兼职"]), min_size=1, max_size=12,
).map("".join)  # fmt: skip


@given(TEXTS, st.floats(0, 1), st.floats(0, 1), st.sampled_from(["dorm", "safety", "self_harm", "fees"]), st.data())
def test_an_impression_never_lowers_a_risk_and_its_spans_are_words_of_the_text(
    text: str, concern: float, grave: float, theme: str, data: st.DataObject
) -> None:
    long = len(normalise(text).text)
    start = data.draw(st.integers(0, max(0, long - 1)))
    end = data.draw(st.integers(min(start + 1, long), long))
    said = score(concern, grave, theme, ((start, end),) if start < end else ())
    silent = replace(said, theme=None, stretches=())  # whatever it doubts, it doubts with and without an impression
    without, with_it = (judged(text, one) for one in (silent, said))
    assert with_it.hits[: len(without.hits)] == without.hits
    assert len(with_it.hits) - len(without.hits) in (0, 1)
    for hit in with_it.hits[len(without.hits) :]:
        assert all(0 <= first < last <= len(text) for first, last in hit.spans)
        assert hit.words == tuple(text[first:last] for first, last in hit.spans)
    before, after = (risk(Ledger({}).note(one), NOW) for one in (without, with_it))
    assert after.value >= before.value


def test_without_guards_the_same_words_are_heard() -> None:
    bare = Impressions({}, READER.matcher.stances)
    assert bare.impression(score(grave=0.99), Slot.COMMENT, Target.NONE, (), normalise("演练" + TEXT)) is not None


@pytest.mark.parametrize("text", ["", "😀😀", "。。。", "\ud800"])
def test_the_products_own_engine_says_nothing_of_nothing(text: str) -> None:
    (only,) = engine_by_name().score([text])
    assert (only.p_grave, only.theme, only.stretches) == (None, None, ())


def test_stretches_are_looked_for_wherever_an_impression_may_speak() -> None:
    assert min(one.bar for one in COMPLAINTS) >= STRETCHED_FROM
    assert min(one.bar for one in DANGERS) >= STRETCHED_FROM_GRAVE


@pytest.mark.skipif(
    not all(one.exists() for one in ORDINARY), reason="the shared data do not stand beside the checkout"
)
def test_of_ordinary_comments_on_school_life_no_more_look_like_a_complaint_than_the_bar_was_set_by() -> None:
    """Comments from which no weights learned what is of concern; with new weights the lowest bar is measured anew."""
    said = dict.fromkeys(row.text for one in labelled.read(ORDINARY) for row in one.rows if row.campus)
    texts = [normalise(text) for text in said]
    scores = engine_by_name().score([one.text for one in texts])
    reader = Reader(load())
    looks = reader.looks(texts)
    found = [reader.judge(Slot.COMMENT, look, score)[1] for look, score in zip(looks, scores, strict=True)]
    marked = sum(any(hit.rule == COMPLAINT for hit in hits) for hits in found)
    assert len(texts) > 2500
    assert 0 < marked <= MARKED_MOST / 1000 * len(texts)
