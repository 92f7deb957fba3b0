"""Issue 5, show 6: why each of ten texts is or is not a risk, by `fengxin score` and on the desk; the hot words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.acceptance.standing import Standing, eventually, fengxin, words_of
from tests.acceptance.window import Watched, picture

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Sample:
    """A text, how the sentence about it begins, and what must stand among its words or its reasons."""

    text: str
    verdict: str
    said: tuple[str, ...]


NO, ALONE, OPENS = "不算风险", "值得留意，单独一条不立事件；有别人说同一件事，合计到", "一条即立事件"
SAMPLES = {
    "a grave line": Sample(
        "东区浴室的天花板塌了，砸伤两个同学，满头是血，救护车刚到", OPENS, ("天花板", "属于一条即须上报的情形")
    ),
    "a complaint": Sample("教工食堂的凉面里有一根头发，还是长的", ALONE, ("“头发”", "学校的服务")),
    "by pinyin": Sample("教工食堂的红烧鱼里吃出一只cang蝇", ALONE, ("“cang蝇”（拼音，读作“苍蝇”）",)),
    "traditional, with a sign within": Sample("教工食堂的湯裡有蒼·蠅", ALONE, ("（繁体、字间插符，读作“苍蝇”）",)),
    "denied": Sample("没有人受伤，宿舍也没着火，别再传了哈哈哈", NO, ("“着火”在这里是在否认，这一处不算",)),
    "only asked": Sample("请问宿舍里会不会着火哈哈哈", NO, ("“着火”在这里只是在问，这一处不算",)),
    "a drill": Sample("消防演练：六栋冒烟，大家有序撤离，明早十点", NO, ("“演练”使规则不适用",)),
    "another school": Sample("隔壁大学的食堂又吃出老鼠头了", NO, ("说的是外校", "不是本校的事")),
    "an advertisement": Sample("兼职日结两百，不押金，手机就能做，加V聊", NO, ("按广告处理，不计风险",)),
    "praise": Sample("图书馆靠窗的位置太舒服了，爱了爱了", NO, ("“爱了”使规则不适用",)),
}  # fmt: skip
WATER = (
    "六栋热水器又坏了，连着三天洗冷水", "热水器坏了，报修没人来", "六栋的热水器什么时候修",
    "热水器坏三天了，王建国老师说没坏", "王建国又说热水器没坏", "热水器再不修要感冒了",
    "到底谁管热水器，打 13800000000 没人接",
)  # fmt: skip
PLEA = "教工食堂的饭卡必须绑定手机套餐才能充值，希望学校取消这个规定"
SIGNS = ("", "。", "！", "（转）", "……")
PASTED = 12
"""So many people paste the plea, with the small changes that copies have."""


def told(answer: dict[str, Any]) -> str:
    """All that an answer of `fengxin score` says in words."""
    because = answer["because"]
    rules = [f"{one['rule']} {one['title']} {'、'.join(one['words'])}" for one in because["ruled"]]
    reasons = [f"{one['name']} {one['share']}% {one['sentence']}" for one in answer["reasons"]]
    return "\n".join([because["verdict"], because["target"], *rules, *reasons, *because["whys"]])


def test_score_says_for_ten_texts_why_each_is_or_is_not_a_risk() -> None:
    given = "".join(json.dumps({"text": one.text}) + "\n" for one in SAMPLES.values())
    done = fengxin("score", "--jsonl", given=given)
    assert done.returncode == 0, done.stderr
    for (name, sample), line in zip(SAMPLES.items(), done.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        said = told(answer)
        assert answer["because"]["verdict"].startswith(sample.verdict), (name, said)
        for words in sample.said:
            assert words in said, (name, said)
        assert bool(answer["because"]["whys"]) == (sample.verdict == NO), (name, said)
        assert sum(one["share"] for one in answer["reasons"]) == (100 if answer["risk"] else 0), (name, said)
        assert 0 <= answer["p_negative"] + answer["p_positive"] <= 1.000001
        assert 0 <= answer["snow"] <= 1


@pytest.fixture(scope="module")
def lines(own_demo: Standing) -> dict[str, str]:
    """The address of the page about each sample, once it stands at the desk, judged."""
    for sample in (*(one.text for one in SAMPLES.values()), *WATER):
        own_demo.matter(sample)
    desk = own_demo.signed_in("zheng.wanzhou")

    def address(text: str) -> str:
        for one in desk.page("/search", q=text[:12]).css("article.quote"):
            if text[:12] in words_of(one.css("p")[0]).replace(" ", "") and "待判" not in words_of(one):
                return one.css("a[href^='/why']::attr(href)").get("")
        return ""

    return {
        name: eventually(f"the page about {name}", partial(address, one.text), 120) for name, one in SAMPLES.items()
    }


def test_the_desk_says_the_same_on_a_page_of_each_line(own_demo: Standing, lines: dict[str, str]) -> None:
    desk = own_demo.signed_in("zheng.wanzhou")
    for name, sample in SAMPLES.items():
        page = desk.page(lines[name])
        said = words_of(page.css("main")[0])
        opens = words_of(page.css("#why h2")[0])
        assert opens.startswith(sample.verdict) or (sample.verdict != NO and "连同别人说的" in opens), (name, said)
        for words in sample.said:
            assert words in said, (name, said)
        assert ("为什么不算" in said) == (sample.verdict == NO), (name, said)
        shares = [int(one.rstrip("%")) for one in page.css("#why .whys .n::text").getall()]
        assert sum(shares) == (100 if shares else 0), (name, shares)
        assert re.search(r"(负面|中性|正面)(，拿不准)?（负面 \d+%，正面 \d+%；SnowNLP 原分 \d\.\d\d", said), (
            name,
            said,
        )


def test_the_desk_names_what_the_day_speaks_of_and_no_person(own_demo: Standing, lines: dict[str, str]) -> None:
    desk = own_demo.signed_in("zheng.wanzhou")

    def hot() -> list[str]:
        return [words_of(one) for one in desk.page("/desk/hot").css("a.tag")]

    found = eventually("the hot word", lambda: [one for one in hot() if one.startswith("热水器")] and hot(), 120)
    assert not [one for one in found if re.search(r"建国|王|\d{5}|略", one)], found
    (link,) = desk.page("/desk").css("#hots a[href*='%E7%83%AD%E6%B0%B4%E5%99%A8']::attr(href)").getall()[:1]
    assert "热水器" in words_of(desk.page(link).css("article.quote")[0])


def test_the_weekly_report_has_a_chapter_of_hot_words_each_with_its_comments(
    own_demo: Standing, lines: dict[str, str]
) -> None:
    desk = own_demo.signed_in("ye.chuqing")
    weeks = desk.page("/reports").css("a[href^='/reports/2']::attr(href)").getall()[:2]
    chapters = [desk.page(week).css("a.fig[href*='/items/hot_words.']") for week in weeks]
    full = [chapter for chapter in chapters if len(chapter) > 1]
    assert full
    found = full[-1]  # of this week more is said while one looks
    for one in found[:3]:
        listed = desk.page(one.attrib["href"])
        assert len(listed.css("tbody tr")) == int(words_of(one).replace(",", "")), one.attrib["href"]
    assert not [one for one in found if re.search(r"建国|\d{5}", unquote(one.attrib["href"]))]
    told = {week: desk.page(week).xpath("//table[contains(caption, '大家在说')]//tbody/tr") for week in weeks}
    assert any(told.values())
    for week, rows in told.items():
        for row in rows:
            (word,) = row.css("a.fig")
            said = words_of(row.css("bdi")[0])
            assert words_of(word) in said.lower(), "a sentence with the word, as it was written"
            assert f"/reports/{week.rpartition('/')[2]}/items/hot_words.{words_of(word)}" == unquote(
                word.attrib["href"]
            )
            assert not re.search(r"建国|1380000|\d{6}", said), said


@pytest.fixture(scope="module")
def wave(own_demo: Standing, lines: dict[str, str]) -> str:
    """The words of the incident's title that a pasted plea will open; nobody waits for it here."""
    own_demo.sandbox("post", account="wb_main", key="wave", text="春天到了")
    for no in range(PASTED):
        own_demo.sandbox("comment", thread="wave", text=f"{PLEA}{SIGNS[no % len(SIGNS)]}")
    return "捆绑消费"


