"""Balancing of a table of flows to its rows, to the mix of its columns and to blocks of known size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def balance_pass(
    weight: Any, rows: Any, origin: Any, destination: Any, column: Any, factor: Any, row: Any, by_class: Any
) -> None:
    """One pass: ``row`` factors that meet ``rows``, then the sums ``by_class`` of origin and column that follow.

    The flow is ``weight[i, j] * row[i] * column[j] * factor[origin[i], destination[j]]``. ``weight`` float64 [I, J],
    ``rows, row`` float64 [I], ``column`` float64 [J], ``origin`` int64 [I], ``destination`` int64 [J], ``factor``
    float64 [A, B], ``by_class`` float64 [A, J]. ``row`` and ``by_class`` are written.
    """
    pull = column_pull(destination, column, factor)
    by_class[:, :] = 0.0
    for i in range(weight.shape[0]):
        row[i] = 0.0
        if rows[i] <= 0.0:
            continue
        a = origin[i]
        total = 0.0
        for j in range(weight.shape[1]):
            total += weight[i, j] * pull[a, j]
        if total <= 0.0:
            continue
        row[i] = rows[i] / total
        for j in range(weight.shape[1]):
            by_class[a, j] += weight[i, j] * row[i] * pull[a, j]


def column_pull(destination: Any, column: Any, factor: Any) -> Any:
    """``column[j] * factor[a, destination[j]]``: float64 [A, J]."""
    pull = np.empty((factor.shape[0], column.shape[0]))
    for a in range(factor.shape[0]):
        for j in range(column.shape[0]):
            pull[a, j] = column[j] * factor[a, destination[j]]
    return pull


def balance(
    weight: Any, rows: Any, origin: Any, destination: Any, group: Any, mix: Any, target: Any, iterations: Any
) -> Any:
    """See :func:`balanced_flows`; returns the flow, float64 [I, J]."""
    n_rows, n_columns = weight.shape
    row = np.zeros(n_rows)
    column = np.ones(n_columns)
    factor = np.ones(target.shape)
    by_class = np.empty((target.shape[0], n_columns))
    n_groups = 0
    for j in range(n_columns):
        n_groups = max(n_groups, group[j] + 1)
    for _ in range(iterations):
        balance_pass(weight, rows, origin, destination, column, factor, row, by_class)
        block = np.zeros(target.shape)
        sums = np.zeros(n_columns)
        for a in range(target.shape[0]):
            for j in range(n_columns):
                sums[j] += by_class[a, j]
                block[a, destination[j]] += by_class[a, j]
        for a in range(target.shape[0]):
            for b in range(target.shape[1]):
                if not math.isnan(target[a, b]) and block[a, b] > 0.0:
                    factor[a, b] *= target[a, b] / block[a, b]
        found = np.zeros(n_groups)
        wanted = np.zeros(n_groups)
        for j in range(n_columns):
            found[group[j]] += sums[j]
            wanted[group[j]] += mix[j]
        for j in range(n_columns):
            if sums[j] > 0.0:
                column[j] *= mix[j] * found[group[j]] / wanted[group[j]] / sums[j]
    balance_pass(weight, rows, origin, destination, column, factor, row, by_class)
    pull = column_pull(destination, column, factor)
    flow = np.empty((n_rows, n_columns))
    for i in range(n_rows):
        for j in range(n_columns):
            flow[i, j] = weight[i, j] * row[i] * pull[origin[i], j]
    return flow


column_pull = njit(cache=True, nogil=True)(column_pull)
balance_pass = njit(cache=True, nogil=True)(balance_pass)
balance = njit(cache=True, nogil=True)(balance)


def balanced_flows(
    weight: NDArray[np.float64],
    rows: NDArray[np.float64],
    origin: NDArray[np.int64],
    destination: NDArray[np.int64],
    group: NDArray[np.int64],
    mix: NDArray[np.float64],
    target: NDArray[np.float64],
    iterations: int = 100,
) -> NDArray[np.float64]:
    """Flows that meet ``rows`` exactly, and the mix of columns and the blocks as nearly as they agree: float64 [I, J].

    Iterative proportional fitting (Deming and Stephan 1940) by factors.

    Parameters
    ----------
    weight
        float64 [I, J], zero or more: flows before balancing.
    rows
        float64 [I], total of each row.
    origin, destination
        int64 [I], [J]: class of each row and column; ``target[origin, destination]`` is the total of a block.
    group, mix
        int64 [J], float64 [J]: inside a group the column totals are proportional to ``mix``.
    target
        float64 [A, B], NaN where the size of the block is unknown.
    iterations
        Number of passes, fixed, so that the result does not depend on a test of convergence.
    """
    n_rows, n_columns = weight.shape
    if rows.shape != (n_rows,) or origin.shape != (n_rows,):
        raise ValueError(f"rows and origin must have the shape ({n_rows},)")
    if destination.shape != (n_columns,) or group.shape != (n_columns,) or mix.shape != (n_columns,):
        raise ValueError(f"destination, group and mix must have the shape ({n_columns},)")
    if min(origin.min(), destination.min(), group.min()) < 0:
        raise ValueError("classes and groups must be zero or more")
    if origin.max() >= target.shape[0] or destination.max() >= target.shape[1]:
        raise ValueError("target has no row or column for a class")
    result: NDArray[np.float64] = balance(weight, rows, origin, destination, group, mix, target, int(iterations))
    return result
