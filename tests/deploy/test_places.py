"""The places that name a matter: a running school knows those of the rules, as a rehearsal does."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Event

from deploy import installation, migrations
from deploy.settings import load
from deploy.wiring import log_with_topics, places, utc_now, watch
from escalation.incident import members
from sentiment.engine import engine_by_name
from stream import account, rules
from stream.assess import assess
from stream.post import Kind, Post, Route, door
from stream.store import Store
from stream.topic import ASSESSED

SAID = {"one": "报告厅的吊灯掉下来砸伤三名同学，满头是血", "two": "报告厅门口有同学满头是血，救护车还没到"}


def test_two_posts_that_name_a_place_of_the_rules_are_one_matter(tmp_path: Path) -> None:
    now = utc_now()
    settings = load(installation.write_demo(tmp_path, 8700, now - timedelta(days=1)))
    school = settings.school.code
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    store = Store(settings.store_url)
    migrations.migrate(store)
    with store.write() as conn:
        began = now - timedelta(days=1)
        entry = account.Account(school, "wb", "weibo", "风林", "1", "党委宣传部", "sandbox", began, main=True)
        account.enter(conn, [entry])
    posts = []
    for name, text in SAID.items():
        kept, digest, cut = door(text)
        posts.append(
            Post(
                school=school, id=f"weibo:{name}", kind=Kind.COMMENT, platform="weibo", account_id="wb", cut=cut,
                thread_id=name, parent_id=name, text=kept, text_hash=digest, revision=digest[:16], author_key=name,
                published_at=now, first_seen_at=now, fetched_at=now, route=Route.API,
            )
        )  # fmt: skip
    log = log_with_topics(settings)
    log.append(ASSESSED, [(school, one.wire()) for one in assess(posts, engine_by_name("snow"), rules.load(), now)])
    log.close()

    def found() -> Counter[int]:
        with store.read() as conn:
            return Counter(conn.execute(members.select().with_only_columns(members.c.incident_id)).scalars())

    stop = Event()
    role = threading.Thread(target=watch, args=(settings, stop))
    role.start()
    end = time.monotonic() + 60
    while found().total() < len(SAID) and role.is_alive() and time.monotonic() < end:
        time.sleep(0.02)
    stop.set()
    role.join(30)
    assert sorted(found().values()) == [len(SAID)], "lines by incident"
    store.close()


def test_a_school_adds_its_own_places_and_units_to_those_of_the_rules(tmp_path: Path) -> None:
    settings, book = load(installation.write_demo(tmp_path, 8700, utc_now())), rules.load()
    known = places(settings, book)
    assert {*settings.school.places, *book.places(), *(one.name for one in settings.roster.units)} == set(known)
    assert len(known) == len(set(known))
    assert "报告厅" not in settings.school.places
