"""The ticker (时限督办): every step once, at its true instant, in due order, whatever died meanwhile."""

from datetime import timedelta

from dispatch import packs, supervise
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import steps as stored_steps
from rules import worktime
from rules.terms import CHINA, Role
from tests.desks import DISPATCHER, act, of, post, rows, settle
from tests.dispatch.test_receive import at_once
from tests.stories import at

WORDS = "小区门口的垃圾三天没人清运。"


def sent(desk, when="2026-09-28 10:00", **raw):
    """A ticket dispatched to the first bureau at `when`; its number and the department's code."""
    code = rows(desk, "SELECT code FROM department WHERE kind = 'bureau' ORDER BY code")[0]["code"]
    number = post(desk, at(when), text=WORDS, type="求助", **raw).number
    settle(desk, at(when))
    if rows(desk, f"SELECT stage FROM ticket WHERE number = '{number}'")[0]["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, at(when), department=code, reason="属其职责")
    settle(desk, at(when))
    department = rows(desk, f"SELECT department FROM ticket WHERE number = '{number}'")[0]["department"]
    return number, department


def signed(desk, when="2026-09-28 10:00"):
    number, code = sent(desk, when)
    act(desk, number, "sign", of(code, Role.LIAISON), at(when))
    act(desk, number, "contact", of(code, Role.HANDLER), at(when), reached=True, words="已联系")
    settle(desk, at(when))
    return number, code


def steps(desk):
    found = rows(desk, "SELECT kind, step, at, data FROM event WHERE step IS NOT NULL ORDER BY id")
    return [(each["kind"], each["step"]) for each in found]


def test_steps_fire_one_by_one_as_time_goes_on(desk):
    signed(desk)
    story = [
        ("2026-10-09 09:29", []),
        ("2026-10-09 09:30", [("warned", "warn_50")]),
        ("2026-10-12 12:00", [("warned", "warn_80")]),
        ("2026-10-13 17:29", []),
        ("2026-10-13 17:30", [("breached", "breach")]),
        ("2026-10-14 17:30", [("supervised", "supervise_1")]),
        ("2026-10-16 17:30", [("supervised", "supervise_2")]),
        ("2026-10-20 17:30", [("supervised", "supervise_3")]),
        ("2026-12-31 10:00", []),
    ]
    seen = 0
    for when, expected in story:
        assert supervise.tick(desk, at(when)) == len(expected), when
        assert steps(desk)[seen:] == expected, when
        seen += len(expected)
    assert rows(desk, "SELECT supervision FROM ticket") == [{"supervision": 3}]


def test_a_second_look_at_the_same_instant_fires_nothing(desk):
    signed(desk)
    assert supervise.tick(desk, at("2026-10-09 10:00")) == 1
    assert supervise.tick(desk, at("2026-10-09 10:00")) == 0


def test_after_a_stop_the_steps_collapse_into_one_notice_but_each_keeps_its_instant(desk):
    signed(desk)
    assert supervise.tick(desk, at("2026-10-16 18:00")) == 5
    found = rows(desk, "SELECT step, at, recorded_at, data FROM event WHERE step IS NOT NULL ORDER BY at")
    assert [each["step"] for each in found] == ["warn_50", "warn_80", "breach", "supervise_1", "supervise_2"]
    assert len({str(each["recorded_at"]) for each in found}) == 1
    assert len({str(each["at"]) for each in found}) == 5
    settle(desk, at("2026-10-16 18:00"))
    told = rows(desk, "SELECT receiver, words FROM notice WHERE words LIKE '%督办%'")
    assert [each["receiver"] for each in told] == ["hotline_authority"]
    assert "另有 4 个提醒" in told[0]["words"]


def test_two_tickers_at_once_fire_each_step_once(desk):
    for _ in range(6):
        signed(desk)
    fired = at_once(4, lambda _i: supervise.tick(desk, at("2026-10-13 18:00")))
    assert sum(fired) == 6 * 3
    assert rows(desk, "SELECT count(*) AS n FROM event WHERE step IS NOT NULL") == [{"n": 18}]
    again = rows(
        desk,
        "SELECT clock, generation, step FROM event WHERE step IS NOT NULL GROUP BY clock, generation, step "
        "HAVING count(*) > 1",
    )
    assert again == []


def test_there_is_no_cap_on_one_round(desk, monkeypatch):
    monkeypatch.setattr(supervise, "BATCH", 2)
    for _ in range(7):
        signed(desk)
    assert supervise.tick(desk, at("2026-10-09 10:00")) == 7


def test_the_longest_overdue_comes_first(desk):
    later, _ = signed(desk, "2026-09-29 10:00")
    earlier, _ = signed(desk, "2026-09-28 10:00")
    with desk.database.reading() as tx:
        held, _ = stored_steps.claim(desk.database, tx, at("2026-11-30 10:00"), 10)
    assert list(held) == [earlier, later]


def test_an_unsigned_ticket_calls_the_duty_officer(desk):
    sent(desk)
    supervise.tick(desk, at("2026-09-29 17:30"))
    assert ("duty_called", "breach") in steps(desk)
    settle(desk, at("2026-09-29 17:30"))
    assert rows(desk, "SELECT count(*) AS n FROM notice WHERE receiver = 'duty_officer'") == [{"n": 1}]


def test_an_urgent_ticket_is_timed_by_the_wall_at_night(desk):
    sent(desk, "2026-10-02 23:00", urgency="紧急")
    assert supervise.tick(desk, at("2026-10-02 23:29")) == 1  # the reminder at 80 %
    assert supervise.tick(desk, at("2026-10-02 23:30")) == 1


def test_a_suspended_ticket_is_silent_and_resumes_by_itself_on_its_review_date(desk):
    number, code = signed(desk)
    handler = of(code, Role.HANDLER)
    act(
        desk,
        number,
        "suspend",
        handler,
        at("2026-09-29 10:00"),
        reason_code="诉讼中",
        until="2026-11-02T09:00",
    )
    assert supervise.tick(desk, at("2026-11-02 08:59")) == 0
    assert supervise.tick(desk, at("2026-11-02 09:00")) == 1
    (event,) = rows(desk, "SELECT kind, step, actor, clock FROM event WHERE kind = 'resumed'")
    assert (event["step"], event["actor"]) == ("resume", "system")
    assert event["clock"] is not None
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "handling"}]


