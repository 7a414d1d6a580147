"""Reporting (统计报表): figures are asked for, reports made, frozen and corrected; who reads what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from dispatch.counting import batch_of, catch_up, count_batch
from dispatch.desk import Desk
from dispatch.listing import lists
from dispatch.storage import figures as stored
from dispatch.storage import registry, reports
from dispatch.storage.database import Doubled, Transaction
from dispatch.storage.figures import Sums
from reports import document
from reports import period as periods
from reports.document import OF_LIMITS, Counted, Material
from reports.fold import members
from reports.period import Period
from rules.access import DEPARTMENT_ROLES, Actor, require
from rules.errors import BadInput, DeskError, NotAllowed
from rules.policy import Policy
from rules.terms import CHINA, Role

#: After a long stop so many missed reports of a kind are made up for; older ones are made when somebody asks.
MADE_UP_FOR = 8

log = structlog.get_logger(__name__)


class NoReport(DeskError):
    """没有这一期报表。"""

    code = "no_report"
    status = 404


def drain(desk: Desk, now: datetime) -> int:
    """The worker's part: a batch of changed tickets; when none is left, the reports that are due. How many."""
    return count_batch(desk, batch_of(desk)) or len(make_due(desk, now))


# --- One report -----------------------------------------------------------------------------------------------


def live(desk: Desk, period: Period, now: datetime, department: str | None = None) -> dict[str, Any]:
    """The report as of `now`, not frozen; with `department` that one's alone. Raises NoReport before the period."""
    at = now.astimezone(CHINA)
    require_begun(period, now)
    catch_up(desk)
    policy, calendar = desk.packs.of(desk.packs.active(now).hash)
    with desk.database.reading(steady=True) as tx:
        known = {each.code: each.name for each in registry.departments(tx)}
        code = code_of(department, policy, known) if department else None
        whose = members("department", code, policy) if code else None
        before = _as_far(periods.before(period, policy.reporting.week_starts), period, at.date())
        until = min(period.end, at.date() - timedelta(days=1))
        sources = _Sources(tx, whose)
        material = Material(
            period=period,
            before=before,
            as_of=at,
            counted_until=until,
            now=sources.counted(period, until),
            then=sources.counted(before, before.end),
            days=_days(sources, period, until),
            lists=lists(tx, period, at, (policy, calendar), known, whose),
            former=known,
            department=code,
        )
    return document.compose(material, policy)


def _as_far(before: Period, period: Period, today: date) -> Period:
    """The period before, of a running one only as many days as have begun: a Tuesday is not held against a whole week."""
    begun = min(today, period.end) - period.begin
    return (
        before
        if begun == period.end - period.begin
        else replace(before, end=min(before.end, before.begin + begun))
    )


def require_begun(period: Period, now: datetime) -> None:
    """Raise NoReport for a period that is yet to come."""
    if period.begin > now.astimezone(CHINA).date():
        raise NoReport(f"{period.name} 还没有开始。", hint="请换一个已经开始的周期。")


def code_of(department: str, policy: Policy, known: Mapping[str, str]) -> str:
    """The code of a department by code, name or alias; `known` names former ones too. Raises BadInput."""
    code = _code_of(department, policy)
    if code not in policy.departments and code not in known:
        raise BadInput(f"没有承办单位“{department[:40]}”。", hint="请写目录里的编码、名称或别名。")
    return code


def _code_of(department: str, policy: Policy) -> str:
    found = policy.department_of(department)
    return found.code if found else department


