"""Routing: rules first, then the model above the gate, else a person (派单)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.errors import BadInput
from rules.pack_records import BY_PLACE
from rules.policy import Policy, parse
from rules.routing import RoutingFacts, first_rule, meant_by, named_in, route, shown_as, township_of, why_not
from rules.terms import CHINA, TicketType, Urgency
from tests.packs import FILES, edited

CATALOGUE_FILE = "county/catalogue.toml"
NOON = datetime(2026, 3, 3, 12, 0, tzinfo=CHINA)
POLICY = parse(FILES)


def with_rules(*rules: str) -> Policy:
    """The demo county with these rules instead of its own, but for one its catalogue cannot miss."""
    heads = [
        f'[[rule]]\nid = "r{n}"\nname = "规则{n}"\nclause = "x"\n{rule}\n' for n, rule in enumerate(rules)
    ]
    kept = FILES["county/routing.toml"].split('[[rule]]\nid = "village_affairs"')[1]
    routing = "\n".join(heads) + '[[rule]]\nid = "village_affairs"' + kept
    return parse({**FILES, "county/routing.toml": routing})


def facts(**cells: object) -> RoutingFacts:
    return RoutingFacts(**{"text": "有件事要反映", **cells})  # type: ignore[arg-type]


CONDITIONS = [
    ('any_words = ["石榴", "芒果"]', {"text": "芒果烂了"}, {"text": "桃子烂了"}),
    ('any_words = ["石榴"]', {"title": "石榴", "text": "烂了"}, {"place": "石榴路"}),
    ('all_words = ["石榴", "芒果"]', {"text": "芒果和石榴"}, {"text": "芒果"}),
    ('any_words = ["app"]', {"text": "ＡＰＰ打不开"}, {"text": "应用打不开"}),
    ('any_words = ["石榴"]\nunless = ["熟"]', {"text": "石榴"}, {"text": "石榴熟了"}),
    ('types = ["suggest"]', {"type": TicketType.SUGGEST}, {"type": TicketType.HELP}),
    ('urgencies = ["critical"]', {"urgency": Urgency.CRITICAL}, {"urgency": Urgency.URGENT}),
    ('channels = ["letter"]', {"channel": "letter"}, {"channel": "phone"}),
    ('categories = ["market"]', {"category": "consumer"}, {"category": "parking"}),
    ('categories = ["consumer"]', {"category": "consumer"}, {"category": "market"}),
    ('categories = ["market"]', {"category": "market"}, {"category": "gone"}),
    ('areas = ["999001101"]', {"areas": ("999001101201_1",)}, {"areas": ("999001",)}),
    ('areas = ["999001101"]', {"areas": ("999001001", "999001101")}, {"areas": ("gone",)}),
]


@pytest.mark.parametrize(("condition", "fits", "fails"), CONDITIONS)
def test_a_rule_fires_when_its_condition_holds_and_only_then(
    condition: str, fits: dict[str, object], fails: dict[str, object]
) -> None:
    policy = with_rules(f'lead = "police"\n{condition}')
    decision = route(facts(**fits), policy, NOON)
    assert (decision.what, decision.rule, decision.department) == ("to_sign", "r0", "police")
    assert route(facts(**fails), policy, NOON).rule != "r0"


@pytest.mark.parametrize(
    ("hour", "minute", "fires"),
    [
        (21, 59, False),
        (22, 0, True),
        (23, 59, True),
        (0, 0, True),
        (5, 59, True),
        (6, 0, False),
        (12, 0, False),
    ],
)
def test_hours_may_pass_midnight_and_are_half_open(hour: int, minute: int, fires: bool) -> None:
    policy = with_rules('lead = "police"\nhours = ["22:00-06:00"]\nany_words = ["吵"]')
    now = datetime(2026, 3, 3, hour, minute, 59, tzinfo=CHINA)
    assert (route(facts(text="吵"), policy, now).rule == "r0") == fires


@pytest.mark.parametrize(
    ("now", "fires"),
    [
        (datetime(2026, 6, 30, 23, 59, tzinfo=CHINA), False),
        (datetime(2026, 7, 1, 0, 0, tzinfo=CHINA), True),
        (datetime(2026, 6, 30, 16, 0, tzinfo=UTC), True),  # midnight in China
        (datetime(2026, 7, 31, 23, 59, 59, tzinfo=CHINA), True),
        (datetime(2026, 8, 1, 0, 0, tzinfo=CHINA), False),
    ],
)
def test_a_dated_rule_holds_from_its_first_day_to_its_last_in_china(now: datetime, fires: bool) -> None:
    policy = with_rules('lead = "police"\nvalid_from = 2026-07-01\nvalid_to = 2026-07-31\nany_words = ["瓜"]')
    assert (route(facts(text="瓜"), policy, now).rule == "r0") == fires


def test_the_first_rule_that_fits_wins() -> None:
    policy = with_rules('lead = "police"\nany_words = ["瓜"]', 'lead = "labour"\nany_words = ["瓜", "果"]')
    assert route(facts(text="瓜果"), policy, NOON).department == "police"
    assert route(facts(text="果"), policy, NOON).department == "labour"


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(BadInput):
        route(facts(), POLICY, datetime(2026, 3, 3, 12, 0))  # noqa: DTZ001


def test_a_rule_says_which_words_it_heard_and_where_it_comes_from() -> None:
    decision = route(facts(text="又停水了，水压也不行"), POLICY, NOON)
    assert decision.because == "符合派单规则“停水和水压”（出现“停水”、“水压”），派墨榆县自来水公司主办。"
    assert decision.details["words"] == ["停水", "水压"]
    assert decision.clause.startswith("城市供水条例")
    assert decision.pack == POLICY.hash


def test_a_rule_acts_although_the_model_abstains_or_says_otherwise() -> None:
    said = {"text": "家里停水", "model": "m1", "labels": (("公安局", 0.99),)}
    assert route(facts(**said), POLICY, NOON).department == "water_supply"
    assert route(facts(**said, abstain=True), POLICY, NOON).department == "water_supply"


def test_a_rule_under_review_only_proposes_and_puts_its_lead_first() -> None:
    policy = with_rules('lead = "police"\nassists = ["labour"]\nreview = true\nany_words = ["瓜"]')
    decision = route(facts(text="瓜", model="m1", labels=(("人社局", 0.99),)), policy, NOON)
    assert (decision.what, decision.rule, decision.department) == ("to_dispatch", "r0", None)
    assert [each["department"] for each in decision.details["proposal"]] == ["police", "labour"]
    assert decision.details["assists"] == ["labour"]
    assert "请人工确定" in decision.because


# --- by place ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("areas", "code"),
    [
        ((), None),
        (("999001",), None),
        (("gone",), None),
        (("999001101201",), "lujian"),
        (("999001", "999001001001_1_3"), "tongli"),
        (("999001001001", "999001001002"), "tongli"),
        (("999001001001", "999001101201"), None),
    ],
)
def test_the_township_is_that_of_the_places_unless_they_lie_in_two(
    areas: tuple[str, ...], code: str | None
) -> None:
    found = township_of(areas, POLICY)
    assert (found.code if found else None) == code


def test_a_rule_by_place_waits_for_a_person_while_the_place_is_unknown() -> None:
    policy = with_rules('lead = "@township"\nassists = ["housing"]\nany_words = ["瓜"]')
    unknown = route(facts(text="瓜"), policy, NOON)
    assert (unknown.what, unknown.department) == ("to_dispatch", None)
    assert "地点还不明确" in unknown.because
    known = route(facts(text="瓜", areas=("999001101201",)), policy, NOON)
    assert (known.what, known.department, known.assists) == ("to_sign", "lujian", ("housing",))


def test_an_assist_that_turns_out_to_be_the_lead_is_left_out() -> None:
    policy = with_rules('lead = "lujian"\nassists = ["@township"]\nany_words = ["瓜"]')
    assert route(facts(text="瓜", areas=("999001101201",)), policy, NOON).assists == ()


# --- the model --------------------------------------------------------------------------------

MODEL = [
    ("model", "to_sign", "police", {"labels": (("公安局", 0.95),)}),
    ("model", "to_sign", "police", {"labels": (("公安局", 0.9),)}),
    ("doubt", "to_dispatch", None, {"labels": (("公安局", 0.89999),)}),
    ("doubt", "to_dispatch", None, {"labels": (("公安局", float("nan")),)}),
    ("doubt", "to_dispatch", None, {"labels": (("公安局", 0.99),), "abstain": True}),
    ("doubt", "to_dispatch", None, {"labels": (), "abstain": True}),
    ("no_model", "to_dispatch", None, {"labels": ()}),
    ("no_model", "to_dispatch", None, {"labels": (("公安局", 0.99),), "model": None}),
    ("unknown_label", "to_dispatch", None, {"labels": (("气象局", 0.99), ("公安局", 0.01))}),
    ("township", "to_dispatch", None, {"labels": (("鹿笺镇", 0.99),)}),
    ("model", "to_sign", "police", {"labels": (("公安局", 0.5), ("县公安局", 0.45))}),
    ("model", "to_sign", "police", {"labels": (("气象局", 0.4), ("公安局", 0.45), ("police", 0.5))}),
]


@pytest.mark.parametrize(("rule", "what", "department", "said"), MODEL)
def test_the_model_dispatches_only_what_the_pack_knows_and_the_gate_lets_through(
    rule: str, what: str, department: str | None, said: dict[str, object]
) -> None:
    decision = route(facts(**{"model": "m1", **said}), POLICY, NOON)
    assert (decision.rule, decision.what, decision.department) == (rule, what, department)
    assert decision.because.endswith("。")


def test_a_label_outside_the_catalogue_is_shown_by_name() -> None:
    decision = route(facts(model="m1", labels=(("气象局", 0.99), ("公安局", 0.01))), POLICY, NOON)
    assert "“气象局”不在目录中" in decision.because
    first, second = decision.details["proposal"]
    assert (first["name"], first["department"], first["in_catalogue"]) == ("气象局", None, False)
    assert (second["department"], second["in_catalogue"]) == ("police", True)


def test_a_doubt_shows_the_three_best_and_the_words_never_round_up_to_the_gate() -> None:
    labels = (("公安局", 0.8996), ("人社局", 0.05), ("住建局", 0.03), ("城管局", 0.01))
    decision = route(facts(model="m1", labels=labels), POLICY, NOON)
    assert "只有 89.9%，未达到 90%" in decision.because
    assert [each["department"] for each in decision.details["proposal"]] == ["police", "labour", "housing"]
    assert decision.details["labels"] == [list(label) for label in labels]
    assert (decision.details["gate"], decision.details["model"]) == (0.9, "m1")


CATALOGUE = """
[[category]]
code = "kites"
name = "放风筝"
department = "police"

