"""Event cards at triage (事件卡): one answer for a known outage, never for a matter that it is not about."""

from datetime import timedelta

import pytest

from dispatch import replay, triage
from dispatch.storage import cards
from tests.desks import post, rows, settle
from tests.pressing import AGAIN, FUMES, OTHER, RUDE, TEXT, closed, one, require_agreement, ring, steps
from tests.stories import at

NOW = at("2026-10-12 10:00")
DARK = "听橹家园一早起来全停电了，冰箱里的东西要坏。"


def card(desk, words=("停电",), areas=(), begins=NOW - timedelta(hours=2), hours=8, **told):
    values = {
        "title": "线路检修停电",
        "words": list(words),
        "areas": list(areas),
        "answer": "城东线路检修，预计十八时恢复。",
        "department": "power_supply",
        "begins_at": begins,
        "ends_at": begins + timedelta(hours=hours),
        "created_by": "dispatcher",
        "created_at": begins,
        **told,
    }
    with desk.transaction() as tx:
        return cards.put(tx, values)


def asked(desk, number):
    found = one(desk, number)
    return found["stage"], found["card"]


@pytest.mark.parametrize(
    ("words", "text", "hit"),
    [
        (("停电",), DARK, True),
        (("停电",), FUMES, False),
        (("一年没人说的词",), DARK, False),
        (("停电|断电|没电",), "小区断电两小时了", True),
        (("冰箱+停电",), DARK, True),
        (("停水+停电",), DARK, False),
        (("停水", "停电"), DARK, True),
        (("停.电",), DARK, False),  # a pattern is words and not a regular expression
        (("(停电",), DARK, False),
    ],
)
def test_a_card_answers_what_says_its_words(desk, words, text, hit):
    number = card(desk, words)
    ticket = ring(desk, NOW, text).number
    assert (one(desk, ticket)["card"], one(desk, ticket)["stage"] == "answered") == (
        (number, True) if hit else (None, False)
    )
    require_agreement(desk)


@pytest.mark.parametrize(
    ("begins", "hours", "hit"),
    [
        (NOW, 1, True),  # from this very instant
        (NOW + timedelta(seconds=1), 1, False),
        (NOW - timedelta(hours=1), 1, False),  # over at this very instant
        (NOW - timedelta(hours=1), 1.001, True),
    ],
)
def test_a_card_runs_from_its_beginning_up_to_its_end(desk, begins, hours, hit):
    card(desk, begins=begins, hours=hours)
    assert (asked(desk, ring(desk, NOW, DARK).number)[0] == "answered") == hit


@pytest.mark.parametrize(
    ("areas", "hit"), [(("tongli_tinglu",), True), (("lujian",), False), (("no_such",), False)]
)
def test_a_card_of_a_place_answers_there_only(desk, areas, hit):
    known = rows(desk, "SELECT code, name, parent FROM area")
    here = next(each for each in known if each["name"].startswith("听橹"))
    areas = (here["parent"],) if hit else areas
    card(desk, areas=areas)
    assert (asked(desk, ring(desk, NOW, DARK).number)[0] == "answered") == hit
    assert asked(desk, ring(desk, NOW, "全停电了，没说在哪里。", OTHER).number)[0] != "answered"


def test_of_cards_that_overlap_the_newest_answers(desk):
    card(desk)
    newest = card(desk, words=("停电", "冰箱"))
    card(desk, words=("停水",))
    assert asked(desk, ring(desk, NOW, DARK).number) == ("answered", newest)


def test_hundreds_ask_and_are_answered_each_with_a_ticket_of_their_own(desk):
    number = card(desk)
    for each in range(30):
        post(desk, NOW, text=DARK, caller={"phone": f"1990003{each:04d}"})
    settle(desk, NOW)
    assert rows(desk, f"SELECT count(*) AS n FROM ticket WHERE card = {number} AND stage = 'answered'") == [
        {"n": 30}
    ]
    with desk.database.reading() as tx:
        assert [each["asked"] for each in cards.newest(tx, None, 5)] == [30]


def test_a_card_that_ends_while_a_batch_is_read_answers_the_whole_batch_or_none_of_it(desk, monkeypatch):
    number = card(desk)
    for each in range(4):
        post(desk, NOW, text=DARK, caller={"phone": f"1990003{each:04d}"})
    real = triage.suggest

    def and_meanwhile(*given):
        with desk.transaction() as tx:
            assert cards.end(tx, number, NOW)
        return real(*given)

    monkeypatch.setattr(triage, "suggest", and_meanwhile)
    assert triage.drain(desk, NOW) == 4
    assert {asked(desk, each["number"]) for each in rows(desk, "SELECT number FROM ticket")} <= {
        ("to_sign", None), ("to_dispatch", None),
    }  # fmt: skip
    with desk.transaction() as tx:
        assert not cards.end(tx, number, NOW)  # the second click


def test_a_complaint_about_an_official_is_not_answered_by_a_card(desk):
    """Who is rude during an outage is complained of, and nobody outside the circle hears of it."""
    card(desk, words=("窗口", "停电"))
    found = one(desk, ring(desk, NOW, RUDE).number)
    assert (found["stage"], bool(found["restricted"]), found["card"]) == ("to_dispatch", True, None)


def test_who_asks_again_about_the_outage_gets_the_answer_again_and_climbs_nothing(desk):
    card(desk, begins=NOW - timedelta(days=3), hours=24 * 10)
    first = ring(desk, NOW - timedelta(days=2), DARK).number
    again = ring(desk, NOW, DARK).number
    found = one(desk, again)
    assert (found["stage"], found["earlier"], found["complaint_count"]) == ("answered", first, 1)
    assert steps(desk) == []
    require_agreement(desk)


def test_a_counted_repeat_that_a_card_answers_still_climbs(desk):
    """The card is an answer and no excuse: the second complaint is told to the leader in charge."""
    number = closed(desk, text=TEXT)
    card(desk, words=("电梯",))
    again = ring(desk, NOW, AGAIN).number
    found = one(desk, again)
    assert (found["stage"], found["earlier"], found["complaint_count"]) == ("answered", number, 2)
    assert steps(desk, again) == ["repeat_2"]
    told = rows(desk, f"SELECT receiver FROM notice WHERE ticket = '{again}' AND words LIKE '%第 2 次投诉%'")
    assert [each["receiver"] for each in told] == ["section_head", "department_leader"]  # of the former lead
    require_agreement(desk)


def test_a_replay_sees_the_card_that_ran_then(desk):
    number = card(desk, words=("停电", "电梯"))
    closed_one = closed(desk, "2026-09-28 10:00", text=FUMES)
    ring(desk, NOW, DARK, OTHER)
    ring(desk, NOW, TEXT, OTHER)
    with desk.transaction() as tx:
        assert cards.end(tx, number, NOW)
        tx.connection().exec_driver_sql("UPDATE event_card SET answer = 'other', title = 'other'")
    found = replay.replay(desk, "demo-county", replay.span("2026-09-01", "2026-12-31"))
    assert (found["tickets"], found["changed"], found["rule_changed"]) == (3, 0, 0), found["samples"]
    assert one(desk, closed_one)["card"] is None


@pytest.mark.parametrize("words", [(), ("",), ("停电+",), ("一+二+三+四+五",)])
def test_a_card_that_says_nothing_stops_nobodys_triage(desk, words):
    """Written past its door: such a card answers nothing, and the tickets of everybody else go their way."""
    card(desk, words=words)
    assert asked(desk, ring(desk, NOW, TEXT).number)[0] == "to_sign"
