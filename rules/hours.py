"""A pack's own hours (作息、地方放假、值班): what hours.toml adds to the national calendar, and the calendar of both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.calendar import Season, Window, YearFile
from rules.terms import Urgency
from rules.worktime import Calendar, parse_calendar


@dataclass(frozen=True, slots=True)
class Duty:
    """The duty roster's hours (值班日历): every day of the year, for matters of `urgencies`."""

    urgencies: tuple[Urgency, ...]
    windows: tuple[Window, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Hours:
    """hours.toml: seasons with other hours, the first that covers a day wins; days added locally, a year each; duty."""

    seasons: tuple[Season, ...] = ()
    local: tuple[YearFile, ...] = ()
    duty: Duty | None = None


def calendar_for(
    files: Mapping[str, str], windows: Iterable[Window], area_code: str, hours: Hours
) -> Calendar:
    """The calendar that a pack's hours and region make of the national files.

    Raises PackFault where a local day contradicts a notice, and for faulty files; NoCalendar without a file.
    """
    usual = parse_calendar(files, windows, area_code, seasons=hours.seasons, local=hours.local)
    if hours.duty is None:
        return usual
    round_the_year = parse_calendar(files, hours.duty.windows, area_code, every_day=True)
    return usual.with_duty(round_the_year, hours.duty.urgencies)
