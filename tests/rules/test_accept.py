"""What counts as danger to life, and what only sounds like it; all sentences are invented."""

import json
from pathlib import Path

import pytest

from dispatch import packs
from rules.accept import Danger, EmergencyRule, Reach, RefusalRule, Silence, emergency, refusal
from rules.errors import PackFault
from rules.policy import Policy, parse
from tests.packs import FILES, where

DATA = Path(__file__).parents[1] / "data"
NATION = parse(packs.read_folder("national"))
RULE = '[[emergency]]\nid = "smoke_test"\nline = "119"\nclause = "x"\n'


def sentences(name: str, key: str) -> list[tuple[str, str | None]]:
    """Each sentence of a file of invented ones, with what should come of it."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [(row["text"], row[key]) for row in map(json.loads, lines)]


EMERGENCIES = sentences("emergencies_dev.jsonl", "line")
REFUSALS = sentences("refusals_dev.jsonl", "code")


@pytest.mark.parametrize(("text", "line"), EMERGENCIES)
def test_danger_to_life_goes_to_its_line_and_what_only_sounds_like_it_stays(
    text: str, line: str | None
) -> None:
    danger = emergency(text, NATION.emergencies)
    assert (danger.line if danger else None) == line
    if danger:
        assert danger.words and all(word in text for word in danger.words)
        assert danger.clause


@pytest.mark.parametrize(("text", "code"), REFUSALS)
def test_a_matter_for_another_procedure_is_proposed_with_its_path(text: str, code: str | None) -> None:
    proposed = refusal(text, NATION.refusals)
    assert (proposed.code if proposed else None) == code
    assert proposed is None or proposed.legal_path


def test_the_invented_sentences_are_many_each_stands_once_and_half_are_no_danger() -> None:
    for found, least in ((EMERGENCIES, 260), (REFUSALS, 120)):
        assert len({text for text, _ in found}) == len(found) >= least
        assert 0.4 < sum(told is None for _, told in found) / len(found) < 0.6
    assert {line for _, line in EMERGENCIES} == {None, *(rule.line for rule in NATION.emergencies)}
    assert {code for _, code in REFUSALS} == {None, *(rule.code for rule in NATION.refusals)}


def test_each_sentence_is_judged_by_itself() -> None:
    assert emergency("去年小区停过水。现在三楼着火了！", NATION.emergencies) is not None
    assert emergency("去年三楼着火了，后来修好了。请问停水通知在哪看", NATION.emergencies) is None


def test_parts_too_far_apart_do_not_speak_together() -> None:
    rules = (EmergencyRule("119", ("现在+着火",), (), "c"),)
    assert emergency("现在" + "一" * 20 + "着火", rules) == Danger("119", ("现在", "着火"), "c")
    assert emergency("着火" + "一" * 20 + "现在", rules) == Danger("119", ("着火", "现在"), "c")
    assert emergency("现在" + "一" * 21 + "着火", rules) is None
    assert emergency("现在。着火", rules) is None


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("现在三楼着火", True),
        ("着火了现在没人管", False),
        ("现在，着火", False),
        ("现在" + "一" * 20 + "着火", True),
        ("现在" + "一" * 21 + "着火", False),
    ],
)
def test_parts_joined_by_a_wave_follow_each_other_in_one_clause(text: str, heard: bool) -> None:
    assert (emergency(text, (EmergencyRule("119", ("现在~着火",), (), "c"),)) is not None) is heard


@pytest.mark.parametrize("number", ["3", "12", "十二", "两", "半"])
def test_a_hash_stands_for_any_number(number: str) -> None:
    rules = (EmergencyRule("119", ("着火",), ("#年前",), "c"),)
    assert emergency(f"{number}年前着火", rules) is None
    assert emergency("年前着火", rules) is not None
    assert emergency(f"烧了{number}层", (EmergencyRule("119", ("#层",), (), "c"),)) is not None


@pytest.mark.parametrize(
    ("reach", "silent", "heard"),
    [
        (Reach.WORD, ["虚着火"], ["虚着火，真着火"]),
        (Reach.CLAUSE, ["着火是虚", "虚的着火"], ["虚的，着火", "着火，虚的"]),
        (Reach.BEFORE, ["虚的，后来着火", "着火是虚"], ["着火，虚的", "虚的。着火"]),
        (Reach.SENTENCE, ["虚的，着火", "着火，虚的"], ["着火。虚的"]),
        (Reach.TEXT, ["着火。没有别的。虚的", "虚的\n着火"], ["着火。没有别的"]),
    ],
)
def test_a_silence_is_heard_as_far_as_its_reach(reach: Reach, silent: list[str], heard: list[str]) -> None:
    words = ("虚着火",) if reach is Reach.WORD else ("虚",)
    rules = (EmergencyRule("119", ("着火",), (), "c", (Silence(words, reach),)),)
    assert [text for text in silent if emergency(text, rules)] == []
    assert [text for text in heard if not emergency(text, rules)] == []


def test_the_past_ends_where_the_present_is_named() -> None:
    rules = (EmergencyRule("119", ("着火",), (), "c", (Silence(("去年",), Reach.BEFORE, ("现在",)),)),)
    assert emergency("去年装修的，现在着火", rules) is not None
    assert emergency("去年着火，现在没人赔", rules) is None
    assert emergency("现在想起去年着火", rules) is None
    assert emergency("去年修过，现在着火，和去年一样", rules) is not None


def test_one_silenced_place_does_not_silence_the_next() -> None:
    rules = (EmergencyRule("119", ("着火",), (), "c", (Silence(("去年",), Reach.CLAUSE),)),)
    assert emergency("去年着火，三楼又着火", rules) is not None


def test_up_to_now_is_not_now() -> None:
    assert emergency("去年仓库失火，损失到现在没有说法", NATION.emergencies) is None
    assert emergency("仓库现在失火", NATION.emergencies) is not None


def test_the_first_rule_of_the_pack_wins() -> None:
    rules = (EmergencyRule("110", ("持刀",), (), "a"), EmergencyRule("120", ("流血",), (), "b"))
    found = emergency("有人流血，对方持刀", rules)
    assert found == Danger("110", ("持刀",), "a")
    assert "110" in found.because
    assert "持刀" in found.because


def test_no_rules_and_no_words_mean_no_danger_and_no_refusal() -> None:
    assert emergency("着火了", ()) is None
    assert refusal("法院已立案", ()) is None
    assert emergency("", NATION.emergencies) is None
    assert refusal("  \n", NATION.refusals) is None


def test_what_stills_a_refusal_is_looked_for_in_its_sentence() -> None:
    rules = (RefusalRule("x", "某事", "某处", ("仲裁",), "c", ("咨询",)),)
    assert refusal("咨询仲裁", rules) is None
    assert refusal("咨询社保。仲裁已受理", rules) is rules[0]


def test_words_of_a_pack_are_text_and_not_patterns() -> None:
    rules = (EmergencyRule("119", ("火.*光",), ("(演",), "c"),)
    assert emergency("火光", rules) is None
    assert emergency("火.*光", rules) is not None
    assert emergency("火.*光(演练", rules) is None


@pytest.mark.parametrize("words", [(), ("",), ("着火+",), ("着火~",), ("着火||起火",), ("一+二+三+四+五",)])
def test_an_entry_that_says_nothing_or_too_much_is_a_fault_of_the_pack(words: tuple[str, ...]) -> None:
    with pytest.raises(PackFault):
        EmergencyRule("119", words, (), "c")
    with pytest.raises(PackFault):
        RefusalRule("x", "某事", "某处", words, "c")
    with pytest.raises(PackFault):
        Silence(words, Reach.TEXT)


def test_only_a_silence_that_looks_forward_can_end_before_its_sentence() -> None:
    with pytest.raises(PackFault, match="until"):
        Silence(("去年",), Reach.CLAUSE, ("现在",))


def written(rule: str) -> Policy:
    """The test county with further lines at the end of the nation's word tables."""
    name = where("acceptance.toml")
    return parse({**FILES, name: f"{FILES[name]}\n{rule}"})


