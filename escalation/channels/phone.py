"""电话通知: no transport, but a task for a named person, who dials, speaks and records what came of it.

Nothing is dialled by the machine and a call is never a receipt: signing stays with the addressee. The rows rest in
`escalation.notice.calls`; this module names what may be recorded and what each outcome means for the ladder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CallOutcome(StrEnum):
    """What became of a call."""

    TOLD = "told"
    PROXY = "proxy"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    OFF = "off"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    NO_NUMBER = "no_number"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`title` is what the caller presses. `reached`: the addressee knows. `again`: worth dialling again.

    `contact_bad`: the number must be mended in the register. `ask_remark`: a word on it is required.
    `follow` says what the caller does next.
    """

    title: str
    reached: bool
    again: bool
    contact_bad: bool
    ask_remark: bool
    follow: str


OUTCOMES: Mapping[CallOutcome, Meaning] = MappingProxyType(
    {
        CallOutcome.TOLD: Meaning("接通并转达", True, False, False, False, "请对方打开通知签收；电话告知不等于签收。"),
        CallOutcome.PROXY: Meaning("由他人代接", False, True, False, True, "写明代接人与时间，请其转告，并再拨本人。"),
        CallOutcome.NO_ANSWER: Meaning(
            "无人接听", False, True, False, False, "五分钟后再拨；仍无人接听，按次序联系下一人。"
        ),
        CallOutcome.BUSY: Meaning("占线", False, True, False, False, "稍后再拨。"),
        CallOutcome.OFF: Meaning("关机或不在服务区", False, True, False, False, "改拨办公电话，或按次序联系下一人。"),
        CallOutcome.REFUSED: Meaning(
            "接通，对方表示不归其负责", True, False, False, True, "写明对方所说，交宣传部负责人定。"
        ),
        CallOutcome.WRONG_NUMBER: Meaning(
            "号码有误", False, False, True, False, "请人员名册管理员更正，并按次序联系下一人。"
        ),
        CallOutcome.NO_NUMBER: Meaning("名册中无号码", False, False, True, False, "请人员名册管理员补录，并当面转达。"),
    }
)


def refuse(outcome: str, remark: str) -> str | None:
    """Why this record cannot be taken, as a sentence, or None where it can."""
    if outcome not in set(CallOutcome):
        return "请选择一项通话结果后再登记。"
    meaning = OUTCOMES[CallOutcome(outcome)]
    if meaning.ask_remark and not remark.strip():
        return f"“{meaning.title}”须写明情况（如代接人姓名），补写后再登记。"
    return None
