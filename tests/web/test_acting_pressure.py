"""Acts of repeats, pressure and ends over HTTP, as a user would: done right, done wrong, done twice."""

import pytest

from tests.desks import rows, settle
from tests.web.conftest import CALLER, LEAD

UNKNOWN = "999001202609289999991"
VAGUE = {"channel": "web", "text": "太差了", "type": "投诉"}


def waiting(site, **body):
    """A ticket that waits for a dispatcher."""
    number = site.post(**body).json()["number"]
    settle(site.desk, site.now)
    return number


def handled(site, **body):
    """A ticket that LEAD works on."""
    number = waiting(site, **body)
    assert site.act(number, "dispatch", "dispatcher", department=LEAD, reason="归口").status_code == 200
    assert site.act(number, "sign", "liaison", LEAD).status_code == 200
    return number


def closed(site, **body):
    number = handled(site, **body)
    steps = [
        ("contact", "handler", LEAD, {"reached": True, "words": "已联系"}),
        ("reply", "handler", LEAD, {"words": "已办", "public_words": "已修好", "solved": True}),
        ("review", "department_leader", LEAD, {"level": 1, "approve": True}),
        ("review", "supervisor", None, {"level": 2, "approve": True}),
        ("call-back", "caller_back", None, {"reached": True, "solved": True, "satisfied": True}),
    ]
    for act, role, of, said in steps:
        assert site.act(number, act, role, of, **said).status_code == 200
    return number


def test_supervising_and_raising_show_and_are_taken_back_once(both):
    number = handled(both)
    assert both.act(number, "supervise", "supervisor", level=2, reason="进度缓慢").json()["number"] == number
    assert both.act(number, "raise", "manager", reason="久拖不决").status_code == 200
    settle(both.desk, both.now)
    whole = both.read(number)
    assert (whole["ticket"]["supervision"], whole["ticket"]["raised"]) == (2, 1)
    assert [(each["step"], each["words"]) for each in whole["undoable"]] == [
        ("supervise", "督办"),
        ("raise", "提级"),
    ]
    assert both.read(number, "operator")["undoable"] == [], "it is the supervisor's to undo"
    for step in ("supervise", "raise"):
        undone = both.act(number, "undo", "supervisor", step=step, reason="误操作")
        assert undone.status_code == 200, undone.text
        again = both.act(number, "undo", "supervisor", step=step, reason="误操作")
        assert again.status_code == 422
        assert f"没有可以撤销的升级“{step}”" in again.json()["detail"]
    whole = both.read(number)
    assert (whole["ticket"]["supervision"], whole["ticket"]["raised"], whole["undoable"]) == (0, 0, [])


def test_a_merged_ticket_and_its_lead_tell_of_each_other(both):
    lead, follower = handled(both), waiting(both, text="滨河路的灯又灭了")
    assert both.act(follower, "merge", "dispatcher", into=lead).json()["stage"] == "merged"
    whole = both.read(follower)
    assert whole["merged_into"]["number"] == lead and whole["merged_into"]["stage_words"] == "办理中"
    assert [each["number"] for each in both.read(lead)["followers"]] == [follower]
    assert both.act(follower, "unmerge", "supervisor").json()["stage"] == "to_dispatch"
    assert both.read(follower)["merged_into"] is None and both.read(lead)["followers"] == []
    twice = both.act(follower, "unmerge", "supervisor")
    assert (twice.status_code, "不能撤销并单" in twice.json()["detail"]) == (409, True)


