"""Function, area and department joined into one score (分部合成): how much each part says is learnt on unseen rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from classifier.head import Scores, Weights

_Groups = Sequence[NDArray[np.int64]]
_Columns = Sequence[NDArray[np.float32]]
#: What a label that a machine never saw scores while parts are weighed against each other: clearly below all others.
_NEVER = -2.0
#: A part that says less than this share of the whole is left out.
_LITTLE = 0.02
#: The department itself always says at least this share: parts alone cannot tell sisters apart.
_OWN = 0.1


def mixed(said: _Columns, parts: _Groups, gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much each part says, 0 to 1 and together 1, by the likelihood of the right labels of unseen rows.

    `said` has for each part the scores of its groups (rows x groups), `parts` the group of every label.
    """
    if len(parts) == 1:
        return np.ones(1)
    rows = np.arange(len(gold))
    each = [np.maximum(columns, _NEVER)[:, part] for columns, part in zip(said, parts, strict=True)]
    right = [scores[rows, gold] for scores in each]

    def loss(mix: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        summed = sum(weight * scores for weight, scores in zip(mix, each, strict=True))
        raised = np.exp(summed - summed.max(axis=1, keepdims=True))
        shares = raised / raised.sum(axis=1, keepdims=True)
        slope = [
            float((np.einsum("ij,ij->i", shares, s) - own).mean()) for s, own in zip(each, right, strict=True)
        ]
        return float(-np.log(shares[rows, gold] + 1e-12).mean()), np.array(slope)

    found = minimize(
        loss, np.full(len(parts), 2.0), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(parts)
    )
    mix = found.x / max(float(found.x.sum()), 1e-9)
    mix[mix < _LITTLE] = 0.0
    mix[0] = max(mix[0], _OWN)
    return np.asarray(mix / mix.sum())


def add_up(said: _Columns, parts: _Groups, mix: NDArray[np.float64]) -> Scores:
    """The scores of the labels (rows x labels)."""
    summed = np.zeros((len(said[0]), len(parts[0])))
    for columns, part, weight in zip(said, parts, mix.tolist(), strict=True):
        if weight:
            summed += weight * columns[:, part]
    return summed


def stacked(
    machines: Sequence[Weights], parts: _Groups, mix: NDArray[np.float64]
) -> tuple[Weights, NDArray[np.int32]]:
    """The machines of the parts side by side, each weight times what its part says; and which columns each label sums."""
    used = [at for at, weight in enumerate(mix.tolist()) if weight]
    owners, columns, values, biases, joined = [], [], [], [], []
    width = 0
    for at in used:
        machine = machines[at]
        owners.append(np.repeat(np.arange(len(machine.starts) - 1), np.diff(machine.starts)))
        columns.append(machine.columns + width)
        values.append(machine.values * np.float32(mix[at]))
        biases.append(machine.bias * np.float32(mix[at]))
        joined.append(parts[at] + width)
        width += len(machine.bias)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(machines[0].starts)))
    weights = Weights(
        starts.astype(np.int64),
        np.concatenate(columns)[order].astype(np.int32),
        # Half precision is how a bundle keeps them: what was measured is what is read back.
        np.concatenate(values)[order].astype(np.float16).astype(np.float32),
        np.concatenate(biases),
    )
    return weights, np.array(joined, np.int32)
