"""Registering contacts over HTTP: promised once, whatever is sent and however often."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from tests.desks import rows

PHONE = "19900001234"
LONG_KEY = "a-key-nobody-guesses"


def test_a_contact_is_registered_with_a_number_and_a_query_code(both):
    answer = both.post(type="求助", caller={"phone": PHONE, "name": "测试"})
    said = answer.json()
    assert answer.status_code == 201
    assert said.keys() == {"number", "query_code", "stage", "joined"}
    assert said["stage"] == "received" and said["joined"] is False
    assert len(said["query_code"]) == 8 and said["query_code"].isdigit()
    assert rows(both.desk, "SELECT number FROM ticket") == [{"number": said["number"]}]


def test_the_same_idempotency_key_gives_the_same_answer(both):
    headers = {"Idempotency-Key": "once"}
    first, again = both.post(headers=headers), both.post(headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_same_key_with_another_body_is_refused(both):
    headers = {"Idempotency-Key": "once"}
    both.post(headers=headers)
    other = both.post(headers=headers, text="另一件事")
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"


def test_the_same_external_id_gives_the_same_answer_within_the_key_alone(both):
    first, again = both.post(external_id="x-1"), both.post(external_id="x-1")
    other = both.post(role="dispatcher", external_id="x-1")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json() == again.json() != other.json()


def test_fifty_at_once_by_one_caller_make_one_ticket(both):
    both.key("operator")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: both.post(caller={"phone": PHONE}), range(50)))
    said = [each.json() for each in answers]
    assert {each.status_code for each in answers} == {201}
    assert len({each["number"] for each in said}) == 1
    assert sorted(each["joined"] for each in said) == [False] + [True] * 49
    assert rows(both.desk, "SELECT count(*) AS n FROM ticket") == [{"n": 1}]
    assert rows(both.desk, "SELECT count(*) AS n FROM request") == [{"n": 50}]


def test_the_same_key_at_once_is_accepted_once(both):
    both.key("operator")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: both.post(headers={"Idempotency-Key": "one"}), range(16)))
    assert sorted(each.status_code for each in answers) == [200] * 15 + [201]
    assert len({each.text for each in answers}) == 1
    assert rows(both.desk, "SELECT count(*) AS n FROM request") == [{"n": 1}]


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"text": "没有电话的诉求"}, 4),
        ({"text": "第一次来电", "caller": {"phone": PHONE}}, 6),
        ({"text": "第一次来电", "caller": {"phone": PHONE}, "place": "滨河路"}, 6),
        ({"text": "有人跳楼，快来", "caller": {"phone": PHONE}}, 6),
    ],
)
def test_accepting_costs_at_most_six_statements_and_one_commit(both, body, most):
    both.post(text="热身，取一段编号")
    seen, commits = [], []
    engine = both.desk.database.engine

    def count(_connection, _cursor, statement, *_rest):
        if statement.split()[0] not in ("BEGIN", "COMMIT"):
            seen.append(statement)

    def committed(_connection):
        commits.append(1)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", committed)
    try:
        assert both.post(**body).status_code == 201
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", committed)
    assert len(seen) <= most, seen
    assert len(commits) == 1


BAD = [
    ({"text": ""}, "请填写诉求内容"),
    ({"text": "   \n"}, "请填写诉求内容"),
    ({"text": "字" * 100_000}, "100000"),
    ({"text": None}, "text（诉求内容）"),
    ({"channel": "pigeon"}, "没有“pigeon”这个渠道"),
    ({"channel": None}, "channel（渠道）"),
    ({"urgency": "whenever"}, "紧急程度"),
    ({"caller": {"phone": "12"}}, "电话号码"),
    ({"caller": {"phone": 5}}, "caller.phone（电话） 应是文字"),
    ({"caller": "somebody"}, "caller（诉求人） 应是 JSON 对象"),
    ({"caller": {"fone": "1"}}, "没有 caller.fone 这一项"),
    ({"occurred_at": "明年"}, "时间"),
    ({"txt": "x"}, "没有 txt 这一项，请检查拼写"),
    ({"title": "长" * 201}, "标题"),
    ({"occasion": "nobody"}, "没有“nobody”这样的接听"),
    ({"occasion": 5}, "occasion（接听、接访、下访或意见征集） 应是文字"),
    ({"enterprise": "厂" * 101}, "企业名称有101字"),
    ({"proxy": "neighbour"}, "没有“neighbour”这样的代办员"),
    ({"proxy": 5}, "proxy（代办） 应是 JSON 对象"),
    ({"proxy": {"agent": 5}}, "proxy.agent（代办员） 应是文字"),
    ({"proxy": {"agent": "grid_member", "whom": "x"}}, "没有 proxy.whom 这一项"),
    ({"appointment": "title_deed_counter"}, "appointment（预约） 应是 JSON 对象"),
    ({"appointment": {"counter": "nobody", "at": "2026-09-29 09:00"}}, "没有“nobody”这样的预约窗口"),
    ({"appointment": {"counter": "title_deed_counter", "at": "2026-09-29"}}, "预约时间要写到几点几分"),
    ({"appointment": {"counter": "title_deed_counter"}}, "预约要写明窗口"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_what_is_wrong_is_said_in_chinese_and_nothing_is_kept(site, body, words):
    answer = site.post(**body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert rows(site.desk, "SELECT count(*) AS n FROM ticket") == [{"n": 0}]


def test_what_exists_is_named_when_a_code_is_unknown(site):
    said = site.post(proxy="neighbour").json()
    assert said["code"] == "bad_input"
    assert "grid_member（网格员）、village_agent（村代办员）" in said["hint"]


def test_an_agent_alone_and_an_agent_in_full_are_the_same_body(site):
    headers = {"Idempotency-Key": "once"}
    first = site.post(headers=headers, proxy="grid_member", caller={"phone": PHONE})
    again = site.post(headers=headers, proxy={"agent": "grid_member"}, caller={"phone": PHONE})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = site.post(
        headers=headers, proxy={"agent": "grid_member", "for": "测某甲"}, caller={"phone": PHONE}
    )
    assert other.json()["code"] == "idempotency_key_reused"


def test_the_kinds_of_contact_are_described_in_openapi(site):
    held = site.ask("GET", "/openapi.json").json()["components"]["schemas"]
    assert {"occasion", "enterprise", "proxy", "appointment"} <= held["TicketBody"]["properties"].keys()
    assert held["ProxyBody"]["properties"].keys() == {"agent", "for"}
    assert {"type": "string"} in held["TicketBody"]["properties"]["proxy"]["anyOf"]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"\xff\xfe\x00", 400, "UTF-8"),
        ('{"channel":"phone","text":"破'.encode() + b"\xe6\x88", 400, "UTF-8"),
        (b'{"channel":', 422, "不是有效的 JSON"),
        (b"[]", 422, "应是 JSON 对象"),
        (b'"words"', 422, "应是 JSON 对象"),
        (b"", 422, "请求内容"),
        (b'{"channel":"phone","text":"\\ud800"}', 422, "残缺"),
        (b'{"channel":"phone","text":"ok","\\ud800":1}', 422, "残缺"),
        (b"[" * 100_000, 400, "UTF-8"),
    ],
)
def test_broken_bodies_get_a_plain_answer(site, content, status, words):
    answer = site.ask(
        "POST", "/api/tickets", "operator", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert words in answer.text


def test_a_body_of_another_kind_is_told_what_to_send(site):
    answer = site.ask("POST", "/api/tickets", "operator", content=b"text=1")
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_not_read(site, chunked):
    def pieces():
        for _ in range(20):
            yield b" " * 100_000

    answer = site.ask(
        "POST",
        "/api/tickets",
        "operator",
        content=pieces() if chunked else b" " * 1_000_001,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize("key", ["x" * 201, "", "\x7f", "中文".encode().decode("latin-1")])
def test_an_idempotency_key_must_be_printable_and_short(site, key):
    assert site.post(headers={"Idempotency-Key": key.encode("latin-1")}).status_code == 422


# --- Without a key --------------------------------------------------------------------------------------------


def stranger(site, key=LONG_KEY, **body):
    headers = {"Idempotency-Key": key} if key else {}
    return site.post(role=None, headers=headers, **{"channel": "web", **body})


def test_a_citizen_files_over_the_web_without_a_key(both):
    first, again = stranger(both), stranger(both)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert rows(both.desk, "SELECT DISTINCT scope FROM request") == [{"scope": "anonymous"}]
    assert rows(both.desk, "SELECT actor FROM event") == [{"actor": "citizen"}]


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"channel": "网站"}, LONG_KEY, 201),
        ({"channel": "phone"}, LONG_KEY, 401),
        ({"external_id": "x"}, LONG_KEY, 401),
        ({"urgency": "normal"}, LONG_KEY, 401),
        ({"enterprise": "测试纸品厂"}, LONG_KEY, 401),
        ({"proxy": "grid_member"}, LONG_KEY, 401),
        ({"appointment": {"counter": "title_deed_counter", "at": "2026-09-29 09:00"}}, LONG_KEY, 201),
        ({}, None, 422),
        ({}, "fifteen-letters", 422),
        ({}, "sixteen--letters", 201),
    ],
)
def test_without_a_key_only_the_plain_web_form_is_open(site, body, key, status):
    assert stranger(site, key, **body).status_code == status


def test_a_wrong_key_is_not_taken_for_no_key(site):
    headers = {"Authorization": "Bearer hk_wrong", "Idempotency-Key": LONG_KEY}
    answer = site.post(role=None, headers=headers, channel="web")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_flood_without_a_key_is_held_back_and_let_in_again_later(site):
    answers = [stranger(site, f"{LONG_KEY}-{n}", text=f"第{n}件") for n in range(12)]
    assert [each.status_code for each in answers] == [201] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert site.post().status_code == 201, "those with a key are not held back"
    site.later(seconds=int(answers[-1].headers["retry-after"]))
    assert stranger(site, f"{LONG_KEY}-later", text="又一件").status_code == 201
