"""First a beating, then a fire under the same post, then what else came of either: everybody hears of each danger once.

The sandbox, the crawl, SMTP, the webhook and the desk are real; the clock moves only by hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from escalation.belonging import kinds_told
from escalation.incident import incidents, members
from escalation.notice import notices
from tests.stories.town import Letter, Town, path_of

FOUR = {"school", "publicity", "leader", "keeper"}


def of(town: Town, incident: Row[Any], kind: str) -> dict[str, Row[Any]]:
    """The notices of one kind to persons, by who they are to."""
    found = (row for row in town.rows(notices) if row.incident_id == incident.id and row.kind == kind)
    return {row.addressee: row for row in found if row.addressee != "robot"}


def mails_of(town: Town, who: str, *words: str) -> list[Letter]:
    return [one for one in town.inbox.letters() if one.who == who and all(word in one.subject for word in words)]


def signs(town: Town, mail: Letter) -> None:
    assert town.desk.post(path_of(mail.links[0]), data={"remark": "知道了"}).status_code in (200, 303)


def test_a_fire_after_a_beating_is_its_own_matter_and_somebody_unconscious_is_news_to_sign_anew(
    town: Town,
) -> None:
    thread = str(town.sandbox.post("【校园随拍】初雪")["thread"])
    town.crawl()

    def say(text: str) -> None:
        town.sandbox.clock.advance(60)
        town.sandbox.comment(thread, text)
        town.crawl()
        town.pass_on()

    say("北门保安打人了，推了一把人直接磕台阶上，嘴出血")
    say("救护车来了，那个男生满脸是血")
    (beating,) = town.rows(incidents)
    assert set(of(town, beating, "first")) == FOUR
    (first,) = mails_of(town, "leader", beating.number)
    signs(town, first)

    say("实训楼三楼冒黑烟了，好多人往下跑")
    beating, fire = town.rows(incidents)
    assert [kinds_told(one.dangers) for one in (beating, fire)] == [("violence",), ("fire",)]
    assert set(of(town, fire, "first")) == FOUR
    assert len(mails_of(town, "leader", fire.number, "火情")) == 1
    assert mails_of(town, "leader", beating.number) == [first], "nothing new of the beating"

    (of_fire,) = mails_of(town, "leader", fire.number)
    signs(town, of_fire)
    say("实训楼那边有个女生晕倒了，校医呢")
    say("快来人，实训楼又一个男生没反应了")
    beating, fire = town.rows(incidents)
    news = [one for one in (beating, fire) if of(town, one, "danger")]
    assert [set(of(town, one, "danger")) for one in news] == [FOUR], "told in one of them, once, to everybody"
    (mail,) = mails_of(town, "leader", news[0].number, "新的险情")
    assert "又发现新的险情" in mail.text
    owed = of(town, news[0], "danger")["leader"]
    assert (owed.signed_at, owed.sign_by - owed.created_at) == (None, timedelta(minutes=15))
    signs(town, mail)
    assert of(town, news[0], "danger")["leader"].signed_at == town.now()

    before = len(town.rows(notices))
    for text in ("火好大，楼道全是烟，快出来", "我看见保安动手打学生，脸都肿了", "体育馆也有女生晕倒了"):
        say(text)
    assert (len(town.rows(incidents)), len(town.rows(notices))) == (2, before)
    assert len(town.rows(members)) == 8
