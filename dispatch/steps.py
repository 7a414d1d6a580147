"""What the due steps of a clock call for (到点步骤): an event each at its true instant, one notice for the highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.record import notices
from dispatch.storage import clues, history, links, steps
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.steps import Standing
from rules import digests
from rules.clocks import KIND_WORDS, WHOLE
from rules.clockwork import SIGNS
from rules.outcome import Notify, heard
from rules.policy import Policy
from rules.terms import CHINA, ClockKind, Happened, Happening, Urgency
from rules.worktime import Calendar

#: Steps that whoever is on duty hears of, too (值班表).
ON_DUTY = ("warn", "breach", "call_duty")

Row = Mapping[str, Any]
Terms = tuple[Policy, Calendar]

_KINDS = {
    "warn": Happened.WARNED,
    "breach": Happened.BREACHED,
    "supervise": Happened.SUPERVISED,
    "call_duty": Happened.DUTY_CALLED,
    "send_up": Happened.CLUE_SENT_UP,
}


@dataclass(slots=True)
class Firing:
    """What is to be written for the due steps of one or many tickets."""

    ledger: Ledger = field(default_factory=Ledger)
    moves: dict[int, datetime | None] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    sent_up: list[str] = field(default_factory=list)
    #: The clock and its rung by which the ticket is now to be signed by itself: an act, with what follows from it, so
    #: it is written by whoever fires the ticket alone.
    signs: tuple[Row, Row] | None = None
    fired: int = 0

    def add(self, other: "Firing") -> None:
        """Take in what another ticket calls for."""
        self.ledger.event += other.ledger.event
        self.ledger.outbox += other.ledger.outbox
        self.moves |= other.moves
        self.levels |= other.levels
        self.sent_up += other.sent_up
        self.fired += other.fired

    def write(self, tx: Transaction, now: datetime) -> None:
        """Write all of it, in the transaction that holds the tickets locked. Raises Doubled."""
        self.ledger.write(tx)
        for number in self.sent_up:
            clues.settle(tx, number, "sent_up", "system", None, now)
        steps.advance(tx, self.moves)
        steps.supervise(tx, self.levels)


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at what is due: the instant, what fired before, and how many other callers tell of the same."""

    now: datetime
    fired: Mapping[tuple[int, int], set[str]]
    linked: Mapping[str, int]
    digests: dict[str, datetime] = field(default_factory=dict)
    told: dict[tuple[Any, ...], list[Notify]] = field(default_factory=dict)

    def next_digest(self, terms: Terms) -> datetime:
        """When those hear who hear once a day; the same for all tickets of a pack."""
        policy, calendar = terms
        if policy.hash not in self.digests:
            self.digests[policy.hash] = digests.next_digest(policy, calendar, self.now)
        return self.digests[policy.hash]


def look(tx: Transaction, due: Sequence[Row], now: datetime, digested: bool) -> Moment:
    """Read what the due rows need; links only where somebody's notices may wait for the daily digest (`digested`)."""
    linked = links.counts(tx, list({row["ticket"] for row in due})) if digested else {}
    return Moment(now, steps.fired(tx, [row["id"] for row in due]), linked)


def of_ticket(ticket: Standing, due: Sequence[Row], terms: Terms, moment: Moment) -> Firing:
    """What the due rows of one ticket call for."""
    found = Firing()
    for row in due:
        _clock(found, ticket, row, terms, moment)
    return found


def _clock(found: Firing, ticket: Standing, row: Row, terms: Terms, moment: Moment) -> None:
    before = moment.fired.get((row["id"], row["generation"]), ())
    due: list[Row] = []
    later: datetime | None = None
    for each in row["ladder"]:  # in order of time, as `rules.clocks` freezes it
        if each["step"] in before:
            continue
        if datetime.fromisoformat(each["at"]) > moment.now:
            later = datetime.fromisoformat(each["at"])
            break
        if each["action"] == SIGNS:
            found.signs = (row, each)
            continue
        due.append(each)
    found.moves[row["id"]] = later
    if not due:
        return
    found.ledger.event += [_event(ticket.number, row, each, moment.now, each is due[-1]) for each in due]
    wanted = _wanted(ticket, row, due, terms[0], moment)
    found.ledger.outbox += _spread(ticket, wanted, terms, moment)
    level = max(each["level"] for each in due)
    if level:
        found.levels[ticket.number] = max(level, ticket.supervision, found.levels.get(ticket.number, 0))
    if any(each["action"] == "send_up" for each in due):
        found.sent_up.append(ticket.number)
    found.fired += len(due)


def _event(number: str, row: Row, step: Row, now: datetime, highest: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"clock": row["kind"], "due_at": row["due_at"], "clause": step["clause"]}
    if row["scope"] != WHOLE:
        data["department"] = row["scope"]
    if step["level"]:
        data["level"] = step["level"]
    if not highest:
        data["collapsed"] = True  # fell due together with a higher step, after a stop of the ticker
    happening = Happening(_KINDS[step["action"]], datetime.fromisoformat(step["at"]), data)
    written = history.row(number, happening, "system", now)
    return {**written, "clock": row["id"], "generation": row["generation"], "step": step["step"]}


def _wanted(ticket: Standing, row: Row, due: Sequence[Row], policy: Policy, moment: Moment) -> list[Notify]:
    """Who hears what. Deadlines lie at the close of offices: in a storm thousands are told the same words."""
    department = ticket.department if row["scope"] == WHOLE else row["scope"]
    highest = due[-1]
    receivers = tuple(highest["receivers"])
    key = (
        policy.hash, ticket.restricted, department, row["kind"], row["due_at"],
        highest["action"], highest["level"], receivers, len(due),
    )  # fmt: skip
    found = moment.told.get(key)
    if found is None:
        words = _words(row, highest, len(due))
        duty = highest["action"] in ON_DUTY
        told = (Notify(receiver, words, department, duty) for receiver in receivers)
        found = moment.told[key] = heard(told, policy, ticket.restricted)
    return found


def _words(row: Row, highest: Row, together: int) -> str:
    """What is told of the highest step, and of those that it swallowed."""
    due_at = f"{row['due_at'].astimezone(CHINA):%m月%d日 %H:%M}"
    what = KIND_WORDS[ClockKind(row["kind"])]
    words = {
        "warn": f"{what}将于 {due_at} 届满，请抓紧。",
        "breach": f"已超过{what}（{due_at}），请立即处理。",
        "supervise": f"超期未办结，现予{'一二三'[highest['level'] - 1]}级督办。" if highest["level"] else "",
        "send_up": "线索在时限内没有审定，已自动上报。",
        "call_duty": f"工单到 {due_at} 仍未签收，请值班人员电话通知。",
    }[highest["action"]]
    return words + (f"（系统停顿期间另有 {together - 1} 个提醒一并合入本通知）" if together > 1 else "")


def _spread(ticket: Standing, wanted: Sequence[Notify], terms: Terms, moment: Moment) -> list[dict[str, Any]]:
    """Outbox rows for now, and for the daily digest of those who need not hear at once."""
    policy = terms[0]
    if not any(each.receiver in policy.digest.receivers for each in wanted):
        return notices(ticket.number, wanted, moment.now)
    linked, urgency = moment.linked.get(ticket.number, 0), Urgency(ticket.urgency)
    later = [
        each
        for each in wanted
        if digests.waits(each.receiver, urgency, ticket.complaint_count, linked, policy)
    ]
    rows = notices(ticket.number, [each for each in wanted if each not in later], moment.now)
    if later:
        rows += notices(ticket.number, later, moment.next_digest(terms), kind="digests")
    return rows
