"""The ledger gathers what belongs together: by thread, by words, by place, and by likes; the school is left out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from sentiment.normalise import normalise
from stream import impression
from stream.assess import Reader
from stream.assessment import Assessment, Hit, Polarity
from stream.evidence import Evidence, Host, Ledger, is_cue, marks_of, scene_of, unkind
from stream.post import Kind, Post, Route, door
from stream.risk import risk
from stream.rules import load
from tests.stream.said import a_post, assessed

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
READER = Reader(load(), ("青禾职院",))
COMPLAINT = "今天的鸡腿没熟，骨头里还有血水"


class Story:
    """Lines told one after another, a minute apart unless said otherwise."""

    def __init__(self, *, main: bool = True) -> None:
        self.ledger = Ledger({"acc": Host("后勤处", main), "other": Host("团委", True)}, ("热水",))
        self.count = 0

    def say(
        self,
        text: str,
        thread: str = "t1",
        author: str | None = None,
        *,
        days: float = 0,
        likes: int = 0,
        by_school: bool = False,
        kind: Kind = Kind.COMMENT,
        post_id: str = "",
        account: str = "acc",
        negative: bool = False,
        as_felt: str = "",
    ) -> Evidence:
        self.count += 1
        at = START + timedelta(days=days, minutes=self.count)
        kept, digest, cut = door(text)
        post = Post(
            school="qh",
            id=post_id or f"l{self.count}",
            kind=kind,
            platform="weibo",
            account_id=account,
            thread_id=thread,
            text=kept,
            text_hash=digest,
            cut=cut,
            author_key="" if by_school else (f"u{self.count}" if author is None else author),
            by_school=by_school,
            published_at=at,
            first_seen_at=at,
            fetched_at=at,
            revision=hashlib.sha256(text.encode()).hexdigest()[:16],
            route=Route.SANDBOX,
        )
        target, hits = READER.read(post, normalise(text))
        polarity = Polarity.NEGATIVE if negative else Polarity.NEUTRAL
        one = Assessment(
            post=post,
            polarity=polarity,
            p_negative=0.5,
            snow=0.5,
            engine="x",
            hits=hits,
            target=target,
            assessed_at=at,
        )
        return self.ledger.note(felt(one, as_felt) if as_felt else one, likes)


def test_lines_of_one_theme_in_one_thread_are_gathered() -> None:
    story = Story()
    story.say("【菜谱】本周新品", post_id="t1", kind=Kind.POST, by_school=True)
    story.say(COMPLAINT)
    story.say("请问几点收餐")
    found = story.say("青菜里吃出虫子")
    assert [mark.post_id for mark in found.marks] == ["l2", "l4"]
    assert found.thread.lines == 3
    assert found.thread.authors == 3


def test_lines_of_other_threads_count_by_place_and_by_unit_account() -> None:
    story = Story()
    story.say("二食堂的鸡腿没熟，有血水", "t1")
    assert len(story.say("2食堂青菜里吃出虫子", "t2").marks) == 2
    assert len(story.say("面里吃出虫子", "t3").marks) == 1
    unit = Story(main=False)
    unit.say(COMPLAINT, "t1")
    assert len(unit.say("面里吃出虫子", "t3").marks) == 2


def test_place_named_in_the_root_post_is_the_place_of_its_comments() -> None:
    story = Story()
    story.say("【通知】6栋检修", "t1", post_id="t1", kind=Kind.POST, by_school=True)
    assert story.say("到底什么时候修，一直没热水", "t1").scene.places == ("热水", "6栋")


def test_copies_under_several_posts_are_one_cluster_with_its_number() -> None:
    story = Story()
    text = "请学校正面回应：水电费为什么必须绑定指定运营商套餐，已截图"
    story.say(text, "t1")
    story.say(text + "。", "t2")
    found = story.say("【转】" + text, "t3")
    assert found.copies == 3
    assert len([mark for mark in found.marks if mark.theme == "fees"]) == 3


def test_marks_older_than_ten_days_are_left_out() -> None:
    story = Story()
    story.say(COMPLAINT, days=0)
    story.say("青菜里吃出虫子", days=3)
    assert [mark.post_id for mark in story.say("汤里有飞虫，恶心的菜", days=11).marks] == ["l2", "l3"]


def test_line_with_cues_only_is_judged_by_the_themes_of_its_thread() -> None:
    story = Story()
    story.say(COMPLAINT)
    found = story.say("我们寝室也是，已经打12345投诉了")
    assert {mark.theme for mark in found.marks} == {"canteen"}
    assert all(is_cue(mark) for mark in found.cues)
    assert {cue.post_id for cue in found.cues} == {"l2"}
    assert story.say("我们也是", "t9").marks == ()


def test_words_of_the_school_never_count_as_voices() -> None:
    story = Story()
    story.say(COMPLAINT)
    found = story.say("同学你好，鸡腿没熟的问题已反映，血水已处理", by_school=True)
    assert found.marks == ()
    assert found.thread.lines == 1


def test_advertisement_leaves_no_mark_at_all() -> None:
    story = Story()
    found = story.say("兼职日结200，不押金，加V，食堂吃出虫子找我")
    assert found.advert
    assert found.marks == ()


def test_comment_liked_above_its_post_is_counted_by_author() -> None:
    story = Story()
    story.say("新校门亮灯", post_id="t1", kind=Kind.POST, by_school=True, likes=50)
    story.say("第一", likes=3)
    story.say("宿舍空调呢", likes=80, author="a")
    again = story.say("校门有空调吗", likes=90, author="a")
    assert (again.outliked, again.is_outliked) == (1, True)
    assert story.say("好看", likes=50).outliked == 1


def test_popular_root_post_does_not_outlike_itself() -> None:
    story = Story()
    found = story.say("求助帖", post_id="t1", kind=Kind.POST, likes=500)
    assert (found.outliked, found.is_outliked) == (0, False)


def test_negative_authors_of_the_last_day_are_counted_once_each() -> None:
    story = Story()
    story.say("烦", author="a", negative=True)
    story.say("真烦", author="a", negative=True, days=1)
    story.say("好烦", author="b", negative=True, days=1)
    assert story.say("嗯", days=1).thread.negative_authors == 2


def test_one_mark_per_theme_keeps_the_heaviest_rule() -> None:
    story = Story()
    found = story.say("食堂那个窗口的饭吃完好几个人上吐下泻，去急诊了，菜里还吃出虫子")
    canteen = [mark for mark in found.marks if mark.theme == "canteen"]
    assert [mark.rule for mark in canteen] == ["FD-01"]
    assert canteen[0].kinds == ("poisoning",)
    own = ("canteen|thread|t1", "canteen|cluster|l1")
    assert canteen[0].keys == (*own, *(key.replace("canteen", "canteen.poisoning") for key in own))


def test_marks_of_is_a_pure_function_of_assessment_and_scene() -> None:
    story = Story()
    evidence = story.say(COMPLAINT)
    post = Post.model_validate(
        {
            "school": "qh",
            "id": "l1",
            "kind": "comment",
            "platform": "weibo",
            "account_id": "acc",
            "thread_id": "t1",
            "text": COMPLAINT,
            "text_hash": "0" * 64,
            "author_key": "u1",
            "published_at": START + timedelta(minutes=1),
            "first_seen_at": START,
            "fetched_at": START,
            "revision": "0" * 16,
            "route": "sandbox",
        }
    )
    one = Assessment(
        post=post,
        polarity=Polarity.NEUTRAL,
        p_negative=0.5,
        snow=0.5,
        engine="x",
        hits=evidence.hits,
        target=evidence.target,
        assessed_at=START,
    )
    assert marks_of(one, scene_of(post, "l1", "", "", ("热水",))) == evidence.marks


def felt(assessment: Assessment, theme: str, weight: int = 22) -> Assessment:
    """The line as if only the model had spoken."""
    hit = Hit(
        rule=impression.COMPLAINT, version=1, title="疑似投诉", theme=theme, category="grievance", weight=weight,
        spans=((0, 1),), words=(assessment.post.text[:1],),
    )  # fmt: skip
    return assessment.model_copy(update={"hits": (hit,)})


def test_what_the_model_felt_under_one_post_counts_together_whatever_it_took_it_for() -> None:
    story = Story()
    for theme in ("dorm", "rumour", "safety"):
        story.say("路过看看", "t1", as_felt=theme)
    found = story.say("路过看看", "t1", as_felt="admin")
    assert {mark.theme for mark in found.marks} == {"dorm", "rumour", "safety", "admin"}
    assert risk(found, START).points >= 4 * 22
    elsewhere = story.say("路过看看", "t2", as_felt="admin")
    assert {mark.thread for mark in elsewhere.marks} == {"t2"}


def test_a_cry_for_help_is_never_counted_with_what_the_model_felt() -> None:
    story = Story()
    story.say("路过看看", "t1", as_felt="dorm")
    found = story.say("真的活不下去了，活着好累，猫留给室友了", "t1")
    assert {mark.theme for mark in found.marks} == {"self_harm"}


def test_a_tone_of_an_engine_that_knows_no_concern_is_no_probability() -> None:
    said = assessed(a_post("今天食堂有糖醋排骨"))
    figures = [said.model_copy(update={"p_negative": 0.75, "p_concern": one}) for one in (None, 0.0, 0.5)]
    assert [unkind(one) for one in figures] == [0.0, 0.75, 0.75]
