"""Every pack does what its own worked cases say (规则包样例); demo-county is also complete."""

import re
import tomllib
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from dispatch import packs
from rules.accept import emergency, refusal
from rules.cases import judge, outcome
from rules.pack_cases import Case
from rules.pack_records import Category
from rules.pack_view import merged
from rules.policy import Policy, parse
from rules.routing import RoutingFacts, route
from rules.terms import CHINA, ClockKind, TicketType, Urgency
from tests.packs import FILES

#: Tables whose every value is somebody's rule; the choices of pack.toml stand in "".
SOURCED = [
    *("rule", "limit", "step", "emergency", "refusal", "return", "extension", "suspension", "callback"),
    *("session", "campaign", "lane", "agent", "counter"),
]
PACKS = Path(__file__).parents[2] / "rules" / "packs"


def load(name: str) -> Policy:
    return parse(packs.read_folder(name, with_cases=True))


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
def test_every_pack_is_named_after_its_folder_and_brings_cases(name: str) -> None:
    assert POLICIES[name].name == name
    assert len(POLICIES[name].cases) >= (8 if POLICIES[name].abstract else 20)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_rule_of_a_pack_and_every_limit_it_writes_is_reached_by_its_cases(name: str) -> None:
    policy = POLICIES[name]
    results = [outcome(case, policy) for case in policy.cases]
    fired = {result.get("rule") for result in results}
    assert {rule.id for rule in policy.routing} <= fired
    brought = {case.contact for case in policy.cases}
    assert set(policy.occasions.sessions) <= brought
    assert {f"campaign.{code}" for code in policy.occasions.campaigns} <= fired
    timed = {result.get("limit") for result in results}
    own = tomllib.loads((PACKS / name / "limits.toml").read_text("utf-8")) if policy.abstract else None
    wanted = {row["id"] for row in own["limit"]} if own else {row.id for row in policy.limits}
    assert {row.id for row in policy.limits if row.budget and row.id in wanted} <= timed


def test_the_national_cases_speak_for_every_line_and_every_ground_of_refusal() -> None:
    policy = POLICIES["national"]
    results = [outcome(case, policy) for case in policy.cases]
    assert {rule.line for rule in policy.emergencies} <= {each["emergency"] for each in results}
    assert {rule.code for rule in policy.refusals} <= {each["refusal"] for each in results}


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("sichuan-2026", (3, 7, 7, 15, 15)),
        ("lvliang-2024", (3, 5, 5, 5, 5)),
        ("jingan-2019", (1, 5, 1, 5, 5)),
        ("hunan-template", (3, 7, 7, 15, 15)),
        ("demo-county", (3, 7, 7, 15, 15)),
    ],
)
def test_the_limits_of_a_pack_are_those_of_its_document(name: str, days: tuple[int, ...]) -> None:
    kinds = ("consult", "help", "suggest", "complain", "report")
    found = [
        POLICIES[name].limit(ClockKind.HANDLE, TicketType(kind), Urgency.NORMAL, occasion="")
        for kind in kinds
    ]
    assert tuple(each.budget.amount for each in found if each) == days


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_value_of_a_shipped_pack_names_its_source_and_what_is_assumed_says_so(name: str) -> None:
    found = [value for value in merged(packs.read_folder(name)) if value.table in ("", *SOURCED)]
    assert len(found) > 40
    assert [value.place for value in found if len(value.clause) < 8] == []
    assumed = [value for value in found if "待核实" in value.clause]
    assert [value.place for value in assumed if len(value.clause) < 14] == []  # the mark and its basis
    if name == "hunan-template":
        own = [value for value in found if value.pack == name]
        assert len(own) >= 4 and all(value.clause.startswith("待核实：") for value in own)


@pytest.mark.parametrize("name", sorted(name for name, policy in POLICIES.items() if policy.abstract))
def test_a_pack_that_is_only_extended_says_what_it_lacks_and_cannot_be_put_in_use(name: str) -> None:
    assert "没有 departments.toml" in POLICIES[name].missing
    assert POLICIES["demo-county"].missing == ()


def test_a_case_that_does_not_come_out_is_told_in_chinese() -> None:
    text = FILES["county/cases.toml"]
    wrong = text.replace('department = "police"', 'department = "labour"').replace(
        "amount = 15", "amount = 14"
    )
    policy = parse({**FILES, "county/cases.toml": wrong})
    told = [line for case in policy.cases for line in judge(case, policy)]
    assert "样例“邻里噪声归公安”：承办单位应为 labour，得出 police" in told
    assert "样例“办理时限 report”：数量应为 14.0，得出 15.0" in told
    assert len(told) == 3


