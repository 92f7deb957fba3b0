"""The shipped rules keep their own examples; a broken rule file is refused with every fault named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.normalise import normalise
from stream import rules
from stream.assessment import Target
from stream.match import Matcher
from stream.rules import CUES, TAKEN, THEMES, Category, Rule, Rulebook, RuleError, Slot, load
from stream.stance import Stance
from stream.target import TargetWords

BOOK = load()
TARGETS = TargetWords(BOOK.words, ("青禾职业技术学院", "青禾职院"))
MATCHER = Matcher(BOOK, sorted(TARGETS.terms()))


def fires(rule: Rule, text: str) -> bool:
    plain = normalise(text).text
    page = MATCHER.page(plain)
    target = TARGETS.decide(page)
    return any(found.rule.id == rule.id for found in MATCHER.find(page, rule.applies_to[0], target))


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_rule_matches_and_misses_its_own_examples(rule: Rule) -> None:
    assert [text for text in rule.examples.match if not fires(rule, text)] == []
    assert [text for text in rule.examples.miss if fires(rule, text)] == []


def test_pack_covers_every_theme_of_campus_life_with_enough_rules() -> None:
    assert {rule.theme for rule in BOOK.rules} == set(THEMES)
    assert len(BOOK.rules) >= 150


def test_prohibited_lists_are_cited_on_own_posts_and_never_against_a_comment() -> None:
    for rule in BOOK.rules:
        assert bool(rule.article) == (rule.category is Category.PROHIBITED)
        if rule.article:
            assert rule.applies_to == (Slot.OWN_POST,)
        if rule.category in CUES:
            assert not rule.grave
            assert rule.weight < 25


@pytest.mark.parametrize("theme", ["canteen", "safety", "self_harm", "bullying", "privacy"])
def test_danger_to_people_has_a_rule_that_opens_on_one_line(theme: str) -> None:
    assert any(rule.grave and rule.level_floor in (1, 2) for rule in BOOK.rules if rule.theme == theme)


def edited(**changes: object) -> Rulebook:
    """The shipped rules with one of canteen's changed."""
    rules = tuple(rule.model_copy(update=changes) if rule.id == "FD-01" else rule for rule in BOOK.rules)
    return Rulebook(rules, BOOK.words)


def test_an_edition_tells_which_theme_judges_otherwise_and_of_nothing_else() -> None:
    assert BOOK.rule("FD-01").theme == "canteen"
    again = Rulebook(tuple(reversed(BOOK.rules)), BOOK.words)
    assert (again.packs(), again.edition()) == (BOOK.packs(), BOOK.edition())
    assert set(BOOK.packs()) == {*THEMES, "words"}
    for change in ({"weight": 1}, {"any": ("别的词",)}, {"version": 99}, {"level_floor": 1}, {"unless": ("除非",)}):
        packs = edited(**change).packs()
        assert [theme for theme in packs if packs[theme] != BOOK.packs()[theme]] == ["canteen"], change
        assert edited(**change).edition() != BOOK.edition()
    assert Rulebook(BOOK.rules, {**BOOK.words, "staff": ("老师",)}).edition() != BOOK.edition()


def test_an_example_or_an_owner_changes_no_edition() -> None:
    assert edited(owner="后勤处", false_alarms="新写的", examples=None).edition() == BOOK.edition()


GOOD = """
theme = "canteen"
owner = "党委宣传部"
[[rule]]
id = "ZZ-01"
version = 1
title = "示例规则"
category = "grievance"
weight = 10
any = ["@sour"]
label = "service"
examples = { match = ["馊了"], miss = ["好吃"] }
"""


def pack(folder: Path, rule: str, words: str = 'sour = ["馊"]') -> Path:
    (folder / "words.toml").write_text(words, encoding="utf-8")
    (folder / "one.toml").write_text(rule, encoding="utf-8")
    return folder


def test_word_list_is_written_out_where_a_rule_names_it(tmp_path: Path) -> None:
    assert load(pack(tmp_path, GOOD)).rule("ZZ-01").any == ("馊",)


def test_unknown_rule_id_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        BOOK.rule("ZZ-99")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('label = "service"', "", "须二选一"),
        ('label = "service"', 'article = "第十条"', "own_post"),
        ('theme = "canteen"', 'theme = "cantine"', "没有“cantine”这个主题"),
        ("weight = 10", "weigth = 10", "weigth：不认识这一项"),
        ("weight = 10", "weight = 101", "weight：写法不对"),
        ('title = "示例规则"', "", "title：缺少这一项"),
        ('["@sour"]', '["@swet"]', "没有名为“@swet”的词表"),
        ('["@sour"]', '["馊…"]', "有一边是空的"),
        ('category = "grievance"', 'category = "echo"', "须用主题 any"),
        ("weight = 10", "weight = 10\ngrave = true", "须写明最轻等级"),
        ('category = "grievance"', 'category = "prohibited"', "须写明校规条款"),
        ('owner = "党委宣传部"', "", "由谁负责"),
        ("[[rule]]", "[[rule", "不是合格的 TOML"),
        ('theme = "canteen"', 'theme = "canteen"\nflavour = 1', "不认识顶层的“flavour”"),
        ("weight = 10", "weight = 10\nnear = [[]]", "每一组近邻词"),
    ],
)
def test_broken_rule_file_is_refused_with_place_and_cure(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleError, match=r"one\.toml") as refused:
        load(pack(tmp_path, GOOD.replace(old, new)))
    assert said in str(refused.value)


