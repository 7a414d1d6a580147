"""Invented report documents (编造的报表): a rich week, an empty one, one ticket, a corrected version, a year, a megacity."""

import json
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from tests.reports.invented import (
    AS_OF,
    CATEGORIES,
    CHANNELS,
    DEPARTMENTS,
    HOSTILE,
    INDICATORS,
    LONG,
    MEANS,
    MEASURES,
    TOWNS,
    TYPES,
)

Json = dict[str, Any]


def rate(code: str, counts: Json, rounding: str = "half_up") -> Json:
    """What `rate.as_dict()` gives."""
    _, name, over, under = next(each for each in INDICATORS if each[0] == code)
    n, d = counts.get(over, 0), counts.get(under, 0)
    way = ROUND_HALF_UP if rounding == "half_up" else ROUND_DOWN
    value = str((Decimal(100 * n) / Decimal(d)).quantize(Decimal("0.01"), way)) if d else None
    return {
        "code": code,
        "name": name,
        "numerator": n,
        "denominator": d,
        "percent": value,
        "words": f"{value}%（{n}/{d}）" if d else "–",
        "definition": f"{MEASURES[over]} ÷ {MEASURES[under]}",
        "source": "本系统约定",
        "rounding": rounding,
        "digits": 2,
        "as_of": AS_OF,
    }


def change(before: int, now: int) -> Json:
    """What `change.as_dict()` gives."""
    difference = now - before
    value = str((Decimal(100 * difference) / Decimal(before)).quantize(Decimal("0.01"))) if before else None
    words = f"{Decimal(value):+}%（{difference:+}）" if value else f"–（上期为{before}）"
    return {"before": before, "now": now, "difference": difference, "percent": value, "words": words}


def counted(n: int, seed: int = 0) -> Json:
    """Counts that agree with each other, for about `n` tickets."""
    due = n - n // 7
    late = (due * (seed % 5)) // 60 + (seed % 11 == 3 and due > 0)
    known = n * 2 // 3
    made = {
        "contacts": n + n // 9,
        "received": n,
        "joined": n // 9,
        "valid": n - n // 30,
        "invalid": n // 30,
        "direct": n // 4,
        "dispatched": n - n // 4 - n // 30 - n // 40,
        "refused": n // 40,
        "repeated": n // 12,
        "closed": n - n // 5,
        "dispatch_due": n - n // 4,
        "dispatched_on_time": n - n // 4 - n // 50,
        "assigned": n,
        "first_assigned": n,
        "first_right": n - n // 11,
        "contact_due": n,
        "responded": n - n // 17 - seed % 2 * (n > 3),
        "due": due,
        "on_time": due - late,
        "late": late,
        "in_review": n // 25,
        "returned": n // 14,
        "extended": n // 20,
        "done": n - n // 6,
        "redone": n // 33,
        "solved_known": known,
        "solved": known - known // 13,
        "satisfied_known": known,
        "satisfied": known - known // 9 - (seed % 4 == 1 and known > 2),
        "urged": n // 10,
        "supervised": n // 60,
        "open": n // 6 + seed % 3,
    }
    return {code: int(value) for code, value in made.items() if value}


def row(key: str, name: str, n: int, seed: int, parent: str | None = None) -> Json:
    """A row of a table, with the period before."""
    counts, before = counted(n, seed), counted(max(0, n + seed % 7 - 3), seed + 1)
    return {
        "key": key,
        "name": name,
        "parent": parent,
        "note": "",
        "rank": None,
        "counts": counts,
        "rates": {code: rate(code, counts) for code, *_ in INDICATORS},
        "before": before,
        "change": {code: change(before.get(code, 0), counts.get(code, 0)) for code in MEASURES},
    }


def ranked(rows: list[Json]) -> list[Json]:
    """Ranks by on-time rate and then satisfaction, among rows with something due; equal figures share a rank."""

    def merit(each: Json) -> tuple[Decimal, Decimal]:
        rates = each["rates"]
        return tuple(Decimal(rates[c]["percent"] or 0) for c in ("on_time_rate", "satisfied_rate"))

    for each in rows:
        if each["counts"].get("due"):
            better = sum(r["counts"].get("due", 0) > 0 and merit(r) > merit(each) for r in rows)
            each["rank"] = better + 1
    return rows


def spread(total: int, parts: int) -> list[int]:
    """`total` over `parts`, the first ones much larger, adding up."""
    weights = [1 / (n + 1.5) for n in range(parts)]
    given = [int(total * each / sum(weights)) for each in weights]
    given[0] += total - sum(given)
    return given


