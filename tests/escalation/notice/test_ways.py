"""Several channels to one person: the level names them, and where one fails the next one carries the notice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import alert, receipt
from escalation.channels import Accepted, Fault, Message, Outcome, Partial, Permanent, RateLimited, Transient
from escalation.channels.breaker import FAILURES
from escalation.incident import entries
from escalation.notice import attempts, calls, deliveries, notices
from escalation.notice.detour import RESTING
from escalation.notice.ways import GROUPS, PERSONAL, TITLES
from escalation.notify import Notify
from escalation.opening import Ground
from escalation.people import people
from escalation.procedure import Channel, load
from tests.escalation.office import FOUR, Office, Scripted
from tests.stream.said import SCHOOL


def furnish(office: Office, named: tuple[str, ...], set_up: tuple[str, ...]) -> dict[str, Scripted]:
    """Channels of this house; every level of its pack names `named`. Everybody has every contact."""
    pack = load("JY")
    levels = tuple(one.model_copy(update={"channels": tuple(Channel(name) for name in named)}) for one in pack.level)
    channels = {name: Scripted(name, TITLES[Channel(name)]) for name in set_up}
    channels |= {"mail": office.mail} if "mail" in set_up else {}
    groups = {str(one): f"{TITLES[one]}群" for one in GROUPS if one != Channel.WECOM_ROBOT}
    office.head = replace(office.head, channels=frozenset(set_up), groups=groups)
    office.ground = Ground(pack.model_copy(update={"level": levels}), office.head, {"engine": "said"})
    office.notify = Notify(office.store, office.head, channels, lambda: office.now)
    with office.store.write() as conn:
        conn.execute(people.update().values(wecom=people.c.id))
    return channels


def ways_of(office: Office, who: str) -> list[tuple[str, str]]:
    return [(row.channel, row.state) for row in office.rows(deliveries, notice_id=office.notice(who).id)]


def called(office: Office) -> set[str]:
    return {row.person_id for row in office.rows(calls)}


def test_each_named_channel_that_is_set_up_carries_the_persons_own_link(office: Office) -> None:
    channels = furnish(office, ("wecom_app", "mail", "wecom_robot"), ("wecom_app", "mail", "wecom_robot"))
    office.open(level=1)
    office.work()
    for who in FOUR:
        assert ways_of(office, who) == [("wecom_app", "accepted"), ("mail", "accepted")]
    mine = {one.to: one.url for one in channels["wecom_app"].sent}
    assert mine.keys() == FOUR
    assert len(set(mine.values())) == len(FOUR), "nobody gets another person's link"
    assert {one.url for one in office.mail.sent if one.to == "leader@x.example"} == {mine["leader"]}
    assert "/r/" not in channels["wecom_robot"].sent[0].url
    assert called(office) == set()


def test_a_channel_that_the_level_does_not_name_stays_silent(office: Office) -> None:
    channels = furnish(office, ("mail",), ("wecom_app", "mail", "wecom_robot"))
    office.open(level=2)
    office.work()
    assert channels["wecom_app"].sent == channels["wecom_robot"].sent == []


def test_a_person_without_the_named_contact_is_told_on_another_channel(office: Office) -> None:
    furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    with office.store.write() as conn:
        conn.execute(people.update().where(people.c.id == "leader").values(wecom=""))
    office.open(level=2)
    office.work()
    assert ways_of(office, "leader") == [("mail", "accepted")]
    assert ways_of(office, "keeper") == [("wecom_app", "accepted")]
    assert called(office) == set()


@pytest.mark.parametrize(
    "outcome", [Partial("m1", {"keeper": "不在可见范围"}), Permanent(Fault.CONTACT, "没有这个账号。")]
)
def test_one_persons_bad_contact_goes_to_that_persons_next_channel(
    office: Office, outcome: Partial | Permanent
) -> None:
    channels = furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    office.open(level=2)
    first = office.rows(deliveries, channel="wecom_app")[0]
    bad = replace(outcome, bad={first.address: "不在可见范围"}) if isinstance(outcome, Partial) else outcome
    channels["wecom_app"].answers = [bad]
    office.work()
    office.work()
    assert ways_of(office, first.address) == [("wecom_app", "dead"), ("mail", "accepted")]
    for who in FOUR - {first.address}:
        assert ways_of(office, who) == [("wecom_app", "accepted")]
    assert called(office) == set(), "the next channel took it"
    assert any("改由邮件送出" in row.heading for row in office.rows(entries))


def test_taken_for_others_but_not_for_the_addressee_is_never_sent(office: Office) -> None:
    channels = furnish(office, ("wecom_app",), ("wecom_app",))
    office.open(level=2)
    first = office.rows(deliveries, channel="wecom_app")[0]
    channels["wecom_app"].answers = [Partial("m1", {first.address: "不在可见范围"})]
    office.work()
    assert ways_of(office, first.address) == [("wecom_app", "dead")]
    assert office.notice(first.address).sent_at is None
    assert called(office) == {first.address}, "no channel is left but the telephone"


def test_a_dead_channel_beside_one_that_carried_it_calls_nobody(office: Office) -> None:
    channels = furnish(office, ("wecom_app", "mail"), ("wecom_app", "mail"))
    office.open(level=2)
    channels["wecom_app"].answers = [Permanent(Fault.CONTACT, "没有这个账号。")]
    office.work()
    office.work()
    assert called(office) == set()
    assert "dead" in {row.state for row in office.rows(deliveries, channel="wecom_app")}
    with office.store.read() as conn:
        assert not [one for one in alert.ringing(conn, SCHOOL) if one.cause.startswith("delivery:")]


@pytest.mark.parametrize(("level", "moved"), [(1, True), (2, True), (3, False)])
def test_grave_levels_do_not_wait_for_a_channels_minute(office: Office, level: int, moved: bool) -> None:
    channels = furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    office.open(level=level)
    first = office.rows(deliveries, channel="wecom_app")[0].address
    channels["wecom_app"].answers = [RateLimited(timedelta(minutes=1), "限频。")]
    office.work()
    office.work()
    assert [channel for channel, _ in ways_of(office, first)] == ["wecom_app", *(["mail"] if moved else [])]


class Down(Scripted):
    """A channel that reaches nobody, or none of `whom`."""

    def __init__(self, name: str, whom: set[str] | None = None) -> None:
        super().__init__(name, TITLES[Channel(name)])
        self._whom = whom

    def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        return Accepted("taken") if self._whom is not None and message.to not in self._whom else Transient("断线。")


def furnish_broken(office: Office, broken: tuple[str, ...], set_up: tuple[str, ...]) -> dict[str, Scripted]:
    """The level names the application alone; of what is set up some channels are broken."""
    channels = {**furnish(office, ("wecom_app",), set_up), **{name: Down(name) for name in broken}}
    office.notify = Notify(office.store, office.head, channels, lambda: office.now)
    return channels


def test_after_three_tries_the_next_channel_is_used_as_well(office: Office) -> None:
    channels = furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    channels["wecom_app"] = Down("wecom_app", {"leader"})
    office.notify = Notify(office.store, office.head, channels, lambda: office.now)
    office.open(level=3)
    for pause in (2, 4):
        office.work()
        assert ways_of(office, "leader") == [("wecom_app", "waiting")]
        office.now += timedelta(seconds=pause)
    office.work()
    assert ways_of(office, "leader") == [("wecom_app", "waiting"), ("mail", "accepted")]
    for who in FOUR - {"leader"}:
        assert ways_of(office, who) == [("wecom_app", "accepted")]


@pytest.mark.parametrize(
    ("broken", "brings"),
    [(("wecom_app",), "mail"), (("wecom_app", "mail"), "sms")],
    ids=["one is broken", "two are broken"],
)
def test_nobody_waits_for_a_channel_that_rests_who_has_another(
    office: Office, broken: tuple[str, ...], brings: str
) -> None:
    channels = furnish_broken(office, broken, ("wecom_app", "mail", "sms"))
    incidents = [office.open(level=3, keys=(key,)) for key in ("a", "b", "c")]
    office.work()
    for incident_id in incidents:
        for row in office.rows(notices, incident_id=incident_id, kind="first", needs_signature=True):
            found = {one.channel: one.state for one in office.rows(deliveries, notice_id=row.id)}
            assert found == {**dict.fromkeys(broken, "waiting"), brings: "accepted"}, row.addressee
    assert [len(channels[name].sent) for name in broken] == [FAILURES] * len(broken), "they rest"
    heard = Counter((one.to, one.notice) for one in channels[brings].sent)
    for _ in range(4):
        office.now += timedelta(seconds=30)
        office.work()
    assert Counter((one.to, one.notice) for one in channels[brings].sent) == heard
    assert set(heard.values()) == {1}
    assert len(heard) == len(FOUR) * len(incidents)
    moved = [row.text for row in office.rows(entries) if row.heading.endswith(f"改由{TITLES[Channel(brings)]}送出")]
    assert moved == [RESTING] * len(heard)


def test_who_signed_meanwhile_is_not_told_on_the_channel_beside_one_that_rests(office: Office) -> None:
    furnish_broken(office, ("wecom_app",), ("wecom_app", "mail"))
    office.open(level=3)
    office.work()
    with office.store.write() as conn:
        receipt.sign(conn, office.notice("leader").id, "leader", office.now, via="page")
    office.now += timedelta(seconds=30)
    office.work()
    assert [channel for channel, _ in ways_of(office, "leader")] == ["wecom_app"]
    for who in FOUR - {"leader"}:
        assert ("mail", "accepted") in ways_of(office, who)


def test_what_the_vendor_answered_stands_with_each_attempt(office: Office) -> None:
    channels = furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    office.open(level=3)
    channels["wecom_app"].answers = [RateLimited(timedelta(minutes=1), "限频。", answer="45009")]
    office.work()
    assert "45009" in {row.answer for row in office.rows(attempts)}


def test_every_channel_of_a_pack_has_a_place_and_a_title() -> None:
    assert {*PERSONAL, *GROUPS, Channel.PHONE} == set(Channel) == TITLES.keys()


def test_a_delivery_of_a_channel_taken_from_the_settings_names_it(office: Office, tmp_path: Path) -> None:
    furnish(office, ("wecom_app",), ("wecom_app", "mail"))
    office.open(level=2)
    office.notify = Notify(office.store, office.head, {"mail": office.mail}, lambda: office.now)
    office.work()
    (row, *_) = office.rows(deliveries, channel="wecom_app")
    assert "“企业微信应用消息”通道已不在设置中" in row.reason


def test_an_sms_says_number_and_phone_and_carries_no_link(office: Office) -> None:
    channels = furnish(office, ("sms", "mail"), ("sms", "mail"))
    office.open(level=1)
    office.work()
    assert len(channels["sms"].sent) == len(FOUR)
    for one in channels["sms"].sent:
        assert one.url == ""
        assert "://" not in one.text
        assert one.notice in one.text
        assert "8071" in one.text
    assert ways_of(office, "leader") == [("mail", "accepted"), ("sms", "accepted")]


def test_the_outbox_tells_a_channel_which_attempt_it_is(office: Office) -> None:
    """An SMS that may have left is looked up before it is repeated, so the channel must know of the repetition."""
    channels = furnish(office, ("sms",), ("sms",))
    office.open(level=1)
    channels["sms"].answers = [Transient("断线。")]
    office.work()
    office.now += timedelta(seconds=30)
    office.work()
    first = channels["sms"].sent[0].delivery_id
    assert [one.attempt for one in channels["sms"].sent if one.delivery_id == first] == [1, 2]
