"""The numbers of the life cycle (时限和次数) are defaults of a pack: each stands in it, and what a pack writes is what counts."""

import pytest

from dispatch import packs
from rules import clocks
from rules.policy import parse
from rules.terms import Budget, ClockKind, TicketType, Unit, Urgency
from tests.packs import edited
from tests.stories import DISPATCHED, RECEIVED, SIGNED, event, facts, policy

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
