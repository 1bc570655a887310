"""Who goes to another place when places are worth more or less than before: weights, balance, and a coupled draw.

The members of a neighbourhood (residents who live near each other and make tours for one purpose) are a sample of where
one goes from there: each stands for its own place, and every place weighs the same, ``1 / n``. When logsums change from
L0 to L, the place of member ``a`` gets for persons of a segment the chance

    p(a) = v_a / sum_a v_a,   v_a = exp(theta (L_a - L0_a)) B_j,

where ``B_j`` belongs to the zone of the place: 1 if places hold any number (singly constrained), else found so that as
many go to each zone as before (doubly constrained). Source: Ortuzar and Willumsen, Modelling Transport, 2011, ch. 5, in
the pivot form. Each member moves by a maximal coupling (Lindvall, Lectures on the Coupling Method, 1992): it keeps its
place with chance ``min(1, n p)``, else it draws from the part of ``p`` above ``1 / n``. So nobody moves without a
change, no more move than must, and the chances come out as they should.

Axes: N members, sorted by neighbourhood; Q cells, the members of one neighbourhood and segment; K segments; Z zones.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.draws import uniform
from zemsim.kernels.lean import LEAN

#: Draws of a place before a member gives up finding one that it can reach in time.
ATTEMPTS: Final = 8
#: Cells of a block: a cell is as much work as its neighbourhood has members.
_CELLS_PER_BLOCK: Final = 32
#: Numbers of draws that belong to one member.
DRAWS: Final = 16


class Cells(NamedTuple):
    """Members of one neighbourhood and segment.

    Attributes
    ----------
    first, last : int32 [Q], the members of its neighbourhood.
    before, now : int8 [Q], rows of the logsums that its persons had at first and have now; -1 where nothing changed.
    members : int32 [Q], how many are of the cell.
    start : int64 [Q + 1], where the weights of its places begin.
    """

    first: NDArray[np.int32]
    last: NDArray[np.int32]
    before: NDArray[np.int8]
    now: NDArray[np.int8]
    members: NDArray[np.int32]
    start: NDArray[np.int64]


class Movers(NamedTuple):
    """Members as the draw reads them, [N].

    Attributes
    ----------
    cell : int32, which cell, -1 none.
    free : bool, may move at all.
    agent : int64, whose draws.
    draw : int64, number of the member's tour within the agent's draws.
    origin : int32, home zone; zone : int32, zone of its place.
    room_min : float32, longest way by car that fits into the time that the member is away.
    """

    cell: NDArray[np.int32]
    free: NDArray[np.bool_]
    agent: NDArray[np.int64]
    draw: NDArray[np.int64]
    origin: NDArray[np.int32]
    zone: NDArray[np.int32]
    room_min: NDArray[np.float32]


def weight_of(before: Any, now: Any, theta: Any) -> float:
    """Weight of a place: ``exp(theta (L - L0))``; 0 where no way is left, 1 where there was none at first."""
    if before == -math.inf:
        return 1.0
    return 0.0 if now == -math.inf else math.exp(theta * (float(now) - float(before)))


def fill_weights(start: int, stop: int, cells: Any, before: Any, now: Any, theta: Any, out_weight: Any) -> None:
    """Weights of the places of the cells ``start`` to ``stop``; ``before`` and ``now`` are logsums float32 [K, N]."""
    for q in range(start, stop):
        k = cells.start[q]
        for a in range(cells.first[q], cells.last[q]):
            out_weight[k] = 1.0
            if cells.before[q] >= 0:
                out_weight[k] = weight_of(before[cells.before[q], a], now[cells.now[q], a], theta)
            k += 1


def fill_totals(cells: Any, zone: Any, weight: Any, pull: Any, out_total: Any) -> None:
    """Expected number of members in each zone, ``out_total`` float64 [Z]; cells without any weight stay away."""
    out_total[:] = 0.0
    for q in range(cells.first.shape[0]):
        total = 0.0
        for a in range(cells.first[q], cells.last[q]):
            total += weight[cells.start[q] + a - cells.first[q]] * pull[zone[a]]
        if total <= 0.0:
            continue
        share = cells.members[q] / total
        for a in range(cells.first[q], cells.last[q]):
            out_total[zone[a]] += share * weight[cells.start[q] + a - cells.first[q]] * pull[zone[a]]


def balance(
    cells: Any, zone: Any, weight: Any, wanted: Any, passes: int, tolerance: float, pull: Any, total: Any
) -> float:
    """Find the factors ``pull`` float64 [Z] at which the totals of zones are ``wanted``; return the largest gap left.

    Iterative proportional fitting; the factors start as they are. A gap is relative to what is wanted.
    """
    gap = math.inf
    for _ in range(passes):
        fill_totals(cells, zone, weight, pull, total)
        gap = 0.0
        for j in range(wanted.shape[0]):
            if wanted[j] > 0.0:
                gap = max(gap, abs(total[j] - wanted[j]) / wanted[j])
        if gap <= tolerance:
            break
        for j in range(wanted.shape[0]):
            if total[j] > 0.0:
                pull[j] *= wanted[j] / total[j]
    return gap


def settle(
    start: int, stop: int, cells: Any, movers: Any, order: Any, cell_start: Any, weight: Any, pull: Any, now: Any,
    way_min: Any, seed: int, stream: int, out_place: Any,
) -> None:  # fmt: skip
    """Give the members of the cells ``start`` to ``stop`` their places: rows of members in ``out_place`` int32 [N].

    Who stays is not written. A member who must leave and finds no place in time gets ``-1 - own row``. Members of cell
    ``q`` are ``order[cell_start[q]:cell_start[q + 1]]``; ``way_min`` float32 [Z, Z] is the drive there.
    """
    longest = 0
    for q in range(start, stop):
        longest = max(longest, cells.last[q] - cells.first[q])
    room = np.empty(longest)
    _settle(start, stop, cells, movers, order, cell_start, weight, pull, now, way_min, seed, stream, room, out_place)


def _settle(
    start: int, stop: int, cells: Any, movers: Any, order: Any, cell_start: Any, weight: Any, pull: Any, now: Any,
    way_min: Any, seed: int, stream: int, above: Any, out_place: Any,
) -> None:  # fmt: skip
    for q in range(start, stop):
        mean = _surplus(q, cells, movers.zone, weight, pull, now, above)
        for i in range(cell_start[q], cell_start[q + 1]):
            r = order[i]
            if mean <= 0.0 or not movers.free[r]:
                continue
            relative = weight[cells.start[q] + r - cells.first[q]] * pull[movers.zone[r]] / mean
            nowhere = relative > 0.0 and cells.now[q] >= 0 and now[cells.now[q], r] == -math.inf
            if relative >= 1.0 or nowhere:  # who had no way, and has none, is counted elsewhere
                continue
            draw = movers.draw[r] * DRAWS
            if uniform(seed, stream, movers.agent[r], draw) >= relative:
                out_place[r] = _draw(q, r, cells, movers, above, way_min, seed, stream, draw)


def _surplus(q: int, cells: Any, zone: Any, weight: Any, pull: Any, now: Any, above: Any) -> float:
    """Write the running sum of what is above the mean weight into ``above``; return the mean.

    Nobody is sent where its segment has no way now.
    """
    total = 0.0
    size = cells.last[q] - cells.first[q]
    for k in range(size):
        total += weight[cells.start[q] + k] * pull[zone[cells.first[q] + k]]
    mean = total / size
    running = 0.0
    for k in range(size):
        a = cells.first[q] + k
        more = weight[cells.start[q] + k] * pull[zone[a]] - mean
        if more > 0.0 and (cells.now[q] < 0 or now[cells.now[q], a] > -math.inf):
            running += more
        above[k] = running
    return float(mean)


def _draw(q: int, r: int, cells: Any, movers: Any, above: Any, way_min: Any, seed: int, stream: int, draw: Any) -> Any:
    size = cells.last[q] - cells.first[q]
    total = above[size - 1]
    if total > 0.0:
        for attempt in range(1, ATTEMPTS + 1):
            wanted = uniform(seed, stream, movers.agent[r], draw + attempt) * total
            low, high = 0, size - 1
            while low < high:
                middle = (low + high) // 2
                if above[middle] > wanted:
                    high = middle
                else:
                    low = middle + 1
            a = cells.first[q] + low
            if way_min[movers.origin[r], movers.zone[a]] <= movers.room_min[r]:
                return a
    return -1 - r


weight_of = njit(cache=True, nogil=True, forceinline=True, **LEAN)(weight_of)
fill_weights = njit(cache=True, nogil=True, **LEAN)(fill_weights)
fill_totals = njit(cache=True, nogil=True, **LEAN)(fill_totals)
balance = njit(cache=True, nogil=True, **LEAN)(balance)
_surplus = njit(cache=True, nogil=True, **LEAN)(_surplus)
_draw = njit(cache=True, nogil=True, **LEAN)(_draw)
_settle = njit(cache=True, nogil=True, **LEAN)(_settle)
settle = njit(cache=True, nogil=True)(settle)


def places_weighed(
    cells: Cells, before: NDArray[np.float32], now: NDArray[np.float32], theta: float, threads: int
) -> NDArray[np.float64]:
    """Weights of the places of each cell, one after the other: float64, see `weight_of`.

    Parameters
    ----------
    before, now
        float32 [K, N], logsums at first and now, by segment and member.
    """
    if before.shape[1:] != now.shape[1:]:
        raise ValueError(f"logsums of {before.shape[1:]} members at first, of {now.shape[1:]} now")
    weight = np.empty(int(cells.start[-1]))
    run_blocks(
        fill_weights, len(cells.first), threads, cells, before, now, float(theta), weight, block_rows=_CELLS_PER_BLOCK
    )
    return weight


def balanced_pull(
    cells: Cells, zone: NDArray[np.int32], weight: NDArray[np.float64], n_zones: int, passes: int, tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors of zones at which as many go to each as there are members of it, and how many do: float64 [Z] both."""
    wanted = np.bincount(zone, minlength=n_zones).astype(np.float64)
    pull, total = np.ones(n_zones), np.empty(n_zones)
    balance(cells, zone, weight, wanted, int(passes), float(tolerance), pull, total)
    return pull, total


def settled(
    cells: Cells,
    movers: Movers,
    weight: NDArray[np.float64],
    pull: NDArray[np.float64],
    now: NDArray[np.float32],
    way_min: NDArray[np.float32],
    seed: int,
    stream: int,
    threads: int,
) -> NDArray[np.int32]:
    """Whose place each member takes: int32 [N], its own row if it stays, ``-1 - own row`` if it finds none in time.

    Members of no cell (-1) stay.
    """
    n = len(movers.cell)
    if any(len(column) != n for column in movers):
        raise ValueError("columns of movers differ in length")
    inside = np.flatnonzero(movers.cell >= 0)
    order = inside[np.argsort(movers.cell[inside], kind="stable")].astype(np.int32)
    cell_start = np.append(0, np.cumsum(cells.members)).astype(np.int64)
    if cell_start[-1] != len(order):
        raise ValueError(f"cells have {cell_start[-1]} members, {len(order)} were given")
    place = np.arange(n, dtype=np.int32)
    where = (cells, movers, order, cell_start, weight, pull, now, way_min)
    run_blocks(settle, len(cells.first), threads, *where, int(seed), int(stream), place, block_rows=_CELLS_PER_BLOCK)
    return place
