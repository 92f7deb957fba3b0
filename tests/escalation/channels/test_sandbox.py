"""The demo inbox: pages that run nothing, a webhook that refuses as the vendor does, a folder that is read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from escalation.channels import Accepted, Message, Transient
from escalation.channels.sandbox import build
from escalation.channels.sandbox.group import PER_MINUTE

KEY = "11111111-2222-3333"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
NOTICE = Message(
    "FX-1-03", "d-1", "luo@example.edu.cn", 2, HOSTILE, f"{HOSTILE}\nhttps://x.cn/r/1", f"<p>{HOSTILE}</p>", ""
)


def test_a_mail_page_escapes_everything_and_frames_the_html_without_rights(house: Any) -> None:
    house.mail().send(NOTICE)
    listed, page, framed = (httpx.get(house.base + path) for path in ("/inbox", "/inbox/1", "/inbox/1/html"))
    for answer in (listed, page):
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "style=" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert 'href="https://x.cn/r/1"' in page.text
    assert 'sandbox="allow-popups allow-top-navigation-by-user-activation"' in page.text
    assert "allow-scripts" not in framed.headers["content-security-policy"]
    assert "sandbox" in framed.headers["content-security-policy"]


def test_a_mail_that_is_not_there_says_so(house: Any) -> None:
    answer = httpx.get(house.base + "/inbox/99")
    assert answer.status_code == 404
    assert "没有这封邮件" in answer.text


def test_the_folder_is_read_back_even_with_a_torn_index(house: Any, tmp_path: Path) -> None:
    for number in range(3):
        house.mail().send(Message("n", f"d-{number}", "luo@example.edu.cn", 2, f"第 {number} 封", "x", None, ""))
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    again = build(tmp_path, 0).mailbox
    assert [letter.subject for letter in again.newest()] == ["第 2 封", "第 1 封", "第 0 封"]
    assert again.keep("a@b.cn", "c@d.cn", b"Subject: new\r\n\r\nx").id == 4


@pytest.mark.parametrize(
    ("key", "body", "errcode"),
    [
        (KEY, {"msgtype": "text", "text": {"content": "好"}}, 0),
        ("99999999-9999", {"msgtype": "text", "text": {"content": "好"}}, 93000),
        ("", {"msgtype": "text", "text": {"content": "好"}}, 93000),
        (KEY, {"msgtype": "poem"}, 40008),
        (KEY, {"msgtype": "text", "text": {"content": ""}}, 44004),
        (KEY, {"msgtype": "text", "text": {"content": "长" * 683}}, 40058),
    ],
)
def test_the_webhook_refuses_as_the_vendor_does(house: Any, key: str, body: Any, errcode: int) -> None:
    answer = httpx.post(house.base + "/cgi-bin/webhook/send", params={"key": key}, json=body)
    assert answer.status_code == 200
    assert answer.json()["errcode"] == errcode
    assert (len(house.demo.group.newest()) == 1) == (errcode == 0)


def test_the_webhook_limits_each_key_to_twenty_a_minute(house: Any) -> None:
    body = {"msgtype": "text", "text": {"content": "好"}}
    codes = [
        httpx.post(house.base + "/cgi-bin/webhook/send", params={"key": KEY}, json=body).json()["errcode"]
        for _ in range(PER_MINUTE + 1)
    ]
    assert codes == [0] * PER_MINUTE + [45009]


def test_the_group_page_shows_a_call_as_a_call_and_escapes_the_rest(house: Any) -> None:
    body = {"msgtype": "text", "text": {"content": f"<@all> {HOSTILE} https://x.cn/r/1"}}
    httpx.post(house.base + "/cgi-bin/webhook/send", params={"key": KEY}, json=body)
    page = httpx.get(house.base + "/robot").text
    assert "<mark>&lt;@all&gt;</mark>" in page
    assert "<script" not in page
    assert 'href="https://x.cn/r/1"' in page


def test_faults_are_set_listed_and_lifted_by_name(house: Any) -> None:
    control = house.base + "/control/faults"
    assert httpx.post(control, json={"smtp": {"name": "greylist", "times": 2}}).status_code == 200
    assert httpx.get(control).json()["in_force"]["smtp"]["name"] == "greylist"
    assert httpx.post(control, json={"smtp": None}).json()["in_force"] == {}
    for wrong in ({"smtp": {"name": "sloth"}}, {"fax": {"name": "greylist"}}, {"smtp": 3}, [1]):
        answer = httpx.post(control, json=wrong)
        assert answer.status_code == 422
        assert answer.json()["error"].endswith("。")


def test_a_greylist_refuses_each_mail_at_first_sight_and_takes_it_when_it_comes_again(house: Any) -> None:
    fault = {"name": "greylist", "first": True, "words": "台阶缺了一块"}
    httpx.post(house.base + "/control/faults", json={"smtp": fault})
    mail, luo = house.mail(), replace(NOTICE, subject="台阶缺了一块，请签收")
    he, other = (
        replace(luo, to="he@example.edu.cn", delivery_id="d-2"),
        replace(NOTICE, delivery_id="d-3", to="he@example.edu.cn"),
    )
    first = [type(mail.send(one)) for one in (luo, luo, he, other, he)]
    assert first == [Transient, Accepted, Transient, Accepted, Accepted]
    assert mail.send(replace(luo, delivery_id="d-4")).answer == "451 4.7.1"
    httpx.post(house.base + "/control/faults", json={"smtp": fault})
    assert isinstance(mail.send(luo), Transient), "a fault that is set anew has seen nothing"


def test_the_group_of_a_fault_by_words_hears_everything_else(house: Any) -> None:
    httpx.post(house.base + "/control/faults", json={"robot": {"name": "500", "first": True, "words": "台阶"}})

    def status(words: str) -> int:
        body = {"msgtype": "text", "text": {"content": words}}
        return httpx.post(house.base + "/cgi-bin/webhook/send", params={"key": KEY}, json=body).status_code

    assert [status(one) for one in ("桂花", "台阶一", "台阶二", "台阶一")] == [200, 500, 500, 200]


@pytest.mark.parametrize(
    ("place", "name"), [("smtp", "refuse"), ("smtp", "credential"), ("app", "40001"), ("sms", "query")]
)
def test_a_fault_that_strikes_before_a_message_is_read_cannot_go_by_its_words(
    house: Any, place: str, name: str
) -> None:
    answer = httpx.post(house.base + "/control/faults", json={place: {"name": name, "words": "台阶"}})
    assert answer.status_code == 422
    assert answer.json()["error"] == f"“{place}”的故障“{name}”不能写 words 或 first：出现时尚未读到消息。"


def test_a_fault_of_a_vendor_by_words_waits_for_its_message(house: Any) -> None:
    fault = {"name": "503", "words": "FX-2026-0147", "times": 1}
    assert httpx.post(house.base + "/control/faults", json={"webhook": fault}).status_code == 200

    def status(words: str) -> int:
        return httpx.post(house.base + "/hook", json={"text": words}).status_code

    assert [status(f"{one} 首报") for one in ("FX-2026-0146", "FX-2026-0147", "FX-2026-0147")] == [401, 503, 401]


def test_a_message_that_differs_each_time_it_comes_cannot_be_struck_at_first_sight_alone(house: Any) -> None:
    answer = httpx.post(house.base + "/control/faults", json={"sms": {"name": "429", "first": True}})
    assert (answer.status_code, "不能写 first" in answer.json()["error"]) == (422, True)


def test_a_refusal_for_one_address_spares_the_others(house: Any) -> None:
    httpx.post(house.base + "/control/faults", json={"smtp": {"name": "refuse", "address": "luo@example.edu.cn"}})
    house.mail().send(NOTICE)
    house.mail().send(Message("n", "d-2", "he@example.edu.cn", 2, "x", "x", None, ""))
    assert [letter.to for letter in house.demo.mailbox.newest()] == ["he@example.edu.cn"]


def test_the_page_of_the_other_channels_shows_each_message_and_runs_nothing(house: Any) -> None:
    house.demo.ledger.keep("sms", "13800000000", "风林学院", "<script>alert(1)</script> code=014703")
    house.demo.ledger.keep("app", "luowen", "请签收", "饭菜", "https://fx.example/r/1")
    every = httpx.get(f"{house.base}/messages").text
    assert "&lt;script&gt;" in every
    assert "<script" not in every
    assert 'href="https://fx.example/r/1"' in every
    only = httpx.get(f"{house.base}/messages", params={"way": "sms"}).text
    assert "014703" in only
    assert "luowen" not in only
