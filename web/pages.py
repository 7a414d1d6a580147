"""The pages (网页): start and public look-up, log-in, a list, and one page for each ticket; read-only, without JavaScript."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch import view
from dispatch.sessions import LASTS
from rules.errors import BadInput, DeskError
from rules.terms import CHANNEL_WORDS, TYPE_WORDS, URGENCY_WORDS, Stage, TicketType, Urgency
from web import bars, chain, public, render, show
from web.door import Door, address_of, door_of
from web.public import Lookup
from web.reading import Wanted, page
from web.show import department_name
from web.words import KIN_WORDS, LEVEL_WORDS, STAGE_WORDS

router = APIRouter(include_in_schema=False)

_FORM_COOKIE = "hotline_form"
#: Where a log-in may lead to.
_OWN = ("/tickets", "/clues", "/figures")


class StaleForm(BadInput):
    """页面已过期，请刷新后重新提交。"""

    code = "stale_form"
    status = 403


def _said(wrong: DeskError) -> dict[str, Any]:
    return {"hint": None, **wrong.as_dict()}


# --- Forms that nobody else's page can send -----------------------------------------------------------------


def _with_form(request: Request, door: Door, response_of: Callable[[str], Response]) -> Response:
    """A page with a form: its token is tied to a cookie that other sites cannot read or set."""
    seed = secrets.token_hex(16)
    response = response_of(door.desk.seal.sign(seed, "form"))
    response.set_cookie(
        _FORM_COOKIE,
        seed,
        max_age=3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _check_form(request: Request, door: Door, token: str) -> None:
    wanted = door.desk.seal.sign(request.cookies.get(_FORM_COOKIE, ""), "form")
    if _FORM_COOKIE not in request.cookies or not secrets.compare_digest(token.encode(), wanted.encode()):
        raise StaleForm()


# --- Start, look-up, log-in ---------------------------------------------------------------------------------


@router.get("/")
def start(request: Request) -> Response:
    """What this is, and how a citizen's matter stands."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    words = render.signed_in(request, door, visitor) if visitor else {}
    return render.page("start.html", found=None, said=None, number="", **words)


