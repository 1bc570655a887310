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

from zemsim.kernels.lean import INNER, LEAN
from zemsim.kernels.rivals import Rivals

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
    state : float64 [L, 8]
        Of each link what a step needs, side by side in memory: flow of all classes in passenger-car units, time at that
        flow and its derivative, the four terms of its :class:`Delay`, and the number of the step that last met it.
    fixed : float64 [classes, L]
    cost : float64 [classes, L]
        Time and fixed cost at the flow of now.
    differing : int32 [2 L]
        Work space: links that two paths do not share.
    """

    state: NDArray[np.float64]
    fixed: NDArray[np.float64]
    cost: NDArray[np.float64]
    differing: NDArray[np.int32]


#: Columns of ``Links.state``.
_FLOW, _TIME, _SLOPE, _BASE, _RISE, _PER_CAPACITY, _POWER_OF, _MARK = range(8)


def links_of(delay: Delay, fixed: NDArray[np.float64]) -> Links:
    """Links without flow."""
    n_links = delay.base.size
    state = np.zeros((n_links, 8), np.float64)
    for column, values in zip((_BASE, _RISE, _PER_CAPACITY, _POWER_OF), delay, strict=True):
        state[:, column] = values
    links = Links(state, fixed, np.empty_like(fixed), np.empty(2 * n_links, np.int32))
    refresh(np.zeros(n_links, np.float64), links)
    return links


def _power(base: float, exponent: float) -> float:
    """``base ** exponent`` for a base and an exponent of zero or more; the same bits everywhere if whole."""
    if exponent == 3.0:
        return base * base * base
    if exponent == math.floor(exponent) and exponent <= _WHOLE_POWERS:
        result = 1.0
        for _ in range(int(exponent)):
            result *= base
        return result
    return math.pow(base, exponent)


def time_and_slope(flow: float, base: float, rise: float, per_capacity: float, power: float) -> tuple[float, float]:
    """Time of a link under a flow of zero or more, and its derivative by flow.

    For a power below 1, whose derivative is infinite without flow, it is not looked at below a least flow.
    """
    if rise == 0.0:
        return base, 0.0
    saturation = flow * per_capacity
    if power < 1.0:
        slope = rise * power * per_capacity * math.pow(max(saturation, _LEAST_SATURATION), power - 1.0)
        return base + rise * math.pow(saturation, power), slope
    lower = _power(saturation, power - 1.0)
    return base + rise * (lower * saturation), rise * power * per_capacity * lower


def integral_of_time(flow: float, time: float, base: float, power: float) -> float:
    """Integral of the time of a link from 0 to ``flow``, at which it is ``time``; 0 without flow, also if closed."""
    if flow == 0.0:
        return 0.0
    return flow * base + flow * (time - base) / (power + 1.0)


def refresh(flow: NDArray[np.float64], links: Links) -> None:
    """Give every link its flow, and what follows from it."""
    for link in range(flow.size):
        _set_flow(link, flow[link], links)


def _set_flow(link: int, flow: float, links: Links) -> None:
    """Give a link a flow, and what follows from it."""
    state = links.state
    time, slope = time_and_slope(
        flow, state[link, _BASE], state[link, _RISE], state[link, _PER_CAPACITY], state[link, _POWER_OF]
    )
    state[link, _FLOW] = flow
    state[link, _TIME] = time
    state[link, _SLOPE] = slope
    for k in range(links.fixed.shape[0]):
        links.cost[k, link] = time + links.fixed[k, link]


def functions_of_flow(
    delay: Delay,
    flow: NDArray[np.float64],
    time: NDArray[np.float64],
    slope: NDArray[np.float64],
    integral: NDArray[np.float64],
) -> None:
    """Fill time, its derivative and its integral for all links, [L] each."""
    for link in range(flow.size):
        base, power = delay.base[link], delay.power[link]
        time[link], slope[link] = time_and_slope(flow[link], base, delay.rise[link], delay.per_capacity[link], power)
        integral[link] = integral_of_time(flow[link], time[link], base, power)


def _differ(path: int, other: int, stamp: float, rivals: Rivals, links: Links) -> tuple[int, int]:
    """List the links of ``path`` alone, then those of ``other`` alone; return how many, and how many in all.

    Links of ``other`` are marked with the stamp, shared ones with the next.
    """
    state, differing = links.state, links.differing
    first, last = rivals.link_start[other], rivals.link_start[other + 1]
    for i in range(first, last):
        state[rivals.links[i], _MARK] = stamp
    count = 0
    for i in range(rivals.link_start[path], rivals.link_start[path + 1]):
        link = rivals.links[i]
        if state[link, _MARK] == stamp:
            state[link, _MARK] = stamp + 1.0
        else:
            differing[count] = link
            count += 1
    losing = count
    for i in range(first, last):
        link = rivals.links[i]
        if state[link, _MARK] == stamp:
            differing[count] = link
            count += 1
    return losing, count


def _move(amount: float, losing: int, count: int, cost: NDArray[np.float64], links: Links) -> tuple[float, float]:
    """Move flow between the two paths that differ; return what it gains still, and by how much less per unit."""
    gain, slope = 0.0, 0.0
    for i in range(count):
        link = links.differing[i]
        flow = links.state[link, _FLOW]
        _set_flow(link, max(0.0, flow - amount if i < losing else flow + amount), links)
        gain += cost[link] if i < losing else -cost[link]
        slope += links.state[link, _SLOPE]
    return gain, slope


def _shift(path: int, other: int, stamp: float, rivals: Rivals, cost: NDArray[np.float64], links: Links) -> float:
    """Move flow from a path to a cheaper one until they cost about the same; return how much was moved."""
    losing, count = _differ(path, other, stamp, rivals, links)
    gain, slope = 0.0, 0.0
    for i in range(count):
        link = links.differing[i]
        gain += cost[link] if i < losing else -cost[link]
        slope += links.state[link, _SLOPE]
    if not gain > 0.0:
        return 0.0
    whole = rivals.flow[path]
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
        gain, slope = _move(goal - moved, losing, count, cost, links)
        moved = goal
        if abs(gain) <= close or (gain > 0.0 and moved >= whole):
            break
        if gain > 0.0:
            low = moved
        else:
            high = moved
    return moved


def balance_pairs(
    rivals: Rivals,
    pair_class: NDArray[np.int32],
    demand: NDArray[np.float64],
    tolerance: NDArray[np.float64],
    stamp: int,
    links: Links,
) -> tuple[int, float]:
    """Move flow to the cheapest path of each pair, one pair after the other.

    Parameters
    ----------
    rivals : Rivals
        ``flow`` is changed.
    pair_class : int32 [K]
    demand : float64 [K]
    tolerance : float64 [K]
        A pair whose used paths differ by no more in cost is left alone.
    stamp : int
        Above all marks of links.
    links : Links
        Changed.

    Returns
    -------
    (int, float)
        The next stamp; the cost that travellers paid above the cheapest path of their pair, as each pair found it.
    """
    excess = 0.0
    for i in range(rivals.pair.size):
        pair = rivals.pair[i]
        cost = links.cost[pair_class[pair]]
        first, last = rivals.path_start[i], rivals.path_start[i + 1]
        best, best_cost, worst_cost, above = -1, math.inf, 0.0, 0.0
        for path in range(first, last):
            total = 0.0
            for j in range(rivals.link_start[path], rivals.link_start[path + 1]):
                total += cost[rivals.links[j]]
            if total < best_cost:
                best, best_cost = path, total
            if rivals.flow[path] > 0.0:
                worst_cost = max(worst_cost, total)
                above += rivals.flow[path] * total
        excess += max(0.0, above - demand[pair] * best_cost)
        if worst_cost - best_cost <= tolerance[pair]:
            continue
        dust = _DUST * demand[pair]
        for path in range(first, last):
            if path == best or rivals.flow[path] == 0.0:
                continue
            moved = _shift(path, best, float(stamp), rivals, cost, links)
            stamp += 2
            rest = rivals.flow[path] - moved
            rivals.flow[path] = rest if rest > dust else 0.0
            rivals.flow[best] += moved if rest > dust else moved + rest
    return stamp, excess


def totals(links: Links, class_flow: NDArray[np.float64]) -> tuple[float, float, float]:
    """Beckmann objective, total generalised cost and total time, summed over links in their order.

    Parameters
    ----------
    links : Links
        As :func:`refresh` left it.
    class_flow : float64 [classes, L]
        Adds up to the flow of the links.
    """
    objective, cost, total = 0.0, 0.0, 0.0
    for link in range(links.state.shape[0]):
        flow, time = links.state[link, _FLOW], links.state[link, _TIME]
        if flow == 0.0:
            continue
        total += flow * time
        cost += flow * time
        objective += integral_of_time(flow, time, links.state[link, _BASE], links.state[link, _POWER_OF])
        for k in range(class_flow.shape[0]):
            if class_flow[k, link] != 0.0:
                fixed = links.fixed[k, link] * class_flow[k, link]
                objective += fixed
                cost += fixed
    return objective, cost, total


def weighted_sum(weight: NDArray[np.float64], value: NDArray[np.float64]) -> float:
    """Sum of products in the order of the entries."""
    total = 0.0
    for i in range(weight.size):
        total += weight[i] * value[i]
    return total


_power = njit(nogil=True, forceinline=True, **INNER)(_power)
time_and_slope = njit(nogil=True, forceinline=True, **INNER)(time_and_slope)
integral_of_time = njit(nogil=True, forceinline=True, **INNER)(integral_of_time)
_set_flow = njit(nogil=True, forceinline=True, **INNER)(_set_flow)
refresh = njit(cache=True, nogil=True, **LEAN)(refresh)
functions_of_flow = njit(cache=True, nogil=True, **LEAN)(functions_of_flow)
_differ = njit(nogil=True, forceinline=True, **INNER)(_differ)
_move = njit(nogil=True, forceinline=True, **INNER)(_move)
_shift = njit(nogil=True, forceinline=True, **INNER)(_shift)
balance_pairs = njit(cache=True, nogil=True, **LEAN)(balance_pairs)
totals = njit(cache=True, nogil=True, **LEAN)(totals)
weighted_sum = njit(cache=True, nogil=True, **LEAN)(weighted_sum)
