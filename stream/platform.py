"""Platform: the names that people read for the codes that posts carry. One list for mails, pages and the report."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "weibo": "微博", "wechat": "微信公众号", "douyin": "抖音", "channels": "视频号", "bilibili": "B 站",
    "kuaishou": "快手", "xiaohongshu": "小红书", "zhihu": "知乎", "tieba": "百度贴吧", "toutiao": "今日头条",
    "qq": "QQ", "forum": "校园论坛", "site": "网站", "letter": "信箱", "other": "来源未注明", "desk": "值班台",
    "manual": "人工巡查", "sandbox": "平台沙箱",
}  # fmt: skip
"""`other` is what a lead carries whose writer named no platform: nothing is known, and nothing is invented."""


def platform_name(code: str) -> str:
    """The name of a platform; a code that is not known stands as it is."""
    return NAMES.get(code, code)
