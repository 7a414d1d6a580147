"""Who may do what (权限): every role against every act, on a ticket led, assisted and not held by their department."""

import pytest

from rules.access import (
    ACT_ROLES,
    CITIZEN,
    CLUE_STATES,
    DEPARTMENT_ROLES,
    INSPECTED,
    SYSTEM,
    Actor,
    Sight,
    may_act,
    may_review_at,
    require,
    sight,
)
from rules.bodies import BODIES
from rules.errors import NotAllowed
from rules.terms import Act, Role, Stage
from tests.stories import facts, policy

LEAD, ASSIST, OTHER = "urban", "water", "transport"

#: Written out by hand from the "who" of lifecycle.md; an act that is built and not here fails the test below.
WHO = {
    Act.ANSWER: "operator dispatcher",
    Act.REFUSE: "operator dispatcher",
    Act.DISPATCH: "dispatcher",
    Act.SIGN: "liaison",
    Act.RETURN_: "liaison",
    Act.SETTLE_RETURN: "dispatcher",
    Act.REASSIGN: "dispatcher supervisor",
    Act.CONFER: "dispatcher",
    Act.ASSIST: "handler liaison department_leader dispatcher",
    Act.DELEGATE: "handler liaison department_leader",
    Act.REPORT_UP: "handler liaison department_leader",
    Act.SET_DUE: "supervisor",
    Act.CONTACT: "handler liaison",
    Act.EXTEND: "handler liaison",
    Act.SETTLE_EXTENSION: "department_leader dispatcher supervisor",
    Act.SUSPEND: "handler supervisor",
    Act.RESUME: "handler supervisor",
    Act.REPLY: "handler liaison",
    Act.REVIEW: "department_leader dispatcher supervisor",
    Act.CALL_BACK: "caller_back",
    Act.REDO: "supervisor",
    Act.URGE: "operator dispatcher caller_back supervisor",
    Act.CLOSE: "caller_back supervisor",
    Act.INVALIDATE: "operator dispatcher",
    Act.TRANSFER: "operator dispatcher",
    Act.SUPPLEMENT: "operator dispatcher",
    Act.SUPERVISE: "supervisor",
    Act.RAISE_: "supervisor manager",
    Act.UNDO: "supervisor",
    Act.LINK: "operator dispatcher supervisor",
    Act.MERGE: "dispatcher supervisor",
    Act.UNMERGE: "dispatcher supervisor",
    Act.WITHDRAW: "operator dispatcher caller_back",
    Act.END: "supervisor manager",
    Act.ARCHIVE: "supervisor admin",
    Act.MARK_CALLER: "supervisor",
    Act.SETTLE_CLUE: "supervisor discipline",
    Act.SEND_UPWARD: "dispatcher supervisor",
    Act.SETTLE_UPWARD: "dispatcher supervisor",
    Act.SPLIT: "operator dispatcher supervisor",
    Act.APPEAL: "liaison department_leader",
    Act.SETTLE_APPEAL: "supervisor",
    Act.RATE: "operator caller_back",
    Act.REVEAL: "operator dispatcher caller_back supervisor handler liaison",
}
EVERY_PAIR = [(act, role) for act in WHO for role in Role]


def somebody(role: Role, department: str = LEAD) -> Actor:
    return Actor("x", frozenset({role}), department if role in DEPARTMENT_ROLES else None)


def allowed(
    actor: Actor, act: Act, lead: str | None = LEAD, departments: tuple[str, ...] = (LEAD, ASSIST)
) -> bool:
    try:
        may_act(actor, act, facts(department=lead, departments=departments))
    except NotAllowed as refused:
        assert refused.detail
        return False
    return True


def test_the_table_above_covers_every_act_that_is_built():
    assert set(WHO) == set(BODIES)


@pytest.mark.parametrize(("act", "role"), EVERY_PAIR)
def test_a_role_of_the_lead_may_do_what_the_table_says(act, role):
    assert allowed(somebody(role), act) is (role.value in WHO[act].split())


@pytest.mark.parametrize(("act", "role"), EVERY_PAIR)
def test_another_departments_people_may_do_nothing(act, role):
    expected = role.value in WHO[act].split() and role not in DEPARTMENT_ROLES
    assert allowed(somebody(role, OTHER), act) is expected


