"""阿里云 SMS: a short numeric code and the duty desk's phone, nothing else, and never the same message twice.

The vendor has no idempotence: a repetition is a second SMS. So before any repetition the receipt is looked up by our
`OutId` (QuerySendDetails), and where the first try may have left, not before the vendor has had time to list it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

from escalation.channels import Channel, Fault, Message, Outcome, Permanent, RateLimited, Transient, Unknown
from escalation.channels.bucket import Allowance, Hold
from escalation.channels.cutoff import Cutoff
from escalation.channels.exchange import Answer, Line
from escalation.channels.letter import Clock, utc_now
from escalation.channels.sms_answer import judge_details, judge_sent, total
from escalation.channels.window import OwnWindows, Windows, place

VENDOR = "https://dysmsapi.aliyuncs.com"
PER_NUMBER = (Allowance(10, 5), Allowance(45, 15, timedelta(days=1)))
"""The vendor allows 50 a day for one number, signature and template."""
SETTLE = timedelta(seconds=60)
"""How long the vendor may take to list a message of which we do not know whether it left."""
KEPT = 2000
PAGE, PAGES = 50, 2
NOBODY = "13000000000"
"""Asked for in a test: proves the keys and tells nobody."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_BEIJING = timezone(timedelta(hours=8))
_NUMBER = re.compile(r"(\d+)-(\d+)$")


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """Keys, the approved signature and template, and what its variables are called.

    `phone_variable` empty: the duty desk's phone stands in the approved template itself.

    Raises:
        ValueError: an unprotected line to another machine, or something that cannot be what it should.
    """

    key_id: str
    key_secret: str = field(repr=False)
    sign_name: str
    template_code: str
    duty_phone: str = ""
    code_variable: str = "code"
    phone_variable: str = ""
    base: str = VENDOR
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 3.0
    total_seconds: float = 8.0

    def __post_init__(self) -> None:
        self.line()
        for words, value, form in (
            ("AccessKey ID", self.key_id, r"[A-Za-z0-9._-]{8,128}"),
            ("AccessKey Secret", self.key_secret, r"[A-Za-z0-9._-]{8,128}"),
            ("短信签名", self.sign_name, r"[^\s【】]{2,40}"),
            ("模板编号", self.template_code, r"SMS_\d{1,20}"),
            ("编号变量名", self.code_variable, r"[A-Za-z][A-Za-z0-9_]{0,19}"),
            ("电话变量名", self.phone_variable, r"([A-Za-z][A-Za-z0-9_]{0,19})?"),
        ):
            if not re.fullmatch(form, value):
                raise ValueError(f"短信的{words}格式不对，请照短信控制台核对。")
        if self.phone_variable and not re.fullmatch(r"[0-9-]{3,20}", self.desk()):
            raise ValueError(
                "短信模板要带值班电话，但 [duty] 的 phone 不是电话号码；请填写，或把 phone_variable 留空。"
            )

    def desk(self) -> str:
        """The duty desk's phone as a variable may carry it."""
        return re.sub(r"\s+", "-", self.duty_phone.strip())

    def line(self) -> Line:
        """The way to the vendor."""
        return Line(
            "短信接口", self.base, self.proxy, self.connect_seconds, self.total_seconds,
            again="将先查回执再定是否重发",
        )  # fmt: skip


def sign(method: str, given: Mapping[str, str], secret: str) -> str:
    """The vendor's RPC signature (HMAC-SHA1, version 1.0) of the parameters, in base64."""
    joined = "&".join(f"{_coded(name)}={_coded(value)}" for name, value in sorted(given.items()))
    text = f"{method}&{_coded('/')}&{_coded(joined)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def code_of(notice: str) -> str:
    """Six digits for a notice: "FX-2026-0147-03" → "014703". Six zeros for a test."""
    found = _NUMBER.search(notice)
    return f"{(int(found.group(1)) * 100 + int(found.group(2))) % 1_000_000:06d}" if found else "000000"


def mobile_of(text: str) -> str:
    """A mobile number of the mainland as the vendor wants it, or an empty text."""
    bare = re.sub(r"[\s-]", "", text)
    bare = bare.removeprefix("+86") if bare.startswith("+") else bare
    return bare if re.fullmatch(r"1\d{10}", bare, re.ASCII) else ""


