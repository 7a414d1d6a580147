"""How parts are weighed and joined: by what helps on unseen rows, and the same before and after stacking."""

import numpy as np
from scipy.sparse import random as sparse_random

from classifier.head import Weights, joined
from classifier.mixing import add_up, mixed, stacked
from classifier.ngrams import Rows


def told(gold: np.ndarray, groups: int, noise: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    scores = draw.normal(0, noise, (len(gold), groups)).astype(np.float32)
    scores[np.arange(len(gold)), gold] += 1
    return scores


def test_a_part_that_knows_more_says_more() -> None:
    gold = np.random.default_rng(3).integers(0, 6, 4_000)
    parts = [np.arange(6), np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])]
    said = [told(gold, 6, 1.0, 1), told(parts[1][gold], 2, 0.2, 2), told(parts[2][gold], 3, 5.0, 3)]
    mix = mixed(said, parts, gold)
    assert mix.sum() == 1.0 or abs(mix.sum() - 1) < 1e-9
    assert mix[1] > mix[0] > mix[2]
    alone = (said[0].argmax(axis=1) == gold).mean()
    assert (add_up(said, parts, mix).argmax(axis=1) == gold).mean() > alone + 0.05


def test_a_label_keeps_a_voice_of_its_own_and_a_useless_part_has_none() -> None:
    gold = np.random.default_rng(4).integers(0, 4, 2_000)
    parts = [np.arange(4), np.arange(4)]
    useless = np.random.default_rng(5).normal(0, 1, (2_000, 4)).astype(np.float32)
    assert mixed([told(gold, 4, 0.1, 6), useless], parts, gold).tolist() == [1.0, 0.0]
    assert mixed([useless, told(gold, 4, 0.1, 7)], parts, gold)[0] >= 0.05


def test_one_part_needs_no_mix() -> None:
    assert mixed([np.zeros((3, 2), np.float32)], [np.arange(2)], np.zeros(3, np.int64)).tolist() == [1.0]


def test_a_label_that_was_never_seen_loses_without_spoiling_the_others() -> None:
    gold = np.array([0, 1, 0, 1] * 50)
    own = told(gold, 3, 0.3, 8)
    own[:, 2] = -np.inf
    parts = [np.arange(3), np.array([0, 1, 1])]
    mix = mixed([own, told(parts[1][gold], 2, 0.3, 9)], parts, gold)
    assert np.all(np.isfinite(mix))
    assert 2 not in add_up([own, told(parts[1][gold], 2, 0.3, 9)], parts, mix).argmax(axis=1)


def machine(features: int, groups: int, seed: int) -> Weights:
    made = sparse_random(features, groups, 0.4, "csr", random_state=seed)
    bias = np.linspace(-1, 1, groups).astype(np.float32)
    return Weights(
        made.indptr.astype(np.int64), made.indices.astype(np.int32), made.data.astype(np.float32), bias
    )


def test_stacked_machines_say_what_the_single_ones_said() -> None:
    parts = [np.arange(6), np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])]
    machines = [machine(20, 6, 1), machine(20, 2, 2), machine(20, 3, 3)]
    rows = Rows(np.array([0, 3, 3, 5]), np.array([1, 4, 7, 0, 19]), np.ones(5, np.float32))
    mix = np.array([0.5, 0.0, 0.5])
    weights, which = stacked(machines, parts, mix)
    assert which.shape == (2, 6)
    apart = add_up([each.scores(rows).astype(np.float32) for each in machines], parts, mix)
    np.testing.assert_allclose(joined(weights.scores(rows), which), apart, atol=2e-3)  # half precision
