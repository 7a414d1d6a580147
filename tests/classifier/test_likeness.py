"""Signals of sameness between two texts."""

import pytest

from classifier.likeness import Likeness, signals


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
