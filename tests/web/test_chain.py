"""The chain in words: what each kind of event says to people."""

from dataclasses import dataclass

import pytest

from tests.stories import at, policy
from web.chain import chain, whys


@dataclass
class Seen:
    """As much of a view as the chain looks at."""

    events: list
    policy: object


def event(kind, step=None, when="2026-09-28 10:00", **data):
    return {"kind": kind, "at": at(when), "actor": "system", "step": step, "clock": None, "data": data}


def told(*events):
    return chain(Seen(list(events), policy()), at("2026-09-28 18:00"))[-1]


@pytest.mark.parametrize(
    ("kind", "data", "what", "lines"),
    [
        (
            "received",
            {"earlier": "1", "count": 3, "counted": True},
            "登记",
            ["接续工单 1，计为第 3 次投诉"],
        ),
        ("received", {"earlier": "1", "count": 3, "counted": False}, "登记", ["接续工单 1，这次不计次"]),
        (
            "joined",
            {"channel": "phone", "malicious": True},
            "再次来电",
            ["渠道：电话", "恶意诉求人，不再计次"],
        ),
        (
            "linked",
            {"earlier": "1", "count": 2, "counted": True},
            "认定重复",
            ["接续工单 1，计为第 2 次投诉"],
        ),
        ("merged", {"into": "2"}, "并入其他工单", ["主单 2"]),
        ("followed", {"follower": "3", "count": 1}, "有工单并入", ["工单 3"]),
        (
            "followed",
            {"follower": "3", "count": 1, "level": 2, "raised": 1},
            "有工单并入",
            ["工单 3", "并入前已提级 1 次", "二级督办"],
        ),
        ("supplemented", {"elements": {"place": "滨河路"}}, "补充", ["地点：滨河路"]),
        ("invalidated", {"reason_code": "silent", "attempts": 3}, "置为无效", ["已联系诉求人 3 次"]),
        ("marked", {"malicious": False, "reason": "误标"}, "标记诉求人", ["取消恶意标记", "误标"]),
        ("repeated", {"trigger": "complaints", "count": 2}, "重复投诉升级", ["同一事项第 2 次投诉"]),
        (
            "supervised",
            {"trigger": "redos", "count": 3, "level": 1},
            "督办",
            ["重办满 3 次仍未解决", "一级督办"],
        ),
        ("raised", {"reason": "久拖不决"}, "提级", ["久拖不决"]),
        ("clue_opened", {"trigger": "returns", "count": 3}, "形成线索", ["退单满 3 次"]),
        ("clue_settled", {"confirmed": False, "reason": "不属实"}, "线索审定", ["驳回", "不属实"]),
        ("redone", {"round": 2, "reason": "不满意"}, "重办", ["第 2 轮重办", "不满意"]),
        ("transferred", {"line": "110", "words": ["着火"]}, "转紧急", ["着火", "转接 110"]),
    ],
)
def test_what_an_event_says(kind, data, what, lines):
    found = told(event(kind, **data))
    assert found.what == what
    assert [line for line in lines if line not in found.said] == [], found.said


@pytest.mark.parametrize(
    ("step", "words"),
    [("supervise", "督办"), ("repeat_4", "提级"), ("link", "认定重复"), ("transfer", "转紧急")],
)
def test_what_was_undone_is_named_by_what_it_was(step, words):
    before = [event("supervised", level=1, reason="x"), event("raised", "repeat_4", when="2026-09-28 11:00")]
    when = {"supervise": "2026-09-28T10:00:00+08:00", "repeat_4": "2026-09-28T11:00:00+08:00"}.get(step)
    undone = event("undone", when="2026-09-28 12:00")
    undone["data"] = {"step": step, "at": when, "reason": "误操作"}
    found = told(*before, undone)
    assert f"撤销的是：{words}" in found.said


def test_what_was_undone_out_of_sight_keeps_its_code():
    undone = event("undone")
    undone["data"] = {"step": "repeat_9", "at": "2026-09-28T09:00:00+08:00"}
    assert "撤销的是：repeat_9" in told(undone).said


def test_a_decision_names_what_else_was_thought_of_and_why() -> None:
    second = min(policy().departments)
    row = {
        "act": "triage", "what": "to_sign", "department": second, "because": "没有把握", "rule": "model", "clause": "",
        "model": "m1", "at": at("2026-09-28 10:00"),
        "facts": {"labels": [["x", 0.5], [second, 0.31], ["gone", 0.04]], "areas": [], "abstain": True},
        "details": {"terms": [["路灯", 0.6]], "others": [[second, ["油烟", "夜市"]], ["gone", []]]},
    }  # fmt: skip
    seen = type("Seen", (), {"decisions": [row, {**row, "details": {}}], "policy": policy()})()
    why, plain = whys(seen, at("2026-09-28 18:00"))
    assert [(each.share, list(each.words)) for each in why.others] == [("31%", ["油烟", "夜市"]), ("4%", [])]
    assert why.others[0].name == policy().departments[second].name
    assert why.others[1].name == "不在目录"
    assert list(plain.others) == []
    seen.decisions = [{**row, "what": "to_dispatch", "department": None}]
    undecided = whys(seen, at("2026-09-28 18:00"))[0]
    likeliest, *rest = undecided.others
    assert (likeliest.share, list(likeliest.words), len(rest)) == ("50%", ["路灯"], 2)
