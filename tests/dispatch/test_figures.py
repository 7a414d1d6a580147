"""Counting and reporting (统计报表): exact under late events and corrections, frozen once, corrected with what changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch import counting, drill, figures, packs
from dispatch.desk import Desk
from dispatch.drill import Question
from dispatch.storage import figures as stored
from dispatch.storage.behind import Found
from reports.period import parse
from rules.access import Actor
from rules.errors import BadInput, NotAllowed
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, SUPERVISOR, act, of, post, rows, settle
from tests.pressing import sign
from tests.recount import differences
from tests.stories import at

MANAGER = Actor("manager", frozenset({Role.MANAGER}), scope="key:9")
LATER = at("2026-11-23 08:00")
WEEK = parse("week", "2026-W47", 1)


def send(desk: Desk, when: str = "2026-11-16 09:00", department: str = "urban_management", **raw) -> str:
    """A ticket at a department, whatever the model thinks of its words."""
    now = at(when)
    number = post(desk, now, type="help", **raw).number
    settle(desk, now)
    stage = rows(desk, f"SELECT stage, department FROM ticket WHERE number = '{number}'")[0]
    if stage["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, now, department=department, reason="按职责派单")
    elif stage["department"] != department:
        act(desk, number, "reassign", DISPATCHER, now, department=department, reason="按职责改派")
    return number


def finish(
    desk: Desk, number: str, when: str, department: str = "urban_management", satisfied: bool = True
) -> None:
    """From to_sign to the callback, within a minute."""
    now = at(when)
    sign(desk, number, now)
    act(desk, number, "contact", of(department, Role.HANDLER), now, reached=True, words="已联系")
    act(desk, number, "reply", of(department, Role.HANDLER), now, words="已修好", solved=True)
    act(desk, number, "review", of(department, Role.DEPARTMENT_LEADER), now, level=1, approve=True)
    act(desk, number, "review", DISPATCHER, now, level=2, approve=True)
    act(desk, number, "call-back", CALLER_BACK, now, reached=True, solved=satisfied, satisfied=satisfied)
    settle(desk, now)


def counts_of(document: dict, dimension: str, key: str) -> dict:
    table = next(each for each in document["tables"] if each["dimension"] == dimension)
    return next((row["counts"] for row in table["rows"] if row["key"] == key), {})


def require_exact(desk: Desk) -> None:
    """What was counted step by step, the recount by SQL, and a count from nothing are the same."""
    counting.catch_up(desk)
    assert differences(desk) == []
    before = rows(desk, "SELECT * FROM daily_count ORDER BY day, dimension, key")
    kept = [
        row for row in before if any(n for name, n in row.items() if name not in ("day", "dimension", "key"))
    ]
    counting.rebuild(desk)
    assert rows(desk, "SELECT * FROM daily_count ORDER BY day, dimension, key") == kept


def test_an_empty_week_has_no_figures_and_nothing_to_divide(desk: Desk):
    document = figures.live(desk, WEEK, LATER)
    assert document["totals"]["counts"] == {}
    assert {each["words"] for each in document["totals"]["rates"].values()} == {"–"}
    assert [each for each in document["checks"] if not each["ok"]] == []
    assert len(document["days"]) == 7
    assert all(listed["total"] == 0 for listed in document["lists"].values())
    assert figures.due(desk, LATER) == []


def test_one_ticket_is_one_of_one(desk: Desk):
    number = send(desk)
    finish(desk, number, "2026-11-16 15:00")
    document = figures.live(desk, WEEK, at("2026-12-20 09:00"))
    urban = counts_of(document, "department", "urban_management")
    assert urban["assigned"] == urban["done"] == urban["satisfied"] == 1
    rate = document["totals"]["rates"]["satisfied_rate"]
    assert rate["words"] == "100.00%（1/1）"
    assert [each["day"] for each in document["days"] if each["counts"].get("done")] == ["2026-11-16"]
    require_exact(desk)


def test_counting_after_every_act_is_the_same_as_counting_once(desk: Desk):
    """Returned, sent on, extended, suspended, unsatisfied, redone, merged and taken apart again."""
    number = send(desk)
    counting.catch_up(desk)
    act(
        desk,
        number,
        "return",
        of("urban_management", Role.LIAISON),
        at("2026-11-16 10:00"),
        reason="不归我管",
    )
    counting.catch_up(desk)
    act(
        desk, number, "settle-return", DISPATCHER, at("2026-11-16 11:00"),
        accept=True, reason="有理", department="transport",
    )  # fmt: skip
    counting.catch_up(desk)
    other = send(desk, "2026-11-17 09:00", text="小区门口的垃圾没有人清运，味道很大。")
    lead = send(desk, "2026-11-17 09:30", text="小区门口的垃圾堆了三天，没有人清运。")
    counting.catch_up(desk)
    act(desk, other, "merge", DISPATCHER, at("2026-11-17 10:00"), into=lead)
    counting.catch_up(desk)
    assert counts_of(figures.live(desk, WEEK, LATER), "department", "urban_management")["assigned"] == 1 + 1
    act(desk, other, "unmerge", DISPATCHER, at("2026-11-17 11:00"))
    counting.catch_up(desk)
    finish(desk, lead, "2026-11-18 10:00", satisfied=False)
    counting.catch_up(desk)
    act(
        desk,
        lead,
        "contact",
        of("urban_management", Role.HANDLER),
        at("2026-11-18 15:00"),
        reached=True,
        words="再次联系",
    )
    until = at("2026-11-24 09:00").isoformat()
    act(
        desk, lead, "suspend", of("urban_management", Role.HANDLER), at("2026-11-18 16:00"),
        reason_code=desk.packs.active(LATER).suspensions[0].code, until=until,
    )  # fmt: skip
    require_exact(desk)
    totals = figures.live(desk, WEEK, LATER)["totals"]["counts"]
    assert totals["redone"] == 1
    assert totals["received"] == 3


def test_the_recount_notices_what_is_wrong(desk: Desk):
    finish(desk, send(desk), "2026-11-16 15:00")
    counting.catch_up(desk)
    assert differences(desk) == []
    with desk.database.transaction() as tx:
        tx.connection().execute(
            text(
                "UPDATE daily_count SET done = done + 1 WHERE dimension = 'department' AND key = 'urban_management'"
            )
        )
    assert differences(desk)
    with desk.database.reading() as tx:
        assert stored.recount(tx)


def test_a_report_is_given_out_once_and_corrected_with_what_changed(desk: Desk):
    number = send(desk)
    first = figures.freeze(desk, WEEK, LATER, "system")
    assert (first["version"], first["frozen"], first["differences"]) == (1, True, [])
    assert figures.freeze(desk, WEEK, LATER + timedelta(hours=1), "system")["version"] == 1
    finish(desk, number, "2026-11-20 15:00")  # written down late
    assert figures.asked(desk, "week", "2026-W47", LATER)["totals"]["counts"].get("done") is None
    second = figures.freeze(desk, WEEK, LATER + timedelta(hours=2), "cli", "补录")
    assert second["version"] == 2
    told = {(each["where"], each["what"]): (each["before"], each["after"]) for each in second["differences"]}
    assert told["合计", "单位办结"] == (0, 1)
    assert any(where.startswith("承办单位") for where, _ in told)
    assert figures.asked(desk, "week", "2026-W47", LATER)["version"] == 2
    assert figures.asked(desk, "week", "2026-W47", LATER, version=1) == first
    with pytest.raises(figures.NoReport):
        figures.asked(desk, "week", "2026-W47", LATER, version=3)


def test_longer_reports_are_told_by_the_month(desk: Desk):
    send(desk)
    for kind, name, step, n in (
        ("month", "2026-11", "day", 30),
        ("quarter", "2026-Q4", "month", 3),
        ("year", "2026", "month", 12),
    ):
        days = figures.live(desk, parse(kind, name, 1), LATER)["days"]
        assert [set(each) for each in days] == [{step, "counts"}] * n


def test_what_somebody_is_counting_meanwhile_is_waited_for_before_a_report_is_given_out(desk: Desk):
    number = send(desk)
    with ThreadPoolExecutor(1) as hands:
        with desk.database.transaction() as tx:
            stored.untallied(desk.database, tx, 1)  # the worker holds the ticket and has not counted it yet
            giving = hands.submit(figures.freeze, desk, WEEK, LATER, "system")
            with pytest.raises(TimeoutError):
                giving.result(0.3)
        assert giving.result(30)["totals"]["counts"]["received"] == 1, number


def test_two_who_give_a_report_out_at_once_give_the_same_one_out(desk: Desk):
    send(desk)
    with ThreadPoolExecutor(2) as hands:
        made = list(hands.map(lambda by: figures.freeze(desk, WEEK, LATER, by), ("one", "two")))
    assert [each["version"] for each in made] == [1, 1]
    assert len(rows(desk, "SELECT version FROM report")) == 1


def test_a_week_that_is_not_over_cannot_be_given_out_and_one_that_has_not_begun_not_be_seen(desk: Desk):
    with pytest.raises(BadInput, match="还没有结束"):
        figures.freeze(desk, WEEK, at("2026-11-22 23:59"), "system")
    with pytest.raises(figures.NoReport, match="还没有开始"):
        figures.live(desk, parse("week", "2026-W49", 1), LATER)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23 07:59", []),
        ("2026-11-23 08:00", ["2026-W47"]),
        ("2026-11-29 23:00", ["2026-W47"]),
        ("2026-11-30 08:00", ["2026-W48"]),
        ("2026-12-01 08:00", ["2026-W48", "2026-11"]),
        ("2027-01-04 08:00", ["2026-W53", "2026-12", "2026-Q4", "2026"]),
    ],
)
def test_reports_come_out_by_themselves(desk: Desk, now: str, expected: list[str]):
    send(desk)
    counting.catch_up(desk)
    assert [each.name for each in figures.due(desk, at(now))] == expected


def test_after_a_stop_of_the_worker_the_missed_weeks_are_made_up_for(desk: Desk):
    send(desk)
    while figures.drain(desk, LATER):
        pass
    assert [row["period"] for row in rows(desk, "SELECT period FROM report")] == ["2026-W47"]
    late = at("2026-12-14 09:00")
    assert figures.sweep(desk, late)
    while figures.drain(desk, late):
        pass
    found = rows(desk, "SELECT period FROM report WHERE kind = 'week' ORDER BY period")
    assert [row["period"] for row in found] == ["2026-W47", "2026-W48", "2026-W49", "2026-W50"]
    assert not figures.sweep(desk, late)


def test_a_running_week_is_held_against_as_many_days_of_the_week_before(desk: Desk):
    send(desk, "2026-11-09 09:00")
    send(desk, "2026-11-13 09:00")
    send(desk, "2026-11-16 09:00")
    tuesday = figures.live(desk, WEEK, at("2026-11-17 09:00"))
    assert tuesday["before"] == {"period": "2026-W46", "begins": "2026-11-09", "ends": "2026-11-10"}
    assert tuesday["totals"]["change"]["received"]["before"] == 1
    over = figures.live(desk, WEEK, LATER)
    assert over["before"]["ends"] == "2026-11-15"
    assert over["totals"]["change"]["received"]["before"] == 2


def test_of_a_running_week_limits_are_counted_to_yesterday(desk: Desk):
    send(desk)
    due = rows(desk, "SELECT due_at FROM clock WHERE kind = 'sign'")
    assert due
    today = figures.live(desk, WEEK, at("2026-11-17 09:00"))
    assert today["counted_until"] == "2026-11-16"
    assert "sign_due" not in today["totals"]["counts"]  # one workday: it ends today
    assert figures.live(desk, WEEK, at("2026-11-18 09:00"))["totals"]["counts"]["sign_due"] == 1


def test_a_complaint_about_officials_is_counted_and_never_listed(desk: Desk):
    number = send(desk)
    late = at("2026-12-20 09:00")
    shown = figures.live(desk, WEEK, late)["lists"]["overdue"]
    assert (shown["total"], shown["withheld"], len(shown["rows"])) == (1, 0, 1)
    assert shown["rows"][0]["overdue"].startswith("超期 ")
    with desk.transaction() as tx:
        tx.connection().execute(
            text(f"UPDATE ticket SET restricted = :yes WHERE number = '{number}'"), {"yes": True}
        )
    hidden = figures.live(desk, WEEK, late)["lists"]["overdue"]
    assert (hidden["total"], hidden["withheld"], hidden["rows"]) == (1, 1, [])
    asked = Question("year", "2026", "late")
    hidden = drill.look(desk, MANAGER, asked, late)
    assert (list(hidden.rows), hidden.found) == ([], Found(1, 1, 0))
    assert [each["number"] for each in drill.look(desk, SUPERVISOR, asked, late).rows] == [number]


def without_bus() -> dict[str, str]:
    """The demo county's pack after its bus company became part of the commerce bureau."""
    files = packs.read_folder("demo-county")
    for file in ("catalogue", "routing"):
        key = f"demo-county/{file}.toml"
        files[key] = files[key].replace('department = "bus"', 'department = "commerce"')
        files[key] = files[key].replace('lead = "bus"', 'lead = "commerce"')
    key = "demo-county/departments.toml"
    rows = files[key].split("[[department]]")
    rows = [each for each in rows if 'code = "bus"' not in each]
    files[key] = "[[department]]".join(rows).replace(
        'code = "commerce"', 'code = "commerce"\nsucceeds = ["bus"]'
    )
    return files


