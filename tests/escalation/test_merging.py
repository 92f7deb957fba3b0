"""Merging two incidents, taking that back, and taking one apart: nothing lost, nobody told twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from escalation import assigning, keeper, level, merging, receipt, splitting, tie, timer
from escalation.bulletin import BulletinKind, bulletins
from escalation.bulletin.write import Draft, write
from escalation.channels import Transient
from escalation.incident import entries, incidents, members, open_keys
from escalation.incident.state import OPEN, IllegalStep
from escalation.loose_end import loose_ends
from escalation.notice import calls, deliveries, notices
from escalation.notice.clocking import restart_duties
from escalation.people import Held, Role
from escalation.splitting import Part
from escalation.task import correction, corrections, tasks
from escalation.timer import timers
from stream.kept import keep, keep_assessment
from tests.escalation.office import HELD, IN_LEAD, KEEPER, ON_DESK, Office
from tests.stream.said import POISONED, RAW_CHICKEN, WORM, a_post, assessed

SETTINGS = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def pair(office: Office, **second: Any) -> tuple[int, int]:
    """Two open incidents, the second a little later."""
    one = office.open()
    office.work()
    office.now += timedelta(minutes=3)
    other = office.open(**{"keys": ("dorm|thread|weibo:t2",), "title": "三栋：停热水", "theme": "dorm"} | second)
    office.work()
    return one, other


def merge(office: Office, one: int, other: int) -> None:
    with office.store.write() as conn:
        merging.merge(conn, office.head, one, office.one(other).number, ON_DESK, office.now, "同一件事")


def unmerge(office: Office, one: int) -> None:
    with office.store.write() as conn:
        merging.unmerge(conn, one, ON_DESK, office.now, "不是一件事")


def sign(office: Office, notice_id: int, who: str) -> None:
    with office.store.write() as conn:
        receipt.sign(conn, notice_id, who, office.now, via="link")


def sent(office: Office) -> Counter[tuple[str, str]]:
    """How often which message went to whom, by mail and group."""
    return Counter((one.to, one.subject) for one in (*office.mail.sent, *office.robot.sent))


def whole(office: Office) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a merging may touch, row by row."""
    return {
        table.name: [tuple(row) for row in office.rows(table)]
        for table in (incidents, open_keys, members, notices, timers, deliveries, calls, tasks, corrections)
    }  # fmt: skip


def keys(office: Office) -> dict[str, int]:
    return {row.key: row.incident_id for row in office.rows(open_keys)}


def test_what_belongs_to_the_one_goes_over_and_nobody_is_told_again(office: Office) -> None:
    one, other = pair(office)
    before = sent(office)
    merge(office, one, other)
    office.work()
    assert office.one(one).state == "merged"
    assert set(keys(office).values()) == {other}
    assert {row.incident_id for row in office.rows(notices)} == {other}
    assert sent(office) == before, "everybody was told of both already"
    for number in (office.one(one).number, office.one(other).number):
        assert any(number in row.heading for row in office.rows(entries) if "并入" in row.heading)
    owed = [row for row in office.rows(notices) if row.superseded_by is None and row.needs_signature]
    assert sorted(row.addressee for row in owed) == ["keeper", "leader", "publicity", "school"]
    assert {row.number.rpartition("-")[0] for row in owed} == {office.one(one).number}, "due first, so these stand"


def test_open_tasks_go_over_and_nobody_is_asked_for_one_thing_twice(office: Office) -> None:
    one, other = pair(office)
    before = {(row.incident_id, row.key) for row in office.rows(tasks)}
    assert {key for of, key in before if of == one} & {key for of, key in before if of == other}
    merge(office, one, other)
    asked = [row for row in office.rows(tasks) if row.state not in ("withdrawn", "confirmed")]
    assert {row.incident_id for row in asked} == {other}
    assert max(Counter(row.key for row in asked).values()) == 1
    running = office.rows(timers, state="set", kind="task")
    assert {row.incident_id for row in running} == {other}
    unmerge(office, one)
    assert {(row.incident_id, row.key) for row in office.rows(tasks) if row.state == "set"} == before


