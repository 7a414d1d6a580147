"""What a pack makes of one ticket, and why not otherwise (规则包说明): by the very code that live triage runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from classifier.model import Suggestion
from dispatch import packs, triage
from dispatch.receive import masked_place
from dispatch.terminal import table, write
from intake.request import Request, build
from intake.times import parse_time
from rules.accept import emergency, refusal
from rules.clocks import KIND_WORDS
from rules.errors import BadInput
from rules.matching import RoutingFacts, why_not
from rules.occasions import occasion_of
from rules.pack_records import plain
from rules.pack_view import Value, merged
from rules.policy import Policy, parse
from rules.routing import first_rule
from rules.terms import CHINA, ClockKind, Decision, Facts, Stage, TicketType, Urgency

#: The keys of `POST /api/tickets`, and what an operator or the model may add.
KEYS = (
    "channel", "text", "title", "type", "urgency", "caller", "place", "occurred_at", "external_id",
    "occasion", "enterprise", "proxy", "appointment",
    "received_at", "category", "labels", "abstain",
)  # fmt: skip
_ADDED = ("received_at", "category", "labels", "abstain")


def explain_file(name: str, file: Path, now: datetime) -> dict[str, Any]:
    """`explain` for a pack by name or folder and a ticket in a JSON file.

    Raises PackFault, BadInput for what is no ticket, OSError where the file cannot be read.
    """
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise BadInput(
            f"{file.name} 不是 UTF-8 的 JSON。", '请写成 {"text": "…"} 这样的一个对象。'
        ) from fault
    if not isinstance(raw, dict):
        raise BadInput(f"{file.name} 里应是一个 JSON 对象。", '请写成 {"text": "…"} 这样的一个对象。')
    return explain(packs.read_folder(name), raw, now)


def explain(files: Mapping[str, str], raw: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Which rule fires for a ticket and why no earlier one, its limits, and what its words call for; plain JSON.

    `raw` has the keys of `POST /api/tickets` and, if wanted, `received_at`, `category` (code or name, sure),
    `labels` ([[department, probability], …]) and `abstain`, as a model would say them. `now` (aware) stands where no
    `received_at` is given. Nothing is read or written but the files. Raises PackFault and BadInput.
    """
    _known(raw)
    policy, values = parse(files), merged(files)
    at = (parse_time(raw["received_at"])[0] if raw.get("received_at") else now).astimezone(CHINA)
    words = {word: each.code for each in policy.channels.values() for word in (each.name, *each.words)}
    own = {key: cell for key, cell in raw.items() if key not in _ADDED}
    asked = build(own, at, channel_words=words, occasions=policy.occasions)
    judged = triage.judge(_ticket(asked, policy, at), _facts(asked, at), _said(raw, policy), policy, at)
    seen = judged.routing
    raised = Urgency(judged.decision.details.get("urgency", asked.urgency))
    return {
        "pack": policy.name,
        "hash": policy.hash,
        "at": at.isoformat(),
        "seen": {"category": seen.category, "areas": list(seen.areas), "model": seen.model is not None},
        "emergency": _emergency(asked, policy, values),
        "refusal": _refusal(asked, policy, values),
        "decision": _decision(judged.decision, policy, values, seen, at),
        "passed_over": list(_passed_over(seen, policy, values, at)),
        "limits": list(_limits(asked.type, raised, policy, values)),
    }


def _known(raw: Mapping[str, Any]) -> None:
    strange = [key for key in raw if key not in KEYS]
    if strange:
        raise BadInput(f"工单里有不认识的字段：{'、'.join(strange)}。", f"可以写：{'、'.join(KEYS)}")


def _ticket(asked: Request, policy: Policy, at: datetime) -> dict[str, Any]:
    occasion = occasion_of(asked.occasion, asked.channel, at, policy)
    return {
        "occasion": asked.appointment.counter if asked.appointment else occasion,
        "enterprise": asked.enterprise,
        "text": asked.masked_text,
        "title": asked.title,
        "type": asked.type.value,
        "urgency": asked.urgency.value,
        "channel": asked.channel,
        "place": masked_place(asked),
    }


