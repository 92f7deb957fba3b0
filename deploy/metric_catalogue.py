"""Metric catalogue 指标目录: every `fengxin_…` metric, what it says in Chinese and which values its labels may take.

A test holds it to the objects of the rooms and to a running demo; page, alerts and dashboards are made from it.
`python -m deploy.metric_catalogue` prints the page (`make metrics` writes it).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from crawlers.failure import Failure
from crawlers.routes import STREAMS
from deploy.parts import OTHER_CHANNELS
from deploy.wiring import ROLES
from escalation.alert import KINDS
from escalation.notice import DeliveryState, NoticeKind
from sentiment.polarity import Polarity
from stream.coverage import Lamp
from stream.metrics import OTHER_PARTITIONS, PARTITIONS
from stream.post import Kind
from stream.search.metrics import DEEDS
from stream.topic import READERS


class Sort(StrEnum):
    """What Prometheus calls its type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


SORTS = {Sort.COUNTER: "累计", Sort.GAUGE: "现值", Sort.HISTOGRAM: "分布"}


class Unit(StrEnum):
    """What one of it is, as an operator reads it."""

    ANSWERS = "次"
    BYTES = "字节"
    PIECES = "个"
    LINES = "条"
    SECONDS = "秒"
    MOMENT = "时刻（1970 年起的秒数）"
    TRUTH = "1 是，0 否"


@dataclass(frozen=True, slots=True)
class Label:
    """A label; `values` are all it may take, or none where the roster bounds it as `words` say."""

    name: str
    words: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as Prometheus prints it. `at_once`: a healthy demo shows it; others come when they first count."""

    name: str
    sort: Sort
    unit: Unit
    title: str
    meaning: str
    labels: tuple[Label, ...] = ()
    at_once: bool = True

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that its samples carry."""
        if self.sort is Sort.HISTOGRAM:
            return tuple(f"{self.name}_{end}" for end in ("bucket", "count", "sum"))
        return (self.name,)


def _label(name: str, words: str, values: Iterable[object] = ()) -> Label:
    return Label(name, words, tuple(str(one) for one in values))


ACCOUNT = _label("account", "登记在册、有接口的账号编号，一个账号一条")
CHANNEL = _label("channel", "送达通道", ("mail", *(name for name, _, _ in OTHER_CHANNELS)))
LEVEL = _label("level", "级别，1 为Ⅰ级", (1, 2, 3, 4))
PART = _label("part", "数据目录与本机上的内置存储、日志流、检索", ("data", "store", "log", "search"))
PLATFORM = _label("platform", "平台", STREAMS)
PARTITION = _label("partition", "分区，后面的合计为一条", (*range(PARTITIONS), OTHER_PARTITIONS))
READER = _label("reader", "读日志流的角色，带 .history 的是它读历史记录的一道", READERS)
ROLE = _label("role", "角色", ROLES)
STREAM = _label("stream", "接口", sorted({stream for streams in STREAMS.values() for stream in streams}))
C, G, H = Sort

