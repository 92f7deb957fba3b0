"""The page: every figure a link, nothing hostile through, the chart drawn or its table shown."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from escalation.report import chart
from escalation.report.figures import figures
from escalation.report.page import html
from escalation.report.rows import GapRow, HourRow, Signature, WeekRows
from escalation.report.week import Week
from tests.escalation.report.sample import NOW, at, empty, incident, notice, rich

POISON = "<script>alert(1)</script>\u202egnp.exe\x00\x1b\ud83d\ufffe" + "长" * 1_000_000
RARE = "𠮷𬭎㐂 é ﷽ 👩‍👩‍👧"
TEMPLATES = Path(chart.__file__).parent / "templates"


def page(rows: WeekRows, drawn: str = "/reports/2026-W47/trend.svg") -> str:
    return html(figures(rows, NOW), marks="<svg></svg>", stylesheets=("/static/fengxin.css",), chart=drawn)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_page_holds_board_box_trend_tables_and_chain_head() -> None:
    said = page(rich())
    for words in (
        "2026年第47期", "11月16日至11月22日", "应签收", "首次回应（中位）", "擅自发声", "看不见的：", "风林青年说",
        "授权过期",
        "少见 37 条", "表 1", "二食堂就餐后多人腹泻", "表 3", "第十五条", "系统默认，非校规", "机器人已被移出群",
        "玩笑或夸张",
        "演练与试运行", "不列详情", "9f" * 32, "数据截止：2026年11月23日 09:00:00", "13,522", "内部资料",
    ):  # fmt: skip
        assert words in said, words


def test_every_figure_of_the_first_page_leads_to_its_items() -> None:
    links = read(page(rich())).links
    for what in ("comments", "negative", "opened", "level-1", "closed", "must-sign", "signed-in-time",
                 "signed-late",
                 "answered", "unauthorised", "accounts", "seen-whole", "care", "late",
                 "failed-deliveries"):  # fmt: skip
        assert f"/reports/2026-W47/items/{what}" in links, what


def test_an_unsigned_report_has_a_blank_line_and_a_signed_one_the_name() -> None:
    assert "doc__blank" in page(rich())
    fresh = figures(rich(), NOW).fingerprint
    signed = page(replace(rich(), signature=Signature("何岚", NOW, fresh)))
    assert "签发人：<b>何岚</b>" in signed
    assert "须重新签发" not in signed
    assert "须重新签发" in page(replace(rich(), signature=Signature("何岚", NOW, "0" * 64)))


def test_an_empty_week_is_a_whole_report_that_says_so() -> None:
    said = page(empty())
    for words in ("本周未立事件", "尚无在册账号", "本周没有逾期事项", "本周没有未送达的通知", "采到新评论"):
        assert words in said
    assert "<img" not in said


@pytest.mark.parametrize("text", [POISON, RARE])
def test_hostile_and_rare_texts_are_shown_as_bounded_plain_text(text: str) -> None:
    rows = rich()
    bad = incident(50, at(20, 9), 1, title=text, unit=text, dismissal=text)
    rows = replace(
        rows,
        school_name=text,
        publisher=text,
        incidents=(*rows.incidents, bad),
        notices=(*rows.notices, notice(500, bad, signed=None, person=text, office=text, article=text, unit=text)),
        accounts=tuple(replace(one, name=text, unit=text) for one in rows.accounts),
        gaps=tuple(replace(gap, reason=text) for gap in rows.gaps),
        deliveries=tuple(replace(one, reason=text, office=text, person=text) for one in rows.deliveries),
    )
    said = page(rows)
    reader = read(said)
    assert "script" not in reader.tags
    assert not {"style", "onclick", "onerror"} & set(reader.attributes)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800-\udfff\ufffe]", said)
    assert len(said) < 200_000
    said.encode("utf-8")
    drawn = chart.draw(figures(rows, NOW).trend)
    assert drawn is not None
    ElementTree.fromstring(drawn)


def test_ten_thousand_incidents_make_a_page_of_readable_size() -> None:
    cases = tuple(incident(n, at(16 + n % 7, n % 24), 1 + n % 4) for n in range(10_000))
    said = page(replace(empty(), incidents=cases))
    assert "10,000" in said
    assert "其余" in said
    assert len(said) < 300_000


def test_without_a_drawn_chart_the_figures_stand_open_in_a_table() -> None:
    said = page(rich(), drawn="")
    assert "<img" not in said
    assert '<details class="doc__data" open>' in said


def test_a_week_over_the_turn_of_the_year_names_both_years() -> None:
    said = page(replace(empty(Week(2026, 53))))
    assert "2026年第53期" in said
    assert "2026年12月28日至2027年1月3日" in said


def test_the_chart_shows_weekdays_flags_and_usual_range_without_the_machines_time_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    drawn = chart.draw(figures(rich(), NOW).trend)
    assert drawn is not None
    root = ElementTree.fromstring(drawn)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "周一 16日" in texts
    assert "周日 22日" in texts
    assert "7 号宿舍楼…" in texts
    assert chart.theme("day")["style"]["lv1"]["color"] in drawn


def test_the_hour_that_runs_is_drawn_as_far_as_it_is_and_the_caption_says_so() -> None:
    now = at(22, 2, 33)
    found = figures(replace(rich(), hours=(HourRow(at(22, 2), "weibo:main", "weibo", 353, 200),)), now)
    drawn = [one["hour"] for one in chart.specification(found.trend)["datasets"]["hours"] if one["past"]]
    assert drawn[-1] == 6 * 24 + 2.5
    assert "最后一小时只到 22日 02:33，未满" in html(found, marks="", stylesheets=(), chart="/reports/x.svg")
    over = figures(rich(), NOW)
    assert len([one for one in chart.specification(over.trend)["datasets"]["hours"] if one["past"]]) == 168
    assert "未满" not in html(over, marks="", stylesheets=(), chart="/reports/x.svg").split("</figcaption>")[0]


def test_a_chart_that_cannot_be_drawn_is_none_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise ValueError("no font")

    monkeypatch.setattr("vl_convert.vegalite_to_svg", broken)
    assert chart.draw(figures(rich(), NOW).trend) is None


def test_templates_hold_no_style_attribute_and_no_inline_script() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text("utf-8")
        assert "style=" not in text, path
        assert "<script" not in text, path


def test_blind_accounts_beyond_six_are_summed_up_in_the_box() -> None:
    rows = rich()
    many = tuple(replace(rows.accounts[0], id=f"weibo:{n}", name=f"账号{n}") for n in range(60))
    said = page(replace(rows, accounts=many, sources=(), gaps=(GapRow("weibo:1", at(19, 1), None, "授权过期"),)))
    assert "其余 54 个见“账号与覆盖”" in said


def test_the_first_week_says_since_when_it_was_watched_and_claims_no_more() -> None:
    rows = rich()
    first, second = (one for one in rows.accounts if one.id.startswith(("weibo:风林职院", "douyin")))
    young = (replace(first, watch_from=at(19, 8)), replace(second, watch_from=at(20, 9)))
    found = page(replace(rows, accounts=young, gaps=()))
    for said in ("11月19日 08:00 起才开始采集", "2 个在册账号中 0 个全程看全，1 个开始采集后看全：",
                 "抖音自 20日 09:00 起采集，少见 37 条",
                 "19日 08:00 起采集</td>", "本校自 11月19日 08:00 起开始采集", "上周未全程采集，不作比较"):  # fmt: skip
        assert said in re.sub(r'<a class="fig"[^>]*>([^<]*)</a>', r"\1", found), said
    assert figures(replace(rows, accounts=young, gaps=()), NOW).seen_whole.value == 0
    assert "较上周" not in found
    assert "全程看全。" not in found


def test_tables_are_numbered_without_gaps_where_some_have_nothing_to_say() -> None:
    rows = replace(rich(), deliveries=(), clocks=())
    numbers = [int(number) for number in re.findall(r"<caption>表 (\d+)", page(rows))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 4


def test_a_week_before_the_watching_began_says_that_nobody_looked() -> None:
    rows = rich()
    later = tuple(replace(one, watch_from=at(24, 8)) for one in rows.accounts)
    found = page(replace(rows, accounts=later, gaps=()))
    assert "11月24日 08:00 起才开始采集，本周没有看" in found
    assert "尚无在册账号" not in found
    assert "全程看全。" not in found
