"""Pages made of templates (页面渲染): one environment, one set of headers, and who is looking."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from dispatch import figures
from dispatch.sessions import Visitor
from reports.writers.html import TEMPLATES
from rules.access import CLUE_ROLES, RESTRICTED_ROLES, ROLE_WORDS
from web.door import Door

COOKIE = "hotline_session"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

#: A longer address is not kept over a log-in.
LONGEST_WAY = 200

FOLDER = Path(__file__).parent

_templates = Environment(
    loader=FileSystemLoader([FOLDER / "templates", TEMPLATES]),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, code: int = 200, headers: Mapping[str, str] | None = None, **words: Any
) -> HTMLResponse:
    """One page; `words` is what the template asks for."""
    html = _templates.get_template(template).render(
        {"visitor": None, "token": "", "sees_clues": False, "sees_figures": False, **words}
    )
    return HTMLResponse(html, code, {**HEADERS, **(headers or {})})


def fault(status: int, said: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """An error as a page."""
    return page("fault.html", status, headers, status=status, said={"hint": None, **said})


def visitor_of(request: Request, door: Door) -> Visitor | None:
    """Who is logged in; None for a stranger."""
    cookie = request.cookies.get(COOKIE)
    return door.sessions.visitor(cookie, door.clock()) if cookie else None


def to_log_in(request: Request) -> Response:
    """To the log-in form, and back here afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(
        f"/login?next={quote(here if len(here) <= LONGEST_WAY else request.url.path)}", 303, HEADERS
    )


def signed_in(request: Request, door: Door, visitor: Visitor) -> dict[str, Any]:
    """What every page of somebody logged in holds: their name, roles, and the token of the log-out form."""
    return {
        "visitor": visitor,
        "roles": "、".join(sorted(ROLE_WORDS[role] for role in visitor.actor.roles)),
        "token": door.desk.seal.sign(request.cookies[COOKIE], "logout"),
        "sees_clues": any(role in CLUE_ROLES for role in visitor.actor.roles),
        "sees_figures": figures.may_read(visitor.actor),
        "sees_restricted": any(role in RESTRICTED_ROLES for role in visitor.actor.roles),
    }
