"""Who may do and see what (权限): one table of acts and roles, and what is in whose sight."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rules.errors import NotAllowed
from rules.lifecycle import ACT_WORDS
from rules.pack_records import Department, upwards
from rules.terms import Act, Facts, Role, Stage

ROLE_WORDS = MappingProxyType(
    {
        Role.OPERATOR: "话务员",
        Role.DISPATCHER: "派单员",
        Role.LIAISON: "联络员",
        Role.HANDLER: "经办人",
        Role.DEPARTMENT_LEADER: "分管负责人",
        Role.CALLER_BACK: "回访员",
        Role.SUPERVISOR: "督办员",
        Role.MANAGER: "管理者",
        Role.DISCIPLINE: "纪检",
        Role.ADMIN: "管理员",
        Role.AUDITOR: "审计",
    }
)

#: Roles that work for one department and see only its tickets.
DEPARTMENT_ROLES = (Role.LIAISON, Role.HANDLER, Role.DEPARTMENT_LEADER)

_DESK = (Role.OPERATOR, Role.DISPATCHER)
_DOING = (Role.HANDLER, Role.LIAISON, Role.DEPARTMENT_LEADER)

ACT_ROLES = MappingProxyType(
    {
        Act.ANSWER: _DESK,
        Act.REFUSE: _DESK,
        Act.INVALIDATE: _DESK,
        Act.TRANSFER: _DESK,
        Act.SUPPLEMENT: _DESK,
        Act.DISPATCH: (Role.DISPATCHER,),
        Act.SIGN: (Role.LIAISON,),
        Act.RETURN_: (Role.LIAISON,),
        Act.SETTLE_RETURN: (Role.DISPATCHER,),
        Act.REASSIGN: (Role.DISPATCHER, Role.SUPERVISOR),
        Act.CONFER: (Role.DISPATCHER,),
        Act.ASSIST: (*_DOING, Role.DISPATCHER),
        Act.DELEGATE: _DOING,
        Act.REPORT_UP: _DOING,
        Act.CONTACT: (Role.HANDLER, Role.LIAISON),
        Act.EXTEND: (Role.HANDLER, Role.LIAISON),
        Act.SETTLE_EXTENSION: (Role.DEPARTMENT_LEADER, Role.DISPATCHER, Role.SUPERVISOR),
        Act.SUSPEND: (Role.HANDLER, Role.SUPERVISOR),
        Act.RESUME: (Role.HANDLER, Role.SUPERVISOR),
        Act.REPLY: (Role.HANDLER, Role.LIAISON),
        Act.REVIEW: (Role.DEPARTMENT_LEADER, Role.DISPATCHER, Role.SUPERVISOR),
        Act.CALL_BACK: (Role.CALLER_BACK,),
        Act.REDO: (Role.SUPERVISOR,),
        Act.URGE: (Role.OPERATOR, Role.DISPATCHER, Role.CALLER_BACK, Role.SUPERVISOR),
        Act.CLOSE: (Role.CALLER_BACK, Role.SUPERVISOR),
        Act.SUPERVISE: (Role.SUPERVISOR,),
        Act.RAISE_: (Role.SUPERVISOR, Role.MANAGER),
        Act.UNDO: (Role.SUPERVISOR,),
        Act.LINK: (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR),
        Act.MERGE: (Role.DISPATCHER, Role.SUPERVISOR),
        Act.UNMERGE: (Role.DISPATCHER, Role.SUPERVISOR),
        Act.WITHDRAW: (Role.OPERATOR, Role.DISPATCHER, Role.CALLER_BACK),
        Act.END: (Role.SUPERVISOR, Role.MANAGER),
        Act.ARCHIVE: (Role.SUPERVISOR, Role.ADMIN),
        Act.MARK_CALLER: (Role.SUPERVISOR,),
        Act.SETTLE_CLUE: (Role.SUPERVISOR, Role.DISCIPLINE),
        Act.SPLIT: (*_DESK, Role.SUPERVISOR),
        Act.APPEAL: (Role.LIAISON, Role.DEPARTMENT_LEADER),
        Act.SETTLE_APPEAL: (Role.SUPERVISOR,),
        Act.RATE: (Role.OPERATOR, Role.CALLER_BACK),
        Act.REVEAL: (*_DESK, Role.CALLER_BACK, Role.SUPERVISOR, Role.HANDLER, Role.LIAISON),
        Act.SET_DUE: (Role.SUPERVISOR,),
        Act.SEND_UPWARD: (Role.DISPATCHER, Role.SUPERVISOR),
        Act.SETTLE_UPWARD: (Role.DISPATCHER, Role.SUPERVISOR),
    }
)

#: Where a stage gives an act to others: the desk itself asks back, and takes back a false alarm.
STAGE_ROLES = MappingProxyType(
    {
        (Stage.INCOMPLETE, Act.CONTACT): _DESK,
        (Stage.TRANSFERRED, Act.UNDO): (*_DESK, Role.SUPERVISOR),
    }
)

#: Who may see complaints about officials and act on them for the hotline (限定范围).
RESTRICTED_ROLES = (Role.SUPERVISOR, Role.DISCIPLINE)

#: What an assisting department may do on a ticket that another one leads: the answer is the lead's (主办、协办).
ASSISTING_ACTS = (Act.CONTACT, Act.DELEGATE, Act.REPORT_UP, Act.REVEAL)

#: Who may register what a caller says.
RECEIVING_ROLES = (Role.OPERATOR, Role.DISPATCHER, Role.ADMIN)
#: Who reads single tickets of the whole desk. Managers see figures and the tickets behind them.
READING_ROLES = (
    Role.OPERATOR,
    Role.DISPATCHER,
    Role.CALLER_BACK,
    Role.SUPERVISOR,
    Role.MANAGER,
    Role.AUDITOR,
    Role.ADMIN,
)
#: Who sees clues: they are for the inspector alone, once the supervision leader has looked.
CLUE_ROLES = (Role.SUPERVISOR, Role.DISCIPLINE)
#: What can become of a clue, in the order it goes (线索状态).
CLUE_STATES = ("waiting", "sent_up", "confirmed", "rejected", "undone")
#: Clues that have reached the inspector: somebody confirmed them, or nobody looked in time.
INSPECTED = ("confirmed", "sent_up")
#: Who reads the log of looks at identities (查看身份记录).
REVEAL_LOG_ROLES = (Role.SUPERVISOR, Role.AUDITOR)
#: Who makes and ends event cards, and who reads them (事件卡).
CARD_ROLES = (Role.DISPATCHER, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking (操作人): a name for the record, roles, and the department that bounds them.

    The desk itself acts as `SYSTEM`, a person without a key as `CITIZEN`; neither holds a role. `scope` bounds
    idempotency keys and external ids: one for each key, one for all anonymous together.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    department: str | None = None
    scope: str = "anonymous"


SYSTEM = Actor("system", scope="system")
CITIZEN = Actor("citizen")


def may_act(actor: Actor, act: Act, facts: Facts) -> None:
    """Raise NotAllowed unless `actor` may do `act` on the ticket as it stands.

    A role of a department counts only on that department's own tickets, and an assisting one does ASSISTING_ACTS
    alone; a restricted ticket is open to RESTRICTED_ROLES and the departments at work on it; who a confidential or
    restricted caller is, nobody outside the hotline may ask; `SYSTEM` may do everything.
    """
    if actor is SYSTEM:
        return
    lead, departments = facts.department, facts.departments
    allowed = STAGE_ROLES.get((facts.stage, act)) or ACT_ROLES.get(act, ())
    if facts.restricted:
        allowed = _restricted(allowed)
    if act is Act.REVEAL and (facts.restricted or facts.confidential):
        allowed = tuple(role for role in allowed if role not in DEPARTMENT_ROLES)
    held = [role for role in allowed if role in actor.roles]
    if not held:
        words = "、".join(ROLE_WORDS[role] for role in allowed) or "系统"
        raise NotAllowed(f"{ACT_WORDS[act]}须由{words}操作。", act=act)
    if any(role not in DEPARTMENT_ROLES for role in held):
        return
    if actor.department is None or actor.department not in departments:
        raise NotAllowed("这张工单不是派给您单位的，不能操作。", act=act)
    if actor.department != lead and act not in ASSISTING_ACTS:
        raise NotAllowed(f"您单位是协办，{ACT_WORDS[act]}须由主办单位操作。", act=act)


def _restricted(allowed: tuple[Role, ...]) -> tuple[Role, ...]:
    """On a complaint about officials the supervisor stands in for everybody of the hotline (限定范围)."""
    ours = (role if role in (*DEPARTMENT_ROLES, *RESTRICTED_ROLES) else Role.SUPERVISOR for role in allowed)
    return tuple(dict.fromkeys(ours))


def may_review_at(actor: Actor, level: str, lead: str | None) -> None:
    """Raise NotAllowed unless `actor` reviews at that level: the leader of the lead first, then the hotline."""
    leader = Role.DEPARTMENT_LEADER in actor.roles and actor.department == lead is not None
    hotline = Role.DISPATCHER in actor.roles or Role.SUPERVISOR in actor.roles  # a restricted one by may_act
    if actor is SYSTEM or (leader if level == "department" else hotline):
        return
    who = "承办单位分管负责人" if level == "department" else "热线的派单员或督办员"
    raise NotAllowed(f"这一级审核须由{who}操作。")


def require(actor: Actor, roles: Iterable[Role], what: str) -> None:
    """Raise NotAllowed unless `actor` holds one of `roles`; `what` is the thing wanted, in Chinese."""
    wanted = tuple(roles)
    if actor is not SYSTEM and not actor.roles.intersection(wanted):
        words = "、".join(ROLE_WORDS[role] for role in wanted)
        raise NotAllowed(f"{what}须由{words}操作。")


@dataclass(frozen=True, slots=True)
class Sight:
    """Which tickets somebody may read (可见范围); whoever lists or reads tickets asks storage with one.

    `desk`: all ordinary tickets. `restricted`: complaints about officials. `clues`: the states in which clues are
    open to them, and for who is not of the desk the tickets of those clues. `department`: the tickets that it is at
    work on, but never a restricted one against a unit of `line`, which is the department and those above it.
    """

    desk: bool = False
    restricted: bool = False
    clues: tuple[str, ...] = ()
    department: str | None = None
    line: tuple[str, ...] = ()

    @property
    def of_department(self) -> bool:
        """Whether it is a department's and nothing else: then work lists are those of the department."""
        return self.department is not None and not (self.desk or self.restricted or self.clues)


#: The ordinary tickets of the whole desk, which is what lists hold unless more is asked for.
ORDINARY = Sight(desk=True)


def sight(actor: Actor, departments: Mapping[str, Department]) -> Sight:
    """What is in the sight of `actor`; `departments` are the pack's in use, for who stands under whom.

    Raises NotAllowed for those who may read no ticket. Source: lifecycle.md, restricted queue and clues.
    """
    if actor is SYSTEM:
        return Sight(desk=True, restricted=True, clues=CLUE_STATES)
    supervises, inspects = Role.SUPERVISOR in actor.roles, Role.DISCIPLINE in actor.roles
    own = actor.department if actor.roles.intersection(DEPARTMENT_ROLES) else None
    found = Sight(
        desk=bool(actor.roles.intersection(READING_ROLES)),
        restricted=bool(actor.roles.intersection(RESTRICTED_ROLES)),
        clues=CLUE_STATES if supervises else INSPECTED if inspects else (),
        department=own,
        line=tuple(dict.fromkeys((own, *upwards(own, departments)))) if own else (),
    )
    if found == Sight():
        raise NotAllowed("您的角色不能查看工单。")
    return found
