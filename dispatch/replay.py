"""What another pack would have made of past tickets (重算): the live code over frozen facts, writing nothing.

The words of a ticket, what the model said of it and all that happened are as they were stored; the pack alone is another.
So a difference comes from the pack, and the same pack gives none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from classifier.model import Suggestion
from dispatch import packs, triage
from dispatch.desk import Desk
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import history, past
from dispatch.storage.tables import Ticket
from dispatch.terminal import table, write
from intake.times import parse_time
from rules import clocks
from rules.accept import emergency
from rules.clocks import KIND_WORDS, WHOLE, ClockPlan
from rules.errors import BadInput
from rules.lifecycle import STAGES
from rules.policy import Policy, parse
from rules.sorting import card_of
from rules.terms import CHINA, Act, ClockKind, Facts, Happened, Happening, Stage
from rules.worktime import Calendar

PAGE = 500
SAMPLES = 20
_KINDS_OF_CHANGE = ("same", "earlier", "later", "added", "removed")


@dataclass(frozen=True, slots=True)
class Fate:
    """Where triage sends a ticket, and by which rule."""

    stage: str
    department: str | None
    rule: str

    def as_dict(self) -> dict[str, str | None]:
        """Plain JSON."""
        return {"stage": self.stage, "department": self.department, "rule": self.rule}


@dataclass(slots=True)
class _Found:
    """The differences, counted."""

    tickets: int = 0
    judged: int = 0
    numbers: list[str] = field(default_factory=list)
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    departments: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    rules: int = 0
    timed: int = 0
    by_clock: dict[str, Counter[str]] = field(default_factory=dict)
    late: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)


def span(since: str, until: str) -> tuple[datetime, datetime]:
    """From the first instant of `since` up to the end of `until`; a bare date counts as a whole day. Raises BadInput."""
    begin = parse_time(since)[0]
    end, timed = parse_time(until)
    end += timedelta(0) if timed else timedelta(days=1)
    if begin >= end:
        raise BadInput("起止日期颠倒了：--from 要早于 --to。", "例如 --from 2026-11-09 --to 2026-11-15")
    return begin, end


def replay(desk: Desk, pack: str, between: tuple[datetime, datetime]) -> dict[str, Any]:
    """What would differ under `pack` (name or folder) for the tickets received `between` two aware instants.

    Counts by stage, department and clock, the numbers of all tickets that differ, and some of them in full. Of a pack
    that is only there to be extended the deadlines alone are compared: it has no departments to send anything to.
    The events are those that happened: where a ticket would go elsewhere, its deadlines are still told for the way
    that it took. Everything is read in one transaction that is never committed. Raises PackFault and what storage
    raises.
    """
    policy = parse(packs.read_folder(pack))
    calendar = packs.calendar_of(policy)
    found = _Found()
    with desk.database.reading() as tx:
        for page in past.pages(tx, *between, PAGE):
            numbers = [each.number for each in page]
            decided = past.decisions(tx, numbers, (Act.TRIAGE.value, Act.TRANSFER.value))
            promised, events = stored_clocks.read_all(tx, numbers), history.read_all(tx, numbers)
            earlier = {each.pack: desk.packs.of(each.pack, tx)[0] for each in page}
            for ticket in page:
                facts = stored_facts.of_rows(ticket, (), events[ticket.number])
                before, after = _fates(
                    ticket, facts, decided.get(ticket.number), earlier[ticket.pack], policy
                )
                timing = _timing(promised[ticket.number], clocks.plan(facts, policy, calendar), found)
                _note(found, ticket.number, before, after, timing)
    return _told(found, policy, calendar, between)


def _fates(
    ticket: Ticket, facts: Facts, decided: Mapping[str, Any] | None, old: Policy, new: Policy
) -> tuple[Fate | None, Fate | None]:
    """Where the ticket went and would go; None twice where triage never saw it, or the pack cannot send it anywhere."""
    if decided is None or new.abstract or decided["rule"] == "triage_failed":
        return None, None
    before = Fate(decided["what"], decided["department"], decided["rule"])
    said = _masked_words(ticket)
    was, would = (emergency(said, each.emergencies) is not None for each in (old, new))
    transferred = decided["act"] == Act.TRANSFER.value
    if would and (transferred or not was):
        return before, Fate(Stage.TRANSFERRED.value, None, "emergency")
    if transferred and (would or not was):  # the words that spoke were masked: nothing to compare
        return before, before
    frozen = None if transferred else _said(decided["facts"])
    received = replace(facts, stage=Stage.RECEIVED, happenings=_known_then(facts, decided["at"]))
    card = decided["facts"].get("card")
    known = [card_of(card)] if card else []
    judged = triage.judge(ticket.model_dump(), received, frozen, new, decided["at"].astimezone(CHINA), known)
    return before, Fate(str(judged.decision.what), judged.decision.department, judged.decision.rule)


def _known_then(facts: Facts, at: datetime) -> tuple[Happening, ...]:
    """What had happened when it was decided; of the same instant only what asked for the decision."""
    asked = (Happened.RECEIVED, Happened.SUPPLEMENTED)
    return tuple(each for each in facts.happenings if each.at < at or (each.at == at and each.kind in asked))


def _masked_words(ticket: Ticket) -> str:
    """What the emergency words are looked for in; a title that is only the beginning of the text is left out."""
    beginning = ticket.text.replace("\n", " ").startswith(ticket.title.rstrip("…"))
    return ticket.text if beginning else f"{ticket.title}\n{ticket.text}"


def _said(facts: Mapping[str, Any]) -> Suggestion | None:
    """What the model had said, as it was kept with the decision; None where there was no model."""
    if not facts.get("model"):
        return None
    category = facts.get("category")
    ranked = facts.get("categories") or ([[category, 1.0]] if category else [])
    return Suggestion(
        labels=tuple((label, p) for label, p in facts["labels"]),
        categories=tuple((code, p) for code, p in ranked),
        abstain=facts["abstain"],
        spoke=(),
        model=facts["model"],
    )


def _timing(
    promised: Iterable[Mapping[str, Any]], planned: Iterable[ClockPlan], found: _Found
) -> list[dict[str, Any]]:
    """The deadlines that differ, each clock and generation compared; what is late on either side is counted.

    A ticket to which nothing was promised (transferred at once, or not triaged yet) has nothing to compare; legs are
    left out, as they move with the ticket's own limit and would count it twice.
    """
    held = {
        (each["kind"], each["scope"], each["generation"]): each for each in promised if each["scope"] == WHOLE
    }
    wanted = {(each.kind.value, each.scope, each.generation): each for each in planned if each.scope == WHOLE}
    changed: list[dict[str, Any]] = []
    if not held:
        return changed
    for key in sorted(held.keys() | wanted.keys()):
        old, new = held.get(key), wanted.get(key)
        before, after = (old["due_at"] if old else None), (new.due_at if new else None)
        found.by_clock.setdefault(key[0], Counter())[_compared(before, after)] += 1
        _count_late(found, key[0], old, new)
        if before != after:
            shown = {"clock": key[0], "scope": key[1], "generation": key[2]}
            changed.append({**shown, "before": _shown(before), "after": _shown(after)})
    return changed


def _compared(before: datetime | None, after: datetime | None) -> str:
    if before == after:
        return "same"
    if before is None or after is None:
        return "added" if before is None else "removed"
    return "earlier" if after < before else "later"


def _count_late(found: _Found, kind: str, old: Mapping[str, Any] | None, new: ClockPlan | None) -> None:
    """Handling that has ended: by the old deadline, and by the new one; what is still open is not judged."""
    if kind != ClockKind.HANDLE.value:
        return
    if old and old["state"] == "met" and old["due_at"] and old["stopped_at"] > old["due_at"]:
        found.late["before"] += 1
    if new and new.state == "met" and new.due_at and new.stopped_at and new.stopped_at > new.due_at:
        found.late["after"] += 1


def _shown(at: datetime | None) -> str | None:
    return at.astimezone(CHINA).isoformat() if at else None


def _note(
    found: _Found, number: str, before: Fate | None, after: Fate | None, timing: list[dict[str, Any]]
) -> None:
    found.tickets += 1
    found.judged += before is not None
    found.timed += bool(timing)
    if before and after:
        found.stages[before.stage, after.stage] += before.stage != after.stage
        found.departments[before.department, after.department] += before.department != after.department
        found.rules += before.rule != after.rule
    pairs = ((before.stage, before.department), (after.stage, after.department)) if before and after else None
    moved = pairs is not None and pairs[0] != pairs[1]
    if not (moved or timing):
        return
    found.numbers.append(number)
    if len(found.samples) < SAMPLES:
        sides = {"before": before.as_dict(), "after": after.as_dict()} if before and after else {}
        found.samples.append({"number": number, "before": None, "after": None, **sides, "deadlines": timing})


def _told(
    found: _Found, policy: Policy, calendar: Calendar, between: tuple[datetime, datetime]
) -> dict[str, Any]:
    clock_counts = {
        kind: {word: counted[word] for word in _KINDS_OF_CHANGE}
        for kind, counted in sorted(found.by_clock.items())
    }
    changed = sum(n for counted in found.by_clock.values() for word, n in counted.items() if word != "same")
    return {
        "pack": {
            "name": policy.name,
            "title": policy.title,
            "hash": policy.hash,
            "calendar": calendar.version,
        },
        "from": between[0].astimezone(CHINA).isoformat(),
        "to": between[1].astimezone(CHINA).isoformat(),
        "compared": ["deadlines"] if policy.abstract else ["stage", "department", "deadlines"],
        "tickets": found.tickets,
        "judged": found.judged,
        "changed": len(found.numbers),
        "stage": None if policy.abstract else _moves(found.stages),
        "department": None if policy.abstract else _moves(found.departments),
        "rule_changed": None if policy.abstract else found.rules,
        "deadlines": {"changed": changed, "tickets": found.timed, "by_clock": clock_counts},
        "late_handling": {"before": found.late["before"], "after": found.late["after"]},
        "changed_numbers": found.numbers,
        "samples": found.samples,
    }


def _moves(counted: Mapping[Any, int]) -> dict[str, Any]:
    moves = sorted(((n, *pair) for pair, n in counted.items() if n), key=lambda each: (-each[0], str(each)))
    return {
        "changed": sum(n for n, _, _ in moves),
        "moves": [{"from": a, "to": b, "n": n} for n, a, b in moves],
    }


def show(told: Mapping[str, Any]) -> None:
    """Tell people what `replay` found."""
    write(f"换成“{told['pack']['title']}”（{told['pack']['hash'][:12]}）重算 {told['tickets']} 张工单：")
    if told["stage"] is None:
        write("这个规则包只供继承，没有承办单位，只比较时限。")
    rows = [
        (word, _name(each["from"], word), _name(each["to"], word), each["n"])
        for word, key in (("阶段", "stage"), ("承办单位", "department"))
        for each in (told[key]["moves"] if told[key] else ())
    ]
    if rows:
        table(("变化", "原来", "换包后", "件数"), rows)
    counts = [
        (KIND_WORDS[ClockKind(kind)], *(counted[word] for word in _KINDS_OF_CHANGE))
        for kind, counted in told["deadlines"]["by_clock"].items()
    ]
    table(("时钟", "不变", "提前", "推后", "新增", "取消"), counts)
    late = told["late_handling"]
    write(f"已办结的办理时限中超期：原来 {late['before']}，换包后 {late['after']}。")
    write(
        f"有变化的工单 {told['changed']} 张，例如：{'、'.join(told['changed_numbers'][:5]) or '无'}。什么也没有改动。"
    )


def _name(word: str | None, kind: str) -> str:
    return "无" if word is None else STAGES[Stage(word)].words if kind == "阶段" else word
