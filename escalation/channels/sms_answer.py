"""What 阿里云 SMS answers: by `Code` alone, and by `SendStatus` of the receipt whose `OutId` is ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from escalation.channels import Accepted, Fault, Outcome, Permanent, RateLimited, Transient, Unknown
from escalation.channels.exchange import Answer

_OWN_LIMIT = timedelta(minutes=10)
"""Minute, hour or day: the vendor does not say which limit was met."""
_FREQUENT = frozenset({"Throttling", "Throttling.User", "Throttling.Api", "isv.REQUEST_LIMIT"})
_QUOTA = frozenset({"isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH"})
_CONTACT = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.BLACK_MOBILE"})
_CONTENT = frozenset({"isv.PARAM_NOT_SUPPORT_URL", "isv.PARAM_LENGTH_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT"})
_SETTINGS = frozenset({
    "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.TEMPLATE_MISSING_PARAMETERS",
    "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_JSON_PARAM", "isv.INVALID_PARAMETERS", "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isp.RAM_PERMISSION_DENY",
    "Forbidden.RAM", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "SignatureDoesNotMatch",
    "IncompleteSignature", "InvalidTimeStamp.Expired", "InvalidTimeStamp.Format",
})  # fmt: skip
_NOT_THERE = frozenset({401, 403, 404, 405, 407})
"""Statuses by which something else than the vendor says that it took nothing: a wrong address, or a proxy."""
_DELIVERED, _FAILED = 3, 2


def judge_sent(answer: Answer) -> Outcome:
    """The outcome of `SendSms`. A system error may have sent it: it is looked up like a lost answer."""
    code, said = _code(answer)
    if code == "OK":
        biz = (answer.json() or {}).get("BizId")
        return Accepted(biz[:120] if isinstance(biz, str) and biz.isprintable() else "", answer=said)
    return replace(_refused(code, answer.status), answer=said)


def judge_details(answer: Answer, out_id: str) -> Outcome | None:
    """What became of the message with our `OutId`; None where the vendor has none of it."""
    code, said = _code(answer)
    if code != "OK":
        found = _refused(code, answer.status)
        if isinstance(found, Unknown):
            return Transient("查不到上次短信的回执，为免重复暂不重发，稍后再查。", answer=said)
        return replace(found, answer=said)
    states = [one.get("SendStatus") for one in _listed(answer) if one.get("OutId") == out_id]
    if not states:
        return None
    if all(state == _FAILED for state in states):
        return Permanent(Fault.CONTACT, "运营商回执：短信未送达该号码；请核对人员名册中的手机。", answer=said)
    return Accepted("", answer=said)


def total(answer: Answer) -> int:
    """How many messages the vendor lists for that day."""
    found = (answer.json() or {}).get("TotalCount")
    return int(found) if isinstance(found, int | str) and str(found).isdecimal() and len(str(found)) < 7 else 0


def _refused(code: str, status: int) -> Outcome:
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        return RateLimited(_OWN_LIMIT, f"短信限频（{code}：该号码已达分钟、小时或天上限），稍后自动重发。")
    if code in _FREQUENT or (not code and status == 429):
        return RateLimited(timedelta(minutes=1), f"短信接口限频（{code or status}），一分钟后重发。")
    if code in _QUOTA:
        return Permanent(Fault.QUOTA, f"短信额度或余额不足（{code}）；请在短信控制台充值或调高上限。")
    if code in _CONTACT:
        return Permanent(Fault.CONTACT, f"短信拒收（{code}：手机号不可用），已改用其他方式；请在人员名册中更正。")
    if code in _CONTENT:
        return Permanent(Fault.CONTENT, f"短信拒收（{code}：变量内容或长度不合要求）；请核对短信模板的变量。")
    if code in _SETTINGS:
        return Permanent(Fault.CREDENTIAL, f"短信拒收（{code}：密钥、签名、模板或账号不对）；请核对设置与短信控制台。")
    if code == "SignatureNonceUsed":
        return Transient(f"短信接口拒收（{code}），未送出，将自动重发。")
    if not code and status in _NOT_THERE:
        return Permanent(Fault.CREDENTIAL, f"短信接口地址不对（HTTP {status}），未送出；请核对接口地址与经过的代理。")
    if code.startswith(("isp.", "ServiceUnavailable", "InternalError")) or not code:
        return Unknown(f"短信接口答复 {code or f'HTTP {status}'}，可能已送出，将先查回执再定是否重发。")
    return Permanent(Fault.CONTENT, f"短信拒收（{code}：含义未收录）；请查阅阿里云短信错误码。")


def _code(answer: Answer) -> tuple[str, str]:
    """The vendor's code (empty where there is none), and what is kept for the log."""
    said = answer.json() or {}
    code, request = said.get("Code"), said.get("RequestId")
    if not isinstance(code, str) or not code.isprintable() or len(code) > 80:
        return "", f"HTTP {answer.status}"
    return code, f"{code} · {request[:80]}" if isinstance(request, str) and request.isprintable() else code


def _listed(answer: Answer) -> Iterable[dict[str, Any]]:
    outer = (answer.json() or {}).get("SmsSendDetailDTOs")
    inner = outer.get("SmsSendDetailDTO") if isinstance(outer, dict) else None
    return [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
