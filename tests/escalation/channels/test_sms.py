"""SMS: never the same message twice, and nothing in it but a short number and the duty desk's phone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels import Accepted, Fault, Message, Permanent, RateLimited, Transient, Unknown
from escalation.channels.exchange import Answer
from escalation.channels.sandbox import Fault as Trouble
from escalation.channels.sms import SmsAccount, code_of, mobile_of, sign
from escalation.channels.sms_answer import judge_details, judge_sent

NOW = datetime(2026, 11, 20, 8, 32, tzinfo=UTC)


def note(attempt: int = 1, level: int = 1, to: str = "13800000000", delivery: str = "FX-2026-0147-03.9") -> Message:
    return Message("FX-2026-0147-03", delivery, to, level, "", "编号 FX-2026-0147-03", None, "", attempt=attempt)


@pytest.fixture
def clock(house: Any) -> list[datetime]:
    """The time of the channel and of the demo vendor."""
    at = [NOW]
    house.demo.ledger.now = lambda: at[0]
    return at


def sent(house: Any) -> int:
    return len(house.demo.ledger.newest("sms"))


def test_the_signature_is_the_one_of_the_vendors_own_example() -> None:
    given = {
        "AccessKeyId": "testId", "Action": "SendSms", "Format": "XML", "OutId": "123", "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou", "SignName": "阿里云短信测试专用", "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466", "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007", "TemplateParam": '{"customer":"test"}', "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }  # fmt: skip
    assert sign("GET", given, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def answer(code: str, status: int = 200, **more: object) -> Answer:
    return Answer(status, json.dumps({"Code": code, "Message": "OK", "RequestId": "R-1"} | more).encode(), {})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OK", Accepted),
        ("isv.BUSINESS_LIMIT_CONTROL", RateLimited),
        ("Throttling.User", RateLimited),
        ("isv.DAY_LIMIT_CONTROL", Fault.QUOTA),
        ("isv.MONTH_LIMIT_CONTROL", Fault.QUOTA),
        ("isv.OUT_OF_SERVICE", Fault.QUOTA),
        ("isv.MOBILE_NUMBER_ILLEGAL", Fault.CONTACT),
        ("isv.PARAM_NOT_SUPPORT_URL", Fault.CONTENT),
        ("isv.PARAM_LENGTH_LIMIT", Fault.CONTENT),
        ("isv.BLACK_KEY_CONTROL_LIMIT", Fault.CONTENT),
        ("isv.SMS_SIGNATURE_ILLEGAL", Fault.CREDENTIAL),
        ("isv.SMS_TEMPLATE_ILLEGAL", Fault.CREDENTIAL),
        ("SignatureDoesNotMatch", Fault.CREDENTIAL),
        ("isp.SYSTEM_ERROR", Unknown),
        ("isv.SOMETHING_NEW", Fault.CONTENT),
    ],
)
def test_the_code_decides_and_stands_in_the_answer(code: str, expected: object) -> None:
    outcome = judge_sent(answer(code, 200 if code.startswith("is") or code == "OK" else 400))
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected
    assert outcome.answer == f"{code} · R-1"


@pytest.mark.parametrize(("status", "expected"), [(404, Fault.CREDENTIAL), (405, Fault.CREDENTIAL), (502, Unknown)])
def test_who_is_not_the_vendor_took_nothing_and_the_address_is_said_to_be_wrong(status: int, expected: object) -> None:
    outcome = judge_sent(Answer(status, b"Method Not Allowed", {}))
    assert (outcome.kind if isinstance(outcome, Permanent) else type(outcome)) == expected
    assert outcome.answer == f"HTTP {status}"


@pytest.mark.parametrize(
    ("states", "expected"),
    [([], None), ([1], Accepted), ([3], Accepted), ([2], Permanent), ([2, 3], Accepted), ([2, 2], Permanent)],
)
def test_the_receipt_with_our_id_says_what_became_of_it(states: list[int], expected: type | None) -> None:
    listed = [{"OutId": "mine", "SendStatus": state} for state in states] + [{"OutId": "other", "SendStatus": 3}]
    found = judge_details(answer("OK", SmsSendDetailDTOs={"SmsSendDetailDTO": listed}), "mine")
    assert found is None if expected is None else isinstance(found, expected)


def test_a_lost_answer_is_looked_up_and_not_sent_again(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("timeout", times=1))
    assert isinstance(sms.send(note()), Unknown)
    assert sent(house) == 1
    clock[0] += timedelta(seconds=2)
    held = sms.send(note(attempt=2))
    assert isinstance(held, RateLimited), "the vendor may not list it yet"
    assert held.retry_after == timedelta(seconds=58)
    clock[0] += held.retry_after
    assert isinstance(sms.send(note(attempt=3)), Accepted)
    assert sent(house) == 1, "found by its OutId, so it is not sent a second time"


def test_what_never_arrived_is_sent_after_the_look(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("isp.SYSTEM_ERROR", times=1))
    assert isinstance(sms.send(note()), Unknown)
    clock[0] += timedelta(seconds=61)
    assert isinstance(sms.send(note(attempt=2)), Accepted)
    assert sent(house) == 1


def test_a_repetition_after_a_crash_looks_first_and_waits_for_the_list(house: Any, clock: list[datetime]) -> None:
    """The process that had it in hand died; another one, which remembers nothing, takes it up."""
    assert isinstance(house.sms(now=lambda: clock[0]).send(note()), Accepted)
    other = house.sms(now=lambda: clock[0])
    assert isinstance(other.send(note(attempt=2)), RateLimited)
    clock[0] += timedelta(seconds=61)
    assert isinstance(other.send(note(attempt=3)), Accepted)
    assert sent(house) == 1


def test_while_the_receipt_cannot_be_looked_up_nothing_is_sent(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("isv.BUSINESS_LIMIT_CONTROL", times=1))
    assert isinstance(sms.send(note()), RateLimited)
    house.demo.faults.set("sms", Trouble("query", times=2))
    for attempt in (2, 3):
        assert isinstance(sms.send(note(attempt=attempt)), Transient)
    assert sent(house) == 0
    assert isinstance(sms.send(note(attempt=4)), Accepted)
    assert sent(house) == 1


def test_a_receipt_of_failure_is_a_bad_contact(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("timeout", times=1))
    sms.send(note())
    house.demo.aliyun.status = 2
    clock[0] += timedelta(seconds=61)
    outcome = sms.send(note(attempt=2))
    assert isinstance(outcome, Permanent)
    assert outcome.kind is Fault.CONTACT
    assert sent(house) == 1


def test_yesterdays_message_is_found_after_midnight(house: Any, clock: list[datetime]) -> None:
    clock[0] = datetime(2026, 11, 20, 15, 59, 30, tzinfo=UTC)  # 23:59:30 in Beijing
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("timeout", times=1))
    sms.send(note())
    clock[0] += timedelta(seconds=90)
    assert isinstance(sms.send(note(attempt=2)), Accepted)
    assert sent(house) == 1


def test_a_message_beyond_the_first_page_of_receipts_is_found(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    house.demo.faults.set("sms", Trouble("timeout", times=1))
    sms.send(note())
    house.demo.aliyun._took.extend((clock[0], "13800000000", f"later-{n}") for n in range(60))
    clock[0] += timedelta(seconds=61)
    assert isinstance(sms.send(note(attempt=2)), Accepted)
    assert sent(house) == 1


def test_the_message_is_a_code_and_a_phone_and_has_no_link(house: Any, clock: list[datetime]) -> None:
    hostile = replace(note(), text="https://evil.com 加微信", subject="点我 http://evil.com", url="https://x.cn/r/1")
    assert isinstance(house.sms(now=lambda: clock[0]).send(hostile), Accepted)
    (one,) = house.demo.ledger.newest("sms")
    assert (one.to, one.title) == ("13800000000", "风林学院")
    assert one.content == "SMS_123：code=014703，phone=0510-8690-0110"
    house.sms(now=lambda: clock[0], phone="").send(note(delivery="other"))
    assert house.demo.ledger.newest("sms")[0].content == "SMS_123：code=014703"


@given(st.text(max_size=60))
def test_any_number_of_a_notice_becomes_six_digits(notice: str) -> None:
    code = code_of(notice)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdecimal()


def test_the_code_grows_with_incident_and_notice() -> None:
    assert code_of("FX-2026-0147-03") == "014703"
    assert code_of("FX-2026-9999-12") == "999912"
    assert code_of("FX-2026-12345-01") == "234501"
    assert code_of("") == "000000"


@pytest.mark.parametrize(
    ("given", "bare"),
    [("138 0000 0000", "13800000000"), ("+86 138-0000-0000", "13800000000"), ("0510-86900110", ""), ("", ""),
     ("138", ""), ("13800000000,13900000000", ""), ("1３800000000", "")],
)  # fmt: skip
def test_only_one_mobile_number_is_written_to(house: Any, given: str, bare: str) -> None:
    assert mobile_of(given) == bare
    if not bare:
        outcome = house.sms().send(note(to=given))
        assert isinstance(outcome, Permanent)
        assert outcome.kind is Fault.CONTACT


def test_the_own_allowance_of_a_number_ends_before_the_vendors_day(house: Any, clock: list[datetime]) -> None:
    sms = house.sms(now=lambda: clock[0])
    kinds: list[type] = []
    for n in range(50):
        kinds.append(type(sms.send(note(delivery=f"d-{n}"))))
        clock[0] += timedelta(minutes=2)
    assert kinds == [Accepted] * 45 + [RateLimited] * 5
    assert isinstance(sms.send(note(delivery="x", to="13900000000")), Accepted), "each number has its own"


def test_a_probe_proves_the_keys_and_tells_nobody(house: Any) -> None:
    assert house.sms().probe() == Accepted("")
    assert sent(house) == 0
    refused = house.sms(secret="another-secret-0001").probe()
    assert isinstance(refused, Permanent)
    assert refused.kind is Fault.CREDENTIAL


@pytest.mark.parametrize(
    "changes",
    [{"key_id": "短"}, {"key_secret": "密"}, {"sign_name": "【学院】"}, {"template_code": "123"},
     {"code_variable": "${code}"}, {"phone_variable": "phone", "duty_phone": ""},
     {"phone_variable": "phone", "duty_phone": "https://x.cn"}, {"base": "http://dysmsapi.aliyuncs.com"}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_without_the_secret(changes: dict[str, str]) -> None:
    good: dict[str, Any] = {
        "key_id": "key-id-0001",
        "key_secret": "secret-0001",
        "sign_name": "风林学院",
        "template_code": "SMS_1",
    }
    SmsAccount(**good)
    with pytest.raises(ValueError, match="短信") as refused:
        SmsAccount(**(good | changes))
    assert "secret-0001" not in str(refused.value)
