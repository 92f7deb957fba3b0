"""送审单: who approves which posts by which clause, and what a post without one brings about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import audit, submission
from escalation.duty.absence import absences
from escalation.notice import notices
from escalation.people import offices
from escalation.state_table import IllegalStep
from escalation.submission import submissions, use, versions
from tests.escalation.papers import (
    DEPUTY,
    KEEPER,
    LEADER,
    PUBLICITY,
    STRANGER,
    WEATHER,
    act,
    approve,
    found,
    give_back,
    hand_in,
    publish,
    school,
    sign,
    submission_row,
    use_submissions,
)
from tests.escalation.station import Station, open_station
from tests.stream.said import SCHOOL


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with open_station(tmp_path) as made:
        yield made


def test_an_approved_article_is_matched_when_it_appears_and_one_that_nobody_saw_is_found(station: Station) -> None:
    number = handed_in_at_zhengzhou(station)
    sign(station, number)
    approve(station, number)
    publish(station, WEATHER, "a1", account="article")
    row = submission_row(station, number)
    assert (row.state, row.used_post_id, row.likeness) == ("published", "wechat:a1", 100)
    assert found(station) == []
    publish(station, "图书馆周末延长开放，欢迎同学们前来阅读学习", "a2", account="article")
    assert found(station) == [("unsubmitted", "article", "第十一条")]
    assert station.incidents() == [], "a missing signature is no incident"
    told = {row.addressee for row in station.office.rows(notices) if row.matter.startswith("breach:")}
    assert told == {"keeper", "publicity"}, "whom the pack names for speaking without leave"


def test_an_article_that_was_out_before_its_approval_was_withdrawn_is_the_approved_one(station: Station) -> None:
    number = handed_in_at_zhengzhou(station)
    sign(station, number)
    approve(station, number)
    during = station.office.now = station.office.now + timedelta(minutes=10)
    pack = station.office.ground.pack
    act(station, lambda conn: submission.withdraw(conn, pack, SCHOOL, number, KEEPER, station.office.now, "已发"))
    station.office.now += timedelta(minutes=10)
    publish(station, WEATHER, "a2", account="article")
    assert [kind for kind, _, _ in found(station)] == ["unsubmitted"], "published after the withdrawal"
    publish(station, WEATHER, "a1", account="article", at=during, fetched=station.office.now)
    row = submission_row(station, number)
    assert (row.state, row.used_post_id, len(found(station))) == ("published", "wechat:a1", 1)


def test_a_platform_that_tells_whole_seconds_makes_no_post_older_than_its_approval(station: Station) -> None:
    number = handed_in_at_zhengzhou(station)
    sign(station, number)
    station.office.now = station.office.now.replace(microsecond=352_000)
    approve(station, number)
    publish(station, WEATHER, "a1", account="article", at=station.office.now.replace(microsecond=0))
    assert submission_row(station, number).state == "published"
    assert found(station) == []


@pytest.mark.parametrize(
    ("code", "account", "bound"),
    [
        ("ZG", "article", True), ("ZG", "canteen", False), ("ZG", "main", False), ("TF", "main", True),
        ("TF", "article", False), ("TF", "canteen", False), ("NX", "canteen", True), ("NX", "article", True),
        ("JY", "main", False), ("JY", "article", False), ("LG", "main", False), ("LG", "article", False),
    ],
)  # fmt: skip
def test_only_the_posts_that_the_schools_own_clause_names_need_one(
    station: Station, code: str, account: str, bound: bool
) -> None:
    school(station, code)
    if station.office.ground.pack.submission:
        use_submissions(station)
    publish(station, WEATHER, "x", account=account)
    assert [kind for kind, _, _ in found(station)] == (["unsubmitted"] if bound else [])
    if not bound:
        with pytest.raises(IllegalStep, match="校规未规定"):
            hand_in(station, WEATHER, account=account)


@pytest.mark.parametrize("code", ["ZG", "TF", "NX"])
def test_a_school_that_does_not_use_them_sees_no_finding(station: Station, code: str) -> None:
    school(station, code)
    for account in ("article", "main", "canteen"):
        publish(station, WEATHER, f"x-{account}", account=account)
    assert found(station) == []
    with pytest.raises(IllegalStep, match="未启用"):
        hand_in(station, WEATHER, account="main" if code == "TF" else "article")


def test_what_was_published_before_they_were_used_is_left_alone(station: Station) -> None:
    school(station, "ZG")
    before = station.office.now
    station.office.now += timedelta(hours=1)
    use_submissions(station)
    publish(station, WEATHER, "a1", account="article", at=before, fetched=station.office.now)
    assert found(station) == []


def test_the_school_account_of_tianfu_takes_signature_seal_and_review_in_this_order(station: Station) -> None:
    school(station, "TF")
    use_submissions(station)
    number = hand_in(station, WEATHER, account="main")
    with pytest.raises(IllegalStep, match=r"待单位审签.*未作任何更改。$"):
        approve(station, number)
    with pytest.raises(IllegalStep, match="加盖公章"):
        sign(station, number)
    sign(station, number, sealed=True)
    publish(station, WEATHER, "m0", account="main")
    approve(station, number)
    publish(station, WEATHER, "m1", account="main")
    row = submission_row(station, number)
    assert (row.sealed, row.signed_by, row.approved_by, row.used_post_id) == (True, "leader", "publicity", "weibo:m1")
    assert found(station) == [("unsubmitted", "main", "第十四条")], "the one published before the review"


def test_in_ningxia_the_units_own_reviewer_is_the_last_word(station: Station) -> None:
    school(station, "NX")
    use_submissions(station)
    number = hand_in(station, WEATHER, account="canteen")
    with pytest.raises(IllegalStep):
        approve(station, number)
    sign(station, number)
    row = submission_row(station, number)
    assert (row.state, row.approved_by, row.centre_office, row.approved_hash) == (
        "approved",
        "leader",
        "",
        row.text_hash,
    )


def test_what_was_changed_after_somebody_opened_it_is_neither_signed_nor_approved_nor_returned_unseen(
    station: Station,
) -> None:
    school(station, "ZG")
    use_submissions(station)
    office, number = station.office, hand_in(station, WEATHER)
    first = submission_row(station, number).text_hash
    sign(station, number)
    give_back(station, number, "请写明时间")
    better = WEATHER + "。时间为周六至周日"
    act(
        station,
        lambda c: submission.hand_in_again(c, office.ground, SCHOOL, number, KEEPER, office.now, better),
    )
    with pytest.raises(IllegalStep, match="请看过现在这一版再办"):
        sign(station, number, seen=first)
    sign(station, number)
    with pytest.raises(IllegalStep, match="送审稿在您打开之后已改动"):
        approve(station, number, seen=first)
    with pytest.raises(IllegalStep, match="送审稿在您打开之后已改动"):
        give_back(station, number, "不妥", seen=first)
    approve(station, number)
    row = submission_row(station, number)
    assert (row.state, row.text, row.approved_hash) == ("approved", better, row.text_hash)


def test_a_returned_one_comes_again_as_a_new_version_and_its_signatures_count_no_more(station: Station) -> None:
    number = handed_in_at_zhengzhou(station)
    sign(station, number)
    office = station.office
    ground = office.ground
    with pytest.raises(IllegalStep, match="退回理由"):
        give_back(station, number, " ")
    give_back(station, number, "请写明时间")
    better = WEATHER + "。时间为周六至周日"
    with pytest.raises(IllegalStep):
        act(station, lambda c: submission.hand_in_again(c, ground, SCHOOL, number, LEADER, office.now, better))
    act(station, lambda c: submission.hand_in_again(c, ground, SCHOOL, number, KEEPER, office.now, better))
    row = submission_row(station, number)
    assert (row.state, row.version, row.signed_by, row.text) == ("with_unit", 2, None, better)
    assert [one.text for one in office.rows(versions)] == [WEATHER, better]
    sign(station, number)
    approve(station, number)
    publish(station, better, "a1", account="article")
    assert found(station) == []
    kept = [one.action for one in office.rows(audit.audit_log) if one.object == number]
    assert kept == [
        "submission.hand_in", "submission.sign", "submission.return", "submission.hand_in", "submission.sign",
        "submission.approve",
    ]  # fmt: skip


def test_where_nobody_was_entered_for_an_office_of_the_clause_nothing_is_taken_in(station: Station) -> None:
    school(station, "TF")
    use_submissions(station)
    with pytest.raises(IllegalStep, match=r"“本单位主管领导”.*名册.*未作任何更改。$"):
        hand_in(station, WEATHER, who=PUBLICITY, account="main")
    assert station.office.rows(submissions) == []


def test_nobody_signs_or_reviews_what_they_wrote_and_no_stranger_does(station: Station) -> None:
    school(station, "ZG")
    use_submissions(station)
    with pytest.raises(IllegalStep, match="没有您以外的人担任"):
        hand_in(station, WEATHER, who=LEADER)
    number = hand_in(station, WEATHER)
    for who in (KEEPER, STRANGER, PUBLICITY):
        with pytest.raises(IllegalStep, match=r"未作任何更改。$"):
            sign(station, number, who=who)
    own = hand_in(station, WEATHER, who=PUBLICITY)
    sign(station, own)
    with pytest.raises(IllegalStep, match="不能审自己"):
        approve(station, own)
    approve(station, own, who=DEPUTY)
    assert submission_row(station, own).approved_by == "deputy"


def handed_in_at_zhengzhou(station: Station) -> str:
    """A submission under the ZG rules, at its unit; its number."""
    school(station, "ZG")
    use_submissions(station)
    return hand_in(station, WEATHER)


def test_nobody_gives_both_the_units_signature_and_the_review_even_as_a_substitute(station: Station) -> None:
    number, office = handed_in_at_zhengzhou(station), station.office
    with office.store.write() as conn:
        conn.execute(
            absences.insert(),
            [
                {"school": SCHOOL, "person_id": who, "kind": "leave", "starts_at": office.now, "note": "",
                 "substitute_id": "leader", "ends_at": office.now + timedelta(days=3), "entered_by": "monitor",
                 "entered_at": office.now}
                for who in ("publicity",)
            ],
        )  # fmt: skip
    sign(station, number)
    told = {one.addressee for one in office.rows(notices) if one.step.startswith("centre:")}
    assert "leader" not in told
    assert "deputy" in told
    with pytest.raises(IllegalStep, match=r"^须由另一人审核.*未作任何更改。$"):
        approve(station, number, who=LEADER)
    assert submission_row(station, number).state == "with_centre"
    approve(station, number, who=DEPUTY)
    assert submission_row(station, number).approved_by == "deputy"


def test_a_unit_does_not_sign_where_nobody_else_could_review(station: Station) -> None:
    number, office = handed_in_at_zhengzhou(station), station.office
    with office.store.write() as conn:
        conn.execute(offices.delete().where(offices.c.role == "publicity"))
        conn.execute(offices.insert().values(school=SCHOOL, role="publicity", scope="", person_id="leader", rank=0))
    with pytest.raises(IllegalStep, match=r"^须由另一人审核.*未作任何更改。$"):
        sign(station, number)
    assert submission_row(station, number).state == "with_unit"


def test_two_reviewers_at_once_get_one_result_and_one_refusal(station: Station) -> None:
    number = handed_in_at_zhengzhou(station)
    sign(station, number)
    approve(station, number)
    before = station.office.rows(audit.audit_log)
    with pytest.raises(IllegalStep, match=r"“已批准”.*未作任何更改。$"):
        approve(station, number, who=DEPUTY)
    assert station.office.rows(audit.audit_log) == before


def test_only_the_publicity_office_begins_or_ends_their_use_and_it_is_written_down(station: Station) -> None:
    school(station, "ZG")
    office = station.office

    def switch(who: object, on: bool) -> None:
        act(station, lambda c: use.switch(c, office.ground.pack, SCHOOL, who, office.now, on=on))  # type: ignore[arg-type]

    with pytest.raises(IllegalStep, match="宣传部"):
        switch(KEEPER, on=True)
    switch(PUBLICITY, on=True)
    with pytest.raises(IllegalStep, match="已经启用"):
        switch(DEPUTY, on=True)
    switch(PUBLICITY, on=False)
    assert [one.detail for one in office.rows(audit.audit_log)] == [{"in_use": True}, {"in_use": False}]
    school(station, "JY")
    with pytest.raises(IllegalStep, match="校规未规定"):
        switch(PUBLICITY, on=True)