def _facts(asked: Request, at: datetime) -> Facts:
    return Facts(
        number="",
        stage=Stage.RECEIVED,
        type=asked.type,
        urgency=asked.urgency,
        channel=asked.channel,
        received_at=at,
    )


def _said(raw: Mapping[str, Any], policy: Policy) -> Suggestion | None:
    """What a model would have said; None where the ticket tells of none."""
    given, category = raw.get("labels"), raw.get("category")
    if given is None and category is None and "abstain" not in raw:
        return None
    labels = _labels(given) if given is not None else ()
    model = "given" if labels or raw.get("abstain") else ""
    sure = ((_category(category, policy), 1.0),) if category is not None else ()
    return Suggestion(labels, sure, bool(raw.get("abstain", False)), (), model)


def _labels(given: object) -> tuple[tuple[str, float], ...]:
    pairs: list[Any] = given if isinstance(given, list) else [None]
    if not all(
        isinstance(each, list)
        and len(each) == 2
        and isinstance(each[0], str)
        and type(each[1]) in (int, float)
        and 0 <= each[1] <= 1
        for each in pairs
    ):
        raise BadInput("labels 要写成单位和把握的列表。", '例如 [["城管局", 0.93], ["公安局", 0.04]]')
    return tuple((label, float(p)) for label, p in pairs)


def _category(given: object, policy: Policy) -> str:
    found = next(
        (
            code
            for code, each in policy.categories.items()
            if isinstance(given, str) and plain(given) in (code, plain(each.name))
        ),
        None,
    )
    if found is None:
        raise BadInput(f"规则包里没有类别“{given}”。", "请写 catalogue.toml 里的 code 或 name。")
    return found


def _origin(value: Value | None) -> dict[str, Any] | None:
    return {"pack": value.pack, "file": value.file, "line": value.line} if value else None


def _of_table(values: Sequence[Value], table: str) -> list[Value]:
    return [each for each in values if each.table == table]


def _emergency(asked: Request, policy: Policy, values: Sequence[Value]) -> dict[str, Any] | None:
    said = f"{asked.given_title or ''}\n{asked.text}"
    for rule, value in zip(policy.emergencies, _of_table(values, "emergency"), strict=True):
        danger = emergency(said, (rule,))
        if danger is not None:
            told = {"line": danger.line, "words": list(danger.words), "because": danger.because}
            return {**told, "clause": danger.clause, "origin": _origin(value)}
    return None


def _refusal(asked: Request, policy: Policy, values: Sequence[Value]) -> dict[str, Any] | None:
    found = refusal(asked.masked_text, policy.refusals)
    if found is None:
        return None
    value = next(each for each in _of_table(values, "refusal") if each.key == found.code)
    told = {"code": found.code, "name": found.name, "legal_path": found.legal_path}
    return {**told, "clause": found.clause, "origin": _origin(value)}


def _decision(
    decision: Decision, policy: Policy, values: Sequence[Value], seen: RoutingFacts, at: datetime
) -> dict[str, Any]:
    named = {code: each.name for code, each in policy.departments.items()}
    fired = first_rule(seen, policy, at)
    value = _of_effect(decision.rule, values)
    if fired is not None and fired.id == decision.rule:
        value = _of_table(values, "rule")[policy.routing.index(fired)]
    done = decision.details.get("effects", [])
    return {
        "what": str(decision.what),
        "rule": decision.rule,
        "because": decision.because,
        "clause": decision.clause or None,
        "department": decision.department,
        "department_name": named.get(decision.department or ""),
        "assists": list(decision.assists),
        "proposal": decision.details.get("proposal", []),
        "words": decision.details.get("words", []),
        "effects": [{**each, "origin": _origin(_of_effect(each["rule"], values))} for each in done],
        "raised": decision.details.get("urgency"),
        "copy_to": decision.details.get("copy_to", []),
        "answer": decision.details.get("answer"),
        "origin": _origin(value),
    }


