"""Parts: what the rooms need, made from settings; each function is one line of the way from a setting to an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlers.settings import CrawlSettings
from escalation.channels import Channel
from escalation.channels.dingtalk import Dingtalk, DingtalkRobot
from escalation.channels.feishu import Feishu, FeishuRobot
from escalation.channels.mail import Mail, MailServer, Security
from escalation.channels.sms import Sms, SmsAccount
from escalation.channels.webhook import Hook, Webhook
from escalation.channels.wecom import Robot, RobotAddress
from escalation.channels.wecom_app import App, Application
from escalation.channels.window import PATIENCE_SECONDS, StoredWindows, Windows
from escalation.heartbeat import Outside
from escalation.people import TITLES
from sentiment.engine import Engine, engine_by_name
from stream.store import Store

if TYPE_CHECKING:
    from deploy import sections
    from deploy import settings as given
    from escalation.procedure import Pack

__all__ = [
    "channels", "crawl_settings", "described", "group_names", "load_pack", "mail_server", "outside",
    "role_words", "shared_windows",
]  # fmt: skip


def mail_server(mail: sections.MailServer, folder: Path) -> MailServer:
    """The mail channel's own description. Raises ValueError with a sentence."""
    return MailServer(
        host=mail.host, port=mail.port, security=Security(mail.security), sender=mail.sender,
        sender_name=mail.sender_name, user=mail.user, password=mail.password.get_secret_value(),
        ca_file=str(folder / mail.ca_file) if mail.ca_file else None, per_minute=mail.per_minute,
    )  # fmt: skip


def robot_address(robot: sections.WecomRobot, _settings: given.Settings) -> RobotAddress:
    """The robot's own description. Raises ValueError with a sentence."""
    return RobotAddress(robot.name, robot.key.get_secret_value(), robot.base_url.rstrip("/"))


def application(app: sections.WecomApp, _settings: given.Settings) -> Application:
    """The 企业微信 application's own description. Raises ValueError with a sentence."""
    return Application(app.corp_id, app.agent_id, app.secret.get_secret_value(), app.base_url.rstrip("/"))


def dingtalk(robot: sections.DingtalkRobot, _settings: given.Settings) -> DingtalkRobot:
    """The 钉钉 robot's own description. Raises ValueError with a sentence."""
    return DingtalkRobot(
        robot.name, robot.token.get_secret_value(), robot.secret.get_secret_value(), robot.base_url.rstrip("/")
    )


def feishu(robot: sections.FeishuRobot, _settings: given.Settings) -> FeishuRobot:
    """The 飞书 robot's own description. Raises ValueError with a sentence."""
    return FeishuRobot(
        robot.name, robot.hook.get_secret_value(), robot.secret.get_secret_value(), robot.base_url.rstrip("/")
    )


def hook(hook: sections.Webhook, settings: given.Settings) -> Hook:
    """The webhook's own description. Raises ValueError with a sentence."""
    return Hook(
        hook.name, hook.url.get_secret_value(), hook.secret.get_secret_value(), hook.allow_private,
        str(settings.path(hook.ca_file)) if hook.ca_file else None,
    )  # fmt: skip


def sms_account(sms: sections.Sms, settings: given.Settings) -> SmsAccount:
    """The SMS account's own description. Raises ValueError with a sentence."""
    return SmsAccount(
        sms.key_id, sms.key_secret.get_secret_value(), sms.sign_name, sms.template_code, settings.duty.phone,
        sms.code_variable, sms.phone_variable, sms.base_url.rstrip("/"),
    )  # fmt: skip


def crawl_settings(settings: given.Settings) -> CrawlSettings:
    """What the crawlers need. Raises pydantic's ValidationError."""
    crawl = settings.crawl
    return CrawlSettings(
        school=settings.school.code, pseudonym_key=crawl.key.get_secret_value().encode(), routes=settings.routes,
        user_agent=crawl.user_agent, spacing_s=crawl.spacing_s, at_once=crawl.at_once, floor_s=crawl.floor_s,
        night_slower=crawl.night_slower,
        gone_after_minutes=crawl.gone_after_minutes,
    )  # fmt: skip


OTHER_CHANNELS: tuple[tuple[str, Callable[[Any, Any], Any], Callable[..., Channel]], ...] = (
    ("wecom_robot", robot_address, Robot),
    ("wecom_app", application, App),
    ("dingtalk_robot", dingtalk, Dingtalk),
    ("feishu_robot", feishu, Feishu),
    ("webhook", hook, Webhook),
    ("sms", sms_account, Sms),
)
"""Channels other than mail: section, its description for the room, the channel. Adding a channel is one line."""


def described(settings: given.Settings) -> Iterator[tuple[str, Any, Callable[[Any, Any], Any]]]:
    """The sections of these channels that are filled in: name, section, and what describes the channel."""
    for name, describe, _ in OTHER_CHANNELS:
        section = getattr(settings, name)
        if section is not None:
            yield name, section, describe


def channels(settings: given.Settings, windows: Windows | None = None) -> dict[str, Channel]:
    """The channels that are set up, by name. Who sends gives the `windows` that all processes share."""
    made: list[Channel] = []
    if settings.mail is not None:
        made.append(Mail(mail_server(settings.mail, settings.folder), windows=windows))
    for name, describe, build in OTHER_CHANNELS:
        section = getattr(settings, name)
        if section is not None:
            made.append(build(describe(section, settings), windows=windows))
    return {channel.name: channel for channel in made}


@contextmanager
def shared_windows(settings: given.Settings) -> Iterator[Windows]:
    """The sending windows that every process at this store shares, given back at the end."""
    store = Store(settings.store_url, patience=PATIENCE_SECONDS)
    try:
        yield StoredWindows(store)
    finally:
        store.close()


def outside(settings: given.Settings) -> Outside:
    """Where the auditor beats."""
    told = settings.auditor
    return Outside(
        file=settings.path(told.heartbeat_file) if told.heartbeat_file else None,
        url=told.heartbeat_url.get_secret_value(), method=told.heartbeat_method, every_s=told.heartbeat_every_s,
        allow_private=told.heartbeat_allow_private,
    )  # fmt: skip


def group_names(settings: given.Settings) -> dict[str, str]:
    """The names of the groups that are told, by channel."""
    return {name: section.name for name, section, _ in described(settings) if hasattr(section, "name")}


def engine(settings: given.Settings) -> Engine:
    """What judges how texts sound; its weights are read at the first text."""
    return engine_by_name(settings.sentiment.engine, folder=settings.weights_folder)


def load_pack(settings: given.Settings) -> Pack:
    """The school's policy pack, by code or by path beside the settings, with the offices that the school says are one
    (`same_offices`) made one. Raises PackError; ValueError for an office of which the pack does not leave it open."""
    from escalation.procedure import load  # 0.1 s and 7 MB, and half of the roles need no pack

    beside = settings.path(settings.school.pack)
    pack = load(beside if beside.exists() else settings.school.pack)
    return pack.merged(settings.school.same_offices)


def role_words(pack: Pack) -> dict[str, str]:
    """Every word for a role → its key: the pack's own offices, and the plain titles the desk uses."""
    words = {title: role.value for role, title in TITLES.items()} | {role.value: role.value for role in TITLES}
    for office in pack.office:
        words |= dict.fromkeys((office.key, *office.words), office.key)
    return words
