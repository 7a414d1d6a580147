"""Accepting (受理): few statements, one commit, nothing twice, one ticket for one caller's one matter."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from dispatch.receive import Asked, KeyReused, receive
from dispatch.storage.database import Doubled
from intake.request import build
from rules.access import CITIZEN
from rules.numbers import is_sound
from tests.desks import OPERATOR, act, post, rows, settle
from tests.stories import at

NOW = at("2026-09-28 10:00")
PHONE = {"name": "王测试", "phone": "19900001234"}
LAMP = "滨河路路灯不亮，晚上走路看不见，请尽快来修。"


class Counter:
    """Statements and commits as the driver sees them; BEGIN and COMMIT are not statements."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.commits = 0


@contextmanager
def counting(desk) -> Iterator[Counter]:
    counter, engine = Counter(), desk.database.engine

    def statement(_conn, _cursor, words, *_rest):
        if not words.startswith("BEGIN"):
            counter.statements.append(words)

    def commit(_conn):
        counter.commits += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield counter
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


def test_a_message_becomes_a_ticket_with_a_number_and_a_query_code(desk):
    receipt = post(desk, NOW, caller=PHONE, text=LAMP)
    assert is_sound(receipt.number)
    assert receipt.number.startswith("99900120260928")
    assert (len(receipt.query_code), receipt.query_code.isdigit()) == (8, True)
    assert (receipt.stage, receipt.joined, receipt.again) == ("received", False, False)
    (ticket,) = rows(desk, "SELECT number, stage, complaint_count, version FROM ticket")
    assert ticket == {"number": receipt.number, "stage": "received", "complaint_count": 1, "version": 1}
    assert [each["kind"] for each in rows(desk, "SELECT kind FROM outbox")] == ["triage"]
    assert [each["kind"] for each in rows(desk, "SELECT kind FROM event")] == ["received"]


def test_accepting_costs_at_most_six_statements_and_one_commit(desk):
    post(desk, NOW, caller={"phone": "19900009999"}, text=LAMP)  # leases the block of numbers
    with counting(desk) as new:
        post(desk, NOW, caller=PHONE, text=LAMP)
    with counting(desk) as joined:
        assert post(desk, NOW, caller=PHONE, text=LAMP).joined
    with counting(desk) as stranger:
        post(desk, NOW, text=LAMP)
    with counting(desk) as danger:
        assert post(desk, NOW, caller=PHONE, text="家里着火了，快来救人！").stage == "transferred"
    with counting(desk) as another:
        assert not post(desk, NOW, caller=PHONE, text="请问社保卡丢了到哪里补办？").joined
    assert (len(new.statements), new.commits) == (5, 1)  # a caller never met has no open ticket to look for
    assert (len(another.statements), another.commits) == (6, 1)
    assert (len(joined.statements), joined.commits) == (5, 1)
    assert (len(stranger.statements), stranger.commits) == (4, 1)
    assert (len(danger.statements), danger.commits) == (6, 1)


def test_numbers_are_leased_in_blocks_of_their_own(desk):
    with counting(desk) as first:
        post(desk, NOW, text=LAMP)
    with counting(desk) as others:
        for _ in range(99):
            post(desk, NOW, text=LAMP)
    with counting(desk) as next_block:
        post(desk, NOW, text=LAMP)
    assert first.commits == next_block.commits == 2
    assert others.commits == 99
    numbers = [each["number"] for each in rows(desk, "SELECT number FROM ticket ORDER BY number")]
    assert [int(each[14:20]) for each in numbers] == list(range(1, 102))


def test_the_same_key_again_gives_the_same_answer_and_writes_nothing(desk):
    first = post(desk, NOW, key="abc", text=LAMP)
    again = post(desk, NOW, key="abc", text=LAMP)
    assert (again.number, again.query_code, again.stage, again.joined) == (
        first.number,
        first.query_code,
        first.stage,
        first.joined,
    )
    assert again.again
    assert rows(desk, "SELECT count(*) AS n FROM request") == [{"n": 1}]


def test_the_same_key_with_another_body_is_refused(desk):
    receive(desk, build({"text": LAMP}, NOW), Asked(OPERATOR, "abc", "body-1"), NOW)
    with pytest.raises(KeyReused):
        receive(desk, build({"text": "别的事情"}, NOW), Asked(OPERATOR, "abc", "body-2"), NOW)


def test_keys_and_external_ids_are_looked_up_within_the_askers_scope(desk):
    operator = post(desk, NOW, key="abc", external_id="X1", text=LAMP)
    other = post(desk, NOW, actor=CITIZEN, key="abc", external_id="X1", text=LAMP)
    assert operator.number != other.number


def test_the_same_external_id_on_the_same_channel_is_the_same_ticket(desk):
    first = post(desk, NOW, external_id="SJ-7", channel="handed_down", text=LAMP)
    again = post(desk, NOW, external_id="SJ-7", channel="handed_down", text=LAMP)
    elsewhere = post(desk, NOW, external_id="SJ-7", channel="forum", text=LAMP)
    assert (again.number, again.again) == (first.number, True)
    assert elsewhere.number != first.number


