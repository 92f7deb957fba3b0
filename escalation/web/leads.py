"""线索: one lead typed in, rows pasted from a spreadsheet, or a file; every bad row is named and nothing half taken.

The intake gives its problems as sentences; `problem_of` finds row and column in them, so that the page can point there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection, and_, func, select

from escalation import audit
from escalation.incident import incidents, members
from escalation.people import Role
from escalation.web.desk import Taken
from escalation.web.gate import Acts, NotAllowed, Only, Visitor, desk_of
from escalation.web.pace import paces_of
from escalation.web.page import show
from escalation.web.prose import clean
from escalation.web.words import CARE_THEMES, CARE_TITLE
from stream.account import Account, book
from stream.history import FRESH_FOR
from stream.kept import assessments, posts, revisions
from stream.log import LogUnavailable, PartlyAppended

router = APIRouter()
DESK = (Role.MONITOR, Role.PUBLICITY)
Typist = Annotated[Visitor, Depends(Acts(*DESK, Role.KEEPER))]
Importer = Annotated[Visitor, Depends(Acts(*DESK))]
Field = Annotated[str, Form()]
FIELDS = {
    "text": "原文", "link": "链接", "account": "账号", "platform": "平台", "published_at": "发布时间",
    "seen_at": "看到时间",
}  # fmt: skip
"""Names of the form's fields and the columns of the template they stand for."""
LONGEST = {"text": 20_000, "link": 2_000, "account": 100, "platform": 32, "published_at": 32, "seen_at": 32}
PASTED = 200_000
SHOWN = 200
RECENT = 20
FIRST_WORDS = 24
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PASTED_NAME = "粘贴.csv"
WHOLE = "文件"
"""The column that a problem of the whole file names."""
LATER = "未录入任何内容，填写的内容已保留，请 {wait} 秒后再试；条目多的请用粘贴或文件一次录入。"
KNOWN = "未重复录入"
"""How the intake says that a lead was there before: no mistake, and nothing to mend."""
_WHERE = re.compile(
    r"(?:第\s*(?P<row>\d+)\s*行)?[，、]?[“\"](?P<column>[^”\"]{1,30})[”\"]\s*[：:]?(?P<rest>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where. `row` counts as the spreadsheet does, 0 is the form or the file as a whole."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Recent:
    """One lead of the list: `words` are its first, `risk` is None where it was not judged yet."""

    id: str
    words: str
    fetched_at: datetime
    platform: str
    url: str
    risk: int | None
    incident: str | None


def problem_of(sentence: str) -> Problem:
    """`第 14 行“链接”：须以 http:// 开头` as row, column and message; a sentence that names no place stays whole."""
    found = _WHERE.search(sentence)
    if found is None or not (found["row"] or found["column"] in (WHOLE, *FIELDS.values())):
        return Problem(0, "", sentence)
    return Problem(int(found["row"] or 0), found["column"], found["rest"].strip() or sentence)


def table_of(pasted: str) -> bytes:
    """Cells copied from a spreadsheet (tabs) or comma-separated text, as a CSV file."""
    sample = pasted.lstrip("\ufeff\n\r").partition("\n")[0]
    lines = csv.reader(io.StringIO(pasted.strip("\ufeff\r\n")), delimiter="\t" if "\t" in sample else ",")
    made = io.StringIO()
    csv.writer(made).writerows(lines)
    return made.getvalue().encode("utf-8-sig", "replace")


def early(form: Mapping[str, str]) -> list[Problem]:
    """What can be said of the form before it is handed over."""
    found = [
        Problem(0, FIELDS[name], f"至多 {limit:,} 字，现为 {len(form[name]):,} 字")
        for name, limit in LONGEST.items()
        if len(form[name]) > limit
    ]
    if not form["text"] and not form["link"]:
        found.append(Problem(0, FIELDS["text"], "原文与链接至少填一项"))
    return found


@router.get("/leads")
def page(
    request: Request, visitor: Annotated[Visitor, Depends(Only(*DESK, Role.KEEPER))], account: str = ""
) -> HTMLResponse:
    """The page; `account` is filled in where the URL names it."""
    return _page(request, visitor, given={"account": account[:100]})


def _page(
    request: Request,
    visitor: Visitor,
    *,
    status: int = 200,
    part: str = "",
    problems: Sequence[Problem] = (),
    given: Mapping[str, str] | None = None,
    taken: Taken | None = None,
    partly: bool = False,
) -> HTMLResponse:
    desk = desk_of(request)
    with desk.store.read() as conn:
        known = _accounts(conn, desk.school, visitor)
        recent = _recent(conn, desk.school) if visitor.has(*DESK) else []
    bad = {problem.column: problem.message for problem in problems if problem.row == 0}
    said = request.query_params.get("past", "")
    past = taken.past if taken else int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    return show(
        request, visitor, "leads.html", status=status, part=part, problems=problems[:SHOWN], bad=bad,
        taken=taken.count if taken else 0, past=past, past_days=FRESH_FOR.days,
        more=max(0, len(problems) - SHOWN), given=dict.fromkeys((*FIELDS, "rows"), "") | dict(given or {}),
        accounts=known, recent=recent, imports=visitor.has(*DESK), fields=FIELDS, ids={v: k for k, v in FIELDS.items()},
        count=request.query_params.get("count", ""), known_only=all(KNOWN in one.message for one in problems),
        partly=partly,
    )  # fmt: skip


def _accounts(conn: Connection, school: str, visitor: Visitor) -> list[Account]:
    found = [one for one in book(conn, school).values() if one.active]
    if not visitor.has(*DESK):
        found = [one for one in found if one.id in visitor.scope.accounts]
    return sorted(found, key=lambda one: (not one.main, one.unit, one.name))


def _recent(conn: Connection, school: str) -> list[Recent]:
    """The newest leads: their first words (a cry for help folded), and what became of them."""
    joined = posts.outerjoin(
        assessments,
        and_(
            assessments.c.school == posts.c.school,
            assessments.c.post_id == posts.c.id,
            assessments.c.revision == posts.c.revision,
        ),
    ).join(
        revisions,
        and_(
            revisions.c.school == posts.c.school,
            revisions.c.post_id == posts.c.id,
            revisions.c.revision == posts.c.revision,
        ),
    )
    number = (
        select(func.min(incidents.c.number))
        .join(members, members.c.incident_id == incidents.c.id)
        .where(members.c.school == posts.c.school, members.c.post_id == posts.c.id)
        .scalar_subquery()
    )
    found = conn.execute(
        select(
            posts.c.id, posts.c.fetched_at, posts.c.platform, posts.c.url, assessments.c.risk, assessments.c.themes,
            revisions.c.text, number.label("incident"),
        )
        .select_from(joined)
        .where(posts.c.school == school, posts.c.kind == "lead")
        .order_by(posts.c.row.desc())
        .limit(RECENT)
    )  # fmt: skip
    return [
        Recent(
            one.id, _first_words(one.text, one.themes), one.fetched_at, one.platform, one.url, one.risk, one.incident
        )
        for one in found
    ]


def _first_words(text: str, themes: Sequence[str] | None) -> str:
    """What tells one lead from another; what was not judged yet might be a cry for help and is folded too."""
    if themes is None:
        return "待判"
    if CARE_THEMES & set(themes):
        return CARE_TITLE
    said = clean(" ".join(text.split()))
    return said if len(said) <= FIRST_WORDS else said[:FIRST_WORDS] + "…"


@router.post("/leads")
def lead(
    request: Request, visitor: Typist, text: Field = "", link: Field = "", account: Field = "", platform: Field = "",
    published_at: Field = "", seen_at: Field = "",
) -> Response:  # fmt: skip
    """Take one lead, or show what is wrong at each field and keep what was typed."""
    typed = {
        "text": text, "link": link, "account": account, "platform": platform, "published_at": published_at,
        "seen_at": seen_at,
    }  # fmt: skip
    form = {name: value.replace("\x00", "").strip() for name, value in typed.items()}
    desk = desk_of(request)
    if not visitor.has(*DESK) and form["account"] not in visitor.scope.accounts:
        raise NotAllowed("您只能为自己管理的账号补录线索。未录入任何内容，请在“账号”中选择本人管理的账号。")
    problems = early(form)
    kept = form | {"text": form["text"][: LONGEST["text"]]}
    if problems:
        return _page(request, visitor, status=422, part="form", problems=problems, given=kept)
    return _take(request, visitor, "form", lambda: desk.intake.take_lead(form), kept)


@router.post("/leads/paste")
def paste(request: Request, visitor: Importer, rows: Field = "") -> Response:
    """Take rows pasted from a spreadsheet, with their head."""
    rows = rows.replace("\x00", "")
    if not rows.strip():
        problems = [Problem(0, "", "没有粘贴任何内容。请从表格软件中连同表头一起复制，再粘贴到框内。")]
        return _page(request, visitor, status=422, part="paste", problems=problems)
    if len(rows) > PASTED:
        said = f"粘贴内容 {len(rows):,} 字，超过 {PASTED:,} 字。未录入任何内容，请存为文件后上传。"
        return _page(request, visitor, status=422, part="paste", problems=[Problem(0, "", said)])
    try:
        body = table_of(rows)
    except csv.Error:
        said = "粘贴的内容不是表格。未录入任何内容，请从表格软件中连同表头一起复制。"
        return _page(request, visitor, status=422, part="paste", problems=[Problem(0, "", said)], given={"rows": rows})
    intake = desk_of(request).intake
    return _take(request, visitor, "paste", lambda: intake.take_file(PASTED_NAME, body), {"rows": rows})


@router.post("/leads/file")
def file(request: Request, visitor: Importer, file: UploadFile | None = None) -> Response:
    """Take a CSV or xlsx file whole, or say of every row what is wrong."""
    if file is None or not file.filename:
        problems = [Problem(0, "", "没有选择文件。请选择按模板填写的 .xlsx 或 .csv 文件。")]
        return _page(request, visitor, status=422, part="file", problems=problems)
    name = file.filename.replace("\\", "/").rpartition("/")[2][:120]
    intake, body = desk_of(request).intake, file.file.read()
    return _take(request, visitor, "file", lambda: intake.take_file(name, body), {})


def _take(
    request: Request, visitor: Visitor, part: str, take: Callable[[], Taken], given: Mapping[str, str]
) -> Response:
    """Hand over, then: back to the page with the count, or the page with every problem and what was typed."""
    if wait := (pace := paces_of(request).leads).wait(visitor.actor.id, visitor.now):
        said = [Problem(0, "", f"每分钟至多录入 {pace.most} 次，{LATER.format(wait=wait)}")]
        later = _page(request, visitor, status=429, part=part, problems=said, given=given)
        later.headers["Retry-After"] = str(wait)
        return later
    try:
        taken = take()
    except PartlyAppended as error:
        said = [Problem(0, "", f"消息日志中途不可用：{error}")]
        return _page(request, visitor, status=503, part=part, problems=said, given=given, partly=True)
    except LogUnavailable as error:
        said = [Problem(0, "", f"消息日志暂不可用，未录入任何内容，填写的内容已保留，请稍后再试。（{error}）")]
        return _page(request, visitor, status=503, part=part, problems=said, given=given)
    if taken.count:
        _record(request, visitor, part, taken.count)
    if taken.count and not taken.problems:
        past = f"&past={taken.past}" if taken.past else ""
        return RedirectResponse(f"/leads?done={part}&count={taken.count}{past}", 303)
    problems = [problem_of(one) for one in taken.problems]
    if taken.count:
        return _page(request, visitor, part=part, problems=problems, taken=taken)
    return _page(request, visitor, status=422, part=part, problems=problems, given=given)


def _record(request: Request, visitor: Visitor, how: str, count: int) -> None:
    desk = desk_of(request)
    with desk.store.write() as conn:
        audit.record(
            conn, school=desk.school, now=visitor.now, actor=visitor.actor.id, action="lead.take", subject=how,
            detail={"count": count}, ip=visitor.ip,
        )  # fmt: skip


@router.get("/leads/template.xlsx", dependencies=[Depends(Only(*DESK, Role.KEEPER))])
def template(request: Request) -> Response:
    """The xlsx to fill in."""
    body = desk_of(request).intake.template()
    name = "attachment; filename=\"leads.xlsx\"; filename*=UTF-8''%E7%BA%BF%E7%B4%A2%E6%A8%A1%E6%9D%BF.xlsx"
    return Response(body, media_type=XLSX, headers={"content-disposition": name})
