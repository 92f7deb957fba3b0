"""A flood of ordinary comments that no rule and no model takes for anything, each in words of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from random import Random

from stream.post import Post
from tests.stream.said import a_post

THREADS = 40
SEED = 20261123
WHEN = (
    "今天早上", "中午", "傍晚", "周末", "午休的时候", "第一节课前", "放学路上", "跑完步", "社团活动后", "下雨那天",
    "昨天", "前天下午", "刚才", "周三", "周五晚上", "早读以后", "开学那天", "散步的时候",
)  # fmt: skip
WHERE = (
    "图书馆三楼", "操场边", "银杏路", "琴房", "小礼堂", "湖心亭", "钟楼下", "羽毛球馆", "画室", "报告厅",
    "樱花大道", "实训中心", "美术楼", "阅览室", "广播站", "田径场", "林荫道", "展厅",
)  # fmt: skip
WHAT = (
    "画了一张速写", "遇到了老同学", "听了一场讲座", "看到了晚霞", "喂了小猫", "背完了单词", "借到了想看的书",
    "和队友练了一会儿球", "收到了明信片", "领了纪念徽章", "学会了一首新歌", "画完了海报", "看了合唱排练", "等到了日出",
    "读完了一本小说", "捡到一片好看的叶子", "认识了新朋友", "给家里写了封信",
)  # fmt: skip
HOW = (
    "挺开心", "很值得", "心情不错", "收获满满", "好看得很", "推荐大家也去", "记录一下", "阳光正好", "有点小激动",
    "想再来一次", "谢谢一起的小伙伴", "继续加油",
)  # fmt: skip


def flood(number: int, school: str, account: str, at: datetime) -> Iterator[Post]:
    """So many comments (69,984 at most) under posts that the platforms do not show; the same ones each time."""
    words = list(product(WHEN, WHERE, WHAT, HOW))
    Random(SEED).shuffle(words)
    for count, (when, where, what, how) in enumerate(words[:number]):
        yield a_post(
            f"{when}在{where}{what}，{how}", f"weibo:9{count:07d}", thread=f"weibo:flood{count % THREADS}",
            author=f"f{count}", at=at, account=account, school=school,
        )  # fmt: skip