[[category]]
code = "ponds"
name = "鱼塘"
department = "lujian"
"""


@pytest.mark.parametrize(
    ("category", "label", "rule", "department"),
    [
        ("kites", "公安局", "model", "police"),
        ("kites", "住建局", "conflict", None),
        ("kites", "鹿笺镇", "conflict", None),
        ("ponds", "鹿笺镇", "model", "lujian"),
    ],
)
def test_model_and_catalogue_must_agree_before_anything_goes_by_itself(
    category: str, label: str, rule: str, department: str | None
) -> None:
    policy = parse({**FILES, CATALOGUE_FILE: FILES[CATALOGUE_FILE] + CATALOGUE})
    decision = route(facts(category=category, model="m1", labels=((label, 0.99),)), policy, NOON)
    assert (decision.rule, decision.department) == (rule, department)
    if rule == "conflict":
        assert decision.details["proposal"][0]["source"] == "catalogue"


def test_every_category_of_the_demo_county_routes_to_its_department() -> None:
    for category in POLICY.categories.values():
        decision = route(facts(category=category.code, areas=("999001101201",)), POLICY, NOON)
        if category.phrases:
            shown = decision.department or decision.details["proposal"][0]["department"]
            assert shown == (category.department or "lujian") or category.code == "road_lamp"
            assert decision.rule != "no_model"


LUJIAN = ("999001101201",)
TWO = ("999001001001", "999001101201")
OF_THE_PLACE = [
    # labels, areas, rule, what is proposed
    (((BY_PLACE, 0.99),), LUJIAN, "township", ["lujian"]),
    (((BY_PLACE, 0.5), ("公安局", 0.4)), LUJIAN, "doubt", ["lujian", "police"]),
    (((BY_PLACE, 0.5), ("鹿笺镇", 0.45)), LUJIAN, "township", ["lujian"]),
    ((("公安局", 0.6), (BY_PLACE, 0.3)), LUJIAN, "doubt", ["police", "lujian"]),
    (((BY_PLACE, 0.99),), (), "no_place", []),
    (((BY_PLACE, 0.99),), TWO, "no_place", []),
    (((BY_PLACE, 0.5), ("公安局", 0.4)), (), "no_place", ["police"]),
    ((("公安局", 0.6), (BY_PLACE, 0.3), ("住建局", 0.1)), (), "doubt", ["police", "housing"]),
]


@pytest.mark.parametrize(("labels", "areas", "rule", "proposed"), OF_THE_PLACE)
def test_the_label_of_the_place_proposes_its_township_or_nobody_and_never_dispatches(
    labels: tuple[tuple[str, float], ...], areas: tuple[str, ...], rule: str, proposed: list[str]
) -> None:
    decision = route(facts(model="m1", labels=labels, areas=areas), POLICY, NOON)
    assert (decision.rule, decision.what, decision.department) == (rule, "to_dispatch", None)
    assert [each["department"] for each in decision.details["proposal"]] == proposed
    assert all(each["in_catalogue"] for each in decision.details["proposal"])
    assert BY_PLACE not in decision.because and "不在目录" not in decision.because


def test_nobody_behind_the_place_is_taken_for_the_models_choice_even_with_a_low_gate() -> None:
    low = edited("pack.toml", "gate = ", "gate = 0.5 # ")[0]
    said = {"model": "m1", "labels": ((BY_PLACE, 0.5), ("公安局", 0.5))}
    assert route(facts(**said), parse(low), NOON).rule == "no_place"


def test_the_catalogue_may_give_a_matter_to_a_township_that_the_place_names() -> None:
    policy = parse({**FILES, CATALOGUE_FILE: FILES[CATALOGUE_FILE] + CATALOGUE})
    said = {"model": "m1", "labels": ((BY_PLACE, 0.99),), "areas": LUJIAN}
    assert route(facts(category="ponds", **said), policy, NOON).department == "lujian"
    assert route(facts(category="kites", **said), policy, NOON).rule == "conflict"


@pytest.mark.parametrize(
    ("label", "areas", "code", "words"),
    [
        ("公安局", (), "police", "墨榆县公安局"),
        (BY_PLACE, LUJIAN, "lujian", "鹿笺镇人民政府"),
        (BY_PLACE, (), None, "属地镇街"),
        (BY_PLACE, TWO, None, "属地镇街"),
        ("气象局", LUJIAN, None, "不在目录"),
        ("", (), None, "不在目录"),
    ],
)
def test_a_label_is_read_as_a_department_the_place_or_not_in_the_catalogue(
    label: str, areas: tuple[str, ...], code: str | None, words: str
) -> None:
    found = meant_by(label, areas, POLICY)
    assert (found.code if found else None) == code
    assert shown_as(label, areas, POLICY) == words


# --- praise -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said", "copy_to"),
    [
        ("感谢城管的同志", {}, ["urban_management"]),
        ("感谢县公安局交警大队的民警", {}, ["police", "traffic_police"]),
        ("感谢交警大队的民警", {}, ["traffic_police"]),
        ("感谢你们", {"model": "m1", "labels": (("公安局", 0.95),)}, ["police"]),
        ("感谢你们", {"model": "m1", "labels": (("公安局", 0.5),)}, []),
        ("感谢你们", {"model": "m1", "labels": (("公安局", 0.95),), "abstain": True}, []),
        ("感谢你们", {"model": "m1", "labels": (("气象局", 0.95),)}, []),
        ("感谢你们", {"model": "m1", "labels": ((BY_PLACE, 0.95),)}, []),
        ("感谢你们", {"category": "water"}, ["water_supply"]),
        ("感谢你们", {}, []),
    ],
)
def test_praise_is_answered_with_a_copy_and_never_dispatched(
    text: str, said: dict[str, object], copy_to: list[str]
) -> None:
    decision = route(facts(text=text, type=TicketType.PRAISE, **said), POLICY, NOON)
    assert (decision.what, decision.rule, decision.department) == ("answered", "praise", None)
    assert sorted(decision.details["copy_to"]) == sorted(copy_to)


# --- explaining, and what always holds ----------------------------------------------------------


def test_why_not_names_the_first_condition_that_fails_and_agrees_with_routing() -> None:
    policy = with_rules('lead = "police"\ntypes = ["help"]\nany_words = ["瓜"]')
    rule = policy.routing[0]
    assert why_not(rule, facts(text="瓜"), policy, NOON) == "诉求类型不符"
    assert why_not(rule, facts(text="果", type=TicketType.HELP), policy, NOON) == "没有出现任何一个关键词"
    assert why_not(rule, facts(text="瓜", type=TicketType.HELP), policy, NOON) is None
    assert first_rule(facts(text="瓜", type=TicketType.HELP), policy, NOON) is rule


NAMES = [*POLICY.labels, BY_PLACE, "气象局", ""]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    text=st.text(max_size=30) | st.sampled_from(["停水", "电梯坏了", "态度恶劣", "夜间施工"]),
    kind=st.sampled_from(TicketType),
    category=st.none() | st.sampled_from([*POLICY.categories, "gone"]),
    areas=st.lists(st.sampled_from([*POLICY.areas, "gone"]), max_size=3),
    labels=st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 1)), max_size=4),
    abstain=st.booleans(),
    minutes=st.integers(0, 60 * 24 * 400),
)
def test_whatever_comes_in_a_decision_is_whole_and_can_be_stored(
    text: str,
    kind: TicketType,
    category: str | None,
    areas: list[str],
    labels: list[tuple[str, float]],
    abstain: bool,
    minutes: int,
) -> None:
    given_facts = facts(
        text=text,
        type=kind,
        category=category,
        areas=tuple(areas),
        labels=tuple(labels),
        abstain=abstain,
        model="m1",
    )
    now = NOON + timedelta(minutes=minutes)
    decision = route(given_facts, POLICY, now)
    assert route(given_facts, POLICY, now) == decision
    assert json.loads(json.dumps(decision.details, ensure_ascii=False)) == decision.details
    assert decision.because
    assert (decision.what == "to_sign") == (decision.department is not None)
    assert decision.department not in decision.assists
    assert {decision.department, *decision.assists} - {None} <= set(POLICY.departments)
    assert (decision.what == "answered") == (kind is TicketType.PRAISE)
    assert BY_PLACE not in [each["name"] for each in decision.details.get("proposal", ())]
    if decision.rule == "model":
        assert not abstain
        assert POLICY.departments[decision.department or ""].kind != "township"


def test_a_code_in_peoples_words_names_nobody_neither_a_present_nor_a_former_one():
    name = "county/departments.toml"
    text = FILES[name].replace('code = "housing"\n', 'code = "housing"\nsucceeds = ["rail"]\n', 1)
    policy = parse({**FILES, name: text})
    assert policy.labels["rail"] == "housing"
    assert named_in(facts(text="在trailer旁的rail站，police没有来"), policy) == []
    assert named_in(facts(text="住建局的人没有来"), policy) == ["housing"]
