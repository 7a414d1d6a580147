"""From a figure to its tickets (数字下钻): which tickets a figure counts, as far as the asker may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from dispatch import counting, figures
from dispatch.desk import Desk
from dispatch.figures import NoReport
from dispatch.storage import behind, registry
from dispatch.storage.behind import OPEN, Behind, Found
from dispatch.storage.database import Transaction
from dispatch.storage.figures import DIMENSIONS, TOTAL
from reports.document import OF_LIMITS
from reports.fold import fold, members
from reports.period import Period
from rules.access import Actor, Sight, sight
from rules.errors import BadInput, NotAllowed
from rules.measures import DERIVED, MEASURES, Measure
from rules.policy import Policy
from rules.terms import CHINA

#: What has tickets behind it; a net change has none of its own.
DRILLED: Mapping[str, Measure] = {
    **{code: each for code, each in MEASURES.items() if code != "open_change"},
    OPEN: DERIVED[OPEN],
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which figure: a measure of a report, of everything or of one row (`dimension`, `key`) of it.

    `version` is the version that the figure was read in, None for figures as of now; `after` the last number seen.
    """

    kind: str
    period: str
    measure: str
    dimension: str = TOTAL
    key: str = ""
    department: str | None = None
    version: int | None = None
    after: str | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True)
class Answer:
    """The measure with its definition, the days it was counted over, the row's name, the figure now and its tickets.

    `given` is what the figure was in the version that was named; `rows` hold `n`, how often the ticket is counted.
    """

    measure: Measure
    period: Period
    until: date
    row: str
    department: str | None
    rows: Sequence[Mapping[str, Any]]
    found: Found
    given: int | None


def wider(asked: Question) -> Question:
    """The same question for one row more, which tells whether another page follows."""
    return replace(asked, limit=asked.limit + 1)


def look(desk: Desk, actor: Actor, asked: Question, now: datetime) -> Answer:
    """What stands behind a figure. Raises BadInput, NoReport, and NotAllowed for figures that are not the asker's."""
    policy = desk.packs.active(now)
    scope = figures.scope_of(actor, asked.department, policy)
    measure = _measure(asked)
    period = figures.period_of(desk, asked.kind, asked.period, now)
    figures.require_begun(period, now)
    document = _given_out(desk, asked, now, scope)
    if document is not None:
        begin, end = (date.fromisoformat(document[name]) for name in ("begins", "ends"))
        period = replace(period, begin=begin, end=end)
    until = _until(measure, period, document, now)
    counting.catch_up(desk)
    with desk.database.reading() as tx:
        known = {each.code: each.name for each in registry.departments(tx)}
        whose = _departments(asked, scope, policy, known)
        wanted = Behind(
            measure.code, period.begin, until, asked.dimension, _keys(asked, policy), whose, asked.after, asked.limit
        )  # fmt: skip
        seen = sight(actor, policy.departments)
        rows, found = behind.page(tx, wanted, seen), behind.found(tx, wanted, seen)
    row = _name(asked.dimension, asked.key, policy, known)
    bound = _name("department", scope, policy, known) if scope else None
    return Answer(measure, period, until, row, bound, rows, found, _figure(document, asked))


def _measure(asked: Question) -> Measure:
    found = DRILLED.get(asked.measure)
    if found is None:
        raise BadInput(
            f"没有指标“{asked.measure[:40]}”，或者它没有工单可列。", hint=f"可以写：{'、'.join(DRILLED)}。"
        )
    if asked.dimension not in (TOTAL, *DIMENSIONS):
        raise BadInput(
            f"没有“{asked.dimension[:40]}”这个维度。", hint=f"可以写：{'、'.join((TOTAL, *DIMENSIONS))}。"
        )
    return found


def _given_out(desk: Desk, asked: Question, now: datetime, scope: str | None) -> Mapping[str, Any] | None:
    if asked.version is None:
        return None
    if scope is not None:
        raise NoReport("各单位的报表不定稿，没有第几版。", hint="请去掉 version。")
    return figures.asked(desk, asked.kind, asked.period, now, version=asked.version)


def _until(measure: Measure, period: Period, document: Mapping[str, Any] | None, now: datetime) -> date:
    """The last day that counts: of limits the day before today, as in the report."""
    if measure.code not in OF_LIMITS:
        return period.end
    if document is not None:
        return date.fromisoformat(document["counted_until"])
    return min(period.end, now.astimezone(CHINA).date() - timedelta(days=1))


def _departments(
    asked: Question, scope: str | None, policy: Policy, known: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The departments that bound the figure; None for the whole desk."""
    if scope is None:
        return None
    code = figures.code_of(scope, policy, known)
    if asked.dimension == "department" and asked.key != code:
        raise NotAllowed("只能看本单位的统计。")
    return members("department", code, policy)


def _keys(asked: Question, policy: Policy) -> tuple[str, ...]:
    return () if asked.dimension == TOTAL else members(asked.dimension, asked.key, policy)


def _name(dimension: str, key: str, policy: Policy, known: Mapping[str, str]) -> str:
    """What the row is called in the report; nothing for everything together."""
    if dimension == TOTAL:
        return ""
    rows = fold(dimension, {key: {}}, policy, known)
    return next((row.name for row, _ in rows if row.key == key), key)


def _figure(document: Mapping[str, Any] | None, asked: Question) -> int | None:
    if document is None:
        return None
    rows: Sequence[Mapping[str, Any]] = (document["totals"],)
    if asked.dimension != TOTAL:
        rows = next((each["rows"] for each in document["tables"] if each["dimension"] == asked.dimension), ())
    row = next((row for row in rows if row["key"] == asked.key), None)
    return int(row["counts"].get(asked.measure, 0)) if row else 0


def veiled(desk: Desk, actor: Actor, document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The document without the titles of tickets that have become restricted, or left the asker's sight, since.

    They stay counted, among those that are withheld: a report that was given out is kept as it is, and shown with care.
    """
    seen = sight(actor, desk.packs.active(now).departments)
    with desk.database.reading() as tx:
        lists = {name: _veiled(tx, each, seen) for name, each in document["lists"].items()}
    return {**document, "lists": lists}


def _veiled(tx: Transaction, listed: Mapping[str, Any], seen: Sight) -> dict[str, Any]:
    numbers = [row["number"] for row in listed["rows"]]
    open_to = behind.in_sight(tx, numbers, replace(seen, restricted=False, clues=())) if numbers else set()
    rows = [row for row in listed["rows"] if row["number"] in open_to]
    return {**listed, "rows": rows, "withheld": listed["withheld"] + len(numbers) - len(rows)}
