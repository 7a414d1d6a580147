"""Acts beside a ticket's way (拆单、申诉、评价、查看身份), on both databases, and what the counts say of them."""

from datetime import timedelta

import pytest

from dispatch import counting, revealing, supervise
from dispatch.handle import carry_out
from dispatch.storage.tickets import Changed
from rules.access import Actor
from rules.bodies import BODIES
from rules.errors import BadInput, IllegalAct, LimitReached, NotAllowed, TooLate
from rules.terms import Act, Role
from tests.desks import CALLER_BACK, DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle, version_of
from tests.pressing import PHONE, answered, one, replied, ring, sent, told
from tests.recount import differences
from tests.stories import at

LAMP, DRAIN = "滨河路路灯不亮，晚上走路看不见。", "自来水浑浊发黄，已经三天了。"
BOTH = f"我是王小明，{LAMP}另外{DRAIN}"
ODD = "楼下饭店的排烟口正对卧室，晚上开不了窗。"


def done(desk, number, name, actor, now, version=None, **body):
    wanted = Act(name)
    held = version or version_of(desk, number)
    return carry_out(desk, number, wanted, BODIES[wanted](**body), held, actor, now).answer


def events(desk, number, kind):
    return rows(desk, f"SELECT * FROM event WHERE ticket = '{number}' AND kind = '{kind}' ORDER BY id")


def agree(desk):
    """The counts by replay are those by SQL."""
    counting.catch_up(desk)
    assert differences(desk) == []


def counted(desk, *measures):
    counting.catch_up(desk)
    named = ", ".join(f"sum({each}) AS {each}" for each in measures)
    return rows(desk, f"SELECT {named} FROM daily_count WHERE dimension = 'all'")[0]