def test_merges_that_cannot_be_are_refused_with_the_reason(both):
    one, over = waiting(both), closed(both, text="第二件事")
    lead, second = waiting(both, text="第三件事"), waiting(both, text="第四件事")
    assert both.act(second, "merge", "dispatcher", into=lead).status_code == 200
    for into, status, words in (
        (one, 422, "不能并入自己"),
        (over, 422, "目标工单是“办结”，不能并入"),
        (second, 422, "目标工单是“并单”"),
        (UNKNOWN, 404, f"没有工单“{UNKNOWN}”"),
        ("no number", 404, "没有工单“no number”"),
        ("", 422, "请填写 into（并入的工单编号）"),
    ):
        answer = both.act(one, "merge", "dispatcher", into=into)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert both.act(lead, "merge", "dispatcher", into=one).status_code == 422, "it has a follower"
    assert both.act(over, "merge", "dispatcher", into=one).status_code == 409
    assert both.read(one)["stage"] == "to_dispatch"


def test_a_person_links_a_repeat_and_takes_the_link_back(both):
    earlier = closed(both)
    both.later(days=3)
    later = waiting(both, text="滨河路的灯还是不亮")
    assert both.act(later, "link", "operator", earlier=earlier).status_code == 200
    whole = both.read(later)
    assert (whole["earlier"]["number"], whole["ticket"]["complaint_count"]) == (earlier, 2)
    assert [each["number"] for each in both.read(earlier)["later"]] == [later]
    assert ("link", "认定重复") in [(each["step"], each["words"]) for each in whole["undoable"]]
    again = both.act(later, "link", "operator", earlier=earlier)
    assert (again.status_code, "已认定" in again.json()["detail"]) == (422, True)
    assert both.act(later, "undo", "supervisor", step="link", reason="不是一回事").status_code == 200
    whole = both.read(later)
    assert (whole["earlier"], whole["ticket"]["complaint_count"]) == (None, 1)
    assert both.act(later, "undo", "supervisor", step="link", reason="不是一回事").status_code == 422


def test_links_that_cannot_be_are_refused_with_the_reason(both):
    one = waiting(both)
    both.later(minutes=1)
    other = waiting(both, text="第二件事")
    for earlier, status, words in (
        (one, 422, "还没有办结"),
        (other, 422, "更早的工单"),
        (UNKNOWN, 404, f"没有工单“{UNKNOWN}”"),
        ("", 422, "请填写 earlier（前单的编号）"),
    ):
        answer = both.act(other, "link", "dispatcher", earlier=earlier)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert both.act(other, "link", "handler", LEAD, earlier=one).status_code == 404


@pytest.fixture
def vague(both):
    number = waiting(both, caller=CALLER, **VAGUE)
    assert both.read(number)["stage"] == "incomplete"
    return number


def test_what_was_not_told_is_shown_and_asked_for(both, vague):
    missing = [each["words"] for each in both.read(vague)["missing"]]
    assert "地点" in missing and set(missing) <= {"姓名", "时间", "地点", "起因", "经过"}
    done = both.act(vague, "supplement", "operator", elements={"地点": "滨河路 18 号", "cause": "路灯不亮"})
    assert (done.status_code, done.json()["stage"]) == (200, "received")
    settle(both.desk, both.now)
    assert both.read(vague)["missing"] == [] and both.read(vague)["stage"] == "to_dispatch"


def test_a_phone_and_a_name_in_a_supplement_are_seen_nowhere(both, vague):
    words = "我叫张小三，电话19900005678，滨河路路灯不亮"
    told = {"cause": words, "place": "滨河路，打19900005678", "name": "张小三"}
    assert both.act(vague, "supplement", "operator", elements=told).status_code == 200
    settle(both.desk, both.now)
    both.person("watch", ("supervisor", ""))
    seen = [
        both.ask("GET", f"/api/tickets/{vague}", role).text for role in ("operator", "supervisor", "auditor")
    ]
    seen.append(both.ask("GET", f"/api/tickets?q={vague}", "operator").text)
    for table in ("ticket", "event", "decision", "outbox", "notice", "request", "person"):
        seen.append(str(rows(both.desk, f"SELECT * FROM {table}")))
    for each in seen:
        assert "19900005678" not in each and "张小三" not in each
    assert "补充：" in seen[0] and "A256GCM" not in seen[0] and "sealed" not in seen[0]


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({}, "请填写 elements（补充的要素）"),
        ({"地点": "  "}, "请填写 elements（补充的要素）"),
        ({"phone": "19900005678"}, "elements（补充的要素） 里的项目 只能是"),
        ({"place": "长" * 2001}, "太长"),
        ("滨河路", "应是 JSON 对象"),
    ],
)
def test_a_supplement_that_says_nothing_is_refused(site, elements, words):
    number = waiting(site, **VAGUE)
    answer = site.act(number, "supplement", "operator", elements=elements)
    assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text