def test_one_signature_answers_both_after_merging(office: Office) -> None:
    one, other = pair(office)
    merge(office, one, other)
    for row in office.rows(notices):
        if row.superseded_by is None and row.needs_signature:
            sign(office, row.id, row.addressee)
    assert office.one(other).state == "acknowledged"
    with office.store.read() as conn:
        assert not [words for words in loose_ends(conn, other) if "未签收" in words]


def test_unmerging_gives_back_keys_members_notices_and_clocks_as_they_were(office: Office) -> None:
    one, other = pair(office, level=3, member_ids=("weibo:2",))
    before = whole(office)
    merge(office, one, other)
    assert whole(office) != before
    unmerge(office, one)
    after = whole(office)
    assert after == before


@pytest.mark.parametrize("act", ["assign", "answer", "sign"])
def test_unmerging_gives_back_where_the_incident_stood(office: Office, act: str) -> None:
    one, other = pair(office)
    with office.store.write() as conn:
        if act == "assign":
            assigning.assign(conn, office.head, one, ON_DESK, office.now, "后勤处")
        elif act == "answer":
            keeper.answer(conn, one, KEEPER, office.now, text="已回应")
    if act == "sign":
        for row in office.rows(notices, incident_id=one):
            if row.needs_signature:
                sign(office, row.id, row.addressee)
    stood = office.one(one).state
    assert stood == {"assign": "handling", "answer": "responded", "sign": "acknowledged"}[act]
    merge(office, one, other)
    unmerge(office, one)
    assert (office.one(one).state, office.one(one).closed_at) == (stood, None)


def test_the_stricter_clock_survives_and_a_signed_notice_stays_signed_after_unmerging(office: Office) -> None:
    one, other = pair(office, level=1)  # Ⅰ: five minutes to sign, so these are due before the first one's
    merge(office, one, other)
    standing = [row for row in office.rows(notices) if row.needs_signature and row.superseded_by is None]
    assert {row.number.rpartition("-")[0] for row in standing} == {office.one(other).number}
    duties = {row.name: row for row in office.rows(timers, incident_id=other, kind="duty")}
    assert duties["first_report"].due_at - duties["first_report"].set_at == timedelta(minutes=30)
    leader = next(row for row in standing if row.addressee == "leader")
    sign(office, leader.id, "leader")
    unmerge(office, one)
    signed = {(row.incident_id, row.addressee) for row in office.rows(notices) if row.signed_at is not None}
    assert signed == {(one, "leader"), (other, "leader")}, "one signature answered both"
    assert office.running() >= {"keeper", "publicity", "school"}


def test_a_level_goes_up_with_the_merging_and_comes_back_with_it(office: Office) -> None:
    one, other = pair(office, level=3)
    merge(office, one, other)
    merged = office.one(other)
    assert (merged.level, "饭菜有异物" in merged.title, merged.level_by_machine) == (2, True, 3)
    unmerge(office, one)
    assert (office.one(other).level, office.one(other).title) == (3, "三栋：停热水")


def test_what_came_in_meanwhile_stays_and_the_watch_adds_to_the_right_one(office: Office) -> None:
    one, other = pair(office)
    merge(office, one, other)
    office.add(other, member_ids=("weibo:77",), keys=("dorm|thread|weibo:t9",))
    unmerge(office, one)
    assert keys(office) == {
        "canteen|thread|weibo:t1": one, "dorm|thread|weibo:t2": other, "dorm|thread|weibo:t9": other
    }  # fmt: skip
    assert {row.post_id for row in office.rows(members, incident_id=other)} >= {"weibo:77"}


def test_who_was_told_of_either_is_not_told_again(office: Office) -> None:
    one, other = pair(office, level=4)
    told = office.told("first")
    merge(office, one, other)
    office.work()
    assert office.told("first") == told, "the same four offices"
    assert max(Counter(one.to for one in office.mail.sent).values()) == 2, "each incident's own first notice"


def test_a_second_merging_the_wrong_way_round_or_into_itself_is_refused(office: Office) -> None:
    one, other = pair(office)
    for into in (office.one(one).number, "FX-2026-0999", ""):
        with office.store.write() as conn, pytest.raises(IllegalStep, match="未作任何更改"):
            merging.merge(conn, office.head, one, into, ON_DESK, office.now, "同一件事")
    merge(office, one, other)
    for mine, theirs in ((one, other), (other, one)):
        with office.store.write() as conn, pytest.raises(IllegalStep, match="未作任何更改"):
            merging.merge(conn, office.head, mine, office.one(theirs).number, ON_DESK, office.now, "再并一次")