def told_both(desk, now, **raw):
    caller = {"phone": PHONE, "name": "王小明", **raw.pop("caller", {})}
    number = post(desk, now, text=BOTH, type="complain", caller=caller, **raw).number
    settle(desk, now)
    if one(desk, number)["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, now, department="urban_management", reason="按职责派单")
    return number


# --- Splitting ----------------------------------------------------------------------------------------------------


def test_one_contact_of_two_matters_becomes_two_tickets_and_counts_once(desk):
    now = at("2026-09-28 10:00")
    number = told_both(desk, now)
    lead = one(desk, number)["department"]
    later = at("2026-09-29 15:00")
    version = version_of(desk, number)
    parts = [{"text": LAMP}, {"text": f"我是王小明，{DRAIN}", "title": "水浑", "type": "求助"}]
    answer = done(desk, number, "split", OPERATOR, later, parts=parts)
    first, second = answer["parts"]
    assert (first["number"], first["query_code"]) == (number, None)
    assert len(second["query_code"]) == 8 and second["number"][6:14] == "20260928"
    with pytest.raises(Changed):  # the double click
        done(desk, number, "split", OPERATOR, later, version=version, parts=parts)
    settle(desk, later)
    kept, new = one(desk, number), one(desk, second["number"])
    assert (kept["text"], kept["department"]) == (LAMP, lead)
    assert (new["title"], new["type"], new["split_from"], new["complaint_count"], new["earlier"]) == (
        "水浑", "help", number, 1, None,
    )  # fmt: skip
    assert "王小明" not in new["text"] and str(kept["received_at"]) == str(new["received_at"])
    assert new["stage"] in ("to_sign", "to_dispatch")
    assert rows(desk, "SELECT * FROM link") == []
    assert [each["data"] for each in events(desk, number, "split")] and events(
        desk, new["number"], "received"
    )
    assert counted(desk, "contacts", "received", "split_off") == {
        "contacts": 1, "received": 1, "split_off": 1,
    }  # fmt: skip
    agree(desk)


def test_nobody_gains_time_by_a_split(desk):
    now = at("2026-09-28 10:00")
    number = told_both(desk, now)
    later = at("2026-09-30 15:00")
    parts = [{"text": LAMP}, {"text": DRAIN, "department": "water_supply"}]
    new = done(desk, number, "split", DISPATCHER, later, parts=parts)["parts"][1]["number"]

    def started(which, kind):
        found = rows(
            desk, f"SELECT started_at, due_at FROM clock WHERE ticket = '{which}' AND kind = '{kind}'"
        )
        return found[0]

    assert one(desk, new)["stage"] == "to_sign" and one(desk, new)["department"] == "water_supply"
    assert started(new, "handle") == started(number, "handle")
    assert started(new, "dispatch")["started_at"] == started(number, "dispatch")["started_at"]
    assert str(started(new, "sign")["started_at"])[:10] == "2026-09-30"
    answered(desk, new, later)  # its own way goes on as ever, and the replay of its clocks agrees
    told(desk, new, later)
    assert one(desk, new)["stage"] == "closed"
    supervise.tick(desk, at("2026-10-09 09:00"))
    agree(desk)


def test_every_part_may_be_dispatched_in_the_same_act_and_a_part_be_split_again(desk):
    now = at("2026-09-28 10:00")
    number = ring(desk, now, text=f"{ODD}另外{LAMP}{DRAIN}").number
    assert one(desk, number)["stage"] == "to_dispatch"
    parts = [
        {"text": ODD, "department": "market_supervision"},
        {"text": f"{LAMP}{DRAIN}", "department": "urban_management"},
    ]
    told_of = done(desk, number, "split", DISPATCHER, now, parts=parts)["parts"]
    assert [each["stage"] for each in told_of] == ["to_sign", "to_sign"]
    assert one(desk, number)["department"] == "market_supervision"
    second = told_of[1]["number"]
    third = done(desk, second, "split", DISPATCHER, now, parts=[{"text": LAMP}, {"text": DRAIN}])["parts"][1]
    settle(desk, now)
    assert one(desk, third["number"])["split_from"] == number
    assert counted(desk, "contacts", "split_off") == {"contacts": 1, "split_off": 2}
    agree(desk)


def test_a_split_that_cannot_be_changes_nothing(desk):
    now = at("2026-09-28 10:00")
    number = sent(desk, now)[0]
    before = one(desk, number)
    for first, second in (
        ({"text": "甲", "department": "water_supply"}, {"text": "乙"}),
        ({"text": "甲", "type": "consult"}, {"text": "乙"}),
        ({"text": "甲"}, {"text": "乙", "department": "月球管理局"}),
        ({"text": "甲"}, {"text": "乙", "category": "没有这一类"}),
    ):
        with pytest.raises(BadInput):
            done(desk, number, "split", DISPATCHER, now, parts=[first, second])
    assert one(desk, number) == before
    assert rows(desk, "SELECT count(*) AS n FROM ticket") == [{"n": 1}]


def test_the_caller_of_a_part_joins_the_part(desk):
    now = at("2026-09-28 10:00")
    number = told_both(desk, now)
    new = done(desk, number, "split", OPERATOR, now, parts=[{"text": LAMP}, {"text": DRAIN}])["parts"][1][
        "number"
    ]
    settle(desk, now)
    again = post(desk, at("2026-09-29 10:00"), text=DRAIN, caller={"phone": PHONE})
    assert (again.number, again.joined) == (new, True)
    assert counted(desk, "contacts") == {"contacts": 2}
    agree(desk)


# --- Appeals ------------------------------------------------------------------------------------------------------


def overdue(desk):
    """A ticket whose handling limit was missed, and its department."""
    now = at("2026-09-28 10:00")
    number, lead = sent(desk, now)
    act(desk, number, "sign", of(lead, Role.LIAISON), now)
    act(desk, number, "contact", of(lead, Role.HANDLER), now, reached=True, words="已联系")
    due = rows(desk, f"SELECT due_at FROM clock WHERE ticket = '{number}' AND kind = 'handle'")[0]["due_at"]
    late = at(str(due)[:10] + " 20:00") + timedelta(days=4)
    supervise.tick(desk, late)
    return number, lead, late


def test_a_missed_limit_that_was_excused_is_counted_apart_and_never_erased(desk):
    number, lead, late = overdue(desk)
    breach = events(desk, number, "breached")[0]
    assert counted(desk, "late", "excused", "due") == {"late": 1, "excused": 0, "due": 1}
    act(desk, number, "appeal", of(lead, Role.LIAISON), late, event=breach["id"], reason="停电无法登录")
    with pytest.raises(LimitReached):
        act(desk, number, "appeal", of(lead, Role.LIAISON), late, event=breach["id"], reason="再说一次")
    act(desk, number, "settle-appeal", SUPERVISOR, late, event=breach["id"], accept=True, reason="停电属实")
    with pytest.raises(IllegalAct):
        act(
            desk, number, "settle-appeal", SUPERVISOR, late, event=breach["id"], accept=False, reason="改主意"
        )
    assert events(desk, number, "breached")[0] == breach
    assert counted(desk, "late", "excused", "due") == {"late": 0, "excused": 1, "due": 0}
    agree(desk)


def test_an_appeal_against_supervision_takes_it_back_and_a_rejected_one_leaves_it(desk):
    number, lead, late = overdue(desk)
    act(desk, number, "supervise", SUPERVISOR, late, level=3, reason="久拖不决")
    by_clock, by_hand = events(desk, number, "supervised")[0], events(desk, number, "supervised")[-1]
    for each in (by_clock, by_hand):
        act(
            desk,
            number,
            "appeal",
            of(lead, Role.DEPARTMENT_LEADER),
            late,
            event=each["id"],
            reason="已报延期",
        )
    act(desk, number, "settle-appeal", SUPERVISOR, late, event=by_clock["id"], accept=False, reason="不实")
    assert one(desk, number)["supervision"] == 3 and events(desk, number, "undone") == []
    before = counted(desk, "supervised")["supervised"]
    act(desk, number, "settle-appeal", SUPERVISOR, late, event=by_hand["id"], accept=True, reason="属实")
    assert one(desk, number)["supervision"] == before - 1 < 3
    assert len(events(desk, number, "undone")) == 1
    assert counted(desk, "supervised") == {"supervised": before - 1}
    agree(desk)


def test_an_unsatisfied_callback_that_was_excused_leaves_the_rates_but_the_complaint_counts(desk):
    now = at("2026-09-28 10:00")
    number, lead = sent(desk, now)
    answered(desk, number, now)
    told(desk, number, now, content=False)
    count = one(desk, number)["complaint_count"]
    call = events(desk, number, "called_back")[0]["id"]
    act(desk, number, "appeal", of(lead, Role.LIAISON), now, event=call, reason="诉求超出职权")
    act(desk, number, "settle-appeal", SUPERVISOR, now, event=call, accept=True, reason="诉求于法无据")
    assert one(desk, number)["complaint_count"] == count == 2
    wanted = {"satisfied_known": 0, "solved_known": 0, "excused_answers": 1, "reached": 1}
    assert counted(desk, *wanted) == wanted
    replied(desk, number, now)
    told(desk, number, now)
    assert counted(desk, "satisfied_known", "satisfied") == {"satisfied_known": 1, "satisfied": 1}
    agree(desk)


def test_an_appeal_comes_in_time_and_by_whom_it_was_counted_against(desk):
    number, lead, late = overdue(desk)
    breach = events(desk, number, "breached")[0]["id"]
    signed = events(desk, number, "signed")[0]["id"]
    with pytest.raises(BadInput, match="可以申诉"):
        act(desk, number, "appeal", of(lead, Role.LIAISON), late, event=signed, reason="x")
    with pytest.raises(NotAllowed):
        act(desk, number, "appeal", of("transport", Role.LIAISON), late, event=breach, reason="x")
    with pytest.raises(TooLate):
        act(
            desk,
            number,
            "appeal",
            of(lead, Role.LIAISON),
            late + timedelta(days=30),
            event=breach,
            reason="x",
        )
    act(desk, number, "reassign", DISPATCHER, late, department="transport", reason="职责在交通")
    with pytest.raises(BadInput, match="没有记在本单位名下"):
        act(desk, number, "appeal", of("transport", Role.LIAISON), late, event=breach, reason="x")


# --- Ratings ------------------------------------------------------------------------------------------------------


def test_the_last_rating_of_a_step_counts_and_all_of_them_stay(desk):
    now = at("2026-09-28 10:00")
    number = sent(desk, now)[0]
    with pytest.raises(IllegalAct, match="还没有答复"):
        act(desk, number, "rate", CALLER_BACK, now, step="reply", stars=5)
    act(desk, number, "rate", OPERATOR, now, step="受理", stars=4)
    answered(desk, number, now)
    act(desk, number, "rate", CALLER_BACK, now, step="reply", stars=5)
    act(desk, number, "rate", CALLER_BACK, now, step="答复", stars=2, words="没修好")
    told(desk, number, now)
    assert len(events(desk, number, "rated")) == 3
    assert counted(desk, "rated", "rated_well") == {"rated": 2, "rated_well": 1}
    agree(desk)


# --- Looking at who called ------------------------------------------------------------------------------------------


def test_a_look_is_answered_once_and_written_down_without_the_value(desk):
    now = at("2026-09-28 10:00")
    number = told_both(desk, now)
    version = version_of(desk, number)
    looks = {"name": "王小明", "phone": PHONE, "text": BOTH}
    for item, value in looks.items():
        answer = done(desk, number, "reveal", CALLER_BACK, now, version=1, field=item, reason="回访")
        assert answer == {"field": item, "value": value}
    assert version_of(desk, number) == version  # nobody's open form is refused for a look
    log = rows(desk, "SELECT ticket, field, reason, actor FROM reveal ORDER BY id")
    assert [each["field"] for each in log] == list(looks) and {each["actor"] for each in log} == {
        "caller_back"
    }
    written = str(events(desk, number, "revealed"))
    assert written.count("回访") == 3 and PHONE not in written and "王小明" not in written
    with pytest.raises(BadInput, match="没有留下详细地点"):
        done(desk, number, "reveal", CALLER_BACK, now, field="place", reason="回访")
    done(desk, number, "split", OPERATOR, now, parts=[{"text": LAMP}, {"text": DRAIN}])
    parts = rows(desk, "SELECT number FROM ticket ORDER BY number")
    assert done(desk, number, "reveal", SUPERVISOR, now, field="text", reason="核对")["value"] == BOTH
    new = next(each["number"] for each in parts if each["number"] != number)
    for item in ("name", "phone"):
        assert done(desk, new, "reveal", OPERATOR, now, field=item, reason="联系")["value"] == looks[item]


def test_who_looks_too_often_within_the_hour_is_told_of(desk, monkeypatch):
    monkeypatch.setattr(revealing, "ALERT_FROM", 3)
    now = at("2026-09-28 10:00")
    number = told_both(desk, now)
    curious = Actor("curious", frozenset({Role.OPERATOR}), scope="key:9")

    def alarms():
        settle(desk, now)
        return rows(desk, "SELECT receiver, words FROM notice WHERE words LIKE '%查看诉求人身份%'")

    done(desk, number, "reveal", curious, now - timedelta(hours=2), field="phone", reason="看看")
    for _ in range(2):
        done(desk, number, "reveal", curious, now, field="phone", reason="看看")
    assert alarms() == []
    done(desk, number, "reveal", curious, now, field="name", reason="看看")
    assert [each["receiver"] for each in alarms()] == ["supervisor"]
    assert "curious 一小时内查看诉求人身份 3 次" in alarms()[0]["words"]


def test_a_department_calls_its_caller_but_not_one_who_asked_to_stay_unknown(desk):
    now = at("2026-09-28 10:00")
    open_one, hidden = (
        told_both(desk, now),
        told_both(desk, now, caller={"phone": "19900008888", "confidential": True}),
    )
    handler = of(one(desk, open_one)["department"], Role.HANDLER)
    assert done(desk, open_one, "reveal", handler, now, field="phone", reason="首次联系")["value"] == PHONE
    with pytest.raises(NotAllowed):
        done(desk, hidden, "reveal", handler, now, field="phone", reason="首次联系")
    assert len(rows(desk, "SELECT id FROM reveal")) == 1
