"""The ordinary week: a thousand comments a day in which nothing happened open at most one incident in a shift."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path

import sentiment
from deploy.evaluation import week
from deploy.rehearsal import House
from escalation.procedure import load as load_pack
from sentiment import labelled
from sentiment.engine import engine_by_name
from sentiment.labelled import Row
from stream import rules
from stream.post import Kind

QUIET = Path(sentiment.__path__[0]) / "corpus" / "train" / "none.tsv"
CALM = ("今天的晚霞真好看", "图书馆的新座椅挺舒服", "恭喜学长", "社团招新在哪里报名呀", "这张照片拍得真好")


@cache
def house() -> House:
    return House(engine_by_name(), rules.load(), load_pack("neutral"))


def test_school_life_comes_first_each_text_once_and_nothing_that_a_school_should_look_at() -> None:
    given = [
        Row("闲聊", "1"), Row("食堂真好吃", "2", campus=True), Row("食堂真好吃", "3"), Row("有人中毒", "4", risk=3),
        Row("有人落水", "5", concern=True, campus=True), Row("  ", "6", campus=True),
        Row("军训第一天", "7", campus=True), Row("空调不凉", "8", risk=0),
    ]  # fmt: skip
    assert [row.text for row in week.ordinary(given)] == ["食堂真好吃", "军训第一天", "闲聊", "空调不凉"]


def test_a_week_has_so_many_comments_a_day_each_under_a_post_of_the_last_day_and_is_the_same_again() -> None:
    made = week.scenario(CALM, per_day=50, days=3)
    assert made == week.scenario(CALM, per_day=50, days=3)
    assert len(made.lines) == week.lines(50, 3)
    said = [line for line in made.lines if line.kind is Kind.COMMENT]
    assert Counter((line.at - week.BEGIN).days for line in said) == {0: 50, 1: 50, 2: 50}
    posts = {line.id: line for line in made.lines if line.kind is Kind.POST}
    for line in said:
        under = posts[line.thread]
        assert timedelta(0) < line.at - under.at < timedelta(days=1)
        assert (line.account, line.parent) == (under.account, under.id)
    assert len({line.author for line in said}) == len(CALM), "who says the same again is the same voice"
    assert len({line.at for line in said}) > 140
    assert [line.at for line in made.lines] == sorted(line.at for line in made.lines)


def test_calm_words_open_nothing_and_a_grave_line_is_counted_in_its_shift_with_its_words() -> None:
    calm = week.play(CALM, house(), lambda: None, per_day=20, days=1)
    assert (calm.shifts, calm.worst, calm.kept, calm.alarms) == ((0, 0), 0, True, ())
    grave = "三教实验室起火了，浓烟滚滚，有人被困在里面"
    seen = []
    told = week.play([*CALM, grave], house(), lambda: seen.append(1), per_day=6, days=1, budget=0)
    assert len(seen) == week.lines(6, 1)
    (one,) = told.alarms
    assert one.text == grave
    assert told.shifts[week.shift(one.at)] == told.worst == sum(told.shifts) == 1
    assert not told.kept
    words = list(week.told(told))
    assert f"　　触发：{grave}" in words
    assert words[-1] == "有 1 班超过上限。"
    assert week.as_document(told)["alarms"][0]["text"] == grave


def test_everyday_rows_of_our_own_corpus_keep_the_budget() -> None:
    """The first of them, which tell of everyday life; those that came later look dangerous on purpose."""
    everyday = [row for one in labelled.read([QUIET]) for row in one.rows if row.family.startswith("none-t-")]
    texts = [row.text for row in week.ordinary(everyday)]
    assert len(texts) > 300
    found = week.play(texts, house(), lambda: None, per_day=len(texts), days=1)
    assert found.comments == len(texts)
    assert found.kept, "\n".join(week.told(found))
