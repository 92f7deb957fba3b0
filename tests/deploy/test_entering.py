"""Entering the roster again: who may sign in, and as what, follows the offices held now."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy import checking, installation, migrations, upkeep, wiring
from deploy.settings import load
from escalation import alert, people, user
from escalation.audit import audit_log, head
from escalation.duty import departing
from escalation.duty.absence import departures
from escalation.notice import vacancy
from escalation.people import Role
from escalation.user import Entry, User
from stream import account
from stream.store import Store

NOW = datetime(2026, 11, 3, 4, tzinfo=UTC)
PASSWORD = "long enough 4711"
NINTH = '[[offices]]\nrole = "系统管理员"\nperson = "P09"\n'


class School:
    """The demo's school, with its roster entered once."""

    def __init__(self, folder: Path) -> None:
        self.file = installation.write_demo(folder, 8700, NOW)
        settings = load(self.file)
        self.code, url = settings.school.code, settings.store_url
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self.store = Store(url)
        migrations.migrate(self.store)
        upkeep.enter_roster(load(self.file))

    def enrol(self, name: str, person: str, password: str = PASSWORD) -> list[Role]:
        return upkeep.enrol(load(self.file), name, person, password)

    def sign_in(self, name: str, password: str = PASSWORD) -> tuple[Entry, str]:
        return user.enter(self.store, self.code, name, password, NOW, "")

    def who(self, token: str) -> User | None:
        with self.store.read() as conn:
            return user.recognise(conn, token, NOW)

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text("utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), "utf-8")
        upkeep.enter_roster(load(self.file))


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def test_who_has_lost_every_office_is_signed_out_and_cannot_sign_in(school: School) -> None:
    school.enrol("admin", "P09")
    school.enrol("other", "P08")
    _, token = school.sign_in("admin")
    _, others = school.sign_in("other")
    assert school.who(token) is not None
    school.change(NINTH, NINTH.replace("P09", "P08"))
    assert school.who(token) is None
    assert school.sign_in("admin") == (Entry.WRONG, "")
    kept = school.who(others)
    assert kept is not None
    assert kept.roles == {Role.MONITOR, Role.ADMINISTRATOR}


def test_switching_a_sign_in_off_and_on_again_is_audited_with_what_it_could_do(school: School) -> None:
    school.enrol("admin", "P09")
    school.change(NINTH, NINTH.replace("P09", "P08"))
    school.change(NINTH.replace("P09", "P08"), NINTH)
    with school.store.read() as conn:
        rows = conn.execute(select(audit_log).where(audit_log.c.object == "admin").order_by(audit_log.c.seq)).all()
    admin = [Role.ADMINISTRATOR.value]
    assert [(row.action, row.actor, row.detail.get("before"), row.detail["roles"]) for row in rows] == [
        ("sign_in.enrol", "命令行", None, admin), ("sign_in.off", "名册", admin, []), ("sign_in.on", "名册", [], admin),
    ]  # fmt: skip


def test_who_is_no_longer_in_the_roster_cannot_sign_in_until_named_again(school: School) -> None:
    school.enrol("ye", "P10")
    office = '[[offices]]\nrole = "党委宣传部"\nperson = "P10"\n'
    whole = school.file.read_text("utf-8")
    start = whole.index('[[people]]\nid = "P10"')
    person = whole[start : whole.index("[[offices]]")]
    school.file.write_text(whole.replace(office, office.replace("P10", "P02")), "utf-8")
    school.change(person, "")
    assert school.sign_in("ye") == (Entry.WRONG, "")
    school.file.write_text(whole, "utf-8")
    upkeep.enter_roster(load(school.file))
    assert school.sign_in("ye")[0] is Entry.WELCOME


def test_whom_the_roster_names_no_more_leaves_and_is_back_once_named_again(school: School) -> None:
    """As one who was entered as 离任: what waits for them is handed on (`tests/escalation/duty/test_left.py`)."""
    whole = school.file.read_text("utf-8")
    start = whole.index('[[people]]\nid = "P10"')
    school.file.write_text(
        whole.replace('role = "党委宣传部"\nperson = "P10"', 'role = "党委宣传部"\nperson = "P02"'), "utf-8"
    )
    school.change(whole[start : whole.index("[[offices]]")], "")

    def left() -> list[tuple[str, str, str]]:
        with school.store.read() as conn:
            return [tuple(row) for row in conn.execute(
                select(departures.c.person_id, departures.c.note, departures.c.entered_by)
            )]  # fmt: skip

    assert left() == [("P10", "名册中已没有此人", "名册")]
    with school.store.write() as conn:
        assert departing.due(conn, school.code, datetime.now(UTC)), "notify hands on what waited for them"
        departing.take_effect(conn, wiring.letterhead(load(school.file)), datetime.now(UTC))
    upkeep.enter_roster(load(school.file))
    assert len(left()) == 1, "an unchanged roster says it once"
    school.file.write_text(whole, "utf-8")
    upkeep.enter_roster(load(school.file))
    assert left() == []
    with school.store.read() as conn:
        found = people.person(conn, school.code, "P10")
    assert found is not None
    assert found.active


def test_an_unchanged_roster_signs_nobody_out(school: School) -> None:
    roles = school.enrol("admin", "P09")
    _, token = school.sign_in("admin")
    with school.store.read() as conn:
        before = head(conn)
    upkeep.enter_roster(load(school.file))
    found = school.who(token)
    assert found is not None
    assert found.roles == set(roles)
    with school.store.read() as conn:
        assert head(conn) == before, "nothing changed, nothing is audited"


def test_a_new_password_ends_the_sessions_of_that_name_only(school: School) -> None:
    school.enrol("admin", "P09")
    school.enrol("other", "P08")
    _, token = school.sign_in("admin")
    _, others = school.sign_in("other")
    school.enrol("admin", "P09", "another secret 815")
    assert school.who(token) is None
    assert school.who(others) is not None


@pytest.mark.parametrize(("word", "route"), [("", "api"), ("接口", "api"), ("人工巡查", "manual"), ("导入", "manual")])
def test_the_way_an_account_is_watched_stands_in_the_book(school: School, word: str, route: str) -> None:
    text = school.file.read_text("utf-8")
    start = text.rindex("[[routes]]")
    text = text[:start] + text[text.index("[[units]]") :]
    native = re.findall(r'platform = "wechat"\nnative_id = "([^"]+)"', text)[-1]
    school.file.write_text(text, "utf-8")
    school.change(f'native_id = "{native}"\n', f'native_id = "{native}"\n' + (f'route = "{word}"\n' if word else ""))
    with school.store.read() as conn:
        kept = account.book(conn, school.code)
    assert kept[f"wechat:{native}"].route == route
    assert {one.route for key, one in kept.items() if key != f"wechat:{native}"} == {"api"}


def test_an_account_watched_by_hand_needs_no_route_and_says_what_people_must_do(school: School) -> None:
    text = school.file.read_text("utf-8")
    start, end = text.index("[[routes]]"), text.index("[[units]]")
    text = text[:start] + text[end:].replace('platform = "weibo"\n', 'platform = "weibo"\nroute = "人工巡查"\n')
    school.file.write_text(text, "utf-8")
    found = [one for one in checking.accounts(load(school.file)) if "采集" in one.words or "人工" in one.words]
    by_hand = [one for one in found if "由人工巡查" in one.words]
    assert [one.good for one in by_hand] == [True] * text.count('route = "人工巡查"')
    assert all("没有采集路线" in one.words for one in found if not one.good)
    assert not any("微博" in one.words for one in found if not one.good)


def test_a_changed_roster_ends_the_alert_that_nobody_held_an_office_and_a_restart_does_not(school: School) -> None:
    with school.store.write() as conn:
        alert.ring(conn, school.code, f"{vacancy.CAUSE}宣传部", "“宣传部”没有可联系的人员", NOW)
    upkeep.enter_roster(load(school.file))
    with school.store.read() as conn:
        assert [one.cause for one in alert.ringing(conn, school.code)] == ["vacant:宣传部"], "nothing has changed"
    school.change(NINTH, NINTH.replace("P09", "P08"))
    with school.store.read() as conn:
        assert alert.ringing(conn, school.code) == []


def test_several_get_one_password_or_nobody_gets_one(school: School) -> None:
    given = load(school.file)
    for wrong, password in (({"nobody": "P00"}, PASSWORD), ({PASSWORD: "P08"}, PASSWORD), ({"other": "P08"}, "short")):
        with pytest.raises(upkeep.NotAllowed):
            upkeep.enrol_all(given, {"admin": "P09"} | wrong, password)
        assert school.sign_in("admin", password) == (Entry.WRONG, "")
    roles = upkeep.enrol_all(given, {"admin": "P09", "other": "P08"}, PASSWORD)
    assert roles == {"admin": [Role.ADMINISTRATOR], "other": [Role.MONITOR]}
    for name, held in roles.items():
        entry, token = school.sign_in(name)
        signed_in = school.who(token)
        assert entry is Entry.WELCOME
        assert signed_in is not None
        assert signed_in.roles == set(held)
