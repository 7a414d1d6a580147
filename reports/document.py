"""The report as one document (报表): counts of two periods in, figures with their definitions out, ready to be kept.

A document is plain JSON: it is frozen as it stands, and the writers and pages only lay it out. Numbers are divided
here and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from reports.fold import Folded, fold
from reports.period import Period
from reports.printed import Check, adds_up
from reports.rate import Change, Definition, Rate, Rounding
from rules.measures import MEASURES
from rules.policy import Policy

Counts = Mapping[str, int]
#: Sums by measure, for each dimension and key, as storage gives them.
Sums = Mapping[str, Mapping[str, Mapping[str, int]]]

TITLES = MappingProxyType(
    {"week": "工作周报", "month": "工作月报", "quarter": "季度小结", "year": "年度报告"}
)
DIMENSION_WORDS = MappingProxyType(
    {
        "department": "承办单位",
        "category": "诉求类别",
        "area": "区域",
        "channel": "渠道",
        "type": "诉求类型",
    }
)
#: Counted by the day on which a limit ends: of a day that is not over nobody can say yet what was late.
OF_LIMITS = frozenset(
    (
        "dispatch_due",
        "dispatched_on_time",
        "sign_due",
        "signed_on_time",
        "contact_due",
        "responded",
        "due",
        "on_time",
        "late",
        "in_review",
    )
)
#: Where every ticket of the period went.
WENT = ("direct", "dispatched", "refused", "transferred", "invalid", "waiting")
#: Counts whose change is told in every row.
COMPARED = (
    "received", "contacts", "direct", "dispatched", "closed", "repeated", "assigned", "due", "on_time", "late",
    "returned", "done", "redone", "supervised", "open",
)  # fmt: skip
#: What a row tells of a rate; its definition stands once, under `indicators`.
_BRIEF = ("numerator", "denominator", "percent", "words")
#: By these the departments are ranked, the second where the first is equal.
RANKED_BY = ("on_time_rate", "satisfied_rate")


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one period: sums by dimension and key, and how many tickets were open when it ended."""

    sums: Sums
    open: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, dimension: str) -> dict[str, dict[str, int]]:
        """Counts by key, `open` among them; keys with nothing at all are left out."""
        keys = {**self.sums.get(dimension, {}), **self.open.get(dimension, {})}
        found = {}
        for key in keys:
            counts = dict(self.sums.get(dimension, {}).get(key, {}))
            counts.pop("open_change", None)
            still = self.open.get(dimension, {}).get(key, 0)
            found[key] = {**counts, "open": still} if still else counts
        return {key: counts for key, counts in found.items() if counts}


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is made of. `days` are the counts of each day or month by its name, `lists` come as they are shown.

    `former` names departments that the pack has no more; `department` is the code of the one that is reported on.
    """

    period: Period
    before: Period
    as_of: datetime
    counted_until: date
    now: Counted
    then: Counted
    days: Sequence[tuple[str, Counts]]
    lists: Mapping[str, Any]
    former: Mapping[str, str]
    department: str | None = None


def compose(material: Material, policy: Policy) -> dict[str, Any]:
    """The document of the period under the pack's indicators, not frozen yet (version None)."""
    press = _Press(definitions(policy), material.as_of)
    tables = [_table(name, material, policy, press) for name in DIMENSION_WORDS]
    now, then = material.now.of("all").get("", {}), material.then.of("all").get("", {})
    step = "day" if material.period.kind in ("week", "month") else "month"
    totals = _row(Folded("", "合计"), now, then, press, full=True)
    return {
        **_head(material, policy),
        "measures": [
            {"code": each.code, "name": each.name, "definition": each.definition, "source": each.source}
            for each in MEASURES.values()
            if each.code != "open_change"
        ],
        "indicators": [_told(each) for each in press.definitions],
        "totals": totals,
        "days": [{step: name, "counts": dict(counts)} for name, counts in material.days],
        "tables": tables,
        "lists": dict(material.lists),
        "checks": _checks(totals["counts"], tables, material.department is None),
        "differences": [],
    }