@pytest.mark.parametrize(("act", "role"), EVERY_PAIR)
def test_an_assisting_department_talks_to_the_caller_and_leaves_the_rest_to_the_lead(act, role):
    in_table = role.value in WHO[act].split()
    expected = in_table and (
        role not in DEPARTMENT_ROLES or act in (Act.CONTACT, Act.DELEGATE, Act.REPORT_UP, Act.REVEAL)
    )
    assert allowed(somebody(role, ASSIST), act) is expected


@pytest.mark.parametrize("act", sorted(WHO))
def test_a_department_that_lost_the_ticket_may_do_nothing_more(act):
    for role in DEPARTMENT_ROLES:
        assert not allowed(somebody(role), act, lead=None, departments=())
        assert not allowed(somebody(role), act, lead=OTHER, departments=(OTHER,))


@pytest.mark.parametrize("act", sorted(WHO))
def test_a_department_role_without_a_department_may_do_nothing(act):
    nowhere = Actor("x", frozenset(DEPARTMENT_ROLES))
    assert not allowed(nowhere, act)
    assert not allowed(nowhere, act, lead=None, departments=())


@pytest.mark.parametrize("act", sorted(Act))
def test_nobody_without_a_role_acts_and_an_unbuilt_act_is_nobodys(act):
    assert not allowed(CITIZEN, act)
    assert not allowed(Actor("system", scope="system"), act)  # the name alone makes nobody the desk
    may_act(SYSTEM, act, facts(department=LEAD, departments=(LEAD,)))
    if act not in ACT_ROLES:
        assert not allowed(Actor("x", frozenset(Role), LEAD), act)


@pytest.mark.parametrize(
    ("act", "role", "may"),
    [
        (Act.DISPATCH, Role.DISPATCHER, False),
        (Act.DISPATCH, Role.SUPERVISOR, True),
        (Act.CALL_BACK, Role.CALLER_BACK, False),
        (Act.CALL_BACK, Role.SUPERVISOR, True),
        (Act.SIGN, Role.LIAISON, True),
        (Act.SETTLE_CLUE, Role.DISCIPLINE, True),
        (Act.RAISE_, Role.MANAGER, False),
    ],
)
def test_on_a_complaint_about_officials_the_supervisor_stands_in_for_the_hotline(act, role, may):
    ticket = facts(restricted=True, department=LEAD, departments=(LEAD,))
    if may:
        may_act(somebody(role), act, ticket)
    else:
        with pytest.raises(NotAllowed):
            may_act(somebody(role), act, ticket)


@pytest.mark.parametrize(
    ("stage", "act", "role", "may"),
    [
        ("incomplete", Act.CONTACT, Role.OPERATOR, True),
        ("handling", Act.CONTACT, Role.OPERATOR, False),
        ("incomplete", Act.CONTACT, Role.HANDLER, False),
        ("transferred", Act.UNDO, Role.OPERATOR, True),
        ("handling", Act.UNDO, Role.OPERATOR, False),
    ],
)
def test_some_stages_give_an_act_to_the_desk(stage, act, role, may):
    ticket = facts(stage=Stage(stage), department=LEAD, departments=(LEAD,))
    if may:
        may_act(somebody(role), act, ticket)
    else:
        with pytest.raises(NotAllowed):
            may_act(somebody(role), act, ticket)


def test_two_roles_add_up():
    both = Actor("x", frozenset({Role.OPERATOR, Role.DISPATCHER}))
    assert allowed(both, Act.DISPATCH) and allowed(both, Act.URGE)
    assert not allowed(both, Act.SIGN)


@pytest.mark.parametrize(
    ("role", "department", "level", "may"),
    [
        (Role.DEPARTMENT_LEADER, LEAD, "department", True),
        (Role.DEPARTMENT_LEADER, LEAD, "hotline", False),
        (Role.DEPARTMENT_LEADER, ASSIST, "department", False),
        (Role.DISPATCHER, None, "department", False),
        (Role.DISPATCHER, None, "hotline", True),
        (Role.SUPERVISOR, None, "hotline", True),
        (Role.HANDLER, LEAD, "department", False),
        (Role.MANAGER, None, "hotline", False),
    ],
)
def test_each_level_of_review_has_its_reviewer(role, department, level, may):
    actor = Actor("x", frozenset({role}), department)
    if may:
        may_review_at(actor, level, LEAD)
    else:
        with pytest.raises(NotAllowed):
            may_review_at(actor, level, LEAD)


