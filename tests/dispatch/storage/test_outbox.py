"""The outbox (发件箱): claimed once, done once, given out again when its worker died, set aside when it never works."""

from datetime import timedelta

import pytest
from sqlalchemy import event as listening

from dispatch.storage import outbox, steps, tickets
from dispatch.storage.outbox import CLAIM_SECONDS, MOST_ATTEMPTS, Work
from dispatch.storage.tickets import Search
from tests.desks import post, rows
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")
EXPIRED = NOW + timedelta(seconds=CLAIM_SECONDS)


def filled(desk, n):
    return [post(desk, NOW, text=f"第{each}件事，路灯不亮。").number for each in range(n)]


def claimed(desk, now=NOW, n=50):
    return outbox.claim(desk.database, "triage", n, now)


def finish(desk, works, now=NOW):
    with desk.transaction() as tx:
        return outbox.finish_all(tx, works, now)


def states(desk):
    return [each["state"] for each in rows(desk, "SELECT state FROM outbox ORDER BY id")]


def test_rows_are_claimed_oldest_first_and_only_of_the_kind_and_only_once(desk):
    numbers = filled(desk, 5)
    first, rest, none = claimed(desk, n=2), claimed(desk), claimed(desk)
    assert [work.ticket for work in first] == numbers[:2]
    assert [work.ticket for work in rest] == numbers[2:]
    assert none == []
    assert outbox.claim(desk.database, "notices", 50, EXPIRED) == []


@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_at_most_as_many_as_asked_for(desk, n):
    filled(desk, 3)
    assert len(claimed(desk, n=n)) == min(n, 3)


def test_work_that_is_not_ready_yet_waits(desk):
    filled(desk, 1)
    assert claimed(desk, NOW - timedelta(microseconds=1)) == []


def test_many_workers_at_once_share_the_rows_without_overlap(desk):
    numbers = filled(desk, 40)
    shares = at_once(8, lambda _i: [work.id for _ in range(4) for work in claimed(desk, n=3)])
    taken = [each for share in shares for each in share]
    assert len(taken) == len(set(taken))
    taken += [work.id for work in claimed(desk)]
    assert len(set(taken)) == len(numbers)


def test_a_claim_runs_out_with_its_worker_and_counts_as_a_try(desk):
    filled(desk, 1)
    (dead,) = claimed(desk)
    assert claimed(desk, EXPIRED - timedelta(microseconds=1)) == []
    (again,) = claimed(desk, EXPIRED)
    assert (again.id, again.attempts) == (dead.id, 2)


def test_what_one_finished_the_other_is_told_not_to_do(desk):
    filled(desk, 2)
    slow = claimed(desk)
    quick = claimed(desk, EXPIRED)
    assert finish(desk, slow[:1]) == [slow[0].id]
    assert finish(desk, quick) == [quick[1].id]
    assert finish(desk, slow) == finish(desk, quick) == []
    assert states(desk) == ["done", "done"]


def test_two_workers_with_the_same_rows_finish_each_once(desk):
    filled(desk, 30)
    works = claimed(desk)
    done = at_once(6, lambda i: finish(desk, works if i % 2 else list(reversed(works))))
    assert sorted(each for share in done for each in share) == [work.id for work in works]


def test_a_rolled_back_act_leaves_its_row_to_be_done(desk):
    filled(desk, 1)
    works = claimed(desk)
    with pytest.raises(RuntimeError), desk.transaction() as tx:
        assert outbox.finish_all(tx, works, NOW)
        raise RuntimeError("killed")
    assert states(desk) == ["claimed"]
    assert len(claimed(desk, EXPIRED)) == 1


def test_failures_wait_longer_each_time_and_end_as_dead(desk):
    filled(desk, 1)
    now, waits = NOW, []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        (work,) = claimed(desk, now)
        assert outbox.fail(desk.database, work, "broken" * 200, now) is (attempt == MOST_ATTEMPTS)
        ready = next(
            wait for wait in range(1, 400) if attempt == MOST_ATTEMPTS or seen_ready(desk, now, wait)
        )
        waits.append(ready)
        now += timedelta(seconds=ready)
    assert waits[:-1] == [2, 4, 8, 16, 32, 64, 128]
    assert states(desk) == ["dead"]
    assert claimed(desk, now + timedelta(days=365)) == []
    (row,) = rows(desk, "SELECT attempts, error FROM outbox")
    assert (row["attempts"], len(row["error"])) == (MOST_ATTEMPTS, 500)
    with desk.database.reading() as tx:
        assert (outbox.dead(tx), outbox.oldest(tx), outbox.waiting(tx, now)) == (1, None, {})


