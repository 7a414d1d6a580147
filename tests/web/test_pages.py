"""The pages: looked up without a log-in, read after one, and nothing that another site could send."""

import re

import pytest

from dispatch import supervise
from tests.desks import settle
from tests.web.conftest import LEAD, OTHER, PASSWORD


def token_of(answer, form="/login"):
    return re.search(rf'action="{form}".*?name="token" value="(\w+)"', answer.text, re.S)[1]


def log_in(site, login, password=PASSWORD, **more):
    form = site.ask("GET", "/login")
    return site.ask(
        "POST", "/login", data={"login": login, "password": password, "token": token_of(form), **more}
    )


@pytest.fixture
def supervisor(both):
    both.person("watch", ("supervisor", ""))
    assert log_in(both, "watch").status_code == 303
    return both


def test_without_a_log_in_the_lists_lead_to_the_form(site):
    for path in ("/tickets", "/tickets/999001202609280000015"):
        answer = site.ask("GET", path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/login?next={path}"


def test_a_log_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(site):
    site.person("watch", ("supervisor", ""))
    answer = log_in(site, "watch", next="/tickets/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets/1")
    cookie = next(
        each for each in answer.headers.get_list("set-cookie") if each.startswith("hotline_session=")
    )
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Max-Age=43200" in cookie
    assert PASSWORD not in cookie


@pytest.mark.parametrize(
    "after", ["https://evil.example", "//evil.example", "/tickets//evil", "/tickets\\evil", "/logout"]
)
def test_a_log_in_never_leads_elsewhere(site, after):
    site.person("watch", ("supervisor", ""))
    assert log_in(site, "watch", next=after).headers["location"] == "/tickets"


@pytest.mark.parametrize(
    ("login", "password"), [("watch", "wrong horse"), ("nobody", PASSWORD), ("", ""), ("\0", "\0")]
)
def test_a_wrong_log_in_and_a_wrong_password_look_the_same(site, login, password):
    site.person("watch", ("supervisor", ""))
    answer = log_in(site, login, password)
    assert answer.status_code == 401
    assert "用户名或口令不对" in answer.text
    assert "hotline_session" not in str(answer.headers)


def test_after_ten_wrong_passwords_one_must_wait(site):
    site.person("watch", ("supervisor", ""))
    for _ in range(10):
        log_in(site, "watch", "wrong horse")
    assert log_in(site, "watch").status_code == 429
    site.later(minutes=16)
    assert log_in(site, "watch").status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "中文"])
def test_a_form_of_another_site_is_refused(site, token):
    site.person("watch", ("supervisor", ""))
    site.ask("GET", "/login")
    data = {"login": "watch", "password": PASSWORD, "token": token}
    assert site.ask("POST", "/login", data=data).status_code == 403
    site.client.cookies.clear()
    assert site.ask("POST", "/login", data=data).status_code == 403


def test_a_session_lapses_and_ends_with_the_log_out(supervisor):
    page = supervisor.ask("GET", "/tickets")
    assert page.status_code == 200
    assert supervisor.ask("POST", "/logout", data={"token": "0"}).status_code == 403
    supervisor.later(hours=11)
    assert supervisor.ask("GET", "/tickets").status_code == 200
    supervisor.later(hours=2)
    assert supervisor.ask("GET", "/tickets").status_code == 303
    log_in(supervisor, "watch")
    page = supervisor.ask("GET", "/tickets")
    supervisor.ask("POST", "/logout", data={"token": token_of(page, "/logout")})
    assert supervisor.ask("GET", "/tickets").status_code == 303


def test_somebody_switched_off_is_out_within_seconds(supervisor):
    with supervisor.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE \"user\" SET disabled_at = '2026-09-28 00:00:00'")
    supervisor.later(seconds=6)
    assert supervisor.ask("GET", "/tickets").status_code == 303


def test_the_list_shows_what_waits_and_turns_pages(supervisor):
    assert "现在没有您要看的工单" in supervisor.ask("GET", "/tickets").text
    for n in range(26):
        supervisor.post(text=f"第{n}件事，与别的都不同")
    settle(supervisor.desk, supervisor.now)
    first = supervisor.ask("GET", "/tickets")
    assert first.text.count('<td class="title">') == 25
    following = re.search(r'href="(/tickets\?[^"]+cursor=[^"]+)">下一页', first.text)[1].replace("&amp;", "&")
    assert supervisor.ask("GET", following).text.count('<td class="title">') == 1
    assert "没有符合条件的工单" in supervisor.ask("GET", "/tickets?q=没有这样的事").text
    assert supervisor.ask("GET", "/tickets?stage=nowhere").status_code == 422


def test_a_ticket_page_shows_clocks_reasons_and_the_chain(supervisor):
    number = supervisor.post(text="<script>alert(1)</script>滨河路路灯不亮，我叫张小三").json()["number"]
    settle(supervisor.desk, supervisor.now)
    supervisor.act(number, "dispatch", "dispatcher", department=LEAD, reason="归口<b>")
    settle(supervisor.desk, supervisor.now)
    supervisor.later(days=30)
    supervise.tick(supervisor.desk, supervisor.now)
    settle(supervisor.desk, supervisor.now)
    log_in(supervisor, "watch")
    page = supervisor.ask("GET", f"/tickets/{number}")
    assert page.status_code == 200
    for words in (
        "办理时限",
        "已超期",
        "派单起算，",
        "截止。",
        "登记",
        "派单",
        "三级督办",
        "墨榆县城市管理局",
        "没有派单规则符合",
        "值班人员",
    ):
        assert words in page.text, words
    assert "<script>" not in page.text and "归口<b>" not in page.text and "张小三" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_the_page_of_an_emergency_names_the_line(supervisor):
    number = supervisor.post(text="有人要跳楼，快来").json()["number"]
    text = supervisor.ask("GET", f"/tickets/{number}").text
    assert "已转紧急" in text and "转接 110" in text and "这张工单没有时限" in text


def test_a_department_sees_its_own_pages_alone(both):
    both.person("handler", ("handler", LEAD))
    log_in(both, "handler")
    mine, other = both.post().json()["number"], both.post(text="别人的事").json()["number"]
    settle(both.desk, both.now)
    both.act(mine, "dispatch", "dispatcher", department=LEAD, reason="归口")
    both.act(other, "dispatch", "dispatcher", department=OTHER, reason="归口")
    page = both.ask("GET", "/tickets").text
    assert mine in page and other not in page
    assert both.ask("GET", f"/tickets/{mine}").status_code == 200
    assert both.ask("GET", f"/tickets/{other}").status_code == 404


def test_an_inspector_without_any_matter_finds_an_empty_list(site):
    site.post()
    site.person("clues", ("discipline", ""))
    log_in(site, "clues")
    answer = site.ask("GET", "/tickets")
    assert answer.status_code == 200
    assert "现在没有您要看的工单" in answer.text and 'href="/clues"' in answer.text


def test_somebody_without_a_role_is_told_so(site):
    site.person("nobody")
    log_in(site, "nobody")
    answer = site.ask("GET", "/tickets")
    assert answer.status_code == 403
    assert "您的角色不能查看工单" in answer.text


def test_a_citizen_looks_up_a_matter_without_a_script(both):
    filed = both.post().json()
    good = both.ask("POST", "/lookup", data={"number": f" {filed['number']} ", "code": filed["query_code"]})
    assert good.status_code == 200 and "已收到" in good.text
    wrong = both.ask("POST", "/lookup", data={"number": filed["number"], "code": "1"})
    assert wrong.status_code == 404 and "没有查到" in wrong.text
    assert both.ask("POST", "/lookup", data={}).status_code == 404
