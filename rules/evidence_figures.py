"""The figures of a matter (事项数据): how often, how many rounds, what was missed, and by which post, counted once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.access import ROLE_WORDS
from rules.clocks import KIND_WORDS
from rules.errors import BadInput
from rules.escalation import standing
from rules.evidence_chain import Frozen, linked
from rules.evidence_missed import Missed, missed, missed_words, with_leads
from rules.evidence_words import HOTLINE, moment, name_of
from rules.policy import Policy
from rules.terms import ClockKind, Facts, Happened, Happening, Role
from rules.worktime import Calendar

#: Which of the hotline's own people a clock of the hotline waits for.
_HOTLINE_POSTS: Mapping[ClockKind, Role] = {
    ClockKind.SUPPLEMENT: Role.OPERATOR,
    ClockKind.CALL_BACK: Role.CALLER_BACK,
    ClockKind.CLUE: Role.SUPERVISOR,
}

#: A department and a post in it; None stands for the hotline.
Post = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """The matter in numbers, from `since` to `now`.

    `contacts` are all times the caller came, `count` the complaints that count; `redone`, `sent_back` (by review),
    `called` (callbacks that reached the caller), `extended` and `suspended` are times. `returns`, `tried`, `reached_by`
    (contacts by departments) and `unsolved` (callbacks) are by department. `untimed`: a ticket of history is among them.
    """

    since: datetime
    now: datetime
    tickets: int
    contacts: int
    count: int
    supervision: int
    raised: int
    redone: int
    sent_back: int
    called: int
    extended: int
    suspended: int
    lead: str | None
    returns: Mapping[str | None, int]
    tried: Mapping[str | None, int]
    reached_by: Mapping[str | None, int]
    unsolved: Mapping[str | None, int]
    missed: tuple[Missed, ...]
    untimed: bool

    @property
    def reached(self) -> int:
        """How often a department reached the caller."""
        return sum(self.reached_by.values())

    def sentences(self, policy: Policy) -> list[str]:
        """What the records show, a sentence with figures each."""
        said = [
            f"{moment(self.since)} 至 {moment(self.now)}，诉求人就同一事项反映 {self.contacts} 次，"
            f"形成工单 {self.tickets} 张；连同回访未解决或不满意，按规则计为投诉 {self.count} 次。",
            f"退回重办 {self.redone} 次；接通回访 {self.called} 次，"
            f"其中未解决或不满意 {sum(self.unsolved.values())} 次；答复审核未通过 {self.sent_back} 次。",
            f"退单 {sum(self.returns.values())} 次{_shares(self.returns, policy)}。",
            self._contact(policy),
            f"获准延期 {self.extended} 次，挂起 {self.suspended} 次；"
            f"{_level(self.supervision)}，提级 {self.raised} 次。",
            f"没有按时兑现的时限 {len(self.missed)} 项。" if self.missed else "没有超过时限的记录。",
        ]
        return said + [missed_words(each, policy) for each in self.missed]

    def _contact(self, policy: Policy) -> str:
        tried = sum(self.tried.values())
        if not tried:
            return "没有承办单位联系诉求人的记录。"
        return f"承办单位联系诉求人 {tried} 次{_shares(self.tried, policy)}，联系上 {self.reached} 次。"

    def missed_line(self, policy: Policy) -> str:
        """The missed promises in one line, the longest of them named."""
        if not self.missed:
            return "没有超过时限的记录"
        worst = max(self.missed, key=lambda each: each.until - each.due)
        whose = HOTLINE if worst.owner is None else name_of(worst.owner, policy)
        longest = f"{whose}{KIND_WORDS[worst.plan.kind]}超期 {worst.late}"
        return longest if len(self.missed) == 1 else f"{len(self.missed)} 项超期，最久：{longest}"

    def by_post(self, policy: Policy) -> dict[Post, list[str]]:
        """What each post is to be examined for, in the order of departments' appearance; titles, never names."""
        found: dict[Post, list[str]] = {}
        late = Counter((each.owner, each.plan.kind) for each in self.missed)
        for (owner, kind), times in late.items():
            post = (owner, _post(owner, kind, policy) if owner else _hotline_post(kind, policy))
            found.setdefault(post, []).append(f"{KIND_WORDS[kind]}超期 {times} 次")
        for code, times in self.returns.items():
            post = (code, _post(code, ClockKind.SIGN, policy))
            found.setdefault(post, []).append(f"退单 {times} 次")
        for code, times in self.unsolved.items():
            post = (code, _post(code, ClockKind.HANDLE, policy))
            found.setdefault(post, []).append(f"答复后诉求人表示未解决或不满意 {times} 次")
        return found


