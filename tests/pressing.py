"""Building blocks for tests of repeats and pressure (重复诉求测试): matters told again, and whether all still agrees."""

from dispatch import supervise
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import tickets
from rules import clocks, escalation
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, act, of, post, rows, settle
from tests.stories import at

PHONE = "19900001234"
OTHER = "19900009999"
TEXT = "听橹家园二栋的电梯又坏了，老人下不了楼，物业一直推说等配件。"
AGAIN = "听橹家园二栋的电梯又坏了，老人下不了楼，物业还是推说在等配件。"
#: What no rule of the demo county sends anywhere: a dispatcher does.
FUMES = "楼下饭店的排烟口正对卧室，晚上开不了窗。"
STILL = "楼下饭店的排烟口还是正对卧室，晚上开不了窗。"
#: A complaint about an official of the market supervision bureau, and the same in milder words.
RUDE = "昨天去县市监局窗口办执照，工作人员态度恶劣，让我跑了三趟也不给办。"
MILD = "昨天去县市监局窗口办执照，工作人员很不耐烦，让我跑了三趟也不给办。"


def ring(desk, now, text=TEXT, phone=PHONE, **raw):
    """One contact, worked off."""
    receipt = post(desk, now, text=text, type="complain", caller={"phone": phone}, **raw)
    settle(desk, now)
    return receipt


def one(desk, number):
    """The ticket's row."""
    return rows(desk, f"SELECT * FROM ticket WHERE number = '{number}'")[0]


def sent(desk, now, department="market_supervision", **raw):
    """A ticket that a department leads; its number and the department's code."""
    number = ring(desk, now, **raw).number
    if one(desk, number)["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, now, department=department, reason="按职责派单")
    return number, one(desk, number)["department"]


def sign(desk, number, now):
    """The lead signs, unless the window for returns is over and the ticket is signed by itself."""
    supervise.catch_up(desk, number, now)
    if one(desk, number)["stage"] == "to_sign":
        act(desk, number, "sign", of(one(desk, number)["department"], Role.LIAISON), now)


def answered(desk, number, now, desk_role=DISPATCHER):
    """From 待签收 to 待回访."""
    lead = one(desk, number)["department"]
    sign(desk, number, now)
    act(desk, number, "contact", of(lead, Role.HANDLER), now, reached=True, words="已联系")
    replied(desk, number, now, desk_role)


def replied(desk, number, now, desk_role=DISPATCHER):
    """From 办理中 to 待回访."""
    lead = one(desk, number)["department"]
    act(desk, number, "reply", of(lead, Role.HANDLER), now, words="已修好", solved=True)
    act(desk, number, "review", of(lead, Role.DEPARTMENT_LEADER), now, level=1, approve=True)
    act(desk, number, "review", desk_role, now, level=2, approve=True)


def told(desk, number, now, content=True, caller_back=CALLER_BACK):
    """The callback: content or not."""
    act(desk, number, "call-back", caller_back, now, reached=True, solved=content, satisfied=content)
    settle(desk, now)


def closed(desk, when="2026-09-28 10:00", **raw):
    """A ticket answered to its caller's content; its number."""
    number, _ = sent(desk, at(when), **raw)
    answered(desk, number, at(when))
    told(desk, number, at(when))
    return number


def steps(desk, number=None):
    """The rungs by count that fired, in order."""
    of_one = f"AND ticket = '{number}'" if number else ""
    found = rows(
        desk,
        f"SELECT step FROM event WHERE step IS NOT NULL AND clock IS NULL {of_one} ORDER BY id",
    )
    return [each["step"] for each in found]


def receivers(desk, number):
    """Who heard of a ticket: (receiver, department)."""
    settle(desk, at("2026-12-31 10:00"))
    found = rows(desk, f"SELECT receiver, department FROM notice WHERE ticket = '{number}' ORDER BY id")
    return [(each["receiver"], each["department"]) for each in found]


def require_agreement(desk):
    """Whatever happened: counts, levels, clocks and clues as stored are what a replay of the events gives."""
    with desk.database.reading() as tx:
        for each in rows(desk, "SELECT number FROM ticket ORDER BY number"):
            ticket = tickets.read(tx, each["number"])
            terms = desk.packs.of(ticket.pack, tx)
            facts = stored_facts.gather(tx, ticket)
            found = escalation.standing(facts, *terms)
            stored = (ticket.complaint_count, ticket.supervision, ticket.raised)
            assert stored == (found.count, found.supervision, found.raised), ticket.number
            assert found.due == (), ticket.number
            held = {(row["kind"], row["generation"]): row for row in stored_clocks.read(tx, ticket.number)}
            planned = {(plan.kind.value, plan.generation): plan for plan in clocks.plan(facts, *terms)}
            assert set(held) == set(planned), ticket.number
            for key, plan in planned.items():
                shown = (held[key]["state"], held[key]["due_at"], held[key]["stopped_at"])
                assert shown == (plan.state, plan.due_at, plan.stopped_at), (ticket.number, key)
            clue = rows(
                desk,
                f"SELECT step FROM clue WHERE ticket = '{ticket.number}' AND state IN ('waiting', 'sent_up')",
            )
            opened = escalation.open_clue(facts)
            assert clue == ([{"step": opened.step}] if opened else []), ticket.number
    assert rows(
        desk, "SELECT ticket, step FROM event WHERE step IS NOT NULL AND clock IS NULL GROUP BY ticket, step "
        "HAVING count(*) > 1",
    ) == []  # fmt: skip
