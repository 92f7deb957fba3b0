"""`python -m escalation.channels.sandbox --port 8025 --smtp-port 2525 --folder inbox`"""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from escalation.channels.sandbox import build


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m escalation.channels.sandbox", description="演示收件箱")
    parser.add_argument("--host", default="127.0.0.1", help="监听地址，默认只限本机")
    parser.add_argument("--port", type=int, default=8025, help="网页与企业微信演示接口的端口")
    parser.add_argument("--smtp-port", type=int, default=2525, help="收信端口")
    parser.add_argument("--folder", type=Path, default=Path("inbox"), help="存放邮件的文件夹")
    wanted = parser.parse_args()
    demo = build(wanted.folder, wanted.smtp_port, host=wanted.host)
    demo.smtp.start()
    try:
        uvicorn.run(demo.app, host=wanted.host, port=wanted.port, log_level="warning", timeout_graceful_shutdown=2)
    finally:
        demo.smtp.stop()


if __name__ == "__main__":
    main()
