"""Twins stay together, folds are even, and equal data has equal fingerprints."""

import numpy as np
import pytest

from classifier.groups import assign_folds, fingerprint, group_rows

STORY = "昨天晚上十点多小区门口的烧烤摊又开始营业油烟直接飘进家里窗户都不敢开"


@pytest.mark.parametrize(
    ("one", "two", "together"),
    [
        ("停水三天", "停水3天", False),  # a digit does not count, a word for it does
        ("停水，工单号 123", "停水工单号999", True),
        (STORY + "请城管处理", STORY + "希望核实", True),
        ("您好" + STORY, "再次来电" + STORY, True),
        (STORY, "小区停水", False),
        ("12345", "67890", False),
    ],
)
def test_near_twins_share_a_group(one: str, two: str, together: bool) -> None:
    groups = group_rows([one, two])
    assert (groups[0] == groups[1]) is np.bool_(together)


def test_given_groups_add_to_those_found_by_text() -> None:
    texts = ["停水", "停电", "停水", "停气", "修路"]
    groups = group_rows(texts, ["a", "a", "b", "", " "])
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_no_rows_no_groups() -> None:
    assert group_rows([]).tolist() == []


def test_folds_keep_groups_whole_and_nearly_even() -> None:
    groups = np.array([0] * 30 + list(range(1, 71)))
    folds = assign_folds(groups, 3, seed=1)
    assert len(set(folds[:30].tolist())) == 1
    assert np.ptp(np.bincount(folds)) <= 1
    assert (folds == assign_folds(groups, 3, seed=1)).all()
    assert (folds != assign_folds(groups, 3, seed=2)).any()


def test_the_fingerprint_ignores_order_but_no_cell() -> None:
    rows = [("停水", "供水公司"), ("欠薪", "人社局")]
    assert fingerprint(rows) == fingerprint(rows[::-1])
    assert fingerprint(rows) != fingerprint([("停水", "供水公司"), ("欠薪", "教育局")])
    assert fingerprint(rows) != fingerprint([*rows, rows[0]])
