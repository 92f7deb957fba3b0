"""At the end (issue 3): from a comment on a platform to a signed-for notice and a weekly report, on one machine."""

from __future__ import annotations

import json
import os
import re
import signal
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import LIVE, MATCHED, MINUTE, Trial
from tests.acceptance.standing import Mail, Standing, eventually, fengxin, words_of

STORY_TITLE = "二食堂"
ROOT = Path(__file__).resolve().parents[2]
METRICS = (ROOT / "deploy" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(fengxin_\w+)` \|.*\| (常有|有才有) \|$", re.MULTILINE)
LISTED = {name: when == "常有" for name, when in ROW.findall(METRICS)}
"""Every metric of the catalogue's page: whether a healthy demo has it; others come when they first count."""
BACKWARDS = ["web", "audit", "index", "notify", "watch", "assess", "crawl", "inbox", "sandbox"]
"""In what order the roles are asked to stop: who shows and judges before who collects, the platforms last."""
BEIJING = timezone(timedelta(hours=8))
TOLD = [
    ("lin.zhiyuan", "主管校领导", {"第十三条"}),
    ("ye.chuqing", "宣传部", {"第十三条", "第十四条"}),
    ("gu.wenqing", "单位领导", {"第十四条"}),
    ("chen.siyuan", "官方新媒体管理人员", set[str]()),
]


@pytest.fixture(scope="module")
def story(demo: Standing) -> str:
    """The number of the incident that the scripted wave opens."""
    return eventually("the wave opens an incident", lambda: demo.incident(STORY_TITLE), 100)


def first_mail(demo: Standing, name: str) -> Mail:
    """The first notice to a person about the story."""

    def found() -> list[Mail]:
        return [one for one in demo.mails(name) if "首报" in one.subject and STORY_TITLE in one.subject]

    return eventually(f"a mail to {name}", found, 30)[0]


def family(name: str) -> str:
    """A sample's metric; the parts of a histogram belong to one."""
    return re.sub(r"_seconds_(bucket|count|sum)$", "_seconds", name.partition("{")[0])


def bounded(sample: str) -> bool:
    """Whether the page names each label of a sample and, where it lists values, the value."""
    name = family(sample)
    row = next((line for line in METRICS.splitlines() if line.startswith(f"| `{name}` |")), "")
    said = dict(re.findall(r"`(\w+)` ([^；|]+)", row.rpartition(" | ")[0].rpartition(" | ")[2]))
    given = [pair for pair in re.findall(r'(\w+)="([^"]*)"', sample) if pair[0] != "le"]
    return not name.startswith("fengxin_") or all(
        label in said and ("：" not in said[label] or value in said[label].partition("：")[2].split())
        for label, value in given
    )


def waiting_for(demo: Standing, number: str) -> str:
    """Whom the clocks for signing still wait for, as the incident page says."""
    page = demo.signed_in("zheng.wanzhou").page(f"/incidents/{number}")
    clocks = [one for one in page.css(".clocks4 > div") if one.css(".clock__k::text").get() == "签收"]
    return "".join(words_of(one.css(".clock__n")[0]) for one in clocks)


def test_the_command_prints_the_address_and_a_sign_in_for_each_role(demo: Standing) -> None:
    assert f"值班台　　{demo.url}" in demo.printed
    for role in ("主管校领导", "单位党政主要负责人", "官方新媒体管理人员", "值班员", "系统管理员", "宣传部"):
        assert role in demo.printed
    for name in re.findall(r"(?m)^  ([a-z.]+) ", demo.printed):
        assert demo.signed_in(name).page("/me")


def test_every_role_is_a_process_of_its_own_and_up(demo: Standing) -> None:
    status, said = demo.health()
    assert (status, said["failing"]) == (200, [])
    assert set(said["roles"]) == set(demo.roles())
    assert {"sandbox", "crawl", "assess", "watch", "notify", "index", "web"} <= set(said["roles"])


def test_the_past_fortnight_is_taken_in_by_the_real_crawlers(demo: Standing) -> None:
    keeper = demo.signed_in("ye.chuqing")
    old = [one for one in demo.threads() if one["account"] == "wb_main" and 0 < one["comments"] < 50]
    oldest = min(old, key=lambda one: str(one["at"]))
    assert datetime.fromisoformat(oldest["at"]) < datetime.now(BEIJING) - timedelta(days=10)
    texts = [text for text in demo.weibo_comments(oldest["id"]) if len(re.sub(r"\W", "", text)) > 5]
    for text in texts[:3]:
        words = max(re.split(r"\W+|回复", text), key=len)[:16]
        eventually(f"an old comment is found: {text}", partial(keeper.found, words), 60)


@pytest.mark.long
def test_a_past_full_of_grave_lines_opens_nothing(school: Standing) -> None:
    desk = school.signed_in("ye.chuqing")
    eventually("the old story is searchable", lambda: desk.found("四个上吐下泻"), 60)
    eventually("its last line is searchable, too", lambda: desk.found("有没有记者关注一下"), 60)
    assert STORY_TITLE not in words_of(desk.page("/incidents").css("main")[0])
    assert school.mails(words=STORY_TITLE) == []


def test_a_live_comment_arrives_and_is_scored_within_a_minute(demo: Standing) -> None:
    assert LIVE in demo.judged, "not within a minute"
    after, polarity, _ = demo.judged[LIVE]
    assert after < MINUTE
    assert polarity in {"正面", "中性", "负面"}


def test_a_live_comment_is_matched_by_the_rules_within_a_minute(demo: Standing) -> None:
    assert MATCHED in demo.judged, "not within a minute"
    after, _, risk = demo.judged[MATCHED]
    assert after < MINUTE
    told = [one for one in json.loads(fengxin("score", MATCHED).stdout)["rules"] if one["theme"] == "canteen"]
    assert "一根头发" in {word for one in told for word in one["words"]}
    assert risk >= 20 > demo.judged[LIVE][2], "no tone of voice alone comes so far: a rule has matched"


def test_the_wave_opens_one_incident_with_reasons_deadlines_and_articles(demo: Standing, story: str) -> None:
    page = demo.signed_in("zheng.wanzhou").page(f"/incidents/{story}")
    reasons = page.css(".space__a .whys li")
    shares = [int(words_of(one.css(".n")[0]).rstrip("%")) for one in reasons]
    assert len(reasons) >= 3
    assert sum(shares) == 100
    assert all(words_of(one.css("p")[0]) for one in reasons)
    clocks = page.css(".clocks4 .clock")
    assert {"签收", "首报", "首次回应"} <= {one.css(".clock__k::text").get("") for one in clocks}
    assert all(one.attrib.get("data-due") or "clock--done" in one.attrib["class"] for one in clocks)
    assert {"第十三条", "第十四条"} <= set(re.findall(r"第十[三四]条", words_of(page.css(".told")[0])))
    assert "系统默认，非校规" in words_of(page.css(".clocks4")[0])


def test_exactly_the_four_whom_the_rules_name_are_told_first(demo: Standing, story: str) -> None:
    for name, _, _ in TOLD:
        first_mail(demo, name)
    first = {one.to.partition("@")[0] for one in demo.mails(words=story) if "首报" in one.subject}
    assert first == {name for name, _, _ in TOLD}
    desk = demo.signed_in("zheng.wanzhou")

    def folded() -> list[str]:
        """What the log says under the line that tells of the four."""
        log = desk.page(f"/incidents/{story}").css("ol.log > li")
        assert not [one for one in map(words_of, log) if "邮件已送出" in one], "no line for each mail"
        return [words_of(one.css(".sent")[0]) for one in log if "通知 4 人" in words_of(one) and one.css(".sent")]

    sent = eventually("the log has all four", lambda: [one for one in folded() if "邮件 4 人" in one], 30)[-1]
    assert all(f"{name}，邮件 {story}-" in sent for name in ("林知远", "叶初晴", "顾文清", "陈思源")), sent
    there = f"已属 {story}"
    eventually(
        "search names the incident", lambda: there in words_of(desk.page("/search", q="上吐下泻").css("main")[0])
    )


def test_metrics_of_all_roles_are_there_and_true_and_name_no_process(demo: Standing, story: str) -> None:
    first_mail(demo, "lin.zhiyuan")
    eventually("nothing waits in the outbox", lambda: demo.figures()["fengxin_deliveries_waiting"] == 0, 30)
    page, figures = demo.metrics(), demo.figures()
    assert "pid=" not in page
    families = {family(name) for name in figures}
    assert len(LISTED) > 25
    always = {name for name, at_once in LISTED.items() if at_once}
    assert families >= always, always - families
    ours = {name for name in families if name.startswith("fengxin_")}
    assert ours <= LISTED.keys(), "each stands in deploy/metrics.md"
    assert [one for one in figures if not bounded(one)] == [], "labels take the values of the page and no others"
    assert figures["fengxin_store_up"] == 1
    assert figures["fengxin_dead_letter_records"] == 0
    assert figures["fengxin_notices_unsigned"] == 0, "no deadline of hours has passed"
    mailed = len({one.message_id for one in demo.mails()})
    assert figures['fengxin_deliveries{state="accepted"}'] >= mailed - 2, "but what arrived since"
    assert sum(value for name, value in figures.items() if name.startswith("fengxin_open_incidents")) >= 1
    assert sum(value for name, value in figures.items() if name.startswith("fengxin_incidents_total")) >= 1
    read = sum(value for name, value in figures.items() if name.startswith("fengxin_assessed_total"))
    assert read >= sum(value for name, value in figures.items() if name.startswith("fengxin_watched_total")) > 0


@pytest.mark.parametrize(("name", "office", "articles"), TOLD)
def test_each_of_the_four_receives_a_mail_with_link_and_article(
    demo: Standing, story: str, name: str, office: str, articles: set[str]
) -> None:
    mail = first_mail(demo, name)
    assert story in mail.subject
    assert office in mail.text
    assert f"{demo.url}{mail.sign_path}" in mail.text
    assert mail.sign_path in mail.html
    said = re.sub(r"\s|　", "", mail.text)
    assert set(re.findall(r"(第十[三四]条)：“", said)) == articles, "each addressee gets his own articles, quoted"
    assert articles or "系统默认，非校规" in said[said.index("依据") :]


def test_the_robot_says_it_in_the_group_with_a_link(demo: Standing, story: str) -> None:
    said = eventually("the robot's message", lambda: demo.robot(story), 30)
    assert f"{demo.url}/incidents/{story}" in said[0]
    assert STORY_TITLE in said[0]
    assert not re.search(r"/r/\d", said[0]), "a link to sign belongs to one person, not to a group"


@pytest.mark.browser
def test_the_link_shows_on_a_phone_what_why_by_which_article_and_what_is_asked(
    demo: Standing, story: str, browser: Browser
) -> None:
    mail = first_mail(demo, "lin.zhiyuan")
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(demo.url + mail.sign_path)
    for heading in ("发生了什么", "为什么报", "为什么通知您", "谁已知悉"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^请您做"))).to_be_visible()
    said = page.locator("main").inner_text()
    assert "上吐下泻" in said
    assert "第十三条" in said
    assert "及时向主管校领导和宣传部汇报" in said
    assert story in said
    expect(page.get_by_role("button", name="签收")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_signing_stops_the_clock_of_the_signer_and_of_nobody_else(demo: Standing, story: str) -> None:
    mail = first_mail(demo, "chen.siyuan")
    before = waiting_for(demo, story)
    assert "陈思源" in before
    assert "叶初晴" in before
    signed = demo.signed_in("chen.siyuan").client.post(mail.sign_path)
    assert signed.status_code == 200
    assert "您的签收时限已停" in signed.text
    after = waiting_for(demo, story)
    assert "陈思源" not in after
    assert "叶初晴" in after
    assert demo.signed_in("chen.siyuan").client.post(mail.sign_path).status_code == 410


@pytest.mark.long
def test_on_trial_only_the_duty_desk_is_told_until_an_administrator_ends_it(school: Standing, trial: Trial) -> None:
    assert trial.told <= {"zheng.wanzhou", "xu.mingde"}
    assert "zheng.wanzhou" in trial.told
    assert "试运行已结束" in trial.end
    assert "试运行" in words_of(school.signed_in("ye.chuqing").page(f"/incidents/{trial.number}").css(".masthead")[0])


@pytest.mark.long
def test_silence_fires_the_next_step_and_a_signature_stops_only_its_own(school: Standing, trial: Trial) -> None:
    school.lead("图书馆着火了，浓烟很大，有同学被困在三楼，快打119！")
    first = eventually("four notices", lambda: four(school.mails(words="图书馆")), 60)
    signer = next(one for one in first if one.to.startswith("chen.siyuan@"))
    assert school.signed_in("chen.siyuan").client.post(signer.sign_path).status_code == 200
    number = school.incident("图书馆")
    (told,) = eventually("the step above is told", partial(said_above, school, number), 60)
    assert told.to.startswith("lin.zhiyuan@"), "whom Article 13 names, above all who are silent"
    assert "叶初晴" in told.text
    assert "顾文清" in told.text
    assert "陈思源" not in told.text.partition("依据")[0]
    reminded = {one.to.partition("@")[0] for one in school.mails(words=number) if "催签" in one.subject}
    assert reminded == {"lin.zhiyuan", "ye.chuqing", "gu.wenqing"}
    page = school.signed_in("zheng.wanzhou").page(f"/incidents/{number}")
    calls = words_of(page.css("#calls")[0])
    assert "林知远" in calls
    assert "陈思源" not in calls
    assert "13900000001" in calls
    assert school.figures()["fengxin_notices_unsigned"] >= len(reminded), "each of the silent is overdue"


def said_above(school: Standing, number: str) -> list[Mail]:
    """What anybody was told of others' silence about an incident."""
    return [one for one in school.mails(words=number) if "逐级上报" in one.subject]


def four(mails: list[Mail]) -> list[Mail]:
    """The mails, once there are four of them to four people."""
    return mails if len({one.to for one in mails}) >= 4 else []


def test_the_weekly_report_opens_as_html_and_its_figures_link_to_the_items(demo: Standing, story: str) -> None:
    desk = demo.signed_in("ye.chuqing")
    week = desk.page("/reports").css("a[href^='/reports/2']::attr(href)").get("")
    paper = desk.page(week)
    assert paper.css("h1::text").get() == "网络舆情周报"
    assert "风林职业技术学院" in words_of(paper.css(".doc__org")[0])
    assert paper.css(f"a[href='/incidents/{story}']")
    links = {one for one in paper.css("a.fig::attr(href)").getall() if one.startswith("/reports/")}
    assert links
    for link in links:
        assert desk.page(link).css("h1")


@pytest.mark.long
def test_a_paused_role_is_named_by_healthz_until_it_goes_on(spare: Standing) -> None:
    pid = spare.roles()["assess"]
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually("it is named", lambda: "研判进程（assess）" in str(spare.health()[1].get("words")), 45)
        status, said = spare.health()
        assert status == 503
        assert "assess" in said["failing"], said["words"]
        desk = spare.signed_in("zheng.wanzhou").page("/desk")
        assert "研判停" in words_of(desk.css(".watch")[0])
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually("200 again", lambda: spare.health()[0] == 200, 90)


@pytest.mark.long
def test_a_killed_role_is_started_again_by_the_supervisor(spare: Standing) -> None:
    for _ in range(2):
        before = set(spare.roles().values())
        os.kill(spare.roles()["watch"], signal.SIGKILL)
        eventually("another process", partial(new_watch, spare, before), 45)
    eventually("every role is up", lambda: spare.health()[0] == 200, 90)
    said = re.findall(r"watch \| \[监督\] 进程被信号 SIGKILL 终止，(\S+) 秒后重新启动（连续第 (\d) 次）", spare.errors)
    assert said[-2:] == [("0.5", "1"), ("1", "2")], "the second time in a row it waits longer"


def new_watch(spare: Standing, before: set[int]) -> bool:
    """Whether the watch role is a process that was none of these."""
    return spare.roles().get("watch", 0) not in {0, *before}


@pytest.mark.long
def test_sigterm_stops_all_within_five_seconds_and_a_restart_goes_on_without_doubling(spare: Standing) -> None:
    number = eventually("the incident", lambda: spare.incident(STORY_TITLE), 100)
    eventually("four notices", lambda: four(spare.mails(words=number)), 30)
    assert spare.process is not None
    said = len(spare.errors)
    assert spare.stop() < 5.0
    assert spare.process.returncode == 0
    assert re.findall(r"(\w+) \| \[监督\] 正在停止", spare.errors[said:]) == BACKWARDS
    before = {one.message_id for one in spare.mails()}
    spare.start()
    spare.ready()
    desk = spare.signed_in("ye.chuqing")
    for line in ("四个上吐下泻", "三个，从四点开始拉肚子", "请问吃了没有症状的", "校医院现在全是人"):
        eventually(f"a line from before, during or after the stop: {line}", partial(desk.found, line), 100)
        assert len(desk.found(line)) == 1
    assert spare.incident(STORY_TITLE) == number
    texts = [words_of(one) for one in desk.page(f"/incidents/{number}", all="1").css("article.quote bdi")]
    assert sum("四个上吐下泻" in text for text in texts) == 1
    mails = spare.mails()
    assert len({one.message_id for one in mails}) == len(mails), "a notice came twice"
    assert before <= {one.message_id for one in mails}
    assert sum("首报" in one.subject for one in spare.mails(words=number)) == 4
    assert fengxin("audit", "verify", "--settings", spare.data / "fengxin.toml").returncode == 0
