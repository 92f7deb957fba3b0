"""The commands behind figures of judging: lines that open alone, near copies that are found."""

from __future__ import annotations

from sentiment.labelled import Row
from stream import rules
from tests.bench import copied, openings

FIRE = "三号宿舍楼着火了，楼道全是烟，有人被困在里面"


def test_openings_are_counted_by_their_label_each_text_once() -> None:
    rows = [Row(FIRE, "a:1", risk=3, family="dorm-me-001"), Row(FIRE, "a:2", risk=3, family="dorm-me-001")]
    rows += [Row("今天食堂的粥还不错", "a:3", risk=0, family="canteen-mf-001"), Row("另一手", "a:4", family="fees-q-1")]
    picked = openings.by_hands(rows, ("me", "mf"))
    assert [row.where for row in picked] == ["a:2", "a:3"]
    assert list(openings.said(picked, openings.openings(picked))) == [
        "of risk 0: 0 of 1 open on one line (0.000)", "of risk 3: 1 of 1 open on one line (1.000)",
    ]  # fmt: skip


def test_without_signs_a_danger_that_only_they_know_opens_nothing() -> None:
    said = [rule.examples.match[0] for rule in rules.load().rules if rule.sign]
    rows = [Row(text, f"a:{number}", risk=3) for number, text in enumerate(said)]
    whole, without = [*openings.openings(rows)], [*openings.openings(rows, signs=False)]
    assert sum(whole) > sum(without)
    assert all(one or not other for one, other in zip(whole, without, strict=True))


def test_near_copies_are_found_and_those_of_other_words_are_not() -> None:
    texts = [f"{place}的{thing}坏了{number}天没有人来修，请尽快处理" for number, (place, thing) in enumerate(
        (place, thing) for place in ("一号楼", "体育馆", "图书馆南侧") for thing in ("热水器", "门禁", "空调外机")
    )]  # fmt: skip
    measured = copied.copied(texts)
    assert measured.asked == measured.kept == 9
    assert measured.found >= 8
    assert "of 9 near copies among 9 comments" in copied.said(measured)
