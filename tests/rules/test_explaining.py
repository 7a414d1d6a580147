"""Why a deadline is what it is (时限说明): the sentence people read, and that its parts lead to the deadline."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings

from rules.clocks import plan
from rules.explaining import Days, explain, in_rows
from rules.explaining_words import no_limit, why
from rules.terms import Budget, ClockKind, TicketType, Unit, Urgency
from tests.histories import histories
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

SUSPENDED = event("suspended", "2026-09-29 10:00", "suspended", until=at("2026-12-01 00:00"))
RESUMED = event("resumed", "2026-09-30 10:00", "handling")
EXTENDED = event("extension_settled", "2026-10-09 10:00", accepted=True, workdays=1)


def told(kind: str, *happenings, generation: int | None = None, promised: datetime | None = None, **given):
    story = facts(*happenings, **given)
    plans = plan(story, policy(), calendar())
    one = [each for each in plans if each.kind == kind and generation in (None, each.generation)][-1]
    return why(one, plans, story, policy(), calendar(), promised)


HANDLE = "从 9月28日 10:00 派单起算，求助 7 个工作日：跳过 10月1日–7日国庆节、10月11日周日；10月10日国庆节调休上班，照算"


@pytest.mark.parametrize(
    ("kind", "story", "given", "words"),
    [
        ("handle", (RECEIVED, DISPATCHED), {}, f"{HANDLE}，10月13日 周二 17:30 截止。"),
        (
            "sign",
            (RECEIVED, DISPATCHED),
            {},
            "从 9月28日 10:00 派单起算，1 个工作日，9月29日 周二 17:30 截止；届时仍未签收的，自动签收。",
        ),
        (
            "sign",
            (RECEIVED, DISPATCHED),
            {"urgency": Urgency.URGENT},
            "从 9月28日 10:00 派单起算，紧急件 30 分钟（不分上下班、不扣节假日），9月28日 周一 10:30 截止；"
            "到 9月29日 17:30 退单期限届满仍未签收的，自动签收。",
        ),
        (
            "dispatch",
            (event("received", "2026-09-30 17:35", "received"),),
            {},
            "从 9月30日 17:35 登记起算（不在办公时间，10月8日 09:00 开始计时），半个工作日："
            "跳过 10月1日–7日国庆节，10月8日 周四 14:00 截止。",
        ),
        (
            "handle",
            (RECEIVED, DISPATCHED, SIGNED, SUSPENDED, RESUMED, EXTENDED),
            {},
            f"{HANDLE}；原定 10月13日 17:30；9月29日 10:00 至 9月30日 10:00 挂起，其中工作时间 7 小时不计；"
            "10月9日 10:00 批准延期 1 个工作日，10月15日 周四 17:30 截止。",
        ),
        (
            "handle",
            (RECEIVED, DISPATCHED, SIGNED, SUSPENDED),
            {},
            f"{HANDLE}；原定 10月13日 17:30；9月29日 10:00 起挂起，恢复办理后顺延，10月13日 周二 17:30 截止。",
        ),
        (
            "handle",
            (
                RECEIVED,
                DISPATCHED,
                SIGNED,
                event("suspended", "2026-10-01 10:00", "suspended", until=at("2026-12-01 00:00")),
                event("resumed", "2026-10-01 18:00", "handling"),
            ),
            {},
            f"{HANDLE}；原定 10月13日 17:30；10月1日 10:00 至 18:00 挂起，没有占用时限，截止不变，"
            "10月13日 周二 17:30 截止。",
        ),
        (
            "resume",
            (RECEIVED, DISPATCHED, SIGNED, SUSPENDED),
            {},
            "9月29日 10:00 挂起，12月1日 00:00 复核，届时自动恢复办理。",
        ),
        (
            "handle",
            (
                event("received", "2026-12-25 10:00", "received"),
                event("dispatched", "2026-12-25 10:00", "to_sign"),
            ),
            {"type": TicketType.COMPLAIN},
            "从 2026年12月25日 10:00 派单起算，投诉 15 个工作日：跳过 12月26日–27日周末、2027年1月2日–3日周末、"
            "1月9日–10日周末，1月15日 周五 17:30 截止（暂定：涉及的年份还没有放假通知，只按周末推算）。",
        ),
        (
            "handle",
            (
                RECEIVED,
                DISPATCHED,
                SIGNED,
                event("replied", "2026-09-29 10:00", "reviewing"),
                event("reviewed", "2026-09-29 11:00", "to_call_back", level="hotline", approved=True),
                event("redone", "2026-10-08 10:00", "handling"),
            ),
            {},
            "从 10月8日 10:00 重办起算，第 1 次重办 3 个工作日：跳过 10月11日周日；10月10日国庆节调休上班，照算，"
            "10月12日 周一 17:30 截止。",
        ),
    ],
)
def test_the_sentence_tells_all_that_counted(kind, story, given, words):
    assert told(kind, *story, **given)["words"] == words


SENT_DOWN = (
    event("dispatched", "2026-09-28 10:00", "to_sign", department="police", reason="规则"),
    event("signed", "2026-09-28 11:00", "handling", department="police"),
)
PAUSE = (
    event("suspended", "2026-10-10 10:00", "suspended", until=at("2026-12-01 00:00")),
    event("resumed", "2026-10-10 10:00", "handling"),
)
DOWN = event("delegated", "2026-10-13 10:00", department="traffic_police", upper="police")
AT_ONCE = event("extension_settled", "2026-10-13 10:00", accepted=True, workdays=3)


@pytest.mark.parametrize(
    ("events", "until"),
    [((DOWN, AT_ONCE), "2026-10-13 17:30"), ((AT_ONCE, DOWN), "2026-10-15 17:30")],
    ids=["extended after", "extended before"],
)
def test_of_what_happens_at_one_instant_the_order_decides(events, until):
    """A delegated leg ends with the limit that stood when it was delegated, and is told as delegated."""
    story = facts(
        RECEIVED, *SENT_DOWN, *PAUSE, *events,
        type=TicketType.HELP, department="police", departments=("police", "traffic_police"),
    )  # fmt: skip
    plans = plan(story, policy(), calendar())
    leg = next(each for each in plans if each.scope == "traffic_police")
    found = explain(leg, plans, story, policy(), calendar())
    assert found.adds_up and found.cause is DOWN
    assert leg.due_at == at(until)


def test_many_weekends_are_counted_and_festivals_still_named():
    late = (
        event("received", "2026-08-10 10:00", "received"),
        event("dispatched", "2026-08-10 10:00", "to_sign"),
    )
    longer = [event("extension_settled", "2026-08-11 10:00", accepted=True, workdays=30)]
    words = told("handle", *late, *longer)["words"]
    assert "、10月1日–" in words or "9月25日–27日中秋节" in words
    assert "6 个周末共 11 天" in words


def test_the_data_says_the_same_as_the_sentence():
    found = told("handle", RECEIVED, DISPATCHED, SIGNED, SUSPENDED, RESUMED, EXTENDED)
    assert found["from"] == {
        "at": "2026-09-28T10:00:00+08:00",
        "event": "dispatched",
        "words": "派单",
        "counted_from": "2026-09-28T10:00:00+08:00",
        "runs_from": "2026-09-28T10:00:00+08:00",
    }
    assert found["limit"] == {"amount": 7, "unit": "workdays", "words": "7 个工作日", "redo_round": 0}
    assert found["rule"]["id"] == "handle_help_suggest" and found["rule"]["pack"] == "demo-county"
    assert found["rule"]["clause"] in found["basis"] and found["rule"]["title"] in found["basis"]
    assert found["skipped"][0] == {"from": "2026-10-01", "to": "2026-10-07", "days": 7, "why": "国庆节"}
    assert found["worked"] == [{"date": "2026-10-10", "why": "国庆节调休上班"}]
    assert [each["kind"] for each in found["changes"]] == ["pause", "extension"]
    assert found["changes"][0]["given_back_minutes"] == 420
    assert (found["first_due_at"], found["due_at"]) == (
        "2026-10-13T17:30:00+08:00",
        "2026-10-15T17:30:00+08:00",
    )
    assert found["adds_up"] and found["promised_at"] is None and not found["provisional"]


def test_a_generation_is_told_by_what_had_happened_when_it_was_promised():
    story = (RECEIVED, DISPATCHED, SIGNED, SUSPENDED, RESUMED, EXTENDED)
    changes = [told("handle", *story, generation=n)["changes"] for n in (1, 2, 3)]
    assert [len(each) for each in changes] == [0, 1, 2]


def test_an_older_promise_is_told_beside_what_the_calendar_says_today():
    found = told("sign", RECEIVED, DISPATCHED, promised=at("2026-09-30 17:30"))
    assert found["promised_at"] == "2026-09-30T17:30:00+08:00"
    assert found["words"].endswith("截止。这是按最新日历重算的；已承诺 9月30日 周三 17:30，以承诺为准。")


def test_a_start_that_the_pack_moves_is_told_as_moved():
    strict = replace(policy(), after_hours="next_workday")
    story = facts(
        event("received", "2026-09-30 17:40", "received"), event("dispatched", "2026-09-30 17:40", "to_sign")
    )
    plans = plan(story, strict, calendar())
    sign = next(each for each in plans if each.kind is ClockKind.SIGN)
    found = why(sign, plans, story, strict, calendar())
    assert "（下班后收到，视同 10月8日 09:00）" in found["words"] and found["adds_up"]
    assert found["due_at"] == "2026-10-09T17:30:00+08:00"


def test_praise_has_no_limit_and_says_so():
    found = no_limit(policy(), ClockKind.HANDLE, TicketType.PRAISE, Urgency.NORMAL)
    assert found is not None and found["words"].startswith("表扬件（一般）不设办理时限，依据：")
    assert found["rule"] == "handle_praise"
    assert no_limit(policy(), ClockKind.HANDLE, TicketType.HELP, Urgency.NORMAL) is None


def test_days_in_a_row_for_one_reason_are_one_run():
    days = [(date(2026, 10, 1), "国庆节"), (date(2026, 10, 2), "国庆节"), (date(2026, 10, 3), "周六")]
    days += [(date(2026, 10, 4), "周日"), (date(2026, 10, 11), "周日")]
    assert in_rows(days) == (
        Days(date(2026, 10, 1), date(2026, 10, 2), "国庆节"),
        Days(date(2026, 10, 3), date(2026, 10, 4), "周末"),
        Days(date(2026, 10, 11), date(2026, 10, 11), "周日"),
    )


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(histories())
def test_the_parts_lead_to_every_deadline(story):
    """Counted day by day from the explanation alone: the calendar is asked for the hours of a day, no more."""
    told = facts(*story.happenings, type=story.type, urgency=story.urgency)
    plans = plan(told, policy(), calendar())
    for each in plans:
        found = explain(each, plans, told, policy(), calendar())
        assert found.adds_up, found
        if each.budget is None or each.budget.unit is not Unit.WORKDAYS:
            continue
        off = {run.first + timedelta(days=n) for run in found.skipped for n in range(run.count)}
        if not found.capped:
            assert found.first_due_at == _walked(each.started_at, each.budget, off)
        here = found.first_due_at
        for change in found.changes:
            if change.is_pause:
                assert calendar().elapsed(here, change.due_at) == pytest.approx(change.minutes)
            else:
                assert calendar().workdays_between(here, change.due_at) == change.workdays
            here = change.due_at
        assert here == each.due_at


def _walked(start: datetime, budget: Budget, off: set[date]) -> datetime:
    """Whole workdays walked over the days that the explanation does not skip; half ones through their hours."""
    if budget.amount == 0.5:
        return _ticked(start, off)
    day, left = start, budget.amount
    while left:
        day += timedelta(days=1)
        left -= day.date() not in off
    return day.replace(hour=17, minute=30, second=0, microsecond=0)


def _ticked(start: datetime, off: set[date]) -> datetime:
    left = timedelta(minutes=210)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        for opened, closed in ((540, 720), (810, 1050)):
            begin = max(midnight + timedelta(minutes=opened), start)
            have = midnight + timedelta(minutes=closed) - begin
            if midnight.date() not in off and have >= left:
                return begin + left
            if midnight.date() not in off:
                left -= max(timedelta(), have)
        midnight += timedelta(days=1)
