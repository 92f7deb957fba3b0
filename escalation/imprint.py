"""Imprint 署名与附加: what platforms and editors put around a text and nobody approved: links, bylines, dates. Pure.

A link, a topic or a mention goes wherever it stands; a byline or a date only where it stands by itself at an end of the
text. What says something (a figure in a topic, a verdict in a name) stays.
"""

from __future__ import annotations

import re

LINE_MOST = 80
"""A longer line is no byline."""
_LINK = re.compile(r"https?://[\x21-\x7e]+|(?:网页链接|查看图片|阅读原文|微博视频)(?=\s|$)", re.IGNORECASE)
_TOPIC = re.compile(r"#([^#\n]{1,30})#|@([\w\-]{1,30})(?=[\s:：,，。]|$)")
_SAYS = re.compile(
    "[不无未没非否勿]|属实|失实|真实|虚假|谣|误传|暂停|停[业课餐职]|恢复|开除|处分|死|伤|毒|病|亡"
    "|[一二三四五六七八九十百千两\\d]+[人名位例起次]"
)
_DATE = (
    r"(?:(?:19|20)?\d{2}|[二〇零一三四五六七八九]{4})\s?[-年./]\s?(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s?[-月./]\s?"
    r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s?日?(?:\s?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?)?"
)
_ROLE = (
    "责任编辑|责编|编辑|审核|审校|校对|初审|复审|终审|一审|二审|三审|作者|撰稿|撰文|供稿|通讯员|记者|摄影|图片|图文|文字"
    "|排版|制作|监制|来源|发布时间|发布日期|发布|日期|时间|文|图"
)
_ITEM = re.compile(
    rf"(?:{_ROLE})\s?[:：|/丨]\s?([^\s:：|/丨，,。]{{0,16}}(?:[ 、][\u4e00-\u9fff]{{2,4}}(?![:：|/丨]))?)"
)
_DATED = re.compile(_DATE)
_NUMBER = "(?:\\d{1,4}|[一二三四五六七八九十]{1,3})"
_ORDINAL = re.compile(
    rf"{_NUMBER}月{_NUMBER}[日号]|第{_NUMBER}(?:[号版期条])?|{_NUMBER}(?:食堂|餐厅|号楼|栋|系|班级?|级|院|部|校区)"
)
_FRAME = re.compile(r"[\s\W_丨]+")
_LAST_DATE = re.compile(rf"(?:[（(【\[]\s?{_DATE}\s?[）)】\]]|(?<=[\s。！？!?]){_DATE})\s*$")


def body(text: str) -> str:
    """The text without what platforms and editors add; as it is where they added nothing."""
    text = _TOPIC.sub(lambda found: found[0] if _SAYS.search(found[1] or found[2]) else " ", _LINK.sub(" ", text))
    lines = text.strip().split("\n")
    while lines and _is_imprint(lines[-1]):
        lines.pop()
    while lines and _is_imprint(lines[0]):
        lines.pop(0)
    return _LAST_DATE.sub("", "\n".join(lines).rstrip()).strip()


def undated(text: str) -> str:
    """The text without dates and ordinals (11月20日, 第二食堂, 3号楼): they are no figure of a matter by themselves."""
    return _ORDINAL.sub(" ", _DATED.sub(" ", text))


def _is_imprint(line: str) -> bool:
    """Whether a line is empty or made of bylines and dates alone."""
    if len(line) > LINE_MOST:
        return False
    left = _ITEM.sub(lambda found: found[0] if _SAYS.search(found[1]) else " ", _DATED.sub(" ", line))
    return not _FRAME.sub("", left)