def test_a_cry_for_help_is_merged_with_nothing_else(office: Office) -> None:
    one, other = pair(office, care=True)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="求助事件单独处置"):
        merging.merge(conn, office.head, one, office.one(other).number, ON_DESK, office.now, "同一件事")


def test_a_chain_is_taken_apart_from_its_end(office: Office) -> None:
    one, other = pair(office)
    third = office.open(keys=("fees|thread|weibo:t3",))
    merge(office, one, other)
    merge(office, other, third)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="请先把它重新打开或撤销它的并入"):
        merging.unmerge(conn, one, ON_DESK, office.now, "分开")
    unmerge(office, other)
    unmerge(office, one)
    assert sorted(keys(office).values()) == [one, other, third]


def kept(office: Office, *said: tuple[str, str, str]) -> None:
    """Lines (id, text, thread) as the watch keeps them."""
    with office.store.write() as conn:
        for post_id, text, thread in said:
            post = a_post(text, post_id, thread=thread, at=office.now)
            keep(conn, post)
            keep_assessment(conn, assessed(post, negative=True), 50, [], office.now)


SAID = (
    ("weibo:1", RAW_CHICKEN, "weibo:t1"), ("weibo:2", WORM, "weibo:t1"), ("weibo:3", POISONED, "weibo:t5"),
)  # fmt: skip
KEYS = ("canteen|thread|weibo:t1", "canteen|thread|weibo:t5", "canteen|place|后勤处")


def divided(office: Office, **changes: Any) -> tuple[int, str]:
    """An incident of three lines, one of which becomes an incident of its own."""
    kept(office, *SAID)
    one = office.open(
        post=a_post(RAW_CHICKEN, "weibo:1", at=office.now), keys=KEYS, member_ids=tuple(row[0] for row in SAID)
    )
    office.work()
    part = Part(("weibo:3",), (KEYS[1],), "二食堂：多人不适", 1, "是另一次中毒")
    wanted = {name: changes.get(name, getattr(part, name)) for name in part.__slots__}
    with office.store.write() as conn:
        return one, splitting.split(conn, office.head, one, IN_LEAD, office.now, Part(**wanted))


def test_a_part_becomes_an_incident_of_its_own_with_its_lines_keys_and_notices(office: Office) -> None:
    one, number = divided(office)
    (new,) = office.rows(incidents, number=number)
    assert (new.level, new.state, new.title) == (1, "notified", "二食堂：多人不适")
    assert {row.post_id for row in office.rows(members, incident_id=new.id)} == {"weibo:3"}
    assert {row.post_id for row in office.rows(members, incident_id=one)} == {"weibo:1", "weibo:2"}
    assert keys(office)[KEYS[1]] == new.id
    assert {keys(office)[KEYS[0]], keys(office)[KEYS[2]]} == {one}
    told = {row.addressee for row in office.rows(notices, incident_id=new.id) if row.needs_signature}
    assert told == {"keeper", "leader", "publicity", "school"}, "decided by the pack that the first one froze"
    assert new.frozen["pack"] == office.one(one).frozen["pack"]
    (knot,) = office.rows(tie.ties)
    assert (knot.incident_id, knot.other_id, knot.kind) == (new.id, one, "split")
    assert f"拆出 {number}" in office.headings()
    assert f"拆自 {office.one(one).number}" in office.headings()


def test_a_later_line_of_the_chosen_key_joins_the_new_incident(office: Office) -> None:
    one, number = divided(office)
    (new,) = office.rows(incidents, number=number)
    office.add(keys(office)[KEYS[1]], member_ids=("weibo:9",), keys=(KEYS[1],), level=1)
    assert {row.post_id for row in office.rows(members, incident_id=new.id)} == {"weibo:3", "weibo:9"}
    assert office.one(one).state == "notified"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"post_ids": ()}, "选择要拆出的"),
        ({"post_ids": ("weibo:99",)}, "选择要拆出的"),
        ({"post_ids": ("weibo:1",)}, "触发本事件的原文留在本事件"),
        ({"keys": KEYS}, "须留一项给本事件"),
        ({"keys": ("fees|thread|x",)}, "已不属于本事件"),
        ({"title": " "}, "标题和理由"),
        ({"reason": ""}, "标题和理由"),
        ({"level": 0}, "级别"),
    ],
)
def test_a_part_that_cannot_stand_alone_is_refused_and_nothing_changes(
    office: Office, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(IllegalStep, match=why):
        divided(office, **changes)
    assert len(office.rows(incidents)) == 1
    assert set(keys(office).values()) == {1}


STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "unmerge", "split", "sign", "later"]), st.integers(0, 5), st.integers(0, 5)),
    min_size=3, max_size=10,
)  # fmt: skip