def test_the_text_is_masked_and_the_original_sealed(desk):
    words = "我叫王测试，电话19900001234，" + LAMP
    receipt = post(desk, NOW, caller=PHONE, text=words)
    (ticket,) = rows(desk, "SELECT title, text FROM ticket")
    (request,) = rows(desk, "SELECT sealed_text, sealed_name FROM request")
    (person,) = rows(desk, "SELECT phone_index, sealed_phone FROM person")
    everything = str(ticket) + str(request) + str(person)
    assert "19900001234" not in everything
    assert "王测试" not in everything
    assert request["sealed_text"].startswith("A256GCM$k1$")
    assert words in desk.seal.open(request["sealed_text"], f"request.text:{receipt.number}")
    assert desk.seal.open(request["sealed_name"], f"request.name:{receipt.number}") == "王测试"


def test_a_text_without_anything_to_hide_is_not_kept_twice(desk):
    post(desk, NOW, text=LAMP)
    assert rows(desk, "SELECT sealed_text FROM request") == [{"sealed_text": None}]


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        (LAMP, True),
        ("滨河路路灯不亮，晚上走路看不见，请尽快来修啊！", True),
        ("我家自来水水压太低，三楼上不去水。", False),
    ],
)
def test_only_a_sure_same_matter_joins(desk, second, joined):
    post(desk, NOW, caller=PHONE, text=LAMP)
    assert post(desk, NOW, caller=PHONE, text=second).joined is joined


def test_another_caller_is_never_joined(desk):
    post(desk, NOW, caller=PHONE, text=LAMP)
    assert not post(desk, NOW, caller={"phone": "19900005678"}, text=LAMP).joined


def test_a_closed_matter_is_not_joined(desk):
    first = post(desk, NOW, caller=PHONE, text=LAMP)
    act(desk, first.number, "answer", OPERATOR, NOW, words="已答复")
    second = post(desk, NOW, caller=PHONE, text=LAMP)
    assert (second.joined, second.number != first.number) == (False, True)


def test_a_joined_contact_is_an_urging_for_whoever_works_on_it(desk):
    first = post(desk, NOW, caller=PHONE, text=LAMP)
    second = post(desk, NOW, caller=PHONE, text=LAMP)
    settle(desk, NOW)
    assert second.number == first.number
    assert second.query_code != first.query_code
    assert rows(desk, "SELECT complaint_count FROM ticket") == [{"complaint_count": 1}]
    heard = rows(desk, "SELECT receiver, words FROM notice WHERE words LIKE '%催问%'")
    assert len(heard) == 1


def test_danger_to_life_is_transferred_inside_the_call(desk):
    receipt = post(desk, NOW, text="三楼着火了，里面还有人出不来！")
    assert receipt.stage == "transferred"
    assert [e["kind"] for e in rows(desk, "SELECT kind FROM event ORDER BY id")] == [
        "received",
        "transferred",
    ]
    (decision,) = rows(desk, "SELECT act, what, because, clause FROM decision")
    assert (decision["act"], decision["what"]) == ("transfer", "transferred")
    assert "119" in decision["because"]
    assert decision["clause"]
    assert [e["kind"] for e in rows(desk, "SELECT kind FROM outbox")] == ["notices", "notices"]


def at_once(n: int, do) -> list:
    """Run `do(0..n-1)` in n threads that start together; results in any order, errors raised."""
    gate, results, errors = threading.Barrier(n), [], []

    def run(i):
        gate.wait()
        try:
            results.append(do(i))
        except Exception as fault:
            errors.append(fault)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]
    return results


def test_fifty_parallel_contacts_of_one_caller_are_one_ticket_and_fifty_requests(desk):
    receipts = at_once(50, lambda _i: post(desk, NOW, caller=PHONE, text=LAMP))
    assert len({each.number for each in receipts}) == 1
    assert sum(each.joined for each in receipts) == 49
    assert len({each.query_code for each in receipts}) == 50
    assert rows(desk, "SELECT count(*) AS n FROM ticket") == [{"n": 1}]
    assert rows(desk, "SELECT count(*) AS n FROM request") == [{"n": 50}]


def test_one_key_posted_in_parallel_is_accepted_once(desk):
    receipts = at_once(12, lambda _i: post(desk, NOW, key="same", text=LAMP))
    assert len({(each.number, each.query_code) for each in receipts}) == 1
    assert sum(not each.again for each in receipts) == 1
    assert rows(desk, "SELECT count(*) AS n FROM ticket") == [{"n": 1}]


def test_a_clash_that_is_no_repeat_is_an_error_and_not_an_answer(desk, monkeypatch):
    first = post(desk, NOW, text=LAMP)
    monkeypatch.setattr(desk.numbers, "take", lambda *_: [first.number])
    with pytest.raises(Doubled):
        post(desk, NOW, text="另一件事")
    assert rows(desk, "SELECT count(*) AS n FROM request") == [{"n": 1}]


def test_what_the_upper_platform_says_is_kept(desk):
    post(
        desk,
        NOW,
        channel="上级交办",
        text=LAMP,
        upper_number="S-2026-1",
        upper_due_at="2026-10-10T17:00",
        source_line="供电服务热线",
        recording_id="rec-1",
    )
    (ticket,) = rows(desk, "SELECT channel, upper_number, source_line, recording_id FROM ticket")
    assert ticket == {
        "channel": "handed_down",
        "upper_number": "S-2026-1",
        "source_line": "供电服务热线",
        "recording_id": "rec-1",
    }
