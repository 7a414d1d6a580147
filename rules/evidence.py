"""What the top of the ladder reads and signs (证据与草稿): the chain of a matter, two draft records and a short summary.

The drafts state what the records show and whose posts are to be examined. They decide nothing and blame nobody: a
person checks, completes and issues them, or does not. Source: lifecycle.md, fifth complaint, third failed redo, third
return; the capability is that of report 002, row 18 of domain-12345.md (逐级上报、整改、问责).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.access import ROLE_WORDS
from rules.clocks import KIND_WORDS, WHOLE, plan
from rules.evidence_chain import NOTHING_FROZEN, Entry, Frozen, chain
from rules.evidence_figures import Figures, figures
from rules.evidence_words import DONE_WORDS, HOTLINE, TRIGGER_WORDS, moment, name_of
from rules.pack_records import Level
from rules.policy import Policy
from rules.terms import CHINA, TYPE_WORDS, ClockKind, Facts, Role
from rules.worktime import Calendar

__all__ = ["Entry", "as_rows", "chain", "drafts", "summary"]


_TITLES = {"complaints": "多次投诉", "redos": "多次重办", "returns": "多次退单"}
_UNSURE = "待核实"
_NOTICE = "以下由系统依据工单记录整理，均待核实；未经人工审定签发不生效。"


@dataclass(frozen=True, slots=True)
class _Desk:
    """What both drafts are made from."""

    newest: Facts
    numbers: tuple[str, ...]
    level: Level
    found: Figures
    policy: Policy
    calendar: Calendar
    now: datetime

    @property
    def due(self) -> datetime:
        """When the measures should be done."""
        return self.calendar.add(
            self.now, self.policy.rectification.within, after_hours=self.policy.after_hours
        )


def as_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The chain as plain JSON; `at` is ISO 8601 with offset, in China's time."""
    return [
        {
            "at": each.at.astimezone(CHINA).isoformat(),
            "ticket": each.ticket,
            "kind": each.kind,
            "words": each.words,
            "department": each.department,
            "missed": each.missed,
        }
        for each in entries
    ]


# --- drafts --------------------------------------------------------------------------------------


def drafts(
    tickets: Sequence[Facts],
    level: Level,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    *,
    frozen: Frozen = NOTHING_FROZEN,
) -> dict[str, Any]:
    """The draft rectification and accountability records (整改、问责记录草稿) of a matter, as plain JSON.

    `tickets` are linked, oldest first; `level` is the rung that fired; `policy` and `calendar` are the newest
    ticket's, `frozen` those of others. Instants are ISO 8601 with offset. Raises BadInput without a ticket or for
    tickets that are not linked, NoCalendar beyond the calendar.
    """
    found = figures(tickets, policy, calendar, now, frozen)
    numbers = tuple(each.number for each in tickets)
    desk = _Desk(tickets[-1], numbers, level, found, policy, calendar, now)
    return {"rectification": _rectification(desk), "accountability": _accountability(desk)}


def _rectification(desk: _Desk) -> dict[str, Any]:
    name, by = name_of(desk.found.lead, desk.policy), moment(desk.due)
    reach = "再次联系诉求人" if desk.found.reached else "联系诉求人（此前没有联系上的记录）"
    return {
        **_head(desk, f"关于{name}承办事项{_TITLES[desk.level.trigger]}的整改通知（拟）"),
        "measures": [
            _measure(desk, f"拟请{name}于 {by} 前{reach}，逐项核实诉求并重新办理"),
            _measure(desk, f"拟请{name}于 {by} 前说明上述情况的原因，提出防止再发生的办法"),
            _measure(desk, f"拟请{name}于 {by} 前书面报送整改结果，由{HOTLINE}回访核实"),
        ],
        "signers": [*_leaders(desk, "签收并负责落实"), *_authorities(desk, inspected=False)],
        "to_check": [*_checks(desk), "整改措施和期限是否适当、由哪个单位整改"],
    }


def _accountability(desk: _Desk) -> dict[str, Any]:
    by = moment(desk.due)
    return {
        **_head(desk, f"关于同一事项{_TITLES[desk.level.trigger]}有关岗位履职情况的核查建议（拟）"),
        "posts": _posts(desk),
        "measures": [
            _measure(desk, f"拟于 {by} 前核查下列岗位的履职情况，核查结论以调查为准"),
            _measure(desk, f"拟于 {by} 前听取有关单位和人员的说明、申辩"),
        ],
        "signers": [*_authorities(desk, inspected=True), *_above(desk)],
        "to_check": [
            *_checks(desk),
            "是否存在不可抗力、系统停顿、职责交叉或诉求超出职权等情形",
            "是否属于责任问题、由谁有权处理：本草稿不作认定",
        ],
    }


def _head(desk: _Desk, title: str) -> dict[str, Any]:
    return {
        "draft": True,
        "title": title,
        "made_at": desk.now.astimezone(CHINA).isoformat(),
        "department": {"code": desk.found.lead, "name": name_of(desk.found.lead, desk.policy)},
        "tickets": list(desk.numbers),
        "grounds": {
            "step": desk.level.step,
            "trigger": desk.level.trigger,
            "count": desk.level.count,
            "clause": desk.level.clause,
            "words": TRIGGER_WORDS[desk.level.trigger].format(count=desk.level.count),
        },
        "notice": _NOTICE,
        "findings": desk.found.sentences(desk.policy),
    }


def _measure(desk: _Desk, words: str) -> dict[str, str]:
    return {
        "words": f"{words}。",
        "deadline": desk.due.isoformat(),
        "clause": desk.policy.rectification.clause,
    }


