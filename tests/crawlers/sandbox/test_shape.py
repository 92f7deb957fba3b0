"""Every answer has exactly the keys and types of the sample of the same call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crawlers.sandbox.conftest import Sandbox

HERE = Path(__file__).parent / "fingerprints"
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "platform_samples"
NAMES = sorted(path.stem for path in HERE.glob("*.json"))


def fingerprint(value: Any) -> Any:
    """Keys and types, no values: an object as keys, a list as [its items merged], `key?` where optional."""
    if isinstance(value, dict):
        return {key: fingerprint(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        merged: Any = None
        for item in value:
            seen = fingerprint(item)
            merged = seen if merged is None else merge(merged, seen)
        return [] if merged is None else [merged]
    return "null" if value is None else type(value).__name__


def merge(one: Any, other: Any) -> Any:
    """What two fingerprints have in common."""
    if isinstance(one, dict) and isinstance(other, dict):
        both: dict[str, Any] = {}
        for key in sorted({k.rstrip("?") for k in (*one, *other)}):
            sides = [side.get(key, side.get(f"{key}?")) for side in (one, other)]
            optional = any(key not in side for side in (one, other))
            known = [side for side in sides if side is not None]
            both[f"{key}?" if optional else key] = known[0] if len(known) == 1 else merge(*known)
        return both
    if isinstance(one, list) and isinstance(other, list):
        return [merge(one[0], other[0])] if one and other else one or other
    if one == other:
        return one
    assert isinstance(one, str)
    assert isinstance(other, str)
    return "|".join(sorted({*one.split("|"), *other.split("|")}))


def _timeline(s: Sandbox) -> Any:
    return s.weibo("statuses/user_timeline", count=100).json()


def _to_me(s: Sandbox) -> Any:
    rows = s.weibo("comments/to_me", count=50).json()
    rows["comments"] = [row for row in rows["comments"] if "reply_comment" not in row]  # the sample shows no reply
    return rows


def _busy_post(s: Sandbox) -> int:
    posts = _timeline(s)["statuses"]
    return int(max(posts, key=lambda row: int(row["comments_count"]))["id"])


def _show(s: Sandbox) -> Any:
    return s.weibo("comments/show", id=_busy_post(s)).json()


def _batch(s: Sandbox) -> Any:
    ids = [row["idstr"] for row in _show(s)["comments"]]
    return s.weibo("comments/show_batch", cids=",".join(ids)).json()


def _rate_limit(s: Sandbox) -> Any:
    s.fault("quota_spent")
    return s.weibo("comments/to_me").json()


def _weibo_expired(s: Sandbox) -> Any:
    s.fault("token_ended")
    return s.weibo("statuses/user_timeline").json()


def _comment_list(s: Sandbox) -> Any:
    s.world.catch_up()
    threads = [t for t in s.world.threads.values() if t.account.key == "wx_main"]
    both: Any = None
    for thread in threads:
        body = fingerprint(s.comments(thread.id, index=thread.index).json())
        both = body if both is None else merge(both, body)
    return Ready(both)


class Ready:
    """A fingerprint that is already one."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _privilege(s: Sandbox) -> Any:
    s.fault("no_comment_feature")
    return s.comments(s.article()).json()


def _wechat_quota(s: Sandbox) -> Any:
    s.fault("quota_spent")
    return s.comments(s.article()).json()


def _detail(s: Sandbox) -> Any:
    day = (s.world.epoch.date()).replace(day=15).isoformat()
    return s.wechat("datacube/getarticletotaldetail", begin_date=day, end_date=day).json()


CALLS: dict[str, Callable[[Sandbox], Any]] = {
    "weibo_v2_user_timeline": _timeline,
    "weibo_v2_comments_to_me": _to_me,
    "weibo_v2_comments_show": _show,
    "weibo_v2_comments_show_batch": _batch,
    "weibo_v2_error_rate_limit": _rate_limit,
    "weibo_v2_error_token_expired": _weibo_expired,
    "wechat_stable_token": lambda s: s.token().json(),
    "wechat_freepublish_batchget": lambda s: s.wechat("cgi-bin/freepublish/batchget", offset=0, count=20).json(),
    "wechat_comment_list": _comment_list,
    "wechat_comment_list_empty": lambda s: s.comments(s.article(0)).json(),
    "wechat_article_total_detail": _detail,
    "wechat_error_comment_privilege": _privilege,
    "wechat_error_msgdata_missing": lambda s: s.comments(1).json(),
    "wechat_error_quota": _wechat_quota,
    "wechat_error_token": lambda s: s.comments(1, token="nobody's").json(),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_answer_has_keys_and_types_of_sample(name: str, sandbox: Sandbox) -> None:
    expected = json.loads((HERE / f"{name}.json").read_text())
    got = CALLS[name](sandbox)
    assert (got.value if isinstance(got, Ready) else fingerprint(got)) == expected


def test_every_fingerprint_is_asked_for() -> None:
    assert set(NAMES) == set(CALLS)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the platform samples are not beside this checkout")
@pytest.mark.parametrize("name", NAMES)
def test_committed_fingerprint_is_that_of_the_sample(name: str) -> None:
    assert fingerprint(json.loads((SAMPLES / f"{name}.json").read_text())) == json.loads(
        (HERE / f"{name}.json").read_text()
    )


def test_fingerprint_notices_type_and_key_changes() -> None:
    before = fingerprint([{"id": 1, "text": "a"}, {"id": 2, "text": "b", "reply": {"at": 1}}])
    assert before == [{"id": "int", "text": "str", "reply?": {"at": "int"}}]
    assert fingerprint([{"id": "1", "text": "a"}]) != fingerprint([{"id": 1, "text": "a"}])
    assert fingerprint([{"id": 1}, {"id": "1"}]) == [{"id": "int|str"}]
