"""What was said of a matter is counted apart from what merely stands under the same post; the page says what is now."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from escalation.incident import incidents, join
from escalation.web.figures import figures_of
from sentiment.polarity import Polarity
from stream.kept import assessments
from tests.escalation.web.house import SCHOOL, House


def put(house: House, number: str, *ids: str) -> None:
    with house.store.write() as conn:
        one = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
        join(conn, one, SCHOOL, ids, 10, house.now)


def mark(house: House, post_id: str, category: str) -> None:
    hit = {"rule": "XX-01", "version": 1, "title": "某", "theme": "any", "category": category, "weight": 10}
    with house.store.write() as conn:
        conn.execute(update(assessments).where(assessments.c.post_id == post_id).values(hits=[hit], themes=["any"]))


def test_echoes_and_unmarked_lines_are_other_comments_and_not_counted(house: House) -> None:
    number = house.incident(comments=3)
    echo = house.post("同问", polarity=Polarity.NEUTRAL)
    cheer = house.post("支持", polarity=Polarity.POSITIVE)
    loud = house.post("已打12345", polarity=Polarity.NEUTRAL)
    bitter = house.post("气死了", polarity=Polarity.NEGATIVE)
    house.post("收到", polarity=Polarity.NEUTRAL)
    mark(house, echo.id, "echo")
    mark(house, loud.id, "escalation")
    put(house, number, echo.id, cheer.id, loud.id, bitter.id)
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "说到此事的共 5 条，列出 5 条，负面 80%；同帖其他评论 3 条，不计入" in page
    assert page.count('<span class="tag">同帖其他评论</span>') == 2
    assert page.index("气死了") < page.index("同问")
    assert page.index("已打12345") < page.index("支持</bdi>")


def test_the_page_says_how_many_speak_of_it_now_beside_what_it_was_opened_by(house: House) -> None:
    number = house.incident(comments=2)
    assert "现在：2 人说到此事、近一小时 2 条" in house.client("monitor").get(f"/incidents/{number}").text
    house.now += timedelta(hours=2)
    late = house.post("又有人腹泻", words=["腹泻"])
    put(house, number, late.id)
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "现在：3 人说到此事、近一小时 1 条" in page
    assert "近 1 小时 213 条" in page


def test_a_line_that_a_person_joined_speaks_of_the_matter_also_after_its_end(house: House) -> None:
    number = house.incident(comments=1)
    post = house.post("平平的一句", polarity=Polarity.NEUTRAL)
    form = {"csrf": "csrf-monitor", "post": post.id, "join": number, "reason": "说的是这件事"}
    assert house.client("monitor").post("/raise", data=form).status_code == 303
    for _ in range(2):
        with house.store.read() as conn:
            row = conn.execute(select(incidents)).one()
            found = figures_of(conn, row, house.now)
        assert (found.related, found.others) == (2, 0)
        house.client("monitor").post(
            f"/incidents/{number}/dismiss", data={"csrf": "csrf-monitor", "reason": "规则误判"}
        )