def _head(material: Material, policy: Policy) -> dict[str, Any]:
    """What the document is about, as of when, and how far limits are counted."""
    return {
        "kind": material.period.kind,
        "period": material.period.name,
        "title": f"{policy.region}12345热线{TITLES[material.period.kind]}",
        "region": policy.region,
        "begins": material.period.begin.isoformat(),
        "ends": material.period.end.isoformat(),
        "as_of": material.as_of.isoformat(timespec="seconds"),
        "counted_until": material.counted_until.isoformat(),
        "version": None,
        "frozen": False,
        "pack": policy.hash,
        "department": _department(material, policy),
        "before": {
            "period": material.before.name,
            "begins": material.before.begin.isoformat(),
            "ends": material.before.end.isoformat(),
        },
    }


def _department(material: Material, policy: Policy) -> dict[str, str] | None:
    code = material.department
    if code is None:
        return None
    known = policy.departments.get(code)
    return {"code": code, "name": known.name if known else material.former.get(code, code)}


def definitions(policy: Policy) -> tuple[Definition, ...]:
    """The pack's indicators as reports divide them."""
    return tuple(
        Definition(
            code=each.code,
            name=each.name,
            numerator=each.numerator,
            denominator=each.denominator,
            formula=each.definition,
            source=each.clause,
            rounding=Rounding(each.rounding),
            digits=each.digits,
            good=each.good,
        )
        for each in policy.indicators
    )


def _told(each: Definition) -> dict[str, Any]:
    return {
        "code": each.code,
        "name": each.name,
        "numerator": each.numerator,
        "denominator": each.denominator,
        "definition": each.formula,
        "source": each.source,
        "rounding": each.rounding.value,
        "digits": each.digits,
        "good": each.good,
    }


@dataclass(slots=True)
class _Press:
    """Divides each pair of counts once: hundreds of rows hold the same small numbers."""

    definitions: tuple[Definition, ...]
    as_of: datetime
    rates: dict[tuple[str, int, int], dict[str, Any]] = field(default_factory=dict)
    changes: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)

    def rates_of(self, counts: Counts, full: bool) -> dict[str, Any]:
        """Every indicator of a row; in full with its definition."""
        found = {}
        for each in self.definitions:
            over, under = counts.get(each.numerator, 0), counts.get(each.denominator, 0)
            found[each.code] = self._told(each, over, under) if full else self._brief(each, over, under)
        return found

    def change_of(self, before: int, now: int) -> dict[str, Any]:
        """A count against that of the period before."""
        known = self.changes.get((before, now))
        if known is None:
            known = self.changes[before, now] = Change(before, now).as_dict()
        return known

    def _brief(self, meant: Definition, over: int, under: int) -> dict[str, Any]:
        known = self.rates.get((meant.code, over, under))
        if known is None:
            told = self._told(meant, over, under)
            known = self.rates[meant.code, over, under] = {name: told[name] for name in _BRIEF}
        return known

    def _told(self, meant: Definition, over: int, under: int) -> dict[str, Any]:
        """A rate on the wire; a city may divide counts that are no parts of each other, and that is said, not printed."""
        if over <= under:
            return Rate(meant, over, under, self.as_of).as_dict()
        told = Rate(meant, 0, 0, self.as_of).as_dict()
        words = f"–（{over}/{under}：分子多于分母，不成率）"
        return {**told, "numerator": over, "denominator": under, "words": words}

    def share(self, part: int, whole: int, policy: Policy) -> dict[str, Any]:
        """What part of all that was received a row is (构成比); the denominator is the sum that stands in the report."""
        rounding, digits = Rounding(policy.reporting.rounding), policy.reporting.digits
        words = ("本行受理 ÷ 全部受理", "本系统约定")
        meant = Definition("share", "占比", "received", "received", *words, rounding, digits, "none")
        return self._brief(meant, part, whole)


def _row(folded: Folded, now: Counts, then: Counts, press: _Press, full: bool = False) -> dict[str, Any]:
    compared = sorted({*now, *then}) if full else COMPARED
    return {
        "key": folded.key,
        "name": folded.name,
        "parent": folded.parent,
        "note": folded.note,
        "counts": dict(now),
        "rates": press.rates_of(now, full),
        "before": dict(then),
        "change": {
            name: press.change_of(then.get(name, 0), now.get(name, 0))
            for name in compared
            if name in now or name in then
        },
    }