def tables(n: int, departments: list[str]) -> list[Json]:
    """The five tables for `n` tickets."""
    held = [
        row(f"d{k}", name, m, k)
        for k, (name, m) in enumerate(zip(departments, spread(n, len(departments)), strict=True))
    ]
    held.append(row("", "热线中心", 0, 0))
    leaves, tree = iter(spread(n, sum(len(each.split()) for each in CATEGORIES.values()))), []
    for k, (parent, below) in enumerate(CATEGORIES.items()):
        under = [row(f"c{k}_{j}", name, next(leaves), k + j, f"c{k}") for j, name in enumerate(below.split())]
        tree += [row(f"c{k}", parent, sum(each["counts"].get("received", 0) for each in under), k), *under]
    named = {"area": TOWNS, "channel": CHANNELS, "type": TYPES}
    flat = {
        dimension: [
            row(f"{dimension}{k}", name, m, k)
            for k, (name, m) in enumerate(zip(names.split(), spread(n, len(names.split())), strict=True))
        ]
        for dimension, names in named.items()
    }
    kinds = [("department", "承办单位", ranked(held)), ("category", "诉求类别", tree)]
    kinds += [
        ("area", "区域", flat["area"]),
        ("channel", "渠道", flat["channel"]),
        ("type", "诉求类型", flat["type"]),
    ]
    return [{"dimension": code, "name": name, "rows": rows} for code, name, rows in kinds]


def lists(departments: list[str]) -> Json:
    """Lists of tickets with hostile and long words in them."""
    titles = [
        "葭砚桥头路灯不亮",
        HOSTILE,
        LONG,
        "+86 来电反映鹿笺镇自来水浑浊",
        "@所有人 垃圾站清运不及时",
        "-1 楼车库积水",
    ]
    ticket = [
        {
            "number": f"MY2611{n + 16}000{n + 1}",
            "title": title,
            "department": f"d{n}",
            "department_name": departments[n % len(departments)],
        }
        for n, title in enumerate(titles)
    ]
    overdue = [
        {
            **t,
            "due_at": f"2026-11-{16 + n}T17:30:00+08:00",
            "overdue": f"超期 {5 - n} 个工作日" if n < 5 else "超期 3 小时",
            "stage": "办理中",
        }
        for n, t in enumerate(ticket)
    ]
    hot = [{**t, "callers": 12 - n, "place": "听橹社区"} for n, t in enumerate(ticket[:3])]
    watched = [
        {**t, "level": n + 1, "at": "2026-11-18T09:12:00+08:00", "stage": "办理中"}
        for n, t in enumerate(ticket[:2])
    ]
    return {
        "overdue": {"total": len(overdue) + 1, "withheld": 1, "rows": overdue},
        "hot": {"total": 3, "withheld": 0, "rows": hot},
        "supervised": {"total": 2, "withheld": 0, "rows": watched},
        "no_reply": {"total": 0, "withheld": 0, "rows": []},
    }


def summed(rows: list[Json]) -> Json:
    """The totals of the rows of one dimension."""
    made = row("", "合计", 0, 0)
    for part in ("counts", "before"):
        made[part] = {
            code: sum(each[part].get(code, 0) for each in rows) for code in (*MEASURES, "open", "joined")
        }
    made["rates"] = {code: rate(code, made["counts"]) for code, *_ in INDICATORS}
    made["change"] = {code: change(made["before"][code], n) for code, n in made["counts"].items()}
    return made


def check(name: str, left: int, right: int) -> Json:
    """A sum that must agree."""
    return {"name": name, "left": left, "right": right, "ok": left == right}


def dictionary() -> Json:
    """The measures and indicators of the document."""
    return {
        "measures": [
            {"code": code, "name": name, "definition": MEANS.format(name), "source": "本系统约定"}
            for code, name in MEASURES.items()
        ],
        "indicators": [
            {
                "code": code,
                "name": name,
                "numerator": over,
                "denominator": under,
                "definition": f"{MEASURES[under]}中{MEASURES[over]}的占比。",
                "source": "本系统约定",
                "rounding": "half_up",
                "digits": 2,
                "good": "high",
            }
            for code, name, over, under in INDICATORS
        ],
    }


def document(n: int, days: list[Json], departments: list[str], **more: Any) -> Json:
    """A whole document for `n` tickets; `more` overrides its parts."""
    dimensions = tables(n, departments)
    totals = summed(dimensions[0]["rows"])
    counts = totals["counts"]
    counts["waiting"] = counts["received"] - sum(
        counts[c] for c in ("direct", "dispatched", "refused", "invalid")
    )
    parts = sum(
        counts[each] for each in ("direct", "dispatched", "refused", "transferred", "invalid", "waiting")
    )
    made = {
        "kind": "week",
        "period": "2026-W47",
        "title": "墨榆县（虚构）12345热线工作周报",
        "region": "墨榆县",
        "begins": "2026-11-16",
        "ends": "2026-11-22",
        "as_of": AS_OF,
        "counted_until": "2026-11-22",
        "version": 1,
        "frozen": True,
        "pack": "9f2c41d07ab35e18",
        "department": None,
        **dictionary(),
        "before": {"period": "2026-W46", "begins": "2026-11-09", "ends": "2026-11-15"},
        "totals": totals,
        "days": days,
        "tables": dimensions,
        "lists": lists(departments),
        "checks": [
            check("受理 = 直接答复 + 派单 + 不予受理 + 转紧急 + 无效 + 未派", counts["received"], parts),
            check("到期应办结 = 按时办结 + 超期", counts["due"], counts["on_time"] + counts["late"]),
        ],
    }
    return json.loads(json.dumps({**made, **more}, ensure_ascii=False))


