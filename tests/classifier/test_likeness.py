"""Signals of sameness between two texts."""

from dataclasses import replace

import pytest

from classifier.likeness import Likeness, compare, compare_many, in_common, keys, prepare, signals
from classifier.words import word_code
from rules.repeats import Shared, Signs


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("小区停水！", "小区 停水", Likeness(True, 1.0, 1.0)),
        ("ＡＢ路漏水", "ab路漏水。", Likeness(True, 1.0, 1.0)),
        ("停水", "噪音", Likeness(False, 0.0, 0.0)),
        ("小区停水", "小区停电", Likeness(False, 4 / 6, 2 / 3)),
        ("停水了", "昨天停水了", Likeness(False, 4 / 6, 1.0)),
        ("水", "水管", Likeness(False, 0.0, 0.0)),
        ("", "停水", Likeness(False, 0.0, 0.0)),
        ("", "  ", Likeness(False, 0.0, 0.0)),
        ("。！", "？", Likeness(False, 0.0, 0.0)),
        ("\ud800停水", "停水\x00", Likeness(True, 1.0, 1.0)),
    ],
)
def test_two_texts_give_their_signals_in_either_order(a: str, b: str, expected: Likeness) -> None:
    assert signals(a, b) == signals(b, a)
    found = signals(a, b)
    assert found.identical is expected.identical
    assert found.dice == pytest.approx(expected.dice)
    assert found.overlap == pytest.approx(expected.overlap)


def test_a_retelling_is_nearer_than_another_matter() -> None:
    told = "望江小区门口烧烤摊每晚油烟噪音扰民"
    again = signals(told, "望江小区烧烤摊油烟和噪音还是没人管")
    other = signals(told, "望江小区停水三天物业不回复")
    assert again.dice > 2 * other.dice


# --- By words and rare pairs --------------------------------------------------------------------------------

FEE = (
    "听橹家园物业乱收停车费",
    "我是听橹家园的业主，物业从上月起每月多收一百元停车费，没有任何公示，请查处。",
)
FEE_AGAIN = ("停车费涨价不公示", "听橹家园的停车费突然涨了一百元，物业不公示，也不开发票。")
FEE_ELSEWHERE = ("望江小区物业乱收停车费", FEE[1].replace("听橹家园", "望江小区"))
BUS = ("", "205路公交车等了一个小时没有来")
OPENING = ("", "听橹家园停水")


def signs(a: tuple[str, str], b: tuple[str, str]) -> Signs:
    one, other = prepare(*a), prepare(*b)
    found = compare(one, other)
    assert compare(other, one) == approximately(found)
    return found


def approximately(told: Signs) -> Signs:
    figures = {name: pytest.approx(getattr(told, name), abs=1e-9) for name in ("subject", "retold", "rare")}
    return replace(told, **figures)


@pytest.mark.parametrize("text", [FEE, FEE_AGAIN, BUS, ("停", ""), ("", "ok"), ("路灯不亮", "路灯不亮")])
def test_a_text_is_wholly_like_itself_whatever_its_commas(text: tuple[str, str]) -> None:
    found = signs(text, (text[0].replace("，", " "), text[1].replace("，", "！ ")))
    assert (found.identical, found.subject, found.retold, found.elsewhere) == (True, 1.0, 1.0, False)


@pytest.mark.parametrize("text", [FEE, ("", ""), (" ", "\n。！"), ("", "[姓名][手机号]"), ("\ud800", "\x00")])
@pytest.mark.parametrize("blank", [("", ""), ("  ", "。？"), ("", "[姓名]")])
def test_blank_texts_are_like_nothing_not_even_each_other(
    text: tuple[str, str], blank: tuple[str, str]
) -> None:
    assert signs(text, blank) == Signs()


def test_the_figures_stay_within_their_bounds() -> None:
    for a in (FEE, FEE_AGAIN, FEE_ELSEWHERE, BUS, OPENING, ("a", ""), ("𠮷" * 900, "b" * 2000)):
        for b in (FEE, BUS, OPENING, ("a", "一"), ("𠮷", "")):
            found = signs(a, b)
            assert 0 <= found.subject <= 1 and 0 <= found.retold <= 1 and found.rare >= 0


