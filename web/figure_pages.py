"""The pages of figures (统计页): one period at a glance, every number a link to the tickets behind it."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch import figures as counted
from dispatch.drill import Question
from dispatch.figures import FREEZE_ROLES
from dispatch.sessions import Visitor
from dispatch.storage.behind import MOST, OPEN
from dispatch.storage.figures import TOTAL
from reports import period as periods
from reports.period import Period
from reports.writers import FORMATS, wording
from rules.errors import BadInput
from rules.measures import MEASURES
from rules.terms import CHINA
from web import bars, figure_view, figures, render
from web.door import Asker, Door, address_of, door_of
from web.figures import Version
from web.pages import StaleForm

router = APIRouter(include_in_schema=False)

KIND_WORDS = {"week": "周", "month": "月", "quarter": "季", "year": "年"}
FORMAT_WORDS = {"html": "网页文件", "xlsx": "Excel", "docx": "Word"}
#: Measures that count one ticket as often as the thing happens.
_OFTEN = frozenset(code for code, each in MEASURES.items() if each.scope == "leg") | {"contacts"}

Kind = Annotated[str, Query(max_length=20)]
Words = Annotated[str, Query(max_length=20)]
DepartmentWord = Annotated[str, Query(max_length=64)]


@router.get("/figures")
def figures_page(
    request: Request,
    kind: Kind = "week",
    period: Words = "",
    day: Annotated[str, Query(max_length=20, description="这一天所在的一期")] = "",
    department: DepartmentWord = "",
    version: Version = None,
    live: bool = False,
    said: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The figures of one period: this week's unless another is asked for."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    asker = _asker(request, door, visitor)
    wanted = _period(asker, kind, period, day)
    document = figures.report(asker, wanted.kind, wanted.name, department, version, live)
    named = figure_view.where(document, live)
    whole = document["department"] is None
    link = {"kind": wanted.kind, "period": wanted.name}
    return render.page(
        "figures.html",
        **figure_view.shown(document),
        around=_around(asker, wanted, document),
        versions=_versions(asker, wanted) if whole else [],
        now_link=f"/figures?{urlencode({**link, 'live': 'true'})}" if document["frozen"] else "",
        given_link=f"/figures?{urlencode(link)}",
        live=live,
        tickets=f"/figures/tickets?{urlencode(named)}",
        files=[(FORMAT_WORDS[each], _file(document, each)) for each in FORMATS if each in FORMAT_WORDS],
        departments=_departments(asker),
        chosen=document["department"]["code"] if document["department"] else "",
        freezing=_freezing(request, asker, wanted) if whole else None,
        said=_SAID.get(said, ""),
        own=not asker.actor.roles.intersection(counted.FIGURE_ROLES),
        **render.signed_in(request, door, visitor),
    )


_SAID = {"given": "已经定稿。", "changed": "已经出了更正版。", "same": "数字和上一版一样，没有出新版。"}


def _asker(request: Request, door: Door, visitor: Visitor) -> Asker:
    return Asker(door, visitor.actor, door.clock(), address_of(request))


def _period(asker: Asker, kind: str, words: str, day: str) -> Period:
    """The period by its name, or the one that holds the day; today's where neither is given. Raises BadInput."""
    if words:
        return counted.period_of(asker.desk, kind, words, asker.now)
    if kind not in periods.KINDS:
        raise BadInput(f"没有“{kind}”这种报表。", f"可以写：{'、'.join(periods.KINDS)}。")
    return periods.of_day(kind, _day(day, asker.now), _week_starts(asker))


def _day(words: str, now: datetime) -> date:
    if not words:
        return now.astimezone(CHINA).date()
    try:
        found = date.fromisoformat(words)
    except ValueError as fault:
        raise BadInput(f"看不懂日期“{words}”。", hint="请写成 2026-11-16 这样的日期。") from fault
    if not periods.FIRST_YEAR < found.year < periods.LAST_YEAR:
        raise BadInput(f"年份 {found.year} 不对。", hint="请写成 2026-11-16 这样的日期。")
    return found


def _week_starts(asker: Asker) -> int:
    return asker.desk.packs.active(asker.now).reporting.week_starts


def _around(asker: Asker, period: Period, document: Mapping[str, Any]) -> dict[str, Any]:
    """The neighbouring periods, and the other kinds around the same days; a period that has not begun is no link."""
    starts, today = _week_starts(asker), asker.now.astimezone(CHINA).date()
    bound = {"department": document["department"]["code"]} if document["department"] else {}

    def link(each: Period) -> tuple[str, str]:
        address = urlencode({"kind": each.kind, "period": each.name, **bound})
        return f"/figures?{address}", wording.period(each.kind, each.name)

    last = min(period.end, max(today, period.begin))
    following = period.end + timedelta(days=1)
    return {
        "kinds": [
            (words, kind == period.kind, link(periods.of_day(kind, last, starts))[0])
            for kind, words in KIND_WORDS.items()
        ],
        "kind": period.kind,
        "day": last.isoformat(),
        "before": link(periods.before(period, starts)) if period.begin.year > periods.FIRST_YEAR else None,
        "after": link(periods.after(period, starts)) if following <= today else None,
        "today": link(periods.of_day(period.kind, today, starts))[0],
        "running": period.begin <= today <= period.end,
        "whole": f"/figures?{urlencode({'kind': period.kind, 'period': period.name})}",
    }


