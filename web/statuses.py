"""Which statuses a route may give (状态码), declared to readers of /openapi.json."""

from typing import Any

from pydantic import BaseModel

from rules.errors import DeskError


class NotBuilt(DeskError):
    """这个功能尚未建成。"""

    code = "not_built"
    status = 501


class Fault(BaseModel):
    """出错时的回答."""

    code: str
    detail: str
    hint: str | None = None


_MEANINGS = {
    400: "请求内容无法读取",
    401: "没有密钥，或密钥无效",
    403: "角色不允许",
    404: "没有这个工单、操作或地址",
    409: "工单在此期间已变，或当前阶段不能这样操作",
    413: "内容太大",
    422: "填写的内容有误",
    429: "太频繁，请稍后再试",
    500: "系统故障",
    501: "尚未建成",
    503: "暂时不能受理",
    507: "磁盘已满",
}


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: these statuses, and those that every route may give."""
    every = sorted({*statuses, 400, 413, 422, 500, 503})
    return {status: {"model": Fault, "description": _MEANINGS[status]} for status in every}
