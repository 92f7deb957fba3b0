"""The pages of reports: list, paper, chart, items behind figures, signature."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from escalation import audit, keeper, receipt
from escalation.incident import Actor
from escalation.notice import notices
from escalation.people import Role, people
from escalation.report.fetch import week_rows
from escalation.report.figures import figures
from escalation.report.week import Week
from stream.account import accounts
from stream.coverage import scans
from tests.escalation.web.house import NOW, SCHOOL, House, csrf
from tests.escalation.web.records import sent, watched

WEEK = Week.of(NOW)


def busy(house: House) -> House:
    number = house.incident(minutes=20)
    house.incident("7 号宿舍楼起火传言", level=1, minutes=40)
    house.incident(care=True, minutes=50)
    sent(house, number)
    watched(house)
    house.post("还不错", minutes=60 * 24 * 9)
    house.post("<script>alert(1)</script>", minutes=30, url="javascript:alert(1)")
    house.post("公告", minutes=30, by_school=True)
    return house


def test_every_figure_on_the_paper_leads_to_a_list_of_that_length(house: House) -> None:
    client = busy(house).client("school")
    said = client.get(f"/reports/{WEEK}").text
    found = re.findall(rf'href="(/reports/{WEEK}/items/[^"]+)">([0-9,]+)</a>', said)
    assert len({href for href, _ in found}) >= 12
    for href, figure in found:
        listed = client.get(href)
        assert listed.status_code == 200, href
        assert f"<h2>{figure} 项</h2>" in listed.text, href


def test_figures_from_the_store_count_what_happened(house: House) -> None:
    busy(house)
    number = house.incident("已答复", minutes=10)
    with house.store.write() as conn:
        receipt.sign(conn, house.notice(number, "keeper"), "keeper", NOW, via="link")
        actor = Actor("keeper", "谢晓", frozenset({Role.KEEPER}))
        keeper.answer(conn, 4, actor, NOW, text="已核实")
    with house.store.read() as conn:
        found = figures(week_rows(conn, SCHOOL, "风林", WEEK), NOW)
    assert found.comments.value == 3 * 4 + 1
    assert found.comments_before == 1
    assert found.opened.value == 4
    assert {level: fig.value for level, fig in found.levels} == {1: 1, 2: 3, 3: 0, 4: 0}
    assert found.care.value == 1
    assert found.in_time.value == 1
    assert found.answer_median == timedelta(minutes=10)
    assert found.failed_all.value == 1
    assert found.accounts.value == 4
    assert {one.account.id for one in found.unseen} >= {"wb-jw", "sph-1"}
    assert found.engines == ("snow",)


def test_a_machine_that_was_off_in_mid_week_is_found_between_two_scans(house: House) -> None:
    watched(house)
    with house.store.write() as conn:
        first = conn.execute(select(func.min(scans.c.at)).where(scans.c.account_id == "wx-hq")).scalar_one()
        conn.execute(update(accounts).where(accounts.c.id == "wx-hq").values(watch_from=first))
    with house.store.read() as conn:
        found = figures(week_rows(conn, SCHOOL, "风林", WEEK), NOW)
    main = next(one for one in found.unseen if one.account.id == "wx-hq")
    assert timedelta(hours=2, minutes=25) <= main.total <= timedelta(hours=2, minutes=40)


def test_lists_of_comments_hold_no_words_and_no_hostile_link(house: House) -> None:
    client = busy(house).client("publicity")
    said = client.get(f"/reports/{WEEK}/items/comments").text
    assert "拉肚子" not in said
    assert "javascript:" not in said
    assert "alert(1)" not in said


def test_what_people_say_stands_on_the_paper_without_care_cases_and_who_reads_it_is_in_the_audit(house: House) -> None:
    for n in range(24):
        house.post(f"六栋的热水器又坏了，报修没人来，第 {n} 天", minutes=60 + n)
    house.incident(
        "有人不想回家", care=True, text="热水器旁边那位同窗把东西都送人了", theme="dorm", minutes=30, comments=6
    )
    client = house.client("school")
    for _ in range(2):
        page = client.get(f"/reports/{WEEK}").text
    assert "大家在说" in page
    assert re.search(r"<bdi>六栋的热水器又坏了，报修没人来，第 \d+ 天</bdi>", page)
    assert "送人" not in page
    assert f'items/hot_words.read">{24:,}</a>' in page, "what belongs to a care case is not read"
    with house.store.read() as conn:
        log = audit.audit_log
        seen = conn.execute(select(log.c.object, log.c.detail).where(log.c.action == "text.view")).all()
    assert [(row.object, row.detail) for row in seen] == [(str(WEEK), {"purpose": "阅周报"})]


def test_a_report_without_words_of_anybody_is_no_view_of_text(house: House) -> None:
    busy(house).client("school").get(f"/reports/{WEEK}")
    with house.store.read() as conn:
        log = audit.audit_log
        assert conn.execute(select(log.c.seq).where(log.c.action == "text.view")).all() == []


def test_care_cases_have_no_title_and_no_link_behind_their_figure(house: House) -> None:
    client = house.client("publicity")
    number = house.incident("不可外露的标题", care=True)
    for path in (f"/reports/{WEEK}", f"/reports/{WEEK}/items/care", f"/reports/{WEEK}/items/opened"):
        said = client.get(path).text
        assert "不可外露" not in said
        assert f"/incidents/{number}" not in said
    assert client.get(f"/reports/{WEEK}/items/theme-self_harm").status_code == 404


def test_a_care_case_tells_of_no_number_unit_or_person_on_the_report_nor_behind_any_of_its_figures(
    house: House,
) -> None:
    number = house.incident("求助", care=True, unit="心理健康中心", minutes=600)
    with house.store.read() as conn:
        told = conn.execute(select(people.c.name).join(notices, notices.c.addressee == people.c.id)).scalars().all()
    assert told
    reader = house.client("school")
    report = reader.get(f"/reports/{WEEK}").text
    lists = sorted(set(re.findall(rf"/reports/{WEEK}/items/[a-z0-9-]+", report)))
    assert f"/reports/{WEEK}/items/care" in lists
    for said in (report, *(reader.get(path).text for path in lists)):
        paper = said.partition("<main")[2]
        found = {word: paper.find(word) for word in (number, "心理健康中心", *told)}
        assert {word: paper[at - 90 : at + 30] for word, at in found.items() if at >= 0} == {}


def test_a_trial_week_counts_nothing_and_says_why(house: House) -> None:
    house.on_trial()
    house.incident()
    said = house.client("publicity").get(f"/reports/{WEEK}").text
    assert "试运行期间的事件只作标注" in said
    assert "本周未立事件" in said
    assert "（试运行）" in said


def test_the_chart_is_an_image_of_this_week(house: House) -> None:
    answer = busy(house).client("school").get(f"/reports/{WEEK}/trend.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "周一 16日" in answer.text


def test_the_list_marks_the_weeks_before_anybody_watched(house: House) -> None:
    busy(house)
    with house.store.write() as conn:
        conn.execute(update(accounts).values(watch_from=NOW - timedelta(days=2)))
    rows = house.client("school").get("/reports").text.split("<tr>")
    assert "本周未完" in rows[2]
    assert "尚未开始采集" in rows[3]
    assert "未签发" not in rows[3]


def test_a_week_that_has_not_begun_has_no_report_and_says_so(house: House) -> None:
    answer = house.client("monitor").get("/reports/2030-W01", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "这一周还没有开始，没有报告" in answer.text
    assert house.client("monitor").get("/reports/2026-W47").status_code == 200


@pytest.mark.parametrize("path", ["/reports/2026-W99", "/reports/x", "/reports/2026-W47/items/nothing",
                                  "/reports/2026-W47/items/theme-%3Cb%3E", "/reports/2026-W60/trend.svg"])  # fmt: skip
def test_a_week_or_list_that_does_not_exist_is_not_found(house: House, path: str) -> None:
    assert house.client("monitor").get(path).status_code == 404


@pytest.mark.parametrize("name", ["keeper", "leader", "publicity", "school", "monitor", "admin"])
def test_everybody_who_is_signed_in_may_read_reports(house: House, name: str) -> None:
    client = house.client(name)
    assert client.get("/reports").status_code == 200
    assert client.get(f"/reports/{WEEK}").status_code == 200


def test_nobody_reads_reports_without_signing_in(house: House) -> None:
    for path in ("/reports", f"/reports/{WEEK}", f"/reports/{WEEK}/trend.svg", f"/reports/{WEEK}/items/opened"):
        assert house.client().get(path).status_code in (303, 401, 403)


def test_a_finished_week_is_signed_once_and_shows_later_changes(house: House) -> None:
    busy(house)
    house.now = NOW + timedelta(days=4)
    client = house.client("school")
    page = client.get(f"/reports/{WEEK}").text
    form = {"csrf": csrf(page), "fingerprint": page.split('name="fingerprint" value="')[1].split('"')[0]}
    assert "done=sign" in client.post(f"/reports/{WEEK}/sign", data=form).headers["location"]
    signed = client.get(f"/reports/{WEEK}").text
    assert "签发人：<b>沈澄</b>" in signed
    assert "须重新签发" not in signed
    assert 'name="fingerprint"' not in signed
    assert "沈澄 已签发" in client.get("/reports").text
    with house.store.read() as conn:
        assert list(audit.faults(conn)) == []
    house.post("迟到的一条", minutes=60 * 24 * 4)
    changed = client.get(f"/reports/{WEEK}").text
    assert "须重新签发" in changed
    again = client.post(f"/reports/{WEEK}/sign", data=form)
    assert "done=moved" in again.headers["location"]


def test_a_running_week_and_a_monitor_can_not_sign(house: House) -> None:
    client = house.client("publicity")
    page = client.get(f"/reports/{WEEK}").text
    assert 'name="fingerprint"' not in page
    assert "本周未完" in page
    token = csrf(client.get("/reports").text)
    answer = client.post(f"/reports/{WEEK}/sign", data={"csrf": token, "fingerprint": "0" * 64})
    assert "done=running" in answer.headers["location"]
    monitor = house.client("monitor")
    token = csrf(monitor.get("/reports").text)
    assert monitor.post(f"/reports/{WEEK}/sign", data={"csrf": token}).status_code == 403
