"""The pages of figures: every number leads to as many tickets as it counts, on a phone and on paper, for the right people."""

import re

import pytest

from reports.period import parse
from rules.terms import Role
from tests.stories import at
from tests.web.figuring import MONDAY, TRANSPORT, URBAN, links, listed
from tests.web.test_clue_pages import faults
from tests.web.test_figures import FREEZERS, OURS, WHOLE, mark
from tests.web.test_pages import log_in, token_of

PAGE = "/figures?kind=week&period=2026-W47"


def enter(site, role, department=""):
    """Log somebody of that role in."""
    site.person("somebody", (role, department))
    assert log_in(site, "somebody").status_code == 303
    return site


@pytest.mark.parametrize("role", [each.value for each in Role])
def test_who_sees_the_page_and_the_way_to_it(site, role):
    site.now = MONDAY
    enter(site, role, URBAN if role in OURS else "")
    reads = role in WHOLE or role in OURS
    page = site.ask("GET", PAGE)
    assert page.status_code == (200 if reads else 403)
    assert ('<a href="/figures">统计</a>' in page.text) == reads or not reads
    assert ('<a href="/figures">统计</a>' in site.ask("GET", "/").text) == reads
    assert ('action="/figures/freeze"' in page.text) == (role in FREEZERS)
    assert (
        site.ask("GET", "/figures/tickets?kind=week&period=2026-W47&measure=due").status_code
        == page.status_code
    )
    others = site.ask("GET", f"{PAGE}&department={TRANSPORT}").status_code
    assert others == (200 if role in WHOLE else 403)
    if role in OURS:
        assert (
            "城市管理局" in page.text
            and "看全部单位" not in page.text
            and 'name="department"' not in page.text
        )


def test_without_a_log_in_the_pages_lead_to_the_form_and_back(site):
    answer = site.ask("GET", PAGE)
    assert answer.headers["location"] == "/login?next=/figures%3Fkind%3Dweek%26period%3D2026-W47"
    site.person("boss", ("manager", ""))
    assert log_in(site, "boss", next=PAGE).headers["location"] == PAGE
    for path in (
        "/figures/file?kind=week&period=2026-W47&format=html",
        "/figures/tickets?kind=a&period=b&measure=c",
    ):
        site.client.cookies.clear()
        assert site.ask("GET", path).status_code == 303
    assert site.ask("POST", "/figures/freeze", data={}).status_code == 303


@pytest.mark.parametrize(
    "address", [PAGE, "/figures?kind=month&period=2026-11", f"{PAGE}&department={URBAN}"]
)
def test_every_number_leads_to_as_many_tickets_as_it_counts(week, address):
    enter(week, "manager")
    page = week.ask("GET", address)
    assert (page.status_code, faults(page.text)) == (200, [])
    found = links(page)
    assert len(found) > 40
    there = {each.to: listed(week, each.to) for each in found}
    for each in found:
        behind = there[each.to]
        assert behind.n == each.said, each.to
        assert len(behind.numbers) == len(set(behind.numbers))
        assert len(behind.numbers) + behind.withheld == behind.tickets <= behind.n, each.to
    listable = any("measure=open" in each.to and "dimension=department" in each.to for each in found)
    assert listable == ("month" in address), "what was open when a week ended is not what is open now"
    assert listable or "此刻在办</a>" in page.text
    twice = any(each.n != each.tickets for each in there.values())
    assert twice or "department" in address, "some figures count a ticket twice"


def test_what_a_department_reads_adds_up_within_its_own_sight(week):
    enter(week, "handler", URBAN)
    page = week.ask("GET", PAGE)
    assert (page.status_code, faults(page.text)) == (200, [])
    withheld = 0
    for each in links(page):
        there = listed(week, each.to)
        assert (there.n, len(there.numbers) + there.withheld) == (each.said, there.tickets), each.to
        assert week.numbers["restricted"] not in there.numbers
        withheld += there.withheld
    assert withheld, "the ticket that went on to another department is counted and not listed"
    assert week.numbers["urged"] not in page.text and "交通运输局" not in page.text


