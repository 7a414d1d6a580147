"""Deadlines counted anew by the page (整批重算): as if one by one, over random lives, through kills and beside other acts."""

import json
import random
from contextlib import ExitStack

import pytest

from dispatch import anew, recalculating, supervise
from dispatch.anew import Order, Page
from dispatch.record import notices
from dispatch.storage import calendars, history, tickets
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage.ledger import Ledger
from rules import clocks
from rules.lifecycle import OPEN_STAGES
from rules.outcome import heard
from rules.succession import change
from rules.succession import notices as told_of
from rules.terms import CHINA, Role
from tests.desks import act, of, rows
from tests.dispatch.test_recalculating import LONGER, NOW, SHORTER, changes, handled, handling, load, notice
from tests.pressing import require_agreement, sent
from tests.stories import at
from tests.walking import Walk

#: What a recomputing leaves behind, but for the ids of rows.
LEFT = {
    "ticket": "number, due_at, version",
    "clock": "ticket, kind, scope, generation, state, started_at, due_at, next_at, stopped_at, ladder, rule, calendar, "
    "provisional",
    "event": "ticket, kind, at, recorded_at, actor, data",
    "outbox": "ticket, kind, state, ready_at, data",
}


def left(tx):
    """Every row of the tables that a recomputing writes, in one order."""
    found = {}
    for table, columns in LEFT.items():
        read = tx.connection().exec_driver_sql(f"SELECT {columns} FROM {table}").fetchall()
        found[table] = sorted(repr([_plain(cell) for cell in row]) for row in read)
    return found


def _plain(cell):
    """JSON comes as text from SQLite, and instants in the zone of the server from PostgreSQL."""
    if isinstance(cell, str) and cell[:1] in "{[":
        return json.loads(cell)
    return cell.astimezone(CHINA) if hasattr(cell, "astimezone") else cell


def one_by_one(desk, tx, now):
    """The same by the statements of a single act: each ticket gathered, asked, planned and written by itself."""
    for number in calendars.waiting(tx, "", 10_000):
        ticket = tickets.lock(tx, number)
        terms = desk.packs.of(ticket.pack, tx)
        facts, held = stored_facts.gather(tx, ticket), stored_clocks.read(tx, number)
        asked = anew.asked_by(terms[1], facts, held, terms[0])
        if not asked and not anew.is_over(held):
            continue
        anchored = (*asked, *anew._anchors(held, asked))
        changed = change(anchored, held[0]["calendar"], terms[1], now.astimezone(CHINA), {})
        after = stored_facts.with_happening(facts, changed)
        ledger = Ledger(event=[history.row(number, changed, "cli", now)])
        if ticket.stage in OPEN_STAGES:
            ledger.outbox += notices(number, heard(told_of(facts, changed), terms[0], ticket.restricted), now)
        ledger.write(tx)
        plans = clocks.plan(after, *terms)
        fired = stored_clocks.steps_of(tx, [number])[number]
        found = stored_clocks.compare(number, plans, held, fired, (ticket.pack, terms[1].version))
        stored_clocks.write(tx, found)
        if ticket.stage in OPEN_STAGES:
            tickets.mark(tx, number, {"due_at": found.due_at})
        for row, (provisional, version) in anew._stands(held, changed, terms[1]).items():
            mark = f"UPDATE clock SET provisional = {provisional}, calendar = '{version}' WHERE id = {row}"
            tx.connection().exec_driver_sql(mark)


def walked(desk, seed, steps=90):
    """A desk on which people did this and that late in December."""
    walk = Walk(desk, random.Random(seed), at("2026-12-21 09:00"))
    walk.run(steps)
    return walk.now


def as_one_by_one(desk, text, now):
    """Load the notice, and require what one ticket after the other would have left; how many tickets that were."""
    recalculating.keep(desk, notice(text), "cli", now)
    with desk.database.reading() as tx:  # and never committed
        desk.packs.loaded(tx)
        before = left(tx)
        one_by_one(desk, tx, now)
        wanted = left(tx)
    assert wanted["clock"] != before["clock"]
    found = load(desk, text, now)
    with desk.database.reading() as tx:
        assert left(tx) == wanted
    assert found.tickets == len(wanted["event"]) - len(before["event"])
    require_agreement(desk)
    return found.tickets


@pytest.mark.parametrize(("seed", "text"), [(1, LONGER), (3, SHORTER)])
def test_a_page_leaves_what_one_ticket_after_the_other_would(desk, seed, text):
    now = max(walked(desk, seed), NOW)
    supervise.tick(desk, now)
    assert as_one_by_one(desk, text, now) > 3
    load(desk, text, now, reason="按通知执行", actor="督办王")
    require_agreement(desk)
    assert recalculating.preview(desk, notice(text), lambda _: None).tickets == 0


