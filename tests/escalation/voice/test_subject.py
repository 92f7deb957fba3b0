"""Whether a text speaks of a held subject: in other words too, and not because it names the same building."""

from __future__ import annotations

import pytest

from escalation.voice.subject import Subject, read, subject_of, touches, typed

HELD = subject_of(
    "canteen", "weibo:t1", ["canteen|thread|weibo:t1", "canteen|place|2食堂", "canteen|cluster|weibo:1"],
    ["拉肚子", "吃坏"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("关于第二食堂就餐同学拉肚子一事的说明：网传内容不实", ()),
        ("二食堂今日起停业整顿，请同学们到一食堂就餐", ("canteen",)),
        ("有同学吃坏了拉肚子，后勤正在核实", ()),
        ("二食堂一切正常，请不要以讹传讹", ("unauthorised_post",)),
    ],
)
def test_a_post_in_other_words_touches_the_subject(text: str, themes: tuple[str, ...]) -> None:
    assert touches(HELD, text, themes=themes)


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("二食堂推出新菜品，欢迎品尝", ()),
        ("图书馆今天闭馆检修", ()),
        ("一食堂夜宵窗口开放", ("canteen",)),
        ("", ()),
    ],
)
def test_an_everyday_post_is_left_alone(text: str, themes: tuple[str, ...]) -> None:
    assert touches(HELD, text, themes=themes) == ()


def test_one_word_of_the_matter_is_not_counted_twice() -> None:
    held = Subject(cues=("食物中毒", "中毒", "腹泻"))
    assert touches(held, "下周举行食物中毒应急演练") == ()
    assert touches(held, "近日有同学食物中毒、腹泻") == ("含“食物中毒”", "含“腹泻”")


@pytest.mark.parametrize("written", ["2食堂", "二食堂", "第二食堂", "２食堂"])
def test_a_place_is_held_once_and_found_in_every_writing(written: str) -> None:
    keys = ["canteen|place|2食堂", "canteen|place|二食堂", "canteen|place|6栋"]
    held = subject_of("canteen", "weibo:t1", keys, ["食物中毒"])
    assert held.places == ("二食堂", "6栋"), "as the school writes it"
    assert touches(held, f"{written}没有食物中毒") == ("地点“二食堂”", "含“食物中毒”")
    assert touches(held, f"{written}推出新菜品，欢迎品尝") == ()


def test_a_word_that_a_person_chose_decides_alone_and_disguise_does_not_help() -> None:
    assert touches(Subject(words=("香锅",)), "香 锅窗口今天不开") == ("含“香锅”",)
    assert touches(Subject(threads=("weibo:t1",)), "收到", thread="weibo:t1") == ("在管控事项的帖下",)


def test_a_matter_of_no_theme_is_held_by_its_place_and_says_no_word_of_the_machine() -> None:
    placed = subject_of("any", "hand:lead-1", ["any|place|二食堂"], [])
    assert (placed.themes, placed.said()) == ((), "“二食堂”")
    assert touches(placed, "校园歌手大赛今晚开唱，欢迎大家来看", themes=("any",)) == ()
    bare = subject_of("any", "hand:lead-1", [], [])
    assert (bare.said(), bare.wordless, bare.empty, placed.wordless) == ("此事", True, False, False)
    assert touches(bare, "网传此事系谣言，请勿传播", thread="hand:lead-2") == ()


def test_a_subject_survives_its_row_and_says_what_it_is() -> None:
    assert read(HELD.kept()) == HELD
    assert HELD.said() == "“2食堂、拉肚子”"
    assert Subject(places=("5栋", "4栋", "3栋"), cues=("停水",)).said() == "“5栋、4栋、停水”", (
        "what it is about is said"
    )
    assert Subject(themes=("canteen",)).said() == "“食堂餐饮”"
    assert Subject().empty
    assert not HELD.empty
    assert typed("香锅、供货商， 香锅\n停业") == ("香锅", "供货商", "停业")
