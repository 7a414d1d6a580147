"""Figures over HTTP (统计接口): reports as JSON and as files, given out and corrected, and the tickets behind a figure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from dispatch import drill, figures
from dispatch.drill import Answer, Question
from dispatch.storage.behind import MOST
from dispatch.storage.figures import TOTAL
from reports.writers import MEDIA_TYPES, wording, written
from rules.access import require
from rules.bodies import Body
from rules.errors import BadInput
from rules.numbers import is_sound
from web import cursors, show
from web.cursors import BadCursor
from web.door import Asker, Keyed, say
from web.statuses import declared

router = APIRouter()

PAGE = 25
_LARGEST_PAGE = 100
_LARGEST_VERSION = 2**31 - 1

Kind = Annotated[str, Path(max_length=20, description="week、month、quarter 或 year")]
PeriodWords = Annotated[str, Path(max_length=20, description="2026-W47、2026-11、2026-Q4 或 2026")]
Version = Annotated[int | None, Query(ge=1, le=_LARGEST_VERSION, description="第几版，缺省最新一版")]
DepartmentWord = Annotated[str | None, Query(max_length=64, description="只看这个承办单位：编码、名称或别名")]
Format = Literal["json", "html", "xlsx", "docx"]

#: A report is a file to keep; opened in a browser it runs nothing and loads nothing.
_FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class ReportSaid(BaseModel):
    """报表全文；率的分子、分母、口径和取舍都在里面。"""

    kind: str
    period: str
    title: str
    begins: str
    ends: str
    as_of: str
    counted_until: str
    version: int | None
    frozen: bool
    department: dict[str, Any] | None
    measures: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    totals: dict[str, Any]
    days: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    lists: dict[str, Any]
    checks: list[dict[str, Any]]
    differences: list[dict[str, Any]]


class BehindSaid(BaseModel):
    """一页工单：`figure` 是此刻的数，`given` 是那一版里的数，`tickets` 是件数，`withheld` 是计数而不列出的件数。

    件数超过一万时 `tickets` 和 `withheld` 为空。每行的 `n` 是这件工单计了几次。
    """

    measure: str
    name: str
    definition: str
    figure: int
    given: int | None
    tickets: int | None
    withheld: int | None
    counted_from: str
    counted_until: str
    items: list[dict[str, Any]]
    next: str | None


class FreezeBody(Body):
    """定稿；数字和上一版不同时出更正版，须写原因。"""

    reason: Annotated[str, Field(max_length=500)] = ""


@router.get(
    "/api/reports/{kind}/{period}",
    response_model=None,
    responses={
        200: {
            "model": ReportSaid,
            "description": "报表；写明 format 的是文件",
            "content": {each: {} for name, each in MEDIA_TYPES.items() if name != "json"},
        },
        **declared(401, 403, 404),
    },
    summary="报表",
)
def get_report(
    kind: Kind,
    period: PeriodWords,
    asker: Keyed,
    department: DepartmentWord = None,
    version: Version = None,
    live: Annotated[bool, Query(description="不看定稿，按此刻的数")] = False,
    format: Annotated[Format | None, Query(description="下载为文件")] = None,
) -> Response:
    """The report that was given out last, or that version; without one, and with `live`, the figures as of now."""
    document = report(asker, kind, period, department, version, live)
    return file(document, format) if format else say(document)


def report(
    asker: Asker, kind: str, period: str, department: str | None, version: int | None, live: bool
) -> dict[str, Any]:
    """The report document as the asker may read it. Raises BadInput, NoReport, NotAllowed."""
    legible(department)
    if live and version is not None:
        raise BadInput("“此刻的数”和“第几版”只能选一个。", hint="请去掉 live 或 version。")
    scope = figures.scope_of(asker.actor, department or None, asker.desk.packs.active(asker.now))
    found = figures.asked(asker.desk, kind, period, asker.now, scope, version, live)
    return drill.veiled(asker.desk, asker.actor, found, asker.now)


def legible(*words: str | None) -> None:
    """Raise BadInput for characters that no database holds."""
    if any(each is not None and "\0" in each for each in words):
        raise BadInput("查询条件里有不能识别的字符。")


def file(document: Mapping[str, Any], format: str) -> Response:
    """The report as a file to be saved under its Chinese name."""
    whose = document["department"]["name"] if document["department"] else ""
    version = f"-第{document['version']}版" if document["version"] else ""
    name = wording.clean(f"{document['title']}{whose}-{document['period']}{version}.{format}")
    plain = f"report-{document['kind']}-{document['period']}.{format}"
    chinese = quote(name.replace("/", "／").replace("\\", "＼"), safe="")
    headers = {
        **_FILE_HEADERS,
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{chinese}",
    }
    return Response(written(document, format), headers=headers, media_type=MEDIA_TYPES[format])


@router.post(
    "/api/reports/{kind}/{period}/freeze",
    response_model=None,
    responses={200: {"model": ReportSaid, "description": "定稿的报表"}, **declared(401, 403, 404, 507)},
    summary="定稿或更正",
)
def post_freeze(kind: Kind, period: PeriodWords, body: FreezeBody, asker: Keyed) -> Response:
    """Give the report of a period that is over out, or correct it; where nothing changed the version there is comes back."""
    return say(freeze(asker, kind, period, body.reason))


def freeze(asker: Asker, kind: str, period: str, reason: str) -> dict[str, Any]:
    """The version that counts from now on. Raises NotAllowed, and BadInput where the period is not over."""
    allow_freezing(asker)
    legible(reason)
    wanted = figures.period_of(asker.desk, kind, period, asker.now)
    made = figures.freeze(asker.desk, wanted, asker.now, asker.actor.name, reason.strip())
    return drill.veiled(asker.desk, asker.actor, made, asker.now)


def allow_freezing(asker: Asker) -> None:
    """Raise NotAllowed for who may not give reports out."""
    require(asker.actor, figures.FREEZE_ROLES, "报表定稿")


@router.get(
    "/api/reports/{kind}/{period}/tickets",
    response_model=None,
    responses={200: {"model": BehindSaid, "description": "一页工单"}, **declared(401, 403, 404)},
    summary="数字背后的工单",
)
def get_behind(
    kind: Kind,
    period: PeriodWords,
    asker: Keyed,
    measure: Annotated[str, Query(max_length=40, description="计数的编号，见报表的 measures")],
    dimension: Annotated[str, Query(max_length=20, description="表的 dimension，缺省是合计")] = TOTAL,
    key: Annotated[str, Query(max_length=200, description="行的 key")] = "",
    department: DepartmentWord = None,
    version: Version = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The tickets that a figure counts, newest first, as far as the asker may see them."""
    asked = Question(kind, period, measure, dimension, key, department or None, version, after(cursor), limit)
    answer = look(asker, asked)
    return say(
        {
            "measure": answer.measure.code,
            "name": answer.measure.name,
            "definition": answer.measure.definition,
            "figure": answer.found.n,
            "given": answer.given,
            "tickets": known(answer.found.tickets),
            "withheld": withheld(answer),
            "counted_from": answer.period.begin.isoformat(),
            "counted_until": answer.until.isoformat(),
            "items": items(asker, answer, limit),
            "next": following(answer, limit),
        }
    )


