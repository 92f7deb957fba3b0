"""Comments for the bench: authored words put together by a grammar, the same for one seed, in the shape of real ones.

Mean about 50 characters with many short and some long ones; about 5 % say something that a rule knows, about 10 % are
copies of an earlier comment, some with a letter or a sign changed. `grave` plants lines that must open an incident,
each in a thread of its own and in its own words, so that each is a matter of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stream.post import Kind, Post, Route, door

HIT_SHARE = 0.05
COPY_SHARE = 0.10
THREADS = 60
AUTHORS = 3000
REMEMBERED = 400
"""A copy repeats one of so many comments before it."""


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split("|"))


_TIMES = _words(
    "今天|昨天|早上|中午|下午|傍晚|晚上|周末|周一|周三|周五|上周|这周|刚才|最近|每天|有时候|开学|期中|军训那会儿|去年|前年|毕业前|下课后|课间|午休|假期|雨天|大清早|"
    "半夜"
)
_NOW = _words("今天|早上|中午|下午|傍晚|晚上|刚才|下课后|课间|午休|大清早|半夜")
"""What a grave line tells is not over."""
_PLACES = _words(
    "操场|图书馆|教学楼|实训楼|篮球场|羽毛球馆|报告厅|自习室|校门口|湖边|快递站|超市|打印店|琴房|画室|机房|车间|阶梯教室|行政楼|林荫道|停车棚|公交站|田径场|社团中心|展厅|"
    "广播站|天桥|喷泉|凉亭|银杏路"
)
_PEOPLE = _words(
    "室友|学长|学姐|班长|同桌|学弟|学妹|社长|志愿者|门卫大叔|图书管理员|专业课老师|舍友|老乡|校友|新生|毕业生|主持人|摄影师|领队|家长|评委|裁判|队友|对面班|隔壁系|"
    "实习生|播音员|团支书|快递小哥"
)
_THINGS = _words(
    "课表|校园卡|推文|海报|视频|合影|节目|话剧|合唱|街舞|相声|比赛|决赛|招新|讲座|展览|电影|作业|小组汇报|实验报告|证书|奖状|校服|文化衫|帆布袋|明信片|樱花|桂花|"
    "银杏叶|晚霞|月亮|雨伞|自行车|耳机|水杯|钥匙|行李箱|被子|台灯|键盘|论文|答辩|简历|招聘会|双选会|技能大赛|机器人|无人机|数控机床|直播间|剪辑|航拍|滤镜|配乐|字幕|"
    "封面|标题|排版|抽奖|留言|热水|空调|路灯"
)
_DOES = _words(
    "看见|拍到|想起|收到|排队等|报名了|转发了|收藏了|错过了|期待|惦记|聊起|打听|参加|练习|复习|整理|借走|归还|领到|捡到|弄丢了|换了|修好|画完|写完|背完|听完|看完|"
    "刷到|点赞|点评|截图|打卡|分享|推荐|翻出|路过|碰上|盼着"
)
_FEELS = _words(
    "好看|精彩|专业|用心|热闹|安静|清楚|模糊|仓促|普通|新鲜|熟悉|温暖|有趣|好笑|厉害|认真|轻松|辛苦|着急|困惑|踏实|遗憾|值得|敞亮|拥挤|顺利|复杂|简单|浪漫|感人|"
    "省心|麻烦|尴尬|自豪|可惜|舒服|奇怪|周到|干净"
)
_JOINS = _words("，|，而且|，不过|，结果|，然后|，顺便|，所以|，反正|。|！|，其实|，还有|，难怪|，就是|……|，连")
_ENDS = _words(
    "！|。|～|哈哈|哈哈哈哈|[鼓掌]|[赞]|[doge]|吧|呢|？|，有没有一起的|，谁懂啊|，求告知|，谢谢|，冲！|，真的|，蹲一个|，已经告诉爸妈了|，明年还来|😂|❤️|"
    "，等更新|，小编辛苦了|，爱了爱了|，想回去看看|，沙发|，前排|，先收藏|"
)
_SHORT = _words(
    "恭喜！|打卡|来了来了|哈哈哈哈哈|想回学校了|校庆快乐|前排围观|学弟学妹加油|好看[赞]|终于更新了|这是在哪拍的？|同问|支持|蹲|太棒了吧|为母校点赞|求原图|我也想去|"
    "[鼓掌][鼓掌][鼓掌]|什么时候截止报名呀|可以的|牛|拍得真好|链接打不开"
)
_COMPLAINTS = _words(
    "食堂{n}窗口的鸡肉没熟，血水都在|吃完食堂的凉皮拉了{n}趟肚子|{time}宿舍又停水，等了{n}个小时没人修|学费之外又收了{n}块资料费，没有收据|"
    "{person}说奖学金名单没公示，暗箱操作|辅导员当着{person}的面骂人，太过分了|宿舍电梯坏了{n}天，报修没人理|食堂打饭手抖，肉越来越少，{n}块钱都吃不饱|"
    "考试安排改了{n}次也不通知|{place}那边的盘子里吃出一只苍蝇|食堂餐盘没洗干净，油腻腻的，{person}都看到了|实习一天干{n}个小时，工资还被扣"
)
_GRAVE = _words(
    "{place}的化工实验室爆炸了，有人受伤，{person}看见的|刚才{place}有人坠楼了，救护车来了，{person}都吓哭了|"
    "有人拿着刀在{place}追着{who}砍，{person}快报警|{place}楼顶站着一个{who}，要跳楼，{person}已经报警|"
    "{time}{place}的实验室发生爆炸，玻璃全碎了，{person}是跑出来的"
)
"""Each is a matter of level Ⅰ: what is milder leaves together in a storm, and such a rate of matters is a storm."""
_CALM = _words(
    "校园卡|海报|校服|帆布袋|明信片|桂花|雨伞|自行车|耳机|水杯|钥匙|行李箱|被子|台灯|键盘|封面|标题|热水|空调|路灯"
)
"""Things that no rule takes for a course, a film or a drill."""
_OUTSIDE = _words(
    "操场|教学楼|篮球场|湖边|快递站|超市|打印店|琴房|画室|行政楼|停车棚|公交站|田径场|天桥|喷泉|凉亭|银杏路"
)
_WHO = ["男生", "女生", "穿白衣服的同学", "穿校服的同学", "骑车的同学", "高个子男生", "短发女生", "戴眼镜的同学"]
_FRAMES = (
    "{time}在{place}{does}{thing}", "{person}说{thing}{feels}", "{place}的{thing}挺{feels}", "{does}{person}的{thing}",
    "{time}{does}{thing}还算{feels}", "{thing}比{time}{feels}", "{person}{does}{place}", "{feels}的{thing}",
    "{thing}第{n}名",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where comments stand: the school and one of its accounts."""

    school: str
    account_id: str
    platform: str