def test_the_invented_county_has_places_on_five_levels_and_departments_of_all_kinds(demo: Policy) -> None:
    assert {area.level for area in demo.areas.values()} == {1, 2, 3, 4, 5}
    assert {each.kind for each in demo.departments.values()} == {"bureau", "team", "utility", "township"}
    assert len(demo.areas) >= 40
    assert len(demo.departments) >= 30
    assert sum(each.kind == "utility" for each in demo.departments.values()) >= 8


def leaves(policy: Policy) -> list[Category]:
    groups = {each.parent for each in policy.categories.values()}
    return [each for code, each in policy.categories.items() if code not in groups]


def test_every_leaf_category_has_duties_and_phrases_long_enough_to_learn_from(demo: Policy) -> None:
    found = leaves(demo)
    assert len({each.parent for each in found}) >= 12
    assert len(found) >= 80
    assert all(len(each.duties) >= 12 and len(each.phrases) >= 6 for each in found)
    phrases = Counter(re.sub(r"\W", "", phrase) for each in found for phrase in each.phrases)
    assert len(phrases) >= 480
    assert max(phrases.values()) == 1
    assert [phrase for phrase in phrases if not 6 <= len(phrase) <= 60] == []


def test_every_department_but_townships_and_mobile_teams_answers_for_a_category_of_its_own(
    demo: Policy,
) -> None:
    owners = {each.department for each in leaves(demo)}
    townships = {code for code, each in demo.departments.items() if each.kind == "township"}
    mobile = {each.team for each in demo.occasions.sessions.values() if each.team}
    desks = {code for each in demo.occasions.lanes.values() for code in each.assists}
    assert not owners & townships
    assert set(demo.departments) - townships - mobile - desks <= owners
    assert {demo.departments[code].kind for code in mobile | desks} == {"team"}


def test_a_live_demo_on_any_workday_finds_a_leader_on_the_phone_and_a_mobile_team(demo: Policy) -> None:
    held = demo.occasions.sessions.values()
    weekly = {(each.kind, day) for each in held for day in each.weekdays}
    assert {("leader_session", day) for day in range(5)} <= weekly
    assert {("visit", day) for day in range(7)} <= weekly
    assert Counter(each.kind for each in held) == {"leader_session": 2, "visit": 3, "reception": 1}
    assert (len(demo.occasions.agents), len(demo.occasions.counters)) == (2, 3)


#: What a township does by law itself; all else is the work of departments (国办函〔2025〕66号).
OF_THE_PLACE = {"village_affairs", "community_service", "neighbour_dispute"}
SOMEWHERE = {code: (code,) for code in ("999001001", "999001002", "999001101", "999001104", "999001201")}


@pytest.mark.parametrize("area", SOMEWHERE)
def test_functional_work_is_never_pushed_to_a_township(demo: Policy, area: str) -> None:
    """Whatever the place and the hour; but for a road of a township, which is the township's by its class."""
    for category in leaves(demo):
        for hour in (3, 10, 23):
            facts = RoutingFacts("有件事要反映", category=category.code, areas=SOMEWHERE[area])
            decision = route(facts, demo, datetime(2026, 3, 3, hour, tzinfo=CHINA))
            proposal = decision.details.get("proposal") or [{"department": None}]
            lead = demo.departments[decision.department or proposal[0]["department"]]
            assert decision.rule not in ("no_model", "doubt"), category.code
            if category.code in OF_THE_PLACE:
                assert lead.kind == "township"
            elif category.code != "road_lamp":
                assert lead.kind != "township", category.code


def test_every_dated_rule_of_the_demo_county_is_written_for_the_year_after_too(demo: Policy) -> None:
    years: dict[str, set[int]] = {}
    for rule in demo.routing:
        if rule.valid_from:
            years.setdefault(rule.id, set()).add(rule.valid_from.year)
    assert len(years) >= 5
    assert all(found == {2026, 2027} for found in years.values())


def test_no_phrase_of_the_catalogue_sounds_like_an_emergency_or_a_refusal(demo: Policy) -> None:
    phrases = [phrase for each in leaves(demo) for phrase in each.phrases]
    assert [phrase for phrase in phrases if emergency(phrase, demo.emergencies)] == []
    assert [phrase for phrase in phrases if refusal(phrase, demo.refusals)] == []


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
