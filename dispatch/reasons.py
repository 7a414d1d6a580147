"""Why the deadlines of a stored ticket are what they are (时限说明): its clock rows held against the plan of today."""

from collections.abc import Mapping, Sequence
from typing import Any

from rules.clocks import ClockPlan, plan
from rules.errors import NoCalendar
from rules.explaining_words import why
from rules.policy import Policy
from rules.terms import Facts
from rules.worktime import Calendar

Row = Mapping[str, Any]


def whys(rows: Sequence[Row], facts: Facts, policy: Policy, calendar: Calendar) -> dict[int, dict[str, Any]]:
    """By the id of the clock's row, why its deadline is what it is, as `rules.explaining_words.why` tells it.

    `facts` hold the whole history, not what a reader may see of it. A row that no plan knows any more is left out,
    and so is what lies beyond the calendar's years.
    """
    try:
        plans = plan(facts, policy, calendar)
    except NoCalendar:
        return {}
    by_name = {(each.kind.value, each.scope, each.generation): each for each in plans}
    found = {}
    for row in rows:
        planned = by_name.get((row["kind"], row["scope"], row["generation"]))
        told = None if planned is None else _told(row, planned, plans, facts, policy, calendar)
        if told is not None:
            found[row["id"]] = told
    return found


def _told(
    row: Row,
    planned: ClockPlan,
    plans: Sequence[ClockPlan],
    facts: Facts,
    policy: Policy,
    calendar: Calendar,
) -> dict[str, Any] | None:
    try:
        return why(planned, plans, facts, policy, calendar, promised=row["due_at"])
    except NoCalendar:
        return None
