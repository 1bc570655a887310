"""Traffic in user equilibrium by gradient projection on paths.

The time of a link under flow x is ``base + rise * (x / capacity) ** power`` (the volume-delay function of the Bureau of
Public Roads, 1964, with what is constant in ``base``). A class of vehicles adds a fixed cost of its own to each link
(tolls over its value of time), in the same unit. Flows are in passenger-car units. Then the flows at which no used path
costs more than another of its pair (Wardrop, 1952) minimise

    sum over links of: integral of time from 0 to x, plus sum over classes of fixed cost * flow of the class

(Beckmann, McGuire, Winsten, 1956). Method: for each pair, flow goes from every used path to its cheapest one, by a
Newton step on the difference of their costs over the links that they do not share; link times follow at once, so each
pair sees what the pairs before it did (Jayakrishnan, Tsai, Prashker, Rajadhyaksha, 1994; Florian, Constantin, Florian,
2009). A step that overshoots is taken back inside its bracket.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import LEAN
from zemsim.kernels.path_store import PathStore

#: A step is final when the difference of costs is at most this share of what it was before.
_ACCURACY = 0.25
#: Trials of one step.
_TRIALS = 6
#: Share of a pair's demand below which the rest of a path's flow goes, too.
_DUST = 1e-13
#: Share of capacity below which the slope of a function with a power below 1, infinite at 0, is not looked at.
_LEAST_SATURATION = 1e-9
#: Powers up to this that are whole numbers are taken by multiplication.
_WHOLE_POWERS = 32


class Delay(NamedTuple):
    """Volume-delay functions of L links, float64 [L] each: ``base + rise * (flow * per_capacity) ** power``.

    ``rise`` is 0 where time does not depend on flow; ``base`` is ``inf`` where a link is closed.
    """

    base: NDArray[np.float64]
    rise: NDArray[np.float64]
    per_capacity: NDArray[np.float64]
    power: NDArray[np.float64]


class Links(NamedTuple):
    """Links under flow.

    Attributes
    ----------
    delay : Delay
    fixed : float64 [classes, L]
    flow : float64 [L]
        Of all classes, in passenger-car units.
    cost : float64 [classes, L]
        Time and fixed cost at ``flow``.
    slope : float64 [L]
        Derivative of time by flow.
    mark : int64 [L]
        Work space: which path a link was last seen on.
    """

    delay: Delay
    fixed: NDArray[np.float64]
    flow: NDArray[np.float64]
    cost: NDArray[np.float64]
    slope: NDArray[np.float64]
    mark: NDArray[np.int64]


def _power(base: float, exponent: float) -> float:
    """``base ** exponent`` for a base and an exponent of zero or more; the same bits everywhere if whole."""
    if exponent == 4.0:
        square = base * base
        return square * square
    if exponent == math.floor(exponent) and exponent <= _WHOLE_POWERS:
        result = 1.0
        for _ in range(int(exponent)):
            result *= base
        return result
    return math.pow(base, exponent)


def link_time(link: int, flow: float, delay: Delay) -> float:
    """Time of a link under a flow of zero or more."""
    if delay.rise[link] == 0.0:
        return float(delay.base[link])
    return float(delay.base[link] + delay.rise[link] * _power(flow * delay.per_capacity[link], delay.power[link]))


def link_slope(link: int, flow: float, delay: Delay) -> float:
    """Derivative of :func:`link_time` by flow; for a power below 1 not looked at below a least flow."""
    if delay.rise[link] == 0.0:
        return 0.0
    power, per_capacity = float(delay.power[link]), float(delay.per_capacity[link])
    if power == 1.0:
        return float(delay.rise[link] * per_capacity)
    saturation = flow * per_capacity
    if power > 1.0:
        return float(delay.rise[link] * power * per_capacity * _power(saturation, power - 1.0))
    return float(delay.rise[link] * power * per_capacity * math.pow(max(saturation, _LEAST_SATURATION), power - 1.0))


def link_integral(link: int, flow: float, delay: Delay) -> float:
    """Integral of :func:`link_time` from 0 to ``flow``; 0 without flow, also on a closed link."""
    if flow == 0.0:
        return 0.0
    constant = float(delay.base[link] * flow)
    if delay.rise[link] == 0.0:
        return constant
    power = delay.power[link]
    return float(constant + delay.rise[link] * flow * _power(flow * delay.per_capacity[link], power) / (power + 1.0))


def refresh(links: Links) -> None:
    """Fill cost and slope of every link from its flow."""
    for link in range(links.flow.size):
        _set_flow(link, links.flow[link], links)


def _set_flow(link: int, flow: float, links: Links) -> None:
    """Give a link a flow, and what follows from it."""
    links.flow[link] = flow
    time = link_time(link, flow, links.delay)
    for k in range(links.fixed.shape[0]):
        links.cost[k, link] = time + links.fixed[k, link]
    links.slope[link] = link_slope(link, flow, links.delay)


def functions_of_flow(
    delay: Delay,
    flow: NDArray[np.float64],
    time: NDArray[np.float64],
    slope: NDArray[np.float64],
    integral: NDArray[np.float64],
) -> None:
    """Fill time, its derivative and its integral for all links, [L] each."""
    for link in range(flow.size):
        time[link] = link_time(link, flow[link], delay)
        slope[link] = link_slope(link, flow[link], delay)
        integral[link] = link_integral(link, flow[link], delay)


def _split(
    path: int,
    other: int,
    head: int,
    tail: int,
    stamp: int,
    store: PathStore,
    cost: NDArray[np.float64],
    links: Links,
) -> tuple[float, float]:
    """Mark the links of two paths by whose they are; return their difference of cost and the sum of slopes.

    Links of ``other`` alone are marked ``stamp``, shared ones ``stamp + 1``. The first ``head`` and the last ``tail``
    links are shared and not looked at.
    """
    gain, slope = 0.0, 0.0
    for i in range(store.link_start[other] + head, store.link_start[other + 1] - tail):
        links.mark[store.links[i]] = stamp
    for i in range(store.link_start[path] + head, store.link_start[path + 1] - tail):
        link = store.links[i]
        if links.mark[link] == stamp:
            links.mark[link] = stamp + 1
        else:
            gain += cost[link]
            slope += links.slope[link]
    for i in range(store.link_start[other] + head, store.link_start[other + 1] - tail):
        link = store.links[i]
        if links.mark[link] == stamp:
            gain -= cost[link]
            slope += links.slope[link]
    return gain, slope


def _move(
    amount: float,
    path: int,
    other: int,
    head: int,
    tail: int,
    stamp: int,
    store: PathStore,
    cost: NDArray[np.float64],
    links: Links,
) -> tuple[float, float]:
    """Move flow from ``path`` to ``other`` on the links that they do not share; return the new gain and slope."""
    gain, slope = 0.0, 0.0
    for i in range(store.link_start[path] + head, store.link_start[path + 1] - tail):
        link = store.links[i]
        if links.mark[link] != stamp + 1:
            _set_flow(link, max(0.0, links.flow[link] - amount), links)
            gain += cost[link]
            slope += links.slope[link]
    for i in range(store.link_start[other] + head, store.link_start[other + 1] - tail):
        link = store.links[i]
        if links.mark[link] == stamp:
            _set_flow(link, max(0.0, links.flow[link] + amount), links)
            gain -= cost[link]
            slope += links.slope[link]
    return gain, slope


def _balance(
    path: int,
    other: int,
    head: int,
    tail: int,
    stamp: int,
    store: PathStore,
    cost: NDArray[np.float64],
    links: Links,
) -> float:
    """Move flow from a path to a cheaper one until they cost about the same; return how much was moved."""
    gain, slope = _split(path, other, head, tail, stamp, store, cost, links)
    if not gain > 0.0:
        return 0.0
    whole = store.flow[path]
    close = _ACCURACY * gain
    moved, low, high = 0.0, 0.0, whole
    before = math.inf
    for trial in range(_TRIALS):
        goal = moved + gain / slope if slope > 0.0 else high
        if not low < goal < high:
            goal = whole if trial == 0 else 0.5 * (low + high)
        elif gain < 0.0 and -gain > 0.5 * before:
            goal = 0.5 * (low + high)
        before = abs(gain)
        gain, slope = _move(goal - moved, path, other, head, tail, stamp, store, cost, links)
        moved = goal
        if abs(gain) <= close or (gain > 0.0 and moved >= whole):
            break
        if gain > 0.0:
            low = moved
        else:
            high = moved
    return moved


def sweep(
    active: NDArray[np.int32],
    store: PathStore,
    pair_class: NDArray[np.int32],
    demand: NDArray[np.float64],
    tolerance: NDArray[np.float64],
    stamp: int,
    links: Links,
) -> tuple[int, float]:
    """Move flow to the cheapest path of each active pair, one pair after the other.

    Parameters
    ----------
    active : int32
        Pairs with more than one path, in the order in which they are taken.
    store : PathStore
        ``flow`` is changed.
    pair_class : int32 [K]
    demand : float64 [K]
    tolerance : float64 [K]
        A pair whose used paths differ by no more in cost is left alone.
    stamp : int
        Above all marks in ``links.mark``.
    links : Links
        Flow, cost and slope are changed.

    Returns
    -------
    (int, float)
        The next stamp; the cost that travellers paid above the cheapest path of their pair, as each pair found it.
    """
    excess = 0.0
    for pair in active:
        cost = links.cost[pair_class[pair]]
        head, tail = store.same_first[pair], store.same_last[pair]
        first, last = store.pair_start[pair], store.pair_start[pair + 1]
        best, best_cost, worst_cost = -1, math.inf, 0.0
        above = 0.0
        for path in range(first, last):
            total = 0.0
            for i in range(store.link_start[path] + head, store.link_start[path + 1] - tail):
                total += cost[store.links[i]]
            if total < best_cost:
                best, best_cost = path, total
            if store.flow[path] > 0.0:
                worst_cost = max(worst_cost, total)
                above += store.flow[path] * total
        excess += max(0.0, above - demand[pair] * best_cost)
        if worst_cost - best_cost <= tolerance[pair]:
            continue
        dust = _DUST * demand[pair]
        for path in range(first, last):
            if path != best and store.flow[path] > 0.0:
                moved = _balance(path, best, head, tail, stamp, store, cost, links)
                rest = store.flow[path] - moved
                store.flow[path] = rest if rest > dust else 0.0
                store.flow[best] += moved if rest > dust else moved + rest
                stamp += 2
    return stamp, excess


def totals(links: Links, class_flow: NDArray[np.float64]) -> tuple[float, float, float]:
    """Beckmann objective, total generalised cost and total time, summed over links in their order.

    Parameters
    ----------
    links : Links
        As :func:`refresh` left it.
    class_flow : float64 [classes, L]
        Adds up to ``links.flow``.
    """
    objective, cost, time = 0.0, 0.0, 0.0
    for link in range(links.flow.size):
        flow = links.flow[link]
        if flow == 0.0:
            continue
        spent = flow * link_time(link, flow, links.delay)
        time += spent
        cost += spent
        objective += link_integral(link, flow, links.delay)
        for k in range(class_flow.shape[0]):
            if class_flow[k, link] != 0.0:
                fixed = links.fixed[k, link] * class_flow[k, link]
                objective += fixed
                cost += fixed
    return objective, cost, time


def weighted_sum(weight: NDArray[np.float64], value: NDArray[np.float64]) -> float:
    """Sum of products in the order of the entries."""
    total = 0.0
    for i in range(weight.size):
        total += weight[i] * value[i]
    return total


_power = njit(cache=True, nogil=True, **LEAN)(_power)
link_time = njit(cache=True, nogil=True, **LEAN)(link_time)
link_slope = njit(cache=True, nogil=True, **LEAN)(link_slope)
link_integral = njit(cache=True, nogil=True, **LEAN)(link_integral)
_set_flow = njit(cache=True, nogil=True, **LEAN)(_set_flow)
refresh = njit(cache=True, nogil=True, **LEAN)(refresh)
functions_of_flow = njit(cache=True, nogil=True, **LEAN)(functions_of_flow)
_split = njit(cache=True, nogil=True, **LEAN)(_split)
_move = njit(cache=True, nogil=True, **LEAN)(_move)
_balance = njit(cache=True, nogil=True, **LEAN)(_balance)
sweep = njit(cache=True, nogil=True, **LEAN)(sweep)
totals = njit(cache=True, nogil=True, **LEAN)(totals)
weighted_sum = njit(cache=True, nogil=True, **LEAN)(weighted_sum)