def _of_effect(rule: str, values: Sequence[Value]) -> Value | None:
    """The row of occasions.toml that an effect names, as in "lane.enterprise"."""
    table_name, _, code = rule.partition(".")
    return next((each for each in _of_table(values, table_name) if code and each.key == code), None)


def _passed_over(
    seen: RoutingFacts, policy: Policy, values: Sequence[Value], at: datetime
) -> Iterator[dict[str, Any]]:
    """The rules before the one that fires, each with the first condition that did not hold; all where none fires."""
    for rule, value in zip(policy.routing, _of_table(values, "rule"), strict=True):
        why = why_not(rule, seen, policy, at)
        if why is None:
            return
        yield {"rule": rule.id, "name": rule.name, "why": why, "origin": _origin(value)}


def _limits(
    kind_of_ticket: TicketType, urgency: Urgency, policy: Policy, values: Sequence[Value]
) -> Iterator[dict[str, Any]]:
    places = {each.key: each for each in _of_table(values, "limit")}
    for kind in ClockKind:
        for occasion in ("", "redo", "conferring"):
            limit = policy.limit(kind, kind_of_ticket, urgency, occasion)
            if limit is None or (occasion and limit == policy.limit(kind, kind_of_ticket, urgency)):
                continue
            yield {
                "clock": kind.value,
                "occasion": occasion or None,
                "limit": limit.rule,
                "amount": limit.budget.amount,
                "unit": limit.budget.unit.value,
                "clause": limit.clause,
                "origin": _origin(places[limit.rule]),
            }


def show_explained(found: Mapping[str, Any]) -> None:
    """Tell people what `explain` found."""
    write("\n".join(lines(found)))
    if found["passed_over"]:
        write("前面没有用上的规则：")
        table(("规则", "名称", "为什么", "出处"), rule_rows(found))
    table(("时限", "数量", "依据", "出处"), limit_rows(found))


def lines(found: Mapping[str, Any]) -> list[str]:
    """What `explain` found, in lines for people; the rules passed over and the limits are tables apart."""
    danger, ground, decided = found["emergency"], found["refusal"], found["decision"]
    told = []
    if danger:
        told.append(f"紧急：{danger['because']}依据：{danger['clause']}（{_place(danger['origin'])}）")
        told.append("受理时就转接，不再派单；下面是假如不转接会怎样派。")
    if ground:
        told.append(f"可能不予受理：{ground['name']}。{ground['legal_path']}（{_place(ground['origin'])}）")
    told.append(f"结果：{decided['because']}")
    source = decided["clause"] or ("模型的判断" if decided["rule"] == "model" else "没有用上派单规则")
    told.append(
        f"规则：{decided['rule']}，{source}"
        + (f"（{_place(decided['origin'])}）" if decided["origin"] else "")
    )
    told += [
        f"联系方式：{each['because']}{each['clause']}（{_place(each['origin'])}）"
        for each in decided["effects"]
    ]
    told.append(
        f"看到的：类别 {found['seen']['category'] or '无'}，区域 {'、'.join(found['seen']['areas']) or '无'}"
    )
    return told


def _place(origin: Mapping[str, Any]) -> str:
    return f"{origin['pack']}/{origin['file']} 第 {origin['line']} 行"


def rule_rows(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The rules passed over, for people: id, name, why not, where."""
    return [
        (each["rule"], each["name"], each["why"], _place(each["origin"])) for each in found["passed_over"]
    ]


def limit_rows(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The limits, for people: clock, limit, source, where."""
    occasions = {"redo": "（重办）", "conferring": "（会商）", None: ""}
    return [
        (
            KIND_WORDS[ClockKind(each["clock"])] + occasions[each["occasion"]],
            f"{each['amount']:g} {each['unit']}",
            each["clause"],
            _place(each["origin"]),
        )
        for each in found["limits"]
    ]
