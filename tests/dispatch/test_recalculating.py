"""A year's notice (放假通知): previewed, then each provisional deadline counted again, once, and none shortened silently."""

import json
from datetime import UTC, datetime

import pytest

from dispatch import recalculating, supervise
from dispatch.recalculating import Notice
from dispatch.storage import calendars
from rules.calendar import parse_year
from rules.terms import CHINA, Role
from tests.desks import SUPERVISOR, act, of, rows, settle
from tests.pressing import require_agreement, sent
from tests.stories import at

HEAD = '[notice]\ntitle = "虚构的通知"\nsource = "https://example.invalid/2027"\n'
#: Two weekdays off that the weekday pattern counted.
LONGER = f'year = 2027\noff = [{{ festival = "元旦", from = 2027-01-01, to = 2027-01-05 }}]\n{HEAD}'
#: A Saturday and a Sunday worked that the weekday pattern left out, and nothing off.
SHORTER = (
    'year = 2027\nmake_up = [{ festival = "元旦", date = 2027-01-02 }, '
    f'{{ festival = "元旦", date = 2027-01-03 }}]\n{HEAD}'
)
NOW = at("2026-12-30 12:00")


def notice(text):
    return Notice(parse_year("2027.toml", text), text)


def load(desk, text, now=NOW, reason="", actor="cli", tell=lambda _: None):
    """Kept and recomputed."""
    held = recalculating.keep(desk, notice(text), actor, now)
    return recalculating.recompute(desk, held, actor, lambda: now, tell, reason)


def handled(desk, when="2026-12-28 10:00", **raw):
    """A ticket in the hands of its lead, due in January."""
    number, lead = sent(desk, at(when), **raw)
    act(desk, number, "sign", of(lead, Role.LIAISON), at(when))
    return number, lead


def handling(desk, number):
    """Generation, state and deadline of the ticket's own limit, and whether it is provisional."""
    found = rows(
        desk,
        "SELECT generation, state, due_at, provisional FROM clock WHERE kind = 'handle' "
        f"AND scope = 'ticket' AND ticket = '{number}' ORDER BY generation",
    )
    return [
        (each["generation"], each["state"], local(each["due_at"]), bool(each["provisional"]))
        for each in found
    ]


