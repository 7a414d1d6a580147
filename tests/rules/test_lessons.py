"""What a catalogue teaches (目录教材): every word of it once, under the one who answers for it."""

from collections import Counter

import pytest

from dispatch import packs
from rules.lessons import Lesson, duties, lessons, phrases
from rules.pack_records import BY_PLACE
from rules.policy import Policy, parse
from tests.packs import FILES
from tests.stories import policy as demo_county

CATALOGUE_FILE = "county/catalogue.toml"


def with_categories(*rows: str) -> Policy:
    """The small county with these categories besides its own."""
    added = "\n".join(f"\n[[category]]\n{row}\n" for row in rows)
    return parse({**FILES, CATALOGUE_FILE: FILES[CATALOGUE_FILE] + added})


def of(policy: Policy, category: str) -> set[tuple[str, str]]:
    """What a category teaches: text and label."""
    return {(each.text, each.label) for each in lessons(policy) if each.category == category}


KITES = 'code = "kites"\nname = "放风筝"\nphrases = ["风筝缠在树上"]\nduties = "管理广场风筝；清理断线，处理纠纷"\n'


def test_a_category_teaches_its_name_each_piece_of_its_duties_and_its_phrases() -> None:
    policy = with_categories(KITES + 'department = "police"')
    texts = ("放风筝", "管理广场风筝", "清理断线", "处理纠纷", "风筝缠在树上")
    assert of(policy, "kites") == {(text, "police") for text in texts}


RULE = '[[rule]]\nid = "kites"\nname = "风筝"\nclause = "x"\nlead = "@township"\ncategories = ["kites"]\n\n[[rule]]'


def settled_by_a_rule(*rows: str) -> Policy:
    """The same where a rule, not the category, says who handles kites."""
    routing = FILES["county/routing.toml"].replace("[[rule]]", RULE, 1)
    added = "\n".join(f"\n[[category]]\n{row}\n" for row in rows)
    return parse({**FILES, "county/routing.toml": routing, CATALOGUE_FILE: FILES[CATALOGUE_FILE] + added})


def test_a_category_that_no_department_answers_for_is_of_the_place() -> None:
    assert {label for _, label in of(settled_by_a_rule(KITES), "kites")} == {BY_PLACE}


def test_a_category_without_a_department_is_its_groups_as_in_routing() -> None:
    group = 'code = "play"\nname = "游乐"\ndepartment = "housing"'
    policy = settled_by_a_rule(group, KITES + 'parent = "play"')
    assert {label for _, label in of(policy, "kites")} == {"housing"}
    assert of(policy, "play") == {("游乐", "housing")}


def test_a_heading_over_several_departments_teaches_nothing() -> None:
    group = 'code = "play"\nname = "游乐"\nduties = "游乐的各项管理"'
    policy = with_categories(group, KITES + 'parent = "play"\ndepartment = "police"')
    assert of(policy, "play") == set()


def test_a_category_without_phrases_teaches_what_it_has() -> None:
    policy = with_categories('code = "ponds"\nname = "鱼塘"\ndepartment = "housing"')
    assert of(policy, "ponds") == {("鱼塘", "housing")}


@pytest.mark.parametrize(("other", "kept"), [("labour", False), ("police", True)])
def test_a_piece_under_two_departments_tells_nothing_and_under_one_it_does(other: str, kept: bool) -> None:
    swings = f'code = "swings"\nname = "秋千"\ndepartment = "{other}"\nduties = "检修秋千，处理纠纷"'
    policy = with_categories(KITES + 'department = "police"', swings)
    owners = {(each.label, each.category) for each in duties(policy) if each.text == "处理纠纷"}
    assert owners == ({("police", "kites"), ("police", "swings")} if kept else set())


def test_marks_alone_are_no_lesson() -> None:
    marks = 'code = "marks"\nname = "标点"\ndepartment = "police"\nduties = "，；。  、"'
    assert of(with_categories(marks), "marks") == {("标点", "police")}


@pytest.mark.parametrize("name", ["national", "sichuan-2026"])
def test_a_pack_without_a_catalogue_teaches_nothing(name: str) -> None:
    assert lessons(parse(packs.read_folder(name))) == []


@pytest.mark.parametrize("policy", [parse(FILES), demo_county()], ids=["county", "demo-county"])
def test_every_lesson_stands_for_something_of_the_pack(policy: Policy) -> None:
    found = lessons(policy)
    assert {each.label for each in found} <= {*policy.departments, BY_PLACE}
    assert {each.category for each in found} <= set(policy.categories)
    assert all(each.text == each.text.strip() != "" for each in found)
    assert found == [*duties(policy), *phrases(policy)]
    said = Counter(phrases(policy))
    assert said.total() == sum(len(each.phrases) for each in policy.categories.values())
    assert Lesson("占道经营", "urban_management", "street_vending") in found
