"""An incident is opened once, with its rows all there; what becomes graver is told once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation import alert, trial
from escalation.audit import audit_log
from escalation.incident import MatterTaken, entries, incidents, members, open_keys
from escalation.notice import deliveries, notices
from escalation.opening import Ground
from escalation.people import Held, Role
from escalation.timer import timers
from stream.assessment import Hit
from stream.coverage import sources
from stream.post import Kind
from tests.escalation.office import FOUR, HELD, Office
from tests.stream.said import SCHOOL

KEYS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3)


def told_exactly(office: Office, kind: str) -> dict[str, str]:
    return {who: office.notice(who, kind).basis for who in office.told(kind)}


def test_an_opening_writes_members_notices_deliveries_and_clocks(office: Office) -> None:
    one = office.open(member_ids=("weibo:1", "weibo:2", "weibo:1"))
    assert [row.post_id for row in office.rows(members, incident_id=one)] == ["weibo:1", "weibo:2"]
    assert told_exactly(office, "first") == {
        "school": "第十三条", "publicity": "第十三条、第十四条", "leader": "第十四条", "keeper": "系统默认，非校规"
    }  # fmt: skip
    assert sorted(row.channel for row in office.rows(deliveries)) == ["mail"] * 4 + ["wecom_robot"]
    assert len(office.rows(timers, kind="sign")) == 4
    assert {row.name for row in office.rows(timers, kind="duty")} == {"first_report", "facts", "first_answer"}
    assert office.one(one).state == "notified"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(KEYS, min_size=1, max_size=8))
def test_a_key_belongs_to_one_incident_and_a_refused_opening_leaves_no_trace(
    tmp_path: Path, matters: list[list[str]]
) -> None:
    office, owned = Office.at(Path(mkdtemp(dir=tmp_path))), dict[str, int]()
    for keys in matters:
        if owned.keys() & set(keys):
            with pytest.raises(MatterTaken):
                office.open(keys=tuple(keys))
        else:
            owned |= dict.fromkeys(keys, office.open(keys=tuple(keys)))
    assert {row.key: row.incident_id for row in office.rows(open_keys)} == owned
    assert len(office.rows(incidents)) == len(set(owned.values()))
    numbers = [row.number for row in office.rows(incidents)]
    assert numbers == [f"FX-2026-{n:04d}" for n in range(1, len(numbers) + 1)]
    assert len({row.number for row in office.rows(notices)}) == len(office.rows(notices)) == 5 * len(numbers)
    office.store.close()


def test_numbers_go_on_after_nine_thousand_nine_hundred_and_ninety_nine(office: Office) -> None:
    office.open(keys=("a",))
    with office.store.write() as conn:
        conn.execute(incidents.update().values(number="FX-2026-9999"))
    second, third = office.open(keys=("b",)), office.open(keys=("c",))
    assert [office.one(one).number for one in (second, third)] == ["FX-2026-10000", "FX-2026-10001"]


def test_a_higher_level_is_told_once_however_often_it_is_found(office: Office) -> None:
    one = office.open(level=3)
    for level in (3, 2, 2, 3):
        office.add(one, level=level)
    assert office.one(one).level == 2
    assert sorted(office.told("raised")) == sorted(FOUR)
    assert len([h for h in office.headings() if "升为 Ⅱ级" in h]) == 1
    assert office.one(one).level_by_machine == 3


def test_more_lines_of_the_same_matter_tell_nobody_again(office: Office) -> None:
    one = office.open()
    before = len(office.rows(notices)), len(office.rows(entries))
    for n in range(5):
        office.add(one, member_ids=(f"weibo:{n}",), risk=10, level=4)
    assert (len(office.rows(notices)), len(office.rows(entries))) == before
    assert len(office.rows(members)) == 5


def test_a_cry_for_help_that_joins_folds_the_incident_whatever_its_risk(office: Office) -> None:
    one = office.open(risk=90)
    office.add(one, risk=20, care=True, level=4)
    assert office.one(one).care


def test_on_trial_only_the_desk_is_told_until_somebody_ends_it(office: Office) -> None:
    with office.store.write() as conn:
        trial.begin(conn, SCHOOL, office.now)
    office.open(keys=("a",), level=2)
    office.work()
    office.later(hours=3)
    assert {row.addressee for row in office.rows(notices)} == {"monitor"}
    assert office.robot.sent == []
    with office.store.write() as conn:
        assert trial.end(conn, SCHOOL, office.now, "admin")
        assert not trial.end(conn, SCHOOL, office.now, "admin")
    assert len(office.rows(audit_log, action="trial.end")) == 1
    second = office.open(keys=("b",))
    assert {r.addressee for r in office.rows(notices, incident_id=second)} == FOUR | {"robot"}


def test_an_ended_trial_does_not_begin_again(office: Office) -> None:
    with office.store.write() as conn:
        trial.begin(conn, SCHOOL, office.now)
        trial.end(conn, SCHOOL, office.now, "admin")
        trial.begin(conn, SCHOOL, office.now + timedelta(days=1))
        assert not trial.on_trial(conn, SCHOOL)


def test_a_vacant_office_goes_to_the_desk_and_rings(tmp_path: Path) -> None:
    office = Office.at(tmp_path, [held for held in HELD if held.person_id != "school"])
    office.open()
    assert set(office.told("first")) == FOUR - {"school"} | {"monitor"}
    assert "主管校领导" in office.notice("monitor").reason
    with office.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, SCHOOL)] == ["vacant:主管校领导"]
    assert "“主管校领导”无可联系人员" in office.headings()
    office.store.close()


PROHIBITED = Hit(rule="NR-01", version=1, title="禁止内容", theme="prohibited", category="prohibited", weight=50,
                 spans=(), words=())  # fmt: skip
OWN = {"by_school": True, "kind": Kind.POST}


def without(tmp_path: Path, *persons: str) -> Office:
    """An office in which these persons hold no office."""
    return Office.at(tmp_path, [held for held in HELD if held.person_id not in persons])


def ringing(office: Office) -> set[str]:
    with office.store.read() as conn:
        return {one.cause for one in alert.ringing(conn, SCHOOL)}


def test_a_further_article_that_names_a_vacant_office_tells_the_desk_again_and_rings(tmp_path: Path) -> None:
    """The desk stands in for the keeper already (JY 9); now for the leader of the unit as well (JY 14)."""
    office = without(tmp_path, "keeper", "leader")
    one = office.open(office.post(**OWN), level=3, hits=(PROHIBITED,))
    assert set(office.told("first")) == {"publicity", "monitor"}
    before = ringing(office)
    office.add(one, level=3)
    office.add(one, level=3)
    assert ringing(office) - before == {"vacant:单位领导"}
    assert office.headings().count("“单位领导”无可联系人员") == 1
    mine = office.rows(notices, addressee="monitor")
    assert [row.superseded_by for row in mine] == [mine[1].number, None]
    assert "单位领导" in mine[1].reason
    assert office.told("first").count("publicity") == 1
    office.store.close()


def test_who_was_told_in_one_office_is_told_in_another_that_a_further_article_names(tmp_path: Path) -> None:
    """Whoever heads the publicity office is the school's leader in charge as well, and hears so by its article."""
    both = Held(Role.SCHOOL_LEADER, "", "publicity")
    office = Office.at(tmp_path, [*(held for held in HELD if held.person_id != "school"), both])
    one = office.open(office.post(**OWN), level=3, hits=(PROHIBITED,))
    assert "主管校领导" not in office.notice("publicity").office
    office.add(one, level=3)
    first, wider = office.rows(notices, addressee="publicity")
    assert (first.superseded_by, wider.superseded_by) == (wider.number, None)
    assert "主管校领导" in wider.office
    assert "第十三条" in wider.basis
    assert office.told("first").count("keeper") == 1
    office.store.close()