@dataclass(slots=True)
class _Sources:
    """Where counts are read: the daily sums of the whole desk, or the tallies of one department."""

    tx: Transaction
    departments: Sequence[str] | None

    def sums(self, begin: date, end: date) -> Sums:
        """All measures from `begin` to `end`; nothing when the span is empty."""
        if end < begin:
            return {}
        if self.departments is None:
            return stored.sums(self.tx, begin, end)
        return _added(stored.of_department(self.tx, self.departments, begin, end).values())

    def by_day(self, begin: date, end: date) -> dict[date, dict[str, int]]:
        """The measures of each day, of everything together."""
        if self.departments is None:
            return stored.by_day(self.tx, begin, end)
        found = stored.of_department(self.tx, self.departments, begin, end)
        return {day: dict(sums[stored.TOTAL][""]) for day, sums in sorted(found.items())}

    def counted(self, period: Period, until: date) -> Counted:
        """The counts of a period, those of limits only for the days up to `until`."""
        everything = self.sums(period.begin, period.end)
        limits = everything if until == period.end else self.sums(period.begin, until)
        still = stored.open_at(self.tx, period.end)
        if self.departments is not None:
            rows = {key: n for key, n in still.get("department", {}).items() if key in self.departments}
            still = {"department": rows, stored.TOTAL: {"": sum(rows.values())} if rows else {}}
        return Counted(_with_limits(everything, limits), still)


def _added(several: Any) -> Sums:
    found: Sums = {}
    for sums in several:
        for dimension, keys in sums.items():
            for key, counts in keys.items():
                into = found.setdefault(dimension, {}).setdefault(key, {})
                for measure, n in counts.items():
                    into[measure] = into.get(measure, 0) + n
    return found


def _with_limits(everything: Sums, limits: Sums) -> Sums:
    if everything is limits:
        return everything
    return {
        dimension: {
            key: _of_days_over(counts, limits.get(dimension, {}).get(key, {})) for key, counts in keys.items()
        }
        for dimension, keys in everything.items()
    }


def _of_days_over(counts: Mapping[str, int], over: Mapping[str, int]) -> dict[str, int]:
    flows = {name: n for name, n in counts.items() if name not in OF_LIMITS}
    return flows | {name: n for name, n in over.items() if name in OF_LIMITS}


def _days(sources: _Sources, period: Period, until: date) -> list[tuple[str, Mapping[str, int]]]:
    """Each day of a week or month, each month of a longer period, also those without anything."""
    found = {}
    for day, counts in sources.by_day(period.begin, period.end).items():
        counts.pop("open_change", None)  # a report tells what is open, not how it moved
        found[day] = counts if day <= until else _of_days_over(counts, {})
    if period.kind in ("week", "month"):
        length = (period.end - period.begin).days + 1
        every = [period.begin + timedelta(days=n) for n in range(length)]
        return [(day.isoformat(), found.get(day, {})) for day in every]
    months: dict[str, dict[str, int]] = {}
    day = period.begin
    while day <= period.end:
        months[f"{day:%Y-%m}"] = {}
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    for day, counts in found.items():
        into = months[f"{day:%Y-%m}"]
        for name, n in counts.items():
            into[name] = into.get(name, 0) + n
    return list(months.items())


# --- Freezing -------------------------------------------------------------------------------------------------


