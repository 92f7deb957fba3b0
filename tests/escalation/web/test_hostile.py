"""Everything a platform or a form sends is hostile: on every page it is text, cut with a mark, and harms nothing."""

from __future__ import annotations

import re

import pytest

from tests.escalation.web.house import House

PAYLOADS = (
    "<script>alert(1)</script>拉肚子",
    "<img src=x onerror=alert(1)>拉肚子",
    '"><svg onload=alert(1)>拉肚子',
    "</textarea></title></style><script>alert(1)</script>拉肚子",
    "{{7*7}}${7*7}#{7*7}{%raw%}拉肚子",
    "\u202e拉肚子\u202d\u2066\u200b",
    "拉肚子" + "\u0301" * 400,
    "javascript:alert(1) 拉肚子",
    "<!--拉肚子--><![CDATA[拉肚子]]>",
)
FOREIGN = re.compile(r"<(script|img|svg|iframe)[^>]*(alert|onerror|onload)", re.IGNORECASE)


def pages(house: House, number: str) -> dict[str, str]:
    desk, open_to_all = house.client("monitor"), house.client()
    return {
        "desk": desk.get("/desk?large=1").text,
        "incident": desk.get(f"/incidents/{number}").text,
        "peek": desk.get(f"/incidents/{number}/peek").text,
        "list": desk.get("/incidents").text,
        "me": house.client("leader").get("/me").text,
        "sign": open_to_all.get(house.link(number, "leader")).text,
    }


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_comment_and_title_are_text_on_every_page(house: House, payload: str) -> None:
    number = house.incident(payload, text=payload)
    for name, page in pages(house, number).items():
        assert not FOREIGN.search(page), name
        assert "\u202e" not in page, name
        assert "\u0301" * 3 not in page, name
        assert "<script>" not in page, name
        if "7*7" in payload:
            assert "{{7*7}}${7*7}" in page, name
    assert "拉肚子" in pages(house, number)["incident"]


def test_a_megabyte_is_cut_with_a_mark_and_the_page_stays_small(house: House) -> None:
    number = house.incident("长文", text="拉肚子" + "哈" * 1_000_000, comments=1)
    page = house.client("monitor").get(f"/incidents/{number}")
    assert "已截断，原文超过 20000 字" in page.text
    assert len(page.content) < 120_000
    assert len(house.client("monitor").get("/desk?large=1").content) < 120_000


def test_only_web_addresses_become_links(house: House) -> None:
    house.post("x", url="javascript:alert(1)")
    number = house.incident()
    page = house.client("monitor").get(f"/incidents/{number}").text
    assert "javascript:" not in page


def test_what_a_person_types_is_text_too(house: House) -> None:
    number = house.incident()
    client = house.client("monitor")
    evil = "<script>alert(1)</script>{{7*7}}\x00"
    client.post(f"/incidents/{number}/note", data={"csrf": "csrf-monitor", "text": evil})
    client.post(f"/incidents/{number}/assign", data={"csrf": "csrf-monitor", "unit": evil})
    page = client.get(f"/incidents/{number}").text
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    for path in ("/incidents?q=", "/search?q=", "/desk?unit=", "/incidents?platform=", "/sign-in?next="):
        answer = client.get(path + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%00%25_")
        assert answer.status_code in (200, 303), path
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("number", ["x" * 500, "%00", "FX-2026-0001'%20OR%201=1--", "..%2f..%2fetc", "字"])
def test_odd_numbers_are_not_found_and_break_nothing(house: House, number: str) -> None:
    house.incident()
    assert house.client("monitor").get(f"/incidents/{number}").status_code == 404
