"""One more rule never lowers a risk, whichever it is; what came before counts the same in whatever order it came."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.assessment import Assessment, Hit, Target
from stream.evidence import Host, Ledger
from stream.matter import CARE
from stream.risk import decide, risk
from stream.rules import Category, Rule, Slot, load
from tests.stream.said import PLAIN, POISONED, RAW_CHICKEN, START, WORM, a_post, assessed

HOSTS = {"canteen": Host("后勤处", False), "main": Host("宣传部", True)}
RULES = [
    rule for rule in load().rules
    if Slot.COMMENT in rule.applies_to
    and rule.category is not Category.ADVERT
    and (rule.theme != CARE or rule.category is Category.MOOD)
]  # fmt: skip
"""By design an advertisement silences what is said beside it, and a cry for help is judged as care alone."""


def hit_of(rule: Rule) -> Hit:
    return Hit(
        rule=rule.id, version=rule.version, title=rule.title, theme=rule.theme, category=rule.category.value,
        grave=rule.grave, level_floor=rule.level_floor, weight=rule.weight, spans=((0, 1),), words=("字",),
        article=rule.article, kinds=(rule.kind,) if rule.kind else (),
    )  # fmt: skip


def line(number: int, rules: list[Rule]) -> Assessment:
    post = a_post(f"第{number}条说的话", f"weibo:{number}", author=f"u{number}", thread="weibo:t1")
    given = assessed(post, negative=True)
    return given.model_copy(update={"hits": tuple(map(hit_of, rules)), "target": Target.SERVICE})


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(RULES), max_size=3), max_size=3),
    st.lists(st.sampled_from(RULES), max_size=4),
    st.sampled_from([rule for rule in RULES if rule.theme != "any"]),
    st.sampled_from(RULES),
)
def test_one_more_rule_on_a_line_never_lowers_its_risk_nor_closes_what_it_opened(
    before: list[list[Rule]], said: list[Rule], matter: Rule, one_more: Rule
) -> None:
    """A line that names a matter; one with cues alone is judged by its thread's matter until it names its own."""
    found = []
    for rules in ([*said, matter], [*said, matter, one_more]):
        ledger = Ledger(HOSTS)
        for number, earlier in enumerate(before):
            ledger.note(line(number, earlier))
        evidence = ledger.note(line(9, rules))
        found.append((risk(evidence, START), decide(evidence, risk(evidence, START))))
    (less, less_opens), (more, more_opens) = found
    assert more.value >= less.value
    assert more.points >= less.points
    if less_opens is not None:
        assert more_opens is not None


TEXTS = (
    RAW_CHICKEN, WORM, POISONED, PLAIN, "我们寝室也是，已经打12345投诉了", "到底什么时候修，一直没热水",
    "6栋三天没热水了，报修没人理", "请学校正面回应，已截图", "豆浆又涨价了，吃不起", "谢谢学校，又停水了",
    "辅导员当着全班点名骂人，说我们是废物", "二楼餐盘没洗干净，油腻腻的",
)  # fmt: skip


LINES = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from("abcde")), min_size=3, max_size=9, unique=True)


@settings(deadline=None)
@given(LINES, st.data())
def test_lines_that_came_before_count_the_same_in_any_order(said: list[tuple[str, str]], data: st.DataObject) -> None:
    *before, last = [
        assessed(a_post(text, f"weibo:{number}", author=author, account="main"))
        for number, (text, author) in enumerate(said)
    ]
    found = []
    for lines in (before, data.draw(st.permutations(before))):
        ledger = Ledger(HOSTS)
        for one in lines:
            ledger.note(one)
        evidence = ledger.note(last)
        value = risk(evidence, START)
        opening = decide(evidence, value)
        found.append((value, opening and (opening.themes, opening.level, set(opening.members))))
    assert found[0] == found[1]


def test_a_low_mood_beside_a_danger_or_a_complaint_hides_neither() -> None:
    for text, theme in (
        ("宿舍楼道着火了，我一直在哭，整个人崩溃", "safety"),
        ("食堂的菜里又吃出虫子，最近每天都快崩溃了", "canteen"),
    ):
        one = assessed(a_post(text))
        assert {"SH-03"} < {hit.rule for hit in one.hits}
        assert risk(Ledger(HOSTS).note(one), START).theme == theme
    low = assessed(a_post("最近一直睡不着，白天也不想说话"))
    assert risk(Ledger(HOSTS).note(low), START).theme == CARE
