"""演示收件箱: a mail server and the vendors' interfaces for demonstrations and tests. Another house than ours: it
shares no code with the channels it receives from, and nothing that reaches it leaves the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette

from escalation.channels.sandbox.aliyun import Aliyun
from escalation.channels.sandbox.dingtalk import Dingtalk
from escalation.channels.sandbox.faults import Fault, Faults
from escalation.channels.sandbox.feishu import Feishu
from escalation.channels.sandbox.group import Group
from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.hook import Hook
from escalation.channels.sandbox.mailbox import Mailbox
from escalation.channels.sandbox.members import Members
from escalation.channels.sandbox.pages import app
from escalation.channels.sandbox.sink import Sink
from escalation.channels.sandbox.vendor import routes


class Demo(NamedTuple):
    """`app` serves the pages and the vendors; `smtp` has `start()`, `stop()`, `host` and `port`. `ledger` keeps what
    the vendors other than the 企业微信 group heard."""

    app: Starlette
    smtp: Sink
    mailbox: Mailbox
    group: Group
    faults: Faults
    ledger: Ledger
    members: Members
    dingtalk: Dingtalk
    feishu: Feishu
    hook: Hook
    aliyun: Aliyun


def build(folder: Path, smtp_port: int, *, host: str = "127.0.0.1", robot_keys: frozenset[str] | None = None) -> Demo:
    """Put the demo inbox together; nothing listens yet.

    Mails rest in `folder` as .eml files. `smtp_port` 0 takes a free port. `robot_keys` None takes any key of the
    right shape.
    """
    mailbox, group, faults, ledger = Mailbox(folder), Group(folder, robot_keys), Faults(), Ledger(folder)
    vendors = (Members(ledger), Dingtalk(ledger), Feishu(ledger), Hook(ledger), Aliyun(ledger))
    pages = app(mailbox, group, faults, ledger, [route for vendor in vendors for route in routes(vendor, faults)])
    return Demo(pages, Sink(mailbox, faults, host, smtp_port), mailbox, group, faults, ledger, *vendors)


__all__ = ["Demo", "Fault", "Faults", "Group", "Ledger", "Mailbox", "Sink", "build"]