CATALOGUE: tuple[Metric, ...] = (
    Metric("fengxin_store_up", G, Unit.TRUTH, "存储可用", "值班台此刻能否读到存储；为 0 时下列取自存储的现值都没有。"),
    Metric(
        "fengxin_role_up", G, Unit.TRUTH, "进程有心跳", "应有的角色 20 秒内是否报过到，与 /healthz 同一判断。", (ROLE,)
    ),
    Metric("fengxin_role_able", G, Unit.TRUTH, "进程能干活", "应有的角色有心跳、且没有报受阻。", (ROLE,)),
    Metric(
        "fengxin_pulse_age_seconds",
        G,
        Unit.SECONDS,
        "最近心跳",
        "每个角色最近一次报到距今多久；为负是两台机器的时钟不一致。",
        (ROLE,),
    ),
    Metric(
        "fengxin_role_started_timestamp_seconds",
        G,
        Unit.MOMENT,
        "进程启动时刻",
        "该角色的进程何时启动；短时间内多次变化就是反复重启。",
        (ROLE,),
    ),
    Metric(
        "fengxin_alerts",
        G,
        Unit.PIECES,
        "值班台红条",
        "值班台上未消除的运行告警，按类别；每一类都列出，没有为 0。",
        (_label("kind", "告警的类别", KINDS),),
    ),
    Metric(
        "fengxin_disk_free_bytes",
        G,
        Unit.BYTES,
        "磁盘剩余",
        "值班台所在机器上各数据所在磁盘的剩余空间；外部引擎的磁盘由其自身监控。",
        (PART,),
    ),
    Metric("fengxin_disk_size_bytes", G, Unit.BYTES, "磁盘大小", "同上，磁盘的总大小。", (PART,)),
    Metric("fengxin_open_incidents", G, Unit.PIECES, "未结事件", "未结事件数，按级别。", (LEVEL,)),
    Metric("fengxin_incidents_total", C, Unit.PIECES, "立事件", "立为事件的次数，按初判级别。", (LEVEL,)),
    Metric(
        "fengxin_notices_total",
        C,
        Unit.PIECES,
        "写出的通知",
        "写出的通知份数，按种类与级别。",
        (_label("kind", "通知的种类", NoticeKind), LEVEL),
    ),
    Metric("fengxin_notices_unsigned", G, Unit.PIECES, "逾期未签收", "未结事件中须签收、已到时限而未签收的通知份数。"),
    Metric(
        "fengxin_deliveries",
        G,
        Unit.PIECES,
        "送达",
        "待发箱里的送达，按状态。",
        (_label("state", "状态", DeliveryState),),
    ),
    Metric("fengxin_deliveries_waiting", G, Unit.PIECES, "待送出", "还没有通道接收的送达（等待中与正在发送的）。"),
    Metric(
        "fengxin_delivery_attempts_total",
        C,
        Unit.ANSWERS,
        "送达尝试",
        "每次尝试的结果：accepted 已接收，waiting 将重试，dead 放弃。",
        (CHANNEL, _label("outcome", "结果", DeliveryState)),
    ),
    Metric(
        "fengxin_delivery_seconds",
        H,
        Unit.SECONDS,
        "通知送出用时",
        "从应当送出（写成之时或免打扰结束）到通道接收，按级别。",
        (LEVEL,),
    ),
    Metric(
        "fengxin_fetched_to_watched_seconds",
        H,
        Unit.SECONDS,
        "采到至监看用时",
        "从采集到一条到监看处理完（该立的事件随之立起）。",
    ),
    Metric(
        "fengxin_lag_records",
        G,
        Unit.LINES,
        "待取记录",
        "日志流各分区里该角色还没有取走的记录。",
        (READER, PARTITION),
    ),
    Metric(
        "fengxin_assessed_total",
        C,
        Unit.LINES,
        "研判",
        "研判的条数，按语气（不是风险）。",
        (_label("polarity", "语气", Polarity),),
    ),
    Metric("fengxin_watched_total", C, Unit.LINES, "监看", "监看收下的条数，按种类。", (_label("kind", "种类", Kind),)),
    Metric(
        "fengxin_dead_letter_records",
        G,
        Unit.LINES,
        "死信",
        "谁也处理不了、原样存下等人看的记录；见 fengxin dead list。",
    ),
    Metric(
        "fengxin_dead_letters_not_kept_total",
        C,
        Unit.LINES,
        "未留存死信",
        "死信已满、只计数没有留存的记录，按读它的角色。",
        (READER,),
    ),
    Metric(
        "fengxin_dead_letters_retried_total",
        C,
        Unit.LINES,
        "重取死信",
        "fengxin dead retry 交回后又取过一次的死信，成与不成都算，按读它的角色。",
        (READER,),
    ),
    Metric(
        "fengxin_dead_letters_total",
        C,
        Unit.LINES,
        "新增死信",
        "新转为死信的记录，按读它的角色。",
        (READER,),
    ),
    Metric("fengxin_search_indexed_total", C, Unit.LINES, "入检索", "检索角色收进检索的条数，重读日志时重复计。"),
    Metric("fengxin_search_refused_total", C, Unit.LINES, "检索不收", "检索永远收不进、转为死信的条数，其余照收。"),
    Metric("fengxin_search_batch_seconds", H, Unit.SECONDS, "入检索用时", "检索收下一批（至多两千条）用了多久。"),
    Metric(
        "fengxin_search_fetched_to_found_seconds",
        H,
        Unit.SECONDS,
        "采到至可检索",
        "从采集到能在检索里找到，每批取等得最久的一条；告警不等检索。",
    ),
    Metric("fengxin_search_question_seconds", H, Unit.SECONDS, "检索答复用时", "值班台每次检索用了多久，只算答上的。"),
    Metric(
        "fengxin_search_unavailable_total",
        C,
        Unit.ANSWERS,
        "检索没有答复",
        "检索不在、磁盘满或已损坏：index 是一批等着重来（不会丢），find 是值班台的一次检索没有答上。",
        (_label("deed", "做什么", DEEDS),),
    ),
    Metric(
        "fengxin_accounts",
        G,
        Unit.PIECES,
        "账号状态",
        "登记的账号，按看得见的程度：on 正常，late 迟，blind 看不见，off 不采集。",
        (_label("lamp", "看得见的程度", Lamp),),
    ),
    Metric(
        "fengxin_crawl_requests_total",
        C,
        Unit.ANSWERS,
        "平台答复",
        "平台的答复，按归类：ok 正常，quota 额度用完，token 授权失效等。",
        (PLATFORM, _label("outcome", "答复的归类", Failure)),
    ),
    Metric(
        "fengxin_crawl_scans_total",
        C,
        Unit.ANSWERS,
        "采集",
        "每次采集怎样结束，归类同上。",
        (PLATFORM, STREAM, _label("outcome", "结束的归类", Failure)),
    ),
    Metric(
        "fengxin_crawl_rows_total",
        C,
        Unit.LINES,
        "新采内容",
        "新收下的帖文与评论。",
        (PLATFORM, _label("kind", "种类", Kind)),
    ),
    Metric(
        "fengxin_crawl_rows_refused_total",
        C,
        Unit.LINES,
        "看不懂的条目",
        "平台给的条目样子不对、跳过并记为缺口的。",
        (PLATFORM, STREAM),
    ),
    Metric(
        "fengxin_crawl_seen_after_seconds",
        H,
        Unit.SECONDS,
        "发布至看到用时",
        "从发布到第一次看到，只算新发布的，不算补采。",
        (PLATFORM,),
        at_once=False,
    ),
    Metric(
        "fengxin_crawl_quota_left_calls",
        G,
        Unit.ANSWERS,
        "剩余额度",
        "该账号本期（一天或一小时）还可调用接口的次数。",
        (ACCOUNT,),
    ),
    Metric(
        "fengxin_crawl_token_left_seconds",
        G,
        Unit.SECONDS,
        "授权剩余",
        "须由人续期的授权离到期还有多久（设置 token_until）；为负即已过期。",
        (ACCOUNT,),
        at_once=False,
    ),
    Metric(
        "fengxin_crawl_clock_off_seconds",
        G,
        Unit.SECONDS,
        "时钟偏差",
        "平台时钟比本机快多少；为负是本机偏快。",
        (PLATFORM,),
        at_once=False,
    ),
)
"""In the order in which a person on duty looks: does it run, are people told, does it flow, does it see."""