def test_faults_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    pack(tmp_path, GOOD.replace("weight = 10", ""), words="sour = 1")
    (tmp_path / "two.toml").write_text(GOOD.replace('"ZZ-01"', '"zz"'), encoding="utf-8")
    with pytest.raises(RuleError) as refused:
        load(tmp_path)
    said = str(refused.value)
    assert all(part in said for part in ("words.toml sour", "one.toml 规则 ZZ-01 weight", "two.toml 规则 zz id"))


def test_one_id_used_twice_is_refused(tmp_path: Path) -> None:
    pack(tmp_path, GOOD)
    (tmp_path / "two.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match="规则 ZZ-01：编号重复"):
        load(tmp_path)


def test_large_files_are_read_from_the_shelf_and_never_from_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shelf = tmp_path / "cache" / "fengxin"
    folder = tmp_path / "rules"
    folder.mkdir()
    load(pack(folder, GOOD))
    assert not shelf.exists()
    monkeypatch.setattr(rules, "LARGE", 1)
    made = load(folder)
    (kept,) = shelf.iterdir()
    assert load(folder) == made
    assert kept.read_bytes().count("馊".encode()) >= 2
    kept.write_bytes(kept.read_bytes()[:-1])
    assert load(folder) == made
    assert load(pack(folder, GOOD, words='sour = ["臭"]')).rule("ZZ-01").any == ("臭",)
    (folder / "words.toml").write_text("sour = [2026-01-01]", encoding="utf-8")
    with pytest.raises(RuleError, match="须是一列文字"):
        load(folder)
    (folder / "words.toml").write_text("sour = ", encoding="utf-8")
    with pytest.raises(RuleError, match=r"words.*不是合格的 TOML"):
        load(folder)


def test_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="没有规则文件"):
        load(tmp_path)


def test_guards_of_a_category_are_implied_unless_a_rule_says_no(tmp_path: Path) -> None:
    words = 'sour = ["馊"]\nimplied_grievance = ["电影"]\nimplied_incident = ["演练"]'
    assert load(pack(tmp_path, GOOD, words)).rule("ZZ-01").not_ == ("电影",)
    assert load(pack(tmp_path, GOOD.replace("weight", 'not = ["小说"]\nweight'), words)).rule("ZZ-01").not_ == (
        "小说",
        "电影",
    )
    assert load(pack(tmp_path, GOOD.replace("weight", "guards = false\nweight"), words)).rule("ZZ-01").not_ == ()
    mood = GOOD.replace('category = "grievance"', 'category = "mood"')
    assert load(pack(tmp_path, mood, words)).rule("ZZ-01").not_ == ()


def test_shipped_incidents_that_comments_are_read_for_know_drills_and_films() -> None:
    for rule in BOOK.rules:
        if rule.category is Category.INCIDENT and set(rule.applies_to) != {Slot.OWN_POST}:
            assert {"演练", "电影", "选课", "狼人杀"} <= set(rule.not_), rule.id


def test_stance_is_the_rules_own_or_that_of_its_category(tmp_path: Path) -> None:
    assert load(pack(tmp_path, GOOD)).rule("ZZ-01").stance == TAKEN[Category.GRIEVANCE]
    own = GOOD.replace("weight", 'stance = ["denied"]\nweight')
    assert load(pack(tmp_path, own)).rule("ZZ-01").stance == (Stance.DENIED,)
    with pytest.raises(RuleError, match="stance"):
        load(pack(tmp_path, GOOD.replace("weight", 'stance = ["mumbled"]\nweight')))


def test_a_rule_beside_others_holds_only_with_one_of_them() -> None:
    def rule(number: str, category: str, word: str, **more: object) -> Rule:
        given = {"id": number, "version": 1, "title": "示例", "category": category, "weight": 1, "any": [word]}
        return Rule.model_validate(given | {"examples": {"match": ["a"], "miss": ["b"]}} | more)

    praise = rule("ZZ-01", "irony", "谢谢", beside=["grievance"])
    matcher = Matcher(Rulebook((praise, rule("ZZ-02", "grievance", "停水"), rule("ZZ-03", "mood", "好累")), {}))

    def holding(text: str) -> list[str]:
        return [one.rule.id for one in matcher.find(matcher.page(text), Slot.COMMENT, Target.NONE)]

    assert holding("谢谢学校,又停水了") == ["ZZ-01", "ZZ-02"]
    assert holding("谢谢学校") == []
    assert holding("谢谢,好累") == ["ZZ-03"]


def test_the_edition_changes_with_the_machinery(monkeypatch: pytest.MonkeyPatch) -> None:
    before = BOOK.edition()
    monkeypatch.setattr("stream.rules.MACHINERY", 99)
    assert BOOK.edition() != before
