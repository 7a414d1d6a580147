"""Ticket numbers (编号): shape and check digit."""

import pytest

from rules.numbers import check_digit, compose, is_sound


@pytest.mark.parametrize(
    ("digits", "check"),
    [("0794", "5"), ("", "1"), ("1", "9")],  # 0794|5 is the worked example of ISO 7064 MOD 11,10
)
def test_the_check_digit_is_iso_7064_mod_11_10(digits, check):
    assert check_digit(digits) == check


def test_a_number_is_area_day_sequence_and_check_digit():
    number = compose("999001", "20261122", 17)
    assert number[:20] == "99900120261122000017"
    assert len(number) == 21
    assert is_sound(number)


def test_the_sequence_may_outgrow_six_digits():
    number = compose("999001", "20261122", 1_234_567)
    assert len(number) == 22
    assert is_sound(number)


def test_every_single_wrong_digit_is_noticed():
    number = compose("999001", "20261122", 4711)
    for place in range(len(number)):
        for digit in "0123456789":
            changed = number[:place] + digit + number[place + 1 :]
            assert is_sound(changed) == (changed == number)


@pytest.mark.parametrize(
    "wrong", ["", "12", "9990012026112200001x", "９９９００１２０２６１１２２００００１７１"]
)
def test_what_has_not_the_shape_is_no_number(wrong):
    assert not is_sound(wrong)