@SETTINGS
@given(steps=STEPS)
def test_whatever_is_joined_and_taken_apart_every_key_has_one_open_incident_and_nobody_is_told_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    office = Office.at(tmp_path_factory.mktemp("walk"))
    kept(office, *SAID)
    office.open(post=a_post(RAW_CHICKEN, "weibo:1", at=office.now), keys=KEYS, member_ids=tuple(r[0] for r in SAID))
    office.open(keys=("dorm|thread|weibo:t2",), member_ids=("weibo:5",), level=3)
    office.open(keys=("fees|thread|weibo:t3",), member_ids=("weibo:6",), level=4)
    lines, said = {row.post_id for row in office.rows(members)}, []
    for act, a, b in steps:
        rows = office.rows(incidents)
        one, other = rows[a % len(rows)], rows[b % len(rows)]
        try:
            with office.store.write() as conn:
                if act == "merge":
                    merging.merge(conn, office.head, one.id, other.number, ON_DESK, office.now, "并")
                elif act == "unmerge":
                    merging.unmerge(conn, one.id, ON_DESK, office.now, "分")
                elif act == "split":
                    held = [row.key for row in office.rows(open_keys, incident_id=one.id)]
                    part = Part(("weibo:3",), tuple(held[:1]), "拆出", 3, "拆")
                    splitting.split(conn, office.head, one.id, IN_LEAD, office.now, part)
                elif act == "sign":
                    mine = select(notices).where(notices.c.incident_id == one.id, notices.c.needs_signature)
                    row = conn.execute(mine.order_by(notices.c.id)).first()
                    if row is not None:
                        receipt.sign(conn, row.id, row.addressee, office.now, via="link")
                else:
                    office.now += timedelta(minutes=b)
        except IllegalStep as refused:
            said.append(str(refused))
        state = {row.id: row.state for row in office.rows(incidents)}
        assert all(state[owner] in OPEN for owner in keys(office).values()), "a key points to an open incident"
        assert lines <= {row.post_id for row in office.rows(members) if state[row.incident_id] in OPEN}, "no line lost"
        of = {row.id: row.incident_id for row in office.rows(notices)}
        running = [row for row in office.rows(timers, state="set") if row.notice_id is not None]
        assert all(of[row.notice_id] == row.incident_id for row in running), "clocks go with their notices"
        assert all(state[row.incident_id] in OPEN for row in running), "no clock runs in an ended incident"
    assert all("未作任何更改" in one for one in said)
    office.work()
    assert max(sent(office).values(), default=1) == 1, "the same message never leaves twice"
    office.store.close()


def test_a_clock_that_was_read_before_the_merging_is_not_lost_by_it(office: Office) -> None:
    one, other = pair(office, level=4)
    office.now += timedelta(minutes=12)  # past the first reminder of level Ⅱ
    with office.store.read() as conn:
        (read, *_) = [clock for clock in timer.due(conn, office.now) if clock.kind == "rung"]
    merge(office, one, other)
    assert office.notify._lapse(read, office.now) == 0
    assert office.rows(timers, id=read.id)[0].state == "stopped", "the level of the merged matter sets it anew"
    (anew, *_) = [row for row in office.rows(timers, notice_id=read.notice_id, state="set") if row.kind == "rung"]
    office.later(minutes=8)
    assert office.rows(timers, id=anew.id)[0].state == "fired"


def test_two_mergings_at_once_are_one_and_a_polite_refusal(office: Office) -> None:
    one, other = pair(office)
    merge(office, one, other)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="不能并入；此时可以：撤销并入"):
        merging.merge(conn, office.head, one, office.one(other).number, IN_LEAD, office.now, "同一件事")


