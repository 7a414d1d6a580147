"""What comes of an act (操作结果): happenings, changed columns, a decision, and who hears of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rules.errors import BadInput
from rules.pack_records import upwards
from rules.policy import Policy
from rules.terms import Decision, Facts, Happened, Happening, Stage
from rules.worktime import Calendar


@dataclass(frozen=True, slots=True)
class Notify:
    """Who should hear what: `receiver` is a role or a receiver word of the pack.

    `duty`: it cannot wait for the morning, so outside working hours whoever is on duty hears it, too (值班表).
    """

    receiver: str
    words: str
    department: str | None = None
    duty: bool = False


#: Of a complaint about officials the supervisor hears what they would (限定范围).
_OUTSIDE_THE_CIRCLE = ("operator", "dispatcher", "caller_back")


def heard(wanted: Iterable[Notify], policy: Policy, restricted: bool) -> list[Notify]:
    """Who hears in fact, each once: nothing is told to people of no department, or beyond a restricted ticket's circle.

    While no department holds the ticket (an accepted return, a repeat whose former lead is gone), the dispatcher
    hears in its people's place; of a restricted one the supervisor, as for every part of the desk.
    """
    found = []
    for each in wanted:
        known, receiver, department = policy.receivers.get(each.receiver), each.receiver, each.department
        if known is not None and known.scope == "hotline":
            department = None  # one person for the whole desk, whoever holds the ticket
        if each.department is None and known is not None and known.scope == "department":
            receiver = "dispatcher"
        if restricted and receiver in _OUTSIDE_THE_CIRCLE:
            receiver = "supervisor"
        found.append(replace(each, receiver=receiver, department=department))
    return _once_for_duty(dict.fromkeys(found))


def _once_for_duty(found: Iterable[Notify]) -> list[Notify]:
    """Several of one department hear; whoever is on duty there need hear only once."""
    rung: set[str | None] = set()
    told = []
    for each in found:
        told.append(replace(each, duty=each.duty and each.department not in rung))
        if each.duty:
            rung.add(each.department)
    return told


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What an act on one ticket does to another (并单): its happenings and changed columns."""

    number: str
    happenings: tuple[Happening, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[Notify, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """A department that joins those at work (协办、下派); `upper` is the one that delegated to it."""

    department: str
    upper: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole of what an act changes.

    `happenings` are appended in order; the last `stage` among them is the ticket's new one. `changes` are other
    columns of the ticket. `lead` and `assists` begin new assignments; a new lead ends the old ones with `result`.
    `joins` begins one more leg beside them, `leaves` ends that of one department.
    `again` puts the ticket before the model once more; `elsewhere` are events of another ticket, by its number, that
    belong to the same act (a merge), with columns of it that change.
    """

    happenings: tuple[Happening, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    decision: Decision | None = None
    lead: str | None = None
    assists: tuple[str, ...] = ()
    result: str = ""
    joins: Joined | None = None
    leaves: str | None = None
    notices: tuple[Notify, ...] = ()
    again: bool = False
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What a decider looks at; `other` is the second ticket of a merge.

    `by` is the department of who acts, if of one, and `who` the name.
    """

    facts: Facts
    policy: Policy
    calendar: Calendar
    now: datetime
    other: Facts | None = None
    by: str | None = None
    who: str = ""

    def happened(self, kind: Happened, stage: Stage | None = None, **data: Any) -> Happening:
        """An event now; with a stage when the ticket moves (or enters the same stage anew)."""
        if stage is not None:
            data["stage"] = stage
        return Happening(kind, self.now, data)

    def department(self, code: str) -> str:
        """`code` when the pack has that department, by code, name or alias. Raises BadInput."""
        found = self.policy.department_of(code)
        if found is None:
            raise BadInput(f"目录中没有承办单位“{code}”。", hint="请从承办单位列表中选择。")
        return found.code

    def not_to_the_accused(self, department: str) -> None:
        """Raise BadInput for the department complained of, or one below it (lifecycle.md, complaints about officials)."""
        against = self.facts.against
        if self.facts.restricted and against and against in upwards(department, self.policy.departments):
            name = self.policy.departments[against].name
            raise BadInput(
                f"这件诉求反映的是{name}的工作人员，不能派给该单位。", hint="请派给有权调查的其他单位。"
            )