def test_a_name_that_no_dictionary_has_counts_for_more_than_common_words() -> None:
    same, other = signs(FEE, FEE_AGAIN), signs(FEE, BUS)
    assert same.rare > 5 and other.rare == 0
    assert same.subject > 3 * other.subject


def test_the_same_words_about_another_estate_are_seen_to_be_elsewhere() -> None:
    copied = signs(FEE, FEE_ELSEWHERE)
    assert copied.elsewhere and copied.subject > 0.6
    assert not signs(FEE, FEE_AGAIN).elsewhere


def test_a_place_named_later_in_the_other_text_is_not_elsewhere() -> None:
    assert not signs(("望江小区停水", ""), ("人民东路停水", "人民东路一带停水，望江小区也停了")).elsewhere
    assert signs(("望江小区停水", ""), ("人民东路停水", "人民东路一带停水")).elsewhere


def test_without_a_title_the_opening_stands_for_it() -> None:
    opening = prepare("", OPENING[1] + "，" + "物业一直没有说法，" * 20)
    assert opening.lead.sum() == pytest.approx(1)
    assert opening.named == {"听橹家园"}
    assert compare(opening, prepare(*OPENING)).retold > 0.5


def test_only_the_first_800_characters_are_read() -> None:
    filler = "。" * 2_000
    assert compare(prepare("", f"停水{filler}一"), prepare("", f"停水{filler}二")).identical
    assert not compare(prepare("", "停水。一"), prepare("", "停水。二")).identical


def test_what_masking_left_is_no_likeness() -> None:
    found = signs(("", "[姓名]来电 [手机号] 停水"), ("", "[姓名]来电 [手机号] 噪音"))
    assert found.rare == 0
    assert prepare("", "[姓名]停水[手机号]").letters == "停水"


def test_many_at_once_are_the_same_as_one_by_one_and_keep_their_order() -> None:
    text = prepare(*FEE)
    others = [prepare(*each) for each in (BUS, ("", ""), FEE, FEE_AGAIN, FEE_ELSEWHERE, ("", "好"))]
    together = compare_many(text, others)
    assert together == [approximately(compare(text, other)) for other in others]
    assert [each.identical for each in together] == [False, False, True, False, False, False]
    assert compare_many(text, []) == []
    assert compare_many(prepare("", ""), others) == [Signs()] * len(others)


def test_what_both_share_is_told_in_whole_names_and_without_echoes() -> None:
    shared = in_common(prepare(*FEE), prepare(*FEE_AGAIN))
    assert shared.places == ("听橹家园",)
    assert "停车费" in shared.words and len(shared.words) == 3
    assert not any(word in "听橹家园" for word in shared.words)
    assert in_common(prepare(*FEE), prepare(*BUS)) == Shared()


@pytest.mark.parametrize(
    ("a", "b", "place"),
    [
        ("住在人民东路", "位于人民东路的", "人民东路"),
        ("人民东路", "人民东路", "人民东路"),
        ("新人民东路", "老人民东路", "人民东路"),
        ("大听橹家园", "小听橹家园", "听橹家园"),
    ],
)
def test_a_place_is_named_as_far_as_both_name_it(a: str, b: str, place: str) -> None:
    assert in_common(prepare("", a), prepare("", b)).places == (place,)


def test_keys_are_the_same_in_every_process_and_lead_one_telling_to_another() -> None:
    found = dict(keys(prepare(*FEE)))
    assert found.keys() & dict(keys(prepare(*FEE_AGAIN))).keys()
    assert all(-(2**63) <= key < 2**63 and weight > 0 for key, weight in found.items())
    assert keys(prepare("", "")) == []
    assert dict(keys(prepare("", "停水")))[word_code("停水")] > 0
    assert word_code("停水") == -4789159299883183642  # a database keeps these numbers
