"""Counting while others act and count (并发统计): nothing lost, nothing doubled, no report made of half of it."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from dispatch import counting, figures
from dispatch.desk import Desk
from dispatch.storage import figures as stored
from dispatch.storage import tickets
from reports.tally import tally
from tests.desks import DISPATCHER, act, post, rows
from tests.dispatch.test_figures import LATER, WEEK, send
from tests.recount import differences
from tests.stories import at


def counting_slowly(desk: Desk, begun: threading.Event, go_on: threading.Event) -> None:
    """Another worker that has locked what it counts, and has not written it yet."""
    with desk.database.transaction() as tx:
        found = stored.untallied(desk.database, tx, 300)
        assert found
        held = {each.number: (each.words, tally(each.matter)) for each in found}
        before = stored._held(tx, list(held))
        begun.set()
        go_on.wait(20)
        real, stored._held = stored._held, lambda *_: before
        try:
            stored.write(tx, held)
        finally:
            stored._held = real


def test_a_report_waits_for_what_another_worker_is_counting(desk: Desk):
    """Otherwise it would be given out without those tickets, and corrected a moment later."""
    send(desk)
    begun, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as hands:
        slow = hands.submit(counting_slowly, desk, begun, go_on)
        assert begun.wait(20)
        report = hands.submit(figures.freeze, desk, WEEK, LATER, "system")
        go_on.wait(0.5)
        go_on.set()
        slow.result(30)
        assert report.result(30)["totals"]["counts"]["received"] == 1
    assert figures.freeze(desk, WEEK, LATER, "system")["version"] == 1


def test_a_report_waits_for_an_act_that_is_not_through(desk: Desk):
    number = send(desk)
    with ThreadPoolExecutor(1) as hands:
        with desk.database.transaction() as tx:
            tickets.lock(tx, number)
            report = hands.submit(figures.live, desk, WEEK, LATER)
            threading.Event().wait(0.5)
            assert not report.done()
        assert report.result(30)["totals"]["counts"]["received"] == 1


def test_counting_everything_again_while_a_worker_counts_doubles_nothing(desk: Desk):
    number = send(desk)
    counting.catch_up(desk)
    act(desk, number, "reassign", DISPATCHER, at("2026-11-16 10:00"), department="transport", reason="改派")
    begun, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as hands:
        slow = hands.submit(counting_slowly, desk, begun, go_on)
        assert begun.wait(20)
        again = hands.submit(counting.rebuild, desk)
        go_on.wait(0.5)
        go_on.set()
        slow.result(30)
        again.result(30)
    counting.catch_up(desk)
    assert differences(desk) == []
    with desk.database.reading() as tx:
        assert stored.recount(tx) == {}


def test_a_report_sees_one_moment(desk: Desk):
    """On PostgreSQL every query of an ordinary transaction sees the newest; totals and days would tell two stories."""
    send(desk)
    counting.catch_up(desk)
    with desk.database.reading(steady=True) as tx:
        before = stored.sums(tx, WEEK.begin, WEEK.end)
        with ThreadPoolExecutor(1) as hands:
            hands.submit(send, desk, "2026-11-17 09:00", "transport", text="公路边的护栏坏了。").result(30)
            hands.submit(counting.catch_up, desk).result(30)
        assert stored.sums(tx, WEEK.begin, WEEK.end) == before


def test_many_who_act_count_and_look_at_once(desk: Desk):
    numbers = [post(desk, at("2026-11-16 09:00"), text=f"第{n}盏路灯不亮。").number for n in range(12)]
    stop = threading.Event()

    def acting(part: int) -> None:
        for turn in range(4):
            for number in numbers[part::3]:
                act(desk, number, "urge", DISPATCHER, at(f"2026-11-17 1{turn}:00"), words="催办")

    def count() -> None:
        while not stop.is_set():
            counting.count_batch(desk, 5)

    def looking() -> None:
        while not stop.is_set():
            found = figures.live(desk, WEEK, LATER)
            assert [each for each in found["checks"] if not each["ok"]] == []

    with ThreadPoolExecutor(7) as hands:
        others = [hands.submit(each) for each in (count, count, looking)]
        for each in [hands.submit(acting, part) for part in range(3)]:
            each.result(60)
        stop.set()
        for each in others:
            each.result(60)
    counting.catch_up(desk)
    assert differences(desk) == []
    assert figures.live(desk, WEEK, LATER)["totals"]["counts"]["urged"] == 48
    assert rows(desk, "SELECT count(*) AS n FROM ticket WHERE NOT tallied")[0]["n"] == 0
    with desk.database.reading() as tx:
        tx.connection().execute(text("SELECT 1"))
