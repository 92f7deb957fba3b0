"""What the vendors of the demo's inbox can answer besides yes, and what the desk says of each answer."""

from __future__ import annotations

ANSWERED: tuple[tuple[str, str, str], ...] = (
    ("robot", "93000", "93000：机器人地址无效或已移除）；请在群里重新添加机器人并更新密钥"),
    ("robot", "-1", "自动重发"),
    ("robot", "429", "429"),
    ("robot", "garbage", "可能被代理改写"),
    ("app", "60020", "60020"),
    ("app", "81013", "81013）；已改用其他方式，请在人员名册中更正"),
    ("app", "45009", "限频（45009：接口调用超过上限），一分钟后重发"),
    ("dingtalk", "310000", "310000：签名、关键词或来源 IP 不合安全设置；请核对加签密钥与本机时间"),
    ("dingtalk", "300001", "access_token 不存在；请从机器人地址重新复制"),
    ("dingtalk", "-1", "钉钉系统繁忙（-1），将自动重发"),
    ("feishu", "19024", "飞书拒收（19024："),
    ("feishu", "19001", "飞书拒收（19001："),
    ("feishu", "11232", "飞书限频（11232），稍后自动重发"),
    ("feishu", "9499", "飞书拒收（9499："),
    ("webhook", "302", "HTTP 302），出于安全不跟随；请把设置改为最终地址"),
    ("webhook", "401", "HTTP 401）；请核对地址、签名密钥与两边时间"),
    ("webhook", "422", "不收这份内容（HTTP 422），将改发简短通知"),
    ("webhook", "500", "暂不能收（HTTP 500），将自动重发"),
    ("sms", "isv.BUSINESS_LIMIT_CONTROL", "该号码已达分钟、小时或天上限），稍后自动重发"),
    ("sms", "isv.MOBILE_NUMBER_ILLEGAL", "手机号不可用），已改用其他方式；请在人员名册中更正"),
    ("sms", "isv.SMS_TEMPLATE_ILLEGAL", "密钥、签名、模板或账号不对）；请核对设置与短信控制台"),
    ("sms", "isp.SYSTEM_ERROR", "可能已送出，将先查回执再定是否重发"),
    ("smtp", "refuse", "550"),
    ("smtp", "content", "554"),
    ("smtp", "greylist", "可能是灰名单），将自动重发"),
)
"""Channel, fault of the inbox, and words of what the test button then says."""