def _shares(by: Mapping[str | None, int], policy: Policy) -> str:
    """By whom how often."""
    if not by:
        return ""
    return "（" + "，".join(f"{name_of(code, policy)} {times} 次" for code, times in by.items()) + "）"


def _level(supervision: int) -> str:
    return f"最高{'一二三'[supervision - 1]}级督办" if supervision in (1, 2, 3) else "没有督办"


def _post(code: str | None, kind: ClockKind, policy: Policy) -> str:
    row = policy.departments.get(code or "")
    if row is None:
        return "岗位待查明"
    return row.liaison_title if kind is ClockKind.SIGN else row.leader_title


def _hotline_post(kind: ClockKind, policy: Policy) -> str:
    role = _HOTLINE_POSTS.get(kind, Role.DISPATCHER)  # a ticket that no department held waited for dispatch
    named = (each.name for each in policy.receivers.values() if each.role is role and each.scope == "hotline")
    return next(named, ROLE_WORDS[role])


def figures(
    tickets: Sequence[Facts], policy: Policy, calendar: Calendar, now: datetime, frozen: Frozen
) -> Figures:
    """Count a matter's linked tickets, oldest first, up to `now`. Raises BadInput without tickets or where they are
    not linked, NoCalendar beyond the calendar."""
    linked(tickets)
    if not tickets:
        raise BadInput("没有工单，无从整理证据。", hint="请至少给出一张工单。")
    newest = tickets[-1]
    terms = [frozen.get(each.number, (policy, calendar)) for each in tickets]
    stands = standing(newest, *terms[-1])
    late = [each for facts, term in zip(tickets, terms, strict=True) for each in missed(facts, *term, now)]
    told = [pair for each in tickets for pair in with_leads(each)]
    called = [(event, lead) for event, lead in told if _reached_by_hotline(event)]
    contacted = [(event, lead) for event, lead in told if event.kind is Happened.CONTACTED]
    return Figures(
        since=min(each.received_at for each in tickets),
        now=now,
        tickets=len(tickets),
        contacts=_times(told, Happened.RECEIVED, Happened.JOINED),
        count=stands.count,
        supervision=max(stands.supervision, *(each.supervision for each in tickets)),
        raised=stands.raised + sum(each.raised for each in tickets[:-1]),
        redone=sum(event.kind is Happened.REDONE or _begins_redo(event) for event, _ in told),
        sent_back=sum(_refused(event, Happened.REVIEWED, "approved") for event, _ in told),
        called=len(called),
        extended=sum(
            event.kind is Happened.EXTENSION_SETTLED and bool(event.data.get("accepted")) for event, _ in told
        ),
        suspended=_times(told, Happened.SUSPENDED),
        lead=newest.department or _last_lead(told),
        returns=Counter(lead for event, lead in told if event.kind is Happened.RETURNED),
        tried=Counter(lead for _, lead in contacted),
        reached_by=Counter(lead for event, lead in contacted if event.data.get("reached")),
        unsolved=Counter(
            lead for event, lead in called if not (event.data.get("solved") and event.data.get("satisfied"))
        ),
        missed=tuple(sorted(late, key=lambda each: each.due)),
        untimed=any(each.history for each in tickets),
    )


_Told = Sequence[tuple[Happening, str | None]]


def _times(told: _Told, *kinds: Happened) -> int:
    return sum(event.kind in kinds for event, _ in told)


def _refused(event: Happening, kind: Happened, key: str) -> bool:
    return event.kind is kind and not event.data.get(key)


def _reached_by_hotline(event: Happening) -> bool:
    return event.kind is Happened.CALLED_BACK and bool(event.data.get("reached"))


def _begins_redo(event: Happening) -> bool:
    """A new ticket that repeats a closed one goes straight to the former lead as a redo round."""
    return event.kind is Happened.RECEIVED and bool(event.data.get("counted") and event.data.get("round"))


def _last_lead(told: _Told) -> str | None:
    return next((lead for _, lead in reversed(told) if lead), None)
