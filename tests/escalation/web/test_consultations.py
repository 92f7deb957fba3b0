"""咨询 on the pages: who sees which, how it is answered, promised and sorted, and that no page shows who asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from escalation import audit, retention
from escalation.consultation import consultations, find
from escalation.procedure import load
from sentiment.polarity import Polarity
from stream.account import book
from stream.assessment import Assessment
from stream.kept import keep, keep_assessment
from stream.post import Kind, Post, Route, door
from tests.escalation.web.house import SCHOOL, House

ASKED, WRITER = "请问<b>晚上</b>几点收餐", "u-somebody-secret"


def ask(house: House, text: str = ASKED, *, kind: Kind = Kind.COMMENT, account: str = "wx-hq", pack: str = "JY") -> int:
    """Somebody asks, and the watch finds it."""
    house._made += 1
    kept, digest, cut = door(text)
    post = Post(
        school=SCHOOL, id=f"wechat:{house._made}", kind=kind, platform="wechat", account_id=account,
        thread_id=f"{account}:1" if kind is Kind.COMMENT else f"wechat:{house._made}", text=kept, text_hash=digest,
        cut=cut, author_key=WRITER, published_at=house.now, first_seen_at=house.now, fetched_at=house.now,
        revision=digest[:16], route=Route.SANDBOX, url="https://mp.weixin.qq.com/s/x",
    )  # fmt: skip
    found = Assessment(
        post=post, polarity=Polarity.NEUTRAL, p_negative=0.1, snow=0.5, engine="snow", assessed_at=house.now
    )
    with house.store.write() as conn:
        keep(conn, post)
        keep_assessment(conn, found, 0, [], house.now)
        find.take(conn, load(pack), book(conn, SCHOOL), [found], house.now)
        return int(conn.execute(select(consultations.c.id).order_by(consultations.c.id.desc())).scalars().first() or 0)


def state(house: House, number: int) -> str:
    with house.store.read() as conn:
        return str(conn.execute(select(consultations.c.state).where(consultations.c.id == number)).scalar_one())


def views(house: House) -> list[tuple[str, str]]:
    log = audit.audit_log
    with house.store.read() as conn:
        rows = conn.execute(select(log.c.actor, log.c.object).where(log.c.action == "text.view").order_by(log.c.seq))
        return [(row.actor, row.object) for row in rows]


def test_the_list_shows_the_question_escaped_with_its_clock_and_no_writer(house: House) -> None:
    ask(house)
    page = house.client("keeper").get("/consultations").text
    assert "请问&lt;b&gt;晚上" in page
    assert "HF-2026-0001" in page
    assert 'class="clock' in page
    assert WRITER not in page
    assert views(house) == [("keeper", "consultations")]


@pytest.mark.parametrize(
    ("who", "status", "sees"),
    [("keeper", 200, True), ("leader", 200, True), ("other", 200, False), ("publicity", 200, True),
     ("monitor", 200, True), ("school", 403, False), ("admin", 403, False)],
)  # fmt: skip
def test_each_sees_the_consultations_of_their_own_accounts_and_units(
    house: House, who: str, status: int, sees: bool
) -> None:
    number = ask(house)
    client = house.client(who)
    page = client.get("/consultations")
    assert page.status_code == status
    assert ("几点收餐" in page.text) == sees
    assert client.get(f"/consultations/{number}").status_code == (200 if sees else 404 if status == 200 else 403)


def test_the_keeper_answers_and_the_page_says_so(house: House) -> None:
    number = ask(house)
    client = house.client("keeper")
    form = {"csrf": "csrf-keeper", "how": "已在评论区回复", "link": "https://mp.weixin.qq.com/s/x#c"}
    sent = client.post(f"/consultations/{number}/answer", data=form)
    assert sent.headers["location"] == f"/consultations/{number}?done=answer"
    page = client.get(sent.headers["location"]).text
    assert "已登记答复。" in page
    assert "答复登记：已在评论区回复" in page
    assert 'action="/consultations/1/answer"' not in page
    again = client.post(f"/consultations/{number}/answer", data=form)
    assert again.status_code == 409
    assert "未作任何更改。" in again.text


def test_a_promise_takes_a_local_time_and_refuses_one_that_is_none(house: House) -> None:
    number = ask(house)
    client = house.client("leader")
    form = {"csrf": "csrf-leader", "until": "someday", "words": "已回复：周五前答复"}
    refused = client.post(f"/consultations/{number}/promise", data=form)
    assert refused.status_code == 409
    assert "承诺的答复时间读不懂" in refused.text
    assert 'value="已回复：周五前答复"' in refused.text
    client.post(f"/consultations/{number}/promise", data=form | {"until": "2026-11-24T17:00"})
    page = client.get(f"/consultations/{number}").text
    assert "已承诺：已回复：周五前答复" in page
    assert state(house, number) == "promised"


def test_a_monitor_may_sort_but_finds_no_form_to_answer(house: House) -> None:
    number = ask(house)
    client = house.client("monitor")
    page = client.get(f"/consultations/{number}").text
    assert "记为不是咨询" in page
    assert "登记答复</button>" not in page
    assert client.post(f"/consultations/{number}/answer", data={"csrf": "csrf-monitor"}).status_code == 403
    client.post(f"/consultations/{number}/dismiss", data={"csrf": "csrf-monitor", "why": "同学闲聊"})
    assert state(house, number) == "not_one"
    client.post(f"/consultations/{number}/reopen", data={"csrf": "csrf-monitor", "again": "确是提问"})
    assert state(house, number) == "open"


def test_a_private_message_is_folded_and_each_view_is_written_down(house: House) -> None:
    number = ask(house, "请问我的助学贷款什么时候到账", kind=Kind.MESSAGE)
    client = house.client("keeper")
    for path in ("/consultations", f"/consultations/{number}"):
        assert "助学贷款" not in client.get(path).text
    assert "私信回复窗口" in client.get(f"/consultations/{number}").text
    assert views(house) == []
    for _ in range(2):
        shown = client.post(f"/consultations/{number}/reveal", data={"csrf": "csrf-keeper"})
        assert "助学贷款" in shown.text
        assert WRITER not in shown.text
    assert views(house) == [("keeper", "consultation:1")] * 2
    assert house.client("monitor").post(
        f"/consultations/{number}/reveal", data={"csrf": "csrf-monitor"}
    ).status_code == 403  # fmt: skip
    assert house.client("other").post(
        f"/consultations/{number}/reveal", data={"csrf": "csrf-other"}
    ).status_code == 404  # fmt: skip


def test_where_the_school_has_no_clause_the_page_says_that_nothing_is_owed(house: House) -> None:
    number = ask(house, pack="TF")
    client = house.client("keeper")
    assert "校规未规定咨询答复，以下为服务清单，不计时限。" in client.get("/consultations").text
    assert "校规未规定答复时限，不计时。" in client.get(f"/consultations/{number}").text


def test_the_tabs_count_and_the_overdue_stand_apart(house: House) -> None:
    ask(house)
    ask(house, "请问教工卡也能用吗", account="wb-jw")
    with house.store.write() as conn:
        conn.execute(consultations.update().where(consultations.c.id == 1).values(overdue_at=house.now))
    client = house.client("publicity")
    page = client.get("/consultations?tab=overdue").text
    assert "几点收餐" in page
    assert "教工卡" not in page
    assert "教工卡" in client.get("/consultations?account=wb-jw").text
    assert client.get("/consultations?tab=%00&page=-4&account=%00").status_code == 200


def test_a_line_that_is_gone_is_shown_as_gone_and_nothing_is_guessed(house: House) -> None:
    number = ask(house)
    with house.store.write() as conn:
        retention.purge(conn, SCHOOL, ["wechat:1"])
    page = house.client("keeper").get(f"/consultations/{number}").text
    assert "原文已按保存期限清除。" in page


def test_the_keeper_types_a_private_message_of_an_own_account_and_of_no_other(house: House) -> None:
    client = house.client("keeper")
    assert "登记一条私信" in client.get("/consultations").text
    form = {"csrf": "csrf-keeper", "account": "wx-hq", "text": "请问几点关门", "sent_at": "2026-11-20T16:00"}
    assert client.post("/consultations", data=form).headers["location"] == "/consultations?done=typed"
    assert house.box.taken == [{"account": "wx-hq", "text": "请问几点关门", "sent_at": "2026-11-20T16:00"}]
    assert client.post("/consultations", data=form | {"account": "wb-jw"}).status_code == 404
    refused = client.post("/consultations", data=form | {"text": ""})
    assert refused.status_code == 422
    assert "请照抄私信原文" in refused.text
    assert len(house.box.taken) == 2
    assert "登记一条私信" not in house.client("monitor").get("/consultations").text
    assert house.client("monitor").post("/consultations", data=form | {"csrf": "csrf-monitor"}).status_code == 403
