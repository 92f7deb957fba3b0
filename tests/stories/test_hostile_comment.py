"""It must show 4 (issue 3): hostile comment is text on the page and in the mail, cut with a mark; it harms nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stream.kept import posts, revisions
from stream.post import CUT_MARK, TEXT_LIMIT
from tests.stories.town import Town
from tests.stream.said import POISONED, RAW_CHICKEN, a_post

HOSTILE = {
    "script": f"<script>alert(1)</script><img src=x onerror=alert(1)>{POISONED}",
    "right-to-left": f"\u202e\u2066{POISONED}\u202e",
    "megabyte": POISONED + "啊" * 1_000_000,
    "nul": f"\x00{POISONED}\x00",
    "lone surrogate": f"\ud800{POISONED}\udfff",
    "template": "{{ 7013*7013 }}{% include 'x' %}" + POISONED,
    "header": f"{POISONED}\r\nBcc: all@fenglin.example\r\n\r\n",
}
MARKUP = ("<script>alert", "<img src=x", "<img")
UNSEEN = ("\u202e", "\u2066", "\x00", "\ud800", "\udfff")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_are_shown_as_text_and_harm_nothing(town: Town, name: str) -> None:
    at = town.now()
    town.put(a_post(HOSTILE[name], school=town.school, account="wb_main", at=at))
    town.until(town.inbox.letters)
    number = town.incident().number
    for one in town.inbox.letters():
        assert number in one.subject
        assert "\n" not in one.subject
        assert not any(bad in shown for bad in UNSEEN for shown in (one.subject, one.text, one.html))
        assert not any(bad in one.html for bad in MARKUP)
        assert len(one.html) < 30_000
    assert "all" not in {one.who for one in town.inbox.letters()}
    page = town.signed_in().get(f"/incidents/{number}")
    assert page.status_code == 200
    assert "上吐下泻" in page.text
    assert not any(bad in page.text for bad in (*MARKUP, *UNSEEN))
    assert "49182169" not in page.text
    assert len(page.text) < 200_000

    town.put(a_post(RAW_CHICKEN, "weibo:next", school=town.school, account="wb_main", at=at + timedelta(minutes=1)))
    town.until(lambda: len(town.rows(posts)) == 2)


def test_a_megabyte_is_cut_at_the_door_with_a_mark_that_the_reader_sees(town: Town) -> None:
    town.put(a_post(HOSTILE["megabyte"], school=town.school, account="wb_main", at=town.now()))
    town.until(town.inbox.letters)
    (kept,) = town.rows(revisions)
    assert (len(kept.text), kept.cut) == (TEXT_LIMIT + len(CUT_MARK), True)
    assert all("…" in one.text for one in town.inbox.letters() if "暂停" not in one.text)
    page = town.signed_in().get(f"/incidents/{town.incident().number}")
    assert "截断" in page.text