@router.post("/lookup")
def look_up(
    request: Request,
    number: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The public look-up as a form; posted, so that the code stays out of addresses, logs and histories."""
    try:
        found = public.look_up(door_of(request), Lookup(address_of(request), number, code))
    except DeskError as wrong:
        return render.page("start.html", wrong.status, found=None, said=_said(wrong), number=number)
    return render.page("start.html", found=found, said=None, number=number)


@router.get("/login")
def log_in_form(request: Request, next: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The log-in form."""
    door = door_of(request)
    return _with_form(request, door, lambda token: _log_in_page(token, next))


def _log_in_page(token: str, after: str, said: Any = None, status: int = 200, login: str = "") -> Response:
    return render.page("login.html", status, form_token=token, next=_inside(after), said=said, login=login)


@router.post("/login")
def log_in(
    request: Request,
    login: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
    token: Annotated[str, Form(max_length=64)] = "",
    next: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Log in, and go on to where the visitor wanted to be."""
    door = door_of(request)
    _check_form(request, door, token)
    try:
        cookie = _proved(request, door, login, password)
    except DeskError as wrong:
        said, status = _said(wrong), wrong.status
        return _with_form(request, door, lambda fresh: _log_in_page(fresh, next, said, status, login))
    response = RedirectResponse(_inside(next) or "/tickets", 303, render.HEADERS)
    response.set_cookie(
        render.COOKIE,
        cookie,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.delete_cookie(_FORM_COOKIE)
    return response


def _proved(request: Request, door: Door, login: str, password: str) -> str:
    """The cookie for the right password; wrong ones count against the address and against the log-in."""
    now = door.clock()
    subjects = (f"address:{address_of(request)}", f"login:{login}")
    for subject in subjects:
        door.log_ins.check(subject, now)
    try:
        return door.sessions.log_in(login, password, now)
    except DeskError:
        for subject in subjects:
            door.log_ins.wrong(subject, now)
        raise


def _inside(path: str) -> str:
    """`path` when it is one of our own pages, else nothing: a log-in never leads to another site."""
    return path if path.startswith(_OWN) and "\\" not in path and "//" not in path else ""


@router.post("/logout")
def log_out(request: Request, token: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Forget the session."""
    door = door_of(request)
    wanted = door.desk.seal.sign(request.cookies.get(render.COOKIE, ""), "logout")
    if not secrets.compare_digest(token.encode(), wanted.encode()):
        raise StaleForm()
    response = RedirectResponse("/", 303, render.HEADERS)
    response.delete_cookie(render.COOKIE)
    return response


# --- Tickets ------------------------------------------------------------------------------------------------


@router.get("/tickets")
def list_page(
    request: Request,
    stage: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    order: Annotated[str, Query(max_length=10)] = "newest",
    cursor: Annotated[str, Query(max_length=200)] = "",
    restricted: bool = False,
) -> Response:
    """The tickets that the visitor may see, 25 to a page."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    now = door.clock()
    if stage and stage not in set(Stage):
        raise BadInput("没有这个阶段。", hint="请在列表中选择。")
    wanted = Wanted(
        stage=Stage(stage) if stage else None,
        words=q or None,
        by_due=order == "due",
        cursor=cursor or None,
        restricted=restricted,
    )
    found = page(door.desk, visitor.actor, wanted, now)
    filters = {"stage": stage, "q": q, "order": "due" if order == "due" else "newest"}
    if restricted:
        filters["restricted"] = "true"
    return render.page(
        "tickets.html",
        rows=[_line(each, now) for each in found["items"]],
        following=f"/tickets?{urlencode({**filters, 'cursor': found['next']})}" if found["next"] else "",
        first=not cursor,
        filters=filters,
        stages=STAGE_WORDS,
        **render.signed_in(request, door, visitor),
    )


def _line(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    def said(moment: str | None) -> str:
        return bars.day_and_time(datetime.fromisoformat(moment), now) if moment else ""

    return {**item, "received_words": said(item["received_at"]), "due_words": said(item["due_at"])}


@router.get("/tickets/{number}")
def ticket_page(request: Request, number: str) -> Response:
    """One ticket: what was said, how its clocks stand, why it went where it went, and everything that happened."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    now = door.clock()
    seen = view.read(door.desk, number, visitor.actor, now)
    ticket = seen.ticket
    reasons = chain.whys(seen, now)
    terms = next((each.terms for each in reversed(reasons) if each.terms), ())
    matter = show.matter(seen)
    return render.page(
        "ticket.html",
        ticket=ticket,
        text=chain.marked(ticket.text, terms),
        stage=STAGE_WORDS[Stage(ticket.stage)],
        facts=_facts(seen, now),
        bars=bars.bars(seen, now),
        whys=reasons,
        chain=chain.chain(seen, now),
        legs=chain.legs(seen, now),
        notices=chain.told(seen, now),
        matter=matter,
        kin=_kin(matter),
        **render.signed_in(request, door, visitor),
    )


def _kin(matter: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The tickets of the same matter, each with the word for how it stands to this one."""
    one = [(name, matter[name]) for name in ("earlier", "merged_into", "split_from") if matter[name]]
    several = [(name, each) for name in ("later", "followers", "parts") for each in matter[name]]
    return [(KIN_WORDS[name], each) for name, each in one + several]


def _facts(seen: view.View, now: datetime) -> list[tuple[str, str]]:
    """The head of the page: what it is, in pairs of name and value."""
    ticket = seen.ticket
    flags = [words for words, on in (("匿名", ticket.anonymous), ("保密", ticket.confidential)) if on]
    pairs = [
        ("承办单位", department_name(seen.policy, ticket.department) or "未定"),
        ("诉求类型", TYPE_WORDS[TicketType(ticket.type)]),
        ("紧急程度", URGENCY_WORDS[Urgency(ticket.urgency)]),
        ("渠道", CHANNEL_WORDS.get(ticket.channel, ticket.channel)),
        ("登记时间", bars.day_and_time(ticket.received_at, now)),
        ("地点", ticket.place or ""),
        ("发生时间", bars.day_and_time(ticket.occurred_at, now) if ticket.occurred_at else ""),
        ("来电次数", f"{len(seen.requests)} 次" if len(seen.requests) > 1 else ""),
        ("重复诉求", f"第 {ticket.complaint_count} 次" if ticket.complaint_count > 1 else ""),
        ("提级", f"{ticket.raised} 次" if ticket.raised else ""),
        ("范围", "限定范围办理" if ticket.restricted else ""),
        ("被反映单位", department_name(seen.policy, ticket.against) or ""),
        (
            "督办",
            f"{LEVEL_WORDS.get(ticket.supervision, ticket.supervision)}级" if ticket.supervision else "",
        ),
        ("身份", "、".join(flags)),
    ]
    return [(name, value) for name, value in pairs if value]
