"""Run the sandbox: `python -m crawlers.sandbox --port 8099 --seed 1`."""

from __future__ import annotations

import argparse

import uvicorn

from crawlers.sandbox.app import build
from crawlers.sandbox.clock import Clock, instant
from crawlers.sandbox.world import World


def arguments() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="python -m crawlers.sandbox", description="风信平台沙盒：本机模拟微博与微信公众号接口"
    )
    parser.add_argument("--host", default="127.0.0.1", help="监听地址")
    parser.add_argument("--port", type=int, default=8099, help="监听端口")
    parser.add_argument("--seed", type=int, default=1, help="内容种子：同一种子、同一起点，内容相同")
    parser.add_argument(
        "--epoch", type=instant, help="起点（ISO 8601）：此前两周为历史，此后为实时与剧情；默认为时钟的当前时刻"
    )
    parser.add_argument("--start", type=instant, help="时钟从此刻走起（ISO 8601）；默认跟随系统时间")
    parser.add_argument("--rate", type=float, default=1.0, help="时钟快慢：1 为正常，0 为静止")
    parser.add_argument("--live-interval", type=float, default=4.0, help="实时评论的平均间隔（秒），0 为没有")
    parser.add_argument("--no-story", action="store_true", help="不演剧情")
    parser.add_argument("--weibo-quota", type=int, default=100, help="微博每账号每日调用次数上限")
    return parser


def main() -> None:
    """Build the world and serve it until stopped."""
    given = arguments().parse_args()
    world = World(
        Clock(given.start, given.rate), given.seed, given.epoch, given.live_interval, not given.no_story,
        given.weibo_quota,
    )  # fmt: skip
    uvicorn.run(build(world), host=given.host, port=given.port, log_level="warning", date_header=False)


if __name__ == "__main__":
    main()
