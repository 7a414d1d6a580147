"""Tickets as stored (工单): pages that neither skip nor repeat, words found as written, locks that hold."""

import threading

import pytest

from dispatch.storage import facts, tickets
from dispatch.storage.tickets import NoSuchTicket, Search
from tests.desks import DISPATCHER, OPERATOR, act, post, rows, settle
from tests.stories import at

NOW = at("2026-09-28 10:00")


def filled(desk, n, **given):
    numbers = [post(desk, NOW, text=f"第{each}件事，路灯不亮。", **given).number for each in range(n)]
    settle(desk, NOW)
    return numbers


def pages(desk, limit, move=lambda _seen: None, **asked):
    """All pages of a list as a reader turns them; `move` changes the tickets in between."""
    seen, after = [], None
    for _ in range(100):
        with desk.database.reading() as tx:
            page = tickets.search(tx, Search(after=after, limit=limit, **asked))
        if not page:
            return seen
        seen += [each["number"] for each in page]
        last = page[-1]
        after = (last["due_at"].isoformat(), last["number"]) if asked.get("by_due") else (last["number"],)
        move(seen)
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
@pytest.mark.parametrize("by_due", [False, True])
def test_pages_hold_every_ticket_once_also_where_all_are_due_together(desk, limit, by_due):
    numbers = filled(desk, 7)
    assert len({str(each["due_at"]) for each in rows(desk, "SELECT due_at FROM ticket")}) == 1
    expected = numbers if by_due else list(reversed(numbers))
    assert pages(desk, limit, by_due=by_due) == expected


def test_tickets_that_come_and_go_while_somebody_reads_move_nobody_else(desk):
    numbers = filled(desk, 6)

    def move(seen):
        if len(seen) == 2:
            act(desk, numbers[0], "answer", OPERATOR, NOW, words="已答复")  # one already shown goes away
            act(desk, numbers[4], "answer", OPERATOR, NOW, words="已答复")  # one not yet shown, too
            post(desk, NOW, text="新来的一件事")

    seen = pages(desk, 2, move, by_due=True)
    assert [each for each in seen if each in numbers] == [numbers[n] for n in (0, 1, 2, 3, 5)]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("100%", ["涨价100%了"]),
        ("%", ["涨价100%了"]),
        ("a_b", ["文件a_b打不开"]),
        ("_", ["文件a_b打不开"]),
        ("\\", ["路径C:\\temp丢了"]),
        ("'; DROP TABLE ticket; --", []),
        ("打不开", ["文件a_b打不开"]),
        ("", ["涨价100%了", "文件a_b打不开", "文件axb打开了", "路径C:\\temp丢了"]),
    ],
)
def test_words_are_found_as_written_and_nothing_else(desk, words, found):
    for text in ("涨价100%了", "文件a_b打不开", "文件axb打开了", "路径C:\\temp丢了"):
        post(desk, NOW, text=text)
    with desk.database.reading() as tx:
        assert sorted(each["text"] for each in tickets.search(tx, Search(words=words))) == sorted(found)


@pytest.mark.parametrize(
    ("before", "n"),
    [("2026-09-28 15:00", 0), ("2026-09-28 15:01", 3), ("2026-12-31 00:00", 3), ("2020-01-01 00:00", 0)],
)
def test_due_before_an_instant_leaves_out_that_instant_and_what_is_closed(desk, before, n):
    numbers = filled(desk, 4)
    act(desk, numbers[0], "answer", OPERATOR, NOW, words="已答复")
    with desk.database.reading() as tx:
        assert len(tickets.search(tx, Search(due_before=at(before)))) == n


def test_a_stage_or_department_that_nobody_has_is_an_empty_page(desk):
    filled(desk, 2)
    with desk.database.reading() as tx:
        assert tickets.search(tx, Search(stage="archived")) == []
        assert tickets.search(tx, Search(department="nobody", by_due=True)) == []
        assert len(tickets.search(tx, Search(stage="to_dispatch"))) == 2


@pytest.mark.parametrize("number", ["", "0", "999001202609280000017", "' OR 1=1", "字" * 500])
def test_a_number_that_is_none_is_said_to_be(desk, number):
    for look in (tickets.lock, tickets.read):
        with pytest.raises(NoSuchTicket), desk.transaction() as tx:
            look(tx, number)
    with desk.transaction() as tx:
        assert tickets.lock_all(tx, [number]) == {}


def test_a_change_counts_the_version_up(desk):
    (number,) = filled(desk, 1)
    with desk.transaction() as tx:
        seen = tickets.lock(tx, number).version
        tickets.change(tx, number, {"supervision": 2})
    assert rows(desk, "SELECT version, supervision FROM ticket") == [{"version": seen + 1, "supervision": 2}]


def test_who_locks_a_ticket_keeps_the_others_waiting(desk):
    (number,) = filled(desk, 1)
    locked, order = threading.Event(), []

    def second():
        locked.wait(10)
        with desk.transaction() as tx:
            tickets.lock(tx, number)
            order.append("second")

    waiting = threading.Thread(target=second)
    waiting.start()
    with desk.transaction() as tx:
        tickets.lock(tx, number)
        locked.set()
        waiting.join(0.2)
        assert waiting.is_alive()
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_many_are_locked_in_one_order_whatever_order_they_are_named_in(desk):
    numbers = filled(desk, 4)
    with desk.transaction() as tx:
        assert list(tickets.lock_all(tx, list(reversed(numbers)))) == numbers


def test_open_tickets_of_a_caller_come_newest_first_without_the_closed(desk):
    phone = {"phone": "19900001234"}
    numbers = [
        post(desk, NOW, caller=phone, text=text).number for text in ("路灯不亮了", "下水道堵了", "有人乱停车")
    ]
    post(desk, NOW, caller={"phone": "19900005678"}, text="别人的事")
    act(desk, numbers[1], "answer", OPERATOR, NOW, words="已答复")
    person = rows(desk, f"SELECT person FROM ticket WHERE number = '{numbers[0]}'")[0]["person"]
    with desk.transaction() as tx:
        found = tickets.open_of_person(tx, person)
    assert [each["number"] for each in found] == [numbers[2], numbers[0]]


def test_departments_come_with_the_lead_first(desk):

    (number,) = filled(desk, 1)
    codes = [each["code"] for each in rows(desk, "SELECT code FROM department ORDER BY code DESC")]
    act(desk, number, "dispatch", DISPATCHER, NOW, department=codes[0], assists=codes[1:4], reason="属其职责")
    with desk.transaction() as tx:
        assert facts.gather(tx, tickets.lock(tx, number)).departments == tuple(codes[:4])