class Comments:
    """An endless stream of comments; the same seed gives the same ones."""

    def __init__(self, seed: int, authors: int = AUTHORS) -> None:
        """`seed` also stands in the ids, so that two streams never share one."""
        self._seed, self._authors = seed, authors
        self._dice = random.Random(seed)
        self._said: list[str] = []
        self._made = 0

    def texts(self, number: int) -> list[str]:
        """The next texts."""
        return [self._text() for _ in range(number)]

    def posts(self, place: Place, at: datetime, number: int, newest: int = THREADS) -> list[Post]:
        """The next comments, fetched at `at` (aware), published within the half hour before, in whole seconds.

        They stand under the THREADS threads up to the `newest`.
        """
        return [self._post(place, at, self._text(), self._thread(newest)) for _ in range(number)]

    def grave(self, place: Place, at: datetime) -> Post:
        """A line that opens an incident of its own: a thread and words that no other has."""
        said = self._fill(
            f"{self._dice.choice(_GRAVE)}。我在{{place}}的{{thing}}旁边，{{time}}{{does}}{{thing}}，{{person}}也在，{{n}}号",
            _CALM,
            _OUTSIDE,
            _NOW,
        )
        return self._post(place, at, said, f"{place.platform}:grave-{self._seed}-{self._made}")

    def _text(self) -> str:
        if self._said and self._dice.random() < COPY_SHARE:
            return self._copy(self._dice.choice(self._said[-REMEMBERED:]))
        said = self._fresh()
        self._said.append(said)
        return said

    def _copy(self, said: str) -> str:
        return said + self._dice.choice(("", "", "", "！", "[赞]", "😂"))

    def _fresh(self) -> str:
        roll = self._dice.random()
        if roll < HIT_SHARE / (1 - COPY_SHARE):
            return f"{self._fill(self._dice.choice(_COMPLAINTS))}。{self._sentence(1)}"
        if roll < 0.18:
            return self._dice.choice(_SHORT)
        return self._sentence(self._dice.choice((1, 2, 3, 4, 4, 5, 6, 7, 8, 12)))

    def _sentence(self, clauses: int) -> str:
        said = self._dice.choice(_JOINS).join(self._clauses(clauses))
        return said + self._dice.choice(_ENDS)

    def _clauses(self, number: int) -> Iterator[str]:
        for _ in range(number):
            yield self._fill(self._dice.choice(_FRAMES))

    def _fill(
        self, frame: str, things: Sequence[str] = _THINGS, places: Sequence[str] = _PLACES,
        times: Sequence[str] = _TIMES,
    ) -> str:  # fmt: skip
        dice = self._dice
        return frame.format(
            time=dice.choice(times), place=dice.choice(places), person=dice.choice(_PEOPLE), thing=dice.choice(things),
            does=dice.choice(_DOES), feels=dice.choice(_FEELS), who=dice.choice(_WHO), n=dice.randint(2, 99),
        )  # fmt: skip

    def _thread(self, newest: int) -> str:
        """Threads of very different size: the newest get most of the comments."""
        return f"weibo:thread-{newest - int(self._dice.expovariate(6 / THREADS)) % THREADS}"

    def _post(self, place: Place, at: datetime, said: str, thread: str) -> Post:
        self._made += 1
        published = (at - timedelta(seconds=self._dice.randrange(1800))).replace(microsecond=0)
        (text, digest, cut), author = door(said), self._dice.randrange(self._authors)
        return Post(
            school=place.school, id=f"{place.platform}:{self._seed}-{self._made}", kind=Kind.COMMENT,
            platform=place.platform, account_id=place.account_id, thread_id=thread, text=text, text_hash=digest,
            cut=cut, author_key=f"author-{author}", published_at=published, first_seen_at=at,
            fetched_at=at, revision=digest[:16], route=Route.API,
        )  # fmt: skip