def test_a_word_list_is_written_once_and_named_where_it_is_needed() -> None:
    lists = (
        '[[word_list]]\ncode = "craft"\nwords = ["飞艇", "气球"]\nclause = "x"\n'
        '[[word_list]]\ncode = "toys"\nreach = "clause"\nwords = ["玩具"]\nclause = "x"\n'
    )
    rule = written(f'{lists}{RULE}words = ["@craft~坠落"]\nunless = ["@toys", "@craft+模型"]\n').emergencies[
        -1
    ]
    assert rule.words == ("飞艇|气球~坠落",)
    assert rule.unless == ("飞艇|气球+模型",)
    assert emergency("气球坠落，买了玩具", (rule,)) is not None
    assert emergency("玩具气球坠落", (rule,)) is None
    assert emergency("气球坠落，是模型", (rule,)) is None


def test_a_city_that_writes_a_word_list_anew_changes_every_rule_that_names_it() -> None:
    before = parse(FILES)
    own = '[[word_list]]\ncode = "told"\nwords = ["彩排"]\nclause = "某县"\n'
    after = parse({**FILES, "county/acceptance.toml": own})
    text = "三楼着火了，是彩排"
    assert emergency(text, before.emergencies) is not None
    assert emergency(text, after.emergencies) is None


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('words = ["@nobody~坠落"]\n', "[[word_list]] 里没有“nobody”"),
        ('words = ["坠落"]\nunless = ["@nobody"]\n', "[[word_list]] 里没有“nobody”"),
        ('words = ["坠落@"]\n', "[[word_list]] 里没有“@”"),
        ('words = ["@perhaps"]\n', "不能当作一段词来用"),
        ('words = ["坠落~"]\n', "里有空的词"),
        ('words = ["坠落"]\n[[word_list]]\ncode = "past"\nwords = ["从前"]\nclause = "x"\n', "“past”重复"),
        (
            'words = ["坠落"]\n[[word_list]]\ncode = "bad"\nreach = "far"\nwords = ["远"]\nclause = "x"\n',
            "far",
        ),
        ('words = ["坠落"]\n[[word_list]]\ncode = "bad"\nwords = ["@past"]\nclause = "x"\n', "不能再写“@”"),
        (
            'words = ["坠落"]\n[[word_list]]\ncode = "bad"\nuntil = ["今"]\nwords = ["远"]\nclause = "x"\n',
            "until",
        ),
        ('words = ["坠落"]\n[[word_list]]\ncode = "bad"\nwords = ["远"]\n', "缺少 clause"),
    ],
)
def test_a_word_list_that_is_wrong_or_not_there_is_told_with_its_line(rule: str, told: str) -> None:
    with pytest.raises(PackFault) as caught:
        written(RULE + rule)
    assert told in caught.value.detail
    assert "acceptance.toml 第 " in caught.value.detail


def test_a_city_may_drop_a_word_list_only_when_nobody_names_it() -> None:
    with pytest.raises(PackFault, match="里没有“other”"):
        parse({**FILES, "county/acceptance.toml": 'drop = ["other"]\n'})


def test_every_refusal_and_every_line_cites_its_source() -> None:
    codes = [rule.code for rule in NATION.refusals]
    assert len(codes) == len(set(codes))
    assert all(rule.clause and rule.legal_path for rule in NATION.refusals)
    assert {rule.line for rule in NATION.emergencies} == {"110", "119", "120", "122"}


def test_very_long_text_is_read_to_its_end() -> None:
    assert emergency("路灯坏了，" * 20_000 + "。现在着火了", NATION.emergencies) is not None
    assert emergency("去年着火了，" * 20_000, NATION.emergencies) is None
    assert emergency("着火了，" * 20_000 + "担心着火了", NATION.emergencies) is not None