def test_asking_back_in_vain_ends_it_and_a_late_answer_opens_it(both, vague):
    early = both.act(vague, "invalidate", "operator", reason_code="incomplete")
    assert early.status_code == 409 and "至少 3 次" in early.json()["detail"]
    for _ in range(3):
        assert both.act(vague, "contact", "operator", reached=False, words="无人接听").status_code == 200
    assert both.act(vague, "invalidate", "operator", reason_code="要素不全").json()["stage"] == "invalid"
    assert both.read(vague)["missing"] != []
    assert both.act(vague, "invalidate", "operator", reason_code="incomplete").status_code == 409
    assert (
        both.act(vague, "supplement", "operator", elements={"place": "滨河路"}).json()["stage"] == "received"
    )


def test_what_is_invalid_for_another_reason_stays_so(both):
    number = waiting(both)
    unknown = both.act(number, "invalidate", "operator", reason_code="because")
    assert unknown.status_code == 422 and "可用的事由" in unknown.json()["hint"]
    assert both.act(number, "invalidate", "operator", reason_code="silent").json()["stage"] == "invalid"
    assert both.read(number)["missing"] == []
    answer = both.act(number, "supplement", "operator", elements={"place": "滨河路"})
    assert answer.status_code == 422 and "要素不全" in answer.json()["detail"]


def test_a_false_alarm_is_taken_back_by_the_desk_once(both):
    number = both.post(text="有人要跳楼，快来").json()["number"]
    settle(both.desk, both.now)
    assert [each["step"] for each in both.read(number, "operator")["undoable"]] == ["transfer"]
    wrong = both.act(number, "undo", "operator", step="raise", reason="误报")
    assert (wrong.status_code, "step 请填 transfer" in wrong.json()["hint"]) == (422, True)
    assert (
        both.act(number, "undo", "operator", step="transfer", reason="误报").json()["stage"] == "to_dispatch"
    )
    assert both.act(number, "undo", "operator", step="transfer", reason="误报").status_code == 403
    assert both.act(number, "undo", "supervisor", step="transfer", reason="误报").status_code == 422


def test_a_person_may_transfer_to_the_lines_of_the_law_alone(both):
    number = waiting(both)
    answer = both.act(number, "transfer", "operator", line="10086")
    assert answer.status_code == 422 and "line（紧急号码） 只能是 '110'" in answer.json()["detail"]
    assert both.act(number, "transfer", "operator", line="119").json()["stage"] == "transferred"
    assert both.act(number, "transfer", "operator", line="119").status_code == 409


def test_ends_are_final(both):
    number = closed(both)
    assert both.act(number, "end", "supervisor", reason="最终答复").status_code == 422, (
        "the paper is asked for"
    )
    assert (
        both.act(number, "end", "supervisor", reason="最终答复", evidence="盖章件").json()["stage"] == "ended"
    )
    for act, role, body in (
        ("end", "supervisor", {"reason": "x", "evidence": "y"}),
        ("withdraw", "operator", {}),
        ("archive", "admin", {}),
        ("supervise", "supervisor", {"level": 1, "reason": "x"}),
        ("raise", "supervisor", {"reason": "x"}),
    ):
        answer = both.act(number, act, role, **body)
        assert (answer.status_code, "终结" in answer.json()["detail"]) == (409, True), (act, answer.text)


