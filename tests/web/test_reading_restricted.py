"""Complaints about officials: every reading route asked as every role, and nobody else learns that there is one."""

import pytest
from sqlalchemy import event as listening

from rules.terms import Role
from tests.desks import rows, settle
from tests.web.conftest import BELOW_OTHER, INQUIRY, LEAD, OTHER, PASSWORD, about_officials, with_clue
from tests.web.test_pages import log_in

OF_DEPARTMENTS = {"liaison", "handler", "department_leader"}
SEEING = {"supervisor", "discipline"}
EVERYBODY = [
    *((role.value, None) for role in Role if role.value not in OF_DEPARTMENTS),
    *(
        (role, department)
        for role in sorted(OF_DEPARTMENTS)
        for department in (INQUIRY, OTHER, BELOW_OTHER, LEAD)
    ),
]


def may_see(role, department):
    return role in SEEING or department == INQUIRY


@pytest.fixture
def filed(both):
    """The complaint, where the accused and a team below it were even given a part in it."""
    made = about_officials(both)
    for accused in (OTHER, BELOW_OTHER):
        with both.desk.database.transaction() as tx:
            tx.connection().exec_driver_sql(
                "INSERT INTO assignment (ticket, department, part, actor, reason, at) "
                f"VALUES ('{made['number']}', '{accused}', 'assist', 'x', '', '2026-09-28 02:00:00')"
            )
    return made


def everything(site, number):
    """(what is asked, method, path, body, whether the number in the answer would be the asker's own words)."""
    lists = ["", f"?q={number}", "?q=不作为", "?order=due", f"?department={INQUIRY}", "?stage=to_sign"]
    lists += ["?overdue=true", "?due_before=2030-01-01", "?restricted=true"]
    for asked in lists:
        yield "GET", f"/api/tickets{asked}", None
    yield "GET", f"/api/tickets/{number}", None
    yield "POST", "/api/suggest", {"text": "公安局民警不作为，去了三次都没人管。", "phone": "19900001234"}
    yield "POST", "/api/suggest", {"text": "公安局民警不作为"}
    yield "GET", "/api/clues", None
    yield "GET", "/api/cards", None
    for act, body in (
        ("urge", {"words": "快"}),
        ("sign", {}),
        ("undo", {"step": "raise", "reason": "x"}),
        ("mark-caller", {"malicious": True, "reason": "x"}),
        ("settle-clue", {"confirm": True}),
    ):
        yield "POST", f"/api/tickets/{number}/{act}", {"version": 10**6, **body}


@pytest.mark.parametrize(("role", "department"), EVERYBODY)
def test_no_route_tells_of_it_to_whom_it_is_not_for(both, filed, role, department):
    both.later(days=30)  # overdue, so that every list would hold it
    number, unknown = filed["number"], "999001202609289999991"
    told, plain = set(), {}
    for method, path, body in everything(both, number):
        answer = both.ask(method, path, role, department, json=body)
        assert answer.status_code < 500, path
        if answer.status_code == 200 and number in answer.text:
            told.add(path.partition("?")[0])
        if number in path and "?" not in path:
            other = both.ask(method, path.replace(number, unknown), role, department, json=body)
            plain[path] = (
                (answer.status_code, answer.text.replace(number, unknown)),
                (other.status_code, other.text),
            )
    if may_see(role, department):
        assert {"/api/tickets", f"/api/tickets/{number}"} <= told
        assert both.ask("GET", "/api/tickets?restricted=true", role, department).status_code == 200
    else:
        assert told == set()
        assert all(found == unfound for found, unfound in plain.values()), "it looks like no ticket at all"


@pytest.mark.parametrize(("role", "department"), EVERYBODY)
def test_no_page_tells_of_it_to_whom_it_is_not_for(site, role, department):
    number = about_officials(site)["number"]
    site.person("reader", (role, department or ""))
    assert log_in(site, "reader", PASSWORD).status_code == 303
    pages = ["/tickets", f"/tickets?q={number}", "/tickets?order=due"]
    told = {page for page in pages if f"/tickets/{number}" in site.ask("GET", page).text}
    single = site.ask("GET", f"/tickets/{number}")
    if may_see(role, department):
        assert (told, single.status_code, "限定范围办理" in single.text) == (set(pages), 200, True)
    else:
        assert (told, single.status_code, number in single.text) == (set(), 404, False)


