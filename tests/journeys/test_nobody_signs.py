"""Signing by itself on a real desk (自动签收): the ticker does it once, marked, counted apart, also after a stop."""

import pytest

from dispatch import supervise
from rules.errors import DeskError
from rules.terms import Role
from tests.desks import act, of, rows, settle
from tests.dispatch.test_figures_stories import summed
from tests.dispatch.test_supervise import sent, steps
from tests.stories import at

END = "2026-09-29 17:30"


def test_an_unsigned_ticket_is_signed_at_the_end_of_the_window(desk):
    number, code = sent(desk)
    assert supervise.tick(desk, at("2026-09-29 17:29")) == 1  # the warning
    supervise.tick(desk, at(END))
    assert steps(desk)[-2:] == [("duty_called", "breach"), ("signed", "automatic")]
    (ticket,) = rows(desk, "SELECT stage, department FROM ticket")
    assert (ticket["stage"], ticket["department"]) == ("handling", code)
    clocks = {each["kind"]: each["state"] for each in rows(desk, "SELECT kind, state FROM clock ORDER BY id")}
    assert (clocks["sign"], clocks["first_contact"], clocks["handle"]) == ("cancelled", "armed", "armed")
    assert supervise.tick(desk, at(END)) == 0
    settle(desk, at(END))
    told = rows(desk, "SELECT receiver, words FROM notice WHERE words LIKE '%自动签收%' ORDER BY receiver")
    assert [each["receiver"] for each in told] == ["department_leader", "liaison"]
    assert rows(desk, "SELECT count(*) AS n FROM notice WHERE receiver = 'duty_officer'") == [{"n": 1}]
    with pytest.raises(DeskError):
        act(desk, number, "return", of(code, Role.LIAISON), at("2026-09-29 17:31"), reason="不属职责")


def test_after_a_stop_it_is_signed_as_of_its_instant_and_what_follows_fires_too(desk):
    sent(desk)
    supervise.tick(desk, at("2026-10-09 09:00"))
    found = rows(desk, "SELECT kind, at, actor FROM event WHERE kind = 'signed'")
    assert [(each["actor"], str(each["at"])[:16].replace("T", " ")) for each in found] == [
        ("system", "2026-09-29 09:30")
    ]
    assert ("breached", "breach") in steps(desk)  # nobody called within the workday after that


def test_many_unsigned_tickets_are_signed_in_a_storm(desk, monkeypatch):
    monkeypatch.setattr(supervise, "CALM", 0)
    for _ in range(3):
        sent(desk)
    supervise.tick(desk, at(END))
    assert rows(desk, "SELECT count(*) AS n FROM event WHERE kind = 'signed'") == [{"n": 3}]


def test_it_is_counted_apart_and_the_limit_stays_missed(desk):
    sent(desk)
    number, code = sent(desk)
    act(desk, number, "sign", of(code, Role.LIAISON), at("2026-09-28 11:00"))
    supervise.tick(desk, at(END))
    wanted = {"assigned": 2, "signed": 2, "signed_by_hand": 1, "signed_automatic": 1}
    limit = {"sign_due": 2, "signed_on_time": 1}
    assert summed(desk, *wanted, *limit, key=None) == {**wanted, **limit}
