"""Whole numbers that meet margins: largest remainder, choice of the top, raking of household types."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zemsim.population.inputs import Bools, Floats, Ints


def largest_remainder(weights: ArrayLike, total: int) -> Ints:
    """Whole numbers proportional to ``weights`` that add up to ``total`` (Hare quota, ties to the lowest position)."""
    shares = np.asarray(weights, dtype=np.float64)
    if total == 0:
        return np.zeros(shares.shape, dtype=np.int64)
    if not np.all(shares >= 0.0) or not shares.sum() > 0.0:
        raise ValueError("weights must be zero or more, and one of them above zero")
    quota = shares / shares.sum() * total
    whole: Ints = np.floor(quota).astype(np.int64)
    order = np.argsort(-(quota - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def rank_in_group(score: Floats, group: NDArray[np.integer]) -> Ints:
    """Rank 0, 1, ... by falling score inside each group (ties to the lowest position): int64 [n]."""
    order = np.lexsort((-score, group))
    sorted_group = group[order]
    first = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]]) if order.size else order
    starts = np.repeat(first, np.diff(np.r_[first, order.size]))
    ranks = np.empty(order.size, dtype=np.int64)
    ranks[order] = np.arange(order.size) - starts
    return ranks


def take_top(score: Floats, group: NDArray[np.integer], quota: ArrayLike) -> Bools:
    """The ``quota[g]`` members of each group ``g`` with the highest score: bool [n]."""
    chosen: Bools = rank_in_group(score, group) < np.asarray(quota)[group]
    return chosen


def logistic(u: Floats) -> Floats:
    """Standard logistic noise from uniform numbers."""
    return np.log(u / (1.0 - u))


def logit(p: ArrayLike) -> Floats:
    """Log odds of a share."""
    values = np.asarray(p, dtype=np.float64)
    return np.log(values / (1.0 - values))


def shift_logit(shares: Floats, weights: Floats, target: float) -> Floats:
    """Move ``shares`` by one constant on the logit scale until their weighted mean is ``target``."""
    low, high = -20.0, 20.0
    base = logit(shares)
    for _ in range(80):
        middle = 0.5 * (low + high)
        mean = float((weights / (1.0 + np.exp(-(base + middle)))).sum() / weights.sum())
        low, high = (middle, high) if mean < target else (low, middle)
    return 1.0 / (1.0 + np.exp(-(base + 0.5 * (low + high))))


def rake_types(
    seed_weights: Floats, members: Ints, band_totals: Floats, size_shares: Floats, iterations: int = 400
) -> Floats:
    """Weights of household types that meet persons by age band and households by size.

    Iterative proportional updating: each margin in turn scales the weights of the types that contribute to it, by the
    ratio of target and sum to the power of the contribution over its largest; age bands come last.

    Parameters
    ----------
    seed_weights
        float64 [T], above zero.
    members
        int64 [T, B], members of a household of each type by age band.
    band_totals
        float64 [M, B], persons by municipality.
    size_shares
        float64 [S], households of 1, 2, ... persons; the last share is for that size and above.

    Returns
    -------
    float64 [M, T] households.
    """
    sizes = members.sum(axis=1)
    size_class = np.minimum(sizes, size_shares.size) - 1
    of_class = np.zeros((sizes.size, size_shares.size))
    of_class[np.arange(sizes.size), size_class] = 1.0
    power = members / members.max(axis=0)
    weights = np.repeat(seed_weights[None, :], band_totals.shape[0], axis=0)
    weights *= (band_totals.sum(axis=1) / (weights * sizes).sum(axis=1))[:, None]
    for _ in range(iterations):
        class_sums = np.stack([weights[:, size_class == s].sum(axis=1) for s in range(size_shares.size)], axis=1)
        target = weights.sum(axis=1)[:, None] * size_shares
        weights *= (target / class_sums)[:, size_class]
        for band in range(members.shape[1]):
            total = (weights * members[:, band]).sum(axis=1)
            weights *= (band_totals[:, band] / total)[:, None] ** power[:, band]
    return weights