def county() -> list[str]:
    """The 47 invented departments."""
    return [f"墨榆县{name}" for name in DEPARTMENTS.split()] + [
        f"{town}{'办事处' if town.endswith('道') else '人民政府'}" for town in TOWNS.split()
    ]


def week(n: int = 412, **more: Any) -> Json:
    """A rich week of 47 departments."""
    first = date(2026, 11, 16)
    days = [
        {"day": str(first + timedelta(days=k)), "counts": counted(m, k)}
        for k, m in enumerate(spread(n, 7)[i] for i in (1, 0, 2, 3, 4, 6, 5))
    ]
    return document(n, days, county(), **more)


def empty() -> Json:
    """A week in which nothing happened."""
    nothing = {
        code: {"total": 0, "withheld": 0, "rows": []} for code in ("overdue", "hot", "supervised", "no_reply")
    }
    made = week(0, lists=nothing)
    for table in made["tables"]:
        table["rows"] = []
    for each in (made["totals"], *made["days"]):
        each["counts"] = {}
    made["totals"]["before"] = {}
    made["totals"]["change"] = {code: change(0, 0) for code in MEASURES}
    made["totals"]["rates"] = {code: rate(code, {}) for code, *_ in INDICATORS}
    made["checks"] = [check("受理 = 直接答复 + 派单", 0, 0)]
    return made


def single() -> Json:
    """One ticket, received and done, in an unfinished week without one before."""
    made = empty()
    made |= {
        "frozen": False,
        "before": None,
        "counted_until": "2026-11-18",
        "as_of": "2026-11-19T15:20:00+08:00",
    }
    counts = dict.fromkeys(
        ("contacts", "received", "valid", "dispatched", "assigned", "done", "due", "on_time"), 1
    )
    made["totals"] = {**row("", "合计", 0, 0), "counts": counts, "before": None, "change": {}}
    made["totals"]["rates"] = {code: rate(code, counts) for code, *_ in INDICATORS}
    made["days"][1]["counts"] = counts
    for table, name in zip(
        made["tables"], ("墨榆县城市管理局", "占道经营", "桐鲤街道", "电话", "投诉"), strict=True
    ):
        table["rows"] = [
            {
                **made["totals"],
                "key": "x",
                "name": name,
                "rank": 1 if table["dimension"] == "department" else None,
            }
        ]
    return made


def corrected() -> Json:
    """Version 2 of the rich week."""
    told = [
        {"where": "承办单位 墨榆县城市管理局", "what": "按时办结", "before": 5, "after": 6},
        {"where": "合计", "what": "按时办结率", "before": "98.01%（345/352）", "after": "98.30%（346/352）"},
    ]
    return week(version=2, differences=told)


def year() -> Json:
    """A year with its months, truncated rates and one check that does not agree."""
    months = [{"month": f"2026-{k:02}", "counts": counted(1600 + k * 37 % 210, k)} for k in range(1, 13)]
    made = document(
        20412, months, county(), kind="year", period="2026", title="墨榆县（虚构）12345热线年度考核"
    )
    made |= {
        "begins": "2026-01-01",
        "ends": "2026-12-31",
        "counted_until": "2026-12-31",
        "as_of": "2027-01-04T08:00:00+08:00",
    }
    made["before"] = {"period": "2025", "begins": "2025-01-01", "ends": "2025-12-31"}
    made["checks"].append(check("来件 = 受理 + 并入来件", 22680, 22679))
    return made


def month() -> Json:
    """A month by days."""
    days = [{"day": f"2026-11-{k:02}", "counts": counted(40 + k * 13 % 31, k)} for k in range(1, 31)]
    made = document(
        1690, days, county(), kind="month", period="2026-11", title="墨榆县（虚构）12345热线工作月报"
    )
    made |= {
        "begins": "2026-11-01",
        "ends": "2026-11-30",
        "counted_until": "2026-11-30",
        "as_of": "2026-12-01T08:00:00+08:00",
    }
    made["before"] = {"period": "2026-10", "begins": "2026-10-01", "ends": "2026-10-31"}
    return made


def megacity() -> Json:
    """A week of 400 departments, some with names that are far too long."""
    names = [f"墨榆市第{k}街道办事处" for k in range(397)]
    names += [
        "墨榆市人民政府驻梭云乡农村饮用水安全巩固提升工程联合指挥部办公室（临时机构）" * 2,
        "=1+1",
        "<b>局</b>",
    ]
    return document(490000, week()["days"], names)
