"""Figures over HTTP: the right people, the right days, files that open, and tickets that add up to each figure."""

import io
import zipfile
from urllib.parse import unquote

import pytest

from dispatch import figures
from dispatch.storage import tickets
from rules.terms import Role
from tests.web.figuring import MONDAY, POLICE, TRANSPORT, URBAN, WEEK

WHOLE = {"manager", "supervisor", "auditor", "admin", "dispatcher"}
OURS = {"liaison", "handler", "department_leader"}
FREEZERS = {"manager", "supervisor", "admin"}


def department_of(role):
    return URBAN if role in OURS else None


@pytest.mark.parametrize("role", [each.value for each in Role])
def test_who_reads_which_figures(site, role):
    site.now = MONDAY
    own = department_of(role)
    reads = role in WHOLE or role in OURS
    expected = {
        WEEK: 200 if reads else 403,
        f"{WEEK}?department={URBAN}": 200 if reads else 403,
        f"{WEEK}?department={TRANSPORT}": 200 if role in WHOLE else 403,
        f"{WEEK}?format=xlsx&department={TRANSPORT}": 200 if role in WHOLE else 403,
        f"{WEEK}/tickets?measure=assigned": 200 if reads else 403,
        f"{WEEK}/tickets?measure=assigned&department={TRANSPORT}": 200 if role in WHOLE else 403,
        f"{WEEK}/tickets?measure=assigned&dimension=department&key={TRANSPORT}": 200
        if role in WHOLE
        else 403,
    }
    assert {path: site.ask("GET", path, role, own).status_code for path in expected} == expected
    if reads:
        said = site.ask("GET", WEEK, role, own).json()["department"]
        assert (said or {}).get("code") == own
    frozen = site.ask("POST", f"{WEEK}/freeze", role, own, json={"reason": ""})
    assert frozen.status_code == (200 if role in FREEZERS else 403)
    if role in OURS:
        assert site.ask("GET", f"{WEEK}?version=1", role, own).status_code == 404


def test_without_a_key_there_are_no_figures(site):
    for method, path in (("GET", WEEK), ("GET", f"{WEEK}/tickets?measure=due"), ("POST", f"{WEEK}/freeze")):
        assert site.ask(method, path, json={} if method == "POST" else None).status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("week/2026-W54", 422, "没有第 54 周"),
        ("week/2026-47", 422, "2026-W47"),
        ("month/2026-13", 422, "没有第 13 个月份"),
        ("day/2026-11-16", 422, "没有“day”这种报表"),
        ("week/2026-W49", 404, "还没有开始"),
        ("week/2026-W49/tickets?measure=due", 404, "还没有开始"),
        ("week/2026-W47?department=nobody", 422, "没有承办单位"),
        ("week/2026-W47?department=%00", 422, "不能识别"),
        ("week/2026-W47/tickets?measure=due&department=nobody", 422, "没有承办单位"),
        ("week/2026-W47?version=1", 404, "没有第 1 版"),
        ("week/2026-W47?version=0", 422, "不能小于 1"),
        ("week/2026-W47?version=1&live=true", 422, "只能选一个"),
        ("week/2026-W47?format=pdf", 422, "只能是"),
        ("week/2026-W47/tickets", 422, "measure"),
        ("week/2026-W47/tickets?measure=nothing", 422, "没有指标"),
        ("week/2026-W47/tickets?measure=open_change", 422, "没有指标"),
        ("week/2026-W47/tickets?measure=due&dimension=moon", 422, "维度"),
        ("week/2026-W47/tickets?measure=due&cursor=xx", 422, "翻页位置"),
        ("week/2026-W47/tickets?measure=due&version=3", 404, "没有第 3 版"),
        ("week/2026-W47/tickets?measure=due&dimension=area&key=%00", 422, "不能识别"),
    ],
)
def test_an_error_says_what_is_wrong(site, path, status, words):
    site.now = MONDAY
    answer = site.ask("GET", f"/api/reports/{path}", "manager")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_every_error_is_declared(site):
    paths = site.ask("GET", "/openapi.json").json()["paths"]
    routes = [paths["/api/reports/{kind}/{period}" + rest] for rest in ("", "/tickets", "/freeze")]
    for route in routes:
        (one,) = route.values()
        assert {"200", "401", "403", "404", "422"} <= set(one["responses"])


@pytest.mark.parametrize(
    ("format", "begins"), [("json", b"{"), ("html", b"<!doctype html>"), ("xlsx", b"PK"), ("docx", b"PK")]
)
def test_a_report_is_a_file_to_keep(week, format, begins):
    path = WEEK if format != "docx" else "/api/reports/quarter/2026-Q4"
    answer = week.ask("GET", f"{path}?format={format}", "manager")
    assert answer.status_code == 200
    assert answer.content.lower().startswith(begins.lower())
    given = answer.headers["content-disposition"]
    assert given.startswith('attachment; filename="report-') and given.isascii()
    name = unquote(given.partition("filename*=UTF-8''")[2])
    assert name.endswith(f".{format}") and "12345热线" in name and "/" not in name
    assert "sandbox" in answer.headers["content-security-policy"]
    if format in ("xlsx", "docx"):
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    if format == "html":
        assert "<b>路灯" not in answer.text


def mark(site, name, **values):
    """Change a ticket of the week behind the back of the report."""
    with site.desk.database.transaction() as tx:
        tickets.mark(tx, site.numbers[name], values)


