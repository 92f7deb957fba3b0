"""The desk: every open incident by its nearest deadline, and whether the machine is watching."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, select, update

from escalation import alert, handling, receipt
from escalation.audit import audit_log
from escalation.incident import Actor, incidents, join
from escalation.people import Role, shifts
from escalation.web.frozen import Frozen
from escalation.web.queue_view import Filter, queue_of
from escalation.web.scope import Scope
from sentiment.polarity import Polarity
from stream import account, pulse
from stream.coverage import sources
from stream.dead_letter import bury
from stream.kept import assessments
from stream.post import Kind
from stream.search import Document, SearchUnavailable
from tests.escalation.web.house import OTHER_UNIT, SCHOOL, UNIT, House


def numbers(page: str) -> list[str]:
    return re.findall(r'data-number="(FX-[^"]+)" data-level', page)


def clock_of(row: str) -> str:
    """What the one clock of a page with one row is for."""
    (words,) = re.findall(r'class="clock__k">([^<]+)<', row)
    return str(words)


def test_rows_stand_in_the_order_of_their_deadlines_not_of_their_age(house: House) -> None:
    calm = house.incident("一般的事", level=4, minutes=30)
    urgent = house.incident("网传起火", level=1, minutes=1)
    late = house.incident("连续停电", level=3, minutes=45)
    grave = house.incident("就餐腹泻", level=2, minutes=2)
    page = house.client("monitor").get("/desk").text
    assert numbers(page) == [late, urgent, grave, calm]
    groups = [page.index(f">{title} <") for title in ("已逾期", "15 分钟内", "今日与以后")]
    assert groups == sorted(groups)


def test_a_row_says_level_state_clock_reasons_and_number_in_words(house: House) -> None:
    number = house.incident()
    house.client().post(house.link(number, "publicity"))
    row = house.client("monitor").get("/desk/queue").text
    for words in (
        "Ⅱ 重大",
        "待签收 1/4",
        "待确认",
        "剩",
        "15:00",
        "涌量 41 · 疑似食源性不适 33",
        "风林后勤",
        UNIT,
        "0001",
    ):
        assert words in row
    assert "<mark>腹泻</mark>" in row
    assert "到期后" in row


def test_signing_moves_the_clock_on_to_the_next_duty(house: House) -> None:
    number = house.incident()
    for person in ("leader", "publicity", "school", "keeper"):
        house.client().post(house.link(number, person))
    row = house.client("monitor").get("/desk/queue").text
    assert "已签收" in row
    assert clock_of(row) == "签后办理", "somebody has to act within 30 minutes of signing, sooner than 首报"
    assert "到期后重新计时并催办" in row
    with house.store.write() as conn:
        (held,) = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalars()
        handling.confirm(conn, held, Actor("monitor", "陈屿", frozenset({Role.MONITOR})), house.now)
    assert clock_of(house.client("monitor").get("/desk/queue").text) == "首报"


def test_who_is_silent_stands_by_an_overdue_clock(house: House) -> None:
    number = house.incident()
    house.now += timedelta(minutes=20)
    with house.store.write() as conn:
        receipt.sign(conn, house.notice(number, "publicity"), "publicity", house.now, via="link")
    row = house.client("monitor").get("/desk/queue").text
    assert "逾期" in row
    assert "05:00" in row
    assert "罗广平" in row
    assert "何岚" not in row


def test_a_cry_for_help_carries_the_buoy_and_no_text_share_or_curve(house: House) -> None:
    house.incident("我就走到这里啦", care=True, text="我就走到这里啦，猫拜托阿姨")
    page = house.client("monitor").get("/desk").text
    assert "求助" in page
    assert "疑似心理求助，原文已收起" in page
    assert "走到这里" not in page
    assert 'class="spark"' not in page
    assert "涌量" not in page


def test_filters_stand_in_the_url(house: House) -> None:
    first, second = house.incident(level=2), house.incident("试卷", level=3, unit=OTHER_UNIT, account_id="wb-jw")
    client = house.client("monitor")
    assert numbers(client.get("/desk?level=3").text) == [second]
    assert numbers(client.get(f"/desk?unit={UNIT}").text) == [first]
    assert numbers(client.get("/incidents?q=试卷").text) == [second]
    assert numbers(client.get("/incidents?q=%25").text) == []
    assert sorted(numbers(client.get("/incidents?view=nonsense&level=9").text)) == [first, second]
    assert numbers(client.get("/incidents?view=ended").text) == []
    assert numbers(client.get("/incidents?platform=抖音").text) == []


def test_words_do_not_find_what_a_care_case_keeps_folded(house: House) -> None:
    house.incident("楼顶的晚霞", care=True, text="晚安")
    with house.store.read() as conn:
        wanted = Filter(view="all", words="晚霞")
        found = queue_of(conn, Frozen(), SCHOOL, Scope(everything=True), wanted, house.now)
    assert found.total == 0


def test_an_empty_desk_says_that_it_is_empty_and_where_to_look(house: House) -> None:
    page = house.client("monitor").get("/desk").text
    assert "没有待办" in page
    assert "通道 2/2" in page


def test_the_strip_names_everything_that_is_not_green(house: House) -> None:
    house.roles = ("crawl", "assess", "watch", "notify", "index")
    with house.store.write() as conn:
        pulse.beat(conn, "assess", house.now)
        pulse.beat(conn, "watch", house.now)
        pulse.beat(conn, "notify", house.now - timedelta(minutes=3))
        pulse.beat(conn, "index", house.now, "检索引擎没有回应")
        alert.ring(conn, SCHOOL, "channel:mail", "邮件连续送不出：授权码无效。", house.now)
        bury(conn, reader="watch", topic="assessed", partition=0, offset=1, body=b"?", reason="读不懂", now=house.now)
        known = account.book(conn, SCHOOL)
        account.enter(conn, [replace(one, active=False) for one in known.values()])
        kept = next(iter(known.values()))
        account.enter(conn, [replace(kept, id=name, active=True) for name in "abc"])
        for name, age in (("a", 10), ("b", 400), ("c", 5000)):
            conn.execute(
                sources.insert().values(
                    school=SCHOOL, id=name, account_id=name, platform="weibo", stream="c", promised_s=120,
                    interval_s=60, next_due=house.now, quiet_scans=0, cursor="", active=True, essential=True,
                    breaker="closed", failures=0, last_class="", last_reason="",
                    last_full=house.now - timedelta(seconds=age), seen=1,
                    note="",
                )
            )  # fmt: skip
    page = house.client("monitor").get("/strip").text
    for words in (
        "采集 1",
        "迟 1",
        "盲 1",
        "采集未启动",
        "通知停 3 分",
        "检索受阻",
        "通道 1/2",
        "死信 1",
        "fengxin dead list",
        "授权码无效",
    ):
        assert words in page, words
    assert "告警" in page


def test_a_dead_judge_is_said_before_anything_else(house: House) -> None:
    house.roles = ("assess", "watch")
    assert "研判停" in house.client("monitor").get("/strip").text


def test_the_strip_says_who_is_on_and_who_is_next(house: House) -> None:
    hours = timedelta(hours=1)
    with house.store.write() as conn:
        conn.execute(
            shifts.insert(),
            [
                {"school": SCHOOL, "person_id": "monitor", "starts_at": house.now - hours, "ends_at": house.now + hours,
                 "leads": False},
                {"school": SCHOOL, "person_id": "publicity", "starts_at": house.now - hours,
                 "ends_at": house.now + 100 * hours, "leads": True},
                {"school": SCHOOL, "person_id": "other", "starts_at": house.now + hours,
                 "ends_at": house.now + 2 * hours, "leads": False},
            ],
        )  # fmt: skip
    page = house.client("monitor").get("/desk").text
    assert '陈屿 · 带班 何岚 <span class="k">15:42 至 17:42</span>' in page, "the hours are the monitor's"
    assert "吴淑仪 17:42" in page


def test_a_shift_of_a_whole_day_says_on_which_day_it_ends(house: House) -> None:
    day = timedelta(days=1)
    shift = {"school": SCHOOL, "person_id": "monitor", "leads": False}
    after = {"school": SCHOOL, "person_id": "other", "leads": False}
    with house.store.write() as conn:
        conn.execute(shifts.insert().values(**shift, starts_at=house.now, ends_at=house.now + day))
        conn.execute(shifts.insert().values(**after, starts_at=house.now + day, ends_at=house.now + 2 * day))
    page = house.client("monitor").get("/strip").text
    assert "16:42 至 11月21日 16:42" in page
    assert "吴淑仪 11月21日 16:42" in page


def test_the_ticker_shows_polarity_risk_and_folds_cries_for_help(house: House) -> None:
    house.post("运动会航拍太好看了", words=["航拍"], polarity=Polarity.POSITIVE, risk=6)
    house.post("真的活不下去了", theme="self_harm", words=["活不下去"], risk=95)
    page = house.client("monitor").get("/desk/feed").text
    assert "正面" in page
    assert "<b>6</b>" in page
    assert "活不下去" not in page
    assert "疑似心理求助，原文已收起" in page
    assert "今日 2 条" in page


def test_a_mild_remark_shows_its_own_risk_beside_the_matter_that_it_only_joins(house: House) -> None:
    number = house.incident(text="中午吃了二食堂的香锅，三个人在拉肚子", comments=1)
    mild = house.post("那家香锅我也常去", risk=64)
    building = house.post("香锅的肉颜色不对", risk=70)
    with house.store.write() as conn:
        (matter,) = conn.execute(select(incidents.c.id).where(incidents.c.number == number)).scalars()
        join(conn, matter, SCHOOL, [mild.id], 64, house.now)
        found = {"hits": [], "themes": [], "polarity": "neutral", "p_negative": 0.1}
        conn.execute(update(assessments).where(assessments.c.post_id.in_([mild.id, building.id])).values(**found))
    page = house.client("monitor").get("/desk/feed").text
    lines = [re.sub(r"<[^>]+>", " ", row).split() for row in page.split("<li>")[1:]]
    said = {text: next(row for row in lines if text in row[-1]) for text in ("常去", "颜色", "拉肚子")}
    assert said["常去"][2:3] + said["常去"][4:8] == ["0", "属", number, "合计", "64"]
    assert said["颜色"][2:3] + said["颜色"][4:6] == ["0", "合计", "70"]
    assert said["拉肚子"][2:3] + said["拉肚子"][4:8] == ["39", "属", number, "合计", "60"], "its rule alone"


def test_a_private_message_is_neither_in_the_ticker_nor_in_what_search_finds(house: House) -> None:
    house.post("请问我的助学贷款什么时候到账", kind=Kind.MESSAGE)
    house.post("请问几点收餐")
    at = house.now
    house.shelf.documents.append(
        Document(SCHOOL, "m", "message", "wechat", "wx-hq", "t", "我家里的助学贷款", "neutral", 0, at, at)
    )
    client = house.client("monitor")
    page = client.get("/desk/feed").text
    assert "助学贷款" not in page
    assert "几点收餐" in page
    assert "今日 1 条" in page
    assert "我家里" not in client.get("/search?q=助学贷款").text


def test_words_that_nobody_has_judged_yet_are_shown_nowhere_as_they_may_be_a_cry_for_help(house: House) -> None:
    cry, at = "我不想活了，今晚就从三号楼跳下去", house.now
    house.shelf.documents.append(
        Document(SCHOOL, "wechat:999", "comment", "wechat", "wx-hq", "wx-hq:1", cry, "negative", 90, at, at)
    )
    post = house.post("三号楼的灯坏了，有人在楼顶哭")
    with house.store.write() as conn:
        conn.execute(delete(assessments).where(assessments.c.post_id == post.id))
    client = house.client("monitor")
    found = client.get("/search?q=三号楼").text
    assert "跳下去" not in found
    assert "待判，判完再显示原文" in found
    ticker = client.get("/desk/feed").text
    assert "楼顶哭" not in ticker
    assert "待判，判完再显示原文" in ticker


def test_looking_at_comment_text_is_in_the_audit_once_an_hour(house: House) -> None:
    client = house.client("monitor")
    for _ in range(3):
        client.get("/desk")
    house.now += timedelta(hours=1)
    client.get("/desk")
    with house.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.action == "text.view")).all()
    assert [(row.actor, row.detail["purpose"]) for row in rows] == [("monitor", "值班监听")] * 2


def test_the_band_shows_what_came_and_what_is_due(house: House) -> None:
    house.incident(minutes=3)
    for minutes in (5, 60, 130):
        house.post("一条", minutes=minutes, polarity=Polarity.NEGATIVE)
    page = house.client("monitor").get("/desk/tide").text
    assert "共 6 条，负面 6 条" in page
    assert ">签收</tspan>" in page
    assert "16:42" in page
    assert "看数据" in page


def test_search_finds_posts_and_says_when_it_cannot(house: House) -> None:
    number = house.incident()
    grave = house.post("活不下去了", theme="self_harm", words=["活不下去"])
    at, plain = house.now, house.post("食堂 <b>拉肚子")
    shelf = house.shelf.documents
    shelf.append(Document(SCHOOL, plain.id, "comment", "weibo", "a", "t", "食堂 <b>拉肚子", "negative", 60, at, at))
    shelf.append(Document(SCHOOL, grave.id, "comment", "weibo", "a", "t", "活不下去了", "negative", 90, at, at))
    client = house.client("monitor")
    page = client.get("/search?q=拉肚子").text
    assert "食堂 &lt;b&gt;<mark>拉肚子</mark>" in page
    assert "活不下去了" not in client.get("/search?q=活不下去").text.replace("“活不下去”", "")
    house.shelf.error = SearchUnavailable("检索文件打不开")
    down = client.get("/search?q=腹泻").text
    assert "原文检索暂不可用" in down
    assert number in down
    assert client.get("/desk").status_code == 200


def test_alerts_and_names_are_for_those_who_run_the_service(house: House) -> None:
    with house.store.write() as conn:
        alert.ring(conn, SCHOOL, "vacant:x", "“管理员”没有可联系的人员，FX-2026-0009 的通知已改发值班台。", house.now)
    for name in ("monitor", "publicity", "admin"):
        assert "FX-2026-0009" in house.client(name).get("/strip").text
    for name in ("leader", "keeper", "school"):
        assert "FX-2026-0009" not in house.client(name).get("/me").text


def test_a_pasted_comment_is_looked_for_however_long_it_is(house: House) -> None:
    house.incident("网传起火", level=1, minutes=1)
    client = house.client("monitor")
    for words in ("实训楼三楼的走廊一直在冒烟，" * 3, "x" * 3000, "%" * 60, "a\x00b"):
        for page in ("/search", "/incidents", "/deliveries"):
            assert client.get(page, params={"q": words}).status_code == 200, (page, words[:10])
    assert client.get("/incidents", params={"unit": "长" * 500, "platform": "x" * 500}).status_code == 200