def seen_ready(desk, now, seconds):
    with desk.database.reading() as tx:
        return outbox.waiting(tx, now + timedelta(seconds=seconds)) == {"triage": 1}


def test_a_stale_worker_cannot_fail_what_another_works_on(desk):
    filled(desk, 1)
    (stale,) = claimed(desk)
    (fresh,) = claimed(desk, EXPIRED)
    assert not outbox.fail(desk.database, Work(stale.id, stale.kind, stale.ticket, 1, {}), "late", EXPIRED)
    assert states(desk) == ["claimed"]
    assert finish(desk, [fresh]) == [fresh.id]
    assert not outbox.fail(desk.database, fresh, "too late", EXPIRED)
    assert states(desk) == ["done"]


def test_the_sweep_sees_expired_claims_and_not_running_ones(desk):
    filled(desk, 2)
    claimed(desk, n=1)
    with desk.database.reading() as tx:
        assert outbox.waiting(tx, NOW) == {"triage": 1}
        assert outbox.waiting(tx, EXPIRED) == {"triage": 2}
        assert outbox.oldest(tx) == NOW


# --- The indexes are used: a sweep each second must not read what was ever done --------------------------------


def plans(desk, do):
    """How the database would run each statement of `do`, tables pretended to be large."""
    seen = []

    def listen(_connection, _cursor, words, parameters, *_rest):
        seen.append((words, parameters))

    listening.listen(desk.database.engine, "before_cursor_execute", listen)
    try:
        do()
    finally:
        listening.remove(desk.database.engine, "before_cursor_execute", listen)
    explain = "EXPLAIN QUERY PLAN " if desk.database.is_sqlite else "EXPLAIN "
    with desk.database.reading() as tx:
        connection = tx.connection()
        if not desk.database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        statements = [(words, given) for words, given in seen if not words.startswith("BEGIN")]
        return "\n".join(
            str(row[-1])
            for words, given in statements
            for row in connection.exec_driver_sql(explain + words, given)
        )


def reading(desk, look):
    def run():
        with desk.database.reading() as tx:
            look(tx)

    return run


@pytest.mark.parametrize(
    ("index", "look"),
    [
        ("ix_outbox_open", lambda desk: lambda: outbox.claim(desk.database, "triage", 5, NOW)),
        ("ix_outbox_open", lambda desk: reading(desk, lambda tx: outbox.waiting(tx, NOW))),
        ("ix_outbox_open", lambda desk: reading(desk, outbox.oldest)),
        ("ix_outbox_dead", lambda desk: reading(desk, outbox.dead)),
        ("ix_clock_next", lambda desk: reading(desk, lambda tx: steps.waiting(tx, NOW))),
        ("ix_clock_next", lambda desk: reading(desk, lambda tx: steps.claim(desk.database, tx, NOW, 5))),
        (
            "ix_clock_next",
            lambda desk: reading(
                desk, lambda tx: steps.claim(desk.database, tx, NOW, 5, steps.Place(NOW, 7))
            ),
        ),
        ("ix_ticket_person", lambda desk: reading(desk, lambda tx: tickets.open_of_person(tx, 1))),
        (
            "ix_ticket_department_due",
            lambda desk: reading(desk, lambda tx: tickets.search(tx, Search(by_due=True, department="x"))),
        ),
    ],
    ids=[
        "claim",
        "waiting",
        "oldest",
        "dead",
        "due",
        "due-claim",
        "due-claim-after",
        "open-of-person",
        "department-due",
    ],
)
def test_what_is_asked_often_uses_its_partial_index(desk, index, look):
    plan = plans(desk, look(desk))
    assert index in plan, plan
    assert "SCAN outbox" not in plan.splitlines(), plan
