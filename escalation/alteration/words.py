"""What people read of an account change, in the letter and in the alert. Names come from the platform, in marks."""

from __future__ import annotations

from escalation.alteration.compare import Kind

KIND_OF_LETTER = "账号变动"
ALERT = "{platform}账号“{name}”{what}：{shown}（{number}）。{basis}{todo}"
BY_RULE = "依据 {basis}，已函告{told}。"
BY_DEFAULT = "校规未规定；系统默认（非校规）已函告{told}。"
NOT_TOLD = "系统默认，非校规：只告知值班台。"
LATE = "已过备案期限（{rule}）：{rest}"
SEEN = "首次看到：{at}"
BEFORE = "上次看到“{before}”：{at}"
COUNTS = "{rule}；变更日由单位填写，未填前按上次看到原名之日起算，至 {until}"

ON_TRIAL = "（试运行，函由值班台代收）"

TODO = {
    Kind.RENAMED: (
        "请账号管理人员核对：本校所改的，填写变更日期，办理变更手续，并在名册“账号”表改名后录入；"
        "不是本校所改的，立即联系平台找回账号。"
    ),
    Kind.MISNAMED: "请核对名册“账号”表，按平台显示的名称更正后录入；账号确曾改名的，按变更办理。",
    Kind.UNVERIFIED: "请账号管理人员登录平台核对认证是否到期或被取消，尽快重新认证，并报宣传部。",
    Kind.GONE: (
        "请账号管理人员登录平台核对账号是否被封停、注销；其间采集中断，须人工巡查。"
        "确已停用的，在名册“账号”表停用后录入。"
    ),
}
"""What to do, as the duty desk's alert says it."""
OF_KEEPER = {
    Kind.RENAMED: (
        "核对是不是本校所改：是的，在变动单上填写变更日期，按学校规定办理变更手续",
        "不是本校所改的，立即联系平台找回账号，并告知值班台",
    ),
    Kind.UNVERIFIED: ("登录平台核对认证是否到期或被取消，尽快重新认证，并报宣传部",),
    Kind.GONE: ("登录平台核对账号是否被封停、注销，查明原因报宣传部",),
}
OF_OTHERS = {
    Kind.RENAMED: (
        "督促账号管理人员核对，并在变动单上填写变更日期",
        "名称确已变更的，由系统管理员在名册“账号”表改名后录入，变动单随之了结",
    ),
    Kind.UNVERIFIED: ("督促账号管理人员重新认证；确不再认证的，在变动单上说明了结",),
    Kind.GONE: (
        "督促账号管理人员查明原因；其间采集中断，安排人工巡查",
        "确已停用的，由系统管理员在名册“账号”表停用后录入，变动单随之了结",
    ),
}
"""What a letter asks of the account's keeper, and of everybody else; what the document demands is cited apart."""
DEMANDED = "条文要求（{actor}）：{what}（{cited}）"
