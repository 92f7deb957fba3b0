"""Why nobody was told: of every line that stands in no incident the watch has kept what it was, and it is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from escalation.incident import members
from escalation.trace import trace
from stream.kept import assessments, posts
from stream.post import Kind
from tests.escalation.station import Station, open_station
from tests.stream.said import CUE, PLAIN, POISONED, RAW_CHICKEN, SCHOOL, WORM, a_post, assessed, counts

TEXTS = (
    PLAIN, CUE, CUE + "！", RAW_CHICKEN, RAW_CHICKEN + "！", WORM, "2食堂青菜里吃出虫子，还没人理", POISONED, "好看",
    "兼职日结两百，不押金，手机就能做，加V聊", "学校又乱收费，退都不给退", "宿舍空调呢", "三楼冒黑烟了，好多人往下跑",
    "保安打人了", "关于近日食堂的情况，经查均不属实", "笑死，又是先进集体",
)  # fmt: skip
LINE = st.tuples(
    st.sampled_from(TEXTS), st.integers(1, 3), st.sampled_from(["a", "b", "c", None]), st.booleans(),
    st.sampled_from([0, 0, 12, 30]), st.sampled_from(["canteen", "canteen", "main", "nobody"]),
    st.sampled_from([Kind.COMMENT, Kind.COMMENT, Kind.POST, Kind.LEAD]),
    st.sampled_from([False, False, True]), st.sampled_from([0, 0, 0, 40]),
)  # fmt: skip
Said = tuple[str, int, str | None, bool, int, str, Kind, bool, int]
UNTOLD = ("理由没有留存", "其他条件", "没有研判结果")


def say(station: Station, said: list[Said]) -> None:
    """Each a minute after the last; some are liked later, some come again in other words, some are of long ago."""
    for number, (text, thread, author, negative, likes, account, kind, by_school, days) in enumerate(said):
        station.office.now += timedelta(minutes=1)
        post = a_post(
            text, f"weibo:{number % 9}", thread=f"weibo:t{thread}", author=author, account=account, kind=kind,
            by_school=by_school, at=station.office.now - timedelta(days=days), fetched=station.office.now,
        )  # fmt: skip
        station.append(assessed(post, negative=negative))
        station.listen()
        if likes:
            station.append(counts(post, likes, timedelta(seconds=30)))
            station.listen()


@given(st.lists(LINE, min_size=1, max_size=14))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_line_is_left_without_a_reason_that_was_kept(said: list[Said]) -> None:
    with TemporaryDirectory() as folder, open_station(Path(folder)) as station:
        say(station, said)
        with station.office.store.read() as conn:
            inside = set(conn.execute(select(members.c.post_id)).scalars())
            for post_id in conn.execute(select(posts.c.id)).scalars().all():
                found = trace(conn, SCHOOL, post_id)
                assert found is not None
                if post_id in inside:
                    continue
                assert not any(words in found.why for words in UNTOLD), (post_id, found.why)
                kept = conn.execute(
                    select(assessments.c.hits, assessments.c.barred)
                    .join(posts, (posts.c.id == assessments.c.post_id) & (posts.c.revision == assessments.c.revision))
                    .where(assessments.c.post_id == post_id)
                ).one()
                assert kept.barred or not kept.hits, "what says something has its bar"
