"""Keys: one matter over threads and platforms has a key in common; two matters under one post have none."""

from __future__ import annotations

import pytest

from stream.matter import CARE, KIN, Scene, attaching_keys, joining_keys, keys, kin, places
from stream.rules import THEMES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("六栋四楼走廊漏水", ("6栋",)),
        ("我住6号楼，5幢也是", ("6栋", "5栋")),
        ("3、4、5栋停热水", ("3栋", "4栋", "5栋")),
        ("南区3 4 5栋四百多个寝室", ("3栋", "4栋", "5栋")),
        ("十二栋和二十一栋", ("12栋", "21栋")),
        ("第二食堂二楼", ("2食堂",)),
        ("一餐厅的面", ("1食堂",)),
        ("北门保安打人", ("北门",)),
        ("五连有个男生吐了", ("5连",)),
        ("后勤处回复了", ("后勤处",)),
        ("一连续三天下雨", ()),
        ("今天天气好", ()),
    ],
)
def test_named_places_have_one_writing(text: str, found: tuple[str, ...]) -> None:
    assert places(text, ("后勤处",)) == found


def test_one_place_in_two_threads_is_one_key() -> None:
    first = keys("safety", Scene("a", "c1", ("北门",)))
    second = keys("safety", Scene("b", "c2", ("北门",)))
    assert set(first) & set(second) == {"safety|place|北门"}


def test_two_themes_under_one_post_share_no_key() -> None:
    scene = Scene("a", "c", ("2食堂",))
    assert not set(keys("canteen", scene)) & set(keys("awards", scene))


def test_a_cry_for_help_looks_for_care_cases_alone() -> None:
    scene = Scene("a", "c", ("2食堂",))
    assert set(joining_keys(["canteen", CARE], scene)) == set(keys(CARE, scene))
    assert set(attaching_keys(["canteen", CARE], scene)) == {f"{CARE}|thread|a", f"{CARE}|cluster|c"}


@pytest.mark.parametrize("theme", sorted(set(THEMES) - {CARE}))
def test_no_other_matter_looks_for_a_care_case(theme: str) -> None:
    assert not [key for key in joining_keys([theme], Scene("a", "c", ("2食堂",))) if key.startswith(CARE)]


def test_thread_is_asked_before_places_when_a_line_looks_for_its_incident() -> None:
    asked = joining_keys(["safety"], Scene("a", "c", ("实训楼",)))
    assert asked.index("unauthorised_post|thread|a") < asked.index("safety|place|实训楼")
    assert asked[0] == "safety|thread|a"
    assert "awards|thread|a" not in asked


def test_joining_line_brings_its_thread_but_never_its_places() -> None:
    gained = attaching_keys(["dorm"], Scene("a", "c", ("6栋",)))
    assert gained == ("dorm|thread|a", "dorm|cluster|c")


def test_kinship_is_mutual_and_speaks_of_known_themes() -> None:
    for pair in KIN:
        assert pair <= set(THEMES)
        one, two = sorted(pair)
        assert two in kin(one)
        assert one in kin(two)
    assert "awards" not in kin("dorm")
