"""Faults 3 to 11 of the platform notes: what must hold while the platform shifts, caps, empties and loses rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crawlers.sighting import sightings
from stream.post import Visibility


class _Crash(BaseException):
    """The process ends here."""


def _ready(room: Any, comments: int = 12) -> tuple[str, list[str]]:
    thread = room.sandbox.post()["thread"]
    made = [f"weibo:c{room.sandbox.comment(thread, f'第{n}条评论，谢谢')['comment']}" for n in range(comments)]
    for stream in ("timeline", "to_me", "show"):
        room.look(stream)
    return thread, made


def _burst(room: Any, n: int) -> set[str]:
    return {f"weibo:c{one}" for one in room.sandbox.fault("burst", n=n)["done"]}


def _ids(found: list[Any]) -> list[str]:
    return [one.id for one in found if one.type == "post"]


def test_cursor_goes_on_when_the_newest_row_was_deleted(room: Any) -> None:
    thread, _ = _ready(room)
    room.sandbox.fault("row_deleted")
    new = room.sandbox.comment(thread, "删了一条以后的新评论")["comment"]
    assert _ids(room.look("to_me")) == [f"weibo:c{new}"]


def test_130_new_comments_are_taken_in_by_one_commit(room: Any) -> None:
    _ready(room)
    scans = len(room.outcomes("to_me"))
    wanted = _burst(room, 130)
    found = _ids(room.look("to_me"))
    assert set(found) == wanted
    assert len(found) == 130
    assert len(room.outcomes("to_me")) == scans + 1


def test_crash_between_pages_loses_and_repeats_nothing(room: Any) -> None:
    _ready(room)
    before = room.source("to_me").cursor
    wanted = _burst(room, 130)
    room.sandbox.fault("page_fails", page=3, status=403)  # refused, so not tried again within the crawl
    room.look("to_me")
    assert room.source("to_me").cursor == before, "page 3 of 3 never came, so the cursor stands"
    room.sandbox.calm()
    room.look("to_me")
    found = [one for one in _ids(room.records) if one in wanted]
    assert set(found) == wanted
    assert len(found) == 130


def test_crash_after_the_append_repeats_what_was_appended(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _ready(room)
    wanted = _burst(room, 60)

    def crash(*_: Any, **__: Any) -> None:
        raise _Crash

    with monkeypatch.context() as patched:
        patched.setattr("crawlers.service.settle", crash)
        with pytest.raises(_Crash):
            room.look("to_me")
    room.look("to_me")
    found = [one for one in _ids(room.records) if one in wanted]
    assert set(found) == wanted
    assert len(found) == 120, "at least once: all of them again, readers know them by id and revision"


def test_insertion_and_deletion_while_paging_lose_nothing(room: Any) -> None:
    _ready(room)
    _burst(room, 130)
    room.sandbox.fault("shift_while_paging", times=1)
    room.look("to_me")
    room.look("to_me")
    world = room.sandbox.world
    standing = {f"weibo:c{c.id}" for c in world.comments.values() if c.stands(room.now())}
    assert standing <= set(_ids(room.records))


@pytest.mark.parametrize("fault", ["soft_empty_page1", "soft_empty_page2"])
def test_soft_empty_answer_moves_no_cursor_and_marks_nothing_missing(room: Any, fault: str) -> None:
    _ready(room, 70)
    before = room.source("to_me").cursor
    wanted = _burst(room, 60)
    room.sandbox.fault(fault)
    room.look("to_me")
    room.look("show")
    assert room.outcomes("to_me")[-1] == "soft_empty"
    assert room.outcomes("show")[-1] == "soft_empty"
    assert room.source("to_me").cursor == before
    with room.store.read() as conn:
        assert set(conn.execute(select(sightings.c.presence)).scalars()) == {"seen"}
    room.sandbox.calm()
    room.look("to_me")
    assert wanted <= set(_ids(room.records))


def test_capped_list_is_partial_and_nothing_vanishes(room: Any) -> None:
    thread, _ = _ready(room, 5)
    _burst(room, 220)
    for stream in ("to_me", "show"):
        room.look(stream)
    room.sandbox.fault("capped_list", path="show", rows=200, total=900)
    for _ in range(4):
        room.sandbox.forward(minutes=15)
        found = room.look("show")
        assert all(one.visibility != Visibility.VANISHED for one in room.posts(found))
    source = room.source("show")
    assert "900" in source.note
    assert source.shown == 900
    assert thread


def test_comment_missing_in_one_scan_does_not_vanish(room: Any) -> None:
    _ready(room)
    room.sandbox.fault("flicker", path="show", scans=1)
    for _ in range(5):
        room.sandbox.forward(minutes=15)
        assert room.posts(room.look("show")) == []
    with room.store.read() as conn:
        assert set(conn.execute(select(sightings.c.presence)).scalars()) == {"seen"}


def test_comment_gone_for_three_scans_vanishes_once(room: Any) -> None:
    _, made = _ready(room)
    room.sandbox.control("delete", comment=made[3].removeprefix("weibo:c"))
    found = []
    for _ in range(6):
        room.sandbox.forward(minutes=16)
        found += room.posts(room.look("show"))
    assert [(post.id, post.visibility) for post in found] == [(made[3], Visibility.VANISHED)]
    room.sandbox.control("delete", comment=made[3].removeprefix("weibo:c"), restore=True)
    back = room.posts(room.look("show"))
    assert [(post.id, post.visibility) for post in back] == [(made[3], Visibility.PUBLIC)]


def test_three_scans_within_half_an_hour_are_not_enough(room: Any) -> None:
    _, made = _ready(room)
    room.sandbox.control("delete", comment=made[3].removeprefix("weibo:c"))
    for _ in range(4):
        room.sandbox.forward(minutes=5)
        assert room.posts(room.look("show")) == []


def test_forty_percent_vanishing_at_once_is_a_suspect_scan(room: Any) -> None:
    _ready(room, 40)
    room.sandbox.fault("mass_vanish", path="show", share=0.4)
    for _ in range(4):
        room.sandbox.forward(minutes=20)
        assert room.posts(room.look("show")) == []
    assert "同时消失" in room.source("show").note
    assert any("同时消失" in gap.reason for gap in room.gaps())


def test_own_replies_are_by_school_and_carry_no_writer(room: Any) -> None:
    thread, made = _ready(room, 2)
    room.sandbox.comment(thread, "已转后勤处理", author=-1, answers=made[0].removeprefix("weibo:c"))
    found = room.posts(room.look("show"))
    assert [(post.by_school, post.author_key, post.parent_id) for post in found] == [(True, "", made[0])]


def test_post_that_the_timeline_no_longer_shows_is_taken_from_its_comments(room: Any) -> None:
    _ready(room)
    room.sandbox.fault("timeline_latest_5")
    made = [room.sandbox.post(f"第{n}号通知，请大家互相转告") for n in range(8)]
    room.look("timeline")
    missed = [one for one in made if f"weibo:{one['id']}" not in _ids(room.records)]
    assert len(missed) == 3
    assert any("遗漏" in gap.reason for gap in room.gaps())
    for one in missed:
        room.sandbox.comment(one["thread"], "收到")
    assert {f"weibo:{one['id']}" for one in missed} <= set(_ids(room.look("to_me")))


def test_cut_text_of_a_quoted_post_makes_no_revision_of_a_known_one(room: Any) -> None:
    thread = room.sandbox.post("一则很长的通知，" * 10)["thread"]
    room.look("timeline")
    room.sandbox.fault("status_text_cut")
    room.sandbox.comment(thread, "看到了")
    assert [post.kind for post in room.posts(room.look("to_me"))] == ["comment"]


def test_edited_text_is_a_new_revision_with_the_first_sight_kept(room: Any) -> None:
    _, made = _ready(room, 3)
    first = next(post for post in room.posts() if post.id == made[0])
    room.sandbox.forward(hours=1)
    room.sandbox.control("edit", comment=made[0].removeprefix("weibo:c"), text="改成了投诉：宿舍漏水没人管")
    (edited,) = room.posts(room.look("show"))
    assert edited.revision != first.revision
    assert edited.first_seen_at == first.first_seen_at
    assert edited.fetched_at - first.fetched_at >= timedelta(hours=1)


def test_changed_counts_are_records_of_their_own(room: Any) -> None:
    thread, _ = _ready(room, 2)
    room.sandbox.comment(thread, "再来一条")
    found = room.look("timeline")
    assert [one.type for one in found] == ["counts"]
    assert found[0].replies == 3
    assert room.look("timeline") == []
