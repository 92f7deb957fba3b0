"""Hot words on the desk, words and sentences on an incident's page: no person, letter, cry for help or markup."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from escalation.incident import incidents, join
from escalation.report.chapters import hot_words
from escalation.report.week import Week
from stream.post import Kind
from tests.escalation.web.house import SCHOOL, House

WATER = (
    "六栋热水器又坏了，三天没热水", "热水器坏了报修没人来", "六栋没热水，澡都洗不了", "热水器什么时候修",
    "王建国说热水器没坏", "王建国又来了，凭什么", "王建国老师别装了",
)  # fmt: skip


def hot(house: House) -> str:
    return str(house.client("monitor").get("/desk/hot").text)


def test_the_desk_names_what_the_day_speaks_of_and_leads_to_it(house: House) -> None:
    for text in WATER:
        house.post(text)
    page = hot(house)
    assert ">热水器 <i>4</i></a>" in page
    assert 'href="/search?q=%E7%83%AD%E6%B0%B4%E5%99%A8"' in page
    assert "建国" not in page
    assert 'id="hots"' in house.client("monitor").get("/desk").text


def test_few_lines_old_lines_letters_own_words_and_cries_for_help_make_no_hot_word(house: House) -> None:
    for n in range(4):
        house.post(f"热水器坏了 {n}")
    assert "评论不多，尚无热词" in hot(house)
    house.now += timedelta(hours=25)
    for n in range(9):
        house.post(f"热水器停了，助学贷款 {n}", kind=Kind.MESSAGE)
        house.post(f"热水器检修通知 {n}", by_school=True)
        house.post(f"活不下去了，热水器 {n}", theme="self_harm", words=["活不下去"])
    assert "评论不多，尚无热词" in hot(house)


def test_an_incident_shows_what_people_say_of_it_as_they_wrote_it(house: House) -> None:
    number = house.incident(text="中午吃了二食堂的香锅，三个人在拉肚子", comments=3)
    more = [
        house.post(text, words=["拉肚子"])
        for text in ("二食堂的香锅吃完拉肚子，<b>已去校医院</b>", "香锅拉肚子加一，校医院排队")
    ]
    with house.store.write() as conn:
        one = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalar_one()
        join(conn, one, SCHOOL, [post.id for post in more], 10, house.now)
    page = house.client("monitor").get(f"/incidents/{number}").text
    box = page[page.index('id="talk"') :].partition("</section>")[0]
    assert "5 条评论" in box
    assert "拉肚子" in box
    assert "香锅" in box
    assert "<b>" not in box
    assert box.count("<li>") <= 3


def test_a_care_case_and_a_single_line_have_no_summary(house: House) -> None:
    for number in (house.incident(care=True), house.incident(comments=1)):
        assert 'id="talk"' not in house.client("monitor").get(f"/incidents/{number}").text


def test_the_weekly_report_reads_only_public_judged_comments_of_the_week(house: House) -> None:
    house.post("热水器坏了")
    house.post("热水器检修通知", by_school=True)
    house.post("我的热水器报修", kind=Kind.MESSAGE)
    house.post("活不下去了，热水器", theme="self_harm", words=["活不下去"])
    with house.store.read() as conn:
        found = hot_words.fetch(conn, SCHOOL, Week.of(house.now))
        before = hot_words.fetch(conn, SCHOOL, Week.of(house.now).before)
    assert [one.text for one in found] == ["热水器坏了"]
    assert before == ()