def test_a_department_merged_in_mid_week_counts_under_its_successor(desk: Desk):
    send(desk, department="bus")
    with desk.transaction() as tx:
        packs.install(tx, without_bus(), "test", at("2026-11-18 00:00"))
    moment = at("2026-11-18 09:00")
    assert "bus" not in desk.packs.active(moment).departments
    send(desk, "2026-11-18 09:00", department="commerce", text="公路边的护栏坏了，晚上看不清。")
    document = figures.live(desk, WEEK, LATER)
    assert counts_of(document, "department", "commerce")["assigned"] == 2
    assert counts_of(document, "department", "bus") == {}
    table = next(each for each in document["tables"] if each["dimension"] == "department")
    note = next(row["note"] for row in table["rows"] if row["key"] == "commerce")
    assert note.startswith("含已并入的") and "公共交通" in note
    assert [each for each in document["checks"] if not each["ok"]] == []
    assert figures.live(desk, WEEK, LATER, "commerce")["totals"]["counts"]["assigned"] == 2


def test_a_department_reads_its_own_report_and_no_other(desk: Desk):
    send(desk)
    send(desk, "2026-11-17 09:00", department="transport", text="公路边的护栏坏了，晚上看不清。")
    policy = desk.packs.active(LATER)
    leader = of("urban_management", Role.DEPARTMENT_LEADER)
    assert figures.scope_of(leader, None, policy) == "urban_management"
    assert figures.scope_of(MANAGER, None, policy) is None
    assert (
        figures.scope_of(MANAGER, policy.departments["urban_management"].name, policy) == "urban_management"
    )
    with pytest.raises(NotAllowed):
        figures.scope_of(leader, "transport", policy)
    with pytest.raises(NotAllowed):
        figures.scope_of(Actor("op", frozenset({Role.CALLER_BACK})), None, policy)
    document = figures.live(desk, WEEK, LATER, "urban_management")
    assert document["department"]["code"] == "urban_management"
    assert document["totals"]["counts"]["assigned"] == document["totals"]["counts"]["open"] == 1
    keys = [row["key"] for row in document["tables"][0]["rows"]]
    assert keys == ["urban_management"]
    assert [each for each in document["checks"] if not each["ok"]] == []
    with pytest.raises(NotAllowed):  # a department alone opens nothing: it takes a role there
        figures.scope_of(Actor("op", frozenset({Role.CALLER_BACK}), "urban_management"), None, policy)
    with pytest.raises(BadInput, match="没有承办单位"):
        figures.live(desk, WEEK, LATER, "no_such")
