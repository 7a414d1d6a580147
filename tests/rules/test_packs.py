"""Every pack does what its own worked cases say (规则包样例); demo-county is also complete."""

import re
from collections import Counter
from pathlib import Path

import pytest

from rules.cases import judge, outcome
from rules.pack_cases import Case
from rules.policy import Policy, parse

PACKS = Path(__file__).parents[2] / "rules" / "packs"


def load(name: str) -> Policy:
    return parse({path.name: path.read_text(encoding="utf-8") for path in (PACKS / name).glob("*.toml")})


POLICIES = {folder.name: load(folder.name) for folder in sorted(PACKS.iterdir()) if folder.is_dir()}
CASES = [
    pytest.param(policy, case, id=f"{name}-{case.name}")
    for name, policy in POLICIES.items()
    for case in policy.cases
]


@pytest.fixture(scope="module")
def demo() -> Policy:
    return POLICIES["demo-county"]


@pytest.mark.parametrize(("policy", "case"), CASES)
def test_a_pack_does_what_its_cases_say(policy: Policy, case: Case) -> None:
    assert judge(case, policy) == ()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_pack_brings_cases_and_is_named_after_its_folder(name: str) -> None:
    assert POLICIES[name].name == name
    assert len(POLICIES[name].cases) >= 20


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_rule_limit_and_leaf_category_is_reached_by_a_case(name: str) -> None:
    policy = POLICIES[name]
    results = [outcome(case, policy) for case in policy.cases]
    fired = {result.get("rule") for result in results}
    assert {rule.id for rule in policy.routing} <= fired
    timed = {result.get("limit") for result in results}
    assert {row.id for row in policy.limits if row.budget} <= timed


def test_a_case_that_does_not_come_out_is_told_in_chinese(demo: Policy) -> None:
    text = (PACKS / "demo-county" / "cases.toml").read_text(encoding="utf-8")
    wrong = text.replace('department = "police"', 'department = "labour"').replace(
        "amount = 15", "amount = 14"
    )
    files = {path.name: path.read_text(encoding="utf-8") for path in (PACKS / "demo-county").glob("*.toml")}
    policy = parse({**files, "cases.toml": wrong})
    told = [line for case in policy.cases for line in judge(case, policy)]
    assert "样例“邻里噪声归公安”：承办单位应为 labour，得出 police" in told
    assert "样例“办理时限 report”：数量应为 14.0，得出 15.0" in told
    assert len(told) == 3
    assert demo.hash != policy.hash


def test_the_invented_county_has_places_on_five_levels_and_departments_of_all_kinds(demo: Policy) -> None:
    assert {area.level for area in demo.areas.values()} == {1, 2, 3, 4, 5}
    assert {each.kind for each in demo.departments.values()} == {"bureau", "team", "utility", "township"}
    assert len(demo.areas) >= 12
    assert len(demo.departments) >= 10


def test_every_leaf_category_has_duties_and_phrases_long_enough_to_learn_from(demo: Policy) -> None:
    groups = {each.parent for each in demo.categories.values()}
    leaves = [each for code, each in demo.categories.items() if code not in groups]
    assert len(leaves) >= 15
    assert all(each.duties and len(each.phrases) >= 6 for each in leaves)
    phrases = Counter(phrase for each in leaves for phrase in each.phrases)
    assert len(phrases) >= 150
    assert max(phrases.values()) == 1
    assert [phrase for phrase in phrases if not 10 <= len(phrase) <= 40] == []


def test_no_phrase_holds_a_number_that_could_be_a_persons(demo: Policy) -> None:
    assert [
        phrase for each in demo.categories.values() for phrase in each.phrases if re.search(r"\d{5}", phrase)
    ] == []


def test_every_row_of_the_demo_names_its_source(demo: Policy) -> None:
    clauses = [
        *(rule.clause for rule in demo.routing),
        *(row.clause for row in demo.limits),
        *(row.step.clause for row in demo.ladder),
        *(reason.clause for reason in demo.suspensions),
        demo.returns.clause,
        demo.extensions.clause,
        demo.callbacks.clause,
    ]
    assert all(len(clause) >= 8 for clause in clauses)
