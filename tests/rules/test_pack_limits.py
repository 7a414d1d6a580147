"""The numbers of the life cycle (时限和次数) are defaults of a pack: each stands in it, and what a pack writes is what counts."""

import pytest

from dispatch import packs
from rules import clocks
from rules.errors import PackFault
from rules.explaining_words import why
from rules.policy import parse
from rules.terms import Budget, ClockKind, TicketType, Unit, Urgency
from tests.packs import county, edited
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, event, facts, policy

WORKDAYS, MINUTES = Unit.WORKDAYS, Unit.MINUTES


@pytest.mark.parametrize(
    ("clock", "kind", "urgency", "occasion", "budget"),
    [
        ("supplement", "help", "normal", "", Budget(3, WORKDAYS)),
        ("dispatch", "help", "normal", "", Budget(0.5, WORKDAYS)),
        ("dispatch", "help", "urgent", "", Budget(60, MINUTES)),
        ("sign", "help", "normal", "", Budget(1, WORKDAYS)),
        ("sign", "help", "critical", "", Budget(30, MINUTES)),
        ("settle", "help", "normal", "", Budget(0.5, WORKDAYS)),
        ("settle", "help", "normal", "conferring", Budget(1, WORKDAYS)),
        ("first_contact", "help", "normal", "", Budget(1, WORKDAYS)),
        ("handle", "consult", "normal", "", Budget(3, WORKDAYS)),
        ("handle", "suggest", "normal", "", Budget(7, WORKDAYS)),
        ("handle", "report", "normal", "", Budget(15, WORKDAYS)),
        ("handle", "help", "normal", "redo", Budget(3, WORKDAYS)),
        ("review", "help", "normal", "", Budget(1, WORKDAYS)),
        ("call_back", "help", "normal", "", Budget(1, WORKDAYS)),
        ("clue", "help", "normal", "", Budget(1, WORKDAYS)),
    ],
)
def test_every_limit_of_the_life_cycle_is_a_row_with_its_clause(clock, kind, urgency, occasion, budget):
    limit = policy().limit(ClockKind(clock), TicketType(kind), Urgency(urgency), occasion)
    assert limit is not None and limit.budget == budget and limit.clause


def test_counts_and_windows_are_the_packs_too():
    pack = policy()
    assert (pack.extensions.times, pack.extensions.each) == (3, Budget(3, WORKDAYS))
    assert (pack.returns.window, pack.returns.head_from, pack.returns.confer_from) == (
        Budget(1, WORKDAYS),
        2,
        3,
    )
    assert (pack.callbacks.attempts, pack.callbacks.days, pack.contacts.attempts) == (3, 2, 3)
    assert max(each.max_days for each in pack.suspensions) == 180
    assert pack.rectification.within == Budget(5, WORKDAYS) and pack.rectification.clause
    assert (pack.counting.window_days, pack.counting.apart) == (180, 1)
    ladder = {row.step.step: row.step for row in pack.ladder if row.clock == ClockKind.HANDLE}
    assert (ladder["warn_50"].share, ladder["warn_80"].share, ladder["breach"].share) == (0.5, 0.8, 1)
    late = [ladder[f"supervise_{level}"].after for level in (1, 2, 3)]
    assert late == [Budget(1, WORKDAYS), Budget(3, WORKDAYS), Budget(5, WORKDAYS)]


@pytest.mark.parametrize(("attempts", "state"), [(1, "met"), (2, "armed")])
def test_how_many_attempts_count_as_a_contact_is_what_the_pack_says(attempts, state):
    files, _, _ = edited("returns.toml", "[contact]", f"[contact]\nattempts = {attempts}\n#")
    name = next(each for each in files if "[contact]" in files[each])
    files[name] = files[name].replace(
        '\nattempts = 3\nclause = "待核实：没有读到全国规定，本系统缺省：联系', '\nclause = "联系'
    )
    pack = parse(files)
    tried = event("contacted", "2026-09-28 15:00", reached=False)
    plans = clocks.plan(facts(RECEIVED, DISPATCHED, SIGNED, tried), pack, packs.calendar_of(pack))
    assert [each.state for each in plans if each.kind is ClockKind.FIRST_CONTACT] == [state]


LEGAL = """
[[limit]]
id = "handle_by_law"
clock = "handle"
occasion = "legal"
categories = ["street_light"]
amount = 45
unit = "workdays"
clause = "虚构的法"
"""


def by_law(**given):
    pack = parse(county(limits=LEGAL.replace("street_light", CATEGORY)))
    told = facts(RECEIVED, DISPATCHED, SIGNED, **given)
    plans = clocks.plan(told, pack, packs.calendar_of(pack))
    found = next(each for each in plans if each.kind == "handle" and each.scope == "ticket")
    return found, why(found, plans, told, pack, packs.calendar_of(pack))


CATEGORY = next(code for code, each in policy().categories.items() if each.parent)
GROUP = policy().categories[CATEGORY].parent


def test_what_the_law_sets_beats_the_ordinary_limit_and_is_named():
    found, told = by_law(category=CATEGORY)
    assert (found.rule, found.budget) == ("handle_by_law", Budget(45, WORKDAYS))
    assert "法定时限，优先于一般时限" in told["words"] and told["adds_up"]
    assert by_law(category=None)[0].rule != "handle_by_law"
    pack = parse(county(limits=LEGAL.replace("street_light", GROUP)))
    assert pack.legal_limit(TicketType.HELP, Urgency.NORMAL, CATEGORY).rule == "handle_by_law"


@pytest.mark.parametrize(
    ("category", "upper", "rule", "due"),
    [
        (None, "2026-09-30 12:00", "upper_due_at", "2026-09-30 12:00"),  # earlier than the ordinary one
        (None, "2026-12-20 12:00", "upper_due_at", "2026-12-20 12:00"),  # later than it
        (
            CATEGORY,
            "2026-10-30 12:00",
            "upper_due_at",
            "2026-10-30 12:00",
        ),  # of law and upper level the earlier
        (CATEGORY, "2027-03-01 12:00", "handle_by_law", "2026-12-04 17:30"),
        (None, "2026-09-01 12:00", "upper_due_at", "2026-09-28 10:00"),  # past when it was sent: late at once
    ],
)
def test_an_upper_levels_deadline_beats_the_ordinary_limit_too(category, upper, rule, due):
    found, told = by_law(category=category, upper_due_at=at(upper))
    assert (found.rule, found.due_at) == (rule, at(due))
    assert told["adds_up"]
    assert ("上级交办" in told["words"]) == (rule == "upper_due_at")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (('occasion = "legal"\n', ""), "categories 只用于法定时限"),
        (('"street_light"', '"no-such"'), "没有“no-such”"),
        (('amount = 45\nunit = "workdays"', "exempt = true"), "法定时限必须写明多少"),
    ],
)
def test_a_legal_limit_that_cannot_be_is_a_fault(changed, fault):
    text = LEGAL.replace(*changed).replace("street_light", CATEGORY)
    with pytest.raises(PackFault, match=fault):
        parse(county(limits=text))
