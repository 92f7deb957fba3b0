"""What the rules leave to persons: an account ordered closed, somebody called to account, a package handed over."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from escalation import handling
from escalation.deed import incident_of
from escalation.measure import MeasureKind, measures
from escalation.measure.deciding import act
from escalation.measure.proposing import propose_accountability, propose_closing, propose_referral
from escalation.measure.state import BLAME, ORDER, REFERRAL, OrderState
from escalation.state_table import IllegalStep
from tests.escalation.incident.deeds import DEEDS
from tests.escalation.office import IN_LEAD, ON_DESK
from tests.escalation.papers import DEPUTY, GIVER, LEADER
from tests.escalation.station import Station
from tests.escalation.walk import Press
from tests.escalation.walks.accounts import GIVER_TOO
from tests.escalation.walks.matters import with_an_incident
from tests.escalation.walks.noun import Noun, Seen, on, rows_of


def _do(event: str) -> Seen:
    return on(lambda c, s, by, row: act(c, s.office.head, row.id, event, by, s.office.now, "已办"))


def _close_account(s: Station, row: Any) -> Press:
    del row
    return lambda c, by: propose_closing(c, incident_of(c, 1), by, s.office.now, "屡次发布不实内容")


ORDERS = Noun(
    ORDER, with_an_incident, rows_of(measures, kind=MeasureKind.CLOSING),
    {
        "propose": _close_account, "decide": _do("decide"), "refuse": _do("refuse"), "withdraw": _do("withdraw"),
        "finish": _do("finish"), "lift": _do("lift"),
    },
    (
        ("propose", LEADER), ("propose", IN_LEAD), ("finish", IN_LEAD), ("decide", IN_LEAD), ("refuse", GIVER),
        ("propose", IN_LEAD), ("withdraw", GIVER), ("withdraw", IN_LEAD), ("propose", IN_LEAD), ("decide", GIVER),
        ("lift", IN_LEAD), ("finish", IN_LEAD), ("lift", GIVER), ("decide", GIVER), ("wait", GIVER),
    ),
    {
        "propose": DEPUTY, "decide": GIVER_TOO, "refuse": GIVER_TOO, "withdraw": DEPUTY, "finish": DEPUTY,
        "lift": GIVER_TOO,
    },
    clock="order:{}", ticks=frozenset({OrderState.DECIDED}),
)  # fmt: skip


def _ended(s: Station) -> None:
    """Accountability comes after the end."""
    with_an_incident(s)
    for what in ("sign", "call"):
        with suppress(IllegalStep), s.office.store.write() as conn:
            DEEDS[what](conn, s.office, 1, ON_DESK)
    s.office.see_through(1)
    s.office.store.run(lambda c: handling.close(c, 1, DEPUTY, s.office.now, "已处置", "电话办理"))


def _accuse(s: Station, row: Any) -> Press:
    return lambda c, by: propose_accountability(
        c, incident_of(c, 1), by, s.office.now, grade=0, person_id="keeper", whom="管理员", reason="审核失职"
    )


BLAMES = Noun(
    BLAME, _ended, rows_of(measures, kind=MeasureKind.ACCOUNTABILITY),
    {
        "propose": _accuse, "decide": _do("decide"), "refuse": _do("refuse"), "withdraw": _do("withdraw"),
        "lift": _do("lift"),
    },
    (
        ("propose", LEADER), ("propose", IN_LEAD), ("lift", GIVER), ("decide", IN_LEAD), ("refuse", GIVER),
        ("propose", IN_LEAD), ("withdraw", GIVER), ("withdraw", IN_LEAD), ("propose", DEPUTY), ("decide", GIVER),
        ("withdraw", DEPUTY), ("lift", DEPUTY), ("lift", GIVER), ("decide", GIVER), ("wait", GIVER),
    ),
    {"propose": DEPUTY, "decide": GIVER_TOO, "refuse": GIVER_TOO, "withdraw": DEPUTY, "lift": GIVER_TOO},
)  # fmt: skip


def _refer(s: Station, row: Any) -> Press:
    return lambda c, by: propose_referral(
        c, incident_of(c, 1), by, s.office.now, authority="属地公安机关", reason="涉嫌违法", manifest=[]
    )


REFERRALS = Noun(
    REFERRAL, with_an_incident, rows_of(measures, kind=MeasureKind.REFERRAL),
    {
        "propose": _refer, "decide": _do("decide"), "refuse": _do("refuse"), "withdraw": _do("withdraw"),
        "finish": _do("finish"),
    },
    (
        ("propose", LEADER), ("propose", IN_LEAD), ("finish", IN_LEAD), ("decide", IN_LEAD), ("refuse", GIVER),
        ("propose", IN_LEAD), ("withdraw", GIVER), ("withdraw", IN_LEAD), ("propose", IN_LEAD), ("decide", DEPUTY),
        ("refuse", GIVER), ("finish", GIVER), ("finish", DEPUTY), ("decide", GIVER), ("wait", GIVER),
    ),
    {"propose": DEPUTY, "decide": GIVER, "refuse": GIVER, "withdraw": DEPUTY, "finish": DEPUTY},
)  # fmt: skip
NOUNS = (ORDERS, BLAMES, REFERRALS)
