"""Who answers outside the working hours (值班表): shifts, whether one is needed now, and where nobody stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.terms import CHINA
from rules.worktime import Calendar

#: The hotline's own shifts stand under no department.
HOTLINE = ""
#: Before the name of whoever is on duty, as the receiver of a notice: a log-in may be called like a role.
RECEIVER = "duty:"
#: Nobody is on duty longer without a change; a longer shift is a slip of the year or the month.
LONGEST_SHIFT = timedelta(days=31)
#: How far ahead the check-up looks, and how long a department that had shifts is expected to have more.
AHEAD, REMEMBERED = timedelta(hours=24), timedelta(days=30)
_GRAIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's turn for one department (值班班次), from `begins_at` up to but not at `ends_at`.

    Who has no log-in is reached by phone only.
    """

    department: str
    begins_at: datetime
    ends_at: datetime
    name: str
    login: str | None = None

    @property
    def receiver(self) -> str:
        """Under what name notices go to this person."""
        return f"{RECEIVER}{self.login or self.name}"

    def holds(self, at: datetime) -> bool:
        """Whether it is this person's turn."""
        return self.begins_at <= at < self.ends_at


def is_off(calendar: Calendar, at: datetime) -> bool:
    """Whether nobody is expected back at a desk soon: a day off, before the first window or after the last."""
    local = at.astimezone(CHINA)
    minute, windows = local.hour * 60 + local.minute, calendar.windows_on(local.date())
    return not windows or not windows[0].start <= minute < windows[-1].end


def on_duty(shifts: Iterable[Shift], department: str, at: datetime) -> Shift | None:
    """Whose turn it is for the department; None where nobody's."""
    return next((each for each in shifts if each.department == department and each.holds(at)), None)


def clash(shift: Shift, others: Iterable[Shift]) -> Shift | None:
    """A shift of the same department at the same time, if there is one."""
    same = (each for each in others if each.department == shift.department)
    return next(
        (each for each in same if each.begins_at < shift.ends_at and shift.begins_at < each.ends_at), None
    )


def unmanned(
    shifts: Sequence[Shift], departments: Iterable[str], calendar: Calendar, now: datetime
) -> dict[str, datetime]:
    """The departments that have nobody at some time off within AHEAD, each with the first such instant."""
    instants = [now + n * _GRAIN for n in range(AHEAD // _GRAIN)]
    off = [each for each in instants if is_off(calendar, each)]
    found = {}
    for department in departments:
        bare = next((each for each in off if on_duty(shifts, department, each) is None), None)
        if bare is not None:
            found[department] = bare
    return found
