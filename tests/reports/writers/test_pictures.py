"""Charts as geometry: lengths in percent, round lines, names that fit."""

import pytest

from reports.writers import content, pictures
from reports.writers.shape import Chart
from tests.reports import documents


def chart(document, code):
    sections = content.paper(document).sections
    return next(p for s in sections for p in s.parts if isinstance(p, Chart) and p.code == code)


def test_a_rate_is_drawn_out_of_a_hundred_with_its_counts_beside():
    document = documents.week()
    drawn = pictures.bars(chart(document, "ranking"))
    row = max((r for r in document["tables"][0]["rows"] if r["rank"]), key=lambda r: r["rank"])
    rate = row["rates"]["on_time_rate"]
    last = drawn[-1]
    assert last.said == f"{rate['percent']}%"
    assert last.beside == f"{rate['numerator']}/{rate['denominator']}"
    assert float(last.length) == float(rate["percent"])


def test_a_count_is_drawn_out_of_the_greatest():
    drawn = pictures.bars(chart(documents.week(), "types"))
    assert drawn[0].length == "100"
    assert all(float(each.length) <= 100 for each in drawn)


def test_days_stand_side_by_side_inside_the_picture():
    drawn = pictures.pillars(chart(documents.week(), "days"))
    assert drawn.names == ("受理", "单位办结")
    assert len(drawn.pillars) == 14
    assert max(float(each.left) + float(each.width) for each in drawn.pillars) <= 100
    assert max(float(each.height) for each in drawn.pillars) <= 100


def test_thirty_days_name_some_and_write_no_values():
    drawn = pictures.pillars(chart(documents.month(), "days"))
    assert len(drawn.labels) <= 8
    assert not any(each.named for each in drawn.pillars)


@pytest.mark.parametrize(("most", "step"), [(1, 1), (4, 1), (5, 2), (20, 5), (146, 50), (2000, 500)])
def test_lines_stand_at_round_numbers(most, step):
    assert pictures._step(most) == step
