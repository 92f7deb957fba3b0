"""A second danger under the same post never hides in the first: first a beating, then a fire, as everybody sees it."""

from __future__ import annotations

from functools import partial

import pytest

from tests.acceptance.hands import FOUR, MONITOR, body
from tests.acceptance.standing import Mail, Standing, eventually

pytestmark = pytest.mark.long
POST = "own-first-snow"
BEATEN = "三号门保安打人了，推了一把人直接磕台阶上，嘴出血"
BURNING = "十二号楼三层冒黑烟了，好多人往下跑"


def told(demo: Standing, name: str, number: str) -> list[Mail]:
    """The mails to somebody that speak of an incident, alone or among others where many leave together."""
    return [one for one in demo.mails(name) if number in one.subject + one.text]


def test_a_fire_under_the_post_of_a_beating_has_its_own_incident_and_is_told_to_everybody(demo: Standing) -> None:
    demo.matter(BEATEN, under="【校园随拍】初雪", key=POST)
    beating = eventually("the matter of the beating", lambda: demo.incident("打人"), 100)
    demo.sandbox("comment", thread=POST, text="救护车来了，那个男生满脸是血")
    demo.sandbox("comment", thread=POST, text=BURNING)
    fire = eventually("the matter of the fire", lambda: demo.incident("12栋"), 100)
    assert fire != beating
    desk = demo.signed_in(MONITOR)
    assert "另有险情，已另立 " + fire in body(desk, beating)
    assert "火情、冒烟、漏电" in body(desk, fire)
    for name in FOUR:
        mail = eventually(f"{name} is told of the fire", partial(told, demo, name, fire), 100)[0]
        assert "火情" in mail.subject + mail.text
        assert "签收" in mail.text
    said = body(desk, beating)
    assert "满脸是血" in said, "what the beating left belongs to it"
    assert ("冒黑烟" in said, "新的险情" in said) == (False, False)
