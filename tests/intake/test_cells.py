"""Numbers that a table program has rounded are refused, as they name nothing any more (单元格)."""

import pytest

from intake.cells import whole_number
from rules.errors import BadInput


@pytest.mark.parametrize("cell", ["9.99001E+20", " 2.02611e+17 ", "1E+20"])
def test_a_rounded_number_is_refused(cell):
    with pytest.raises(BadInput, match="末几位已经丢失"):
        whole_number(cell, "上级编号")


@pytest.mark.parametrize("cell", ["", "SJ-0001", "999001202611280000014", "1E5", "2026.11", "E+1"])
def test_any_other_number_is_taken_as_it_stands(cell):
    assert whole_number(f" {cell} ", "上级编号") == cell