def test_resuming_late_counts_from_the_review_date(desk):
    """The ticker was down over the review date: the deadline is as if it had not been."""
    number, code = signed(desk)
    act(
        desk, number, "suspend", of(code, Role.HANDLER), at("2026-09-29 10:00"),
        reason_code="诉讼中", until="2026-10-12T10:00",
    )  # fmt: skip
    supervise.tick(desk, at("2026-10-14 15:00"))
    (clock,) = rows(desk, "SELECT DISTINCT due_at FROM clock WHERE kind = 'handle' AND state = 'armed'")
    due = (
        clock["due_at"]
        if not isinstance(clock["due_at"], str)
        else at(clock["due_at"][:16]) + timedelta(hours=8)
    )
    # 29 September 10:00 to 12 October 10:00 holds five workdays: 13 October becomes 20 October.
    assert due.astimezone(CHINA) == at("2026-10-20 17:30")


def test_resuming_by_hand_disarms_the_review_date(desk):
    number, code = signed(desk)
    handler = of(code, Role.HANDLER)
    act(
        desk,
        number,
        "suspend",
        handler,
        at("2026-09-29 10:00"),
        reason_code="诉讼中",
        until="2026-11-02T09:00",
    )
    act(desk, number, "resume", handler, at("2026-09-30 10:00"))
    assert rows(desk, "SELECT next_at FROM clock WHERE kind = 'resume'") == [{"next_at": None}]


def test_a_broken_ticket_does_not_hold_up_the_others(desk, monkeypatch):
    bad, _ = signed(desk)
    signed(desk)
    real = supervise.fire

    def fire(on, number, now):
        if number == bad:
            raise RuntimeError("broken")
        return real(on, number, now)

    monkeypatch.setattr(supervise, "fire", fire)
    assert supervise.tick(desk, at("2026-10-09 10:00")) == 1
    with desk.database.reading() as tx:
        assert stored_clocks.oldest_step(tx) is not None  # readiness shows it


def test_a_step_says_why_and_when(desk):
    signed(desk)
    supervise.tick(desk, at("2026-10-13 17:30"))
    settle(desk, at("2026-10-13 17:30"))
    words = rows(desk, "SELECT words FROM notice WHERE receiver = 'department_leader' ORDER BY id DESC")[0][
        "words"
    ]
    assert "办理时限" in words
    assert "10月13日 17:30" in words


def test_the_sweep_rings_for_what_waits(desk):
    rung = []

    class Bell:
        def ring(self, queue):
            rung.append(queue)
            return True

    object.__setattr__(desk, "bell", Bell())
    post(desk, at("2026-09-28 10:00"), text=WORDS)
    rung.clear()
    assert supervise.sweep(desk, at("2026-09-28 10:01")) == {"triage": 1}
    assert rung == ["triage"]


def test_a_calendar_that_changes_later_moves_no_promise(desk, monkeypatch):
    """A new notice takes days off: what was promised stays, deadline, next step and list alike."""
    number, code = signed(desk)
    before = rows(desk, "SELECT kind, generation, due_at, next_at FROM clock ORDER BY id")
    listed = rows(desk, "SELECT due_at FROM ticket")
    policy, _ = desk.packs.of(rows(desk, "SELECT pack FROM ticket")[0]["pack"])
    holiday = (
        'year = 2026\nregion = "999001"\n[notice]\ntitle = "关于庙会放假的通知（虚构）"\nsource = "虚构"\n'
        '[[off]]\nfestival = "庙会"\nfrom = 2026-10-09\nto = 2026-10-09\n'
        '[[off]]\nfestival = "庙会"\nfrom = 2026-10-12\nto = 2026-10-13\n'
    )
    shorter = worktime.parse_calendar(
        {**packs.calendar_files(), "999001-2026.toml": holiday}, windows=policy.windows, region="999001"
    )
    assert shorter.workdays_between(at("2026-10-08 10:00"), at("2026-10-14 10:00")) == 2  # 10, 14
    monkeypatch.setattr(desk.packs, "of", lambda *_: (policy, shorter))
    act(desk, number, "urge", DISPATCHER, at("2026-09-29 10:00"), words="请抓紧")
    supervise.fire(desk, number, at("2026-09-29 10:00"))
    assert rows(desk, "SELECT kind, generation, due_at, next_at FROM clock ORDER BY id") == before
    assert rows(desk, "SELECT due_at FROM ticket") == listed
    assert code


def test_a_supervision_step_does_not_spoil_an_open_form(desk):
    number, code = signed(desk)
    seen = rows(desk, "SELECT version FROM ticket")[0]["version"]
    supervise.tick(desk, at("2026-10-20 18:00"))
    assert rows(desk, "SELECT supervision, version FROM ticket") == [{"supervision": 3, "version": seen}]
    act(
        desk, number, "reply", of(code, Role.HANDLER), at("2026-10-20 18:01"),
        version=seen, words="已清运", solved=True,
    )  # fmt: skip