def test_a_supervisor_is_shown_what_a_manager_is_told_is_withheld(week):
    to = "/figures/tickets?kind=week&period=2026-W47&measure=received"
    enter(week, "supervisor")
    seen = listed(week, to)
    week.client.cookies.clear()
    week.person("boss", ("manager", ""))
    log_in(week, "boss")
    told = listed(week, to)
    assert (seen.withheld, told.withheld, seen.tickets) == (0, 1, told.tickets)
    assert set(seen.numbers) - set(told.numbers) == {week.numbers["restricted"]}
    assert week.numbers["restricted"] not in week.ask("GET", PAGE).text


def test_the_list_says_what_the_number_means(week):
    enter(week, "manager")
    to = "/figures/tickets?kind=week&period=2026-W47&measure=urged&dimension=department&key="
    page = week.ask("GET", to + TRANSPORT).text
    for words in (
        "交通运输局 · 催办",
        "<strong>2</strong> 次 / <strong>1</strong> 件",
        "按发生当天计",
        "计 2 次",
        "11月16日至11月22日",
    ):
        assert words in page, words
    now = week.ask("GET", to.replace("urged", "open") + TRANSPORT).text
    assert "此刻在办" in now and "不是2026年第47周结束时的" in now
    assert "此刻没有这样的工单" in week.ask("GET", to + "nobody").text


def test_what_strangers_wrote_is_shown_and_never_run(week):
    enter(week, "manager")
    for path in (
        PAGE,
        "/figures/tickets?kind=week&period=2026-W47&measure=received",
        "/figures/file?kind=week&period=2026-W47&format=html",
    ):
        page = week.ask("GET", path).text
        assert "<b>路灯" not in page
    bad = week.ask(
        "GET", '/figures/tickets?kind=week&period=2026-W47&measure=due&dimension=area&key="><script>'
    )
    assert bad.status_code == 200 and "<script" not in bad.text
    assert "<script" not in week.ask("GET", "/figures?kind=<script>").text


def test_the_page_needs_no_script_and_no_inline_style(week):
    enter(week, "manager")
    page = week.ask("GET", PAGE)
    assert "script" not in page.text and " style=" not in page.text and "<style" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert 'name="viewport"' in page.text


def test_an_empty_week_reads_sensibly(site):
    site.now = MONDAY
    enter(site, "manager")
    page = site.ask("GET", PAGE)
    assert (page.status_code, faults(page.text), links(page)) == (200, [], [])
    for words in ("没有受理工单", "没有超期的工单", "没有数字", "此刻的数"):
        assert words in page.text, words
    for kind in ("month", "quarter", "year"):
        assert site.ask("GET", f"/figures?kind={kind}").status_code == 200


@pytest.mark.parametrize(
    ("now", "address", "before", "after"),
    [
        ("2027-01-12 09:00", "kind=week&period=2026-W53", "2026-W52", "2027-W01"),
        ("2027-01-12 09:00", "kind=week&period=2027-W01", "2026-W53", "2027-W02"),
        ("2027-01-12 09:00", "kind=week", "2027-W01", None),
        ("2027-01-12 09:00", "kind=week&day=2027-01-01", "2026-W52", "2027-W01"),
        ("2027-01-12 09:00", "kind=month&day=2026-12-31", "2026-11", "2027-01"),
        ("2027-01-12 09:00", "kind=quarter&period=2026-Q4", "2026-Q3", "2027-Q1"),
        ("2027-01-12 09:00", "kind=year", "2026", None),
    ],
)
def test_one_turns_to_the_period_before_and_after(site, now, address, before, after):
    site.now = at(now)
    enter(site, "manager")
    page = site.ask("GET", f"/figures?{address}").text
    found = {rel: re.search(rf'period=([\w-]+)" rel="{rel}"', page) for rel in ("prev", "next")}
    assert found["prev"][1] == before
    assert (found["next"] and found["next"][1]) == after
    for kind in ("week", "month", "quarter", "year"):
        there = re.search(rf'<a href="/figures\?kind={kind}&amp;period=([\w-]+)"', page)[1]
        assert parse(kind, there, 1)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("?kind=day", 422, "没有“day”这种报表"),
        ("?kind=week&period=2026-W60", 422, "没有第 60 周"),
        ("?kind=week&day=soon", 422, "2026-11-16"),
        ("?kind=week&day=0001-01-01", 422, "年份"),
        ("?kind=year&period=2027", 404, "还没有开始"),
        ("?version=1", 404, "没有第 1 版"),
        ("?department=nobody", 422, "没有承办单位"),
        ("/tickets?kind=week&period=2026-W47&measure=x", 422, "没有指标"),
        ("/tickets?kind=week&period=2026-W47&measure=due&cursor=~", 422, "翻页位置"),
        ("/file?kind=week&period=2026-W47&format=pdf", 422, "只能是"),
    ],
)
def test_an_error_is_a_page_in_plain_words(site, address, status, words):
    site.now = MONDAY
    enter(site, "manager")
    page = site.ask("GET", f"/figures{address}")
    assert (page.status_code, words in page.text) == (status, True), page.text