@pytest.mark.parametrize(
    ("role", "department", "status"),
    [
        ("supervisor", None, 200),
        ("discipline", None, 200),
        ("operator", None, 403),
        ("manager", None, 403),
        ("admin", None, 403),
        ("auditor", None, 403),
        ("handler", LEAD, 200),
    ],
)
def test_the_filter_is_for_those_who_may(site, role, department, status):
    made, plain = about_officials(site)["number"], site.post(text="别的事").json()["number"]
    answer = site.ask("GET", "/api/tickets?restricted=true", role, department)
    assert answer.status_code == status
    if status == 200:
        assert [each["number"] for each in answer.json()["items"]] == ([made] if department is None else [])
        assert plain not in answer.text
    else:
        assert "督办员、纪检" in answer.json()["detail"]


def test_the_operator_who_logged_it_has_number_and_code_and_no_more(both, filed):
    assert filed.keys() == {"number", "query_code", "stage", "joined"}
    assert both.ask("GET", f"/api/tickets/{filed['number']}", "operator").status_code == 404
    public = both.ask("GET", f"/api/public/tickets/{filed['number']}", params={"code": filed["query_code"]})
    assert public.status_code == 200 and "限定" not in public.text


@pytest.mark.parametrize(("act", "name"), [("merge", "into"), ("link", "earlier")])
def test_a_ticket_cannot_be_tied_to_one_out_of_sight(both, filed, act, name):
    plain = both.post(text="别的事").json()["number"]
    settle(both.desk, both.now)
    numbers = (filed["number"], "999001202609289999991")
    answers = [both.act(plain, act, "dispatcher", **{name: each}) for each in numbers]
    assert [each.status_code for each in answers] == [404, 404]
    texts = {each.text.replace(number, "n") for each, number in zip(answers, numbers, strict=True)}
    assert len(texts) == 1
    assert both.act(plain, act, "supervisor", **{name: filed["number"]}).status_code == 422


def test_who_repeats_it_in_plain_words_does_not_give_its_number_away(both, filed):
    number = filed["number"]
    later = both.post(text="路灯不亮").json()["number"]
    settle(both.desk, both.now)
    with both.desk.database.transaction() as tx:
        connection = tx.connection()
        connection.exec_driver_sql(f"UPDATE ticket SET earlier = '{number}' WHERE number = '{later}'")
        words = f"与前单 {number} 为同一事项。"
        connection.exec_driver_sql(f"UPDATE decision SET because = '{words}' WHERE ticket = '{later}'")
        linked = f"VALUES ('{number}', '{later}', 0.8, '[\"地点相同\"]', '2026-09-28 02:00:00')"
        connection.exec_driver_sql(f"INSERT INTO link (ticket, other, likeness, reasons, at) {linked}")
    seen = both.ask("GET", f"/api/tickets/{later}", "operator")
    assert number not in seen.text and "（限定范围）" in seen.json()["decisions"][0]["because"]
    assert seen.json()["earlier"] is None and seen.json()["linked"] == []
    whole = both.read(later)
    assert whole["earlier"]["number"] == number and whole["linked"][0]["number"] == number
    assert [each["number"] for each in both.read(number)["later"]] == [later]


def test_an_inspector_lists_restricted_tickets_and_those_with_a_clue_and_nothing_else(both, filed):
    clued, plain = with_clue(both, text="第三件事"), both.post(text="别的事").json()["number"]
    settle(both.desk, both.now)

    def seen():
        return {each["number"] for each in both.ask("GET", "/api/tickets", "discipline").json()["items"]}

    assert seen() == {filed["number"]}
    assert both.act(clued, "settle-clue", "supervisor", confirm=True).status_code == 200
    assert seen() == {filed["number"], clued}
    assert both.ask("GET", f"/api/tickets/{plain}", "discipline").status_code == 404


def test_lists_of_restricted_tickets_walk_their_own_index(both, filed):
    assert rows(both.desk, "SELECT count(*) AS n FROM ticket WHERE restricted")[0]["n"] == 1
    seen = []

    def listen(_connection, _cursor, words, parameters, *_rest):
        if "FROM ticket" in words:
            seen.append((words, parameters))

    for role, path in (("supervisor", "/api/tickets?restricted=true"), ("discipline", "/api/tickets")):
        both.ask("GET", path, role)
        listening.listen(both.desk.database.engine, "before_cursor_execute", listen)
        try:
            both.ask("GET", path, role)
        finally:
            listening.remove(both.desk.database.engine, "before_cursor_execute", listen)
    assert len(seen) == 2
    with both.desk.database.reading() as tx:
        connection, lite = tx.connection(), both.desk.database.is_sqlite
        if not lite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if lite else "EXPLAIN "
        for words, given in seen:
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + words, given))
            assert "ix_ticket_restricted" in plan, plan