def test_an_incident_shows_what_people_say_and_by_which_words_it_was_heard(
    own_demo: Standing, lines: dict[str, str], wave: str, window: Watched, phone: Watched
) -> None:
    number = eventually("the wave opens an incident", lambda: own_demo.incident("二食堂"), 120)
    desk = own_demo.signed_in("zheng.wanzhou")
    heard = eventually("its words", lambda: desk.page(f"/incidents/{number}").css(".heard"), 60)
    assert re.search(r"(规则|推断) [A-Z]+-\d+ · \d+ 条", words_of(heard[0]))
    eventually("what people say", lambda: desk.page(f"/incidents/{number}").css("#talk li"), 120)
    for watched, width in ((window, 1440), (phone, 390)):
        page = watched.sign_in(own_demo, "zheng.wanzhou")
        page.goto(f"{own_demo.url}/reports")
        page.locator("a[href^='/reports/2']").nth(1).click()
        picture(page, f"report-{width}")
        for name, path in (
            ("why-risk", lines["by pinyin"]), ("why-not", lines["denied"]), ("why-incident", f"/incidents/{number}"),
            ("hot-words", "/desk"),
        ):  # fmt: skip
            page.goto(f"{own_demo.url}{path}")
            picture(page, f"{name}-{width}")


def test_a_pasted_wave_is_met_at_the_desk_with_how_many_pasted_it(
    own_demo: Standing, wave: str, window: Watched, phone: Watched
) -> None:
    desk = own_demo.signed_in("zheng.wanzhou")
    number = eventually("the wave's incident", lambda: own_demo.incident(wave), 120)
    everybody = f"现在：{PASTED} 人说到此事"
    eventually("all who pasted", lambda: everybody in words_of(desk.page(f"/incidents/{number}")), 120)
    for watched, width in ((window, 1440), (phone, 390)):
        page = watched.sign_in(own_demo, "zheng.wanzhou")
        page.goto(f"{own_demo.url}/incidents")
        page.get_by_role("link", name=wave).click()
        expect(page.locator("section", has=page.locator(".whys"))).to_contain_text(everybody)
        said = page.locator(".whys").inner_text()
        counted = re.search(r"(\d+) 人说到“[^”]+”（10 天内，规则 [A-Z]+-\d+）；同一段话 (\d+) 人转贴，按一条计", said)
        spread = re.search(r"复制扩散\s+\d+%\s+(\d+) 人发了几乎相同的话，人数每翻一番按多一条计", said)
        assert counted is not None, said
        assert spread is not None, said
        assert counted[1] == counted[2] == spread[1], said
        assert 1 < int(counted[2]) <= PASTED, "as many as there were when it opened"
        picture(page, f"wave-{width}")
