"""The TF and NX packs against the schools' documents: every article whole, every quote verbatim, nothing left out.

The NX document is broken over pages in the middle of sentences; both sides are compared without line ends.
"""

from __future__ import annotations

import re

import pytest

from escalation.procedure import Article, Pack, Source, load
from tests.escalation.procedure.reading import document, number_of, table_articles, unspaced

PACKS = [load("TF"), load("NX")]
ARTICLE = re.compile(r"^(第[一二三四五六七八九十]+条) ", re.MULTILINE)
CHAPTER = re.compile(r"^(第[一二三四五六七八九十]+章) *(.+)$", re.MULTILINE)
each = pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.code)


UNQUOTED = {
    "TF": {("第二十一条", "所发布和讨论的信息原则上按内部资料管理,公开发布和讨论的信息仅限日常工作")},
    "NX": {
        ("第七条", "学校对校园新媒体实行申请制度及登记备案制度"),
        (
            "第九条",
            "学校各新媒体平台必须严格遵守国家各项法律法规，遵守学校各项相关规章制度，按照“谁主办，谁负责”的原则进行管理",
        ),
        (
            "第十四条",
            "非紧急事项尽量不在下班时间、节假日通过工作群发布通知,不在工作群“秀”个人爱好,"
            "不对上级领导干部发献花、膜拜、点赞等表情包",
        ),
        ("第十六条", "建立新媒体内容发布联动机制"),
        ("第十七条", "建立新媒体内容发布审查机制"),
        ("第十八条", "建立不良信息处置机制"),
    },
}


def flat(text: str) -> str:
    return text.replace("\n", "")


def body(pack: Pack) -> str:
    """The document from its first chapter to its last article, without preamble, forms and imprint."""
    text = document(pack)
    return text[text.index("第一章") :].split("\n附件 2\n")[0]


@each
def test_the_articles_joined_are_the_document_body_word_for_word(pack: Pack) -> None:
    parts, chapter = [], ""
    for article in pack.article:
        if article.chapter != chapter:
            chapter = article.chapter
            parts.append(article.chapter + article.chapter_title)
        parts.append(article.number + article.text)
    assert unspaced("".join(parts)) == unspaced(body(pack))


@each
def test_articles_and_chapters_stand_in_the_order_of_the_document(pack: Pack) -> None:
    text = body(pack)
    assert [article.number for article in pack.article] == ARTICLE.findall(text)
    chapters = dict.fromkeys((article.chapter, article.chapter_title) for article in pack.article)
    assert list(chapters) == [(number, title.replace(" ", "")) for number, title in CHAPTER.findall(text)]


@each
def test_every_quote_is_verbatim_in_the_document(pack: Pack) -> None:
    text = flat(document(pack))
    quotes = [rule.quote for rule in pack.rule] + [duty.quote for rule in pack.rule for duty in rule.duty if duty.quote]
    quotes += [row.quote for row in pack.prohibited]
    quotes += [rule.deadline.words for rule in pack.rule if rule.deadline]
    assert len(quotes) > 40
    assert [quote for quote in quotes if quote not in text] == []


@each
def test_every_office_of_the_document_is_in_its_own_words_and_ours_are_not(pack: Pack) -> None:
    text = flat(document(pack))
    for office in pack.office:
        assert [word for word in office.words if (word in text) != (office.source is Source.RULE)] == []
    assert flat(pack.title) in text
    assert pack.school.split()[0] in text


@each
def test_who_has_to_act_is_named_in_the_article_that_demands_it(pack: Pack) -> None:
    actors = [(rule.article, duty.actor) for rule in pack.rule for duty in rule.duty if duty.actor]
    assert len(actors) > 20
    assert [(article, actor) for article, actor in actors if actor not in flat(pack.cite(article).text)] == []


def unquoted(pack: Pack, article: Article) -> list[str]:
    """The sentences of an article that no rule and no item of the prohibited list quotes."""
    quotes = {rule.quote for rule in pack.rule if rule.article == article.number}
    quotes |= {duty.quote for rule in pack.rule if rule.article == article.number for duty in rule.duty if duty.quote}
    quotes |= {row.quote for row in pack.prohibited if row.article == article.number}
    sentences = [one.strip() for one in re.split(r"[。；;\n]", article.text) if one.strip()]
    return [one for one in sentences if not any(quote in one or one in quote for quote in quotes)]


@each
def test_no_article_is_left_without_a_rule_or_a_reason(pack: Pack) -> None:
    carried = {rule.article for rule in pack.rule}
    named = {one.article for one in pack.not_in_scope}
    assert [one.number for one in pack.article if one.number not in carried | named] == []
    assert all(one.what and one.reason for one in pack.not_in_scope)


@each
def test_sentences_that_no_rule_quotes_are_those_known_and_each_has_a_reason(pack: Pack) -> None:
    carried = {rule.article for rule in pack.rule}
    left = {(one.number, text) for one in pack.article if one.number in carried for text in unquoted(pack, one)}
    assert left == UNQUOTED[pack.code]
    assert {number for number, _ in left} <= {one.article for one in pack.not_in_scope}


@pytest.mark.parametrize(("pack", "part", "following"), [(PACKS[0], "1.3", "1.4"), (PACKS[1], "1.5", "1.6")])
def test_every_row_of_the_article_table_is_carried_or_excused(pack: Pack, part: str, following: str) -> None:
    cited = {number_of(one) for one in [rule.article for rule in pack.rule] + [o.article for o in pack.not_in_scope]}
    assert table_articles(part, following) <= cited


@each
def test_every_inferred_rule_says_how_it_was_read_and_every_plain_one_names_its_office(pack: Pack) -> None:
    for rule in pack.rule:
        assert not rule.inferred or rule.reading
        assert rule.inferred or all(office in rule.quote for office in rule.tell)
        assert not rule.tell or rule.reason


@each
def test_every_item_of_the_prohibited_list_stands_in_the_document_under_its_number(pack: Pack) -> None:
    text = document(pack)
    for row in pack.prohibited:
        assert re.search(rf"^{row.no}\. .*{re.escape(row.quote)}", text, re.MULTILINE), row.no


def test_the_date_of_ningxia_is_its_imprint_and_tianfu_has_none() -> None:
    tianfu, ningxia = PACKS
    assert (tianfu.date, ningxia.date and ningxia.date.isoformat()) == (None, "2021-04-15")
    assert "2021年4月15日印发" in document(ningxia)
    assert re.findall(r"\d{4}\s*年", document(tianfu)) == []
