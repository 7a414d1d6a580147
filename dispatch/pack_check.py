"""Is a pack sound, and what holds in it (规则包检查): faults and failed cases with their place, else the merged view."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dispatch import packs
from dispatch.terminal import table, write
from rules import cases
from rules.errors import PackFault
from rules.measures import MEASURES
from rules.pack_overlaps import overlaps
from rules.pack_view import Value, merged
from rules.policy import Policy, parse

#: What a value is shown by in the table for people, by the first of these cells that is written.
_SHOWN = (
    "amount",
    "name",
    "item",
    "share",
    "after",
    "words",
    "max_days",
    "attempts",
    "level",
    "action",
    "missing",
    "at",
    "windows",
)
_SHORT = 40


def check_pack(name: str) -> dict[str, Any]:
    """What there is to say of a pack (shipped name or folder), as plain JSON.

    `ok` is whether it is sound and does what its cases say; `faults` are those of the pack and of every pack that it
    extends, each with pack, file, line, what is wrong and what to do; `merged` is None while there are faults. What an
    abstract pack lacks stands in `missing`, dispatch rules that can meet in one ticket in `overlaps`; both are no fault.
    Raises PackFault only where there is no pack.
    """
    files = packs.read_folder(name, with_cases=True)
    policy, faults = _parsed(files)
    faults += [each for above in _above(files) for each in _parsed(above)[1] if each not in faults]
    values = merged(files) if policy else ()
    failed = list(_failed(policy, values)) if policy else []
    return {
        "ok": not faults and not failed,
        "pack": policy.name if policy else None,
        "title": policy.title if policy else None,
        "hash": policy.hash if policy else None,
        "chain": list(policy.chain) if policy else list(dict.fromkeys(each.split("/")[0] for each in files)),
        "abstract": policy.abstract if policy else None,
        "missing": list(policy.missing) if policy else [],
        "counts": _counts(policy) if policy else None,
        "faults": faults,
        "failed_cases": failed,
        "overlaps": list(_overlaps(policy, values)) if policy else [],
        "merged": [each.as_dict() for each in values if each.table != "case"] if policy else None,
    }


def _parsed(files: Mapping[str, str]) -> tuple[Policy | None, list[dict[str, Any]]]:
    try:
        policy = parse(files)
    except PackFault as fault:
        return None, list(fault.facts["details"])
    try:
        packs.calendar_of(policy)
    except PackFault as fault:  # only the years themselves tell that a local day contradicts a notice
        mend = "地方放假只写国家通知以外的日子"
        found = {"pack": policy.name, "file": "hours.toml", "line": None, "says": fault.detail, "mend": mend}
        return None, [found]
    return policy, []


def _above(files: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The files without those of the pack itself, then without the next one, and so on: each chain further up."""
    names = list(dict.fromkeys(each.split("/")[0] for each in files))
    for at in range(1, len(names)):
        above = names[at:]
        yield {each: text for each, text in files.items() if each.split("/")[0] in above}


def _failed(policy: Policy, values: tuple[Value, ...]) -> Iterator[dict[str, Any]]:
    places = {each.key: each for each in values if each.table == "case"}
    for case in policy.cases:
        for says in cases.judge(case, policy):
            place = places[case.name]
            mend = "请改规则，或改样例里应得出的结果；想知道原因，用 hotline pack explain"
            yield {"pack": place.pack, "file": place.file, "line": place.line, "says": says, "mend": mend}


def _overlaps(policy: Policy, values: tuple[Value, ...]) -> Iterator[dict[str, Any]]:
    places = [each for each in values if each.table == "rule"]
    for each in overlaps(policy):
        first, second = places[each.first], places[each.second]
        origin = {"pack": second.pack, "file": second.file, "line": second.line}
        yield {
            **origin,
            "rules": [first.key, second.key],
            "says": f"“{first.key}”（{first.place}）与“{second.key}”可能同时符合（{'、'.join(each.shared[:3])}），先写的算数",
        }


