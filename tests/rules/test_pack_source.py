"""Whatever a person writes into a cell, the answer is a pack or a fault with its place (规则包表格)."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.errors import PackFault
from rules.policy import parse
from tests.packs import FILES

VALUES = ['""', "0", "-1", "1.5", "true", "[]", '["x"]', "[1]", "{}", "2026-01-01", "inf", '"９"', "[[]]"]
CELLS = [
    (file, number)
    for file in sorted(FILES)
    for number, line in enumerate(FILES[file].splitlines())
    if re.match(r"\w+ = [^\[]|\w+ = \[.*\]$", line)
]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(place=st.sampled_from(CELLS), value=st.sampled_from(VALUES))
def test_whatever_stands_in_a_cell_the_pack_is_taken_or_refused_with_a_place(
    place: tuple[str, int], value: str
) -> None:
    file, number = place
    lines = FILES[file].splitlines()
    lines[number] = f"{lines[number].split(' = ')[0]} = {value}"
    try:
        parse({**FILES, file: "\n".join(lines)})
    except PackFault as fault:
        assert all(re.match(r"[a-z0-9-]+/[a-z]+\.toml 第 \d+ 行：", each) for each in fault.facts["faults"])