HEAD = """\
# 指标目录

本页由 `make metrics` 按代码写出，不要手改。值班台的 `/metrics` 给出下列全部指标；分在多台机器上时，各角色用
`fengxin run 角色 --metrics 地址:端口` 给出自己的那些。累计的只增不减（进程重启归零），用 `rate`、`increase` 看；
分布的另有 `_bucket`、`_count`、`_sum` 三种样本，用 `histogram_quantile` 看。标签的取值都有限：不含人名、评论者与原文。
“出现”一栏：“常有”是系统正常时就看得到；“有才有”是发生过第一次才出现。

| 指标 | 类型 | 单位 | 含义 | 标签与取值 | 出现 |
|---|---|---|---|---|---|
"""


def named(name: str) -> Metric:
    """The metric of that name, or of a sample's name. Raises KeyError."""
    for one in CATALOGUE:
        if name in (one.name, *one.samples):
            return one
    raise KeyError(name)


def _said(label: Label) -> str:
    values = f"：{' '.join(label.values)}" if label.values else ""
    return f"`{label.name}` {label.words}{values}"


def page() -> str:
    """The catalogue as a page in Chinese."""
    rows = []
    for one in CATALOGUE:
        labels = "；".join(map(_said, one.labels))
        cells = [
            f"`{one.name}`", SORTS[one.sort], one.unit, f"**{one.title}**：{one.meaning}", labels or "—",
            "常有" if one.at_once else "有才有",
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
