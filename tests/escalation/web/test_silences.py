"""静默 on its page: set by name with reason and end, shown with what it kept back, ended by hand; in the strip too."""

from __future__ import annotations

import html
import re

from escalation import alert
from tests.escalation.web.house import SCHOOL, House


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def silence(house: House, target: str, who: str = "monitor", **changes: str) -> tuple[int, str]:
    given = {"csrf": f"csrf-{who}", "target": target, "reason": "平台停机维护", "hours": "2"} | changes
    answer = house.client(who).post("/silences", data=given)
    return answer.status_code, answer.headers.get("location", "") or words(answer.text)


def test_a_silence_is_set_shown_everywhere_and_ended_by_hand(house: House) -> None:
    number = house.incident()
    assert silence(house, f"incident|{number}") == (303, "/silences?done=silenced")
    client = house.client("monitor")
    page = words(client.get("/silences").text)
    for part in (f"{number} 的催签与催办", "陈屿", "平台停机维护", "18:42", "0 条"):
        assert part in page, part
    assert "静默 1" in words(client.get("/desk").text)
    assert client.post("/silences/1/lift", data={"csrf": "csrf-monitor"}).headers["location"] == "/silences?done=lifted"
    page = words(client.get("/silences").text)
    assert "没有静默" in page
    assert "已提前结束" in page


def test_themes_stand_in_chinese_accounts_with_their_platform_and_the_duty_page_leads_here(house: House) -> None:
    house.incident()
    client = house.client("monitor")
    page = client.get("/silences").text
    assert '<option value="theme|canteen">食堂餐饮</option>' in page
    assert "风林后勤（微信公众号）" in page
    assert silence(house, "theme|canteen")[0] == 303
    assert "主题“食堂餐饮”各事件的催签与催办" in words(client.get("/silences").text)
    assert 'href="/silences"' in client.get("/duty").text


def test_what_cannot_be_silenced_is_refused_with_the_reason_and_the_words_kept(house: House) -> None:
    grave = house.incident(level=1)
    status, page = silence(house, f"incident|{grave}")
    assert (status, "Ⅰ级事件不能静默" in page) == (409, True)
    assert "没有静默" in house.client("monitor").get("/silences").text
    for given in ({"target": ""}, {"hours": "400"}, {"reason": " "}):
        assert silence(house, **({"target": f"incident|{grave}"} | given))[0] == 409
    assert silence(house, "theme|canteen", "keeper")[0] == 403
    assert silence(house, "theme|canteen", csrf="no")[0] == 403


def test_an_alert_that_is_silenced_is_folded_away_from_the_strip(house: House) -> None:
    with house.store.write() as conn:
        alert.ring(conn, SCHOOL, "blind:wx-hq", "“风林后勤”已看不见。", house.now)
        alert.ring(conn, SCHOOL, "delivery:3", "通知 FX-1 送不到。", house.now)
    client = house.client("monitor")
    page = client.get("/desk").text
    assert "/silences?cause=blind%3Awx-hq" in page
    assert "/silences?cause=delivery" not in page
    assert silence(house, "alert|blind:wx-hq")[0] == 303
    page = words(client.get("/desk").text)
    assert "已看不见" not in page
    assert "送不到" in page
    assert "静默 1" in page