def test_the_report_is_given_out_by_a_form_of_ours_alone(week):
    enter(week, "manager")
    page = week.ask("GET", PAGE)
    form = {"kind": "week", "period": "2026-W47", "reason": ""}
    for token in ("", "0" * 64, "中文", token_of(page, "/logout")):
        assert week.ask("POST", "/figures/freeze", data={**form, "token": token}).status_code == 403
    form["token"] = token_of(page, "/figures/freeze")
    given = week.ask("POST", "/figures/freeze", data=form)
    assert (given.status_code, given.headers["location"]) == (303, f"{PAGE}&said=given")
    page = week.ask("GET", f"{PAGE}&said=given").text
    for words in ("已经定稿", "定稿 · 第 1 版", "看此刻的数", "以后不再变动", "version=1"):
        assert words in page, words
    same = week.ask("POST", "/figures/freeze", data={**form, "reason": "再来"})
    assert same.headers["location"].endswith("said=same")
    mark(week, "done", channel="letter")
    assert week.ask("POST", "/figures/freeze", data=form).status_code == 422
    changed = week.ask("POST", "/figures/freeze", data={**form, "reason": "渠道<i>登记错了"})
    assert changed.headers["location"].endswith("said=changed")
    page = week.ask("GET", PAGE)
    assert faults(page.text) == []
    for words in ("更正 · 第 2 版", "和上一版的不同", "渠道&lt;i&gt;登记错了", "第 1 版定稿"):
        assert words in page.text, words
    assert "第 1 版" in week.ask("GET", f"{PAGE}&version=1").text
    live = week.ask("GET", f"{PAGE}&live=true").text
    assert "此刻的数" in live and "看定稿的数" in live
    unfinished = {**form, "period": "2026-W48"}
    assert week.ask("POST", "/figures/freeze", data=unfinished).status_code == 422


def test_a_frozen_number_and_the_present_list_are_told_apart(week):
    enter(week, "manager")
    form = {"kind": "week", "period": "2026-W47", "token": token_of(week.ask("GET", PAGE), "/figures/freeze")}
    week.ask("POST", "/figures/freeze", data=form)
    before = {each.to: each.said for each in links(week.ask("GET", PAGE))}
    assert all("version=1" in to for to in before)
    mark(week, "done", channel="letter")
    to = next(to for to in before if "measure=received" in to and "key=phone" in to)
    page = week.ask("GET", to).text
    assert f"第 1 版里是 {before[to]}" in page and f"和此刻的 {before[to] - 1} 不同" in page


@pytest.mark.parametrize("format", ["html", "xlsx", "docx"])
def test_the_files_are_downloaded_from_the_page(week, format):
    enter(week, "manager")
    page = week.ask("GET", PAGE).text
    to = re.search(rf'href="(/figures/file\?[^"]*format={format})" download', page)[1].replace("&amp;", "&")
    answer = week.ask("GET", to)
    assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
    assert len(answer.content) > 4000


def test_four_hundred_departments_are_a_page_and_not_megabytes(week, monkeypatch):
    enter(week, "manager")
    document = week.ask("GET", "/api/reports/week/2026-W47", "manager").json()
    departments = document["tables"][0]
    row = next(each for each in departments["rows"] if each["key"] == URBAN)
    counts = dict.fromkeys((each["code"] for each in document["measures"]), 7)
    rows = [{**row, "key": f"department_{n:03}", "counts": counts, "rank": n + 1} for n in range(400)]
    for each in rows:
        each["rates"] = {
            code: {"numerator": 7, "denominator": 7, "percent": "100.00", "words": "100.00%（7/7）"}
            for code in row["rates"]
        }
    departments["rows"] = rows
    monkeypatch.setattr("dispatch.figures.asked", lambda *_: document)
    page = week.ask("GET", PAGE)
    assert page.status_code == 200 and page.text.count("key=department_399") == 11
    assert len(page.content) < 950_000, len(page.content)
