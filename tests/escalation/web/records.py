"""What the pages of accounts, deliveries and reports are shown in tests: coverage, dead letters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from escalation.notice import DeliveryState, attempts, calling, deliveries, notices
from stream import account
from stream.account import Account
from stream.coverage import gaps, scans, sources
from tests.escalation.web.house import SCHOOL, House


def source(account_id: str, now: datetime, **more: Any) -> dict[str, Any]:
    """A healthy essential source, read a minute ago, promised every five minutes."""
    row = {
        "school": SCHOOL, "id": f"{account_id}/timeline", "account_id": account_id, "platform": "weibo",
        "stream": "timeline", "promised_s": 300, "interval_s": 300, "next_due": now, "quiet_scans": 0, "cursor": "{}",
        "active": True, "essential": True, "taken_by": None, "taken_until": None, "breaker": "closed",
        "breaker_until": None, "failures": 0, "last_class": "ok", "last_reason": "", "last_try": now,
        "last_full": now - timedelta(minutes=1), "seen": 219, "shown": 219, "token_until": None, "note": "",
    }  # fmt: skip
    return row | more


def watched(house: House) -> None:
    """One account seen whole, one late, one blind with an ended token, one without a source; all off for a time."""
    now = house.now
    early = now - timedelta(days=30)
    with house.store.write() as conn:
        account.enter(
            conn,
            [
                Account(SCHOOL, "wb-main", "weibo", "风林职院", "u9", "党委宣传部", "weibo", early, main=True),
                Account(SCHOOL, "sph-1", "channels", "风林青年说", "c1", "团委", "manual", early),
            ],
        )
        rows = [
            source("wx-hq", now),
            source("wb-main", now, last_full=now - timedelta(minutes=14), seen=618, shown=655,
                   token_until=now + timedelta(days=11), note="授权 11 日后到期，请续期"),
            source("wb-jw", now, last_full=now - timedelta(hours=6), token_until=now - timedelta(hours=6),
                   last_class="auth", last_reason="授权已过期，请在微博开放平台重新授权"),
        ]  # fmt: skip
        conn.execute(insert(sources), rows)
        every = [(row, now - timedelta(minutes=5 * n)) for row in rows for n in range(300)]
        made = [
            {"school": SCHOOL, "source_id": row["id"], "account_id": row["account_id"], "at": at, "outcome": "ok",
             "full": True, "requests": 1, "rows": 0, "new": 0}
            for row, at in every
            if at <= row["last_full"] and not 36_000 < (now - at).total_seconds() < 45_000
        ]  # fmt: skip
        conn.execute(insert(scans), made)
        place = {"school": SCHOOL, "account_id": "wb-jw", "source_id": "wb-jw/timeline"}
        conn.execute(
            insert(gaps).values(**place, opened_at=now - timedelta(hours=6), closed_at=None, reason="授权过期")
        )


def sent(house: House, number: str) -> tuple[int, int]:
    """Of the incident's deliveries one accepted at the second attempt, one dead with a phone task; their ids."""
    now = house.now
    with house.store.write() as conn:
        rows = conn.execute(
            select(deliveries.c.id, deliveries.c.notice_id)
            .join(notices, notices.c.id == deliveries.c.notice_id)
            .where(notices.c.number.startswith(number), deliveries.c.channel == "mail")
            .order_by(deliveries.c.id)
        ).all()
        good, dead = rows[0], rows[1]
        tried = [
            (good.id, 1, "transient", "邮件服务器忙（451）", ""),
            (good.id, 2, "accepted", "", "<1@school.test>"),
            (dead.id, 1, "permanent", "对方邮箱不存在（550）", ""),
        ]
        for which, n, outcome, reason, vendor in tried:
            conn.execute(
                insert(attempts).values(
                    delivery_id=which, n=n, at=now, outcome=outcome, reason=reason, vendor_id=vendor
                )
            )
        conn.execute(
            update(deliveries)
            .where(deliveries.c.id == good.id)
            .values(state=DeliveryState.ACCEPTED, attempts=2, accepted_at=now)
        )
        conn.execute(
            update(deliveries)
            .where(deliveries.c.id == dead.id)
            .values(state=DeliveryState.DEAD, attempts=1, reason="对方邮箱不存在（550）")
        )
        notice = conn.execute(select(notices).where(notices.c.id == dead.notice_id)).one()
        calling.call(conn, notice, f"dead:{dead.id}", now)
        return int(good.id), int(dead.id)
