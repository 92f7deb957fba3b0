"""What a group robot may say: text in which nothing but the message's own link and mentions has an effect.

The vendor turns `<@userid>`, `<font …>`, `[words](address)` and bare addresses in a text into mentions, colours and
links. Content that came from a platform must never do so, hence those characters get their full-width twins, which
read the same and do nothing.
"""

from __future__ import annotations

import re

from escalation.channels import Message
from escalation.notice.plain import cut_bytes, plain

TEXT_BYTES = 2048
_TWINS = str.maketrans({"<": "＜", ">": "＞", "@": "＠", "[": "［", "]": "］", "`": "｀", "&": "＆"})
_ADDRESS = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}):(?=//)|\b(javascript|data|mailto|weixin|wxwork):")
_DOMAIN_DOT = re.compile(r"(?<=[A-Za-z0-9-])\.(?=[A-Za-z]{2})")
MOBILE = re.compile(r"1\d{10}")


def disarm(text: str, url: str) -> str:
    """`text` in which only `url` is left as a link and nobody can be called."""
    pieces = text.split(url) if url else [text]
    return url.join(_disarm(piece) for piece in pieces)


def _disarm(text: str) -> str:
    def inert(match: re.Match[str]) -> str:
        return match.group(0).replace(":", "：")

    return _DOMAIN_DOT.sub("．", _ADDRESS.sub(inert, text.translate(_TWINS)))


def fitted(message: Message, limit: int) -> str:
    """The text of a group message in at most `limit` bytes of UTF-8.

    When it is too long its head is cut and the link is kept as the last line.
    """
    text = disarm(plain(message.text, limit), message.url)
    if len(text.encode("utf-8")) > limit or (message.url and message.url not in text):
        tail = f"\n{message.url}" if message.url else ""
        text = (
            cut_bytes(text.replace(message.url, "") if message.url else text, limit - len(tail.encode("utf-8"))) + tail
        )
    return text


def payload(message: Message) -> dict[str, object]:
    """The request body of the 企业微信 robot. Mentions stand in their own lists, never in the text."""
    body: dict[str, object] = {"content": fitted(message, TEXT_BYTES)}
    if members := [name for name in message.mention if not MOBILE.fullmatch(name)]:
        body["mentioned_list"] = members
    if mobiles := [name for name in message.mention if MOBILE.fullmatch(name)]:
        body["mentioned_mobile_list"] = mobiles
    return {"msgtype": "text", "text": body}
