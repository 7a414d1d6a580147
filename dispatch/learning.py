"""Learning from the desk's own tickets (模型学习): first the catalogue alone, then what people decided, as it comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.groups import fingerprint, group_rows
from classifier.ngrams import normalise
from dispatch.desk import Desk
from dispatch.storage import history, past
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket
from rules.lessons import Lesson, lessons, owner_of
from rules.pack_records import BY_PLACE
from rules.policy import Policy
from rules.terms import CHINA, Happened, Stage

PAGE = 500
#: Who writes what no person did.
_MACHINE = "system"
_SENT = (Happened.DISPATCHED.value, Happened.REASSIGNED.value)
_BACK = (Happened.RETURNED.value, Happened.RETURN_SETTLED.value)


@dataclass(frozen=True, slots=True)
class Label:
    """A ticket whose department is sure (可学工单): `text` is what a model sees of it, `category` what triage found.

    `matter` is the number of the first ticket that it repeats, or its own; `received_at` is aware.
    """

    number: str
    matter: str
    received_at: datetime
    text: str
    department: str
    category: str | None


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn (教材): the catalogue, and the tickets, oldest first, each with its lesson and its group.

    Tickets of one group tell of the same matter or are near-twins; `left` counts tickets of departments that left the pack.
    """

    policy: Policy
    catalogue: list[Lesson]
    labels: list[Label]
    own: list[Lesson]
    groups: NDArray[np.int64]
    left: int = 0

    def rows(self, kept: NDArray[np.bool_] | None = None) -> tuple[list[Lesson], list[str]]:
        """The catalogue and the tickets that are `kept` (all), and for each row the matter that it belongs to."""
        chosen = range(len(self.own)) if kept is None else np.flatnonzero(kept).tolist()
        matters = ["" for _ in self.catalogue] + [self.labels[at].matter for at in chosen]
        return [*self.catalogue, *(self.own[at] for at in chosen)], matters

    def told(self) -> dict[str, Any]:
        """For the manifest: pack, counts, when the newest ticket was received, and what names these very rows."""
        rows = [(each.text, each.label, each.category) for each in self.rows()[0]]
        return {
            "pack": self.policy.hash,
            "lessons": len(self.catalogue),
            "labels": len(self.own),
            "until": self.labels[-1].received_at.astimezone(CHINA).isoformat() if self.labels else None,
            "rows": fingerprint(rows),
        }


def catalogue_alone(policy: Policy) -> Material:
    """What a desk without a ticket can learn."""
    return Material(policy, lessons(policy), [], [], np.zeros(0, np.int64))


def gather(desk: Desk, now: datetime, days: int, history_too: bool) -> Material:
    """The catalogue in use, and the tickets of the last `days` before `now` (aware) whose department is sure."""
    policy = desk.packs.active(now)
    with desk.database.reading() as tx:
        found = labelled(tx, now - timedelta(days=days), now, history_too)
    pairs = [(label, own) for label, own in zip(found, taught(found, policy), strict=True) if own is not None]
    if not pairs:
        return replace(catalogue_alone(policy), left=len(found))
    pairs.sort(key=lambda pair: (pair[0].received_at, pair[0].number))
    labels, own = [label for label, _ in pairs], [each for _, each in pairs]
    groups = group_rows([normalise(each.text) for each in labels], [each.matter for each in labels])
    return Material(policy, lessons(policy), labels, own, groups, len(found) - len(pairs))


def labelled(tx: Transaction, since: datetime, until: datetime, history_too: bool = False) -> list[Label]:
    """The tickets received from `since` up to but not at `until` whose department is sure, by number.

    Sure: the newest dispatch was a person's, or the department signed it, or it was closed there; and it was not sent
    back since, unless the return was refused. Never a restricted ticket, never a merged one, which goes where its
    lead goes; imported history only if asked for, and by the same marks, as its dispatch alone was the machine's.
    """
    found: list[Label] = []
    matters: dict[str, str] = {}
    for page in past.pages(tx, since, until, PAGE):
        for each in page:
            matters[each.number] = matters.get(each.earlier or "", each.earlier or each.number)
        wanted = [each for each in page if _may_teach(each, history_too)]
        events = history.read_all(tx, [each.number for each in wanted])
        for each in wanted:
            department = sure_of(events[each.number])
            if department is not None and department == each.department:
                text = f"{each.title}\n{each.text}"
                found.append(
                    Label(
                        each.number, matters[each.number], each.received_at, text, department, each.category
                    )
                )
    return found


def _may_teach(ticket: Ticket, history_too: bool) -> bool:
    if ticket.restricted or ticket.department is None or ticket.stage == Stage.MERGED:
        return False
    return history_too or not ticket.history


def sure_of(events: Sequence[Mapping[str, Any]]) -> str | None:
    """The department that a ticket's events, in order, make sure of; None where they make sure of none."""
    sent = next((at for at in range(len(events) - 1, -1, -1) if events[at]["kind"] in _SENT), None)
    if sent is None:
        return None
    after = events[sent + 1 :]
    back = [each for each in after if each["kind"] in _BACK]
    if back and (back[-1]["kind"] == Happened.RETURNED.value or back[-1]["data"].get("accepted")):
        return None
    kept = any(
        each["kind"] == Happened.CLOSED.value
        or (each["kind"] == Happened.SIGNED.value and each["actor"] != _MACHINE)
        for each in after
    )
    if events[sent]["actor"] == _MACHINE and not kept:
        return None
    return str(events[sent]["data"]["department"])


def taught(labels: Iterable[Label], policy: Policy) -> list[Lesson | None]:
    """Each label as a lesson of this pack; None for a department that the pack does not know any more.

    A category is kept where the catalogue gives it to this very department: the machine found it, and the department's
    work bears it out.
    """
    return [_as_lesson(each, policy) for each in labels]


def _as_lesson(label: Label, policy: Policy) -> Lesson | None:
    code = label_for(label.department, policy)
    if code is None:
        return None
    category = policy.categories.get(label.category or "")
    known = category is not None and owner_of(category, policy) == code
    return Lesson(label.text, code, category.code if category and known else "")


def label_for(word: str, policy: Policy) -> str | None:
    """The label that stands for a department (code, name or alias) in a model of this pack; None where it has none.

    A township stands for the place, unless the catalogue gives it a category by name.
    """
    department = policy.department_of(word)
    if department is None:
        return BY_PLACE if word == BY_PLACE else None
    named = any(each.department == department.code for each in policy.categories.values())
    return department.code if named or department.kind != "township" else BY_PLACE
