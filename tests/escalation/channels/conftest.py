"""A running demo inbox: a real SMTP server and the vendors' interfaces on loopback ports."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from escalation.channels.dingtalk import Dingtalk, DingtalkRobot
from escalation.channels.feishu import Feishu, FeishuRobot
from escalation.channels.letter import Clock, utc_now
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sandbox import Demo, build
from escalation.channels.sandbox.aliyun import SIGNED_WITH as SMS_SECRET
from escalation.channels.sandbox.dingtalk import SIGNED_WITH
from escalation.channels.sandbox.feishu import SIGNED_WITH as FEISHU_SECRET
from escalation.channels.sandbox.hook import SIGNED_WITH as HOOK_SECRET
from escalation.channels.sms import Sms, SmsAccount
from escalation.channels.webhook import Hook, Webhook
from escalation.channels.wecom import Robot, RobotAddress
from escalation.channels.wecom_app import App, Application
from escalation.channels.window import Windows

KEY = "11111111-2222-3333"
APP_SECRET = "app-secret-7c1d"


@dataclass
class House:
    """The demo with channels that point at it, limits short enough for tests."""

    demo: Demo
    base: str

    def mail(self, now: Clock = utc_now, windows: Windows | None = None, **changes: object) -> Mail:
        values: dict[str, object] = {
            "host": self.demo.smtp.host, "port": self.demo.smtp.port, "security": Security.PLAIN,
            "sender": "fengxin@example.edu.cn", "user": "fengxin", "password": "app-password-9f",
            "connect_seconds": 1.0, "total_seconds": 0.7,
        }  # fmt: skip
        return Mail(MailServer(**(values | changes)), now, windows=windows)  # type: ignore[arg-type]

    def robot(self, key: str = KEY, total: float = 0.7) -> Robot:
        return Robot(RobotAddress("值班群", key, self.base, connect_seconds=1.0, total_seconds=total))

    def app(self, total: float = 0.7, now: Clock = utc_now) -> App:
        return App(Application("ww-corp-1", 1000002, APP_SECRET, self.base, None, 1.0, total), now)

    def feishu(self, total: float = 0.7, now: Clock = utc_now, secret: str = FEISHU_SECRET) -> Feishu:
        return Feishu(FeishuRobot("飞书值班群", "hook-77cc88dd", secret, self.base, None, 1.0, total), now)

    def webhook(self, total: float = 0.7, now: Clock = utc_now, secret: str = HOOK_SECRET) -> Webhook:
        return Webhook(Hook("校内系统", f"{self.base}/hook", secret, True, None, 1.0, total), now)

    def sms(self, total: float = 0.7, now: Clock = utc_now, secret: str = SMS_SECRET, phone: str = "phone") -> Sms:
        account = SmsAccount(
            "key-id-0001", secret, "风林学院", "SMS_123", "0510-8690 0110", "code", phone, f"{self.base}/aliyun", None,
            1.0, total,
        )  # fmt: skip
        return Sms(account, now)

    def dingtalk(self, total: float = 0.7, now: Clock = utc_now, secret: str = SIGNED_WITH) -> Dingtalk:
        return Dingtalk(DingtalkRobot("钉钉值班群", "token-55aa66bb", secret, self.base, None, 1.0, total), now)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    demo = build(tmp_path, 0, robot_keys=frozenset({KEY}))
    demo.smtp.start()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(demo.app, log_level="critical", timeout_graceful_shutdown=0, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield House(demo, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(5)
        demo.smtp.stop()