def reported(office: Office, incident_id: int, kind: BulletinKind = BulletinKind.FIRST, after: int = 0) -> int:
    with office.store.write() as conn:
        draft = Draft(kind, "三人腹泻", "已留样", "等待检验", after)
        return write(conn, office.head, incident_id, IN_LEAD, office.now, draft, [])


def test_a_report_that_leaves_after_the_merging_is_recorded_and_mailed_once(office: Office) -> None:
    one, other = pair(office)
    reported(office, other)
    office.work()
    office.mail.answers = [Transient("断线")] * 10
    reported(office, one)
    office.work()
    merge(office, one, other)
    assert any("~report" in row.step for row in office.rows(notices)), "equal steps are told apart"
    office.mail.answers, office.mail.sent = [], []
    for _ in range(4):
        office.work()
        office.now += timedelta(seconds=40)
    reports = Counter((mail.to, mail.notice) for mail in office.mail.sent if "情况报告" in mail.subject)
    assert set(reports.values()) == {1}
    assert all(row.left_at is not None for row in office.rows(bulletins))


def test_reports_of_the_merged_incident_count_and_the_next_one_is_numbered_on(office: Office) -> None:
    """Before, the next report had a number and a step that were used, so who had heard the first heard nothing."""
    one, other = pair(office)
    assert (reported(office, one), reported(office, one, BulletinKind.FOLLOW, 1)) == (1, 2)
    office.work()
    merge(office, one, other)
    office.now += timedelta(minutes=5)
    with pytest.raises(IllegalStep, match="首报"):
        reported(office, other, BulletinKind.FIRST, 2)
    assert reported(office, other, BulletinKind.FOLLOW, 2) == 3
    office.work()
    heard = {mail.to for mail in office.mail.sent if "续报（情况报告第 3 号）" in mail.subject}
    assert heard == {"keeper@x.example", "leader@x.example", "school@x.example"}
    assert office.rows(timers, incident_id=other, name="first_report")[0].state == "stopped"
    unmerge(office, one)
    assert reported(office, one, BulletinKind.FOLLOW, 2) == 3
    assert reported(office, other, BulletinKind.FINAL, 3) == 4


def test_a_final_report_of_the_merged_incident_does_not_end_the_other(office: Office) -> None:
    one, other = pair(office)
    reported(office, one)
    reported(office, one, BulletinKind.FINAL, 1)
    merge(office, one, other)
    with office.store.read() as conn:
        assert "还没有终报" in loose_ends(conn, other)


def test_merging_into_a_watched_incident_asks_for_a_new_final_report_and_ends_the_watch(office: Office) -> None:
    one, other = pair(office)
    office.see_through(other)
    office.now += timedelta(minutes=1)
    with office.store.read() as conn:
        assert not any("终报" in words for words in loose_ends(conn, other))
    merge(office, one, other)
    assert office.one(other).state == "handling"
    assert office.rows(timers, incident_id=other, kind="watch", state="set") == []
    assert len(office.rows(timers, incident_id=other, kind="follow", state="set")) == 1
    with office.store.read() as conn:
        assert "重新打开或复燃后还没有新的终报" in loose_ends(conn, other)


def test_a_task_of_another_account_goes_over_and_is_corrected_in_its_own_account(office: Office) -> None:
    one, other = pair(office)
    with office.store.write() as conn:
        conn.execute(update(incidents).where(incidents.c.id == other).values(account_id="dorm"))
        conn.execute(update(tasks).where(tasks.c.incident_id == one).values(kind="correction"))
    before = whole(office)
    merge(office, one, other)
    asked = office.rows(tasks, state="set")
    assert len(asked) == len(before["tasks"]), "nothing is put aside"
    mine = next(row for row in asked if "~" in row.key)
    assert (mine.incident_id, mine.data["of"]["account"]) == (other, "canteen")
    post = a_post(RAW_CHICKEN, "weibo:own", at=office.now, account="canteen", by_school=True)
    with office.store.write() as conn:
        keep(conn, post)
        assert [row.id for row in correction.candidates(conn, office.one(other), mine)] == ["weibo:own"]
    unmerge(office, one)
    after = whole(office)
    assert (after["tasks"], after["corrections"]) == (before["tasks"], before["corrections"])