def look(asker: Asker, asked: Question) -> Answer:
    """The answer with one row more than the page, to know whether another page follows."""
    legible(asked.measure, asked.dimension, asked.key, asked.department)
    return drill.look(asker.desk, asker.actor, drill.wider(asked), asker.now)


def items(asker: Asker, answer: Answer, limit: int = PAGE) -> list[dict[str, Any]]:
    """The rows of the page as every list of tickets has them, with `n`."""
    policy = asker.desk.packs.active(asker.now)
    return [{**show.listed(each, policy, asker.now), "n": each["n"]} for each in answer.rows[:limit]]


def following(answer: Answer, limit: int = PAGE) -> str | None:
    """Where the next page begins; None on the last one."""
    return cursors.written(answer.rows[limit - 1]["number"]) if len(answer.rows) > limit else None


def after(cursor: str | None) -> str | None:
    """The last number seen. Raises BadCursor."""
    if not cursor:
        return None
    (*rest, last) = cursors.parts_of(cursor)
    if rest or not is_sound(last):
        raise BadCursor()
    return last


def known(tickets: int) -> int | None:
    """A number of tickets as far as it was counted."""
    return tickets if tickets <= MOST else None


def withheld(answer: Answer) -> int | None:
    """How many tickets are counted and out of the asker's sight."""
    return answer.found.tickets - answer.found.seen if answer.found.tickets <= MOST else None
