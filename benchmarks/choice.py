"""660,000 mode choices of the nested logit with frozen error terms: the day model's kernel against NumPy.

The kernel's choices are those of the rule in float64, so NumPy in float64 is the peer of the goal. NumPy works on the
same columns, some thousand tours at a time; in float32, where a choice may differ in its last digits, it is shown too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import reads_gb_s
from benchmarks.options import DifferentError, Options
from benchmarks.timing import Task, Way
from zemsim.core.names import PERIODS
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.choice_blocks import choose_modes_rows
from zemsim.kernels.tour_choice import (
    N_ALTERNATIVES,
    N_NESTS,
    NEVER,
    ChoiceParameters,
    TourColumns,
    fill_fixed_rows,
    fill_gumbel,
)

CHOICES = 660_000
GOAL = 20.0
_PATTERNS, _ZONES, _SEGMENTS, _SEED = 300, 1500, 12, 5
#: Rows that NumPy works on at a time: the number that made it fastest of 1,024, 4,096, 16,384 and all.
_ROWS = 16_384
_NESTS = ((0, 3), (3, 5), (5, 7))
_BUS, _DRIVER = 3, 5
#: Speed and longest way on foot, by bicycle and by e-bike: those of the parameters of the model.
_ACTIVE = {"walk_min": (4.8, 8.0), "bike_min": (14.5, 25.0), "ebike_min": (18.0, 40.0)}

PARAMETERS = {
    "b_cost": -0.33, "b_car": -0.03, "b_pt": -0.027, "b_wait": -0.045, "wait_cap_min": 6.0, "b_head": -0.012,
    "head_power": 0.75, "b_acc": -0.05, "b_tr": -0.35, "b_walk": -0.085, "b_bike": -0.065, "k_ebike": 0.76,
    "k_park": 1.0, "w_temp": 0.026, "shared_access_min": 5.0,
}  # fmt: skip


def population(
    n: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], TourColumns, ChoiceParameters, NDArray[np.float32]]:
    """Where the tours of each resident begin and end, made-up tours [R], parameters, and crowding of buses.

    As many tours have a car, a bus, a train and a crowded one, and a resident makes as many tours, as on a winter
    weekday of Zemgale in the default experiment, where the kernel takes about as long per tour.
    """
    rng = np.random.default_rng(_SEED)

    def whole(high: int, dtype: Any, shape: Any = n) -> Any:
        return rng.integers(0, high, shape).astype(dtype)

    def real(high: float, shape: Any = n) -> Any:
        return rng.uniform(0, high, shape).astype(np.float32)

    km = rng.gamma(0.8, 9.0, n).astype(np.float32)
    ok = rng.random((2, n)) < 0.55
    places = _PATTERNS * len(PERIODS)
    crowd_out, crowd_back = (np.where(ok, 1 + whole(places, np.int32, (2, n)), 0).astype(np.int32) for _ in "ob")
    level = [real(90, (2, n)), real(10, (2, n)), real(240, (2, n)), real(30, (2, n)), whole(3, np.float32, (2, n))]
    nest, inside = np.empty((N_NESTS, n), np.float32), np.empty((N_ALTERNATIVES, n), np.float32)
    agents, zeros = np.arange(n, dtype=np.int64), np.zeros(n, np.int64)
    fill_gumbel(0, n, _SEED, 5, agents, zeros, nest)
    fill_gumbel(0, n, _SEED, 6, agents, zeros, inside)
    tours = TourColumns(
        origin=whole(_ZONES, np.int32), dest=whole(_ZONES, np.int32),
        period_out=whole(len(PERIODS), np.int8), period_back=whole(len(PERIODS), np.int8),
        segment=whole(_SEGMENTS, np.int8), road_km=km, road_min=3 + km,
        **{name: np.where(km <= most, 60.0 * km / speed, np.inf).astype(np.float32)
           for name, (speed, most) in _ACTIVE.items()},
        cost_factor=0.5 + real(1.5), bike=rng.random(n) < 0.6, ebike=(rng.random(n) < 0.04).astype(np.int8),
        shared_eur=np.zeros(n, np.float32), vehicle=np.where(rng.random(n) < 0.48, 1, -1).astype(np.int32),
        drive_eur=km * np.float32(0.11), parking_eur=real(2), passenger=rng.random(n) < 0.81,
        fare_eur=1 + real(4, (2, n)), transit=np.stack(level, 1), transit_ok=ok,
        crowd_out=crowd_out, crowd_back=crowd_back,
        fixed=np.empty((N_ALTERNATIVES, n), np.float32), shock_nest=nest, shock_alternative=inside,
    )  # fmt: skip
    p = ChoiceParameters(
        **PARAMETERS, constants=rng.normal(-1, 1, (_SEGMENTS, N_ALTERNATIVES)), nest_scale=np.array([0.8, 0.7, 0.8])
    )
    crowding = np.where(rng.random(1 + places) < 0.03, 1.25, 1.0).astype(np.float32)
    crowding[0] = 1.0
    fill_fixed_rows(0, n, tours, 5.0, p)
    count = rng.choice([1, 2, 3], n, p=[0.75, 0.2, 0.05])
    ends = np.minimum(np.cumsum(count), n)
    ends = ends[: int(np.searchsorted(ends, n)) + 1].astype(np.int32)
    return np.concatenate([[0], ends[:-1]]).astype(np.int32), ends, tours, p, crowding


def by_numpy(
    tours: TourColumns,
    p: ChoiceParameters,
    crowding: NDArray[np.float32],
    out: NDArray[np.int8],
    real: Any = np.float64,
) -> None:
    """The same rule for all tours in NumPy, some thousand rows at a time, in numbers of type `real`."""
    for first in range(0, out.size, _ROWS):
        part = TourColumns(*(column[..., first : first + _ROWS] for column in tours))
        out[first : first + _ROWS] = _choose(_utilities(part, p, crowding, real), part, p.nest_scale.astype(real))


def _utilities(
    tours: TourColumns, p: ChoiceParameters, crowding: NDArray[np.float32], real: Any
) -> NDArray[np.floating[Any]]:
    utility = tours.fixed.astype(real)
    twice = crowding[tours.crowd_out].astype(real) + crowding[tours.crowd_back] - 2.0
    utility[_BUS : _BUS + 2] += p.b_pt * twice * tours.transit[:, 0]
    money = 2.0 * tours.drive_eur.astype(real) + p.k_park * tours.parking_eur
    driver = utility[_DRIVER] + p.b_cost * tours.cost_factor * money
    utility[_DRIVER] = np.where(tours.vehicle >= 0, driver, real(NEVER))
    return utility


def _choose(
    utility: NDArray[np.floating[Any]], tours: TourColumns, nest_scale: NDArray[np.floating[Any]]
) -> NDArray[np.int64]:
    """Argmax over nests, then inside the nest, with the frozen error terms."""
    value = np.empty((N_NESTS, utility.shape[1]), utility.dtype)
    inside = np.empty(value.shape, np.int64)
    for b, (first, last) in enumerate(_NESTS):
        scale, part = nest_scale[b], utility[first:last]
        top = part.max(0)
        sums = np.exp((part - top) / scale).sum(0)
        value[b] = top + scale * np.log(sums) + tours.shock_nest[b]
        inside[b] = first + (part / scale + tours.shock_alternative[first:last]).argmax(0)
    nest = value.argmax(0)
    rows = np.arange(utility.shape[1])
    return np.where(value[nest, rows] > 0.5 * NEVER, inside[nest, rows], -1)


def tasks(options: Options) -> Iterator[Task]:
    """The day model's kernel on all tours, and NumPy."""
    start, end, tours, p, crowding = population(CHOICES)
    residents = np.arange(start.size, dtype=np.int32)
    out, expected = np.empty(CHOICES, np.int8), np.empty(CHOICES, np.int8)

    def ours(threads: int) -> None:
        run_blocks(choose_modes_rows, residents.size, threads, residents, start, end, tours, crowding, p, out)

    by_numpy(tours, p, crowding, expected)
    for threads in (1, options.threads):
        out[:] = -2
        ours(threads)
        wrong = int((out != expected).sum())
        if wrong:
            raise DifferentError(f"{wrong:,} of {CHOICES:,} choices differ from NumPy's with {threads} threads")
    ways = [Way("ours", lambda: ours(options.threads), CHOICES)]
    if options.threads > 1:
        ways.append(Way("ours, 1 thread", lambda: ours(1), CHOICES))
    short = np.empty_like(expected)
    ways.append(Way("numpy", lambda: by_numpy(tours, p, crowding, expected), CHOICES, "one thread"))
    ways.append(Way("numpy, float32", lambda: by_numpy(tours, p, crowding, short, np.float32), CHOICES, "one thread"))
    read = ("fixed", "crowd_out", "crowd_back", "vehicle", "drive_eur", "parking_eur", "cost_factor")
    read += ("shock_nest", "shock_alternative")
    size = sum(getattr(tours, name).nbytes for name in read) / CHOICES + tours.transit[:, 0].nbytes / CHOICES + 1
    bound_s = size / reads_gb_s(options.machine, float("inf")) / 1e9
    yield Task(
        f"{CHOICES:,} mode choices, nested logit in two stages", "choice", ways, {"numpy": GOAL}, bound_s,
        f"all {CHOICES:,} choices equal NumPy's, the same with 1 and {options.threads} threads",
    )  # fmt: skip