def _versions(asker: Asker, period: Period) -> list[dict[str, Any]]:
    named = {"kind": period.kind, "period": period.name}
    return [
        {
            **each,
            "as_of": wording.instant(each["as_of"].isoformat()),
            "link": f"/figures?{urlencode({**named, 'version': each['version']})}",
        }
        for each in counted.given_out(asker.desk, period)
    ]


def _file(document: Mapping[str, Any], format: str) -> str:
    return f"/figures/file?{urlencode({**figure_view.where(document, live=True), 'format': format})}"


def _departments(asker: Asker) -> list[tuple[str, str]]:
    """The departments that the asker may choose from; nobody chooses who has but one."""
    if not asker.actor.roles.intersection(counted.FIGURE_ROLES):
        return []
    return [(each.code, each.name) for each in asker.desk.packs.active(asker.now).departments.values()]


# --- Files ----------------------------------------------------------------------------------------------------


@router.get("/figures/file")
def figures_file(
    request: Request,
    kind: Kind,
    period: Words,
    format: figures.Format,
    department: DepartmentWord = "",
    version: Version = None,
    live: bool = False,
) -> Response:
    """The report as a file, for who is logged in."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    asker = _asker(request, door, visitor)
    return figures.file(figures.report(asker, kind, period, department, version, live), format)


# --- Giving out -----------------------------------------------------------------------------------------------


def _token(request: Request, door: Door) -> str:
    return door.desk.seal.sign(request.cookies.get(render.COOKIE, ""), "freeze")


def _freezing(request: Request, asker: Asker, period: Period) -> dict[str, Any] | None:
    """The form that gives the report out, for those who may, once the period is over."""
    may = asker.actor.roles.intersection(FREEZE_ROLES)
    if not may or period.end >= asker.now.astimezone(CHINA).date():
        return None
    return {"token": _token(request, asker.door), "kind": period.kind, "period": period.name}


@router.post("/figures/freeze")
def freeze_page(
    request: Request,
    kind: Annotated[str, Form(max_length=20)] = "",
    period: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
    token: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Give the report out or correct it, and show the version that counts."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return RedirectResponse("/login?next=/figures", 303, render.HEADERS)
    if not secrets.compare_digest(token.encode(), _token(request, door).encode()):
        raise StaleForm()
    asker = _asker(request, door, visitor)
    figures.allow_freezing(asker)
    before = len(counted.given_out(asker.desk, counted.period_of(asker.desk, kind, period, asker.now)))
    made = figures.freeze(asker, kind, period, reason)
    said = "same" if made["version"] <= before else "given" if made["version"] == 1 else "changed"
    address = urlencode({"kind": kind, "period": made["period"], "said": said})
    return RedirectResponse(f"/figures?{address}", 303, render.HEADERS)


# --- Behind a number ------------------------------------------------------------------------------------------


@router.get("/figures/tickets")
def behind_page(
    request: Request,
    kind: Kind,
    period: Words,
    measure: Annotated[str, Query(max_length=40)],
    dimension: Annotated[str, Query(max_length=20)] = TOTAL,
    key: Annotated[str, Query(max_length=200)] = "",
    department: DepartmentWord = "",
    version: Version = None,
    live: bool = False,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The tickets that one number counts, 25 to a page, with what the number means."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    asker = _asker(request, door, visitor)
    asked = Question(
        kind, period, measure, dimension, key, department or None, version, figures.after(cursor), figures.PAGE
    )  # fmt: skip
    answer = figures.look(asker, asked)
    named = {"kind": kind, "period": answer.period.name, "department": department, "version": version}
    named["live"] = "true" if live else ""
    report = urlencode({name: value for name, value in named.items() if value})
    here = {"measure": measure, "dimension": dimension, "key": key}
    first = f"/figures/tickets?{report}&{urlencode(here)}"
    following = figures.following(answer)
    return render.page(
        "figure_tickets.html",
        measure=answer.measure,
        row=" · ".join(each for each in (answer.department, answer.row) if each),
        period=wording.period(answer.period.kind, answer.period.name),
        span=wording.span(answer.period.begin.isoformat(), answer.until.isoformat())
        if answer.until >= answer.period.begin
        else "",
        now_only=measure == OPEN,
        over=answer.period.end < asker.now.astimezone(CHINA).date(),
        often=measure in _OFTEN,
        found=answer.found,
        most=MOST,
        given=answer.given,
        version=version,
        withheld=figures.withheld(answer),
        items=[_line(each, asker.now) for each in figures.items(asker, answer)],
        back=f"/figures?{report}",
        first=first if cursor else "",
        following=f"{first}&{urlencode({'cursor': following})}" if following else "",
        **render.signed_in(request, door, visitor),
    )


def _line(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    due = item["due_at"]
    return {**item, "due_words": bars.day_and_time(datetime.fromisoformat(due), now) if due else ""}
