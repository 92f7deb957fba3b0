"""The Chinese word for every term of a pack, in one place: triggers, duties, roles, channels, acts of the ladder."""

from __future__ import annotations

from escalation import circumstance
from escalation.procedure import Act, Channel, DutyKind, Pack, Role, Trigger

TRIGGERS = {
    **circumstance.WORDS,
    Trigger.REVIEW_BEFORE_RELEASE: "发布前审核",
    Trigger.CONSULTATION: "咨询业务",
    Trigger.PLATFORM_CONTACT: "与平台沟通",
    Trigger.MONITORING: "日常监控",
    Trigger.RELAY_DUTY: "转载与提及",
    Trigger.ACCOUNTABILITY: "追究责任",
    Trigger.REFERRAL_TO_AUTHORITIES: "依有关部门法规处理",
    Trigger.NEW_ACCOUNT: "开通账号",
    Trigger.RETROACTIVE_FILING: "存量账号补办手续",
    Trigger.MANAGER_CHANGE: "分管领导或管理员变更",
    Trigger.NAME_CHANGE: "账号更名",
    Trigger.ACCOUNT_CHANGE: "账号其他变更",
    Trigger.ANNUAL_REVIEW: "年度检查",
    Trigger.CLOSING: "关闭或注销账号",
    Trigger.PERSONAL_ACCOUNT: "个人开通账号",
    Trigger.GROUP_CREATED: "建立工作群",
    Trigger.GROUP_DISSOLVED: "解散工作群或平台",
    Trigger.GROUP_DAILY_CHECK: "工作群日常巡查",
    Trigger.GROUP_MEMBERSHIP: "工作群成员管理",
    Trigger.TRAINING: "培训",
    Trigger.CREDENTIAL_CUSTODY: "账号口令保管",
    Trigger.SCORING: "考核计分",
    Trigger.VETO: "一票否决",
}
DUTIES = {
    DutyKind.REPORT: "报告",
    DutyKind.PLATFORM_CONTACT: "与平台沟通",
    DutyKind.HANDLING: "处理",
    DutyKind.POSITIVE_RESPONSE: "正面回应",
    DutyKind.HOLD: "不得擅自发布",
    DutyKind.ONE_VOICE: "统一发声",
    DutyKind.COOPERATION: "配合",
    DutyKind.ANSWER: "答复",
    DutyKind.PROMISE: "承诺答复期限",
    DutyKind.WATCHING: "监控",
    DutyKind.REVIEW: "审核",
    DutyKind.SECRECY: "保密",
    DutyKind.BAN: "禁止",
    DutyKind.RELAY: "转载",
    DutyKind.MENTION: "提及",
    DutyKind.FILING: "备案手续",
    DutyKind.VERIFICATION: "认证",
    DutyKind.TRAINING: "培训",
    DutyKind.CUSTODY: "口令保管",
    DutyKind.SCORE: "计分",
    DutyKind.ACCOUNTABILITY: "追究责任",
    DutyKind.POWER: "有权",
    DutyKind.PRINCIPLE: "原则",
}
ROLES = {
    Role.KEEPER: "账号管理人员",
    Role.UNIT_LEADER: "单位领导",
    Role.SCHOOL_LEADER: "主管校领导",
    Role.RELATED_LEADERS: "学校相关领导",
    Role.PUBLICITY: "宣传部",
    Role.MONITOR: "值班员",
    Role.DUTY_LEAD: "带班领导",
    Role.CARE: "关爱单位",
}
CHANNELS: dict[str, str] = {
    Channel.MAIL: "邮件",
    Channel.WECOM_ROBOT: "企业微信群机器人",
    Channel.PHONE: "立即电话",
    "wecom_app": "企业微信应用消息",
    "dingtalk_robot": "钉钉群机器人",
    "feishu_robot": "飞书群机器人",
    "sms": "短信",
    "webhook": "网络回调",
}
"""By the channel's value; those that issue 4 still brings have their word already."""
ACTS = {Act.REMIND: "提醒本人", Act.PHONE: "转电话通知本人", Act.TELL: "告知上一级"}
CLOCKS = {
    "sign": "签收",
    "idle": "签收后无动作重新起算",
    "first_report": "首报",
    "facts": "情况说明",
    "first_answer": "首次回应",
    "watch": "复燃观察",
}
HEADS = {
    "code": "代号",
    "school": "学校",
    "title": "文件名",
    "date": "日期",
    "date_note": "日期说明",
    "document": "原文文件",
    "interpreter": "解释部门",
    "school_names": "校名写法",
}


def role_word(pack: Pack, role: str) -> str:
    """The office of this key in the pack's first word for it, else the plain title, else the key itself."""
    if role in pack.offices:
        return pack.offices[role].words[0]
    return ROLES[Role(role)] if role in set(Role) else role


def find_trigger(said: str) -> Trigger | None:
    """The trigger by its code, its Chinese word, or a part of it that fits one word only; None where there is none."""
    words = {TRIGGERS[one]: one for one in Trigger} | {one.value: one for one in Trigger}
    plain = said.strip()
    if plain in words:
        return words[plain]
    found = [one for one in Trigger if plain and plain in TRIGGERS[one]]
    return found[0] if len(found) == 1 else None