def asked(
    desk: Desk,
    kind: str,
    words: str,
    now: datetime,
    department: str | None = None,
    version: int | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """The report that somebody asks for: the version given out last, or that one; what was never given out, and a
    department's, as of `now`, and so with `fresh`.

    Raises BadInput for a period that cannot be read, NoReport for one that has not begun or a version there is not.
    """
    period = period_of(desk, kind, words, now)
    if not fresh and not department:
        with desk.database.reading() as tx:
            held = reports.find(tx, period.kind, period.name, version)
        if held is not None:
            return dict(held["document"])
    if version is not None:
        raise NoReport(f"{period.name} 没有第 {version} 版。")
    return live(desk, period, now, department)


def period_of(desk: Desk, kind: str, words: str, now: datetime) -> Period:
    """The period in the words of contract.md, cut as the pack in use cuts weeks. Raises BadInput."""
    return periods.parse(kind, words, desk.packs.active(now).reporting.week_starts)


def freeze(desk: Desk, period: Period, now: datetime, by: str, reason: str = "") -> dict[str, Any]:
    """Give the report of a period that is over out: version 1, or the next one where figures changed since.

    Unchanged figures make no new version: the one there is comes back. Raises BadInput before the period is over, and
    for a correction without a reason.
    """
    if period.end >= now.astimezone(CHINA).date():
        raise BadInput(f"{period.name} 还没有结束，不能定稿。", hint="请在结束后再定稿。")
    catch_up(desk)
    made = live(desk, period, now)
    try:
        with desk.database.transaction() as tx:
            held = reports.find(tx, period.kind, period.name)
            changed = document.differences(held["document"], made) if held else []
            if held and not changed:
                return dict(held["document"])
            if held and not reason.strip():
                said = (
                    f"{period.name} 已经定稿，现在的数字和第 {held['version']} 版不同：出更正版要写明原因。"
                )
                raise BadInput(said, hint="请写明为什么更正，例如“补录”。")
            version = held["version"] + 1 if held else 1
            made |= {"version": version, "frozen": True, "differences": changed}
            columns = {"kind": period.kind, "period": period.name, "version": version, "pack": made["pack"]}
            reports.put(tx, {**columns, "as_of": now, "made_by": by, "reason": reason, "document": made})
    except Doubled:  # somebody was quicker: theirs is the version
        with desk.database.reading() as tx:
            held = reports.find(tx, period.kind, period.name)
        assert held is not None
        return dict(held["document"])
    log.info("report_given_out", kind=period.kind, period=period.name, version=version)
    return made


def given_out(desk: Desk, period: Period) -> list[Mapping[str, Any]]:
    """The versions of a report, oldest first: `version`, `as_of`, `made_by`, `reason`."""
    with desk.database.reading() as tx:
        return reports.of_period(tx, period.kind, period.name)


def due(desk: Desk, now: datetime) -> list[Period]:
    """The reports that should have been given out by now and were not, oldest first; none of an empty desk."""
    policy = desk.packs.active(now)
    reporting = policy.reporting
    found: list[Period] = []
    with desk.database.reading() as tx:
        first = reports.first_day(tx)
        if first is None:
            return []
        for kind in periods.KINDS:
            last = reports.newest_period(tx, kind)
            running = periods.of_day(kind, now.astimezone(CHINA).date(), reporting.week_starts)
            missing: list[Period] = []
            each = periods.before(running, reporting.week_starts)
            while len(missing) < (MADE_UP_FOR if last else 1) and each.end >= first and each.name != last:
                if periods.published_at(each, reporting) <= now:
                    missing.append(each)
                each = periods.before(each, reporting.week_starts)
            found += reversed([each for each in missing if last is None or each.name > last])
    return found


def make_due(desk: Desk, now: datetime) -> list[Period]:
    """Give out every report that is due; the periods."""
    made = due(desk, now)
    for period in made:
        freeze(desk, period, now, "system")
    return made


def sweep(desk: Desk, now: datetime) -> bool:
    """Ring for the worker when something is to be counted or a report to be made; whether it was."""
    with desk.database.reading() as tx:
        waits = stored.waiting(tx)
    if not waits and not due(desk, now):
        return False
    desk.bell.ring("figures")
    return True


# --- Who reads what, and what stands behind a figure -------------------------------------------------------------

#: Who reads the figures of the whole desk; a department's people read their department's.
FIGURE_ROLES = (Role.MANAGER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN, Role.DISPATCHER)


#: Who gives a report out, and corrects it (定稿、更正).
FREEZE_ROLES = (Role.MANAGER, Role.SUPERVISOR, Role.ADMIN)


def of_department(actor: Actor) -> bool:
    """Whether `actor` works for a department, whose figures are theirs to read."""
    return actor.department is not None and bool(actor.roles.intersection(DEPARTMENT_ROLES))


def may_read(actor: Actor) -> bool:
    """Whether there are any figures for `actor`."""
    return bool(actor.roles.intersection(FIGURE_ROLES)) or of_department(actor)


def scope_of(actor: Actor, department: str | None, policy: Policy) -> str | None:
    """Whose figures `actor` gets when they ask for `department` (None: of all): a code, or None for the whole desk.

    Raises NotAllowed.
    """
    if actor.roles.intersection(FIGURE_ROLES):
        return _code_of(department, policy) if department else None
    if not of_department(actor):
        require(actor, FIGURE_ROLES, "统计报表")
    if department and _code_of(department, policy) != actor.department:
        raise NotAllowed("只能看本单位的统计。")
    return actor.department