def test_a_dispatcher_who_also_leads_another_department_cannot_review_for_this_one():
    both = Actor("x", frozenset({Role.DISPATCHER, Role.DEPARTMENT_LEADER}), OTHER)
    with pytest.raises(NotAllowed, match="分管负责人"):
        may_review_at(both, "department", LEAD)
    may_review_at(both, "hotline", LEAD)


BELOW, ABOVE = "traffic_police", "police"

#: What is in the sight of each role: ordinary tickets, restricted ones, clues, only a department's own.
SEES = {
    Role.OPERATOR: (True, False, (), False),
    Role.DISPATCHER: (True, False, (), False),
    Role.LIAISON: (False, False, (), True),
    Role.HANDLER: (False, False, (), True),
    Role.DEPARTMENT_LEADER: (False, False, (), True),
    Role.CALLER_BACK: (True, False, (), False),
    Role.SUPERVISOR: (True, True, CLUE_STATES, False),
    Role.MANAGER: (True, False, (), False),
    Role.DISCIPLINE: (False, True, INSPECTED, False),
    Role.ADMIN: (True, False, (), False),
    Role.AUDITOR: (True, False, (), False),
}


@pytest.mark.parametrize("role", list(Role))
def test_what_is_in_whose_sight(role):
    found = sight(somebody(role), policy().departments)
    desk, restricted, clues, own = SEES[role]
    assert (found.desk, found.restricted, found.clues, found.of_department) == (desk, restricted, clues, own)
    assert found.department == (LEAD if own else None)


@pytest.mark.parametrize(
    ("department", "line"),
    [(ABOVE, (ABOVE,)), (BELOW, (BELOW, ABOVE)), ("unknown", ("unknown",))],
)
def test_the_line_of_a_department_is_itself_and_those_above_it(department, line):
    assert sight(somebody(Role.HANDLER, department), policy().departments).line == line


def test_two_roles_see_what_either_sees():
    both = Actor("x", frozenset({Role.DISCIPLINE, Role.HANDLER}), LEAD)
    found = sight(both, policy().departments)
    assert (found.desk, found.restricted, found.department, found.of_department) == (False, True, LEAD, False)
    watch = sight(Actor("x", frozenset({Role.SUPERVISOR, Role.DISCIPLINE})), {})
    assert (watch.desk, watch.clues) == (True, CLUE_STATES)


@pytest.mark.parametrize(
    "actor",
    [CITIZEN, Actor("x", frozenset({Role.HANDLER})), Actor("x", frozenset(), LEAD), Actor("system")],
    ids=["citizen", "handler of nothing", "no role", "the name of the system alone"],
)
def test_who_reads_no_ticket_is_told_so(actor):
    with pytest.raises(NotAllowed, match="不能查看工单"):
        sight(actor, policy().departments)


def test_the_desk_itself_sees_everything():
    assert sight(SYSTEM, {}) == Sight(desk=True, restricted=True, clues=CLUE_STATES)


def test_a_role_is_asked_for_by_its_chinese_name():
    require(Actor("x", frozenset({Role.OPERATOR})), (Role.OPERATOR,), "登记")
    require(SYSTEM, (Role.OPERATOR,), "登记")
    with pytest.raises(NotAllowed, match="登记须由话务员、派单员操作"):
        require(CITIZEN, (Role.OPERATOR, Role.DISPATCHER), "登记")


@pytest.mark.parametrize("how", ["confidential", "restricted"])
@pytest.mark.parametrize("role", list(Role))
def test_nobody_outside_the_hotline_learns_who_a_confidential_caller_is(role, how):
    hotline = {"operator", "dispatcher", "caller_back", "supervisor"}
    may = {"supervisor"} if how == "restricted" else hotline
    story = facts(department=LEAD, departments=(LEAD, ASSIST), **{how: True})
    if role.value in may:
        may_act(somebody(role), Act.REVEAL, story)
        return
    with pytest.raises(NotAllowed):
        may_act(somebody(role), Act.REVEAL, story)
