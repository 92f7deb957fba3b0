"""Hot words are what these texts are about, never a person, a number, a handle or an address; a digest is bounded."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.digest import LONGEST, SENTENCES, digest
from sentiment.keywords import keywords, names_somebody
from sentiment.known_words import COMPOUND, SURNAMES, TITLES, known

FOOD = (
    "二食堂的鸡腿没熟，骨头里还有血水", "食堂鸡腿又是生的，有血水", "鸡腿血水那个窗口换人了吗", "今天食堂的鸡腿谁敢吃",
    "早八的风吹得我好清醒", "图书馆四楼靠窗的位置晒太阳很舒服",
)  # fmt: skip
SAID = (
    "{name}今天又在食堂骂人了", "让{name}出来道歉", "{name}，{name}，还是{name}", "举报{name}收钱",
    "是{name}说的", "食堂停业", "听{name}讲课就想睡", "凭什么{name}可以加分", "支持{name}！",
)  # fmt: skip
GIVEN = st.text(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂海山国建子涵宇晨欣怡梓萱浩然思博文江安宁", min_size=1, max_size=2
)
HANDLE = (
    r"[1-9][0-9]{4,12}|@[A-Za-z\u5f20\u674e\u738b]{2,8}|[a-z]{3,8}@[a-z]{2,6}\.com|v[xX][a-z0-9]{5,9}"
    r"|https?://[a-z]{3,8}\.cn/[a-z0-9]{2,9}"
)
NAMES = st.tuples(st.sampled_from(sorted(SURNAMES)) | st.sampled_from(sorted(COMPOUND)), GIVEN)


def words(texts: list[str], most: int = 30) -> list[str]:
    return [one.word for one in keywords(texts, most)]


def test_what_many_say_comes_first_and_small_talk_does_not() -> None:
    found = keywords(FOOD)
    assert [one.word for one in found[:2]] in (["鸡腿", "血水"], ["血水", "鸡腿"])
    assert next(one.texts for one in found if one.word == "鸡腿") == 4
    assert not {"今天", "清醒", "位置"} & {one.word for one in found}


def test_a_text_that_is_pasted_weighs_once_and_is_counted_as_often_as_it_stands() -> None:
    pasted = keywords([*FOOD, *["校园网必须绑定套餐，请正面回应"] * 50, "套餐太贵"])
    assert pasted[0].word in ("鸡腿", "血水")
    assert next(one.texts for one in pasted if one.word == "套餐") == 51


@settings(deadline=None, max_examples=60)
@given(NAMES, st.sampled_from(sorted(TITLES)))
def test_a_named_person_with_a_title_is_never_a_hot_word(name: tuple[str, str], title: str) -> None:
    found = words([one.format(name="".join(name) + title) for one in SAID])
    assert not [word for word in found if "".join(name) in word or word == name[1]], found


@settings(deadline=None, max_examples=60)
@given(NAMES)
def test_a_bare_name_is_never_a_hot_word(name: tuple[str, str]) -> None:
    """But where it is written like an ordinary word (高原, 安宁), which nobody can tell from it."""
    full = "".join(name)
    found = words([one.format(name=full) for one in SAID])
    assert not [word for word in found if full in word and full not in known()], found
    assert full in known() or name[1] not in found, found


@pytest.mark.parametrize(
    "name",
    [
        "张某某",
        "李老师",
        "王建国",
        "欧阳海洋",
        "诸葛明",
        "张三",
        "小王",
        "老李头",
        "司马建设",
        "高大山",
        "子涵",
        "李某",
        "刘导",
        "陈XX",
    ],
)
def test_these_persons_are_no_hot_words(name: str) -> None:
    found = words([one.format(name=name) for one in SAID])
    assert not [word for word in found if name in word or (len(name) > 2 and word in (name[1:], name[2:]))], found


@settings(deadline=None, max_examples=60)
@given(st.from_regex(HANDLE, fullmatch=True))
def test_figures_handles_and_addresses_are_no_hot_words(handle: str) -> None:
    found = words([f"{said}，联系 {handle} 食堂" for said in ("有人吗", "快来", "转让", "代课", "找我", "急")])
    assert not [word for word in found if any(char.isdigit() or char == "@" for char in word)], found
    assert not [word for word in found if word.lower() in handle.lower()], found


def test_marks_of_redaction_and_codes_of_platforms_are_no_hot_words() -> None:
    texts = [f"{said}〔手机号〕〔微信号〕[允悲][doge]食堂" for said in ("有人吗", "快来", "转让", "代课", "找我", "急")]
    assert not {"手机号", "微信号", "手机", "微信", "允悲", "doge"} & set(words(texts))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from(["", " ", "😀", "\ud800", "<script>x</script>", "食堂食堂"]), max_size=12
    )
)
def test_any_texts_give_words_and_sentences_of_their_own(texts: list[str]) -> None:
    for one in keywords(texts):
        assert one.weight > 0
        assert 1 <= one.texts <= len(texts)
        assert "<" not in one.word
    found = digest(texts)
    assert len(found) <= SENTENCES
    assert all(len(one) <= LONGEST for one in found)


def test_a_sentence_that_names_somebody_is_known() -> None:
    said = [
        "王建国老师说热水器没坏", "王老师又迟到了", "张伟打人了", "李明昊在群里骂人", "叶初晴老师也在现场",
        "小李师傅辛苦了", "孙倩学姐人很好", "刘芳芳拿了奖学金", "欧阳老师人很好", "王建国又说热水器没坏",
    ]  # fmt: skip
    assert names_somebody(said) == [True] * len(said)


def test_a_name_with_a_title_is_known_in_a_sentence() -> None:
    given = ("伟", "芳", "建国", "明超", "子涵", "晨", "文博", "丽", "海洋")
    said = [
        f"让{surname}{name}{title}出来道歉"
        for surname in sorted(SURNAMES)[::3]
        for name in given
        for title in ("老师", "同学", "主任", "师傅")
    ]
    assert [text for text, named in zip(said, names_somebody(said), strict=True) if not named] == []


def test_an_ordinary_sentence_names_nobody() -> None:
    said = ["六栋的热水器又坏了，报修没人来", "二食堂的面很好吃", "辅导员让每人交两百", "阿姨手抖", "教务系统崩了",
            "我们班主任说不用交", "保安打人"]  # fmt: skip
    assert not any(names_somebody(said))


def test_a_digest_tells_the_matter_and_nothing_twice() -> None:
    found = digest([*FOOD, "二食堂的鸡腿没熟，骨头里还有血水！", "食堂鸡腿没熟有血水"])
    assert "鸡腿" in found[0]
    assert len(found) == len(set(found))
    assert sum("血水" in one for one in found) <= 2


def test_a_digest_leaves_out_whom_a_reply_answers_and_that_it_is_a_copy() -> None:
    texts = ["回复 〔某用户〕: 食堂鸡腿没熟，有血水", "扩散：食堂鸡腿没熟，有血水", "【转】食堂的鸡腿又没熟"]
    found = digest(texts)
    assert found
    assert set(found) <= {"食堂鸡腿没熟，有血水", "食堂的鸡腿又没熟"}


def test_a_digest_veils_what_points_at_a_person() -> None:
    found = digest(["食堂鸡腿没熟，找 @张三丰 或 13800000000 赔钱", "食堂鸡腿没熟，有血水", "食堂鸡腿又没熟"])
    assert found
    assert not [one for one in found if "张三丰" in one or "1380" in one]


def test_two_thousand_hostile_lines_take_less_than_a_second_of_work() -> None:
    plain = [f"{FOOD[n % len(FOOD)]}，第{n}次路过图书馆，热水器又坏了，{'宿舍' * (n % 7)}" for n in range(1_000)]
    hostile = [f"{n}" + "a" * 400 for n in range(500)] + ["热水" * 200 + f"{n}。" * 50 for n in range(500)]
    keywords(FOOD), digest(FOOD)  # tables are read once
    before = time.process_time()
    digest([*plain, *hostile])
    keywords([*plain, *hostile])
    assert time.process_time() - before < 2.0, "both of them, on a machine that is busy"
