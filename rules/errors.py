"""What the desk says when it cannot do a thing (出错提示): the docstring is the message."""

from typing import Any, ClassVar


class DeskError(Exception):
    """系统没有完成这个操作，请稍后再试。"""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    hint: ClassVar[str | None] = None

    def __init__(self, detail: str | None = None, hint: str | None = None, **facts: Any) -> None:
        """`detail` in plain Chinese replaces the docstring, `hint` says the next step, `facts` go to the log."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.advice = hint or type(self).hint
        self.facts = facts
        super().__init__(self.detail)

    def as_dict(self) -> dict[str, Any]:
        """The wire shape of contract.md: `{"code", "detail", "hint"?}`."""
        said: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.advice:
            said["hint"] = self.advice
        return said


class BadInput(DeskError):
    """填写的内容有误，请检查后重新提交。"""

    code = "bad_input"
    status = 422


class IllegalAct(DeskError):
    """工单在当前阶段不能做这个操作。"""

    code = "illegal_act"
    status = 409


class NotAllowed(DeskError):
    """您的角色不能做这个操作。"""

    code = "not_allowed"
    status = 403


class TooLate(DeskError):
    """已过规定的时间，不能再做这个操作。"""

    code = "too_late"
    status = 409


class LimitReached(DeskError):
    """次数或天数已到上限。"""

    code = "limit_reached"
    status = 409


class PackFault(DeskError):
    """规则包有错误，未启用。"""

    code = "pack_fault"
    status = 422


class NoCalendar(DeskError):
    """没有这一年的日历，无法计算时限。"""

    code = "no_calendar"
    status = 500
    hint = "请导入国务院办公厅当年的节假日安排通知。"
