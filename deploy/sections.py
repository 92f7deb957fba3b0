"""Sections 设置各节: what each part of `fengxin.toml` may hold. Frozen and strict; unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from escalation import heartbeat
from escalation.channels.mail import FEWEST, PER_MINUTE
from sentiment.engine import DEFAULT, engine_by_name
from stream.border import LEAST, MOST, OPEN_AT, PER_SHIFT

Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """One section of the file: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class School(Section):
    """The school. `public_url` is how phones reach the desk: it stands in every notice. `same_offices`: offices of the
    pack that this school says are the ones of their `maybe_same_as`."""

    code: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=32)
    name: str = Field(min_length=1, max_length=100)
    aliases: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    pack: str = Field(default="neutral", min_length=1)
    same_offices: tuple[str, ...] = ()
    timezone: Literal["Asia/Shanghai"] = "Asia/Shanghai"
    public_url: str = ""

    @field_validator("aliases", "places", "same_offices", mode="before")
    @classmethod
    def _as_tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class StorePlace(Section):
    """The store: `sqlite:///…` or `postgresql+psycopg://…`; empty means a file in the data folder."""

    url: SecretStr = SecretStr("")


class LogPlace(Section):
    """The log: `sqlite:///…` or `kafka://…`; empty means a file in the data folder. `keep_days` is its retention."""

    url: SecretStr = SecretStr("")
    partitions: int | None = Field(default=None, ge=1, le=256)
    keep_days: int = Field(default=7, ge=1, le=90)


class SearchPlace(Section):
    """The search: `sqlite:///…` or `elasticsearch://…`; empty means a file in the data folder."""

    url: SecretStr = SecretStr("")


class Web(Section):
    """The desk. `key` (32 characters or more) signs the links in notices; a new one voids all that were
    sent. Sessions do not depend on it. `trusted_proxies`: addresses or networks of the reverse proxies before the desk,
    whose word of where a request came from is taken; this machine's own is always."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: Port = 8700
    key: SecretStr
    trusted_proxies: list[str] = Field(default_factory=list, max_length=20)


class Crawl(Section):
    """The crawlers' manners. `key` (32 characters or more) makes the writers' pseudonyms; see `crawlers.settings`."""

    key: SecretStr
    user_agent: str = Field(default="Fengxin/0.1 (school public opinion desk)", min_length=5, max_length=200)
    spacing_s: float = Field(default=2.0, ge=0, le=60)
    at_once: int = Field(default=4, ge=1, le=32)
    floor_s: int = Field(default=120, ge=1, le=3600)
    night_slower: int = Field(default=4, ge=1, le=12)
    gone_after_minutes: int = Field(default=5, ge=1, le=1440)


class MailServer(Section):
    """The school's mail server. `password` is the app password (授权码). `per_minute`: the own limit of pace
    (系统默认，非校规), which the school sets to what its server takes."""

    host: str = Field(min_length=1)
    port: Port
    security: Literal["starttls", "tls", "plain"]
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = Field(alias="from", min_length=3)
    sender_name: str = "风信"
    ca_file: str = ""
    per_minute: int = Field(default=PER_MINUTE, ge=FEWEST, le=600)


class WecomRobot(Section):
    """企业微信 group robot: `key` from its webhook address; `base_url` is the vendor's unless this is the demo."""

    name: str = Field(default="值班群", min_length=1)
    key: SecretStr
    base_url: str = "https://qyapi.weixin.qq.com"


class WecomApp(Section):
    """企业微信 application (自建应用): one message to each person, by the account of the roster's people."""

    corp_id: str = Field(min_length=1)
    agent_id: int = Field(ge=1)
    secret: SecretStr
    base_url: str = "https://qyapi.weixin.qq.com"


class DingtalkRobot(Section):
    """钉钉 group robot: `token` from its webhook address, `secret` from its 加签 setting."""

    name: str = Field(default="钉钉值班群", min_length=1)
    token: SecretStr
    secret: SecretStr
    base_url: str = "https://oapi.dingtalk.com"


class FeishuRobot(Section):
    """飞书 group robot: `hook` from its webhook address, `secret` from its 签名校验 setting."""

    name: str = Field(default="飞书值班群", min_length=1)
    hook: SecretStr
    secret: SecretStr
    base_url: str = "https://open.feishu.cn"


class Webhook(Section):
    """网络回调: a signed JSON notice to a system of the school; `allow_private` lets it stand on the campus network."""

    name: str = Field(default="校内系统", min_length=1)
    url: SecretStr
    secret: SecretStr
    allow_private: bool = False
    ca_file: str = ""


class Sms(Section):
    """阿里云 SMS: keys, the approved signature and template, and the names of its variables."""

    key_id: str = Field(min_length=1)
    key_secret: SecretStr
    sign_name: str = Field(min_length=1)
    template_code: str = Field(min_length=1)
    code_variable: str = "code"
    phone_variable: str = ""
    base_url: str = "https://dysmsapi.aliyuncs.com"


class Judging(Section):
    """The engine that judges how a text sounds. `weights`: a folder that `fengxin train` wrote, relative to the
    settings; empty means those that come with Fengxin."""

    engine: str = DEFAULT
    weights: str = ""

    @field_validator("engine")
    @classmethod
    def _known(cls, value: str) -> str:
        engine_by_name(value)
        return value


class Risk(Section):
    """From which points on several voices open an incident, and how many false alarms a shift of twelve hours bears
    (both 系统默认，非校规). What opens on one line does so at any border."""

    open_at: int = Field(default=int(OPEN_AT), ge=int(LEAST), le=int(MOST))
    false_alarms_per_shift: int = Field(default=PER_SHIFT, ge=0, le=100)


class Duty(Section):
    """The duty desk: the phone number that notices and pages show."""

    phone: str = ""


class Trial(Section):
    """试运行: whether a new installation begins in trial."""

    on: bool = True


class Auditor(Section):
    """The auditor's sign of life outside: a file whose time moves, an address that is called (it may hold a token).

    `heartbeat_allow_private` lets the address stand on this machine or on the campus network.
    """

    heartbeat_file: str = ""
    heartbeat_allow_private: bool = False
    heartbeat_url: SecretStr = SecretStr("")
    heartbeat_method: Literal["GET", "POST"] = "GET"
    heartbeat_every_s: int = Field(default=60, ge=15, le=3600)

    @field_validator("heartbeat_url")
    @classmethod
    def _address(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        private = bool(info.data.get("heartbeat_allow_private"))
        why = heartbeat.unfit(value.get_secret_value(), allow_private=private) if value.get_secret_value() else ""
        if why:
            raise ValueError(why)
        return value


class Sandbox(Section):
    """The demo's platform sandbox: a local server in the platforms' shapes."""

    port: Port
    seed: int = 7
    start: AwareDatetime
    weibo_quota: int = Field(default=100, ge=1)


class Inbox(Section):
    """The demo's inbox: a local SMTP server and a local 企业微信 webhook."""

    port: Port
    smtp_port: Port
    folder: str = "inbox"