@pytest.mark.parametrize("change", [{"level": 2}, {"level": 3, "grave": True, "theme": "safety"}])
def test_a_raised_level_and_a_new_danger_ring_for_a_vacant_office(tmp_path: Path, change: dict[str, object]) -> None:
    office = without(tmp_path, "leader")
    one = office.open(office.post(**OWN), level=3, hits=(PROHIBITED,))
    assert ringing(office) == set()
    office.add(one, **change)
    assert "monitor" in office.told("raised" if "grave" not in change else "danger")
    assert ringing(office) == {"vacant:单位领导"}
    assert "“单位领导”无可联系人员" in office.headings()
    office.store.close()


def test_a_raised_level_and_a_new_danger_in_one_line_are_one_round(office: Office) -> None:
    one = office.open(level=3)
    office.work()
    for _ in range(3):
        office.add(one, level=1, grave=True, theme="safety", title="二食堂：着火")
    office.work()
    assert sorted(office.told("raised")) == sorted(FOUR)
    assert len(office.rows(notices, addressee="robot", kind="raised")) == 1
    assert len(office.robot.sent) == 2
    row = office.one(one)
    assert (row.level, row.title) == (1, "二食堂：饭菜有异物；二食堂：着火")
    assert len([words for words in office.headings() if "升为 Ⅰ级" in words or "新的险情" in words]) == 2
    assert {row.state for row in office.rows(deliveries)} == {"accepted"}