def test_a_ticket_that_nobody_signed_signs_itself_later_by_the_notice(desk):
    # half an hour to sign, but a workday to send it back
    number, _ = sent(desk, at("2026-12-31 10:00"), urgency="urgent")
    assert as_one_by_one(desk, LONGER, at("2026-12-31 10:10")) == 1
    found = rows(
        desk, f"SELECT ladder FROM clock WHERE kind = 'sign' AND ticket = '{number}' ORDER BY generation"
    )
    ladders = [_plain(each["ladder"]) for each in found]
    signs = [next(step["at"][:10] for step in each if step["action"] == "sign") for each in ladders]
    assert signs == ["2027-01-01", "2027-01-06"]


def test_pages_that_were_done_ahead_of_a_kill_are_neither_done_nor_counted_again(desk):
    numbers = sorted(handled(desk, phone=f"1990000{n:04}")[0] for n in range(3))
    held = recalculating.keep(desk, notice(LONGER), "cli", NOW)
    desk.packs._asked = None
    ahead = Page((numbers[2],), "", NOW)  # another process still has the page before it
    assert anew.settle(Order(held.id, "cli"), desk, ahead).tickets == 1
    with desk.database.reading() as tx:
        held = calendars.loaded(tx)[0]
    assert (held.next, held.done_at, held.counted["tickets"]) == ("", None, 1)
    assert load(desk, LONGER).tickets == 2
    with desk.database.reading() as tx:
        assert calendars.loaded(tx)[0].counted == {"later": 9, "earlier": 0, "same": 0, "tickets": 3}
    assert [len(changes(desk, each)) for each in numbers] == [1, 1, 1]


def test_a_failure_while_a_page_is_written_leaves_nothing_of_it(desk, monkeypatch):
    number, _ = handled(desk)
    supervise.tick(desk, NOW)
    with desk.database.reading() as tx:
        before = left(tx)

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(calendars, "mark", killed)  # the last that is written of tickets
        load(desk, LONGER)
    with desk.database.reading() as tx:
        assert left(tx) == before
    load(desk, LONGER)
    assert [each[0] for each in handling(desk, number)] == [1, 2]
    require_agreement(desk)


def test_what_people_do_while_a_page_is_planned_is_seen_under_the_lock(desk, monkeypatch):
    number, lead = handled(desk)
    other, _ = handled(desk, phone="19900007777")
    until = at("2027-03-01 00:00")
    plan = anew._plan

    def meanwhile(*asked):
        found = plan(*asked)
        monkeypatch.setattr(anew, "_plan", plan)
        person = of(lead, Role.HANDLER)
        act(desk, number, "suspend", person, at("2026-12-30 12:30"), reason_code="诉讼中", until=until)
        return found

    monkeypatch.setattr(anew, "_plan", meanwhile)
    load(desk, LONGER)
    assert handling(desk, number)[-1] == (2, "paused", "01-21 17:30", False)
    assert handling(desk, other)[-1] == (2, "armed", "01-21 17:30", False)
    kinds = [
        each["kind"] for each in rows(desk, f"SELECT kind FROM event WHERE ticket = '{number}' ORDER BY id")
    ]
    assert kinds[-2:] == ["suspended", "calendar_changed"]
    require_agreement(desk)


def test_what_somebody_holds_is_waited_for_after_all_others_are_done(desk, monkeypatch):
    if desk.database.is_sqlite:
        pytest.skip("one writer at a time: nobody else can hold a ticket")
    first, second = (handled(desk, phone=f"1990000{n:04}")[0] for n in range(2))
    supervise.tick(desk, NOW)
    patiently, seen = anew._patiently, []
    with ExitStack() as holding:
        tickets.lock(holding.enter_context(desk.transaction()), first)

        def released(*asked):
            with desk.database.reading() as tx:
                seen.append((calendars.loaded(tx)[0].next, len(changes(desk, second))))
            holding.close()
            return patiently(*asked)

        monkeypatch.setattr(anew, "_patiently", released)
        assert load(desk, LONGER).tickets == 2
    assert seen == [("", 1)]  # were it killed now, the next run would look at both again
    assert len(changes(desk, first)) == 1
    require_agreement(desk)


def test_the_counts_look_again_at_a_ticket_whose_promise_moved(desk):
    number, _ = handled(desk)
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE ticket SET tallied = true")
    load(desk, LONGER)
    assert [bool(each["tallied"]) for each in rows(desk, "SELECT tallied FROM ticket")] == [False]
    assert number


def test_two_processes_leave_what_one_does(desk, monkeypatch):
    monkeypatch.setattr(recalculating, "BATCH", 1)
    numbers = [handled(desk, phone=f"1990000{n:04}")[0] for n in range(4)]
    held = recalculating.keep(desk, notice(LONGER), "cli", NOW)
    looked = []
    found = recalculating.recompute(desk, held, "cli", lambda: NOW, looked.append, processes=2)
    assert (found.tickets, found.ways["later"], looked[-1]) == (4, 12, 4)
    assert [len(changes(desk, each)) for each in numbers] == [1] * 4
    with desk.database.reading() as tx:
        held = calendars.loaded(tx)[0]
    assert (held.next, held.done_at, held.counted["tickets"]) == ("", NOW, 4)
    require_agreement(desk)