def _counts(policy: Policy) -> dict[str, int]:
    named = {
        "承办单位": policy.departments,
        "区域": policy.areas,
        "类别": policy.categories,
        "派单规则": policy.routing,
        "时限": policy.limits,
        "督办阶梯": policy.ladder,
        "接听接访下访": policy.occasions.sessions,
        "意见征集": policy.occasions.campaigns,
        "绿色通道": policy.occasions.lanes,
        "代办员": policy.occasions.agents,
        "预约窗口": policy.occasions.counters,
        "指标": policy.indicators,
        "样例": policy.cases,
    }
    return {word: len(rows) for word, rows in named.items()}


def show_pack(found: Mapping[str, Any]) -> None:
    """Tell people what `check_pack` found: the merged view of a sound pack as a table, then the faults or that there are none."""
    if found["merged"] is not None:
        table(("表", "名称", "值", "出处", "依据"), [row_of(each) for each in found["merged"]])
    write("\n".join(lines(found)))


def lines(found: Mapping[str, Any]) -> list[str]:
    """What `check_pack` found, in lines for people; the merged view is a table apart."""
    wrong = [_line(each) for each in (*found["faults"], *found["failed_cases"])]
    if found["faults"]:
        return [*wrong, f"规则包有 {len(found['faults'])} 处错误，未启用。"]
    counted = "，".join(f"{word} {n}" for word, n in found["counts"].items())
    told = [f"{found['title']}（{found['hash'][:12]}）：{counted}", f"继承：{' ← '.join(found['chain'])}"]
    if found["abstract"]:
        told.append("这个规则包只供继承，不能直接启用；自身还缺：" + "；".join(found["missing"]) + "。")
    assumed = sum(each["assumed"] for each in found["merged"])
    told.append(f"待核实的值 {assumed} 个，启用前请由本地核定。" if assumed else "没有待核实的值。")
    told += [
        f"提醒：{each['pack']}/{each['file']} 第 {each['line']} 行：{each['says']}"
        for each in found["overlaps"]
    ]
    return [*told, *(wrong or ["没有发现错误。"])]


def _line(fault: Mapping[str, Any]) -> str:
    file = f"{fault['pack']}/{fault['file']}" if fault["pack"] else fault["file"]
    place = f"{file} 第 {fault['line']} 行" if fault["line"] else file
    return f"{place}：{fault['says']}" + (f"。{fault['mend']}" if fault["mend"] else "")


def row_of(value: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """A value of the merged view for people: table, name, value, where it stands, source. All of it is in the JSON."""
    origin = value["origin"]
    place = f"{origin['pack']}/{origin['file']}:{origin['line']}"
    replaced = "（替换上级）" if value["replaces"] else ""
    return value["table"] or "pack.toml", value["key"], _short(value), place + replaced, value["clause"] or ""


def _formula(cells: Mapping[str, Any]) -> str:
    """How a rate is made, in Chinese; `pack check` shows only sound packs, so both measures are known."""
    return f"{MEASURES[cells['numerator']].name} ÷ {MEASURES[cells['denominator']].name}"


def _cut(cells: Mapping[str, Any]) -> str:
    """How figures are cut and when they come out."""
    first = "一二三四五六日"[cells["week_starts"] - 1]
    after = f"{cells['publish_after_days']} 天后 {cells['publish_at']} 公布"
    rounding = "四舍五入" if cells["rounding"] == "half_up" else "舍去尾数"
    return f"周{first}起，{after}，{rounding} {cells['digits']} 位"


#: Tables whose rows say more than one cell of them could.
_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "indicator": _formula,
    "reporting": _cut,
    "event_card": lambda cells: f"不超过 {cells['longest']} 字",
}


def _short(value: Mapping[str, Any]) -> str:
    cells = value["value"]
    if cells.get("exempt"):
        return "不设时限"
    if value["table"] in _TOLD:
        return _TOLD[value["table"]](cells)
    key = next((key for key in _SHOWN if key in cells), value["key"])
    cell = cells.get(key, "")
    words = "、".join(map(str, cell)) if isinstance(cell, list) else str(cell)
    told = f"{words} {cells['unit']}" if key in ("amount", "after") and "unit" in cells else words
    return told if len(told) <= _SHORT else told[: _SHORT - 1] + "…"
