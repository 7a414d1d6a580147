"""The one table of errors (出错提示): whatever goes wrong becomes a status and plain Chinese, as JSON or as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from rules.errors import DeskError
from web import render
from web.door import NoSuchKey, say
from web.floods import TooMany
from web.words import FIELD_WORDS

#: What a status means before any rule of ours has spoken: (code, detail, hint).
_BY_STATUS: Mapping[int, tuple[str, str, str | None]] = {
    400: ("bad_request", "请求内容无法读取。", "内容应是 UTF-8 编码的 JSON。"),
    404: ("not_found", "没有这个地址。", "接口说明见 /openapi.json。"),
    405: ("method_not_allowed", "这个地址不支持这种请求方法。", "接口说明见 /openapi.json。"),
    413: ("too_large", "提交的内容太大，最多 1 MB。", "请写明要点，分几次提交。"),
    500: ("internal", "系统没有完成这个操作，请稍后再试。", "如反复出现，请把时间告诉管理员。"),
}


def install(app: FastAPI) -> None:
    """Put the table to work."""
    app.add_exception_handler(DeskError, _desk_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _refused)


def bare(scope: Scope, status: int) -> ASGIApp:
    """The answer for a status where no handler is reached."""
    return _answer(scope["path"], status, _of_status(status))


def _of_status(status: int) -> dict[str, Any]:
    code, detail, hint = _BY_STATUS.get(status, (f"http_{status}", "请求没有完成。", None))
    return {"code": code, "detail": detail, **({"hint": hint} if hint else {})}


async def _desk_error(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, DeskError)
    headers = {}
    if isinstance(fault, NoSuchKey):
        headers["WWW-Authenticate"] = 'Bearer realm="hotline"'
    if isinstance(fault, TooMany):
        headers["Retry-After"] = str(fault.wait)
    return _answer(request.url.path, fault.status, fault.as_dict(), headers)


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return _answer(request.url.path, fault.status_code, _of_status(fault.status_code), fault.headers)


async def _not_valid(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    said = {"code": "bad_input", "detail": in_chinese(fault.errors())}
    return _answer(request.url.path, 422, said)


def _answer(
    path: str, status: int, said: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    if _is_page(path):
        return render.fault(status, said, headers)
    return say(said, status, headers)


def _is_page(path: str) -> bool:
    return not path.startswith(("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json"))


#: Pydantic's types of error and what to say; `{field}` and the error's own context may be used.
_SAYINGS: Mapping[str, str] = {
    "missing": "请填写 {field}",
    "string_too_short": "请填写 {field}",
    "string_too_long": "{field} 太长，最多 {max_length} 个字",
    "string_type": "{field} 应是文字",
    "string_unicode": "{field} 里有残缺的字符",
    "string_pattern_mismatch": "{field} 的写法不对",
    "extra_forbidden": "没有 {field} 这一项，请检查拼写",
    "int_type": "{field} 应是整数",
    "int_parsing": "{field} 应是整数",
    "int_from_float": "{field} 应是整数",
    "int_parsing_size": "{field} 太大",
    "bool_type": "{field} 应填 true 或 false",
    "bool_parsing": "{field} 应填 true 或 false",
    "greater_than_equal": "{field} 不能小于 {ge}",
    "less_than_equal": "{field} 不能大于 {le}",
    "literal_error": "{field} 只能是 {expected}",
    "enum": "{field} 只能是 {expected}",
    "too_long": "{field} 最多 {max_length} 项",
    "too_short": "{field} 至少 {min_length} 项",
    "tuple_type": "{field} 应是列表",
    "list_type": "{field} 应是列表",
    "model_attributes_type": "{field} 应是 JSON 对象",
    "model_type": "{field} 应是 JSON 对象",
    "dict_type": "{field} 应是 JSON 对象",
    "json_invalid": "提交的内容不是有效的 JSON",
}
_MOST_SAID = 5


def in_chinese(errors: Sequence[Any]) -> str:
    """Pydantic's list of errors as one Chinese sentence, naming each field."""
    said = list(dict.fromkeys(_one(each) for each in errors))
    more = f"；另有 {len(said) - _MOST_SAID} 处" if len(said) > _MOST_SAID else ""
    return "；".join(said[:_MOST_SAID]) + more + "。"


def _one(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    kind = error["type"]
    field = _field(error.get("loc", ()))
    if kind in ("too_long", "too_short") and context.get("field_type") == "Value":
        kind = f"string_{kind}"  # a text that passed through a validator of its own
    if kind in ("model_attributes_type", "model_type") and len(error.get("loc", ())) < 2:
        return "请求内容应是 JSON 对象，请求头写 Content-Type: application/json"
    if kind == "value_error":
        return str(context.get("error", f"{field} 填写有误"))
    if kind.startswith(("datetime", "date_", "timezone")):
        return f"{field} 应写成 2026-10-13 17:30 这样的时间"
    words = {key: str(value).replace(" or ", " 或 ") for key, value in context.items()}
    return _SAYINGS.get(kind, "{field} 填写有误").format_map({**words, "field": field})


def _field(place: Sequence[Any]) -> str:
    """`("body", "caller", "phone")` as `caller.phone（电话）`."""
    parts = [str(each) for each in place if not isinstance(each, int)]
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:]
    if not parts:
        return "请求内容（JSON）"
    if parts[-1] == "[key]":  # the name of an item that may not stand there
        return f"{_named(parts[:-2] or parts)} 里的项目"
    return _named(parts)


def _named(parts: Sequence[str]) -> str:
    name = ".".join(parts)[:60]
    word = FIELD_WORDS.get(parts[-1])
    return f"{name}（{word}）" if word else name
