"""Places of the pack found in a text."""

import pytest

from classifier.place import Area, Gazetteer, spots
from rules.errors import BadInput

AREAS = [
    Area("01", "青石街道", ("青石",)),
    Area("02", "青石桥社区"),
    Area("03", "北桥镇", ("北桥",)),
    Area("04", "中心社区"),
    Area("05", "中心社区"),
    Area("06", "Ａ区广场"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("青石街道停水", [("青石街道", ("01",))]),
        ("住在青石桥社区，不是青石", [("青石桥社区", ("02",)), ("青石", ("01",))]),
        ("北桥北桥镇", [("北桥", ("03",)), ("北桥镇", ("03",))]),
        ("中心社区漏水", [("中心社区", ("04", "05"))]),
        ("在 a区 广场", [("a区 广场", ("06",))]),
        ("ａ区广场", [("ａ区广场", ("06",))]),
        ("青", []),
        ("", []),
        ("\ud800㈱别处", []),
    ],
)
def test_the_longest_name_wins_and_spans_fit_the_text(
    text: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    mentions = Gazetteer(AREAS).find(text)
    assert [(text[m.start : m.end], m.codes) for m in mentions] == found


def test_characters_that_unfold_do_not_move_the_span() -> None:
    (mention,) = Gazetteer(AREAS).find("㈱㈱青石街道")
    assert (mention.start, mention.end) == (2, 6)


def test_no_areas_no_places() -> None:
    assert Gazetteer([]).find("青石街道") == ()


@pytest.mark.parametrize("name", ["", " ", "青", "青 "])
def test_a_name_too_short_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match="07"):
        Gazetteer([Area("07", "好名字", (name,))])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("听橹家园停水", {"听橹家园"}),
        ("阳光听橹家园停水", {"听橹家园"}),
        ("住在人民东路，不是北桥镇", {"民东路", "是北桥", "北桥镇"}),
        ("修马路、走公路、在农村", set()),
        ("小区停水", set()),
        ("街道", set()),
        ("望江小区和望江小区", {"望江小区"}),
        ("", set()),
    ],
)
def test_spots_are_places_by_their_last_letters(text: str, found: set[str]) -> None:
    assert spots(text) == found
