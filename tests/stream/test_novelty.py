"""Near duplicates: copies with small changes are one cluster, ordinary comments are not, short cheers never are."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import novelty
from stream.novelty import (
    FULL,
    SHARED,
    SKETCH,
    Postings,
    candidates,
    cluster_of,
    fingerprint,
    grams,
    jaccard,
    letters,
    same,
    sharing,
    to_leave,
)

PLEA = "请学校正面回应：水电费为什么按人头平摊，抄表数据在哪里公示？已截图留存"
TEXT = st.text(st.sampled_from("请学校正面回应水电费为什么按人头平摊抄表，。！ 1a😀"), max_size=60)


@pytest.mark.parametrize(
    "copy",
    [
        PLEA,
        PLEA + "。",
        "【转】" + PLEA,
        PLEA.replace("，", " ").replace("：", "，"),
        "同问。" + PLEA[:-6],
        PLEA.replace("平摊", "均摊"),
        "👏".join(PLEA),
    ],
)
def test_copy_with_small_changes_is_the_same_words(copy: str) -> None:
    assert same(PLEA, copy)
    postings = Postings()
    assert postings.join("p1", PLEA) == "p1"
    assert postings.join("p2", copy) == "p1"


@pytest.mark.parametrize("other", ["请学校回应一下图书馆几点开门", "水电费怎么交，去哪个窗口", "恭喜恭喜", ""])
def test_other_words_are_not_the_same(other: str) -> None:
    assert not same(PLEA, other)
    postings = Postings()
    postings.join("p1", PLEA)
    assert postings.join("p2", other) == "p2"


def test_words_that_everybody_uses_are_kept_few_times_and_a_copy_of_new_words_is_found_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(novelty, "FULL", 3)
    used = "请学校正面回应一下这个问题好吗"
    texts = [used + "".join(chr(0x4E00 + 40 * n + k) for k in range(30)) for n in range(30)]
    postings, standing = Postings(), Counter[int]()
    for n, text in enumerate(texts):
        assert postings.join(f"p{n}", text) == f"p{n}"
        standing.update(to_leave(fingerprint(text), standing.__getitem__))
    common = {one for text in texts for one in fingerprint(text)} & set(fingerprint(used))
    assert common, "their words meet in some of the hashes"
    assert max(standing[one] for one in common) <= 4
    assert [postings.join(f"c{n}", f"{text}！") for n, text in enumerate(texts)] == [f"p{n}" for n in range(len(texts))]


HASHES = st.lists(st.integers(0, 20), max_size=SKETCH, unique=True)


@given(HASHES, st.dictionaries(st.integers(0, 20), st.integers(0, 2 * FULL)))
def test_new_words_are_kept_under_rare_hashes_and_under_enough_for_a_copy(
    hashes: list[int], standing: dict[int, int]
) -> None:
    left = to_leave(sorted(hashes), lambda one: standing.get(one, 0))
    rare = {one for one in hashes if standing.get(one, 0) < FULL}
    assert rare <= set(left) <= set(hashes)
    assert len(left) == max(len(rare), min(len(hashes), SHARED + 1))
    assert list(left) == sorted(left)
    assert all(standing.get(one, 0) <= standing.get(other, 0) for one in left for other in set(hashes) - set(left))


def test_short_cheers_never_form_a_cluster() -> None:
    postings = Postings()
    assert [postings.join(f"p{n}", "恭喜恭喜！！") for n in range(3)] == ["p0", "p1", "p2"]
    assert fingerprint("恭喜恭喜！！") == ()


@given(TEXT)
def test_fingerprint_is_small_sorted_and_blind_to_punctuation(text: str) -> None:
    mark = fingerprint(text)
    assert len(mark) <= SKETCH
    assert list(mark) == sorted(set(mark))
    assert fingerprint(letters(text)) == mark


POSTS = st.sets(st.sampled_from("abcdefgh"))


@given(st.lists(POSTS, max_size=SKETCH))
def test_who_shares_enough_hashes_is_found_whichever_lists_are_short(posts_of: list[set[str]]) -> None:
    counted = {post: sum(post in posts for posts in posts_of) for post in "abcdefgh"}
    enough = [post for post, n in counted.items() if n >= SHARED]
    assert sharing(posts_of) == sorted(enough, key=lambda post: (-counted[post], post))


@given(TEXT, TEXT)
def test_jaccard_is_symmetric_bounded_and_one_for_equal_words(a: str, b: str) -> None:
    one, two = grams(a), grams(b)
    assert jaccard(one, two) == jaccard(two, one)
    assert 0 <= jaccard(one, two) <= 1
    assert jaccard(one, one) == (1.0 if one else 0.0)


def test_fingerprint_means_the_same_in_another_process() -> None:
    code = f"from stream.novelty import fingerprint; print(fingerprint({PLEA!r}))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {str(fingerprint(PLEA))}


def test_candidate_that_shares_hashes_but_not_words_is_refused() -> None:
    rows = [(hashed, "far") for hashed in fingerprint(PLEA)]
    assert candidates(rows) == ["far"]
    assert cluster_of(PLEA, rows, {"far": "完全是另外一段话，碰巧哈希相同而已"}.get) is None
    assert cluster_of(PLEA, rows, lambda _: None) is None
    assert cluster_of(PLEA, rows[: SHARED - 1], {"far": PLEA}.get) is None


def test_most_copies_are_found_among_many_ordinary_lines() -> None:
    draw = random.Random(7)
    chars = "今天食堂宿舍老师上课图书馆考试跑步快递下雨选课作业室友晚安早八点名实训车间社团"
    postings = Postings()
    texts = ["".join(draw.choices(chars, k=draw.randint(20, 45))) for _ in range(300)]
    for number, text in enumerate(texts):
        assert postings.join(f"t{number}", text) == f"t{number}"
    found = 0
    for number, text in enumerate(texts):
        at = draw.randrange(len(text))
        found += postings.join(f"c{number}", text[:at] + draw.choice(chars) + text[at + 1 :]) == f"t{number}"
    assert found >= 0.9 * len(texts)