def _table(dimension: str, material: Material, policy: Policy, press: _Press) -> dict[str, Any]:
    now = fold(dimension, material.now.of(dimension), policy, material.former)
    then = fold(dimension, material.then.of(dimension), policy, material.former)
    counts_then = {each.key: counts for each, counts in then}
    here = {each.key for each, _ in now}
    nothing: dict[str, int] = {}
    gone = [(each, nothing) for each, _ in then if each.key not in here]
    rows = [_row(each, counts, counts_then.get(each.key, {}), press) for each, counts in [*now, *gone]]
    if dimension == "department":
        _rank(rows)
    else:
        whole = material.now.of("all").get("", {}).get("received", 0)
        for row in rows:
            row["share"] = press.share(row["counts"].get("received", 0), whole, policy)
    return {"dimension": dimension, "name": DIMENSION_WORDS[dimension], "rows": rows}


def _rank(rows: Iterable[dict[str, Any]]) -> None:
    """Give each department that had something due its place; equal figures share a place."""

    def figures(row: Mapping[str, Any]) -> tuple[Fraction, ...]:
        rates = [row["rates"].get(code) for code in RANKED_BY]
        return tuple(
            Fraction(each["numerator"], each["denominator"]) if each and each["denominator"] else Fraction(-1)
            for each in rates
        )

    for row in rows:
        row["rank"] = None
    judged = [row for row in rows if row["key"] and row["counts"].get("due", 0)]
    if not all(RANKED_BY[0] in row["rates"] for row in judged):
        return
    judged.sort(key=figures, reverse=True)
    for position, row in enumerate(judged):
        above = judged[position - 1] if position else None
        tied = above is not None and figures(above) == figures(row)
        row["rank"] = above["rank"] if above is not None and tied else position + 1


def _checks(totals: Counts, tables: Sequence[Mapping[str, Any]], whole: bool) -> list[dict[str, Any]]:
    """Sums that must agree; whoever reads the report sees that they do.

    What is open is told apart for the whole desk only; of one department it is one sum.
    """
    words = {code: each.name for code, each in MEASURES.items()}

    def parts_of(whole: str, *codes: str) -> Check:
        name = f"{words[whole]} = {' + '.join(words[code] for code in codes)}"
        return adds_up(name, totals.get(whole, 0), [totals.get(code, 0) for code in codes])

    checks = [
        parts_of("received", *WENT),
        parts_of("received", "valid", "invalid"),
        parts_of("due", "on_time", "late"),
    ]
    for table in tables:
        tops = [row for row in table["rows"] if row["parent"] is None]
        compared = {"received": "受理", "assigned": "交办", "due": "到期应办结"}
        compared |= {"open": "在办"} if whole or table["dimension"] == "department" else {}
        for code, name in compared.items():
            each = [row["counts"].get(code, 0) for row in tops]
            checks.append(adds_up(f"{name} = 各{table['name']}之和", totals.get(code, 0), each))
    return [{**check.as_dict(), "words": check.words} for check in checks]


# --- Corrections ----------------------------------------------------------------------------------------------


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a correction changes: every count that differs between two documents of one period, and where."""
    words = {each["code"]: each["name"] for each in new["measures"]} | {"open": "在办"}
    found = _differing("合计", old["totals"], new["totals"], words)
    for table in new["tables"]:
        before = next((each["rows"] for each in old["tables"] if each["dimension"] == table["dimension"]), ())
        rows = {row["key"]: row for row in before}
        nothing: dict[str, Any] = {"counts": {}}
        for row in table["rows"]:
            found += _differing(f"{table['name']} {row['name']}", rows.pop(row["key"], nothing), row, words)
        for row in rows.values():
            found += _differing(f"{table['name']} {row['name']}", row, nothing, words)
    return found


def _differing(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], words: Mapping[str, str]
) -> list[dict[str, Any]]:
    names = sorted({*old["counts"], *new["counts"]})
    return [
        {
            "where": where,
            "what": words.get(name, name),
            "before": old["counts"].get(name, 0),
            "after": new["counts"].get(name, 0),
        }
        for name in names
        if old["counts"].get(name, 0) != new["counts"].get(name, 0)
    ]
