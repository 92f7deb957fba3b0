"""Assessing: stateless, in order, spans in the writer's own words, nothing said about the school's own answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engine import Score
from sentiment.normalise import normalise
from sentiment.polarity import Polarity as Three
from stream.assess import HANDED_ON, SPANS_KEPT, Reader, assess
from stream.assessment import Assessment, Polarity, Target
from stream.novelty import fingerprint
from stream.post import Kind, Post, Route, door
from stream.rules import load
from tests.stream.clocked import least

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BOOK = load()
READER = Reader(BOOK, ("青禾职院",))


class Plain:
    """An engine that reads only the length, so that its answers can be told apart."""

    name = "plain"

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [Score(Three.NEGATIVE, min(1.0, len(text) / 100), 0.125, 0.25, True, 0.0625, 0.5) for text in texts]


def post(text: str, kind: Kind = Kind.COMMENT, *, by_school: bool = False, number: int = 1) -> Post:
    kept, digest, cut = door(text)
    return Post(
        school="qh",
        id=f"weibo:{number}",
        kind=kind,
        platform="weibo",
        account_id="main",
        thread_id="weibo:0",
        text=kept,
        text_hash=digest,
        cut=cut,
        author_key="a",
        by_school=by_school,
        published_at=NOW,
        first_seen_at=NOW,
        fetched_at=NOW,
        revision=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16],
        route=Route.SANDBOX,
    )


def one(text: str, kind: Kind = Kind.COMMENT, *, by_school: bool = False) -> Assessment:
    (answer,) = assess([post(text, kind, by_school=by_school)], Plain(), READER, NOW)
    return answer


def test_assessments_come_in_the_order_of_the_posts() -> None:
    posts = [post("食" * n, number=n) for n in (3, 1, 2)]
    answers = assess(posts, Plain(), READER, NOW)
    assert [(a.post.id, a.p_negative) for a in answers] == [("weibo:3", 0.03), ("weibo:1", 0.01), ("weibo:2", 0.02)]
    assert {(a.engine, a.snow, a.polarity, a.assessed_at) for a in answers} == {("plain", 0.25, Polarity.NEGATIVE, NOW)}
    assert {(a.p_positive, a.unsure, a.p_abuse, a.p_concern) for a in answers} == {(0.125, True, 0.0625, 0.5)}


@given(st.text(max_size=200))
def test_what_is_handed_on_is_what_the_next_would_make_itself(text: str) -> None:
    (alone,) = assess([post(text)], Plain(), READER, NOW)
    (found,) = assess([post(text)], Plain(), READER, NOW, hand_on=True)
    normal = normalise(found.post.text).text
    assert (found.normal, found.prints) == (normal, fingerprint(normal))
    assert found.model_copy(update={"normal": None, "prints": None}) == alone


def test_of_a_long_text_nothing_is_handed_on() -> None:
    texts = ["食" * HANDED_ON, "食" * (HANDED_ON + 1)]
    short, long = assess([post(text) for text in texts], Plain(), READER, NOW, hand_on=True)
    assert (short.normal, long.normal, long.prints) == (texts[0], None, None)


def test_grave_line_carries_rule_words_target_and_floor() -> None:
    answer = one("食堂那个窗口的饭吃完好几个人上吐下泻，已经去急诊了")
    grave = next(hit for hit in answer.hits if hit.grave)
    assert (grave.rule, grave.theme, grave.level_floor) == ("FD-01", "canteen", 2)
    assert "上吐下泻" in grave.words
    assert answer.target is Target.SERVICE


def test_disguised_word_is_found_and_spans_point_into_the_original() -> None:
    text = "食\u200b堂的菜里吃*出了虫\u200b子，真行"
    hits = [hit for hit in one(text).hits if hit.rule == "FD-03"]
    assert len(hits) == 1
    assert hits[0].words == tuple(text[start:end] for start, end in hits[0].spans)
    assert "虫\u200b子" in hits[0].words
    assert "invisible" in hits[0].steps


def test_school_answers_are_read_by_no_rule() -> None:
    text = "食堂那个窗口的饭吃完好几个人上吐下泻，已经去急诊了"
    assert one(text, by_school=True).hits == ()
    assert one(text).hits != ()


def test_own_post_meets_only_rules_for_own_posts() -> None:
    answer = one("【辟谣】网传我院起火系谣言，传播者将严肃追究", Kind.POST, by_school=True)
    assert [hit.rule for hit in answer.hits] == ["UP-01"]
    assert answer.hits[0].article
    assert all(hit.rule != "UP-01" for hit in one("【辟谣】网传我院起火系谣言，传播者将严肃追究").hits)


def test_student_root_post_is_read_like_a_comment() -> None:
    assert any(hit.rule == "TE-01" for hit in one("老师每节课点名骂人，说我们是废物", Kind.POST).hits)


def test_bare_rulebook_gives_the_same_hits_as_a_prepared_reader() -> None:
    posts = [post("豆浆又涨价了，吃不起")]
    assert assess(posts, Plain(), BOOK, NOW)[0].hits == assess(posts, Plain(), Reader(BOOK), NOW)[0].hits


def test_endless_repetition_keeps_a_bounded_number_of_spans() -> None:
    hits = one("食堂吃出虫子" * 3000).hits
    assert hits
    assert max(len(hit.spans) for hit in hits) == SPANS_KEPT


@given(st.text(st.sampled_from("食堂吃出虫子\u200b *，吐医院三个老师骂废物😀１Ａ繁體"), max_size=80))
def test_spans_always_lie_inside_the_original_text(text: str) -> None:
    answer = one(text)
    for hit in answer.hits:
        for (start, end), words in zip(hit.spans, hit.words, strict=True):
            assert 0 <= start < end <= len(answer.post.text)
            assert answer.post.text[start:end] == words


def test_record_survives_the_wire_unchanged() -> None:
    answer = one("北门保安打人了，推了一把人直接磕台阶上，嘴出血")
    assert Assessment.from_wire(answer.wire()) == answer


def test_every_assessment_names_the_edition_of_the_rules_that_judged_it() -> None:
    (one,) = assess([post("请问几点收餐")], Plain(), READER, NOW)
    assert one.rules == BOOK.edition()
    assert Assessment.from_wire(one.wire()).rules == BOOK.edition()


def test_a_disguised_word_is_a_hit_with_its_step_its_span_and_what_it_reads_as() -> None:
    text = "shitang又涨价了，饭里有cang蝇"
    read: dict[str, str] = {}
    for hit in one(text).hits:
        assert [text[start:end] for start, end in hit.spans] == list(hit.words)
        if hit.readings:
            assert "pinyin" in hit.steps
            read |= {word: reading for word, reading in zip(hit.words, hit.readings, strict=True) if reading}
    assert read == {"shitang": "食堂", "cang蝇": "苍蝇"}


def test_a_hit_without_a_disguised_word_is_written_as_before() -> None:
    answer = one("食堂又涨价了")
    assert answer.hits
    assert b"readings" not in answer.wire()


def test_a_hit_with_a_disguised_word_is_read_from_the_wire_as_it_was() -> None:
    answer = one("shitang又涨价了")
    assert any(hit.readings for hit in answer.hits)
    assert Assessment.from_wire(answer.wire()) == answer


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\t" * 5000, "😀" * 250_000, "\ud800" * 1000 + "宿舍楼道着火了", "食堂吃出虫子" * 60_000,
        "没有人受伤，万一着火怎么办？" * 25_000, "《" + "宿舍着火" * 90_000, "1" * 1_000_000, "没有" * 170_000,
        "宿舍楼道着火了有人受伤" * 32_000,
    ],
    ids=["empty", "blank", "emoji", "surrogates", "worms", "denied", "title", "digits", "not", "fires"],
)  # fmt: skip
def test_any_text_of_up_to_a_megabyte_is_read_within_50_ms(text: str) -> None:
    given = post(text)
    assert least(lambda: READER.read(given, normalise(given.text)), 0.05) < 0.05
