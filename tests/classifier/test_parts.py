"""What names of departments have in common, on invented names."""

import pytest

from classifier.parts import parts_of

NAMES = [
    "东山区城管局",
    "西山区城市管理局",
    "东山区环保局",
    "云川市西山区生态环境保护局",
    "东山区前街道办事处",
    "西山区后坡镇人民政府",
    "市城管局",
    "云川市供水公司",
    "南山区民政局",
]


def together(groups: list[int], *names: str) -> bool:
    return len({groups[NAMES.index(name)] for name in names}) == 1


def test_functions_are_found_behind_places_and_abbreviations() -> None:
    functions = parts_of(NAMES)[0].tolist()
    assert together(functions, "东山区城管局", "西山区城市管理局", "市城管局")
    assert together(functions, "东山区环保局", "云川市西山区生态环境保护局")
    assert together(functions, "东山区前街道办事处", "西山区后坡镇人民政府")
    assert not together(functions, "东山区城管局", "东山区环保局")


def test_districts_gather_their_own_and_leave_out_those_that_stand_alone() -> None:
    _, areas, hops = (part.tolist() for part in parts_of(NAMES))
    assert together(areas, "东山区城管局", "东山区环保局", "东山区前街道办事处")
    assert together(areas, "市城管局", "云川市供水公司", "南山区民政局")
    assert not together(areas, "东山区城管局", "西山区城市管理局")
    assert together(hops, "东山区城管局", "东山区环保局")
    assert not together(hops, "市城管局", "云川市供水公司")


def test_what_one_district_keeps_apart_stays_apart() -> None:
    names = ["东山区住建局", "东山区住房和城乡建设局", "西山区住建局"]
    functions = parts_of(names)[0].tolist()
    assert functions[0] == functions[2] != functions[1]


@pytest.mark.parametrize(
    "names", [[], ["教育", "交通运输"], ["东山区城管局", "市民政局"], ["区", "小区", "景区"]]
)
def test_names_without_a_shared_district_have_no_parts(names: list[str]) -> None:
    assert parts_of(names) == []