def local(moment):
    """As people read it; SQLite tells plain SQL its instants as text."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment.astimezone(CHINA).strftime("%m-%d %H:%M")


def changes(desk, number):
    found = rows(
        desk,
        f"SELECT data, actor FROM event WHERE ticket = '{number}' AND kind = 'calendar_changed' ORDER BY id",
    )
    return [
        {**each, "data": json.loads(each["data"]) if isinstance(each["data"], str) else each["data"]}
        for each in found
    ]


def told(desk, number):
    settle(desk, NOW)
    found = rows(desk, f"SELECT receiver, words FROM notice WHERE ticket = '{number}' ORDER BY id")
    return [(each["receiver"], each["words"]) for each in found if "放假安排" in each["words"]]


def test_more_days_off_make_a_new_generation_and_the_departments_hear_of_it(desk):
    number, _ = handled(desk)
    assert handling(desk, number) == [(1, "armed", "01-18 17:30", True)]
    found = load(desk, LONGER)
    assert dict(found.ways) == {"later": 3, "earlier": 0, "same": 0}  # the ticket's limit and two legs
    assert handling(desk, number) == [
        (1, "cancelled", "01-18 17:30", False),
        (2, "armed", "01-21 17:30", False),
    ]
    assert (
        local(rows(desk, "SELECT due_at FROM ticket")[0]["due_at"]) == "12-29 17:30"
    )  # of the first contact
    words = "放假安排有更新：办理时限由 01月18日 17:30 改为 01月21日 17:30。"
    assert told(desk, number) == [("liaison", words)] * 2
    assert [each["actor"] for each in changes(desk, number)] == ["cli"]
    require_agreement(desk)


def test_it_is_done_once(desk):
    number, _ = handled(desk)
    load(desk, LONGER)
    again = load(desk, LONGER)
    assert (sum(again.ways.values()), len(changes(desk, number))) == (0, 1)
    assert len(rows(desk, "SELECT id FROM calendar_notice")) == 1


def test_a_promise_is_never_shortened_silently_but_by_a_named_person_with_a_reason(desk):
    number, lead = handled(desk)
    found = load(desk, SHORTER)
    assert (found.ways["earlier"], found.ways["later"]) == (3, 0)
    assert {each.asked.strftime("%m-%d") for _, each in found.earlier} == {"01-14"}
    assert handling(desk, number) == [(1, "armed", "01-18 17:30", True)]  # somebody may still decide
    assert told(desk, number) == []
    require_agreement(desk)
    act(desk, number, "extend", of(lead, Role.HANDLER), NOW, workdays=1, reason="等配件")
    act(desk, number, "settle-extension", SUPERVISOR, NOW, accept=True)
    assert handling(desk, number)[-1][1:3] == ("armed", "01-19 17:30")  # counted from what was promised
    require_agreement(desk)
    done = load(desk, SHORTER, reason="省里要求按通知执行", actor="督办王")
    assert done.ways["earlier"] == 1  # the leg of who helps was not prolonged, and waits too
    said = changes(desk, number)[-1]["data"]
    assert (said["by"], said["reason"]) == ("督办王", "省里要求按通知执行")
    require_agreement(desk)


def test_a_paused_clock_stays_paused_and_goes_on_from_the_new_deadline(desk):
    number, lead = handled(desk)
    review = at("2027-03-01 00:00")
    act(
        desk,
        number,
        "suspend",
        of(lead, Role.HANDLER),
        at("2026-12-29 10:00"),
        reason_code="诉讼中",
        until=review,
    )
    load(desk, LONGER)
    assert handling(desk, number)[-1] == (2, "paused", "01-21 17:30", False)
    require_agreement(desk)
    act(desk, number, "resume", of(lead, Role.HANDLER), at("2027-01-06 10:00"))
    # 29 December 10:00 to 6 January 10:00 are three working days now that five more are off
    assert handling(desk, number)[-1] == (3, "armed", "01-26 17:30", False)
    require_agreement(desk)


def test_a_pause_that_lies_in_what_became_a_holiday_keeps_its_generation(desk):
    number, lead = handled(desk)
    until = at("2027-03-01 00:00")
    person = of(lead, Role.HANDLER)
    act(desk, number, "suspend", person, at("2027-01-04 10:00"), reason_code="诉讼中", until=until)
    act(desk, number, "resume", person, at("2027-01-05 10:00"))
    assert [each[0] for each in handling(desk, number)] == [1, 2]
    load(desk, LONGER, at("2027-01-05 12:00"))
    # the pause took nothing, so that the limit is 15 workdays: two later than with the pause, for three days are off
    assert [(each[0], each[1], each[2]) for each in handling(desk, number)] == [
        (1, "cancelled", "01-18 17:30"),
        (2, "cancelled", "01-19 17:30"),
        (3, "armed", "01-21 17:30"),
    ]
    require_agreement(desk)


def test_killed_half_way_it_goes_on_and_does_nothing_twice(desk, monkeypatch):
    for size in ("BATCH", "BATCH_OF_ONE_WRITER"):
        monkeypatch.setattr(recalculating, size, 1)
    numbers = [handled(desk, phone=f"1990000{n:04}")[0] for n in range(3)]

    class Killed(BaseException):
        pass

    def kill(done):
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        load(desk, LONGER, tell=kill)
    assert sorted(len(changes(desk, each)) for each in numbers) == [0, 1, 1]
    with desk.database.reading() as tx:
        held = calendars.loaded(tx)[0]
        assert (held.next, held.done_at, held.counted["tickets"]) == (sorted(numbers)[1], None, 2)
    assert load(desk, LONGER).tickets == 1
    assert [len(changes(desk, each)) for each in numbers] == [1, 1, 1]
    with desk.database.reading() as tx:
        assert calendars.loaded(tx)[0].counted == {"later": 9, "earlier": 0, "same": 0, "tickets": 3}
    require_agreement(desk)


def test_a_preview_says_the_same_and_writes_nothing(desk):
    handled(desk)
    seen = []
    found = recalculating.preview(desk, notice(LONGER), seen.append)
    assert (dict(found.ways), seen) == ({"later": 3, "earlier": 0, "same": 0}, [1])
    assert [each.asked.strftime("%m-%d") for _, each in found.largest] == ["01-21"] * 3
    assert rows(desk, "SELECT id FROM calendar_notice") == []
    assert load(desk, LONGER).ways == found.ways


def test_what_is_new_counts_by_the_notice_and_other_processes_hear_of_it(desk):
    handled(desk)
    before = desk.packs.of(desk.packs.active(NOW).hash)[1]
    recalculating.keep(desk, notice(LONGER), "cli", NOW)
    desk.packs._asked = float("inf")
    assert desk.packs.of(desk.packs.active(NOW).hash)[1] is before  # within the refresh interval
    desk.packs._asked = None  # it has passed
    after = desk.packs.of(desk.packs.active(NOW).hash)[1]
    assert after.version != before.version and set(after.earlier) == {before.version}
    number, _ = handled(desk, "2026-12-29 10:00", phone="19900007777")
    assert handling(desk, number) == [(1, "armed", "01-22 17:30", False)]
    assert load(desk, LONGER).tickets == 1
    require_agreement(desk)


def test_a_rung_that_fired_stays_fired_and_the_new_ladder_goes_on(desk):
    handled(desk)
    now = at("2027-01-19 10:00")  # late by the weekday pattern, in time by the notice
    supervise.tick(desk, now)
    assert "breached" in {
        each["kind"] for each in rows(desk, "SELECT kind FROM event WHERE clock IS NOT NULL")
    }
    fired = rows(desk, "SELECT id, step FROM event WHERE step IS NOT NULL ORDER BY id")
    load(desk, LONGER, now)
    assert rows(desk, "SELECT id, step FROM event WHERE step IS NOT NULL ORDER BY id") == fired
    require_agreement(desk)
    supervise.tick(desk, at("2027-01-22 10:00"))
    again = rows(
        desk, "SELECT e.step FROM event e JOIN clock c ON c.id = e.clock WHERE e.generation = 2 "
        "AND c.kind = 'handle' AND c.scope = 'ticket'",
    )  # fmt: skip
    assert "breach" in {each["step"] for each in again}


def test_a_closed_ticket_is_told_of_it_too_so_that_a_redo_counts_right(desk):
    number, lead = handled(desk)
    person = of(lead, Role.HANDLER)
    act(
        desk,
        number,
        "suspend",
        person,
        at("2027-01-04 10:00"),
        reason_code="诉讼中",
        until=at("2027-03-01 00:00"),
    )
    act(desk, number, "resume", person, at("2027-01-05 10:00"))
    act(
        desk,
        number,
        "end",
        SUPERVISOR,
        at("2027-01-05 11:00"),
        reason="已作最终答复",
        evidence="信访复核意见",
    )
    found = load(desk, LONGER, at("2027-01-06 12:00"))
    assert (found.tickets, sum(found.ways.values()), len(changes(desk, number))) == (1, 0, 1)
    assert told(desk, number) == []
    require_agreement(desk)
