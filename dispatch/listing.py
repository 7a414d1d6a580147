"""The lists of a report in words (报表名单): rows from storage become what people read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatch.storage import listings
from dispatch.storage.database import Transaction
from dispatch.storage.listings import Listed
from reports.period import Period, span
from rules.lifecycle import STAGES
from rules.policy import Policy
from rules.terms import CHINA, Stage
from rules.worktime import Calendar

#: Rows of each list in a report; the total stands beside.
SHOWN = 200
#: Hot matters that a report tells of.
HOTTEST = 10


def lists(
    tx: Transaction,
    period: Period,
    as_of: datetime,
    terms: tuple[Policy, Calendar],
    former: Mapping[str, str],
    departments: Sequence[str] | None,
) -> dict[str, Any]:
    """The lists of the period as `reports.document` takes them; overdue is what is overdue at `as_of`."""
    policy, calendar = terms
    begin, end = span(period)

    def told(listed: Listed, **words: Any) -> dict[str, Any]:
        rows = [
            _row(each, policy, former) | {k: say(each) for k, say in words.items()} for each in listed.rows
        ]
        return {"total": listed.total, "more": listed.more, "withheld": listed.withheld, "rows": rows}

    days = (period.begin, period.end, departments, SHOWN)
    return {
        "overdue": told(
            listings.overdue(tx, as_of, departments, SHOWN),
            due_at=lambda row: row["due_at"].astimezone(CHINA).isoformat(timespec="seconds"),
            overdue=lambda row: overdue_words(row["due_at"], as_of, calendar),
        ),
        "hot": told(
            listings.hot(tx, begin, end, departments, HOTTEST),
            callers=lambda row: row["callers"],
            place=lambda row: row["place"] or "",
        ),
        "supervised": told(
            listings.flagged(tx, "supervised", *days),
            level=lambda row: row["supervision"],
            at=lambda row: row["day"].isoformat(),
        ),
        "no_reply": told(listings.flagged(tx, "no_reply", *days), at=lambda row: row["day"].isoformat()),
    }


def _row(row: Mapping[str, Any], policy: Policy, former: Mapping[str, str]) -> dict[str, Any]:
    code = row["department"]
    known = policy.departments.get(code) if code else None
    return {
        "number": row["number"],
        "title": row["title"],
        "department": code,
        "department_name": known.name if known else former.get(code, code) if code else "热线中心",
        "stage": STAGES[Stage(row["stage"])].words,
    }


def overdue_words(due_at: datetime, as_of: datetime, calendar: Calendar) -> str:
    """How long ago a limit ended, in whole workdays."""
    days = calendar.workdays_between(due_at.astimezone(CHINA), as_of.astimezone(CHINA))
    return f"超期 {days} 个工作日" if days else "超期不到 1 个工作日"
