"""Plain text out of what platforms mark up: anchors and emoji pictures in comments, whole articles.

Comments keep as text whatever is not the platform's own markup, so that a hostile tag is read and shown, never run.
Time grows with the length of the text and no faster, whatever was written (a megabyte of `<a ` among it).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]
from lxml import html as markup

SILENT_TAGS = frozenset({"script", "style", "noscript", "template"})
BLOCK_TAGS = frozenset({"p", "div", "section", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"})
_OWN_TAG = re.compile(r"</?(?P<tag>a|span|img|br|i)(?P<rest>\s[^<>]{0,2000})?/?>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]{0,40})\"|'([^']{0,40})'|([^\s\"'>]{1,40}))", re.IGNORECASE)


def comment_text(raw: str) -> str:
    """A comment without the platform's anchors and emoji pictures; `[表情]` names and unknown tags stay as text."""
    if "<" in raw:
        raw = _OWN_TAG.sub(_instead, raw)
    return html.unescape(raw).strip() if "&" in raw else raw.strip()


def _instead(tag: re.Match[str]) -> str:
    name = tag["tag"].lower()
    if name == "br":
        return "\n"
    alt = _ALT.search(tag["rest"] or "") if name == "img" else None
    return next((found for found in alt.groups() if found), "") if alt else ""


def article_text(raw: str) -> str:
    """The words of an article, one line a block, without scripts and styles; empty where nothing can be read."""
    if not raw.strip():
        return ""
    try:
        root = markup.document_fromstring(raw.replace("\x00", ""), parser=markup.HTMLParser(huge_tree=True))
    except (etree.LxmlError, ValueError):
        return comment_text(raw)
    lines = "".join(_words(root)).replace("\xa0", " ").split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def _words(root: markup.HtmlElement) -> Iterator[str]:
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        named = isinstance(element.tag, str)
        if event == "start":
            silent += element.tag in SILENT_TAGS
            if element.tag in BLOCK_TAGS:
                yield "\n"
            if not silent:
                yield (element.get("alt") or "") if element.tag == "img" else (element.text or "")
            continue
        silent -= event == "end" and element.tag in SILENT_TAGS
        if event == "end" and element.tag in BLOCK_TAGS and element.tag != "br":
            yield "\n"
        if not silent and (event == "end" or not named):
            yield element.tail or ""
