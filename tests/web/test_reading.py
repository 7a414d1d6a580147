"""Reading over HTTP: one ticket whole, lists page by page, within the asker's own bounds."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event as listening

from dispatch import supervise
from tests.desks import settle
from tests.web.conftest import LEAD, OTHER


def sent(site, department=LEAD, **body):
    """A ticket that lies with a department."""
    number = site.post(**body).json()["number"]
    settle(site.desk, site.now)
    said = {"department": department, "reason": "归口", "version": 2}
    assert site.ask("POST", f"/api/tickets/{number}/dispatch", "dispatcher", json=said).status_code == 200
    settle(site.desk, site.now)
    return number


def test_a_ticket_tells_everything_but_who_called(both):
    number = sent(both, text="我叫张小三，电话19900001234，滨河路路灯不亮。", caller={"phone": "19900001234"})
    said = both.ask("GET", f"/api/tickets/{number}", "operator").json()
    assert {"ticket", "clocks", "decisions", "history", "assignments", "requests", "version"} <= said.keys()
    assert said["ticket"]["stage_words"] == "待签收"
    assert [each["kind"] for each in said["history"]] == ["received", "triaged", "dispatched"]
    assert said["decisions"][0]["because"]
    assert {each["kind"] for each in said["clocks"]} >= {"dispatch", "sign", "handle"}
    assert said["requests"] == [
        {"received_at": said["ticket"]["received_at"], "channel": "phone", "joined": False}
    ]
    flat = str(said)
    assert (
        "19900001234" not in flat
        and "张小三" not in flat
        and "query_code" not in flat
        and "A256GCM" not in flat
    )


def test_every_time_carries_the_offset_of_china(both):
    number = sent(both)
    said = both.ask("GET", f"/api/tickets/{number}", "operator").json()
    times = [said["due_at"], said["ticket"]["received_at"]]
    times += [
        each[name] for each in said["clocks"] for name in ("started_at", "due_at", "next_at", "stopped_at")
    ]
    times += [step["at"] for each in said["clocks"] for step in each["steps"]]
    times += [each["at"] for each in said["history"] + said["decisions"]]
    for each in filter(None, times):
        assert datetime.fromisoformat(each).utcoffset() == timedelta(hours=8)


def test_a_clock_says_why_its_deadline_is_what_it_is(both):
    number = sent(both)
    clocks = both.ask("GET", f"/api/tickets/{number}", "operator").json()["clocks"]
    assert clocks
    for each in clocks:
        why = each["why"]
        assert (why["due_at"], why["promised_at"]) == (each["due_at"], None) and why["adds_up"]
        assert (why["rule"]["id"], why["rule"]["clause"]) == (each["rule"], each["clause"])
        assert why["from"]["at"] == each["started_at"] and "起算" in why["words"]


def test_a_clock_says_how_much_is_used_and_which_steps_have_fired(both):
    number = sent(both)
    both.later(days=30)
    supervise.tick(both.desk, both.now)
    clocks = both.ask("GET", f"/api/tickets/{number}", "operator").json()["clocks"]
    handle = next(each for each in clocks if each["kind"] == "handle")
    assert handle["used"] > 1 and handle["kind_words"] == "办理时限"
    assert handle["steps"] and all(each["fired"] for each in handle["steps"])


def test_lead_and_assists_see_a_ticket_and_the_relieved_department_no_more(both):
    number = both.post().json()["number"]
    settle(both.desk, both.now)
    body = {"department": LEAD, "assists": ["tongli"], "reason": "归口", "version": 2}
    both.ask("POST", f"/api/tickets/{number}/dispatch", "dispatcher", json=body)

    def seen(department):
        return both.ask("GET", f"/api/tickets/{number}", "handler", department).status_code

    assert (seen(LEAD), seen("tongli"), seen(OTHER)) == (200, 200, 404)
    answer = both.ask(
        "POST",
        f"/api/tickets/{number}/reassign",
        "dispatcher",
        json={"department": OTHER, "reason": "改派", "version": 3},
    )
    assert answer.status_code == 200
    assert (seen(LEAD), seen(OTHER)) == (404, 200)


def test_a_department_is_not_told_what_only_the_hotline_needs(both):
    number = sent(both, recording_id="rec-1", external_id="ext-1")
    whole = both.ask("GET", f"/api/tickets/{number}", "operator").json()["ticket"]
    part = both.ask("GET", f"/api/tickets/{number}", "handler", LEAD).json()["ticket"]
    assert (whole["recording_id"], whole["external_id"]) == ("rec-1", "ext-1")
    assert "recording_id" not in part and "external_id" not in part


def statements(site, path, role=None):
    """How often the database is asked, once packs and keys are at hand."""
    site.ask("GET", path, role)
    seen = []

    def listen(_connection, _cursor, words, *_rest):
        seen.append(words)

    listening.listen(site.desk.database.engine, "before_cursor_execute", listen)
    try:
        assert site.ask("GET", path, role).status_code == 200
    finally:
        listening.remove(site.desk.database.engine, "before_cursor_execute", listen)
    return len([each for each in seen if not each.startswith(("BEGIN", "COMMIT", "ROLLBACK"))])


def test_a_matter_of_many_tickets_is_read_in_as_few_questions_as_a_lone_one(both):
    filed = both.post().json()
    settle(both.desk, both.now)
    lead = filed["number"]
    alone = statements(both, f"/api/tickets/{lead}", "supervisor")
    for n in range(5):
        number = both.post(text=f"滨河路第{n}盏灯灭了，与别的都不同").json()["number"]
        settle(both.desk, both.now)
        assert both.act(number, "merge", "dispatcher", into=lead).status_code == 200
    whole = both.read(lead)
    assert len(whole["followers"]) == 5 and whole["ticket"]["complaint_count"] == 1
    assert statements(both, f"/api/tickets/{lead}", "supervisor") == alone <= 11
    assert statements(both, f"/api/public/tickets/{lead}?code={filed['query_code']}") <= 3
    assert statements(both, "/api/tickets", "supervisor") == 1


def test_pressure_and_kin_stand_on_the_ticket_in_words(both):
    number = sent(both)
    other = both.post(text="别的路灯也不亮").json()["number"]
    settle(both.desk, both.now)
    with both.desk.database.transaction() as tx:
        values = f"VALUES ('{other}', '{number}', 0.875, '[\"地点相同\"]', '2026-09-28 02:00:00')"
        tx.connection().exec_driver_sql(f"INSERT INTO link (ticket, other, likeness, reasons, at) {values}")
    both.act(number, "supervise", "supervisor", level=1, reason="慢")
    said = both.ask("GET", f"/api/tickets/{number}", "operator").json()
    told = said["ticket"]
    assert (told["supervision"], told["raised"], told["restricted"], told["against"]) == (1, 0, False, None)
    (linked,) = said["linked"]
    assert (linked["number"], linked["likeness"], linked["reasons"]) == (other, 0.875, ["地点相同"])
    assert linked["stage_words"] == "待派遣"
    assert [each["number"] for each in both.read(other)["linked"]] == [number], "a link has two ends"
    assert both.read(number, "handler", LEAD)["linked"] == [], "a department is told of its own tickets alone"
    (line,) = [
        each
        for each in both.ask("GET", "/api/tickets", "operator").json()["items"]
        if each["number"] == number
    ]
    assert line["supervision"] == 1


def numbers(answer):
    assert answer.status_code == 200, answer.text
    return [each["number"] for each in answer.json()["items"]]


@pytest.mark.parametrize("order", ["newest", "due"])
def test_pages_follow_each_other_without_gap_or_repeat(both, order):
    made = [both.post(text=f"第{n}件事，与别的都不同") for n in range(7)]
    settle(both.desk, both.now)
    seen, cursor, pages = [], None, 0
    while True:
        asked = {"order": order, "limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = both.ask("GET", "/api/tickets", "operator", params=asked)
        seen += numbers(answer)
        pages, cursor = pages + 1, answer.json()["next"]
        if cursor is None:
            break
    wanted = [each.json()["number"] for each in made]
    assert (seen, pages) == (wanted if order == "due" else wanted[::-1], 3)


def test_a_full_last_page_has_no_next(both):
    for n in range(3):
        both.post(text=f"第{n}件事")
    assert both.ask("GET", "/api/tickets", "operator", params={"limit": 3}).json()["next"] is None


def test_filters_narrow_the_list(both):
    lamp, tap = sent(both, LEAD, text="路灯不亮"), sent(both, OTHER, text="水管漏了100%_")

    def found(**asked):
        return set(numbers(both.ask("GET", "/api/tickets", "operator", params=asked)))

    assert found() == {lamp, tap}
    assert found(department=LEAD) == {lamp}
    assert found(stage="to_sign") == {lamp, tap}
    assert found(stage="closed") == set()
    assert found(q="路灯") == {lamp}
    assert found(q="100%_") == {tap}
    assert found(q="%") == {tap}
    assert found(q=tap) == {tap}
    assert found(overdue=True) == set()
    assert found(due_before="2026-12-01") == {lamp, tap}
    assert found(due_before="2026-09-01") == set()
    both.later(days=20)
    assert found(overdue=True) == {lamp, tap}


def test_a_department_lists_its_own_tickets_whatever_it_asks_for(both):
    mine, _theirs = sent(both, LEAD), sent(both, OTHER, text="别人的事")

    def found(**asked):
        return numbers(both.ask("GET", "/api/tickets", "handler", LEAD, params=asked))

    assert found() == found(department=LEAD) == [mine]
    assert found(department=OTHER) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "x"},
        {"cursor": "!!!"},
        {"cursor": "MQ"},
        {"cursor": "中文"},
        {"cursor": "OTk5MDAxMjAyNjA5MjgwMDAwMDE1", "order": "due"},
        {"cursor": "bm90LWEtdGltZXw5OTkwMDEyMDI2MDkyODAwMDAwMTU", "order": "due"},
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"stage": "nowhere"},
        {"order": "random"},
        {"due_before": "whenever"},
        {"q": "长" * 101},
        {"q": "\0"},
        {"department": "\0"},
        {"overdue": "perhaps"},
    ],
)
def test_questions_that_make_no_sense_get_a_plain_answer(both, asked):
    answer = both.ask("GET", "/api/tickets", "operator", params=asked)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("bad_input", "bad_cursor")


def test_an_empty_desk_has_an_empty_list(site):
    assert site.ask("GET", "/api/tickets", "operator").json() == {"items": [], "next": None}
