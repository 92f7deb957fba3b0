"""The full cycle in the office: watch, re-ignition, recap, closing, reopening, what follows, level, archive."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from escalation import (
    archive,
    assigning,
    handling,
    keeper,
    level,
    recap,
    receipt,
    record,
    reignition,
    renewal,
    replay,
    sequel,
    telephone,
    timer,
)
from escalation.audit import audit_log
from escalation.incident import Actor, entries, incidents, open_keys
from escalation.incident.state import IllegalStep
from escalation.loose_end import loose_ends
from escalation.notice import calls, notices
from escalation.people import Role
from escalation.procedure import Pack, Trigger
from escalation.procedure.pack import Default
from escalation.procedure.reignition import Reignition
from escalation.recap import Recap
from escalation.reignition import Seen, over
from escalation.timer import timers
from stream.kept import keep, keep_assessment
from tests.escalation.office import IN_LEAD, KEEPER, ON_DESK, RECAP, Office
from tests.stream.said import WORM, a_post, assessed

SECOND = Actor("lead", "梁致远", frozenset({Role.PUBLICITY}))
SIXTEEN = timedelta(days=16)


def sign_all(office: Office) -> None:
    for row in office.rows(notices):
        if row.needs_signature and row.signed_at is None:
            with office.store.write() as conn:
                receipt.sign(conn, row.id, row.addressee, office.now, via="link")
    for row in office.rows(calls):
        if row.outcome is None:
            with office.store.write() as conn:
                telephone.record_call(conn, row.id, ON_DESK, office.now, "已接通")


def answered(office: Office, level: int = 2) -> int:
    """An incident that everybody signed and the keeper answered."""
    one = office.open(level=level)
    office.work()
    sign_all(office)
    with office.store.write() as conn:
        keeper.answer(conn, one, KEEPER, office.now, text="已停用该窗口，正在核实")
    return one


def watched(office: Office, level: int = 2) -> int:
    one = answered(office, level)
    with office.store.write() as conn:
        reignition.begin(conn, one, ON_DESK, office.now)
    return one


def open_ends(office: Office, one: int) -> str:
    with office.store.read() as conn:
        return "；".join(loose_ends(conn, one))


def close(office: Office, one: int, by: Actor = IN_LEAD) -> None:
    with office.store.write() as conn:
        handling.close(conn, one, by, office.now, "已处置", "电话办理")


def closed(office: Office) -> int:
    one = watched(office)
    with office.store.write() as conn:
        recap.write(conn, one, ON_DESK, office.now, RECAP)
        office.wind_up(conn, one)
    office.later(days=14)
    close(office, one)
    return one


def again(office: Office, one: int, *post_ids: str, negative: bool = True, grave: bool = False) -> None:
    """Somebody new says it again, and the watch adds it to the incident."""
    for post_id in post_ids:
        office.now += timedelta(minutes=1)
        with office.store.write() as conn:
            post = a_post(WORM, post_id, at=office.now)
            keep(conn, post)
            keep_assessment(conn, assessed(post, negative=negative), 40, [], office.now)
        office.add(one, member_ids=(post_id,), enough=False, level=4, grave=grave)


def test_a_watch_of_fourteen_days_is_a_row_and_holds_up_closing_until_it_is_over(office: Office) -> None:
    one = watched(office)
    (clock,) = office.rows(timers, kind="watch")
    assert (clock.due_at - clock.set_at, clock.source) == (timedelta(days=14), "default")
    assert "复燃观察未满" in open_ends(office, one)
    office.later(days=13, hours=23)
    assert "复燃观察未满" in open_ends(office, one)
    office.later(hours=1)
    assert "复燃观察" not in open_ends(office, one)
    assert "复燃观察期满，未见复燃" in office.headings()
    assert office.one(one).state == "watching", "nothing closes by itself"


def test_the_machine_begins_the_watch_once_nothing_is_waited_for(office: Office) -> None:
    one = answered(office)
    office.later(minutes=2)
    assert office.one(one).state == "responded", "首报 and 情况说明 are still to be done"
    with office.store.write() as conn:
        handling.fulfil(conn, one, ON_DESK, office.now, "facts")
        timer.fulfil(conn, one, "first_report", office.now)  # as a 首报 that left does
    office.later(minutes=2)
    assert office.one(one).state == "watching"
    (line,) = office.rows(entries, heading="转入观察")
    assert line.actor == "系统"


@pytest.mark.parametrize(
    ("seen", "danger", "is_over"),
    [
        (Seen(10, 2, 0), False, True),
        (Seen(9, 9, 5), False, False),
        (Seen(3, 3, 2), False, True),
        (Seen(3, 2, 3), False, False),
        (Seen(2, 2, 2), False, False),
        (Seen(0, 0, 0), False, False),
        (Seen(1, 1, 0), True, True),
    ],
)
def test_a_matter_is_on_again_by_volume_by_share_or_by_danger(seen: Seen, danger: bool, is_over: bool) -> None:
    assert bool(over(Reignition(), seen, danger=danger)) is is_over


def test_over_its_threshold_it_goes_back_to_work_with_new_clocks_and_one_notice_each(office: Office) -> None:
    one = watched(office)
    office.later(days=3)
    before = {row.name: row.due_at for row in office.rows(timers, kind="duty")}
    again(office, one, "weibo:51", "weibo:52")
    assert office.one(one).state == "watching"
    again(office, one, "weibo:53")
    row = office.one(one)
    assert row.state == "handling"
    assert len(office.rows(incidents)) == 1
    assert sorted(office.told("rekindled")) == ["keeper", "leader", "publicity", "school"]
    again(office, one, "weibo:54", "weibo:55")
    office.work()
    assert len(office.told("rekindled")) == 4, "once"
    duties = {row.name: row for row in office.rows(timers, kind="duty", state="set")}
    assert set(duties) == {"first_report", "facts", "first_answer"}
    assert all(duties[name].due_at > before[name] for name in duties)
    assert office.rows(timers, name="first_answer:1")[0].state == "stopped", "the first answer stays on record"
    assert office.rows(timers, kind="watch")[0].state == "stopped"
    assert "复燃，恢复处置" in office.headings()


def test_what_was_said_before_the_watch_does_not_count_towards_re_ignition(office: Office) -> None:
    one = answered(office)
    again(office, one, "weibo:41", "weibo:42", "weibo:43")
    with office.store.write() as conn:
        reignition.begin(conn, one, ON_DESK, office.now)
    again(office, one, "weibo:44", "weibo:45")
    assert office.one(one).state == "watching"


def test_a_danger_during_the_watch_is_told_in_one_round(office: Office) -> None:
    one = watched(office, level=3)
    told = len(office.rows(notices))
    office.now += timedelta(hours=1)
    office.add(one, member_ids=("weibo:61",), level=1, grave=True, theme="safety", title="食堂起火")
    assert office.one(one).state == "handling"
    new = [row for row in office.rows(notices)[told:] if row.addressee != "robot"]
    assert {row.kind for row in new} == {"raised"}, "raised tells already, 复燃 is not told besides"


def test_a_person_may_find_it_on_again_and_assigning_ends_the_watch_too(office: Office) -> None:
    one = watched(office)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="复燃的情形"):
        reignition.rekindle(conn, office.head, one, ON_DESK, office.now, " ")
    with office.store.write() as conn:
        reignition.rekindle(conn, office.head, one, ON_DESK, office.now, "家长群在传")
    assert office.one(one).state == "handling"
    sign_all(office)
    with office.store.write() as conn:
        keeper.answer(conn, one, KEEPER, office.now, text="再次说明")
    with office.store.write() as conn:
        reignition.begin(conn, one, ON_DESK, office.now)
    with office.store.write() as conn:
        assigning.assign(conn, office.head, one, ON_DESK, office.now, "后勤处")
    assert [row.state for row in office.rows(timers, kind="watch")] == ["stopped", "stopped"]


def test_saying_nothing_in_public_takes_the_lead_office_a_reason_and_an_approver(office: Office) -> None:
    one = office.open()
    for by, why, approved in ((ON_DESK, "已当面答复", "沈澄"), (IN_LEAD, " ", "沈澄"), (IN_LEAD, "已答复", "")):
        with office.store.write() as conn, pytest.raises(IllegalStep, match="未作任何更改"):
            handling.no_answer(conn, one, by, office.now, why, approved)
    with office.store.write() as conn:
        handling.no_answer(conn, one, IN_LEAD, office.now, "已当面答复", "沈澄")
    assert office.one(one).state == "responded"
    assert office.rows(timers, name="first_answer")[0].state == "stopped"


@pytest.mark.parametrize(("grade", "needed"), [(1, True), (2, True), (3, False), (4, False)])
def test_the_gravest_two_levels_are_not_closed_without_a_recap(office: Office, grade: int, needed: bool) -> None:
    one = office.open(level=grade)
    assert ("还没有写复盘" in open_ends(office, one)) is needed
    with office.store.write() as conn:
        recap.write(conn, one, ON_DESK, office.now, RECAP)
    assert "复盘" not in open_ends(office, one)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (replace(RECAP, cause=" "), "起因"),
        (replace(RECAP, measures=()), "至少写一项整改措施"),
        (replace(RECAP, measures=(replace(RECAP.measures[0], owner=""),)), "谁负责"),
        (replace(RECAP, badly="不" * 2001), "至多 2000 字"),
    ],
)
def test_a_recap_says_everything_and_every_measure_has_an_owner(office: Office, given: Recap, why: str) -> None:
    one = office.open(level=1)
    with office.store.write() as conn, pytest.raises(IllegalStep, match=why):
        recap.write(conn, one, ON_DESK, office.now, given)
    assert office.rows(recap.recaps) == []


def test_who_handled_it_alone_cannot_close_a_grave_one(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    sign_all(office)
    with office.store.write() as conn:
        handling.no_answer(conn, one, IN_LEAD, office.now, "已当面答复", "沈澄")
        recap.write(conn, one, IN_LEAD, office.now, RECAP)
        office.wind_up(conn, one)
        reignition.begin(conn, one, IN_LEAD, office.now)
    office.later(days=14)
    with pytest.raises(IllegalStep, match="唯一的经办人"):
        close(office, one)
    close(office, one, SECOND)
    assert office.one(one).state == "closed"


def test_a_closed_matter_is_opened_again_within_its_window_and_followed_later(office: Office) -> None:
    one = closed(office)
    office.now += timedelta(days=13)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="请用“重新打开”"):
        sequel.follow(conn, office.ground, one, ON_DESK, office.now, "又来了")
    with office.store.write() as conn:
        handling.reopen(conn, office.head, one, IN_LEAD, office.now, "又来了")
    assert office.one(one).state == "handling"
    assert [row.state for row in office.rows(timers, kind="archive")] == ["stopped"]


def test_after_the_window_a_new_incident_follows_the_old_one(office: Office) -> None:
    one = closed(office)
    office.now += SIXTEEN
    with office.store.write() as conn, pytest.raises(IllegalStep, match="请另立接续事件"):
        handling.reopen(conn, office.head, one, IN_LEAD, office.now, "又来了")
    with office.store.write() as conn:
        number = sequel.follow(conn, office.ground, one, ON_DESK, office.now, "又来了")
    (new,) = office.rows(incidents, number=number)
    assert (new.id != one, new.state, new.level) == (True, "notified", 2)
    assert {row.addressee for row in office.rows(notices, incident_id=new.id)} >= {"keeper", "leader", "publicity"}
    assert {row.incident_id for row in office.rows(open_keys)} == {new.id}
    assert f"接续 {office.one(one).number}" in office.headings()


def test_raised_by_a_person_tells_anew_and_lowered_takes_nobody_off(office: Office) -> None:
    one = office.open(level=3)
    office.work()
    with office.store.write() as conn:
        level.change(conn, office.head, one, ON_DESK, office.now, 2, "家长到校")
    row = office.one(one)
    assert (row.level, row.level_by_machine, row.level_by_person) == (2, 3, 2)
    assert sorted(office.told("raised")) == ["keeper", "leader", "publicity", "school"]
    told = [(row.addressee, row.basis) for row in office.rows(notices)]
    with office.store.write() as conn, pytest.raises(IllegalStep, match="角色不能降低级别"):
        level.change(conn, office.head, one, ON_DESK, office.now, 4, "查实无事")
    with office.store.write() as conn:
        level.change(conn, office.head, one, IN_LEAD, office.now, 4, "查实无事")
    row = office.one(one)
    assert (row.level, row.level_by_machine, row.level_by_person) == (4, 3, 4)
    assert [(row.addressee, row.basis) for row in office.rows(notices)] == told
    owed = [row for row in office.rows(notices) if row.needs_signature and row.superseded_by is None]
    assert {one.addressee for one in owed} == {"keeper", "leader", "publicity", "school"}
    assert {one.sign_by - one.created_at for one in owed} == {timedelta(hours=4)}, "the deadline of level Ⅳ"
    (line,) = [row for row in office.rows(entries, kind="level") if "降为" in row.heading]
    assert (line.heading, line.text, line.actor) == ("Ⅱ级降为 Ⅳ级（系统初判 Ⅲ级）", "查实无事", "何岚")


def test_what_a_person_lowered_stays_until_the_machine_finds_more(office: Office) -> None:
    one = office.open(level=2)
    with office.store.write() as conn:
        level.change(conn, office.head, one, IN_LEAD, office.now, 3, "已核实为个例")
    office.add(one, level=2, member_ids=("weibo:71",))
    assert office.one(one).level == 3, "as grave as before is nothing new"
    office.add(one, level=1, member_ids=("weibo:72",))
    assert office.one(one).level == 1


def test_the_gravest_level_is_lowered_by_two_people(office: Office) -> None:
    one = office.open(level=1)
    for _ in range(2):
        with office.store.write() as conn, pytest.raises(IllegalStep, match="须由两人"):
            level.change(conn, office.head, one, IN_LEAD, office.now, 2, "没有那么重")
    with office.store.write() as conn:
        handling.confirm(conn, one, ON_DESK, office.now)
    with office.store.write() as conn:
        level.change(conn, office.head, one, IN_LEAD, office.now, 2, "没有那么重")
    assert office.one(one).level == 2


def test_raising_never_makes_anybody_late_by_the_decision_itself(office: Office) -> None:
    one = office.open(level=4)
    office.later(hours=3)
    with office.store.write() as conn:
        level.change(conn, office.head, one, ON_DESK, office.now, 1, "有人送医")
    duties = office.rows(timers, kind="duty", state="set")
    assert {row.name for row in duties} == {"first_report", "facts", "first_answer"}
    assert all(row.due_at > office.now for row in duties)


def newer(pack: Pack) -> Pack:
    """The pack of tomorrow: the duty officer is told as well, and signing takes twenty minutes."""
    levels = tuple(
        one.model_copy(update={"sign": one.sign.model_copy(update={"after": timedelta(minutes=20)})})
        for one in pack.level
    )
    extra = Default(triggers=tuple(Trigger), tell=("值班员",), reason="值班员知情")
    return pack.model_copy(update={"level": levels, "default": (*pack.default, extra), "version": "f" * 64})


def test_the_procedure_of_today_is_applied_by_a_person_and_tells_only_who_is_new(office: Office) -> None:
    one = office.open(level=2)
    office.work()
    today = newer(office.ground.pack)
    sent = Counter(message.to for message in office.mail.sent)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="角色不能改用"):
        renewal.renew(conn, office.head, one, ON_DESK, office.now, today, {}, "新办法施行")
    with office.store.write() as conn, pytest.raises(IllegalStep, match="就是现行规程"):
        renewal.renew(conn, office.head, one, IN_LEAD, office.now, office.ground.pack, {}, "新办法施行")
    with office.store.read() as conn:
        shown = {one.what: (one.then, one.now) for one in renewal.differences(conn, office.one(one), today, {})}
    assert shown["时限·签收"] == ("15 分钟（系统默认，非校规）", "20 分钟（系统默认，非校规）")
    with office.store.write() as conn:
        renewal.renew(conn, office.head, one, IN_LEAD, office.now, today, {}, "新办法施行")
    office.work()
    row = office.one(one)
    assert row.frozen["pack"]["pack"]["version"] == "f" * 64
    assert row.frozen["before"][0]["pack"]["pack"]["version"] == office.ground.pack.version
    assert Counter(message.to for message in office.mail.sent) - sent == Counter(["monitor@x.example"])
    owed = [row for row in office.rows(notices) if row.needs_signature and row.signed_at is None]
    assert {one.sign_by - one.created_at for one in owed} == {timedelta(minutes=20)}
    (line,) = [row for row in office.rows(entries) if row.heading.startswith("改用现行规程")]
    assert "时限·签收：15 分钟" in line.text
    with office.store.read() as conn:
        made = replay.replay(conn, "JY", row.number, today, row.frozen["versions"])
    assert made.faults == ()
    assert any("经人工改用" in words for words in made.since)


def test_an_archive_holds_the_record_proves_itself_and_takes_no_more_deeds(office: Office) -> None:
    one = closed(office)
    with office.store.write() as conn:
        archive.archive(conn, one, IN_LEAD, office.now)
    (kept,) = office.rows(archive.archives)
    assert record.fingerprint(kept.package) == kept.sha256
    held = json.loads(kept.package)
    assert {line["heading"] for line in held["log"]} >= {"销号", "归档", "写复盘", "转入观察"}
    assert {line["addressee"] for line in held["notices"]} >= {"keeper", "leader", "publicity", "school"}
    assert all(len(line["written"]) == 64 for line in held["notices"])
    assert "@x.example" not in kept.package
    assert "13800000000" not in kept.package
    (row,) = office.rows(audit_log, action="incident.archive")
    assert row.detail["sha256"] == kept.sha256
    before = [tuple(row) for row in office.rows(entries)]
    for deed in (
        lambda conn: handling.note(conn, one, ON_DESK, office.now, "再记一笔"),
        lambda conn: recap.write(conn, one, ON_DESK, office.now, RECAP),
        lambda conn: handling.reopen(conn, office.head, one, IN_LEAD, office.now, "再开"),
        lambda conn: keeper.report(conn, one, KEEPER, office.now, seen="又看到", done=""),
        lambda conn: archive.archive(conn, one, IN_LEAD, office.now),
    ):
        with pytest.raises(IllegalStep, match="未作任何更改"), office.store.write() as conn:
            deed(conn)
    assert [tuple(row) for row in office.rows(entries)] == before


def test_the_machine_archives_when_it_can_no_longer_be_opened_again(office: Office) -> None:
    one = closed(office)
    office.later(days=13)
    assert office.one(one).state == "closed"
    office.later(days=2)
    assert office.one(one).state == "archived"
    assert [row.by for row in office.rows(archive.archives)] == ["machine"]


def test_taking_an_archive_out_is_in_the_audit(office: Office) -> None:
    one = closed(office)
    with office.store.write() as conn, pytest.raises(IllegalStep, match="还没有归档"):
        archive.export(conn, office.one(one), IN_LEAD, office.now, "json")
    with office.store.write() as conn:
        archive.archive(conn, one, IN_LEAD, office.now)
    with office.store.write() as conn:
        archive.export(conn, office.one(one), IN_LEAD, office.now, "json")
    (row,) = office.rows(audit_log, action="archive.export")
    assert (row.actor, row.detail["form"]) == ("publicity", "json")
