"""One number, one way to write it; all numbers are invented."""

import pytest

from intake.phone import normal_phone
from rules.errors import BadInput


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("13812345678", "13812345678"),
        (13812345678, "13812345678"),
        (" 138 1234 5678 ", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("+86-13812345678", "13812345678"),
        ("0086 13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("013812345678", "13812345678"),
        ("0999-5123456", "09995123456"),
        ("(0999)5123456", "09995123456"),
        ("（0999） 51234567", "099951234567"),
        ("+86 999 5123456", "09995123456"),
        ("+86 10 51234567", "01051234567"),
        ("010-5123-4567", "01051234567"),
        ("0999-5123456-801", "09995123456x801"),
        ("0999-5123456转801", "09995123456x801"),
        ("0999-5123456 ext. 801", "09995123456x801"),
        ("5123456", "5123456"),
        ("400-123-4567", "4001234567"),
        ("+852 5123 4567", "+85251234567"),
        ("00852 51234567", "+85251234567"),
    ],
)
def test_every_way_to_write_a_number_gives_one(written: object, normal: str) -> None:
    assert normal_phone(written) == normal
    assert normal_phone(normal) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "无",
        "123",
        "12345",
        "1381234567",
        "138123456789",
        "138****5678",
        "1381234567a",
        "٠١٢٣٤٥٦٧٨٩٠",
        "1" * 500,
        "x801",
        "00",
        "+",
        "-",
        "转801",
        True,
        3.5,
        None,
        ["13812345678"],
    ],
)
def test_what_is_no_number_is_refused_with_a_hint(written: object) -> None:
    with pytest.raises(BadInput) as caught:
        normal_phone(written)
    assert caught.value.advice