def test_a_report_is_given_out_once_while_nothing_changes(week):
    first = week.ask("POST", f"{WEEK}/freeze", "manager", json={"reason": "到期"})
    assert first.status_code == 200 and (first.json()["version"], first.json()["frozen"]) == (1, True)
    again = week.ask("POST", f"{WEEK}/freeze", "supervisor", json={})
    assert (again.status_code, again.json()) == (200, first.json())
    assert week.ask("GET", WEEK, "manager").json()["version"] == 1
    assert week.ask("GET", f"{WEEK}?live=true", "manager").json()["version"] is None


def test_a_week_that_is_not_over_is_not_given_out(site):
    site.now = MONDAY
    answer = site.ask("POST", "/api/reports/week/2026-W48/freeze", "manager", json={"reason": "早"})
    assert answer.status_code == 422 and "还没有结束" in answer.text
    assert site.ask("POST", f"{WEEK}/freeze", "manager", json={"why": 1}).status_code == 422
    assert site.ask("POST", f"{WEEK}/freeze", "manager", json={"reason": "\0"}).status_code == 422


def behind(site, role, of=None, path=WEEK, **asked):
    """Every page of the tickets behind a figure, two to a page, and the first answer."""
    words = "&".join(f"{name}={value}" for name, value in asked.items())
    rows, cursor, first = [], "", None
    while cursor is not None:
        answer = site.ask("GET", f"{path}/tickets?{words}&limit=2&cursor={cursor}", role, of)
        assert answer.status_code == 200, answer.text
        first = first or answer.json()
        rows += answer.json()["items"]
        cursor = answer.json()["next"]
    return first, rows


def test_the_tickets_behind_a_figure_come_page_by_page_and_add_up(week):
    counts = week.ask("GET", WEEK, "manager").json()["totals"]["counts"]
    first, rows = behind(week, "manager", measure="received")
    assert first["figure"] == counts["received"] == first["tickets"]
    numbers = [row["number"] for row in rows]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == len(numbers)
    assert len(rows) + first["withheld"] == first["tickets"] and first["withheld"] == 1
    assert week.numbers["restricted"] not in numbers
    plain = week.ask("GET", "/api/tickets", "manager").json()["items"][0]
    assert set(rows[0]) == {*plain, "n"}
    _, seen = behind(week, "supervisor", measure="received")
    assert week.numbers["restricted"] in [row["number"] for row in seen]


def test_what_happens_twice_to_a_ticket_counts_twice_and_is_listed_once(week):
    first, rows = behind(week, "manager", measure="urged", dimension="department", key=TRANSPORT)
    assert (first["figure"], first["tickets"], len(rows), rows[0]["n"]) == (2, 1, 1, 2)
    assert first["definition"].startswith("工单在单位手里时的催办")


def test_a_department_reads_what_was_counted_under_it_as_far_as_it_still_sees_it(week):
    own = week.ask("GET", WEEK, "handler", URBAN).json()
    first, rows = behind(week, "handler", URBAN, measure="assigned")
    assert first["figure"] == own["totals"]["counts"]["assigned"]
    gone = week.numbers["returned"]
    assert gone not in [row["number"] for row in rows] and first["withheld"] >= 1
    assert {row["department"] for row in rows} == {URBAN}
    channel = next(each for each in own["tables"] if each["dimension"] == "channel")["rows"][0]
    part, _ = behind(week, "handler", URBAN, measure="assigned", dimension="channel", key=channel["key"])
    assert part["figure"] == channel["counts"]["assigned"]
    for of in (URBAN, POLICE):
        _, rows = behind(week, "department_leader", of, measure="received")
        assert week.numbers["restricted"] not in [row["number"] for row in rows]


def test_of_a_running_week_limits_are_listed_to_yesterday(week):
    week.now = MONDAY.replace(day=17)
    document = week.ask("GET", WEEK, "manager").json()
    first, _ = behind(week, "manager", measure="sign_due")
    assert document["counted_until"] == first["counted_until"] == "2026-11-16"
    assert first["figure"] == document["totals"]["counts"].get("sign_due", 0)


def test_a_frozen_figure_stands_beside_the_present_one(week):
    frozen = week.ask("POST", f"{WEEK}/freeze", "manager", json={}).json()
    mark(week, "done", channel="letter")
    given = next(each for each in frozen["tables"] if each["dimension"] == "channel")["rows"]
    phone = next(row["counts"]["received"] for row in given if row["key"] == "phone")
    first, _ = behind(week, "manager", measure="received", dimension="channel", key="phone", version=1)
    assert (first["given"], first["figure"]) == (phone, phone - 1)
    refused = week.ask("POST", f"{WEEK}/freeze", "manager", json={})
    assert refused.status_code == 422 and "写明原因" in refused.text
    second = week.ask("POST", f"{WEEK}/freeze", "manager", json={"reason": "渠道登记错了"}).json()
    assert second["version"] == 2 and second["differences"]
    assert week.ask("GET", f"{WEEK}?version=1", "manager").json() == frozen
    told = [(each["version"], each["reason"]) for each in figures.given_out(week.desk, _week(week))]
    assert told == [(1, ""), (2, "渠道登记错了")]


def _week(site):
    return figures.period_of(site.desk, "week", "2026-W47", site.now)


def test_a_ticket_that_became_restricted_leaves_the_lists_of_a_report_that_was_given_out(week):
    frozen = week.ask("POST", f"{WEEK}/freeze", "manager", json={}).json()
    assert [row["number"] for row in frozen["lists"]["supervised"]["rows"]] == [week.numbers["urged"]]
    mark(week, "urged", restricted=True)
    for role in ("manager", "supervisor"):
        listed = week.ask("GET", WEEK, role).json()["lists"]["supervised"]
        assert (listed["total"], listed["withheld"], listed["rows"]) == (1, 1, [])
