"""The daily digest (每日摘要): each leader hears of each matter once, in one notice, whoever drains and whatever stops."""

from datetime import timedelta

import pytest

from dispatch import digests, supervise
from dispatch.storage import outbox
from rules.terms import Role
from tests.desks import SUPERVISOR, act, of, rows, settle
from tests.dispatch.test_receive import at_once
from tests.pressing import AGAIN, FUMES, one, ring, sent
from tests.stories import at

#: Friday evening, long past the third level of supervision; the digest goes out on Monday at half past eight.
LATE, MONDAY = at("2026-10-30 18:00"), at("2026-11-02 08:30")


def overdue(desk, n, **raw):
    """`n` matters of different callers, each with a line that waits for the county leader."""
    numbers = []
    for each in range(n):
        text = f"{chr(0x7532 + each)}家巷口的{chr(0x9EA6 + each)}字路牌倒了。"
        number, _ = sent(desk, at("2026-09-28 10:00"), text=text, phone=f"1990001{each:04d}", **raw)
        numbers.append(number)
    supervise.tick(desk, LATE)
    settle(desk, LATE)
    return numbers


def waiting(desk):
    return rows(desk, "SELECT count(*) AS n FROM outbox WHERE kind = 'digests' AND state <> 'done'")[0]["n"]


def heard(desk, receiver="county_leader"):
    return rows(desk, f"SELECT ticket, words FROM notice WHERE receiver = '{receiver}' ORDER BY id")


def test_one_matter_is_one_line_and_its_notice_leads_to_the_ticket(desk):
    (number,) = overdue(desk, 1)
    assert (digests.drain(desk, MONDAY), digests.drain(desk, MONDAY)) == (1, 0)
    (notice,) = heard(desk)
    assert notice["ticket"] == number and "共 1 件" in notice["words"]


def test_a_leader_of_the_whole_county_gets_one_notice_over_all_departments(desk):
    first, one_department = sent(desk, at("2026-09-28 10:00"))
    second, another = sent(
        desk, at("2026-09-28 10:00"), department="environment", text=FUMES, phone="19900009999"
    )
    assert one_department != another
    supervise.tick(desk, LATE)
    assert digests.drain(desk, MONDAY) == 2
    (notice,) = heard(desk)
    assert first in notice["words"] and second in notice["words"]


def test_nothing_waits_and_nothing_is_sent(desk):
    assert digests.drain(desk, MONDAY) == 0
    assert rows(desk, "SELECT * FROM notice") == []


def test_workers_at_once_tell_each_matter_once(desk):
    numbers = overdue(desk, 8)
    assert waiting(desk) == 8
    assert sum(at_once(4, lambda _i: digests.drain(desk, MONDAY))) == 8
    (notice,) = heard(desk)  # nobody gets two digests of a morning
    assert [notice["words"].count(number) for number in numbers] == [1] * 8
    assert waiting(desk) == 0


def test_a_worker_that_died_is_followed_by_another_and_coming_back_tells_nothing(desk):
    overdue(desk, 3)
    claimed = outbox.claim(desk.database, "digests", 10, MONDAY)
    assert len(claimed) == 3 and digests.drain(desk, MONDAY) == 0
    assert digests.drain(desk, MONDAY + timedelta(seconds=15)) == 3
    digests._deliver(desk, claimed, MONDAY + timedelta(seconds=16))
    assert len(heard(desk)) == 1 and waiting(desk) == 0


def test_after_days_without_a_worker_everything_is_one_notice(desk):
    overdue(desk, 2)
    number, _ = sent(desk, at("2026-10-08 10:00"), text=FUMES)
    supervise.tick(desk, at("2026-11-12 18:00"))
    assert digests.drain(desk, at("2026-11-16 10:00")) == 3
    (notice,) = heard(desk)
    assert number in notice["words"] and "共 3 件" in notice["words"]


def test_a_long_digest_tells_fifty_lines_and_how_many_more(desk):
    (number,) = overdue(desk, 1)
    with desk.transaction() as tx:
        line = {"receiver": "county_leader", "department": None, "words": "超期未办结。"}
        table = outbox._outbox
        more = [outbox.row("digests", number, LATE, line) for _ in range(54)]
        tx.connection().execute(table.insert(), more)
    assert digests.drain(desk, MONDAY) == 55
    told = [each["words"] for each in heard(desk)]
    assert sum(words.count(number) for words in told) == 50 + sum("共 1 件" in words for words in told)
    assert any("另有" in words for words in told)


@pytest.mark.parametrize("what", ["urgent", "repeated", "mass"])
def test_what_presses_is_told_at_once(desk, what):
    """Urgent, told again, or told by many: none of them waits for the morning."""
    urgency = {"urgency": "urgent"} if what == "urgent" else {}
    number, department = sent(desk, at("2026-09-28 10:00"), **urgency)
    if what == "repeated":
        ring(desk, at("2026-10-29 10:00"), AGAIN)
        assert one(desk, number)["complaint_count"] > 1
    if what == "mass":
        for n in range(4):
            ring(desk, at("2026-09-28 11:00"), phone=f"1990002{n:04d}")
        assert rows(desk, f"SELECT count(*) AS n FROM link WHERE other = '{number}'") == [{"n": 4}]
    with desk.transaction() as tx:  # the others of the crowd do not matter here
        tx.connection().exec_driver_sql(f"UPDATE clock SET next_at = NULL WHERE ticket <> '{number}'")
    supervise.tick(desk, LATE)
    settle(desk, LATE)
    assert [each["ticket"] for each in heard(desk)] == [number]
    assert waiting(desk) == 0 and department


def test_what_was_answered_before_the_morning_is_still_told(desk):
    """The digest says what had been missed; whether it is over by now stands in the ticket."""
    (number,) = overdue(desk, 1)
    lead = one(desk, number)["department"]
    act(desk, number, "contact", of(lead, Role.HANDLER), LATE, reached=True, words="已联系")
    act(desk, number, "undo", SUPERVISOR, LATE, step="supervise_3", reason="节假日未计")
    assert digests.drain(desk, MONDAY) == 1
    assert [each["ticket"] for each in heard(desk)] == [number]
