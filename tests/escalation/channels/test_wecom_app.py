"""The 企业微信 application message: one refresher of the token, partial failure, the drop nobody is told of."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Partial, Permanent, RateLimited, Transient, Unknown
from escalation.channels.exchange import Answer
from escalation.channels.sandbox import Fault as Trouble
from escalation.channels.wecom_answer import judge_sent, judge_token
from escalation.channels.wecom_app import DESCRIPTION_BYTES, TEXT_BYTES, TITLE_BYTES, Application, card

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)
URL = "https://fengxin.example.edu.cn/r/7Qm2"


def note(
    text: str = "请签收", to: str = "luowen", level: int = 2, subject: str = "【Ⅱ级】请签收", number: str = "FX-1-03"
) -> Message:
    return Message(number, "d-1", to, level, subject, text, None, URL)


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode(), {})


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"errcode": 0, "msgid": "m1", "errmsg": "fail"}, 200, Accepted),
        ({"errcode": 0, "invaliduser": "luowen", "msgid": "m1"}, 200, Partial),
        ({"errcode": 0, "invaliduser": "a|LUOWEN|c"}, 200, Partial),
        ({"errcode": 0, "invaliduser": "luowen2|xluowen"}, 200, Accepted),
        ({"errcode": 0, "unlicenseduser": "luowen"}, 200, Partial),
        ({"errcode": 81013, "errmsg": "ok"}, 200, Fault.CONTACT),
        ({"errcode": 60020, "errmsg": "ok"}, 200, Fault.CREDENTIAL),
        ({"errcode": 40056}, 200, Fault.CREDENTIAL),
        ({"errcode": 45009}, 200, RateLimited),
        ({"errcode": 45026}, 200, Fault.QUOTA),
        ({"errcode": 42001}, 200, Transient),
        ({"errcode": -1}, 200, Transient),
        ({"errcode": 40058}, 200, Fault.CONTENT),
        ({"errcode": 987654}, 200, Fault.CONTENT),
        ({"errmsg": "ok"}, 200, Unknown),
        ({"errcode": "0"}, 200, Unknown),
        ({"errcode": True}, 200, Unknown),
        ({"errcode": 0}, 502, Transient),
        ({}, 429, RateLimited),
        ({}, 302, Fault.CREDENTIAL),
    ],
)
def test_the_code_and_the_lists_decide_never_the_words(body: Any, status: int, expected: object) -> None:
    outcome = judge_sent(answer(body, status), "LuoWen")
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected


def test_the_answer_code_and_the_message_id_are_kept() -> None:
    assert judge_sent(answer({"errcode": 0, "msgid": "m1"}), "a").answer == "0 · m1"
    assert judge_sent(answer({"errcode": 60020}), "a").answer == "60020"
    assert judge_sent(answer({}, 502), "a").answer == "HTTP 502"


def test_a_token_that_cannot_be_read_is_no_token() -> None:
    unreadable: tuple[object, ...] = ({"errcode": 0}, {"errcode": 0, "access_token": 7}, {"access_token": "x"}, [])
    for body in unreadable:
        assert isinstance(judge_token(answer(body)), Transient)
    assert judge_token(answer({"errcode": 0, "access_token": "t", "expires_in": 10**9})) == ("t", 7200.0)


def test_one_token_serves_until_it_nears_its_end(house: Any) -> None:
    clock = [NOW]
    house.demo.ledger.now = lambda: clock[0]
    app = house.app(now=lambda: clock[0])
    for n in range(3):
        assert isinstance(app.send(note(f"第 {n} 条")), Accepted)
    assert house.demo.members.fetched == 1
    clock[0] += timedelta(minutes=116)
    assert isinstance(app.send(note("后来")), Accepted)
    assert house.demo.members.fetched == 2


def test_many_threads_fetch_the_token_once(house: Any) -> None:
    app = house.app(total=8.0)
    outcomes: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(app.send(note(f"第 {n} 条", to=f"member{n}"))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert house.demo.members.fetched == 1


def test_a_stale_token_is_refreshed_once_and_the_message_goes_out(house: Any) -> None:
    app = house.app()
    app.send(note("一"))
    house.demo.faults.set("app", Trouble("42001", times=1))
    assert isinstance(app.send(note("二")), Accepted)
    assert house.demo.members.fetched == 2
    assert house.demo.ledger.newest("app")[0].content.startswith("二")


def test_a_vendor_that_never_takes_a_token_ends_as_transient(house: Any) -> None:
    house.demo.faults.set("app", Trouble("42001"))
    assert isinstance(house.app().send(note()), Transient)
    assert house.demo.members.fetched == 2, "refreshed once and not for ever"


def test_the_own_counter_ends_before_the_silent_drop(house: Any) -> None:
    clock = [NOW]
    house.demo.ledger.now = lambda: clock[0]
    app = house.app(now=lambda: clock[0])
    outcomes = [app.send(note(f"第 {n} 条", level=1)) for n in range(40)]
    assert sum(isinstance(one, Accepted) for one in outcomes) == 25
    last = outcomes[-1]
    assert isinstance(last, RateLimited)
    assert timedelta(0) < last.retry_after <= timedelta(seconds=60)
    assert house.demo.members.dropped == 0
    assert isinstance(app.send(note("别人", to="other")), Accepted), "the count is each member's own"
    clock[0] += timedelta(seconds=61)
    assert isinstance(app.send(note("下一分钟", level=4)), Accepted)


def test_the_last_places_of_a_members_minute_are_kept_for_grave_levels(house: Any) -> None:
    app = house.app(now=lambda: NOW)
    house.demo.ledger.now = lambda: NOW
    assert [type(app.send(note(f"{n}", level=4))) for n in range(21)][-2:] == [Accepted, RateLimited]
    assert isinstance(app.send(note("重大", level=1)), Accepted)


def test_a_repetition_is_seen_by_the_member_once(house: Any) -> None:
    app = house.app()
    assert isinstance(app.send(note()), Accepted)
    assert isinstance(app.send(note()), Accepted)
    assert len(house.demo.ledger.newest("app")) == 1
    assert isinstance(app.send(note(number="FX-1-04")), Accepted)
    assert len(house.demo.ledger.newest("app")) == 2, "another notice of the same words is another message"


@pytest.mark.parametrize("to", ["", "@all", "a|b", "luo wen", "罗文", "a" * 65, "-x", "a\nb"])
def test_nobody_but_one_member_can_be_addressed(house: Any, to: str) -> None:
    outcome = house.app().send(note(to=to))
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CONTACT
    assert house.demo.members.fetched == 0


def test_a_member_who_is_not_there_is_a_bad_contact(house: Any) -> None:
    outcome = house.app().send(note(to="nobody1"))
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CONTACT
    assert outcome.answer == "81013"


def test_a_probe_fetches_a_fresh_token_and_tells_nobody(house: Any) -> None:
    app = house.app()
    assert app.probe() == Accepted("")
    assert app.probe() == Accepted("")
    assert house.demo.members.fetched == 2
    assert house.demo.ledger.newest() == []
    house.demo.faults.set("app", Trouble("40001", times=1))
    refused = app.probe()
    assert isinstance(refused, Permanent)
    assert refused.kind is Fault.CREDENTIAL


@given(st.text(max_size=2500), st.text(max_size=400))
def test_any_text_fits_the_card_and_carries_no_markup(text: str, subject: str) -> None:
    body: Any = card(note(text, subject=subject), 7)
    shown = body["textcard"]
    assert 0 < len(shown["title"].encode()) <= TITLE_BYTES
    assert 0 < len(shown["description"].encode()) <= DESCRIPTION_BYTES
    assert shown["description"].endswith("FX-1-03")
    assert shown["url"] == URL
    assert not set("<>&") & set(shown["title"] + shown["description"])


def test_a_card_cut_short_says_so_and_a_text_without_link_is_text() -> None:
    body: Any = card(note("一" * 3000), 7)
    assert "（已截断）" in body["textcard"]["description"]
    plain: Any = card(Message("", "", "luowen", 3, "", "<a href='x'>测</a>" + "长" * 4000, None, ""), 7)
    assert plain["msgtype"] == "text"
    assert len(plain["text"]["content"].encode()) <= TEXT_BYTES
    assert "<" not in plain["text"]["content"]
    assert "enable_duplicate_check" not in plain


@pytest.mark.parametrize(
    ("corp", "secret", "base"),
    [("", "x" * 20, "https://a.cn"), ("ww1234", "短", "https://a.cn"), ("ww1234", "x" * 20, "http://a.cn")],
)
def test_settings_that_cannot_work_are_refused_without_the_secret(corp: str, secret: str, base: str) -> None:
    with pytest.raises(ValueError, match="企业微信") as refused:
        Application(corp, 1, secret, base)
    assert secret not in str(refused.value)