def _posts(desk: _Desk) -> list[dict[str, Any]]:
    """The posts to be examined, by title: a department's from its row in the pack, the hotline's from its receivers."""
    row = desk.policy.departments.get(desk.found.lead or "")
    lead = (desk.found.lead, row.leader_title if row else "岗位待查明")
    found = desk.found.by_post(desk.policy) or {lead: [f"承办事项{_TITLES[desk.level.trigger]}的办理情况"]}
    return [
        {
            "department": code,
            "name": name_of(code, desk.policy) if code else HOTLINE,
            "title": title,
            "to_examine": [f"{each}，{_UNSURE}" for each in what],
        }
        for (code, title), what in found.items()
    ]


def _leaders(desk: _Desk, part: str) -> list[dict[str, Any]]:
    row = desk.policy.departments.get(desk.found.lead or "")
    if row is None or _accused(desk, row.code):
        return []
    return [{"department": row.code, "title": row.leader_title, "part": part}]


def _above(desk: _Desk) -> list[dict[str, Any]]:
    """The department above the lead; nobody signs the examination of himself."""
    row = desk.policy.departments.get(desk.found.lead or "")
    above = desk.policy.departments.get(row.parent or "") if row else None
    if above is None or _accused(desk, above.code):
        return []
    return [{"department": above.code, "title": above.leader_title, "part": "上级主管单位阅示"}]


def _authorities(desk: _Desk, inspected: bool) -> list[dict[str, Any]]:
    """Those who confirm or reject the clue and, where posts are `inspected`, to whom it goes, as the pack names them."""
    sent_up = [
        each for step in desk.policy.steps(ClockKind.CLUE, desk.newest.urgency) for each in step.receivers
    ]
    signers = []
    for code in dict.fromkeys((*desk.level.receivers, *sent_up)):
        known = desk.policy.receivers.get(code)
        if known is None or known.scope != "hotline":
            continue
        if inspected or known.role is not Role.DISCIPLINE:
            part = "阅处" if known.role is Role.DISCIPLINE else "审定：确认或驳回并写明理由"
            signers.append({"department": None, "title": known.name, "part": part})
    return signers or [{"department": None, "title": ROLE_WORDS[Role.SUPERVISOR], "part": "审定"}]


def _accused(desk: _Desk, code: str) -> bool:
    return desk.newest.restricted and code == desk.newest.against


def _checks(desk: _Desk) -> list[str]:
    """What a person looks at before anything is issued; what does not arise is not asked."""
    asked = [
        ("工单是否确属同一事项，次数是否无误（含已撤销的升级）", True),
        ("各项时限、超期时长与原始记录是否一致", bool(desk.found.missed)),
        ("升级依据、整改期限标有“待核实”，签发前须有本地文件", True),
        ("尚无主办单位，须先确定由谁整改", desk.newest.department is None),
        ("主办单位不在现行目录，须先核对", (desk.found.lead or "") not in desk.policy.departments),
        ("期限跨入尚未公布放假安排的年份，须重新计算", _provisional(desk)),
        ("有历史导入的工单，其时限没有计时", desk.found.untimed),
        ("涉及公职人员：被反映单位不得经手、不得签署", desk.newest.restricted),
        ("不得出现诉求人和经办人的姓名、电话、住址", True),
    ]
    return [words for words, arises in asked if arises]


def _provisional(desk: _Desk) -> bool:
    return desk.calendar.touches_provisional(desk.now, desk.due)


# --- summary -------------------------------------------------------------------------------------

_ASKED = {
    "redo": "请督促重新办理",
    "supervise": "已督办，请过问办理进度",
    "raise": "已提级，请阅示",
    "clue": "请审定线索：确认或写明理由驳回",
}


def summary(
    tickets: Sequence[Facts],
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    level: Level | None = None,
    *,
    frozen: Frozen = NOTHING_FROZEN,
) -> str:
    """At most five short lines for a telephone: what, since when, how often, what was missed, what is asked now.

    `level` is the rung that fired, None for a plain look at the matter. Only figures, departments and limits, no
    words of anybody. Raises as `drafts` does.
    """
    found = figures(tickets, policy, calendar, now, frozen)
    newest = tickets[-1]
    more = f" 等 {len(tickets)} 张" if len(tickets) > 1 else ""
    lines = [
        f"{name_of(found.lead, policy)}·{TYPE_WORDS[newest.type]}，工单 {newest.number}{more}",
        f"{moment(found.since)}起，反映 {found.contacts} 次，计投诉 {found.count} 次",
        f"重办 {found.redone} 次，退单 {sum(found.returns.values())} 次，联系上诉求人 {found.reached} 次",
        found.missed_line(policy),
        _asked(newest, policy, calendar, now, level),
    ]
    return "\n".join(lines)


def _asked(newest: Facts, policy: Policy, calendar: Calendar, now: datetime, level: Level | None) -> str:
    wanted = ClockKind.CLUE if level is not None and level.action == "clue" else ClockKind.HANDLE
    what = _ASKED[level.action] if level is not None else "请按时限办结"
    running = [
        each
        for each in plan(newest, policy, calendar)
        if each.state == "armed" and each.kind is wanted and each.scope == WHOLE
    ]
    due = running[-1].due_at if running else None
    if due is None and wanted is ClockKind.CLUE:
        limit = policy.limit(wanted, newest.type, newest.urgency)
        by = calendar.on(newest.urgency)
        due = by.add(now, limit.budget, after_hours=policy.after_hours) if limit else None
    if due is None:
        return what if level is not None else "目前没有计时中的办理时限"
    kind = KIND_WORDS[wanted]
    if due < now:
        return f"{what}（{kind}已于 {moment(due)} 届满）"
    return f"{what}（{moment(due)} 前{DONE_WORDS[wanted]}）"