class Sms(Channel):
    """One account. What is unclear is kept here: give all threads the same instance. `windows` keeps the allowances."""

    name = "sms"
    title = "短信"
    quiet = True

    def __init__(self, account: SmsAccount, now: Clock = utc_now, *, windows: Windows | None = None) -> None:
        self._account = account
        self._now = now
        self._lock = threading.Lock()
        self._windows = windows or OwnWindows()
        self._tried: dict[str, datetime | None] = {}

    def send(self, message: Message) -> Outcome:
        """Send one SMS, or tell what became of the one that was sent before; see `Channel`."""
        mobile = mobile_of(message.to)
        if not mobile:
            return Permanent(Fault.CONTACT, "名册中的号码不是 11 位手机号，短信未发送；请在人员名册中更正。")
        with Cutoff(self._account.total_seconds) as cutoff:
            if message.attempt > 1:
                known = self._earlier(message, mobile, cutoff)
                if known is not None:
                    return known
            held = self._take(mobile, message.level)
            if held is not None:
                self._note(message.delivery_id, None)
                return RateLimited(
                    held.wait, "发给该号码的短信已近每天 50 条的上限（为Ⅰ、Ⅱ级留有余量），稍后自动重发。"
                )
            self._note(message.delivery_id, self._now())
            answer = self._call(cutoff, {
                "Action": "SendSms", "PhoneNumbers": mobile, "SignName": self._account.sign_name,
                "TemplateCode": self._account.template_code, "TemplateParam": self._variables(message.notice),
                "OutId": message.delivery_id,
            })  # fmt: skip
        outcome = judge_sent(answer) if isinstance(answer, Answer) else answer
        if not isinstance(outcome, Unknown):
            self._note(message.delivery_id, None)
        return outcome

    def probe(self) -> Outcome:
        """Ask for the receipts of nobody: proves keys and permission and tells nobody."""
        with Cutoff(self._account.total_seconds) as cutoff:
            answer = self._details(cutoff, NOBODY, self._now(), 1)
        if not isinstance(answer, Answer):
            return Transient("短信接口未答复，请稍后再试。") if isinstance(answer, Unknown) else answer
        found = judge_details(answer, "")
        return judge_sent(answer) if found is None else found

    def _earlier(self, message: Message, mobile: str, cutoff: Cutoff) -> Outcome | None:
        """What is known of an earlier try; None where the vendor knows of none, so that sending is no repetition.

        An id that this process has not tried itself was in the hands of one that died: it counts as unclear from now.
        """
        now = self._now()
        with self._lock:
            since = self._tried.get(message.delivery_id, now)
        if since is not None and now < since + SETTLE and now >= since:
            self._note(message.delivery_id, since)
            return RateLimited(since + SETTLE - now, "上次发送结果不明，待回执可查后先查再发。")
        for day in (now, now - timedelta(days=1)):
            for page in range(1, PAGES + 1):
                answer = self._details(cutoff, mobile, day, page)
                if not isinstance(answer, Answer):
                    return Transient("查不到上次短信的回执（接口未答复），为免重复暂不重发，稍后再查。")
                found = judge_details(answer, message.delivery_id)
                if found is not None:
                    return found
                if total(answer) <= PAGE * page:
                    break
        return None

    def _details(self, cutoff: Cutoff, mobile: str, day: datetime, page: int) -> Answer | Transient | Unknown:
        return self._call(cutoff, {
            "Action": "QuerySendDetails", "PhoneNumber": mobile, "CurrentPage": str(page), "PageSize": str(PAGE),
            "SendDate": day.astimezone(_BEIJING).strftime("%Y%m%d"),
        })  # fmt: skip

    def _call(self, cutoff: Cutoff, asked: Mapping[str, str]) -> Answer | Transient | Unknown:
        given = {
            "AccessKeyId": self._account.key_id, "Format": "JSON", "RegionId": "cn-hangzhou",
            "SignatureMethod": "HMAC-SHA1", "SignatureNonce": secrets.token_hex(16), "SignatureVersion": "1.0",
            "Timestamp": self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "Version": "2017-05-25", **asked,
        }  # fmt: skip
        given["Signature"] = sign("POST", given, self._account.key_secret)
        body = "&".join(f"{_coded(name)}={_coded(value)}" for name, value in given.items()).encode()
        return self._account.line().call(cutoff, "POST", "/", body=body, headers=FORM)

    def _variables(self, notice: str) -> str:
        values = {self._account.code_variable: code_of(notice)}
        if self._account.phone_variable:
            values[self._account.phone_variable] = self._account.desk()
        return json.dumps(values, separators=(",", ":"))

    def _take(self, mobile: str, level: int) -> Hold | None:
        where = place(self.name, f"{self._account.key_id} {mobile}")
        return self._windows.take(where, PER_NUMBER, self._now(), level)

    def _note(self, delivery_id: str, unclear_since: datetime | None) -> None:
        """Remember whether the last try may have left; the oldest memory goes, and then counts as unclear again."""
        with self._lock:
            self._tried.pop(delivery_id, None)
            self._tried[delivery_id] = unclear_since
            if len(self._tried) > KEPT:
                self._tried.pop(next(iter(self._tried)))


def _coded(text: str) -> str:
    return quote(text, safe="-_.~", errors="replace")