def test_a_task_goes_over_where_the_other_of_its_key_has_ended(office: Office) -> None:
    one, other = pair(office)
    with office.store.write() as conn:
        conn.execute(update(tasks).where(tasks.c.incident_id == other).values(state="withdrawn"))
    wanted = {row.id for row in office.rows(tasks, incident_id=one)}
    merge(office, one, other)
    assert wanted <= {row.id for row in office.rows(tasks, incident_id=other, state="set")}


def test_after_unmerging_nobody_counts_as_signed_by_a_notice_that_stayed_behind(office: Office) -> None:
    one, other = pair(office)
    merge(office, one, other)
    office.now += timedelta(minutes=1)
    with office.store.write() as conn:
        level.change(conn, office.head, other, ON_DESK, office.now, 1, "更重")
    office.now += timedelta(minutes=1)
    office.work()
    unmerge(office, one)
    with office.store.read() as conn:
        assert (receipt.tally(conn, one).signed, receipt.tally(conn, one).needed) == (0, 4)
    owed = [row for row in office.rows(notices, incident_id=one) if row.needs_signature and not row.superseded_by]
    assert sorted(row.addressee for row in owed) == ["keeper", "leader", "publicity", "school"]
    for row in owed:
        running = office.rows(timers, notice_id=row.id, state="set")
        assert {clock.kind for clock in running} == {"sign", "rung"}
        assert min(clock.due_at for clock in running) > office.now
    theirs = [row for row in office.rows(notices, incident_id=other) if row.needs_signature and not row.superseded_by]
    assert {row.kind for row in theirs} == {"raised"}, "the raise stands for what was told of it before"
    clocks = [row for row in office.rows(timers, incident_id=other, state="set") if row.notice_id]
    assert {row.notice_id for row in clocks} == {row.id for row in theirs}


def test_a_duty_that_began_anew_while_merged_keeps_its_name_after_unmerging(office: Office) -> None:
    one, other = pair(office)
    merge(office, one, other)
    with office.store.write() as conn:
        for name in ("facts", "first_report", "first_answer"):
            timer.fulfil(conn, other, name, office.now + timedelta(minutes=1))
    office.now += timedelta(minutes=2)
    with office.store.write() as conn:
        restart_duties(conn, office.one(other), office.now)
    fresh = {row.name for row in office.rows(timers, incident_id=other, kind="duty", state="set")}
    unmerge(office, one)
    running = {row.name for row in office.rows(timers, incident_id=other, kind="duty", state="set")}
    assert running == fresh, "what began anew runs on, once"
    assert any(":" in row.name for row in office.rows(timers, incident_id=other, kind="duty"))
    assert office.one(one).state == "notified"


def test_merged_with_a_graver_one_nothing_waits_for_the_end_of_the_quiet_hours(tmp_path: Path) -> None:
    office = Office.at(tmp_path, (*HELD, Held(Role.UNIT_LEADER, "宿管", "lead")))
    office.now = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)  # 23:00
    one, other = pair(office, level=4, unit="宿管")
    with office.store.write() as conn:
        conn.execute(update(incidents).where(incidents.c.id == one).values(level=1))
    waiting = [row for row in office.rows(deliveries, state="waiting") if row.next_at > office.now]
    assert waiting, "Ⅳ waits for the morning"
    merge(office, one, other)
    assert office.one(other).level == 1
    office.work()
    still = [row for row in office.rows(deliveries, state="waiting") if row.next_at > office.now]
    assert not still
    raised = office.notice("lead", "raised")
    assert (raised.incident_id, raised.sign_by - office.now) == (other, timedelta(minutes=5))
    clocks = office.rows(timers, incident_id=other, kind="duty", name="first_report")
    assert min(row.due_at for row in clocks) <= office.now + timedelta(minutes=30)
    office.store.close()


def test_the_clock_to_the_next_report_goes_on_in_the_incident_that_took_the_other_in(office: Office) -> None:
    one, other = pair(office)
    reported(office, one)
    office.work()
    assert {row.incident_id for row in office.rows(timers, kind="follow", state="set")} == {one}
    merge(office, one, other)
    assert {row.incident_id for row in office.rows(timers, kind="follow", state="set")} == {other}
    unmerge(office, one)
    assert {row.incident_id for row in office.rows(timers, kind="follow", state="set")} == {one}
