"""What conferring leaves for the catalogue (清单建议): proposed with the act, settled once by a named person, told later."""

import tomllib

import pytest

from dispatch import proposals, triage
from dispatch.storage.proposals import NoSuchProposal, ProposalSettled
from rules.errors import BadInput
from rules.proposals import PROPOSAL_STATES, pack_lines
from rules.terms import Decision
from tests.cli.conftest import hotline, told
from tests.desks import DISPATCHER, act, post, rows, settle
from tests.stories import at

WHEN = at("2026-09-28 10:00")


def conferred(desk, outcome="产权在水务公司，电话13800000001"):
    """A ticket that was sent back, conferred on and given to the water supply; its number."""
    number = post(desk, WHEN, text="帮忙看看。", type="求助").number
    settle(desk, WHEN)
    category = min(desk.packs.active(WHEN).categories)
    act(desk, number, "confer", DISPATCHER, WHEN, outcome="请有关单位会商")
    assert rows(desk, "SELECT count(*) AS n FROM proposal") == [{"n": 0}]
    said = {"lead": "water_supply", "assists": ["transport"], "outcome": outcome}
    with pytest.raises(BadInput, match="没有类别"):
        act(desk, number, "confer", DISPATCHER, WHEN, **said, category="no_such")
    act(desk, number, "confer", DISPATCHER, WHEN, **said, category=category)
    assert rows(desk, "SELECT category FROM ticket") == [{"category": category}]
    return number, category


def test_the_outcome_becomes_a_proposal_and_the_supervisor_hears(desk):
    number, category = conferred(desk)
    (found,) = proposals.listed(desk, PROPOSAL_STATES, WHEN)
    assert (found["ticket"], found["category"], found["lead"]) == (number, category, "water_supply")
    assert found["assists"] == ["transport"] and found["proposed_by"] == "dispatcher"
    assert "产权在水务公司" in found["reason"] and "13800000001" not in found["reason"]
    assert (found["state"], found["lines"]) == ("proposed", None)
    settle(desk, WHEN)
    told_of = rows(desk, "SELECT receiver FROM notice WHERE words LIKE '%清单建议%'")
    assert told_of == [{"receiver": "supervisor"}]


def test_a_named_person_accepts_it_once_and_gets_the_lines_for_the_pack(desk):
    number, category = conferred(desk)
    (one,) = proposals.listed(desk, ("proposed",), WHEN)
    with pytest.raises(BadInput):
        proposals.settle(desk, one["id"], True, " ", "", WHEN)
    done = proposals.settle(desk, one["id"], True, "督办组长", "", WHEN)
    (rule,) = tomllib.loads(done["lines"])["rule"]
    assert (rule["categories"], rule["lead"], rule["assists"]) == ([category], "water_supply", ["transport"])
    assert number in rule["clause"]
    assert proposals.listed(desk, ("proposed",), WHEN) == []
    with pytest.raises(ProposalSettled, match="督办组长"):
        proposals.settle(desk, one["id"], False, "别人", "不妥", WHEN)
    with pytest.raises(NoSuchProposal):
        proposals.settle(desk, 999, True, "别人", "", WHEN)


def test_whoever_decides_on_a_like_matter_is_told_unless_it_was_rejected(desk):
    number, category = conferred(desk)
    doubtful = Decision("to_dispatch", "请人工派单。", "doubt", category=category)
    policy = desk.packs.active(WHEN)

    def said(decision):
        with desk.database.reading() as tx:
            return proposals.Before(tx).told(decision, None, policy)

    assert number in said(doubtful) and policy.departments["water_supply"].name in said(doubtful)
    assert said(Decision("to_sign", "", "", category=category)) == ""
    assert said(Decision("to_dispatch", "", "", category="no_such")) == ""
    (one,) = proposals.listed(desk, ("proposed",), WHEN)
    with pytest.raises(BadInput):
        proposals.settle(desk, one["id"], False, "督办组长", "", WHEN)
    proposals.settle(desk, one["id"], False, "督办组长", "只此一件", WHEN)
    assert said(doubtful) == ""


def test_triage_writes_the_sentence_behind_its_reason(desk, monkeypatch):
    monkeypatch.setattr(proposals.Before, "told", lambda *_: "同类事项曾经会商。")
    number = post(desk, WHEN, text="帮忙看看。", type="求助").number
    triage.drain(desk, WHEN)
    (row,) = rows(desk, f"SELECT because FROM decision WHERE ticket = '{number}'")
    assert row["because"].endswith("同类事项曾经会商。")


@pytest.mark.parametrize("reason", ['含"引号"和\\反斜线', "一行\n又一行", "\x7f"])
def test_the_lines_are_toml_whatever_was_said(desk, reason):
    row = {
        "id": 3,
        "ticket": "9",
        "category": "x",
        "area": "999001",
        "lead": "a",
        "assists": [],
        "reason": reason,
    }
    (rule,) = tomllib.loads(pack_lines(row, desk.packs.active(WHEN)))["rule"]
    assert rule["clause"].endswith(reason) and rule["areas"] == ["999001"] and "assists" not in rule


def test_the_commands_list_accept_and_refuse_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    assert hotline("init", "--no-model", "--dir", folder).exit_code == 0
    assert told(hotline("catalogue", "proposals", "--json", "--dir", folder)) == []
    missing = hotline("catalogue", "accept", 1, "--by", "某人", "--dir", folder)
    assert missing.exit_code == 2 and "没有这条清单建议" in missing.stderr
