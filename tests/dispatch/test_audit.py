"""The auditor (核查): every kind of fault is found, repaired, counted and told, and no promise moves."""

from datetime import timedelta

import pytest

from dispatch import audit, checkup, supervise
from dispatch.audit import REPAIRS
from dispatch.storage.outbox import MOST_ATTEMPTS
from tests.desks import post, rows, settle
from tests.dispatch.test_supervise import WORDS, signed
from tests.stories import at

NOW = at("2026-09-29 10:00")

#: What somebody did to the rows behind the desk's back, and what the auditor makes of it.
FAULTS = {
    "missing_clock": "DELETE FROM clock WHERE kind = 'handle'",
    "wrong_next": "UPDATE clock SET next_at = due_at WHERE kind = 'handle'",
    "wrong_state": "UPDATE clock SET state = 'cancelled', next_at = NULL WHERE kind = 'handle'",
    "stray_clock": (
        "INSERT INTO clock (ticket, kind, scope, generation, state, started_at, due_at, next_at, ladder, rule, clause, "
        "pack, calendar, provisional) SELECT ticket, kind, 'nowhere', generation, 'armed', started_at, due_at, due_at, "
        "ladder, rule, clause, pack, calendar, provisional FROM clock WHERE kind = 'handle' AND scope = 'ticket'"
    ),
    "wrong_due": "UPDATE ticket SET due_at = NULL",
    "still_armed": "UPDATE clock SET state = 'armed', next_at = due_at WHERE kind = 'handle'",
}


def broken(desk, sql):
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql(sql)


def state(desk):
    return rows(
        desk,
        "SELECT kind, scope, generation, state, due_at, next_at, ladder FROM clock ORDER BY kind, scope, generation",
    )


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_each_fault_is_repaired_once_counted_and_told(desk, kind):
    number, _ = signed(desk)
    if kind == "still_armed":
        ended(desk, number)
    assert audit.audit(desk, NOW).repaired == []
    before = state(desk)
    broken(desk, FAULTS[kind])
    found = audit.audit(desk, NOW)
    assert (found.repairs, found.failed) == ({kind: 1}, [])
    stray = [each for each in state(desk) if each["scope"] == "nowhere"]
    assert [each for each in state(desk) if each not in stray] == before
    assert [(each["state"], each["next_at"]) for each in stray] == [("cancelled", None)] * (
        kind == "stray_clock"
    )
    (told,) = rows(desk, "SELECT ticket, actor, data FROM event WHERE kind = 'repaired'")
    assert (told["ticket"], told["actor"]) == (number, "system")
    assert REPAIRS[kind] in str(told["data"])
    assert audit.audit(desk, NOW).repaired == []
    assert rows(desk, f"SELECT n FROM watch WHERE name = 'repair.{kind}'") == [{"n": 1}]


def ended(desk, number):
    broken(desk, f"UPDATE ticket SET stage = 'withdrawn', due_at = NULL WHERE number = '{number}'")
    broken(
        desk,
        "INSERT INTO event (ticket, kind, at, recorded_at, actor, data) "
        "SELECT number, 'withdrawn', received_at, received_at, 'operator', '{\"stage\":\"withdrawn\"}' FROM ticket",
    )
    supervise.fire(desk, number, NOW)  # plans again
    assert rows(desk, "SELECT count(*) AS n FROM clock WHERE next_at IS NOT NULL") == [{"n": 0}]


def test_a_promise_is_not_rewritten_when_the_plan_says_otherwise(desk):
    signed(desk)
    broken(desk, "UPDATE clock SET due_at = started_at WHERE state = 'met'")
    before = state(desk)
    assert audit.audit(desk, NOW).repairs == {}
    assert state(desk) == before


def test_a_clock_that_was_lost_fires_its_steps_at_their_true_instants(desk):
    signed(desk)
    broken(desk, FAULTS["missing_clock"])
    late = at("2026-10-12 18:00")
    assert audit.audit(desk, late).repairs == {"missing_clock": 1}
    assert supervise.tick(desk, late) == 2
    steps = rows(desk, "SELECT step FROM event WHERE step IS NOT NULL ORDER BY at")
    assert [each["step"] for each in steps] == ["warn_50", "warn_80"]


def test_everything_near_due_is_looked_at_and_the_sample_goes_round(desk, monkeypatch):
    monkeypatch.setattr(audit, "SAMPLE", 2)
    monkeypatch.setattr(audit, "ARMED", 1)
    numbers = [signed(desk)[0] for _ in range(5)]
    looked = []
    real = audit._hold
    monkeypatch.setattr(audit, "_hold", lambda *given: looked.append(given[2].number) or real(*given))
    for _ in range(3):
        audit.audit(desk, NOW)
    assert set(looked) == set(numbers) and len(looked) <= 6
    found = audit.audit(desk, at("2026-10-09 09:20"))  # ten minutes before the reminder
    assert (found.near, found.looked) == (5, 5)


def test_a_ticket_that_nothing_would_triage_is_put_before_the_desk_again(desk):
    number = post(desk, NOW, text=WORDS, type="求助").number
    later = NOW + timedelta(minutes=11)
    assert audit.audit(desk, later).repairs.get("untriaged") is None  # the outbox still has it
    broken(desk, "DELETE FROM outbox")
    assert audit.audit(desk, NOW + timedelta(minutes=9)).repairs == {}
    assert audit.audit(desk, later).repairs["untriaged"] == 1
    settle(desk, later)
    assert rows(desk, f"SELECT stage FROM ticket WHERE number = '{number}'")[0]["stage"] != "received"
    assert audit.audit(desk, later).repairs == {}


def test_one_whose_triage_died_and_whose_handing_over_failed_gets_a_person(desk):
    post(desk, NOW, text=WORDS, type="求助")
    broken(desk, f"UPDATE outbox SET state = 'dead', attempts = {MOST_ATTEMPTS}")
    assert audit.audit(desk, NOW + timedelta(minutes=11)).repairs["untriaged"] == 1
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "to_dispatch"}]


def test_one_that_cannot_be_planned_does_not_hide_the_others(desk, monkeypatch):
    bad, _ = signed(desk)
    signed(desk)
    broken(desk, FAULTS["wrong_next"])
    real = audit._hold

    def hold(*given):
        if given[2].number == bad:
            raise RuntimeError("broken")
        return real(*given)

    monkeypatch.setattr(audit, "_hold", hold)
    found = audit.audit(desk, NOW)
    assert (found.failed, found.repairs) == ([bad], {"wrong_next": 1})


def test_the_check_up_tells_of_repairs_for_a_day(desk):
    signed(desk)
    broken(desk, FAULTS["wrong_next"])
    audit.audit(desk, NOW)
    today = checkup._audit(desk.database, NOW + timedelta(hours=23))
    assert not today.ok and "改正下一步的时刻 1 次" in today.says
    assert checkup._audit(desk.database, NOW + timedelta(hours=25)).ok


def test_the_check_up_names_the_step_that_is_late_longest(desk):
    number, _ = signed(desk)
    said = checkup._ticker(desk.database, at("2026-10-09 10:00"))
    assert not said.ok and number in said.says and "办理时限" in said.says and "30 分钟" in said.says