def test_withdrawing_and_archiving_go_once(both):
    number = waiting(both)
    assert both.act(number, "withdraw", "operator").json()["stage"] == "withdrawn"
    assert both.act(number, "withdraw", "operator").status_code == 409
    over = closed(both, text="第二件事")
    assert both.act(over, "archive", "operator").status_code == 403
    assert both.act(over, "archive", "admin").json()["stage"] == "archived"
    assert both.act(over, "archive", "admin").status_code == 409


def test_a_caller_is_marked_by_name_where_there_is_one(both):
    number, nameless = waiting(both, caller=CALLER), waiting(both, text="没有留号码")
    assert both.act(number, "mark-caller", "operator", malicious=True, reason="骚扰").status_code == 403
    assert both.act(number, "mark-caller", "supervisor", malicious=True, reason="骚扰").status_code == 200
    assert both.act(number, "mark-caller", "supervisor", malicious=True).status_code == 422
    answer = both.act(nameless, "mark-caller", "supervisor", malicious=True, reason="骚扰")
    assert answer.status_code == 422 and "没有留下诉求人的号码" in answer.json()["detail"]


ACTS = [
    ("invalidate", "operator", {"reason_code": "silent"}),
    ("transfer", "operator", {"line": "110"}),
    ("supervise", "supervisor", {"level": 1, "reason": "x"}),
    ("raise", "supervisor", {"reason": "x"}),
    ("withdraw", "operator", {}),
    ("mark-caller", "supervisor", {"malicious": True, "reason": "x"}),
]


@pytest.mark.parametrize(("act", "role", "body"), ACTS)
def test_a_stale_version_changes_nothing_and_says_what_changed(site, act, role, body):
    number = waiting(site, caller=CALLER)
    answer = site.act(number, act, role, version=1, **body)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert "第 1 版" in answer.json()["detail"] and site.read(number)["version"] == 2
    assert site.act(number, act, role, **body).status_code == 200


@pytest.mark.parametrize(
    ("act", "role", "body"),
    [
        *ACTS,
        ("supplement", "operator", {"elements": {"place": "x"}}),
        ("undo", "supervisor", {"step": "raise", "reason": "x"}),
        ("merge", "dispatcher", {"into": UNKNOWN}),
        ("link", "operator", {"earlier": UNKNOWN}),
        ("unmerge", "dispatcher", {}),
        ("end", "supervisor", {"reason": "x", "evidence": "y"}),
        ("archive", "admin", {}),
        ("settle-clue", "supervisor", {"confirm": True}),
    ],
)
def test_each_act_on_a_number_that_is_none_is_not_found(site, act, role, body):
    answer = site.act(UNKNOWN, act, role, version=1, **body)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_ticket")


@pytest.mark.parametrize(
    ("act", "role", "body", "status"),
    [
        ("supervise", "supervisor", {"level": 4, "reason": "x"}, 422),
        ("supervise", "supervisor", {"level": 1}, 422),
        ("supervise", "dispatcher", {"level": 1, "reason": "x"}, 403),
        ("raise", "dispatcher", {"reason": "x"}, 403),
        ("undo", "dispatcher", {"step": "raise", "reason": "x"}, 403),
        ("undo", "supervisor", {"step": "nothing", "reason": "x"}, 422),
        ("settle-clue", "supervisor", {"confirm": True}, 409),
        ("settle-clue", "supervisor", {"confirm": "perhaps"}, 422),
        ("unmerge", "dispatcher", {}, 409),
        ("end", "operator", {"reason": "x", "evidence": "y"}, 403),
        ("end", "supervisor", {"reason": "x", "evidence": "y"}, 409),
        ("mark-caller", "supervisor", {"malicious": True, "reason": " "}, 422),
    ],
)
def test_what_is_not_possible_is_said_in_plain_chinese(site, act, role, body, status):
    number = waiting(site, caller=CALLER)
    answer = site.act(number, act, role, **body)
    assert answer.status_code == status, answer.text
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.json()["detail"])
    assert site.read(number)["version"] == 2