def test_a_line_that_waited_in_a_queue_is_late_and_one_just_fetched_is_not(office: Office) -> None:
    waited = office.post(at=office.now - timedelta(minutes=5))
    assert office.one(office.open(waited, keys=("a",))).late
    fresh = office.post(at=office.now - timedelta(minutes=2))
    assert not office.one(office.open(fresh, keys=("b",))).late


def frozen_versions(office: Office, ground: Mapping[str, object], judged: Mapping[str, object]) -> dict[str, object]:
    office.ground = Ground(office.ground.pack, office.head, dict(ground))
    one = office.open(keys=(str(judged),), judged=judged)
    return dict(office.one(one).frozen["versions"])


def test_an_incident_freezes_the_rules_that_judged_its_line(office: Office) -> None:
    here = {"program": "0.1.0", "engine": "snow", "rules": "aaa", "packs": {"canteen": "a1"}}
    judged = {"engine": "snow", "rules": "aaa", "hits": {"FD-01": 2}}
    assert frozen_versions(office, here, judged) == {**here, "hits": {"FD-01": 2}}


def test_a_line_that_other_rules_judged_before_an_upgrade_does_not_freeze_the_new_ones(office: Office) -> None:
    here = {"program": "0.2.0", "engine": "snow", "rules": "bbb", "packs": {"canteen": "b1"}}
    for before in ("aaa", ""):
        found = frozen_versions(office, here, {"engine": "snow", "rules": before, "hits": {"FD-01": 1}})
        assert found == {"program": "0.2.0", "engine": "snow", "rules": before, "hits": {"FD-01": 1}}


def _polled(office: Office) -> None:
    """The account of the office's posts and another one, each with a stream that is due in an hour."""
    row = {
        "school": SCHOOL, "platform": "weibo", "stream": "to_me", "promised_s": 900, "interval_s": 900,
        "next_due": office.now + timedelta(hours=1), "quiet_scans": 0, "cursor": "{}", "active": True,
        "essential": True, "breaker": "closed", "failures": 0, "last_class": "ok", "last_reason": "", "seen": 0,
        "note": "",
    }  # fmt: skip
    accounts = (office.post().account_id, "another")
    with office.store.write() as conn:
        conn.execute(sources.insert(), [row | {"id": f"{one}:to_me", "account_id": one} for one in accounts])


@pytest.mark.parametrize("levels", [(1,), (2,), (3, 2), (4, 1)])
def test_from_level_two_on_its_account_is_watched_closely_for_a_day(office: Office, levels: tuple[int, ...]) -> None:
    _polled(office)
    one = office.open(level=levels[0])
    for level in levels[1:]:
        assert all(row.closely_until is None for row in office.rows(sources))
        office.add(one, level=level)
    ours, other = sorted(office.rows(sources), key=lambda row: row.account_id == "another")
    assert ours.closely_until == office.now + timedelta(hours=24)
    assert ours.next_due == office.now
    assert (other.closely_until, other.next_due) == (None, office.now + timedelta(hours=1))


def test_a_level_three_incident_hurries_nothing(office: Office) -> None:
    _polled(office)
    office.add(office.open(level=3), level=3)
    assert all(row.closely_until is None for row in office.rows(sources))
