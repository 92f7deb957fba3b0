"""The demo 阿里云 SMS: it checks the signature, sends every repetition, and lists what it took."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote

from escalation.channels.sandbox.heard import Ledger
from escalation.channels.sandbox.vendor import Asked, Said, Vendor

SIGNED_WITH = "aliyun-sandbox-not-a-secret"
PER_DAY = 50
LONGEST_VARIABLE = 35
_BEIJING = timezone(timedelta(hours=8))
_LINK = re.compile(r"https?://|www\.|\.(com|cn|net)\b", re.IGNORECASE)


class Aliyun(Vendor):
    """`status` is what the receipt of a message says: 1 waiting, 2 failed, 3 delivered."""

    place = "sms"
    paths = ("/aliyun/",)

    def __init__(self, ledger: Ledger, secret: str = SIGNED_WITH) -> None:
        self._ledger = ledger
        self._secret = secret
        self._lock = threading.Lock()
        self._nonces: set[str] = set()
        self._took: list[tuple[datetime, str, str]] = []
        self.status = 3

    def hear(self, asked: Asked) -> Said:
        """Signature and nonce, then the action."""
        given = dict(parse_qsl(asked.body.decode("utf-8", "replace"), keep_blank_values=True))
        with self._lock:
            if not self._signed(given):
                return 400, _answer("SignatureDoesNotMatch")
            if given.get("SignatureNonce", "") in self._nonces:
                return 400, _answer("SignatureNonceUsed")
            self._nonces.add(given["SignatureNonce"])
            match given.get("Action"):
                case "SendSms":
                    return 200, self._send(given)
                case "QuerySendDetails":
                    return 200, self._details(given)
        return 404, _answer("InvalidAction.NotFound")

    def trouble(self, fault: str, asked: Asked) -> Said | None:
        """A fault strikes where a message is sent; `query` where the receipts are asked for."""
        asks = b"Action=QuerySendDetails" in asked.body
        if asks != (fault == "query"):
            return None
        return 200, _answer("isp.SYSTEM_ERROR" if fault == "query" else fault)

    def _signed(self, given: dict[str, str]) -> bool:
        rest = {name: value for name, value in given.items() if name != "Signature"}
        joined = "&".join(f"{_coded(name)}={_coded(value)}" for name, value in sorted(rest.items()))
        text = f"POST&%2F&{_coded(joined)}"
        said = hmac.new(f"{self._secret}&".encode(), text.encode(), hashlib.sha1).digest()
        try:
            at = datetime.strptime(given.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%S%z")
        except ValueError:
            return False
        near = abs(at - self._ledger.now()) < timedelta(minutes=15)
        return near and hmac.compare_digest(base64.b64encode(said).decode(), given.get("Signature", ""))

    def _send(self, given: dict[str, str]) -> dict[str, object]:
        mobile, out_id = given.get("PhoneNumbers", ""), given.get("OutId", "")
        if not re.fullmatch(r"1\d{10}", mobile):
            return _answer("isv.MOBILE_NUMBER_ILLEGAL")
        try:
            variables = {str(name): str(value) for name, value in json.loads(given.get("TemplateParam", "")).items()}
        except (ValueError, AttributeError):
            return _answer("isv.INVALID_JSON_PARAM")
        if any(_LINK.search(value) for value in variables.values()):
            return _answer("isv.PARAM_NOT_SUPPORT_URL")
        if any(len(value) > LONGEST_VARIABLE for value in variables.values()):
            return _answer("isv.PARAM_LENGTH_LIMIT")
        now = self._ledger.now()
        if sum(one == mobile and at > now - timedelta(days=1) for at, one, _ in self._took) >= PER_DAY:
            return _answer("isv.BUSINESS_LIMIT_CONTROL")
        self._took.append((now, mobile, out_id))
        words = "，".join(f"{name}={value}" for name, value in variables.items())
        self._ledger.keep(self.place, mobile, given.get("SignName", ""), f"{given.get('TemplateCode', '')}：{words}")
        return _answer("OK") | {"BizId": f"{secrets.randbelow(10**15)}^0"}

    def _details(self, given: dict[str, str]) -> dict[str, object]:
        found = [
            {"PhoneNum": mobile, "OutId": out_id, "SendStatus": self.status, "TemplateCode": "SMS_1",
             "ErrCode": "DELIVERED" if self.status == 3 else "MK:1008",
             "SendDate": at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")}
            for at, mobile, out_id in self._took
            if mobile == given.get("PhoneNumber")
            and at.astimezone(_BEIJING).strftime("%Y%m%d") == given.get("SendDate")
        ]  # fmt: skip
        size, page = int(given.get("PageSize", "10")), int(given.get("CurrentPage", "1"))
        shown = found[::-1][size * (page - 1) : size * page]
        return _answer("OK") | {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}


def _coded(text: str) -> str:
    return quote(text, safe="-_.~")


def _answer(code: str) -> dict[str, object]:
    return {"Code": code, "Message": code, "RequestId": secrets.token_hex(16).upper()}
